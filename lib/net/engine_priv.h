/* lib/net/engine_priv.h - inside an engine.
 *
 * Time of a step, L layers: layer i runs forward at 2 i, the loss stands at 2 L, layer i runs
 * backward at 2 (2 L - i): gradients of its parameters, then, one later, by its input.
 * A value has a home (dense, for its readers), a slot (its place in a concatenation), or both. */
#pragma once
#include "lib/net/kernel_list.h"
#include "lib/net/layers.h"
#include "lib/net/memory_plan.h"

typedef struct rp_place {
    rp_tensor home, slot; /* data NULL: it has none */
    rp_tensor again;      /* the home anew, for the backward pass */
    rp_tensor gradient;
    int64_t size[3];
    int concat, channel; /* value that it is a part of (-1: none), from which channel on */
    bool has_home;
    int again_at;    /* layer before whose backward pass it is made again; -1: home lives on */
    int gradient_of; /* value whose gradient has the same place, -1: its own */
    int home_of;     /* the same for its home */
    rp_lifetime home_life, again_life, gradient_life;
} rp_place;

struct rp_engine {
    const rp_network *net;
    int64_t patch[3];
    bool train, has_weights, invariant;
    int threads;
    rp_isa isa;
    const char *kernels;        /* lent: only while planning */
    const rp_kernel_list *list; /* the same, if kernels are the text of a list */
    const rp_loss *loss;
    int steps, values;
    rp_step *step;
    rp_place *place;
    double supervision[RP_OUTPUTS_MAX];
    char *memory; /* one block: arena, packed weights, statistics, sums, loss */
    size_t bytes, arena, target_at, statistics_at, params_at, sums_at, sums_bytes;
    double *sums;       /* from a convolution to the norm behind it */
    uint8_t *target;    /* of a coarser output */
    double *statistics; /* of the loss, then of its chunks */
    float *params;      /* small parameters as they came: biases, norms */
    char *choices;
};

/* Tensor that a value is written to and read from. */
static inline const rp_tensor *rp_place_of(const rp_engine *e, int value)
{
    const rp_place *p = &e->place[value];
    return p->has_home ? &p->home : &p->slot;
}

/* The same for the backward pass of its readers. */
static inline const rp_tensor *rp_place_back(const rp_engine *e, int value)
{
    return e->place[value].again_at >= 0 ? &e->place[value].again : rp_place_of(e, value);
}

/* Scratch of a pass, as long as it runs. */
static inline void *rp_step_scratch(const rp_engine *e, const rp_step *s, rp_pass pass)
{
    return e->memory + s->scratch[pass].offset;
}

/* A bias, scale or shift as rp_engine_weights took it. */
float *rp_engine_small(const rp_engine *e, int param);

/* When values live, from the needs of the steps. */
void rp_engine_lifetimes(rp_engine *e);
/* Places of values and scratch in the arena; kernels are planned. */
RP_MUST rp_status rp_engine_places(rp_engine *e);

/* Everything but the memory: sizes, lifetimes, kernels, total bytes.  On failure the engine can
 * still be dropped. */
RP_MUST rp_status rp_engine_plan(const rp_engine_settings *s, rp_engine *e);
