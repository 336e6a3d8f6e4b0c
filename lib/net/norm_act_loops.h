/* lib/net/norm_act_loops.h - loops over a chunk of voxels, built once an instruction set.  They do
 * the same operations in the same order, so they give the same bits. */
#pragma once
#include <stdint.h>

typedef struct rp_norm_loops {
    /* s [channels] += x, s [channels..] += x^2, from 0 */
    void (*sums)(int64_t n, int64_t channels, const float *x, int64_t xs, double *s);
    /* y (and y2, if not NULL) = leaky((x - mean) a + beta); y may be x */
    void (*apply)(int64_t n, int64_t channels, const float *x, int64_t xs, const float *mean,
                  const float *a, const float *beta, float slope, float *y, int64_t ys, float *y2,
                  int64_t y2s);
    /* s [channels] += g, s [channels..] += g (x - mean), with g = dy times the slope at z */
    void (*back_sums)(int64_t n, int64_t channels, const float *x, int64_t xs, const float *dy,
                      int64_t ds, const float *mean, const float *a, const float *beta, float slope,
                      double *s);
    /* dx = a (g - c0 - (x - mean) c1); dx may be dy */
    void (*back_apply)(int64_t n, int64_t channels, const float *x, int64_t xs, const float *dy,
                       int64_t ds, const float *mean, const float *a, const float *beta,
                       float slope, const float *c0, const float *c1, float *dx, int64_t dxs);
} rp_norm_loops;

extern const rp_norm_loops rp_norm_loops_plain, rp_norm_loops_avx2, rp_norm_loops_avx512;
