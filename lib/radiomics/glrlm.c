/* lib/radiomics/glrlm.c - grey level run lengths. */
#include "lib/radiomics/texture_priv.h"

#include <string.h>

/* Longest run that a direction can have in the box. */
static int64_t longest(const rp_levels *l)
{
    const int64_t a = l->n[0] > l->n[1] ? l->n[0] : l->n[1];
    return a > l->n[2] ? a : l->n[2];
}

enum { WORD = 8 }; /* comparisons that are looked at together */

/* Adds the runs of direction d that begin in slice z: those of two voxels and more.  Most voxels
 * begin none, so a row is compared as a whole and only the beginnings are visited.
 * begins: scratch [width of the box + WORD]. */
static void count_long_runs(const rp_levels *l, int64_t z, int d, uint8_t begins[], rp_sized *to)
{
    const int64_t o =
        rp_direction[d][0] * l->stride[0] + rp_direction[d][1] * l->stride[1] + rp_direction[d][2];
    for (int64_t y = 0; y < l->n[1]; y++) {
        const uint16_t *row = l->code + rp_levels_row(l, z, y);
        for (int64_t x = 0; x < l->n[2]; x++)
            begins[x] = (uint8_t)((row[x] == row[x + o]) & (row[x] != row[x - o]) & (row[x] != 0));
        memset(begins + l->n[2], 0, WORD);
        for (int64_t first = 0; first < l->n[2]; first += WORD) {
            uint64_t word = 0;
            for (int k = WORD - 1; k >= 0; k--) word = word << 8 | begins[first + k];
            for (; word; word &= word - 1) {
                const uint16_t *p = row + first + __builtin_ctzll(word) / 8, c = *p;
                int64_t length = 2;
                for (p += 2 * o; *p == c; p += o) length++;
                to->count[(int64_t)c * to->columns + length - 1]++;
            }
        }
    }
}

/* Adds the runs of one voxel: what the longer ones leave of the voxels of each level. */
static void add_short_runs(const int64_t voxels[], rp_sized *to)
{
    for (int64_t c = 1; c < to->rows; c++) {
        int64_t *count = to->count + c * to->columns, rest = voxels[c];
        for (int64_t k = 1; k < to->columns; k++) rest -= count[k] * (k + 1);
        count[0] = rest;
    }
}

/* Voxels of each level in slice z. */
static void count_levels(const rp_levels *l, int64_t z, int64_t voxels[])
{
    memset(voxels, 0, (size_t)(l->codes + 1) * sizeof *voxels);
    for (int64_t y = 0; y < l->n[1]; y++) {
        const uint16_t *row = l->code + rp_levels_row(l, z, y);
        for (int64_t x = 0; x < l->n[2]; x++) voxels[row[x]]++;
    }
}

typedef struct runs {
    rp_sized *slice, *merged, *flat, *volume,
        *all; /* a direction in a slice; a slice; 2.5D all; a direction; 3D all */
    rp_sized *direction[RP_DIRECTIONS_2D]; /* 2.5D by direction */
    int64_t *in_slice, *in_all;            /* [codes + 1] voxels of a level */
    uint8_t *begins;                       /* scratch */
} runs;

static void runs_clear(runs *r)
{
    rp_sized_drop(&r->slice);
    rp_sized_drop(&r->merged);
    rp_sized_drop(&r->flat);
    rp_sized_drop(&r->volume);
    rp_sized_drop(&r->all);
    for (int d = 0; d < RP_DIRECTIONS_2D; d++) rp_sized_drop(&r->direction[d]);
    rp_free(r->in_slice);
    rp_free(r->in_all);
    rp_free(r->begins);
}

static rp_status runs_make(const rp_levels *l, runs *r)
{
    const int64_t columns = longest(l);
    rp_sized **const each[] = {&r->slice, &r->merged, &r->flat, &r->volume, &r->all};
    for (int i = 0; i < 5; i++) RP_TRY(rp_sized_new(l, columns, each[i]));
    RP_TRY(rp_alloc(l->codes + 1, sizeof *r->in_slice, &r->in_slice));
    RP_TRY(rp_alloc(l->codes + 1, sizeof *r->in_all, &r->in_all));
    RP_TRY(rp_alloc(l->n[2] + WORD, sizeof *r->begins, &r->begins));
    for (int d = 0; d < RP_DIRECTIONS_2D; d++) RP_TRY(rp_sized_new(l, columns, &r->direction[d]));
    return RP_OK;
}

static void add_features(const rp_sized *s, double voxels, rp_mean *mean)
{
    double x[17];
    if (rp_sized_features(s, voxels, x)) rp_mean_add(mean, 16, x);
}

/* Adds a direction to a merged matrix. */
static rp_status merge(const double weight[], int d, const rp_sized *from, rp_sized *to)
{
    if (weight) return rp_sized_add_weighted(to, from, weight[d]);
    rp_sized_add(to, from);
    return RP_OK;
}

/* Voxels that n directions look at, each with its weight. */
static double weigh(const double weight[], int n, double voxels)
{
    double sum = 0;
    for (int d = 0; d < n; d++) sum += weight ? weight[d] : 1;
    return sum * voxels;
}

static void count_slices(const rp_levels *l, const bool want[], runs *r, rp_mean mean[])
{
    for (int64_t z = 0; z < l->n[0]; z++) {
        rp_sized_clear(r->merged);
        count_levels(l, z, r->in_slice);
        for (int64_t c = 0; c <= l->codes; c++) r->in_all[c] += r->in_slice[c];
        for (int d = 0; d < RP_DIRECTIONS_2D; d++) {
            rp_sized_clear(r->slice);
            count_long_runs(l, z, d, r->begins, r->slice);
            add_short_runs(r->in_slice, r->slice);
            if (want[RP_BTW3]) add_features(r->slice, (double)l->in_slice[z], &mean[RP_BTW3]);
            rp_sized_add(r->merged, r->slice);
            rp_sized_add(r->direction[d], r->slice);
        }
        if (want[RP_SUJT])
            add_features(r->merged, RP_DIRECTIONS_2D * (double)l->in_slice[z], &mean[RP_SUJT]);
    }
}

static rp_status count_and_put(const rp_levels *l, const rp_texture_settings *s, runs *r,
                               rp_values *out)
{
    const bool *want = s->aggregation;
    const double *weight = s->run_weight, count = (double)l->count;
    rp_mean mean[RP_AGGREGATION_COUNT] = {0};
    count_slices(l, want, r, mean);
    for (int d = 0; d < RP_DIRECTIONS_2D; d++) {
        RP_TRY(merge(weight, d, r->direction[d], r->flat));
        RP_TRY(merge(weight, d, r->direction[d], r->all));
        if (want[RP_JJUI]) add_features(r->direction[d], count, &mean[RP_JJUI]);
        if (want[RP_ITBB]) add_features(r->direction[d], count, &mean[RP_ITBB]);
    }
    if (want[RP_ZW7Z])
        add_features(r->flat, weigh(weight, RP_DIRECTIONS_2D, count), &mean[RP_ZW7Z]);
    for (int d = RP_DIRECTIONS_2D; d < RP_DIRECTIONS && (want[RP_ITBB] || want[RP_IAZD]); d++) {
        rp_sized_clear(r->volume);
        for (int64_t z = 0; z < l->n[0]; z++) count_long_runs(l, z, d, r->begins, r->volume);
        add_short_runs(r->in_all, r->volume);
        if (want[RP_ITBB]) add_features(r->volume, count, &mean[RP_ITBB]);
        RP_TRY(merge(weight, d, r->volume, r->all));
    }
    if (want[RP_IAZD]) add_features(r->all, weigh(weight, RP_DIRECTIONS, count), &mean[RP_IAZD]);
    for (int a = RP_BTW3; a <= RP_IAZD; a++)
        if (want[a]) RP_TRY(rp_mean_put(&mean[a], RP_GLRLM, (rp_aggregation)a, out));
    return RP_OK;
}

rp_status rp_glrlm(const rp_levels *l, const rp_texture_settings *s, rp_values *out)
{
    runs r = {0};
    rp_status st = runs_make(l, &r);
    if (st == RP_OK) st = count_and_put(l, s, &r, out);
    runs_clear(&r);
    return st;
}
