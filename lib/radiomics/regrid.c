/* lib/radiomics/regrid.c - interpolation to another spacing, grid centres kept, as IBSI has it. */
#include "lib/radiomics/regrid.h"

#include "lib/image/resample.h"

#include <math.h>
#include <string.h>

enum { PAD = 16 }; /* edge voxels that take part in the spline's filter; pole^16 is 1e-9 */

rp_grid rp_regrid(const rp_grid *from, const double spacing[3])
{
    rp_grid to = *from;
    double index[3] = {0, 0, 0};
    for (int a = 0; a < 3; a++) {
        if (spacing[a] <= 0 || spacing[a] == from->spacing[a]) continue;
        /* A product that float spacings bring just above an integer is that integer. */
        const double extent = (double)from->n[a] * from->spacing[a] / spacing[a];
        const int64_t n = (int64_t)ceil(extent * (1 - 1e-6));
        to.n[a] = n < 1 ? 1 : n;
        to.spacing[a] = spacing[a];
        index[a] = (double)(from->n[a] - 1) / 2 - (double)(to.n[a] - 1) / 2 * spacing[a] / from->spacing[a];
    }
    rp_grid_position(from, index, to.origin);
    return to;
}

/* The taps of one new voxel: the first of four (padded) places and their weights. */
typedef struct taps {
    int64_t at[4];
    double weight[4];
    int count;
} taps;

static int64_t clamp(int64_t i, int64_t n) { return i < 0 ? 0 : i >= n ? n - 1 : i; }

static taps taps_at(double p, int64_t n, int order)
{
    const int64_t k = (int64_t)floor(p);
    const double t = p - (double)k, u = 1 - t;
    if (order == 0) return (taps){{clamp((int64_t)floor(p + 0.5), n)}, {1}, 1};
    if (order == 1) return (taps){{clamp(k, n), clamp(k + 1, n)}, {u, t}, 2};
    taps s = {.count = 4, .weight = {u * u * u / 6, 2.0 / 3 - t * t * (2 - t) / 2, 2.0 / 3 - u * u * (2 - u) / 2, t * t * t / 6}};
    for (int j = 0; j < 4; j++) s.at[j] = clamp(k - 1 + j + PAD, n + 2 * PAD);
    return s;
}

/* in [outer][n][inner] to spline coefficients [outer][n + 2 PAD][inner] along the middle axis. */
static rp_status coefficients(int64_t outer, int64_t n, int64_t inner, const double in[], double **out)
{
    const int64_t m = n + 2 * PAD;
    RP_AUTOFREE double *c = NULL, *line = NULL;
    int64_t voxels;
    RP_TRY(rp_product(3, (int64_t[]){outer, m, inner}, &voxels));
    RP_TRY(rp_alloc_raw(voxels, sizeof *c, &c));
    RP_TRY(rp_alloc_raw(m, sizeof *line, &line));
    for (int64_t o = 0; o < outer; o++)
        for (int64_t k = 0; k < inner; k++) {
            for (int64_t i = 0; i < m; i++) line[i] = in[(o * n + clamp(i - PAD, n)) * inner + k];
            rp_spline_filter(m, 1, line);
            for (int64_t i = 0; i < m; i++) c[(o * m + i) * inner + k] = line[i];
        }
    *out = RP_TAKE(c);
    return RP_OK;
}

/* One axis: in [outer][n][inner] to out [outer][m][inner]. */
static void sample_axis(int64_t outer, int64_t rows, int64_t inner, const double in[], int64_t m,
                        const taps t[], double out[])
{
    for (int64_t o = 0; o < outer; o++)
        for (int64_t i = 0; i < m; i++) {
            double *to = out + (o * m + i) * inner;
            const double *from = in + o * rows * inner;
            for (int64_t k = 0; k < inner; k++) to[k] = t[i].weight[0] * from[t[i].at[0] * inner + k];
            for (int j = 1; j < t[i].count; j++) {
                const double w = t[i].weight[j], *line = from + t[i].at[j] * inner;
                for (int64_t k = 0; k < inner; k++) to[k] += w * line[k];
            }
        }
}

static rp_status regrid_axis(const int64_t now[3], int axis, const double in[], int64_t m, double step, int order,
                             double **out)
{
    int64_t outer = 1, inner = 1, voxels;
    const int64_t n = now[axis];
    for (int a = 0; a < axis; a++) outer *= now[a];
    for (int a = axis + 1; a < 3; a++) inner *= now[a];
    RP_AUTOFREE double *next = NULL, *spline = NULL;
    RP_AUTOFREE taps *t = NULL;
    RP_TRY(rp_product(3, (int64_t[]){outer, m, inner}, &voxels));
    RP_TRY(rp_alloc_raw(voxels, sizeof *next, &next));
    RP_TRY(rp_alloc_raw(m, sizeof *t, &t));
    const double first = (double)(n - 1) / 2 - (double)(m - 1) / 2 * step;
    for (int64_t i = 0; i < m; i++) t[i] = taps_at(first + (double)i * step, n, order);
    if (order == 3) RP_TRY(coefficients(outer, n, inner, in, &spline));
    sample_axis(outer, order == 3 ? n + 2 * PAD : n, inner, spline ? spline : in, m, t, next);
    *out = RP_TAKE(next);
    return RP_OK;
}

rp_status rp_regrid_image(const rp_grid *from, const double in[], const rp_grid *to, int order, double **out)
{
    RP_NEED(order == 0 || order == 1 || order == 3, RP_EARG, "interpolation order %d", order);
    RP_AUTOFREE double *current = NULL;
    int64_t now[3] = {from->n[0], from->n[1], from->n[2]};
    for (int a = 2; a >= 0; a--) {
        if (to->n[a] == now[a] && to->spacing[a] == from->spacing[a]) continue;
        double *next = NULL;
        RP_TRY(regrid_axis(now, a, current ? current : in, to->n[a], to->spacing[a] / from->spacing[a], order, &next));
        rp_free(current);
        current = next;
        now[a] = to->n[a];
    }
    if (!current) {
        RP_TRY(rp_alloc_raw(rp_grid_voxels(from), sizeof *current, &current));
        memcpy(current, in, (size_t)rp_grid_voxels(from) * sizeof *current);
    }
    *out = RP_TAKE(current);
    return RP_OK;
}
