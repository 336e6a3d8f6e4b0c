/* lib/radiomics/perturb.c - an image and its mask as another scan or observer might give them. */
#include "lib/radiomics/perturb.h"

#include "lib/base/digest.h"
#include "lib/base/random.h"
#include "lib/image/resample.h"
#include "lib/radiomics/convolve.h"
#include "lib/radiomics/filter.h"
#include "lib/radiomics/order.h"
#include "lib/radiomics/regrid.h"
#include "lib/radiomics/supervoxels.h"

#include <math.h>
#include <string.h>

/* Samples of a repetition: one for its geometry, one for its contour, then one a voxel. */
enum { GEOMETRY, CONTOUR, FIRST_VOXEL };
static uint64_t sample_of(uint64_t repetition, int64_t what)
{
    return repetition << 44 | (uint64_t)what;
}

uint64_t rp_perturb_key(const char *case_name, const char *region)
{
    uint8_t first[RP_DIGEST_BYTES], digest[RP_DIGEST_BYTES];
    uint64_t key = 0;
    /* One name as the other's key: "a", "bc" is another pair than "ab", "c". */
    rp_digest_bytes(NULL, strlen(case_name), case_name, first);
    rp_digest_bytes(first, strlen(region), region, digest);
    for (int i = 0; i < 8; i++) key = key << 8 | digest[i];
    return key;
}

rp_perturbation rp_perturbation_draw(const rp_perturb_settings *s, uint64_t region, int repetition)
{
    rp_perturbation p = {.noise = s->noise,
                         .supervoxel = s->supervoxel,
                         .seed = s->seed ^ region,
                         .repetition = (uint64_t)repetition};
    rp_random r;
    rp_random_start(p.seed, RP_RANDOM_PERTURB, sample_of(p.repetition, GEOMETRY), &r);
    p.angle = rp_random_range(&r, -1, 1) * s->rotation;
    for (int a = 0; a < 3; a++) p.shift[a] = rp_random_range(&r, -1, 1) * s->translation;
    return p;
}

rp_status rp_noise_level(const int64_t n[3], const double image[], double *sd)
{
    const int64_t voxels = n[0] * n[1] * n[2];
    *sd = 0;
    if (n[1] < 8 || n[2] < 8) return RP_OK;
    RP_AUTOFREE double *d = NULL, *line = NULL;
    rp_kernel k;
    RP_TRY(rp_alloc_raw(voxels, sizeof *d, &d));
    RP_TRY(rp_alloc_raw(voxels, sizeof *line, &line));
    RP_TRY(rp_kernel_wavelet("coif1", true, 1, &k));
    RP_TRY(rp_convolve(n, 2, &k, false, RP_EDGE_MIRROR, image, line));
    RP_TRY(rp_convolve(n, 1, &k, false, RP_EDGE_MIRROR, line, d));
    for (int64_t i = 0; i < voxels; i++) d[i] = fabs(d[i]);
    RP_TRY(rp_sort_doubles(voxels, d));
    *sd = rp_quantile_sorted(voxels, d, 0.5) / 0.6745;
    return RP_OK;
}

/* The noise around the mask: in its box and 16 pixels around it. */
static rp_status noise_around(const rp_grid *grid, const double image[], const int64_t low[3],
                              const int64_t high[3], double *sd)
{
    int64_t from[3] = {low[0], low[1] - 16, low[2] - 16}, n[3];
    for (int a = 0; a < 3; a++) {
        const int64_t to = a == 0 || high[a] + 16 > grid->n[a] ? high[a] : high[a] + 16;
        from[a] = from[a] < 0 ? 0 : from[a];
        n[a] = to - from[a];
    }
    RP_AUTOFREE double *x = NULL;
    RP_TRY(rp_alloc_raw(n[0] * n[1] * n[2], sizeof *x, &x));
    for (int64_t r = 0; r < n[0] * n[1]; r++)
        memcpy(x + r * n[2],
               image + ((r / n[1] + from[0]) * grid->n[1] + r % n[1] + from[1]) * grid->n[2] +
                   from[2],
               (size_t)n[2] * sizeof *x);
    return rp_noise_level(n, x, sd);
}

/* A part of the source: the whole along z as far as the margin, in the plane the circle in which
 * the part turns. */
typedef struct part {
    int64_t low[3], n[3];
    rp_grid grid;
    double *image;
    uint8_t *mask;
} part;

static rp_status take_part(const rp_grid *grid, const double image[], const uint8_t mask[],
                           const int64_t low[3], const int64_t high[3], double margin, part *p)
{
    const double *s = grid->spacing;
    const double half[2] = {(double)(high[1] - low[1]) / 2 * s[1] + margin,
                            (double)(high[2] - low[2]) / 2 * s[2] + margin};
    const double reach[3] = {margin + 3 * s[0], sqrt(half[0] * half[0] + half[1] * half[1]),
                             sqrt(half[0] * half[0] + half[1] * half[1])};
    for (int a = 0; a < 3; a++) {
        const double middle = (double)(low[a] + high[a] - 1) / 2,
                     far = a == 0 ? (double)(high[0] - low[0]) / 2 + reach[0] / s[0]
                                  : reach[a] / s[a] + 20; /* the spline's filter dies down */
        const double from = floor(middle - far), to = ceil(middle + far);
        p->low[a] = margin < 0 || from < 0 ? 0 : (int64_t)from;
        p->n[a] = (margin < 0 || to > (double)(grid->n[a] - 1) ? grid->n[a] : (int64_t)to + 1) -
                  p->low[a];
    }
    const double index[3] = {(double)p->low[0], (double)p->low[1], (double)p->low[2]};
    p->grid = *grid;
    rp_grid_position(grid, index, p->grid.origin);
    memcpy(p->grid.n, p->n, sizeof p->n);
    RP_TRY(rp_alloc_raw(rp_grid_voxels(&p->grid), sizeof *p->image, &p->image));
    RP_TRY(rp_alloc_raw(rp_grid_voxels(&p->grid), 1, &p->mask));
    for (int64_t z = 0; z < p->n[0]; z++)
        for (int64_t y = 0; y < p->n[1]; y++) {
            const int64_t from =
                ((z + p->low[0]) * grid->n[1] + y + p->low[1]) * grid->n[2] + p->low[2];
            memcpy(p->image + (z * p->n[1] + y) * p->n[2], image + from,
                   (size_t)p->n[2] * sizeof *image);
            memcpy(p->mask + (z * p->n[1] + y) * p->n[2], mask + from, (size_t)p->n[2]);
        }
    return RP_OK;
}

/* How far turn and shift take the mask's box out of itself, mm. */
static double turning(const rp_grid *grid, const rp_roi_settings *s, const rp_perturbation *t,
                      const int64_t low[3], const int64_t high[3])
{
    double half = 0, shift = 0;
    for (int a = 0; a < 3; a++) {
        const double to = s->spacing[a] > 0 ? s->spacing[a] : grid->spacing[a];
        shift = fmax(shift, fabs(t->shift[a]) * to);
        if (a > 0) half = fmax(half, (double)(high[a] - low[a]) / 2 * grid->spacing[a]);
    }
    return half * fabs(sin(t->angle * acos(-1.0) / 180)) + shift;
}

/* Noise of a voxel follows from its place in the whole image. */
static void add_noise(const rp_grid *whole, const rp_perturbation *t, double sd, part *p)
{
    for (int64_t z = 0, i = 0; z < p->n[0]; z++)
        for (int64_t y = 0; y < p->n[1]; y++)
            for (int64_t x = 0; x < p->n[2]; x++, i++) {
                const int64_t at =
                    ((z + p->low[0]) * whole->n[1] + y + p->low[1]) * whole->n[2] + x + p->low[2];
                rp_random r;
                rp_random_start(t->seed, RP_RANDOM_PERTURB,
                                sample_of(t->repetition, FIRST_VOXEL + at), &r);
                p->image[i] += sd * rp_random_normal(&r);
            }
}

/* The grid turned about centre and shifted. */
static void turn_grid(rp_grid *g, const double centre[3], const rp_perturbation *t)
{
    const double angle = t->angle * acos(-1.0) / 180, c = cos(angle), s = sin(angle);
    double along[3], dir[3][3], from[3];
    for (int k = 0; k < 3; k++) from[k] = g->origin[k] - centre[k];
    for (int a = 0; a < 3; a++)
        along[a] = from[0] * g->dir[a][0] + from[1] * g->dir[a][1] + from[2] * g->dir[a][2];
    for (int k = 0; k < 3; k++) {
        dir[0][k] = g->dir[0][k];
        dir[1][k] = c * g->dir[1][k] - s * g->dir[2][k];
        dir[2][k] = c * g->dir[2][k] + s * g->dir[1][k];
    }
    memcpy(g->dir, dir, sizeof dir);
    for (int k = 0; k < 3; k++) {
        g->origin[k] = centre[k];
        for (int a = 0; a < 3; a++)
            g->origin[k] += (along[a] + t->shift[a] * g->spacing[a]) * dir[a][k];
    }
}

/* Image and mask of the part at the voxels of grid to. */
static rp_status resample(const part *p, const rp_grid *to, const rp_roi_settings *s,
                          double **image, uint8_t **mask)
{
    const int64_t n = rp_grid_voxels(&p->grid), m = rp_grid_voxels(to);
    RP_AUTOFREE float *in = NULL, *there = NULL;
    RP_AUTOFREE double *values = NULL;
    RP_AUTOFREE uint8_t *inside = NULL;
    float lowest = INFINITY;
    RP_TRY(rp_alloc_raw(n, sizeof *in, &in));
    RP_TRY(rp_alloc_raw(m, sizeof *there, &there));
    RP_TRY(rp_alloc_raw(m, sizeof *values, &values));
    RP_TRY(rp_alloc_raw(m, 1, &inside));
    for (int64_t i = 0; i < n; i++) {
        in[i] = (float)(s->is_integer ? rint(p->image[i]) : p->image[i]);
        lowest = in[i] < lowest ? in[i] : lowest;
    }
    RP_TRY(rp_resample(&p->grid, in, to, s->image_order, lowest, there));
    for (int64_t i = 0; i < m; i++) values[i] = s->is_integer ? rint(there[i]) : there[i];
    for (int64_t i = 0; i < n; i++) in[i] = p->mask[i] != 0;
    RP_TRY(rp_resample(&p->grid, in, to, s->mask_order, 0, there));
    for (int64_t i = 0; i < m; i++) inside[i] = there[i] >= s->mask_threshold - 1e-6;
    *image = RP_TAKE(values);
    *mask = RP_TAKE(inside);
    return RP_OK;
}

/* Draws the mask anew in its box and two supervoxels around it. */
static rp_status redraw(const rp_grid *g, const double image[], const rp_perturbation *t,
                        uint8_t mask[])
{
    int64_t low[3], high[3], n[3];
    if (!rp_mask_box(g->n, mask, low, high)) return RP_OK;
    for (int a = 0; a < 3; a++) {
        const int64_t more = (int64_t)ceil(2 * cbrt(t->supervoxel) / g->spacing[a]);
        low[a] = low[a] > more ? low[a] - more : 0;
        high[a] = high[a] + more < g->n[a] ? high[a] + more : g->n[a];
        n[a] = high[a] - low[a];
    }
    const int64_t voxels = n[0] * n[1] * n[2];
    RP_AUTOFREE double *x = NULL;
    RP_AUTOFREE uint8_t *m = NULL;
    RP_AUTOFREE int32_t *label = NULL;
    int32_t count;
    RP_TRY(rp_alloc_raw(voxels, sizeof *x, &x));
    RP_TRY(rp_alloc_raw(voxels, 1, &m));
    RP_TRY(rp_alloc_raw(voxels, sizeof *label, &label));
    for (int64_t r = 0; r < n[0] * n[1]; r++) {
        const int64_t from = ((r / n[1] + low[0]) * g->n[1] + r % n[1] + low[1]) * g->n[2] + low[2];
        memcpy(x + r * n[2], image + from, (size_t)n[2] * sizeof *x);
        memcpy(m + r * n[2], mask + from, (size_t)n[2]);
    }
    RP_TRY(rp_supervoxels(n, g->spacing, x, t->supervoxel, label, &count));
    RP_TRY(rp_contour_randomise(voxels, count, label, m, t->seed, sample_of(t->repetition, CONTOUR),
                                m));
    for (int64_t r = 0; r < n[0] * n[1]; r++)
        memcpy(mask + ((r / n[1] + low[0]) * g->n[1] + r % n[1] + low[1]) * g->n[2] + low[2],
               m + r * n[2], (size_t)n[2]);
    return RP_OK;
}

static rp_status perturb(const rp_grid *grid, const rp_roi_settings *s, const rp_perturbation *t,
                         double margin, const int64_t low[3], const int64_t high[3], part *p,
                         rp_roi **out)
{
    RP_AUTOFREE double *image = NULL;
    RP_AUTOFREE uint8_t *mask = NULL;
    rp_grid to = rp_regrid(grid, s->spacing);
    const rp_regrid_part q = margin < 0
                                 ? rp_regrid_whole(grid, &to)
                                 : rp_regrid_around(grid, &to, low, high, margin, s->image_order);
    const double first[3] = {(double)q.out_low[0], (double)q.out_low[1], (double)q.out_low[2]},
                 middle[3] = {(double)(low[0] + high[0] - 1) / 2,
                              (double)(low[1] + high[1] - 1) / 2,
                              (double)(low[2] + high[2] - 1) / 2};
    double origin[3], centre[3];
    rp_grid_position(&to, first, origin);
    rp_grid_position(grid, middle, centre);
    memcpy(to.origin, origin, sizeof origin);
    memcpy(to.n, q.out_n, sizeof to.n);
    turn_grid(&to, centre, t);
    RP_TRY(resample(p, &to, s, &image, &mask));
    if (t->supervoxel > 0) RP_TRY(redraw(&to, image, t, mask));
    return rp_roi_take(&to, &image, &mask, s, out);
}

rp_status rp_roi_perturbed(const rp_grid *grid, const double image[], const uint8_t mask[],
                           const rp_roi_settings *s, const rp_perturbation *t, double margin,
                           rp_roi **out)
{
    int64_t low[3], high[3];
    part p = {.image = NULL};
    double sd = 0;
    if (!rp_mask_box(grid->n, mask, low, high))
        return rp_roi_new(grid, image, mask, s, margin, out);
    const double wide = margin < 0 ? margin : margin + turning(grid, s, t, low, high);
    rp_status st = t->noise > 0 ? noise_around(grid, image, low, high, &sd) : RP_OK;
    if (st == RP_OK) st = take_part(grid, image, mask, low, high, wide, &p);
    if (st == RP_OK && t->noise > 0) add_noise(grid, t, sd * t->noise, &p);
    for (int64_t i = 0; st == RP_OK && i < rp_grid_voxels(&p.grid); i++)
        if (!isfinite(p.image[i]))
            st = rp_error_set(RP_ENUM, __FILE__, __LINE__, __func__,
                              "an intensity of the image is not finite");
    if (st == RP_OK) st = perturb(grid, s, t, wide, low, high, &p, out);
    rp_free(p.image);
    rp_free(p.mask);
    return st;
}
