/* lib/net/onednn/onednn_conv.c - the map and its transpose by oneDNN's convolutions.
 *
 * 1. Where stride is 1 and padding keeps the grid, the transpose is a forward convolution with
 *    flipped weights: W'[i][o][k] = W[o][i][K - 1 - k].  oneDNN 2.6 has its fast kernel (brgconv)
 * for forward only.
 * 2. The order in which brgconv sums depends on the number of threads that it is planned for
 *    (measured: other bits with 6 threads than with 5).  So the output is cut in slabs of planes by
 *    the shape alone, each planned for and run by one thread.
 * 3. Slabs at the borders have other padding, so there are a few variants of the primitive; most
 *    share the layout of the weights, which are packed once a layout. */
#include "lib/net/onednn/onednn_priv.h"

#include <omp.h>
#include <stdio.h>
#include <string.h>

enum { PARTS_LEAST = 8, PARTS_MOST = 64 };
static const double part_flops = 5e7; /* enough work to pay for a call */

typedef struct variant {
    rp_onednn_grids grids;
    rp_onednn_conv shape;
    rp_onednn_primitive main;
    int layout;
} variant;

typedef struct layout {
    int variant; /* that has it */
    rp_onednn_primitive reorder;
    size_t at; /* bytes into the packed weights */
} layout;

typedef struct part {
    int variant;
    int64_t in, out; /* first voxel */
} part;

typedef struct conv {
    rp_kernel base;
    rp_op op;
    rp_conv_shape s;
    bool flipped;
    dnnl_engine_t engine;
    int parts, variants, layouts, axis;
    part *part;
    variant *variant;
    layout *layout;
    size_t thread_bytes;
    int64_t in_floats, out_floats; /* of dense copies in scratch: 0 if none can be needed */
} conv;

static void drop(rp_kernel *k)
{
    conv *c = (conv *)(void *)k;
    for (int i = 0; i < c->variants; i++) rp_onednn_primitive_clear(&c->variant[i].main);
    for (int i = 0; i < c->layouts; i++) rp_onednn_primitive_clear(&c->layout[i].reorder);
    if (c->engine) (void)dnnl_engine_destroy(c->engine);
    rp_free(c->part);
    rp_free(c->variant);
    rp_free(c->layout);
    rp_free(c);
}

static void flip(const rp_conv_shape *s, const float w[], float to[])
{
    const int64_t ci = s->big_channels, co = s->small_channels, taps = rp_conv_taps(s);
#pragma omp parallel for schedule(static)
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
    for (int i = 0; i < c->layouts; i++) {
        const layout *l = &c->layout[i];
        const variant *v = &c->variant[l->variant];
        const rp_onednn_arg args[] = {{DNNL_ARG_FROM, &v->shape.weights_plain, w},
                                      {DNNL_ARG_TO, &v->main.weights, (char *)packed + l->at}};
        RP_TRY(rp_onednn_run(c->engine, &l->reorder, 2, args, NULL));
    }
    return RP_OK;
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

static rp_status run_part(const conv *c, int i, const float *x, float *y, const char *packed,
                          void *scratchpad)
{
    const part *p = &c->part[i];
    const variant *v = &c->variant[p->variant];
    const bool data = c->op == RP_OP_TRANSPOSED && !c->flipped;
    const int64_t ci = c->op == RP_OP_CONV ? c->s.big_channels : c->s.small_channels;
    const int64_t co = c->op == RP_OP_CONV ? c->s.small_channels : c->s.big_channels;
    const rp_onednn_arg args[] = {
        {data ? DNNL_ARG_DIFF_DST : DNNL_ARG_SRC, data ? &v->shape.dst : &v->shape.src,
         x + p->in * ci},
        {DNNL_ARG_WEIGHTS, &v->main.weights, packed + c->layout[v->layout].at},
        {data ? DNNL_ARG_DIFF_SRC : DNNL_ARG_DST, data ? &v->shape.src : &v->shape.dst,
         y + p->out * co}};
    return rp_onednn_run(c->engine, &v->main, 3, args, scratchpad);
}

static rp_status run(const rp_kernel *k, const rp_kernel_args *a)
{
    const conv *c = (const conv *)(const void *)k;
    const bool down = c->op == RP_OP_CONV;
    const rp_tensor *from = down ? &a->big : &a->small, *to = down ? &a->small : &a->big;
    float *in_copy = a->scratch, *out_copy = in_copy + c->in_floats;
    char *own = (char *)(out_copy + c->out_floats);
    const float *x = rp_onednn_dense(from, in_copy);
    const bool straight = !a->add && to->stride == to->shape[1];
    float *y = straight ? to->data : out_copy;
    rp_status worst = RP_OK;
#pragma omp parallel for schedule(dynamic) reduction(max : worst)
    for (int i = 0; i < c->parts; i++) {
        void *scratchpad = own + (size_t)omp_get_thread_num() * c->thread_bytes;
        const rp_status st = run_part(c, i, x, y, a->packed, scratchpad);
        if (st > worst) worst = st;
    }
    RP_NEED(worst == RP_OK, worst, "oneDNN's convolution failed");
    if (!straight || a->bias) put(y, a->bias, a->add, to);
    return RP_OK;
}

/* Output planes [first, last) of a forward convolution: what they read, and their padding. */
static void slab_forward(const conv *c, int64_t first, int64_t last, rp_onednn_grids *g,
                         int64_t *in_first)
{
    const rp_conv_shape *s = &c->s;
    const int a = c->axis;
    const int64_t from = first * s->stride[a] - s->pad[a];
    const int64_t to = (last - 1) * s->stride[a] - s->pad[a] + s->kernel[a];
    const int64_t from_in = from < 0 ? 0 : from, to_in = to > g->in[a] ? g->in[a] : to;
    g->before[a] = from_in - from;
    g->after[a] = to - to_in;
    g->in[a] = to_in - from_in;
    g->out[a] = last - first;
    *in_first = from_in;
}

/* Big planes [first, last) of the transposed map: the small planes that meet them.  A convolution
 * from the slab to those planes, whose gradient by its input is what is wanted. */
static void slab_data(const conv *c, int64_t first, int64_t last, rp_onednn_grids *g,
                      int64_t *small_first)
{
    const rp_conv_shape *s = &c->s;
    const int a = c->axis;
    const int64_t k = s->kernel[a], t = s->stride[a], p = s->pad[a];
    const int64_t low = first + p - k + 1, from = low <= 0 ? 0 : (low + t - 1) / t;
    const int64_t high = (last - 1 + p) / t, to = high < s->small[a] ? high : s->small[a] - 1;
    g->before[a] = p + first - from * t;
    const int64_t after = (to - from) * t + k - (last - first) - g->before[a];
    g->after[a] = after > 0 ? after : 0;
    g->in[a] = last - first;
    g->out[a] = to - from + 1;
    *small_first = from;
}

static bool same_grids(const rp_onednn_grids *a, const rp_onednn_grids *b)
{
    bool same = true;
    for (int i = 0; i < 3; i++)
        same = same && a->in[i] == b->in[i] && a->out[i] == b->out[i] &&
               a->before[i] == b->before[i] && a->after[i] == b->after[i];
    return same;
}

/* The variant with these grids, made if it is new. */
static rp_status find_variant(conv *c, const rp_onednn_grids *g, int *index)
{
    for (int i = 0; i < c->variants; i++)
        if (same_grids(&c->variant[i].grids, g)) {
            *index = i;
            return RP_OK;
        }
    const rp_conv_shape *s = &c->s;
    const bool data = c->op == RP_OP_TRANSPOSED && !c->flipped;
    variant *v = &c->variant[c->variants];
    v->grids = *g;
    RP_TRY(rp_onednn_describe(c->flipped ? s->small_channels : s->big_channels,
                              c->flipped ? s->big_channels : s->small_channels, g, s->kernel,
                              s->stride, &v->shape));
    RP_TRY(rp_onednn_primitive_new(c->engine, data ? RP_ONEDNN_DATA : RP_ONEDNN_FORWARD, &v->shape,
                                   &v->main));
    *index = c->variants++;
    return RP_OK;
}

static rp_status find_layout(conv *c, int index)
{
    variant *v = &c->variant[index];
    for (v->layout = 0; v->layout < c->layouts; v->layout++)
        if (dnnl_memory_desc_equal(&c->variant[c->layout[v->layout].variant].main.weights,
                                   &v->main.weights))
            return RP_OK;
    layout *l = &c->layout[c->layouts];
    *l = (layout){.variant = index, .at = c->base.packed_bytes};
    RP_TRY(
        rp_onednn_reorder_new(c->engine, &v->shape.weights_plain, &v->main.weights, &l->reorder));
    c->layouts++;
    c->base.packed_bytes += rp_onednn_line(dnnl_memory_desc_get_size(&v->main.weights));
    return RP_OK;
}

static rp_status plan_part(conv *c, int i, int64_t planes)
{
    const rp_conv_shape *s = &c->s;
    const int64_t first = planes * i / c->parts, last = planes * (i + 1) / c->parts;
    const bool data = c->op == RP_OP_TRANSPOSED && !c->flipped;
    rp_onednn_grids g = rp_onednn_grids_of(s);
    int64_t in_first;
    if (data)
        slab_data(c, first, last, &g, &in_first);
    else
        slab_forward(c, first, last, &g, &in_first);
    RP_NEED(g.before[c->axis] >= 0 && g.out[c->axis] >= 1, RP_EUNSUP,
            "oneDNN's transposed convolution with a stride above its kernel");
    const int64_t *in = c->op == RP_OP_CONV ? s->big : s->small;
    const int64_t *out = c->op == RP_OP_CONV ? s->small : s->big;
    part *p = &c->part[i];
    p->in = in_first * (rp_grid_size(in) / in[c->axis]);
    p->out = first * (rp_grid_size(out) / out[c->axis]);
    return find_variant(c, &g, &p->variant);
}

static rp_status plan(conv *c)
{
    const rp_conv_shape *s = &c->s;
    const int64_t *out = c->op == RP_OP_CONV ? s->small : s->big;
    c->axis = s->big[0] > 1 ? 0 : 1;
    const int64_t planes = out[c->axis];
    const double flops = 2.0 * (double)rp_grid_size(s->small) * (double)rp_conv_weights(s);
    const double want = flops / part_flops;
    const int parts = want < PARTS_LEAST ? PARTS_LEAST : want > PARTS_MOST ? PARTS_MOST : (int)want;
    c->parts = planes < parts ? (int)planes : parts;
    RP_TRY(rp_alloc(c->parts, sizeof *c->part, &c->part));
    RP_TRY(rp_alloc(c->parts, sizeof *c->variant, &c->variant));
    RP_TRY(rp_alloc(c->parts, sizeof *c->layout, &c->layout));
    RP_DNNL(dnnl_engine_create(&c->engine, dnnl_cpu, 0));
    omp_set_num_threads(1); /* rp_kernel_plan puts the team back */
    for (int i = 0; i < c->parts; i++) RP_TRY(plan_part(c, i, planes));
    for (int i = 0; i < c->variants; i++) {
        RP_TRY(find_layout(c, i));
        const size_t bytes = rp_onednn_line(c->variant[i].main.scratchpad);
        if (bytes > c->thread_bytes) c->thread_bytes = bytes;
    }
    return RP_OK;
}

static void name(conv *c)
{
    const variant *middle = &c->variant[c->part[c->parts / 2].variant];
    bool mixed = false;
    for (int i = 0; i < c->variants; i++)
        mixed =
            mixed || strcmp(c->variant[i].main.implementation, middle->main.implementation) != 0;
    (void)snprintf(c->base.implementation, sizeof c->base.implementation, "%s%s%s in %d slabs",
                   middle->main.implementation, mixed ? " and others" : "",
                   c->flipped ? " (flipped)" : "", c->parts);
}

rp_status rp_onednn_conv_plan(rp_op op, const rp_conv_shape *s, int threads, rp_kernel **out)
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
    const int64_t big = rp_onednn_floats(rp_grid_size(s->big) * s->big_channels);
    const int64_t small = rp_onednn_floats(rp_grid_size(s->small) * s->small_channels);
    c->in_floats = s->view ? (op == RP_OP_CONV ? big : small) : 0;
    c->out_floats = s->view || s->add ? (op == RP_OP_CONV ? small : big) : 0;
    const size_t copies = (size_t)(c->in_floats + c->out_floats) * sizeof(float);
    const size_t flips = c->flipped ? (size_t)rp_conv_weights(s) * sizeof(float) : 0;
    const size_t work = copies + c->thread_bytes * (size_t)threads;
    c->base.scratch_bytes = work > flips ? work : flips;
    name(c);
    *out = &c->base;
    return RP_OK;
}
