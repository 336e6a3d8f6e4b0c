/* lib/net/onednn/onednn_conv.c - the map and its transpose by oneDNN's convolutions.
 *
 * Where stride is 1 and padding keeps the grid, the transpose is a forward convolution with flipped
 * weights: W'[i][o][k] = W[o][i][K - 1 - k].  oneDNN 2.6 has its fast kernel (brgconv) for forward
 * only. */
#include "lib/net/onednn/onednn_priv.h"

#include <stdio.h>
#include <string.h>

typedef struct conv {
    rp_kernel base;
    rp_op op;
    rp_conv_shape s;
    bool flipped;
    dnnl_engine_t engine;
    rp_onednn_conv shape;
    rp_onednn_primitive main, reorder;
    int64_t in_floats, out_floats; /* of dense copies in scratch: 0 if none can be needed */
} conv;

static size_t line(size_t bytes) { return (bytes + 63) / 64 * 64; }

static void drop(rp_kernel *k)
{
    conv *c = (conv *)(void *)k;
    rp_onednn_primitive_clear(&c->main);
    rp_onednn_primitive_clear(&c->reorder);
    if (c->engine) (void)dnnl_engine_destroy(c->engine);
    rp_free(c);
}

static void flip(const rp_conv_shape *s, const float w[], float to[])
{
    const int64_t ci = s->big_channels, co = s->small_channels, taps = rp_conv_taps(s);
    for (int64_t i = 0; i < ci; i++)
        for (int64_t o = 0; o < co; o++)
            for (int64_t t = 0; t < taps; t++)
                to[(i * co + o) * taps + t] = w[(o * ci + i) * taps + (taps - 1 - t)];
}

static rp_status pack(const rp_kernel *k, const float w[], void *packed, void *scratch)
{
    const conv *c = (const conv *)(const void *)k;
    if (c->flipped) {
        flip(&c->s, w, scratch);
        w = scratch;
    }
    const rp_onednn_arg args[] = {{DNNL_ARG_FROM, &c->shape.weights_plain, w},
                                  {DNNL_ARG_TO, &c->main.weights, packed}};
    return rp_onednn_run(c->engine, &c->reorder, 2, args, NULL);
}

/* to (+)= from + bias over all voxels */
static void put(const float *from, const float *bias, bool add, const rp_tensor *to)
{
    const int64_t n = rp_tensor_voxels(to), c = to->shape[1];
#pragma omp parallel for schedule(static)
    for (int64_t v = 0; v < n; v++) {
        float *y = to->data + v * to->stride;
        const float *x = from + v * c;
        for (int64_t i = 0; i < c; i++)
            y[i] = (add ? y[i] : 0.0f) + (x[i] + (bias ? bias[i] : 0.0f));
    }
}

static rp_status run(const rp_kernel *k, const rp_kernel_args *a)
{
    const conv *c = (const conv *)(const void *)k;
    const bool down = c->op == RP_OP_CONV;
    const rp_tensor *from = down ? &a->big : &a->small, *to = down ? &a->small : &a->big;
    float *in_copy = (float *)(void *)((char *)a->scratch + line(c->main.scratchpad));
    float *out_copy = in_copy + c->in_floats;
    const float *x = rp_onednn_dense(from, in_copy);
    const bool straight = !a->add && to->stride == to->shape[1];
    float *y = straight ? to->data : out_copy;
    const bool data = c->op == RP_OP_TRANSPOSED && !c->flipped;
    const rp_onednn_arg args[] = {
        {data ? DNNL_ARG_DIFF_DST : DNNL_ARG_SRC, data ? &c->shape.dst : &c->shape.src, x},
        {DNNL_ARG_WEIGHTS, &c->main.weights, a->packed},
        {data ? DNNL_ARG_DIFF_SRC : DNNL_ARG_DST, data ? &c->shape.src : &c->shape.dst, y}};
    RP_TRY(rp_onednn_run(c->engine, &c->main, 3, args, a->scratch));
    if (!straight || a->bias) put(y, a->bias, a->add, to);
    return RP_OK;
}

static rp_status describe(conv *c)
{
    const rp_conv_shape *s = &c->s;
    rp_onednn_grids g = rp_onednn_grids_of(s);
    if (!c->flipped)
        return rp_onednn_describe(s->big_channels, s->small_channels, &g, s->kernel, s->stride,
                                  &c->shape);
    /* both grids and both paddings are the same */
    return rp_onednn_describe(s->small_channels, s->big_channels, &g, s->kernel, s->stride,
                              &c->shape);
}

static rp_status plan(conv *c)
{
    RP_DNNL(dnnl_engine_create(&c->engine, dnnl_cpu, 0));
    RP_TRY(describe(c));
    const bool data = c->op == RP_OP_TRANSPOSED && !c->flipped;
    RP_TRY(rp_onednn_primitive_new(c->engine, data ? RP_ONEDNN_DATA : RP_ONEDNN_FORWARD, &c->shape,
                                   &c->main));
    return rp_onednn_reorder_new(c->engine, &c->shape.weights_plain, &c->main.weights, &c->reorder);
}

rp_status rp_onednn_conv_plan(rp_op op, const rp_conv_shape *s, rp_kernel **out)
{
    conv *c;
    RP_TRY(rp_alloc(1, sizeof *c, &c));
    c->op = op;
    c->s = *s;
    c->flipped = op == RP_OP_TRANSPOSED && rp_conv_is_same(s);
    c->base = (rp_kernel){
        .row = "onednn", .thread_invariant = true, .pack = pack, .run = run, .drop = drop};
    const rp_status st = plan(c);
    if (st != RP_OK) {
        drop(&c->base);
        return st;
    }
    const int64_t big = rp_grid_voxels(s->big) * s->big_channels;
    const int64_t small = rp_grid_voxels(s->small) * s->small_channels;
    c->in_floats = s->view ? (op == RP_OP_CONV ? big : small) : 0;
    c->out_floats = s->view || s->add ? (op == RP_OP_CONV ? small : big) : 0;
    const size_t copies = (size_t)(c->in_floats + c->out_floats) * sizeof(float);
    const size_t flips = c->flipped ? (size_t)rp_conv_weights(s) * sizeof(float) : 0;
    const size_t work = line(c->main.scratchpad) + copies;
    c->base.scratch_bytes = work > flips ? work : flips;
    c->base.packed_bytes = dnnl_memory_desc_get_size(&c->main.weights);
    (void)snprintf(c->base.implementation, sizeof c->base.implementation, "%s%s",
                   c->main.implementation, c->flipped ? " (flipped)" : "");
    *out = &c->base;
    return RP_OK;
}
