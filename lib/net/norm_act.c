/* lib/net/norm_act.c - norm and activation: chunks, and what lies between the passes. */
#include "lib/net/norm_act.h"

#include "lib/net/kernels.h"
#include "lib/net/norm_act_loops.h"

#include <math.h>
#include <string.h>

static const rp_norm_loops *loops(void)
{
#if defined(__x86_64__)
    switch (rp_isa_here()) {
    case RP_ISA_AVX512: return &rp_norm_loops_avx512;
    case RP_ISA_AVX2: return &rp_norm_loops_avx2;
    case RP_ISA_PLAIN: break;
    }
#endif
    return &rp_norm_loops_plain;
}

static int64_t chunks_of(int64_t voxels) { return (voxels + RP_NORM_CHUNK - 1) / RP_NORM_CHUNK; }

/* Scratch: sums of the chunks and their total (2 doubles a channel each), then two rows of floats.
 */
size_t rp_norm_act_scratch(int64_t voxels, int64_t channels)
{
    const size_t sums = (size_t)((chunks_of(voxels) + 1) * 2 * channels) * sizeof(double);
    return sums + (size_t)(2 * channels) * sizeof(float);
}

/* Chunk k of n voxels: its first voxel and its length. */
static int64_t chunk(int64_t k, int64_t n, int64_t *first)
{
    *first = k * RP_NORM_CHUNK;
    return n - *first < RP_NORM_CHUNK ? n - *first : RP_NORM_CHUNK;
}

/* total [count] = chunks added in order; sums [chunks][count]. */
static void add_chunks(int64_t chunks, int64_t count, const double sums[], double total[])
{
    for (int64_t i = 0; i < count; i++) total[i] = 0;
    for (int64_t k = 0; k < chunks; k++)
        for (int64_t i = 0; i < count; i++) total[i] += sums[k * count + i];
}

/* Sums of x and x^2 into the scratch; returns the totals. */
static double *sum_squares(const rp_tensor *x, void *scratch)
{
    const rp_norm_loops *l = loops();
    const int64_t n = rp_tensor_voxels(x), c = x->shape[1], chunks = chunks_of(n);
    double *total = scratch, *sums = total + 2 * c;
#pragma omp parallel for schedule(static)
    for (int64_t k = 0; k < chunks; k++) {
        int64_t first;
        const int64_t count = chunk(k, n, &first);
        l->sums(count, c, x->data + first * x->stride, x->stride, sums + k * 2 * c);
    }
    add_chunks(chunks, 2 * c, sums, total);
    return total;
}

static float *rows_of(const rp_tensor *x, void *scratch)
{
    const int64_t c = x->shape[1];
    return (float *)(void *)((double *)scratch + (chunks_of(rp_tensor_voxels(x)) + 1) * 2 * c);
}

static void apply(const rp_norm_act *norm, const rp_tensor *x, const rp_tensor *y,
                  const rp_tensor *y2)
{
    const rp_norm_loops *l = loops();
    const int64_t n = rp_tensor_voxels(x), c = x->shape[1];
    const float *mean = norm->stat, *a = mean + 2 * c;
#pragma omp parallel for schedule(static)
    for (int64_t k = 0; k < chunks_of(n); k++) {
        int64_t first;
        const int64_t count = chunk(k, n, &first);
        l->apply(count, c, x->data + first * x->stride, x->stride, mean, a, norm->beta,
                 (float)norm->slope, y->data + first * y->stride, y->stride,
                 y2 && y2->data ? y2->data + first * y2->stride : NULL, y2 ? y2->stride : 0);
    }
}

void rp_norm_act_forward(const rp_norm_act *norm, const rp_tensor *x, const rp_tensor *y,
                         const rp_tensor *y2)
{
    const int64_t n = rp_tensor_voxels(x), c = x->shape[1];
    double *total = norm->scratch;
    if (norm->parts > 0)
        add_chunks(norm->parts, 2 * c, norm->sums, total);
    else
        total = sum_squares(x, norm->scratch);
    float *mean = norm->stat, *rstd = mean + c, *a = rstd + c;
    for (int64_t i = 0; i < c; i++) {
        const double m = total[i] / (double)n, var = total[c + i] / (double)n - m * m;
        mean[i] = (float)m;
        rstd[i] = (float)(1 / sqrt((var > 0 ? var : var == var ? 0 : var) + norm->eps));
        a[i] = norm->gamma[i] * rstd[i];
    }
    apply(norm, x, y, y2);
}

void rp_norm_act_again(const rp_norm_act *norm, const rp_tensor *x, const rp_tensor *y)
{
    apply(norm, x, y, NULL);
}

void rp_norm_act_backward(const rp_norm_act *norm, const rp_tensor *x, const rp_tensor *dy,
                          const rp_tensor *dx, float dgamma[], float dbeta[])
{
    const rp_norm_loops *l = loops();
    const int64_t n = rp_tensor_voxels(x), c = x->shape[1], chunks = chunks_of(n);
    const float *mean = norm->stat, *rstd = mean + c, *a = rstd + c, slope = (float)norm->slope;
    double *total = norm->scratch, *sums = total + 2 * c;
    float *c0 = rows_of(x, norm->scratch), *c1 = c0 + c;
#pragma omp parallel for schedule(static)
    for (int64_t k = 0; k < chunks; k++) {
        int64_t first;
        const int64_t count = chunk(k, n, &first);
        l->back_sums(count, c, x->data + first * x->stride, x->stride,
                     dy->data + first * dy->stride, dy->stride, mean, a, norm->beta, slope,
                     sums + k * 2 * c);
    }
    add_chunks(chunks, 2 * c, sums, total);
    for (int64_t i = 0; i < c; i++) {
        /* dx = a (g - mean(g) - xhat mean(g xhat)) */
        const double r = (double)rstd[i];
        dbeta[i] = (float)total[i];
        dgamma[i] = (float)(total[c + i] * r);
        c0[i] = (float)(total[i] / (double)n);
        c1[i] = (float)(total[c + i] * r * r / (double)n);
    }
#pragma omp parallel for schedule(static)
    for (int64_t k = 0; k < chunks; k++) {
        int64_t first;
        const int64_t count = chunk(k, n, &first);
        l->back_apply(count, c, x->data + first * x->stride, x->stride,
                      dy->data + first * dy->stride, dy->stride, mean, a, norm->beta, slope, c0, c1,
                      dx->data + first * dx->stride, dx->stride);
    }
}

void rp_channel_sums(const rp_tensor *x, void *scratch, float sum[])
{
    const double *total = sum_squares(x, scratch);
    for (int64_t i = 0; i < x->shape[1]; i++) sum[i] = (float)total[i];
}

void rp_tensor_copy(const rp_tensor *from, const rp_tensor *to)
{
    const int64_t n = rp_tensor_voxels(from), c = from->shape[1];
#pragma omp parallel for schedule(static)
    for (int64_t v = 0; v < n; v++)
        memcpy(to->data + v * to->stride, from->data + v * from->stride, (size_t)c * sizeof(float));
}
