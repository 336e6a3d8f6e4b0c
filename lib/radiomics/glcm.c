/* lib/radiomics/glcm.c - grey level co-occurrence: counts of pairs, and their 25 features. */
#include "lib/radiomics/texture_priv.h"

#include <math.h>
#include <string.h>

/* A table of pairs [k * k], k = codes + 1; row and column 0 collect pairs with the outside. */
typedef struct tables {
    int64_t k, cells;
    uint32_t *slice[RP_DIRECTIONS_2D], *volume[RP_DIRECTIONS];
    uint32_t *memory;
    double *whole; /* [k * k] the table that features are read from */
    double *p, *marginal, *difference, *sum, *level; /* scratch of the features */
    int64_t *row;
    double *square; /* scratch of the maximal correlation coefficient; NULL: it is not wanted */
} tables;

static void tables_clear(tables *t)
{
    rp_free(t->memory);
    rp_free(t->whole);
    rp_free(t->p);
    rp_free(t->marginal);
    rp_free(t->difference);
    rp_free(t->sum);
    rp_free(t->level);
    rp_free(t->row);
    rp_free(t->square);
}

static rp_status tables_make(const rp_levels *l, tables *t)
{
    t->k = l->codes + 1;
    t->cells = t->k * t->k;
    RP_TRY(rp_alloc(t->cells * (RP_DIRECTIONS + RP_DIRECTIONS_2D), sizeof *t->memory, &t->memory));
    for (int d = 0; d < RP_DIRECTIONS; d++) t->volume[d] = t->memory + d * t->cells;
    for (int d = 0; d < RP_DIRECTIONS_2D; d++)
        t->slice[d] = t->memory + (RP_DIRECTIONS + d) * t->cells;
    RP_TRY(rp_alloc_raw(t->cells, sizeof *t->whole, &t->whole));
    RP_TRY(rp_alloc_raw(t->cells, sizeof *t->p, &t->p));
    RP_TRY(rp_alloc_raw(t->k, sizeof *t->marginal, &t->marginal));
    RP_TRY(rp_alloc_raw(t->k, sizeof *t->level, &t->level));
    RP_TRY(rp_alloc_raw(t->k, sizeof *t->row, &t->row));
    RP_TRY(rp_alloc_raw(l->highest + 1, sizeof *t->difference, &t->difference));
    return rp_alloc_raw(2 * (int64_t)l->highest + 1, sizeof *t->sum, &t->sum);
}

/* Pairs of one slice with its neighbours in directions from..to - 1. */
static void count_slice(const rp_levels *l, int64_t z, int distance, int from, int to, int64_t k,
                        uint32_t *const table[])
{
    int64_t offset[RP_DIRECTIONS];
    for (int d = from; d < to; d++)
        offset[d] = distance * (rp_direction[d][0] * l->stride[0] +
                                rp_direction[d][1] * l->stride[1] + rp_direction[d][2]);
    for (int64_t y = 0; y < l->n[1]; y++) {
        const uint16_t *row = l->code + rp_levels_row(l, z, y);
        for (int64_t x = 0; x < l->n[2]; x++) {
            const int64_t own = row[x] * k;
            if (own == 0) continue;
            for (int d = from; d < to; d++) table[d][own + row[x + offset[d]]]++;
        }
    }
}

/* Symmetric probabilities of the levels that take part, compact: p[m * m].  Returns m. */
static int64_t probabilities(const rp_levels *l, tables *t)
{
    const double *table = t->whole;
    double total = 0;
    int64_t m = 0;
    for (int64_t i = 1; i < t->k; i++) {
        double row = 0;
        for (int64_t j = 1; j < t->k; j++) row += table[i * t->k + j] + table[j * t->k + i];
        if (row == 0) continue;
        t->row[m] = i;
        t->level[m] = l->value[i];
        t->marginal[m++] = row;
        total += row;
    }
    for (int64_t i = 0; i < m; i++) {
        t->marginal[i] /= total;
        for (int64_t j = 0; j < m; j++)
            t->p[i * m + j] =
                (table[t->row[i] * t->k + t->row[j]] + table[t->row[j] * t->k + t->row[i]]) / total;
    }
    return m;
}

static double plogp(double p) { return p > 0 ? -p * log2(p) : 0; }

/* What runs over cells. */
typedef struct cells {
    double max, entropy, energy, contrast, dissimilarity, inv_diff, inv_diff_norm, inv_diff_mom,
        inv_diff_mom_norm, inv_var, product;
} cells;

static cells sum_cells(int64_t m, tables *t, double ng)
{
    cells c = {0};
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j <= i; j++) {
            const double once = t->p[i * m + j];
            if (once == 0) continue;
            const double p = i == j ? once : 2 * once, d = t->level[i] - t->level[j], d2 = d * d;
            c.max = once > c.max ? once : c.max;
            c.entropy += p / once * plogp(once);
            c.energy += p * once;
            c.contrast += p * d2;
            c.dissimilarity += p * d;
            c.inv_diff += p / (1 + d);
            c.inv_diff_norm += p / (1 + d / ng);
            c.inv_diff_mom += p / (1 + d2);
            c.inv_diff_mom_norm += p / (1 + d2 / (ng * ng));
            if (i != j) c.inv_var += p / d2;
            c.product += p * t->level[i] * t->level[j];
            t->difference[(int64_t)d] += p;
            t->sum[(int64_t)(t->level[i] + t->level[j])] += p;
        }
    return c;
}

/* What follows from the distributions of i - j and i + j. */
static void spread(int64_t highest, const tables *t, double mean, double x[])
{
    double diff_avg = 0, diff_var = 0, diff_entr = 0, sum_avg = 0, sum_var = 0, sum_entr = 0,
           shade = 0, prominence = 0;
    for (int64_t d = 0; d < highest; d++) {
        diff_avg += (double)d * t->difference[d];
        diff_entr += plogp(t->difference[d]);
    }
    for (int64_t d = 0; d < highest; d++)
        diff_var += ((double)d - diff_avg) * ((double)d - diff_avg) * t->difference[d];
    for (int64_t s = 2; s <= 2 * highest; s++) {
        if (t->sum[s] == 0) continue;
        const double d = (double)s - 2 * mean, d2 = d * d;
        sum_avg += (double)s * t->sum[s];
        sum_entr += plogp(t->sum[s]);
        sum_var += d2 * t->sum[s];
        shade += d2 * d * t->sum[s];
        prominence += d2 * d2 * t->sum[s];
    }
    const double values[6] = {diff_avg, diff_var, diff_entr, sum_avg, sum_var, sum_entr};
    memcpy(x + 4, values, sizeof values);
    x[20] = sum_var;
    x[21] = shade;
    x[22] = prominence;
}

/* The 25 features of the whole table; false when it has no pair. */
static bool features(const rp_levels *l, tables *t, double x[26])
{
    const int64_t m = probabilities(l, t);
    if (m == 0) return false;
    memset(t->difference, 0, (size_t)(l->highest + 1) * sizeof *t->difference);
    memset(t->sum, 0, (size_t)(2 * l->highest + 1) * sizeof *t->sum);
    const cells c = sum_cells(m, t, l->highest);
    double mean = 0, var = 0, hx = 0;
    for (int64_t i = 0; i < m; i++) mean += t->level[i] * t->marginal[i];
    for (int64_t i = 0; i < m; i++) {
        var += (t->level[i] - mean) * (t->level[i] - mean) * t->marginal[i];
        hx += plogp(t->marginal[i]);
    }
    x[0] = c.max;
    x[1] = mean;
    x[2] = var;
    x[3] = c.entropy;
    spread(l->highest, t, mean, x);
    /* A symmetric matrix: both marginals are the same, and both entropies of independence are 2 HX.
     */
    const double information = 2 * hx - c.entropy;
    const double rest[10] = {c.energy,
                             c.contrast,
                             c.dissimilarity,
                             c.inv_diff,
                             c.inv_diff_norm,
                             c.inv_diff_mom,
                             c.inv_diff_mom_norm,
                             c.inv_var,
                             var > 0 ? (c.product - mean * mean) / var : 1,
                             c.product};
    memcpy(x + 10, rest, sizeof rest);
    x[23] = hx > 0 ? -information / hx : 0;
    x[24] = information > 0 ? sqrt(1 - exp(-2 * information)) : 0;
    x[25] = t->square ? rp_mcc(m, t->p, t->marginal, t->square) : NAN;
    return true;
}

static void merge(int64_t cells_, const uint32_t from[], uint32_t to[])
{
    for (int64_t i = 0; i < cells_; i++) to[i] += from[i];
}

/* All tables' sum (weight NULL: of 1 each), then its features. */
static void add_merged(int n, uint32_t *const table[], const double weight[], const rp_levels *l,
                       tables *t, rp_mean *mean)
{
    double x[26];
    memset(t->whole, 0, (size_t)t->cells * sizeof *t->whole);
    for (int d = 0; d < n; d++) {
        const double w = weight ? weight[d] : 1;
        for (int64_t i = 0; i < t->cells; i++) t->whole[i] += w * table[d][i];
    }
    if (features(l, t, x)) rp_mean_add(mean, 26, x);
}

static rp_status count_and_put(const rp_levels *l, const rp_texture_settings *s, tables *t,
                               rp_values *out)
{
    const bool *want = s->aggregation;
    rp_mean mean[RP_AGGREGATION_COUNT] = {0};
    const bool in_volume = want[RP_ITBB] || want[RP_IAZD];
    for (int64_t z = 0; z < l->n[0]; z++) {
        memset(t->slice[0], 0, (size_t)(t->cells * RP_DIRECTIONS_2D) * sizeof *t->slice[0]);
        count_slice(l, z, s->distance, 0, RP_DIRECTIONS_2D, t->k, t->slice);
        /* Beyond the last slices lies only the outside: the padding keeps the reads inside. */
        if (in_volume)
            count_slice(l, z, s->distance, RP_DIRECTIONS_2D, RP_DIRECTIONS, t->k, t->volume);
        for (int d = 0; d < RP_DIRECTIONS_2D; d++) {
            if (want[RP_BTW3]) add_merged(1, &t->slice[d], NULL, l, t, &mean[RP_BTW3]);
            merge(t->cells, t->slice[d], t->volume[d]);
        }
        if (want[RP_SUJT]) add_merged(RP_DIRECTIONS_2D, t->slice, NULL, l, t, &mean[RP_SUJT]);
    }
    for (int d = 0; d < RP_DIRECTIONS_2D && want[RP_JJUI]; d++)
        add_merged(1, &t->volume[d], NULL, l, t, &mean[RP_JJUI]);
    if (want[RP_ZW7Z])
        add_merged(RP_DIRECTIONS_2D, t->volume, s->pair_weight, l, t, &mean[RP_ZW7Z]);
    for (int d = 0; d < RP_DIRECTIONS && want[RP_ITBB]; d++)
        add_merged(1, &t->volume[d], NULL, l, t, &mean[RP_ITBB]);
    if (want[RP_IAZD]) add_merged(RP_DIRECTIONS, t->volume, s->pair_weight, l, t, &mean[RP_IAZD]);
    for (int a = RP_BTW3; a <= RP_IAZD && s->mcc; a++)
        if (mean[a].count[25] > 0) s->mcc[a] = mean[a].sum[25] / (double)mean[a].count[25];
    for (int a = RP_BTW3; a <= RP_IAZD; a++)
        if (want[a]) RP_TRY(rp_mean_put(&mean[a], RP_GLCM, (rp_aggregation)a, out));
    return RP_OK;
}

rp_status rp_glcm(const rp_levels *l, const rp_texture_settings *s, rp_values *out)
{
    tables t = {0};
    rp_status st = tables_make(l, &t);
    if (st == RP_OK && s->mcc) st = rp_alloc_raw(t.cells, sizeof *t.square, &t.square);
    if (st == RP_OK) st = count_and_put(l, s, &t, out);
    tables_clear(&t);
    return st;
}
