/* lib/net/layer_concat.c - concatenation of channels: its parts are written in place, so there is
 * little to do.  Gradients of the parts are views of its gradient. */
#include "lib/net/engine_priv.h"

#include "lib/net/norm_act.h"

static const rp_layer *writer(const rp_engine *e, int value)
{
    for (int i = 0; i < e->steps; i++)
        if (e->net->layer[i].out == value) return &e->net->layer[i];
    return NULL;
}

static rp_status plan(rp_engine *e, rp_step *s)
{
    for (int k = 0; k < 2; k++)
        RP_NEED(e->place[s->layer->in[k]].concat == s->layer->out, RP_EBUG,
                "value %d is part of two concatenations", s->layer->in[k]);
    return RP_OK;
}

static rp_status forward(rp_engine *e, rp_step *s)
{
    for (int k = 0; k < 2; k++) {
        const int v = s->layer->in[k];
        /* a norm has written both places already */
        if (e->place[v].has_home && writer(e, v)->kind != RP_LAYER_NORM_ACT)
            rp_tensor_copy(&e->place[v].home, &e->place[v].slot);
    }
    return RP_OK;
}

static rp_status backward(rp_engine *e, rp_step *s, float gradient[])
{
    (void)e;
    (void)s;
    (void)gradient;
    return RP_OK;
}

const rp_layer_ops rp_layer_concat = {
    "concat", "channels of two values side by side", plan, NULL, forward, backward, NULL};
