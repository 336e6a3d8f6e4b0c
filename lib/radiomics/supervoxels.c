/* lib/radiomics/supervoxels.c - supervoxels (SLIC), and contours drawn anew along them. */
#include "lib/radiomics/supervoxels.h"

#include "lib/base/random.h"

#include <math.h>

enum { TURNS = 10 };

/* A cluster: its centre in mm and intensity, and what its voxels add up to. */
typedef struct cluster {
    double at[3], value, sum[3], total, count;
} cluster;

typedef struct clustering {
    const int64_t *n;
    const double *spacing, *image;
    double step, sd; /* S, mm; 1 where all values are the same */
    int32_t count;
    cluster *list;
    double *distance; /* [voxels] to the nearest centre so far */
    int32_t *label;
} clustering;

static double spread_of(int64_t n, const double x[])
{
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < n; i++) sum += x[i];
    const double mean = sum / (double)n;
    for (int64_t i = 0; i < n; i++) squares += (x[i] - mean) * (x[i] - mean);
    return squares > 0 ? sqrt(squares / (double)n) : 1;
}

/* Centres in the middle of equal cells, and each voxel with the one of its cell. */
static rp_status place(clustering *c)
{
    int64_t cells[3];
    for (int a = 0; a < 3; a++) {
        const double k = rint((double)c->n[a] * c->spacing[a] / c->step);
        cells[a] = k < 1 ? 1 : k > (double)c->n[a] ? c->n[a] : (int64_t)k;
    }
    const int64_t count = cells[0] * cells[1] * cells[2];
    RP_NEED(count < INT32_MAX, RP_EARG, "supervoxels of so small a volume are too many");
    c->count = (int32_t)count;
    RP_TRY(rp_alloc(count, sizeof *c->list, &c->list));
    for (int64_t z = 0, i = 0; z < c->n[0]; z++)
        for (int64_t y = 0; y < c->n[1]; y++)
            for (int64_t x = 0; x < c->n[2]; x++, i++)
                c->label[i] =
                    (int32_t)((z * cells[0] / c->n[0] * cells[1] + y * cells[1] / c->n[1]) *
                                  cells[2] +
                              x * cells[2] / c->n[2]);
    return RP_OK;
}

/* Each centre becomes the mean of its voxels; an empty one stays. */
static void move_centres(clustering *c)
{
    for (int32_t k = 0; k < c->count; k++) {
        cluster *g = &c->list[k];
        for (int a = 0; a < 3; a++) g->sum[a] = 0;
        g->total = g->count = 0;
    }
    for (int64_t z = 0, i = 0; z < c->n[0]; z++)
        for (int64_t y = 0; y < c->n[1]; y++)
            for (int64_t x = 0; x < c->n[2]; x++, i++) {
                cluster *g = &c->list[c->label[i]];
                g->sum[0] += (double)z;
                g->sum[1] += (double)y;
                g->sum[2] += (double)x;
                g->total += c->image[i];
                g->count++;
            }
    for (int32_t k = 0; k < c->count; k++) {
        cluster *g = &c->list[k];
        if (g->count == 0) continue;
        for (int a = 0; a < 3; a++) g->at[a] = g->sum[a] / g->count * c->spacing[a];
        g->value = g->total / g->count;
    }
}

/* Gives the voxels around centre k to it that are nearer to it than to those before. */
static void claim(clustering *c, int32_t k)
{
    const cluster *g = &c->list[k];
    int64_t low[3], high[3];
    for (int a = 0; a < 3; a++) {
        const double from = ceil((g->at[a] - c->step) / c->spacing[a]),
                     to = floor((g->at[a] + c->step) / c->spacing[a]);
        low[a] = from > 0 ? (int64_t)from : 0;
        high[a] = to < (double)(c->n[a] - 1) ? (int64_t)to : c->n[a] - 1;
    }
    for (int64_t z = low[0]; z <= high[0]; z++)
        for (int64_t y = low[1]; y <= high[1]; y++) {
            const double dz = (double)z * c->spacing[0] - g->at[0],
                         dy = (double)y * c->spacing[1] - g->at[1];
            for (int64_t x = low[2]; x <= high[2]; x++) {
                const int64_t i = (z * c->n[1] + y) * c->n[2] + x;
                const double dx = (double)x * c->spacing[2] - g->at[2],
                             v = (c->image[i] - g->value) / c->sd;
                const double d = v * v + (dz * dz + dy * dy + dx * dx) / (c->step * c->step);
                if (d >= c->distance[i]) continue;
                c->distance[i] = d;
                c->label[i] = k;
            }
        }
}

rp_status rp_supervoxels(const int64_t n[3], const double spacing[3], const double image[],
                         double volume, int32_t label[], int32_t *count)
{
    const int64_t voxels = n[0] * n[1] * n[2];
    RP_NEED(volume > 0 && voxels > 0, RP_EARG, "supervoxels of %g mm3", volume);
    clustering c = {.n = n,
                    .spacing = spacing,
                    .image = image,
                    .step = cbrt(volume),
                    .sd = spread_of(voxels, image),
                    .label = label};
    RP_AUTOFREE double *distance = NULL;
    RP_TRY(rp_alloc_raw(voxels, sizeof *distance, &distance));
    c.distance = distance;
    const rp_status st = place(&c);
    for (int turn = 0; turn < TURNS && st == RP_OK; turn++) {
        move_centres(&c);
        for (int64_t i = 0; i < voxels; i++) distance[i] = INFINITY;
        for (int32_t k = 0; k < c.count; k++) claim(&c, k);
    }
    *count = c.count;
    rp_free(c.list);
    return st;
}

rp_status rp_contour_randomise(int64_t voxels, int32_t count, const int32_t label[],
                               const uint8_t mask[], uint64_t seed, uint64_t sample, uint8_t out[])
{
    RP_AUTOFREE int64_t *all = NULL, *in = NULL;
    RP_AUTOFREE bool *is_in = NULL;
    rp_random r;
    RP_TRY(rp_alloc(count, sizeof *all, &all));
    RP_TRY(rp_alloc(count, sizeof *in, &in));
    RP_TRY(rp_alloc(count, sizeof *is_in, &is_in));
    for (int64_t i = 0; i < voxels; i++) {
        all[label[i]]++;
        in[label[i]] += mask[i] != 0;
    }
    rp_random_start(seed, RP_RANDOM_PERTURB, sample, &r);
    for (int32_t k = 0; k < count; k++) {
        const double share = all[k] ? (double)in[k] / (double)all[k] : 0,
                     chance = rp_random_unit(&r);
        is_in[k] = share >= 0.9 || (share >= 0.2 && chance < share);
    }
    for (int64_t i = 0; i < voxels; i++) out[i] = is_in[label[i]];
    return RP_OK;
}
