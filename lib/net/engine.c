/* lib/net/engine.c - memory of an engine, and its steps. */
#include "lib/net/engine_priv.h"

#include "lib/base/pool.h"

#include <inttypes.h>
#include <math.h>
#include <omp.h>
#include <string.h>

extern const rp_layer_ops rp_layer_conv, rp_layer_up, rp_layer_norm_act, rp_layer_concat;

const rp_layer_ops *const rp_layer_table[RP_LAYER_KIND_COUNT] = {
    [RP_LAYER_CONV] = &rp_layer_conv,
    [RP_LAYER_UP] = &rp_layer_up,
    [RP_LAYER_NORM_ACT] = &rp_layer_norm_act,
    [RP_LAYER_CONCAT] = &rp_layer_concat,
};

void rp_engine_drop(rp_engine **engine)
{
    rp_engine *e = *engine;
    if (!e) return;
    for (int i = 0; e->step && i < e->steps; i++)
        for (int op = 0; op < RP_OP_COUNT; op++) rp_kernel_drop(&e->step[i].kernel[op]);
    rp_free(e->step);
    rp_free(e->place);
    rp_free(e->memory);
    rp_free(e->choices);
    rp_free(e);
    *engine = NULL;
}

static void *at(const rp_engine *e, size_t offset) { return e->memory + offset; }

static void give_places(rp_engine *e)
{
    for (int v = 0; v < e->values; v++) {
        rp_place *p = &e->place[v];
        if (p->home_life.first <= p->home_life.last) p->home.data = at(e, p->home_life.offset);
        if (p->again_at >= 0) p->again.data = at(e, p->again_life.offset);
        if (p->gradient_life.first <= p->gradient_life.last)
            p->gradient.data = at(e, p->gradient_life.offset);
    }
    for (int v = 0; v < e->values; v++) {
        rp_place *p = &e->place[v];
        if (p->gradient_of >= 0) p->gradient.data = e->place[p->gradient_of].gradient.data;
        if (p->home_of >= 0) p->home.data = e->place[p->home_of].home.data;
        if (p->concat < 0) continue;
        const rp_place *whole = &e->place[p->concat];
        p->slot = rp_tensor_slice(&whole->home, p->channel, p->home.shape[1]);
        p->gradient = rp_tensor_slice(&whole->gradient, p->channel, p->home.shape[1]);
    }
    for (int i = 0; i < e->steps; i++) {
        for (int op = 0; op < RP_OP_COUNT; op++)
            e->step[i].packed[op] = at(e, e->step[i].packed_at[op]);
        e->step[i].stat = at(e, e->step[i].stat_at);
    }
    e->sums = at(e, e->sums_at);
    e->target = at(e, e->target_at);
    e->statistics = at(e, e->statistics_at);
    e->params = at(e, e->params_at);
}

rp_status rp_engine_new(const rp_engine_settings *settings, rp_engine **out)
{
    RP_AUTO(rp_engine) e = NULL;
    RP_TRY(rp_alloc(1, sizeof *e, &e));
    RP_TRY(rp_engine_plan(settings, e));
    RP_TRY(rp_alloc((int64_t)e->bytes, 1, &e->memory));
    give_places(e);
    *out = RP_TAKE(e);
    return RP_OK;
}

rp_status rp_engine_bytes(const rp_engine_settings *settings, size_t *bytes)
{
    RP_AUTO(rp_engine) e = NULL;
    RP_TRY(rp_alloc(1, sizeof *e, &e));
    RP_TRY(rp_engine_plan(settings, e));
    *bytes = e->bytes;
    return RP_OK;
}

size_t rp_engine_taken(const rp_engine *engine) { return engine->bytes; }

const char *rp_engine_choices(const rp_engine *engine) { return engine->choices; }

bool rp_engine_thread_invariant(const rp_engine *engine) { return engine->invariant; }

/* Small parameters lie one behind the other, each on a 64-byte line, in the order of the table. */
float *rp_engine_small(const rp_engine *e, int param)
{
    int64_t offset = 0;
    for (int i = 0; i < param; i++)
        if (e->net->param[i].dims == 1) offset += (e->net->param[i].count + 15) / 16 * 16;
    return e->params + offset;
}

/* The team and its treatment of denormals: both belong to the calling thread. */
static int enter(const rp_engine *e)
{
    const int team = omp_get_max_threads();
    omp_set_num_threads(e->threads);
#pragma omp parallel
    rp_thread_flush_denormals();
    return team;
}

static rp_status take_weights(rp_engine *e, const float w[])
{
    for (int i = 0; i < e->net->params; i++) {
        const rp_param *p = &e->net->param[i];
        if (p->dims == 1)
            memcpy(rp_engine_small(e, i), w + p->offset, (size_t)p->count * sizeof *w);
    }
    for (int i = 0; i < e->steps; i++) {
        rp_step *s = &e->step[i];
        const rp_layer_ops *ops = rp_layer_table[s->layer->kind];
        if (ops->weights && (s->infers || s->learns))
            RP_TRY_IN(ops->weights(e, s, w), "layer '%s'", s->name);
    }
    return RP_OK;
}

rp_status rp_engine_weights(rp_engine *e, const float w[])
{
    const int team = enter(e);
    e->has_weights = false;
    const rp_status st = take_weights(e, w);
    e->has_weights = st == RP_OK;
    omp_set_num_threads(team);
    return st;
}

static rp_status forward(rp_engine *e, const float image[], bool train)
{
    RP_TRY(rp_tensor_write(&e->place[0].home, image));
    for (int i = 0; i < e->steps; i++) {
        rp_step *s = &e->step[i];
        if (train ? !s->learns : !s->infers) continue;
        RP_TRY_IN(rp_layer_table[s->layer->kind]->forward(e, s), "layer '%s'", s->name);
    }
    return RP_OK;
}

/* Adds output k's weighted loss; its gradient lies in the output's place afterwards. */
static rp_status add_loss(rp_engine *e, int k, const uint8_t target[], rp_loss_values *sum)
{
    const rp_place *p = &e->place[e->net->output[k]];
    const int classes = e->net->classes;
    const int64_t n = rp_tensor_voxels(&p->home);
    double *chunk = e->statistics + e->loss->statistics_count(classes);
    const uint8_t *t = target;
    if (n != e->patch[0] * e->patch[1] * e->patch[2]) {
        rp_target_downsample(e->patch, target, p->size, e->target);
        t = e->target;
    }
    float *prob = p->gradient.data;
    RP_TRY(e->loss->statistics(n, classes, p->home.data, t, prob, chunk, e->statistics));
    const rp_loss_values v = e->loss->value(n, classes, e->statistics);
    const double w = e->supervision[k];
    RP_NEED(isfinite(v.total), RP_ENUM,
            "loss '%s' of output %d is %g (Dice term %g, cross entropy %g)", e->loss->name, k,
            v.total, v.dice, v.ce);
    e->loss->gradient(n, classes, t, e->statistics, w, prob);
    sum->total += w * v.total;
    sum->dice += w * v.dice;
    sum->ce += w * v.ce;
    return RP_OK;
}

/* A layer that the loss does not see has gradient 0. */
static void clear_gradient(const rp_engine *e, const rp_layer *l, float gradient[])
{
    const int param[] = {l->weight, l->bias};
    for (int i = 0; i < 2; i++) {
        if (param[i] < 0) continue;
        const rp_param *p = &e->net->param[param[i]];
        memset(gradient + p->offset, 0, (size_t)p->count * sizeof *gradient);
    }
}

/* Makes again what the backward pass of layer i is the first to read. */
static void make_again(rp_engine *e, int i)
{
    for (int k = 0; k < 2; k++) {
        const int v = e->net->layer[i].in[k];
        if (v < 0 || e->place[v].again_at != i) continue;
        for (int w = 0; w < i; w++)
            if (e->net->layer[w].out == v)
                rp_layer_table[e->net->layer[w].kind]->again(e, &e->step[w], &e->place[v].again);
    }
}

static rp_status train(rp_engine *e, const float image[], const uint8_t target[], float gradient[],
                       rp_loss_values *loss)
{
    RP_TRY(forward(e, image, true));
    rp_loss_values sum = {0};
    for (int k = 0; k < e->net->outputs; k++)
        if (e->supervision[k] > 0) RP_TRY(add_loss(e, k, target, &sum));
    for (int i = e->steps - 1; i >= 0; i--) {
        rp_step *s = &e->step[i];
        make_again(e, i);
        if (!s->learns)
            clear_gradient(e, s->layer, gradient);
        else
            RP_TRY_IN(rp_layer_table[s->layer->kind]->backward(e, s, gradient), "layer '%s'",
                      s->name);
    }
    *loss = sum;
    return RP_OK;
}

rp_status rp_engine_train(rp_engine *e, const float image[], const uint8_t target[],
                          float gradient[], rp_loss_values *loss)
{
    RP_NEED(e->train, RP_EUSE, "this engine is made for inference only");
    RP_NEED(e->has_weights, RP_EUSE, "the engine has no weights yet");
    const int team = enter(e);
    const rp_status st = train(e, image, target, gradient, loss);
    omp_set_num_threads(team);
    return st;
}

static rp_status check_finite(const rp_engine *e, const float logits[])
{
    const int64_t n = e->patch[0] * e->patch[1] * e->patch[2], count = e->net->classes * n;
    double sum = 0; /* 0 unless there is a NaN or an infinity */
    for (int64_t i = 0; i < count; i++) sum += (double)logits[i] * 0;
    if (sum == 0) return RP_OK;
    int64_t i = 0;
    while (isfinite(logits[i])) i++;
    RP_FAIL(RP_ENUM, "logit of class %" PRId64 " at voxel %" PRId64 " is %g", i / n, i % n,
            (double)logits[i]);
}

rp_status rp_engine_infer(rp_engine *e, const float image[], float logits[])
{
    RP_NEED(e->has_weights, RP_EUSE, "the engine has no weights yet");
    const int team = enter(e);
    rp_status st = forward(e, image, false);
    if (st == RP_OK) st = rp_tensor_read(&e->place[e->net->output[0]].home, logits);
    omp_set_num_threads(team);
    RP_TRY(st);
    return check_finite(e, logits);
}

rp_status rp_engine_predict(void *engine, const float image[], float logits[])
{
    return rp_engine_infer(engine, image, logits);
}
