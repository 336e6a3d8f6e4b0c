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

/* What a slice's tones are counted with: levels as integers (0 outside), and sums of columns of the
 * neighbourhood, of levels and of voxels, from its radius before the row to its radius behind. */
typedef struct tone_rows {
    const uint16_t *grey; /* [voxels of the padded box] */
    int radius, depth;    /* of the neighbourhood in y and x, in z */
    int32_t *sum, *near;  /* [width of the box + 2 radius] */
} tone_rows;

/* Adds slice z.  Levels and counts are integers, so sums of columns first are the same sums. */
static void count_tones(const rp_levels *l, int64_t z, const tone_rows *t, tones *to)
{
    const int64_t r = t->radius, width = l->n[2] + 2 * r;
    for (int64_t y = 0; y < l->n[1]; y++) {
        const int64_t place = rp_levels_row(l, z, y);
        for (int64_t x = 0; x < width; x++) t->sum[x] = t->near[x] = 0;
        for (int64_t dz = -t->depth; dz <= t->depth; dz++)
            for (int64_t dy = -r; dy <= r; dy++) {
                const uint16_t *row = t->grey + place + dz * l->stride[0] + dy * l->stride[1] - r;
                for (int64_t x = 0; x < width; x++) {
                    t->sum[x] += row[x];
                    t->near[x] += row[x] != 0;
                }
            }
        for (int64_t x = 0; x < l->n[2]; x++) {
            const uint16_t c = l->code[place + x];
            if (c == 0) continue;
            int64_t sum = -(int64_t)t->grey[place + x], near = -1; /* without the voxel itself */
            for (int64_t k = x; k <= x + 2 * r; k++) {
                sum += t->sum[k];
                near += t->near[k];
            }
            if (near == 0) continue;
            to->count[c]++;
            to->difference[c] += fabs(l->value[c] - (double)sum / (double)near);
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

/* Levels instead of codes; codes serve where they are the levels. */
static rp_status greys_of(const rp_levels *l, uint16_t **made, const uint16_t **out)
{
    bool is_same = true;
    for (int c = 0; c <= l->codes; c++) is_same = is_same && l->value[c] == c;
    *out = l->code;
    if (is_same) return RP_OK;
    RP_TRY(rp_alloc_raw(l->voxels, sizeof **made, made));
    for (int64_t i = 0; i < l->voxels; i++) (*made)[i] = (uint16_t)l->value[l->code[i]];
    *out = *made;
    return RP_OK;
}

rp_status rp_ngtdm(const rp_levels *l, const rp_texture_settings *s, rp_values *out)
{
    RP_AUTOFREE double *memory = NULL;
    RP_AUTOFREE int32_t *line = NULL;
    RP_AUTOFREE uint16_t *made = NULL;
    const int64_t k = l->codes + 1, width = l->n[2] + 2 * s->neighbourhood;
    tone_rows rows = {.radius = s->neighbourhood};
    RP_TRY(rp_alloc(4 * k, sizeof *memory, &memory));
    RP_TRY(rp_alloc(2 * width, sizeof *line, &line));
    RP_TRY(greys_of(l, &made, &rows.grey));
    rows.sum = line;
    rows.near = line + width;
    tones one = {memory, memory + k}, all = {memory + 2 * k, memory + 3 * k};
    rp_mean mean[RP_AGGREGATION_COUNT] = {0};
    for (int is_flat = 1; is_flat >= 0; is_flat--) {
        if (!(is_flat ? s->aggregation[RP_8QNN] || s->aggregation[RP_62GR]
                      : s->aggregation[RP_KOBO]))
            continue;
        rows.depth = is_flat ? 0 : s->neighbourhood;
        tones_clear(l, &all);
        for (int64_t z = 0; z < l->n[0]; z++) {
            tones_clear(l, &one);
            count_tones(l, z, &rows, &one);
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
