/* lib/net/layer_conv.c - convolutions and transposed convolutions as layers.
 *
 * A convolution's input is the big grid and it runs RP_OP_CONV forward; a transposed one's input is
 * the small grid and it runs RP_OP_TRANSPOSED forward.  Backward is the other of the two. */
#include "lib/net/engine_priv.h"

#include "lib/net/norm_act.h"

#include <string.h>

static rp_op forward_op(const rp_layer *l)
{
    return l->kind == RP_LAYER_CONV ? RP_OP_CONV : RP_OP_TRANSPOSED;
}

static rp_op backward_op(const rp_layer *l)
{
    return l->kind == RP_LAYER_CONV ? RP_OP_TRANSPOSED : RP_OP_CONV;
}

static rp_conv_shape shape_of(const rp_engine *e, const rp_layer *l)
{
    const int big = l->kind == RP_LAYER_CONV ? l->in[0] : l->out;
    const int small = l->kind == RP_LAYER_CONV ? l->out : l->in[0];
    rp_conv_shape s = {.big_channels = e->net->value[big].channels,
                       .small_channels = e->net->value[small].channels};
    for (int a = 0; a < 3; a++) {
        s.big[a] = e->place[big].size[a];
        s.small[a] = e->place[small].size[a];
        s.kernel[a] = l->kernel[a];
        s.stride[a] = l->stride[a];
        s.pad[a] = l->kind == RP_LAYER_CONV ? (l->kernel[a] - 1) / 2 : 0;
    }
    return s;
}

static bool is_view(const rp_tensor *t) { return t->stride != t->shape[1]; }

static rp_status plan_op(rp_engine *e, rp_step *s, rp_op op, bool view, bool add, rp_pass pass)
{
    rp_conv_shape *shape = &s->shape[op];
    *shape = shape_of(e, s->layer);
    shape->view = view;
    shape->add = add;
    shape->precise = e->train && pass == RP_PASS_FORWARD;
    RP_TRY(e->list ? rp_kernel_list_choose(e->list, e->isa, op, shape, e->threads, &s->kernel[op])
                   : rp_kernel_choose(e->kernels, e->isa, op, shape, e->threads, &s->kernel[op]));
    s->scratch[pass].bytes = s->kernel[op]->scratch_bytes;
    return RP_OK;
}

static rp_status plan(rp_engine *e, rp_step *s)
{
    const rp_layer *l = s->layer;
    RP_TRY(plan_op(e, s, forward_op(l), is_view(rp_place_of(e, l->out)), false, RP_PASS_FORWARD));
    if (l->bias_cancels) {
        const rp_kernel *k = s->kernel[RP_OP_CONV];
        const size_t bytes =
            (size_t)(k->sum_parts * 2 * e->net->value[l->out].channels) * sizeof(double);
        s->sum_parts = k->sum_parts;
        if (bytes > e->sums_bytes) e->sums_bytes = bytes;
    }
    if (!e->train || !s->learns) return RP_OK;
    const rp_tensor *dy = &e->place[l->out].gradient, *dx = &e->place[l->in[0]].gradient;
    RP_TRY(plan_op(e, s, RP_OP_WEIGHTS, is_view(dy), false, RP_PASS_BACK));
    if (l->in[0] != 0)
        RP_TRY(
            plan_op(e, s, backward_op(l), is_view(dy) || is_view(dx), s->adds, RP_PASS_BACK_INPUT));
    const size_t sums = rp_norm_act_scratch(rp_tensor_voxels(dy), dy->shape[1]);
    size_t *scratch = &s->scratch[RP_PASS_BACK].bytes;
    if (l->bias >= 0 && !l->bias_cancels && sums > *scratch) *scratch = sums;
    return RP_OK;
}

static rp_status weights(rp_engine *e, rp_step *s, const float w[])
{
    const float *own = w + e->net->param[s->layer->weight].offset;
    /* between steps the arena is free, and it has room for any scratch */
    for (int op = 0; op < RP_OP_COUNT; op++)
        if (s->kernel[op]) RP_TRY(rp_kernel_pack(s->kernel[op], own, s->packed[op], e->memory));
    return RP_OK;
}

/* The arguments of an operation between the tensors x (input of the layer) and y (output). */
static rp_kernel_args args_of(const rp_engine *e, const rp_step *s, rp_op op, rp_pass pass,
                              const rp_tensor *x, const rp_tensor *y)
{
    const bool conv = s->layer->kind == RP_LAYER_CONV;
    return (rp_kernel_args){.big = conv ? *x : *y,
                            .small = conv ? *y : *x,
                            .packed = s->packed[op],
                            .scratch = rp_step_scratch(e, s, pass),
                            .threads = e->threads};
}

static rp_status forward(rp_engine *e, rp_step *s)
{
    const rp_layer *l = s->layer;
    const rp_op op = forward_op(l);
    rp_kernel_args a =
        args_of(e, s, op, RP_PASS_FORWARD, rp_place_of(e, l->in[0]), rp_place_of(e, l->out));
    if (l->bias >= 0 && !l->bias_cancels) a.bias = rp_engine_small(e, l->bias);
    if (s->sum_parts > 0) a.sums = e->sums;
    return rp_kernel_run(s->kernel[op], &a);
}

static rp_status backward(rp_engine *e, rp_step *s, float gradient[])
{
    const rp_layer *l = s->layer;
    const rp_tensor *x = rp_place_back(e, l->in[0]), *dy = &e->place[l->out].gradient;
    rp_kernel_args a = args_of(e, s, RP_OP_WEIGHTS, RP_PASS_BACK, x, dy);
    a.weights = gradient + e->net->param[l->weight].offset;
    RP_TRY(rp_kernel_run(s->kernel[RP_OP_WEIGHTS], &a));
    if (l->bias >= 0) {
        const rp_param *p = &e->net->param[l->bias];
        if (l->bias_cancels)
            memset(gradient + p->offset, 0, (size_t)p->count * sizeof *gradient);
        else
            rp_channel_sums(dy, rp_step_scratch(e, s, RP_PASS_BACK), gradient + p->offset);
    }
    if (l->in[0] == 0) return RP_OK;
    const rp_op op = backward_op(l);
    a = args_of(e, s, op, RP_PASS_BACK_INPUT, &e->place[l->in[0]].gradient, dy);
    a.add = s->adds;
    return rp_kernel_run(s->kernel[op], &a);
}

const rp_layer_ops rp_layer_conv = {
    "conv", "convolution with zero padding", plan, weights, forward, backward, NULL};
const rp_layer_ops rp_layer_up = {
    "up", "transposed convolution, kernel = stride", plan, weights, forward, backward, NULL};
