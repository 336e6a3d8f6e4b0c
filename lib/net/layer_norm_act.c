/* lib/net/layer_norm_act.c - instance norm with leaky ReLU as a layer. */
#include "lib/net/engine_priv.h"

#include "lib/net/norm_act.h"

static rp_norm_act norm_of(const rp_engine *e, const rp_step *s, rp_pass pass)
{
    return (rp_norm_act){.gamma = rp_engine_small(e, s->layer->weight),
                         .beta = rp_engine_small(e, s->layer->bias),
                         .slope = s->layer->slope,
                         .eps = s->layer->eps,
                         .stat = s->stat,
                         .parts = s->sum_parts,
                         .sums = e->sums,
                         .scratch = rp_step_scratch(e, s, pass)};
}

static rp_status plan(rp_engine *e, rp_step *s)
{
    RP_NEED(!s->adds, RP_EBUG, "a norm shares its input with a later layer");
    for (int i = 0; i < e->steps; i++)
        if (e->net->layer[i].out == s->layer->in[0]) s->sum_parts = e->step[i].sum_parts;
    const rp_tensor *x = rp_place_of(e, s->layer->in[0]);
    const size_t bytes = rp_norm_act_scratch(rp_tensor_voxels(x), x->shape[1]);
    s->scratch[RP_PASS_FORWARD].bytes = bytes;
    if (e->train && s->learns) s->scratch[RP_PASS_BACK].bytes = bytes;
    return RP_OK;
}

static rp_status forward(rp_engine *e, rp_step *s)
{
    const rp_norm_act n = norm_of(e, s, RP_PASS_FORWARD);
    const rp_place *out = &e->place[s->layer->out];
    rp_tensor second = out->slot;
    if (!out->has_home || out->concat < 0) second.data = NULL; /* one place is enough */
    rp_norm_act_forward(&n, rp_place_of(e, s->layer->in[0]), rp_place_of(e, s->layer->out),
                        &second);
    return RP_OK;
}

static rp_status backward(rp_engine *e, rp_step *s, float gradient[])
{
    const rp_norm_act n = norm_of(e, s, RP_PASS_BACK);
    const rp_layer *l = s->layer;
    rp_norm_act_backward(&n, rp_place_of(e, l->in[0]), &e->place[l->out].gradient,
                         &e->place[l->in[0]].gradient, gradient + e->net->param[l->weight].offset,
                         gradient + e->net->param[l->bias].offset);
    return RP_OK;
}

static void again(rp_engine *e, rp_step *s, const rp_tensor *out)
{
    const rp_norm_act n = norm_of(e, s, RP_PASS_BACK);
    rp_norm_act_again(&n, rp_place_of(e, s->layer->in[0]), out);
}

const rp_layer_ops rp_layer_norm_act = {
    "norm_act", "instance norm, then leaky ReLU", plan, NULL, forward, backward, again};
