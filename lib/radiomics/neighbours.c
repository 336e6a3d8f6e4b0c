/* lib/radiomics/neighbours.c - neighbourhood grey tone differences and grey level dependence. */
#include "lib/radiomics/texture_priv.h"

#include <math.h>
#include <string.h>

/* Offsets of the neighbourhood: all within the Chebyshev distance, without the centre. */
static rp_status offsets_of(const rp_levels *l, int distance, bool is_flat, int64_t *count,
                            int64_t **out)
{
    const int64_t side = 2 * distance + 1, rz = is_flat ? 0 : distance;
    RP_AUTOFREE int64_t *o = NULL;
    RP_TRY(rp_alloc_raw((2 * rz + 1) * side * side, sizeof *o, &o));
    int64_t k = 0;
    for (int64_t z = -rz; z <= rz; z++)
        for (int64_t y = -distance; y <= distance; y++)
            for (int64_t x = -distance; x <= distance; x++)
                if (z || y || x) o[k++] = z * l->stride[0] + y * l->stride[1] + x;
    *count = k;
    *out = RP_TAKE(o);
    return RP_OK;
}

/* By code: voxels with a neighbour, and their differences from the neighbours' mean. */
typedef struct tones {
    double *count, *difference;
} tones;

/* The 5 features; false when no voxel has a neighbour. */
static bool tone_features(const rp_levels *l, const double count[], const double difference[],
                          double x[5])
{
    double n = 0, levels = 0, ps = 0, s = 0, contrast = 0, busy = 0, complexity = 0, strength = 0;
    for (int i = 1; i <= l->codes; i++) {
        n += count[i];
        levels += count[i] > 0;
        s += difference[i];
    }
    if (n == 0) return false;
    for (int i = 1; i <= l->codes; i++) {
        const double pi = count[i] / n, gi = l->value[i], si = difference[i];
        ps += pi * si;
        for (int j = 1; j <= l->codes && pi > 0; j++) {
            const double pj = count[j] / n, gj = l->value[j], d = gi - gj;
            if (pj == 0) continue;
            contrast += pi * pj * d * d;
            busy += fabs(gi * pi - gj * pj);
            complexity += fabs(d) * (pi * si + pj * difference[j]) / (pi + pj);
            strength += (pi + pj) * d * d;
        }
    }
    /* What the manual sets where a sum is nothing. */
    x[0] = ps > 0 ? 1 / ps : 1e6;
    x[1] = levels > 1 ? contrast / (levels * (levels - 1)) * s / n : 0;
    x[2] = levels > 1 && busy > 0 ? ps / busy : 0;
    x[3] = complexity / n;
    x[4] = s > 0 ? strength / s : 0;
    return true;
}

/* Adds slice z. */
static void count_tones(const rp_levels *l, int64_t z, int64_t offsets, const int64_t offset[],
                        double sum[], double near[], tones *t)
{
    for (int64_t y = 0; y < l->n[1]; y++) {
        const uint16_t *row = l->code + rp_levels_row(l, z, y);
        for (int64_t x = 0; x < l->n[2]; x++) sum[x] = near[x] = 0;
        for (int64_t k = 0; k < offsets; k++)
            for (int64_t x = 0; x < l->n[2]; x++) {
                const uint16_t c = row[x + offset[k]];
                sum[x] += l->value[c];
                near[x] += c != 0;
            }
        for (int64_t x = 0; x < l->n[2]; x++) {
            if (row[x] == 0 || near[x] == 0) continue;
            t->count[row[x]]++;
            t->difference[row[x]] += fabs(l->value[row[x]] - sum[x] / near[x]);
        }
    }
}

static void tones_clear(const rp_levels *l, tones *t)
{
    memset(t->count, 0, (size_t)(l->codes + 1) * sizeof *t->count);
    memset(t->difference, 0, (size_t)(l->codes + 1) * sizeof *t->difference);
}

static void add_tones(const rp_levels *l, const tones *t, rp_mean *mean)
{
    double x[5];
    if (tone_features(l, t->count, t->difference, x)) rp_mean_add(mean, 5, x);
}

rp_status rp_ngtdm(const rp_levels *l, const rp_texture_settings *s, rp_values *out)
{
    RP_AUTOFREE double *memory = NULL, *line = NULL;
    const int64_t k = l->codes + 1;
    RP_TRY(rp_alloc(4 * k, sizeof *memory, &memory));
    RP_TRY(rp_alloc(2 * l->n[2], sizeof *line, &line));
    tones one = {memory, memory + k}, all = {memory + 2 * k, memory + 3 * k};
    rp_mean mean[RP_AGGREGATION_COUNT] = {0};
    for (int is_flat = 1; is_flat >= 0; is_flat--) {
        if (!(is_flat ? s->aggregation[RP_8QNN] || s->aggregation[RP_62GR]
                      : s->aggregation[RP_KOBO]))
            continue;
        RP_AUTOFREE int64_t *offset = NULL;
        int64_t offsets;
        RP_TRY(offsets_of(l, s->neighbourhood, is_flat, &offsets, &offset));
        tones_clear(l, &all);
        for (int64_t z = 0; z < l->n[0]; z++) {
            tones_clear(l, &one);
            count_tones(l, z, offsets, offset, line, line + l->n[2], &one);
            if (is_flat) add_tones(l, &one, &mean[RP_8QNN]);
            for (int64_t i = 0; i < k; i++) {
                all.count[i] += one.count[i];
                all.difference[i] += one.difference[i];
            }
        }
        add_tones(l, &all, &mean[is_flat ? RP_62GR : RP_KOBO]);
    }
    for (int a = RP_8QNN; a <= RP_KOBO; a++)
        if (s->aggregation[a]) RP_TRY(rp_mean_put(&mean[a], RP_NGTDM, (rp_aggregation)a, out));
    return RP_OK;
}

/* Adds slice z: how many of the neighbourhood, the voxel itself included, are like it. */
static void count_dependence(const rp_levels *l, int64_t z, int alpha, int64_t offsets,
                             const int64_t offset[], uint16_t like[], rp_sized *to)
{
    for (int64_t y = 0; y < l->n[1]; y++) {
        const uint16_t *row = l->code + rp_levels_row(l, z, y);
        for (int64_t x = 0; x < l->n[2]; x++) like[x] = 0;
        for (int64_t k = 0; k < offsets; k++) {
            const uint16_t *other = row + offset[k];
            if (alpha == 0)
                for (int64_t x = 0; x < l->n[2]; x++)
                    like[x] = (uint16_t)(like[x] + (row[x] == other[x]));
            else
                for (int64_t x = 0; x < l->n[2]; x++)
                    like[x] =
                        (uint16_t)(like[x] + (other[x] != 0 && fabs(l->value[row[x]] -
                                                                    l->value[other[x]]) <= alpha));
        }
        for (int64_t x = 0; x < l->n[2]; x++)
            if (row[x]) to->count[(int64_t)row[x] * to->columns + like[x]]++;
    }
}

static void add_dependence(const rp_sized *s, double voxels, rp_mean *mean)
{
    double x[17];
    if (rp_sized_features(s, voxels, x)) rp_mean_add(mean, 17, x);
}

static rp_status dependence(const rp_levels *l, const rp_texture_settings *s, bool is_flat,
                            uint16_t like[], rp_mean mean[])
{
    RP_AUTOFREE int64_t *offset = NULL;
    RP_AUTO(rp_sized) one = NULL, *all = NULL;
    int64_t offsets;
    RP_TRY(offsets_of(l, s->neighbourhood, is_flat, &offsets, &offset));
    RP_TRY(rp_sized_new(l, offsets + 1, &one));
    RP_TRY(rp_sized_new(l, offsets + 1, &all));
    for (int64_t z = 0; z < l->n[0]; z++) {
        rp_sized_clear(one);
        count_dependence(l, z, s->coarseness, offsets, offset, like, one);
        if (is_flat) add_dependence(one, (double)l->in_slice[z], &mean[RP_8QNN]);
        rp_sized_add(all, one);
    }
    add_dependence(all, (double)l->count, &mean[is_flat ? RP_62GR : RP_KOBO]);
    return RP_OK;
}

rp_status rp_ngldm(const rp_levels *l, const rp_texture_settings *s, rp_values *out)
{
    RP_AUTOFREE uint16_t *like = NULL;
    rp_mean mean[RP_AGGREGATION_COUNT] = {0};
    RP_TRY(rp_alloc_raw(l->n[2], sizeof *like, &like));
    if (s->aggregation[RP_8QNN] || s->aggregation[RP_62GR])
        RP_TRY(dependence(l, s, true, like, mean));
    if (s->aggregation[RP_KOBO]) RP_TRY(dependence(l, s, false, like, mean));
    for (int a = RP_8QNN; a <= RP_KOBO; a++)
        if (s->aggregation[a]) RP_TRY(rp_mean_put(&mean[a], RP_NGLDM, (rp_aggregation)a, out));
    return RP_OK;
}
