/* lib/radiomics/regrid.c - interpolation to another spacing, grid centres kept, as IBSI has it. */
#include "lib/radiomics/regrid.h"

#include "lib/image/resample.h"
#include "lib/radiomics/roi.h"

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
        index[a] = (double)(from->n[a] - 1) / 2 -
                   (double)(to.n[a] - 1) / 2 * spacing[a] / from->spacing[a];
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
    taps s = {.count = 4,
              .weight = {u * u * u / 6, 2.0 / 3 - t * t * (2 - t) / 2,
                         2.0 / 3 - u * u * (2 - u) / 2, t * t * t / 6}};
    for (int j = 0; j < 4; j++) s.at[j] = clamp(k - 1 + j + PAD, n + 2 * PAD);
    return s;
}

/* in [outer][n][inner] to spline coefficients [outer][n + 2 PAD][inner] along the middle axis. */
static rp_status coefficients(int64_t outer, int64_t n, int64_t inner, const double in[],
                              double **out)
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
            for (int64_t k = 0; k < inner; k++)
                to[k] = t[i].weight[0] * from[t[i].at[0] * inner + k];
            for (int j = 1; j < t[i].count; j++) {
                const double w = t[i].weight[j], *line = from + t[i].at[j] * inner;
                for (int64_t k = 0; k < inner; k++) to[k] += w * line[k];
            }
        }
}

/* Place of the new axis' voxel 0 on the old one, and its step, in old voxels. */
static void axis_of(const rp_grid *from, const rp_grid *to, int a, double *first, double *step)
{
    const bool is_same = to->n[a] == from->n[a] && to->spacing[a] == from->spacing[a];
    *step = is_same ? 1 : to->spacing[a] / from->spacing[a];
    *first = is_same ? 0 : (double)(from->n[a] - 1) / 2 - (double)(to->n[a] - 1) / 2 * *step;
}

rp_regrid_part rp_regrid_whole(const rp_grid *from, const rp_grid *to)
{
    rp_regrid_part p = {{0}, {0}, {0}, {0}};
    memcpy(p.in_n, from->n, sizeof p.in_n);
    memcpy(p.out_n, to->n, sizeof p.out_n);
    return p;
}

rp_regrid_part rp_regrid_around(const rp_grid *from, const rp_grid *to, const int64_t low[3],
                                const int64_t high[3], double margin, int order)
{
    rp_regrid_part p;
    for (int a = 0; a < 3; a++) {
        double first, step;
        axis_of(from, to, a, &first, &step);
        const double reach = margin / to->spacing[a] + 1;
        p.out_low[a] = clamp((int64_t)floor(((double)low[a] - 1 - first) / step - reach), to->n[a]);
        p.out_n[a] = clamp((int64_t)ceil(((double)high[a] - first) / step + reach), to->n[a]) + 1 -
                     p.out_low[a];
        const int64_t more = order == 3 ? PAD + 2 : 1, last = p.out_low[a] + p.out_n[a] - 1;
        p.in_low[a] = clamp((int64_t)floor(first + (double)p.out_low[a] * step) - more, from->n[a]);
        p.in_n[a] =
            clamp((int64_t)ceil(first + (double)last * step) + more, from->n[a]) + 1 - p.in_low[a];
    }
    return p;
}

/* Axis a of an array with now[] voxels, whose voxel 0 along a is in_low of the old grid. */
static rp_status regrid_axis(const int64_t now[3], int a, const double in[],
                             const rp_regrid_part *part, double first, double step, int order,
                             double **out)
{
    int64_t outer = 1, inner = 1, voxels;
    const int64_t n = now[a], m = part->out_n[a];
    for (int k = 0; k < a; k++) outer *= now[k];
    for (int k = a + 1; k < 3; k++) inner *= now[k];
    RP_AUTOFREE double *next = NULL, *spline = NULL;
    RP_AUTOFREE taps *t = NULL;
    RP_TRY(rp_product(3, (int64_t[]){outer, m, inner}, &voxels));
    RP_TRY(rp_alloc_raw(voxels, sizeof *next, &next));
    RP_TRY(rp_alloc_raw(m, sizeof *t, &t));
    for (int64_t i = 0; i < m; i++)
        t[i] = taps_at(first + (double)(part->out_low[a] + i) * step - (double)part->in_low[a], n,
                       order);
    if (order == 3) RP_TRY(coefficients(outer, n, inner, in, &spline));
    sample_axis(outer, order == 3 ? n + 2 * PAD : n, inner, spline ? spline : in, m, t, next);
    *out = RP_TAKE(next);
    return RP_OK;
}

rp_status rp_regrid_image(const rp_grid *from, const rp_grid *to, const rp_regrid_part *part,
                          const double in[], int order, double **out)
{
    RP_NEED(order == 0 || order == 1 || order == 3, RP_EARG, "interpolation order %d", order);
    RP_AUTOFREE double *current = NULL;
    int64_t now[3] = {part->in_n[0], part->in_n[1], part->in_n[2]};
    for (int a = 2; a >= 0; a--) {
        double first, step, *next = NULL;
        axis_of(from, to, a, &first, &step);
        const bool is_same = first == 0 && step == 1;
        if (is_same && part->out_low[a] == part->in_low[a] && part->out_n[a] == now[a]) continue;
        RP_TRY(regrid_axis(now, a, current ? current : in, part, first, step, is_same ? 0 : order,
                           &next));
        rp_free(current);
        current = next;
        now[a] = part->out_n[a];
    }
    if (!current) {
        const int64_t voxels = now[0] * now[1] * now[2];
        RP_TRY(rp_alloc_raw(voxels, sizeof *current, &current));
        memcpy(current, in, (size_t)voxels * sizeof *current);
    }
    *out = RP_TAKE(current);
    return RP_OK;
}

/* How far (voxels) the centre of a voxel of one grid lies outside another; 0 inside. */
static rp_status distance_outside(const rp_grid *from, const double index[3], const rp_grid *to,
                                  double *out)
{
    double lps[3], there[3];
    rp_grid_position(from, index, lps);
    RP_TRY(rp_grid_index(to, lps, there));
    for (int a = 0; a < 3; a++)
        *out = fmax(*out, fmax(-0.5 - there[a], there[a] - (double)to->n[a] + 0.5) - 1e-6);
    return RP_OK;
}

/* The corners of each row's part in the mask are enough: a box is convex. */
static rp_status need_inside(const rp_grid *from, const uint8_t mask[], const rp_grid *to)
{
    double far = 0;
    for (int64_t r = 0; r < from->n[0] * from->n[1]; r++) {
        const uint8_t *row = mask + r * from->n[2], *first = memchr(row, 1, (size_t)from->n[2]),
                      *last = memrchr(row, 1, (size_t)from->n[2]);
        if (!first) continue;
        const int64_t z = r / from->n[1], y = r % from->n[1];
        double index[3] = {(double)z, (double)y, (double)(first - row)};
        RP_TRY(distance_outside(from, index, to, &far));
        index[2] = (double)(last - row);
        RP_TRY(distance_outside(from, index, to, &far));
    }
    RP_NEED(far <= 0, RP_EDATA, "the region reaches %.3g voxels beyond the image", far);
    return RP_OK;
}

rp_status rp_regrid_mask(const rp_grid *from, const uint8_t mask[], const rp_grid *to,
                         uint8_t out[])
{
    int64_t low[3], high[3];
    const int64_t m = rp_grid_voxels(to);
    memset(out, 0, (size_t)m);
    if (!rp_mask_box(from->n, mask, low, high)) return RP_OK;
    RP_TRY(need_inside(from, mask, to));
    /* The box and a layer of outside around it: beyond that nothing is covered. */
    rp_grid box = *from;
    const double first[3] = {(double)low[0] - 1, (double)low[1] - 1, (double)low[2] - 1};
    double origin[3];
    rp_grid_position(from, first, origin);
    memcpy(box.origin, origin, sizeof origin);
    for (int a = 0; a < 3; a++) box.n[a] = high[a] - low[a] + 2;
    RP_AUTOFREE float *in = NULL, *there = NULL;
    RP_TRY(rp_alloc(rp_grid_voxels(&box), sizeof *in, &in));
    RP_TRY(rp_alloc_raw(m, sizeof *there, &there));
    for (int64_t z = low[0]; z < high[0]; z++)
        for (int64_t y = low[1]; y < high[1]; y++)
            for (int64_t x = low[2]; x < high[2]; x++)
                in[((z - low[0] + 1) * box.n[1] + y - low[1] + 1) * box.n[2] + x - low[2] + 1] =
                    mask[(z * from->n[1] + y) * from->n[2] + x] != 0;
    RP_TRY(rp_resample(&box, in, to, 1, 0, there));
    for (int64_t i = 0; i < m; i++) out[i] = there[i] >= 0.5F - 1e-6F;
    return RP_OK;
}
