/* lib/net/optimiser.h - optimisers on ranges of the flat parameter array.
 *
 * An update is element by element, so the owner of a block of parameters updates that block alone
 * and gets the bits that one rank with all of them would get. */
#pragma once
#include "lib/base/mem.h"

typedef struct rp_update {
    double scale;    /* factor of the gradient: clipping (rp_clip_scale) */
    double rate;     /* learning rate */
    double momentum; /* 0..1 */
    double decay;    /* weight decay, added to the gradient */
} rp_update;

typedef struct rp_optimiser {
    const char *name, *meaning;
    int state; /* floats of state a parameter, all 0 before the first step */
    /* w, g [n]; v [state][n].  Local, allocates nothing. */
    void (*update)(int64_t n, float w[], const float g[], float v[], const rp_update *u);
} rp_optimiser;

/* The table, ends with a NULL name. */
extern const rp_optimiser rp_optimisers[];
const rp_optimiser *rp_optimiser_find(const char *name);

/* SGD with Nesterov momentum as PyTorch has it:
 *   d = scale g + decay w;  v = momentum v + d;  w -= rate (d + momentum v)
 * with v = 0 before the first step, which gives PyTorch's v = d at the first.  Single precision,
 * each product and sum rounded.  w, g, v [n] must not overlap.  Local. */
void rp_sgd_update(int64_t n, float w[], const float g[], float v[], double scale, double rate,
                   double momentum, double decay);

/* min(1, clip / (norm + 1e-6)); 1 if clip is 0 (no clipping).  As torch's clip_grad_norm_.  A norm
 * that is not finite is the caller's to refuse. */
double rp_clip_scale(double norm, double clip);
/* Sum of squares of g [n] in double, in chunks of 2048 added in order. */
double rp_sum_squares(int64_t n, const float g[]);
/* rate0 (1 - k / K)^0.9 for iteration k of K, 0 <= k <= K. */
double rp_rate_poly(double rate0, int64_t k, int64_t iterations);
