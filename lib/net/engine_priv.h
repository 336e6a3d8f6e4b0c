/* lib/net/engine_priv.h - inside an engine.
 *
 * Time of a step: layer i runs forward at i, the loss stands at L (the number of layers), layer i
 * runs backward at 2 L - i.
 * A value has a home (dense, for its readers), a slot (its place in a concatenation), or both. */
#pragma once
#include "lib/net/kernel_list.h"
#include "lib/net/layers.h"
#include "lib/net/memory_plan.h"

typedef struct rp_place {
    rp_tensor home, slot; /* data NULL: it has none */
    rp_tensor gradient;
    int64_t size[3];
    int concat, channel; /* value that it is a part of (-1: none), from which channel on */
    bool has_home;
    rp_lifetime home_life, gradient_life;
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
    char *memory; /* one block: arena, packed weights, statistics, scratch, loss */
    size_t bytes, arena, scratch_at, scratch_bytes, target_at, statistics_at, params_at;
    size_t sums_at, sums_bytes;
    void *scratch;
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

/* A bias, scale or shift as rp_engine_weights took it. */
float *rp_engine_small(const rp_engine *e, int param);

/* Everything but the memory: sizes, lifetimes, kernels, total bytes.  On failure the engine can
 * still be dropped. */
RP_MUST rp_status rp_engine_plan(const rp_engine_settings *s, rp_engine *e);
