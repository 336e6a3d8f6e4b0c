/* lib/image/distance.c - exact Euclidean distance maps and distances between surfaces. */
#include "lib/image/distance.h"

#include "lib/base/order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Lower envelope of the parabolas f[q] + (s (p - q))^2 over p = 0..n-1, read from and written to
 * every stride-th element of f.  v, z, g: scratch of n, n + 1 and n. */
static void envelope(int64_t n, double s, int64_t stride, double f[], int64_t v[], double z[],
                     double g[])
{
    const double s2 = s * s;
    int64_t k = -1;
    for (int64_t q = 0; q < n; q++) {
        g[q] = f[q * stride];
        if (isinf(g[q])) continue;
        double cross = -INFINITY;
        while (k >= 0) {
            const int64_t p = v[k];
            cross = ((g[q] - g[p]) / s2 + (double)(q * q - p * p)) / (double)(2 * (q - p));
            if (cross > z[k]) break;
            k--;
        }
        if (k < 0) cross = -INFINITY;
        v[++k] = q;
        z[k] = cross;
    }
    if (k < 0) return; /* nothing finite: stays infinite */
    z[k + 1] = INFINITY;
    for (int64_t p = 0, j = 0; p < n; p++) {
        while (z[j + 1] < (double)p) j++;
        const double d = (double)(p - v[j]);
        f[p * stride] = g[v[j]] + s2 * d * d;
    }
}

/* Along x only distances to voxels of the mask count: two sweeps instead of an envelope. */
static void first_axis(int64_t n, double s, const uint8_t mask[], double f[])
{
    int64_t seen = -1;
    for (int64_t i = 0; i < n; i++) {
        if (mask[i]) seen = i;
        f[i] = seen < 0 ? INFINITY : s * s * (double)((i - seen) * (i - seen));
    }
    seen = -1;
    for (int64_t i = n - 1; i >= 0; i--) {
        if (mask[i]) seen = i;
        if (seen < 0) continue;
        const double d = s * s * (double)((seen - i) * (seen - i));
        if (d < f[i]) f[i] = d;
    }
}

rp_status rp_distance_map(const int64_t n[3], const double spacing[3], const uint8_t mask[],
                          double d2[])
{
    RP_AUTOFREE int64_t *v = NULL;
    RP_AUTOFREE double *z = NULL, *g = NULL;
    const int64_t longest = n[0] > n[1] ? n[0] : n[1];
    RP_TRY(rp_alloc(longest, sizeof *v, &v));
    RP_TRY(rp_alloc(longest + 1, sizeof *z, &z));
    RP_TRY(rp_alloc(longest, sizeof *g, &g));
    const int64_t plane = n[1] * n[2];
    for (int64_t row = 0; row < n[0] * n[1]; row++)
        first_axis(n[2], spacing[2], mask + row * n[2], d2 + row * n[2]);
    for (int64_t a = 0; a < n[0]; a++)
        for (int64_t c = 0; c < n[2]; c++)
            envelope(n[1], spacing[1], n[2], d2 + a * plane + c, v, z, g);
    for (int64_t i = 0; i < plane; i++) envelope(n[0], spacing[0], plane, d2 + i, v, z, g);
    return RP_OK;
}

typedef struct box {
    int64_t low[3], high[3]; /* high is one behind */
} box;

static box bounding_box(const int64_t n[3], const uint8_t a[], const uint8_t b[], uint8_t label)
{
    box r = {{n[0], n[1], n[2]}, {0, 0, 0}};
    for (int64_t z = 0, i = 0; z < n[0]; z++)
        for (int64_t y = 0; y < n[1]; y++)
            for (int64_t x = 0; x < n[2]; x++, i++) {
                if (a[i] != label && b[i] != label) continue;
                const int64_t p[3] = {z, y, x};
                for (int k = 0; k < 3; k++) {
                    if (p[k] < r.low[k]) r.low[k] = p[k];
                    if (p[k] + 1 > r.high[k]) r.high[k] = p[k] + 1;
                }
            }
    return r;
}

/* Marks the border of {mask == label} in out, a box of the image. */
static int64_t mark_border(const int64_t n[3], const box *b, const uint8_t mask[], uint8_t label,
                           uint8_t out[])
{
    const int64_t step[3] = {n[1] * n[2], n[2], 1};
    int64_t count = 0, j = 0;
    for (int64_t z = b->low[0]; z < b->high[0]; z++)
        for (int64_t y = b->low[1]; y < b->high[1]; y++)
            for (int64_t x = b->low[2]; x < b->high[2]; x++, j++) {
                const int64_t p[3] = {z, y, x}, i = z * step[0] + y * step[1] + x;
                out[j] = 0;
                if (mask[i] != label) continue;
                for (int k = 0; k < 3 && !out[j]; k++)
                    out[j] = p[k] == 0 || p[k] == n[k] - 1 || mask[i - step[k]] != label ||
                             mask[i + step[k]] != label;
                count += out[j];
            }
    return count;
}

/* Distances from the count voxels of border to the surface whose map is d2. */
static rp_status collect(int64_t voxels, const uint8_t border[], const double d2[], int64_t count,
                         double **out)
{
    RP_TRY(rp_alloc(count, sizeof **out, out));
    for (int64_t i = 0, k = 0; i < voxels; i++)
        if (border[i]) (*out)[k++] = sqrt(d2[i]);
    qsort(*out, (size_t)count, sizeof **out, rp_ascending);
    return RP_OK;
}

static rp_status find(const int64_t n[3], const double spacing[3], const uint8_t reference[],
                      const uint8_t prediction[], uint8_t label, rp_surface_distances *s)
{
    const box b = bounding_box(n, reference, prediction, label);
    if (b.high[0] == 0) return RP_OK;
    int64_t m[3], voxels = 1;
    for (int k = 0; k < 3; k++) voxels *= m[k] = b.high[k] - b.low[k];
    RP_AUTOFREE uint8_t *r = NULL, *p = NULL;
    RP_AUTOFREE double *d2 = NULL;
    RP_TRY(rp_alloc_raw(voxels, 1, &r));
    RP_TRY(rp_alloc_raw(voxels, 1, &p));
    RP_TRY(rp_alloc_raw(voxels, sizeof *d2, &d2));
    s->n_reference = mark_border(n, &b, reference, label, r);
    s->n_prediction = mark_border(n, &b, prediction, label, p);
    RP_TRY(rp_distance_map(m, spacing, p, d2));
    RP_TRY(collect(voxels, r, d2, s->n_reference, &s->to_prediction));
    RP_TRY(rp_distance_map(m, spacing, r, d2));
    return collect(voxels, p, d2, s->n_prediction, &s->to_reference);
}

rp_status rp_surface_distances_find(const int64_t n[3], const double spacing[3],
                                    const uint8_t reference[], const uint8_t prediction[],
                                    uint8_t label, rp_surface_distances *out)
{
    rp_surface_distances s = {0};
    const rp_status st = find(n, spacing, reference, prediction, label, &s);
    if (st != RP_OK)
        rp_surface_distances_clear(&s);
    else
        *out = s;
    return st;
}

void rp_surface_distances_clear(rp_surface_distances *s)
{
    rp_free(s->to_prediction);
    rp_free(s->to_reference);
    *s = (rp_surface_distances){0};
}

rp_status rp_surface_hausdorff(const rp_surface_distances *s, double q, double *mm)
{
    if (s->n_reference == 0 && s->n_prediction == 0) return RP_ENONE;
    if (s->n_reference == 0 || s->n_prediction == 0) {
        *mm = INFINITY;
        return RP_OK;
    }
    const double a = rp_quantile_sorted(s->n_reference, s->to_prediction, q);
    const double b = rp_quantile_sorted(s->n_prediction, s->to_reference, q);
    *mm = a > b ? a : b;
    return RP_OK;
}
