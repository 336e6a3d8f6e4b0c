/* lib/net/engine_plan.c - what an engine needs: who depends on whom, kernels, bytes.
 *
 * 1. A value that is part of a concatenation lies in its slot there; it has a home besides only if
 *    something else reads it too.  The concatenation must be its last reader, so that its gradient
 * is there first and the others add to it.
 * 2. Kernels are planned on shapes alone; their scratch then finds its place in the arena
 *    (lib/net/engine_life.c). */
#include "lib/net/engine_priv.h"

#include "lib/base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool reads(const rp_layer *l, int value) { return l->in[0] == value || l->in[1] == value; }

/* infers: on the way to the finest output; learns: on the way to an output that the loss weighs. */
static void mark_needed(rp_engine *e)
{
    const rp_network *net = e->net;
    for (int i = net->layers - 1; i >= 0; i--) {
        const int out = net->layer[i].out;
        rp_step *s = &e->step[i];
        s->infers = out == net->output[0];
        for (int k = 0; k < net->outputs; k++)
            if (net->output[k] == out && e->supervision[k] > 0) s->learns = true;
        for (int j = i + 1; j < net->layers; j++)
            if (reads(&net->layer[j], out)) {
                s->infers = s->infers || e->step[j].infers;
                s->learns = s->learns || e->step[j].learns;
            }
    }
}

static rp_status find_concats(rp_engine *e)
{
    const rp_network *net = e->net;
    for (int v = 0; v < net->values; v++) {
        rp_place *p = &e->place[v];
        p->concat = -1;
        p->has_home = true;
        int last = -1, readers = 0, concat = -1;
        for (int i = 0; i < net->layers; i++)
            if (reads(&net->layer[i], v)) {
                readers++;
                last = i;
                if (net->layer[i].kind == RP_LAYER_CONCAT) concat = i;
            }
        if (concat < 0) continue;
        RP_NEED(concat == last && v != 0, RP_EBUG, "value %d is read after its concatenation", v);
        const rp_layer *c = &net->layer[concat];
        p->concat = c->out;
        p->channel = c->in[0] == v ? 0 : (int)net->value[c->in[0]].channels;
        p->has_home = readers > 1;
    }
    return RP_OK;
}

/* A layer adds to the gradient of its input if a later layer reads it too. */
static void find_adds(rp_engine *e)
{
    const rp_network *net = e->net;
    for (int i = 0; i < net->layers; i++)
        for (int j = i + 1; j < net->layers; j++)
            if (e->step[j].learns && reads(&net->layer[j], net->layer[i].in[0]))
                e->step[i].adds = true;
}

static void name_step(const rp_network *net, const rp_layer *l, int index, char name[RP_PARAM_NAME])
{
    if (l->weight < 0) {
        (void)snprintf(name, RP_PARAM_NAME, "concat.%d", index);
        return;
    }
    (void)snprintf(name, RP_PARAM_NAME, "%s", net->param[l->weight].name);
    char *end = strrchr(name, '.');
    if (end) *end = 0;
}

static size_t line(size_t bytes) { return (bytes + 63) / 64 * 64; }

/* Shapes and strides of all tensors, their data still NULL: what kernels are planned for. */
static void shape_tensors(rp_engine *e)
{
    for (int v = 0; v < e->values; v++) {
        rp_place *p = &e->place[v];
        p->home = p->again = p->gradient = p->slot =
            rp_tensor_make(NULL, e->net->value[v].channels, p->size);
        if (p->concat < 0) continue;
        p->slot.stride = p->gradient.stride = e->net->value[p->concat].channels;
    }
}

static rp_status plan_steps(rp_engine *e)
{
    for (int i = 0; i < e->steps; i++) {
        rp_step *s = &e->step[i];
        if (!s->infers && !s->learns) continue;
        RP_TRY_IN(rp_layer_table[s->layer->kind]->plan(e, s), "layer '%s'", s->name);
    }
    return RP_OK;
}

/* Offsets of everything behind the arena in the one block. */
static void add_up(rp_engine *e)
{
    size_t at = e->arena;
    for (int i = 0; i < e->steps; i++) {
        rp_step *s = &e->step[i];
        for (int op = 0; op < RP_OP_COUNT; op++) {
            s->packed_at[op] = at;
            if (s->kernel[op]) at += line(s->kernel[op]->packed_bytes);
        }
        s->stat_at = at;
        if (s->layer->kind == RP_LAYER_NORM_ACT)
            at += line(3 * (size_t)e->net->value[s->layer->out].channels * sizeof(float));
    }
    e->params_at = at;
    for (int i = 0; i < e->net->params; i++)
        if (e->net->param[i].dims == 1) at += line((size_t)e->net->param[i].count * sizeof(float));
    e->sums_at = at;
    at += line(e->sums_bytes);
    e->target_at = e->statistics_at = at;
    if (e->train) {
        const size_t voxels = (size_t)(e->patch[0] * e->patch[1] * e->patch[2]);
        const size_t chunks = (voxels + RP_LOSS_CHUNK - 1) / RP_LOSS_CHUNK;
        at += line(voxels);
        e->statistics_at = at;
        at += line((chunks + 1) * (size_t)e->loss->statistics_count(e->net->classes) *
                   sizeof(double));
    }
    e->bytes = at;
}

static void describe_kernels(const rp_engine *e, const rp_step *s, rp_text *text)
{
    for (int op = 0; op < RP_OP_COUNT; op++)
        if (s->kernel[op])
            rp_text_add(text, "%s %s: %s %s\n", s->name, rp_op_name((rp_op)op), s->kernel[op]->row,
                        s->kernel[op]->implementation);
    if (s->layer->kind == RP_LAYER_NORM_ACT && (s->infers || s->learns))
        rp_text_add(text, "%s: own %s\n", s->name, rp_isa_name(e->isa));
}

static rp_status describe(rp_engine *e)
{
    RP_TEXT_AUTO text = {0};
    rp_text_add(&text, "isa: %s\n", rp_isa_name(e->isa));
    for (const rp_kernel_row *r = rp_kernel_rows; r->name; r++) {
        bool used = false;
        for (int i = 0; i < e->steps; i++)
            for (int op = 0; op < RP_OP_COUNT; op++)
                used = used ||
                       (e->step[i].kernel[op] && strcmp(e->step[i].kernel[op]->row, r->name) == 0);
        if (!used) continue; /* to ask oneDNN for its version would fix its instruction set */
        char version[160] = "";
        r->version(version, sizeof version);
        rp_text_add(&text, "%s: %s\n", r->name, version);
    }
    for (int i = 0; i < e->steps; i++) describe_kernels(e, &e->step[i], &text);
    e->invariant = true;
    for (int i = 0; i < e->steps; i++)
        for (int op = 0; op < RP_OP_COUNT; op++)
            if (e->step[i].kernel[op] && !e->step[i].kernel[op]->thread_invariant)
                e->invariant = false;
    RP_TRY(rp_text_status(&text));
    return rp_copy_text(rp_text_get(&text), &e->choices);
}

static rp_status check(const rp_engine_settings *s)
{
    RP_NEED(s->threads >= 1, RP_EUSE, "engine with %d threads; at least 1 is needed", s->threads);
    RP_NEED(s->kernels, RP_EUSE, "engine without a choice of kernels; 'auto' is one");
    RP_NEED(!s->train || s->loss, RP_EUSE, "engine for training without a loss");
    return RP_OK;
}

rp_status rp_engine_plan(const rp_engine_settings *s, rp_engine *e)
{
    RP_TRY(check(s));
    const rp_network *net = s->net;
    RP_AUTO(rp_kernel_list) list = NULL;
    if (strchr(s->kernels, '\n')) RP_TRY(rp_kernel_list_read("kernels", s->kernels, &list));
    *e = (rp_engine){.net = net,
                     .patch = {s->patch[0], s->patch[1], s->patch[2]},
                     .train = s->train,
                     .threads = s->threads,
                     .isa = rp_isa_here(),
                     .kernels = s->kernels,
                     .list = list,
                     .loss = s->train ? s->loss : NULL,
                     .steps = net->layers,
                     .values = net->values};
    RP_AUTOFREE int64_t(*size)[3] = NULL;
    RP_TRY(rp_alloc(net->values, sizeof *size, &size));
    RP_TRY(rp_network_sizes(net, s->patch, size));
    RP_TRY(rp_alloc(e->steps, sizeof *e->step, &e->step));
    RP_TRY(rp_alloc(e->values, sizeof *e->place, &e->place));
    for (int v = 0; v < e->values; v++) memcpy(e->place[v].size, size[v], sizeof size[v]);
    for (int i = 0; i < e->steps; i++) {
        e->step[i].layer = &net->layer[i];
        name_step(net, &net->layer[i], i, e->step[i].name);
    }
    if (e->train) rp_supervision_weights(net->outputs, net->deep_supervision, e->supervision);
    mark_needed(e);
    RP_TRY(find_concats(e));
    find_adds(e);
    rp_engine_lifetimes(e);
    shape_tensors(e);
    RP_TRY(plan_steps(e));
    RP_TRY(rp_engine_places(e));
    e->list = NULL;
    e->kernels = NULL;
    add_up(e);
    return describe(e);
}
