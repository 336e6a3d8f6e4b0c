/* lib/radiomics/maps_voxel.c - first order and GLCM features of one voxel's neighbourhood. */
#include "lib/radiomics/maps_priv.h"
#include "lib/radiomics/order.h"

#include <math.h>
#include <string.h>

static rp_status touched_new(int64_t size, int64_t most, rp_touched *t)
{
    RP_TRY(rp_alloc(size, sizeof *t->table, &t->table));
    return rp_alloc(size < most ? size : most, sizeof *t->at, &t->at);
}

static void touched_clear(rp_touched *t)
{
    rp_free(t->table);
    rp_free(t->at);
}

void rp_map_scratch_drop(rp_map_scratch **s)
{
    if (!*s) return;
    rp_free((*s)->value);
    touched_clear(&(*s)->cell);
    touched_clear(&(*s)->level);
    touched_clear(&(*s)->difference);
    touched_clear(&(*s)->sum);
    rp_free(*s);
    *s = NULL;
}

rp_status rp_map_scratch_new(const rp_levels *l, int side, int64_t pairs, rp_map_scratch **out)
{
    RP_AUTO(rp_map_scratch) s = NULL;
    const int64_t k = l->codes + 1, cube = (int64_t)side * side * side,
                  most = 2 * pairs > cube ? 2 * pairs : cube;
    RP_TRY(rp_alloc(1, sizeof *s, &s));
    RP_TRY(rp_alloc_raw(cube, sizeof *s->value, &s->value));
    RP_TRY(touched_new(k * k, most, &s->cell));
    RP_TRY(touched_new(k, most, &s->level));
    RP_TRY(touched_new(l->highest + 1, most, &s->difference));
    RP_TRY(touched_new(2 * (int64_t)l->highest + 1, most, &s->sum));
    *out = RP_TAKE(s);
    return RP_OK;
}

/* Ascending, by insertion with shrinking steps: cubes are small. */
static void sort_small(int64_t n, double x[])
{
    static const int64_t steps[] = {701, 301, 132, 57, 23, 10, 4, 1};
    for (int s = 0; s < 8; s++)
        for (int64_t i = steps[s]; i < n; i++) {
            const double v = x[i];
            int64_t j = i;
            for (; j >= steps[s] && x[j - steps[s]] > v; j -= steps[s]) x[j] = x[j - steps[s]];
            x[j] = v;
        }
}

static double mean_deviation(int64_t n, const double x[])
{
    double sum = 0, dev = 0;
    for (int64_t i = 0; i < n; i++) sum += x[i];
    const double mean = sum / (double)n;
    for (int64_t i = 0; i < n; i++) dev += fabs(x[i] - mean);
    return dev / (double)n;
}

void rp_map_first_order(const rp_levels *l, const double value[], const double spacing[3],
                        int radius, int64_t place, const double log2s[], rp_map_scratch *s,
                        double x[])
{
    double *v = s->value, sum = 0, energy = 0, s2 = 0, s3 = 0, s4 = 0, logs = 0, squares = 0;
    int64_t n = 0;
    for (int64_t dz = -radius; dz <= radius; dz++)
        for (int64_t dy = -radius; dy <= radius; dy++) {
            const int64_t row = place + dz * l->stride[0] + dy * l->stride[1];
            for (int64_t i = row - radius; i <= row + radius; i++) {
                if (l->code[i] == 0) continue;
                v[n++] = value[i];
                rp_touch(&s->level, l->code[i], 1);
            }
        }
    for (int64_t k = 0; k < s->level.count; k++) {
        const int32_t c = s->level.table[s->level.at[k]];
        logs += c * log2s[c];
        squares += (double)c * c;
    }
    rp_touched_empty(&s->level);
    sort_small(n, v);
    const double count = (double)n;
    for (int64_t i = 0; i < n; i++) {
        sum += v[i];
        energy += v[i] * v[i];
    }
    const double mean = sum / count;
    for (int64_t i = 0; i < n; i++) {
        const double d = v[i] - mean, d2 = d * d;
        s2 += d2;
        s3 += d2 * d;
        s4 += d2 * d2;
    }
    const double var = s2 / count, p10 = rp_quantile_sorted(n, v, 0.1),
                 p90 = rp_quantile_sorted(n, v, 0.9);
    const bool is_flat = v[0] == v[n - 1];
    int64_t from = 0, to = n;
    while (v[from] < p10) from++;
    while (v[to - 1] > p90) to--;
    const double values[RP_MAP_FIRST_ORDER] = {
        p10,
        p90,
        energy,
        log2s[n] - logs / count,
        rp_quantile_sorted(n, v, 0.75) - rp_quantile_sorted(n, v, 0.25),
        is_flat ? 0 : s4 / count / (var * var),
        v[n - 1],
        mean_deviation(n, v),
        mean,
        rp_quantile_sorted(n, v, 0.5),
        v[0],
        v[n - 1] - v[0],
        to > from ? mean_deviation(to - from, v + from) : NAN,
        sqrt(energy / count),
        is_flat ? 0 : s3 / count / (var * sqrt(var)),
        energy * spacing[0] * spacing[1] * spacing[2],
        squares / (count * count),
        is_flat ? 0 : var};
    memcpy(x, values, sizeof values);
}

/* Counts the pairs of one direction: each unordered pair of levels once.  Returns how many. */
static int64_t count_pairs(const rp_levels *l, const rp_pairs *p, int d, int64_t place,
                           rp_map_scratch *s)
{
    const int64_t k = l->codes + 1;
    int64_t n = 0;
    for (int64_t i = p->first[d]; i < p->first[d + 1]; i++) {
        const uint16_t a = l->code[place + p->offset[i][0]], b = l->code[place + p->offset[i][1]];
        if (a == 0 || b == 0) continue;
        rp_touch(&s->cell, a < b ? a * k + b : b * k + a, 1);
        n++;
    }
    return n;
}

/* What cells, differences and sums of one direction add up to; counts are over 2 n. */
typedef struct sums {
    double cell_logs, energy, product, most, logs_difference, logs_sum, logs_level;
    double contrast, average, id, idm, idn, idmn, inverse;
} sums;

static void add_cells(const rp_levels *l, rp_map_scratch *s, const double log2s[], sums *t)
{
    const int64_t k = l->codes + 1;
    for (int64_t c = 0; c < s->cell.count; c++) {
        const int64_t at = s->cell.at[c], a = at / k, b = at % k;
        const int32_t pairs = s->cell.table[at], q = a == b ? 2 * pairs : pairs, all = 2 * pairs;
        const double w = a == b ? 1 : 2; /* cells (a, b) and (b, a) */
        t->cell_logs += w * q * log2s[q];
        t->energy += w * q * q;
        t->product += all * l->value[a] * l->value[b];
        t->most = q > t->most ? q : t->most;
        rp_touch(&s->level, a, pairs);
        rp_touch(&s->level, b, pairs);
        rp_touch(&s->difference, (int64_t)(l->value[b] - l->value[a]), all);
        rp_touch(&s->sum, (int64_t)(l->value[b] + l->value[a]), all);
    }
}

static void add_differences(const rp_levels *l, const rp_map_scratch *s, const double log2s[],
                            sums *t)
{
    const double ng = l->highest;
    for (int64_t c = 0; c < s->difference.count; c++) {
        const double d = (double)s->difference.at[c];
        const int32_t q = s->difference.table[s->difference.at[c]];
        t->logs_difference += q * log2s[q];
        t->average += q * d;
        t->contrast += q * d * d;
        t->id += q / (1 + d);
        t->idm += q / (1 + d * d);
        t->idn += q / (1 + d / ng);
        t->idmn += q / (1 + d * d / (ng * ng));
        if (d > 0) t->inverse += q / (d * d);
    }
}

/* Features of one direction from its touched tables; T = 2 n. */
static void features(const rp_levels *l, int64_t pairs, rp_map_scratch *s, const double log2s[],
                     double x[RP_MAP_GLCM])
{
    const double T = 2 * (double)pairs;
    double mean = 0, var = 0, tendency = 0, shade = 0, prominence = 0, diff_var = 0;
    sums t = {0};
    add_cells(l, s, log2s, &t);
    add_differences(l, s, log2s, &t);
    for (int64_t c = 0; c < s->level.count; c++) {
        const int32_t q = s->level.table[s->level.at[c]];
        mean += q * l->value[s->level.at[c]] / T;
        t.logs_level += q * log2s[q];
    }
    for (int64_t c = 0; c < s->level.count; c++) {
        const double d = l->value[s->level.at[c]] - mean;
        var += s->level.table[s->level.at[c]] * d * d / T;
    }
    for (int64_t c = 0; c < s->sum.count; c++) {
        const int32_t q = s->sum.table[s->sum.at[c]];
        const double d = (double)s->sum.at[c] - 2 * mean, d2 = d * d;
        t.logs_sum += q * log2s[q];
        tendency += q * d2 / T;
        shade += q * d2 * d / T;
        prominence += q * d2 * d2 / T;
    }
    const double average = t.average / T;
    for (int64_t c = 0; c < s->difference.count; c++) {
        const double d = (double)s->difference.at[c] - average;
        diff_var += s->difference.table[s->difference.at[c]] * d * d / T;
    }
    const double all = log2s[2 * pairs], hxy = all - t.cell_logs / T, hx = all - t.logs_level / T,
                 information = 2 * hx - hxy;
    const bool is_flat = s->level.count == 1;
    const double values[RP_MAP_GLCM] = {t.product / T,
                                        prominence,
                                        shade,
                                        tendency,
                                        t.contrast / T,
                                        is_flat ? 1 : (t.product / T - mean * mean) / var,
                                        average,
                                        all - t.logs_difference / T,
                                        diff_var,
                                        t.id / T,
                                        t.idm / T,
                                        t.idmn / T,
                                        t.idn / T,
                                        is_flat ? 0 : -information / hx,
                                        information > 0 ? sqrt(1 - exp(-2 * information)) : 0,
                                        t.inverse / T,
                                        mean,
                                        t.energy / (T * T),
                                        hxy,
                                        t.most / T,
                                        2 * mean,
                                        all - t.logs_sum / T,
                                        var};
    memcpy(x, values, sizeof values);
}

void rp_map_glcm(const rp_levels *l, const rp_pairs *pairs, int64_t place, const double log2s[],
                 rp_map_scratch *s, double x[])
{
    double one[RP_MAP_GLCM];
    int directions = 0;
    for (int k = 0; k < RP_MAP_GLCM; k++) x[k] = 0;
    for (int d = 0; d < RP_DIRECTIONS; d++) {
        const int64_t n = count_pairs(l, pairs, d, place, s);
        if (n == 0) continue;
        features(l, n, s, log2s, one);
        for (int k = 0; k < RP_MAP_GLCM; k++) x[k] += one[k];
        directions++;
        rp_touched_empty(&s->cell);
        rp_touched_empty(&s->level);
        rp_touched_empty(&s->difference);
        rp_touched_empty(&s->sum);
    }
    for (int k = 0; k < RP_MAP_GLCM; k++) x[k] = directions ? x[k] / directions : NAN;
}
