/* lib/net/engine_life.c - when each array of an engine lives, and where.
 *
 * 1. In training, what a layer's backward pass reads lives until then; else until its last reader.
 * 2. The output of a norm is an exception: it is made again from the norm's input, which lives on
 *    for the norm's own gradient.  One more pass over it, a third less memory.
 * 3. A norm's gradient by its input takes the place of the one by its output where it can; for
 *    inference its output takes the place of its input.
 * 4. Scratch of a pass lives with it, so it lies in what others leave free. */
#include "lib/net/engine_priv.h"

/* An output that is needed again so soon is kept: there is nothing to gain. */
enum { GAP_LEAST = 8 };

static int forward_time(int layer) { return 2 * layer; }
static int loss_time(const rp_engine *e) { return 2 * e->net->layers; }
static int back_time(const rp_engine *e, int layer) { return 2 * (2 * e->net->layers - layer); }
static int back_input_time(const rp_engine *e, int layer) { return back_time(e, layer) + 1; }

static bool reads(const rp_layer *l, int value) { return l->in[0] == value || l->in[1] == value; }

static bool is_used(const rp_step *s) { return s->infers || s->learns; }

static const rp_lifetime nothing = {.first = 1 << 29, .last = -1};

static bool is_alive(const rp_lifetime *l) { return l->first <= l->last; }

static void extend(rp_lifetime *life, int time)
{
    if (time < life->first) life->first = time;
    if (time > life->last) life->last = time;
}

static bool is_output(const rp_engine *e, int value)
{
    for (int k = 0; k < e->net->outputs; k++)
        if (e->net->output[k] == value) return true;
    return false;
}

/* Does the backward pass of a layer read its input? */
static bool reads_back(const rp_engine *e, int layer)
{
    return e->train && e->step[layer].learns && e->net->layer[layer].kind != RP_LAYER_CONCAT;
}

/* The home of a value that layer writer makes (the image: -1), and the place where it is made
 * again. */
static void live_home(rp_engine *e, int value, int writer)
{
    rp_place *p = &e->place[value];
    rp_lifetime ahead = nothing, back = nothing;
    const bool is_norm = writer >= 0 && e->net->layer[writer].kind == RP_LAYER_NORM_ACT;
    p->again_at = -1;
    extend(&ahead, writer < 0 ? -1 : forward_time(writer));
    if (is_output(e, value)) extend(&ahead, loss_time(e));
    for (int i = 0; i < e->steps; i++) {
        if (!reads(&e->net->layer[i], value) || !is_used(&e->step[i])) continue;
        /* a norm has written the part of a concatenation itself */
        if (!is_norm || e->net->layer[i].kind != RP_LAYER_CONCAT) extend(&ahead, forward_time(i));
        if (!reads_back(e, i)) continue;
        extend(&back, back_time(e, i));
        p->again_at = i; /* the last reader comes first in the backward pass */
    }
    const bool remade = is_norm && is_alive(&back) && back.first - ahead.last > GAP_LEAST;
    if (!remade) {
        p->again_at = -1;
        if (is_alive(&back)) extend(&ahead, back.last);
    }
    p->home_life = ahead;
    p->again_life = remade ? back : nothing;
}

/* The gradient of a value: written by the backward passes of its readers, read by its writer's. */
static void live_gradient(rp_engine *e, int value, int writer)
{
    rp_lifetime *life = &e->place[value].gradient_life;
    *life = nothing;
    if (!e->train || writer < 0) return; /* nobody asks for the gradient of the image */
    extend(life, back_time(e, writer));
    extend(life, back_input_time(e, writer));
    if (is_output(e, value)) extend(life, loss_time(e));
    for (int i = 0; i < e->steps; i++)
        if (reads(&e->net->layer[i], value) && e->step[i].learns)
            extend(life,
                   e->net->layer[i].kind == RP_LAYER_CONV || e->net->layer[i].kind == RP_LAYER_UP
                       ? back_input_time(e, i)
                       : back_time(e, i));
}

/* A part of a concatenation lives in it, and so does its gradient. */
static void join_concat(rp_engine *e, int value, int writer)
{
    rp_place *p = &e->place[value], *whole = &e->place[p->concat];
    extend(&whole->home_life, forward_time(writer));
    if (e->train) {
        extend(&whole->gradient_life, back_time(e, writer));
        extend(&whole->gradient_life, back_input_time(e, writer));
    }
    p->gradient_life = nothing;
    if (!p->has_home) p->home_life = nothing;
}

/* Moves what lives as long as from into to. */
static void move(rp_lifetime *from, rp_lifetime *to)
{
    extend(to, from->first);
    extend(to, from->last);
    *from = nothing;
}

/* The gradient by a norm's input, which only the norm reads, in the place of that by its output;
 * in inference the output in the place of the input. */
static void share(rp_engine *e, const rp_layer *norm)
{
    rp_place *x = &e->place[norm->in[0]], *y = &e->place[norm->out];
    int readers = is_output(e, norm->in[0]);
    for (int i = 0; i < e->steps; i++) readers += reads(&e->net->layer[i], norm->in[0]);
    if (readers != 1) return;
    if (y->concat < 0 && is_alive(&x->gradient_life)) {
        move(&x->gradient_life, &y->gradient_life);
        x->gradient_of = norm->out;
    }
    if (!e->train && y->has_home && x->has_home) {
        move(&x->home_life, &y->home_life);
        x->home_of = norm->out;
    }
}

void rp_engine_lifetimes(rp_engine *e)
{
    const rp_network *net = e->net;
    for (int v = 0; v < net->values; v++) {
        rp_place *p = &e->place[v];
        p->home_life = p->again_life = p->gradient_life = nothing;
        p->gradient_of = p->home_of = p->again_at = -1;
    }
    live_home(e, 0, -1);
    for (int i = 0; i < net->layers; i++) {
        if (!is_used(&e->step[i])) continue;
        live_home(e, net->layer[i].out, i);
        live_gradient(e, net->layer[i].out, i);
    }
    for (int i = 0; i < net->layers; i++)
        if (is_used(&e->step[i]) && e->place[net->layer[i].out].concat >= 0)
            join_concat(e, net->layer[i].out, i);
    for (int i = 0; i < net->layers; i++)
        if (is_used(&e->step[i]) && net->layer[i].kind == RP_LAYER_NORM_ACT)
            share(e, &net->layer[i]);
}

static rp_status measure(rp_place *p, int64_t channels)
{
    int64_t count;
    size_t bytes;
    RP_TRY(rp_product(4, (int64_t[]){channels, p->size[0], p->size[1], p->size[2]}, &count));
    RP_TRY(rp_bytes(count, sizeof(float), &bytes));
    p->home_life.bytes = p->again_life.bytes = p->gradient_life.bytes = bytes;
    return RP_OK;
}

/* All lifetimes of an engine, one after the other. */
static int list(rp_engine *e, rp_lifetime *item[])
{
    int n = 0;
    for (int v = 0; v < e->values; v++) {
        item[n++] = &e->place[v].home_life;
        item[n++] = &e->place[v].again_life;
        item[n++] = &e->place[v].gradient_life;
    }
    for (int i = 0; i < e->steps; i++)
        for (int pass = 0; pass < RP_PASS_COUNT; pass++) item[n++] = &e->step[i].scratch[pass];
    return n;
}

rp_status rp_engine_places(rp_engine *e)
{
    const int most = 3 * e->values + RP_PASS_COUNT * e->steps;
    RP_AUTOFREE rp_lifetime **item = NULL;
    RP_AUTOFREE rp_lifetime *copy = NULL;
    RP_TRY(rp_alloc(most, sizeof(rp_lifetime *), &item));
    RP_TRY(rp_alloc(most, sizeof *copy, &copy));
    for (int v = 0; v < e->values; v++) RP_TRY(measure(&e->place[v], e->net->value[v].channels));
    for (int i = 0; i < e->steps; i++) {
        rp_lifetime *s = e->step[i].scratch;
        s[RP_PASS_FORWARD].first = s[RP_PASS_FORWARD].last = forward_time(i);
        s[RP_PASS_BACK].first = s[RP_PASS_BACK].last = back_time(e, i);
        s[RP_PASS_BACK_INPUT].first = s[RP_PASS_BACK_INPUT].last = back_input_time(e, i);
    }
    const int n = list(e, item);
    for (int i = 0; i < n; i++) copy[i] = *item[i];
    RP_TRY(rp_memory_plan(n, copy, &e->arena));
    for (int i = 0; i < n; i++) *item[i] = copy[i];
    return RP_OK;
}
