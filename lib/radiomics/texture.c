/* lib/radiomics/texture.c - grey levels on a padded box, matrices of counts, all texture families.
 */
#include "lib/radiomics/texture_priv.h"

#include <math.h>
#include <string.h>

const int rp_direction[RP_DIRECTIONS][3] = {
    {0, 0, 1}, {0, 1, 0},  {0, 1, 1}, {0, 1, -1}, {1, 0, 0},  {1, 0, 1},  {1, 0, -1},
    {1, 1, 0}, {1, -1, 0}, {1, 1, 1}, {1, 1, -1}, {1, -1, 1}, {1, -1, -1}};

void rp_levels_drop(rp_levels **l)
{
    if (!*l) return;
    rp_free((*l)->value);
    rp_free((*l)->code);
    rp_free((*l)->in_slice);
    rp_free(*l);
    *l = NULL;
}

/* Codes of the levels that occur: map[level], and their values. */
static rp_status find_codes(const rp_roi *roi, uint16_t map[], rp_levels *l)
{
    for (int64_t i = 0; i < roi->count; i++) map[roi->level[i]] = 1;
    for (int g = 1; g <= roi->levels; g++) l->codes += map[g];
    RP_TRY(rp_alloc(l->codes + 1, sizeof *l->value, &l->value));
    int k = 0;
    for (int g = 1; g <= roi->levels; g++)
        if (map[g]) {
            map[g] = (uint16_t)++k;
            l->value[k] = g;
        }
    return RP_OK;
}

rp_status rp_levels_new(const rp_roi *roi, int64_t pad, rp_levels **out)
{
    RP_AUTO(rp_levels) l = NULL;
    RP_AUTOFREE uint16_t *map = NULL;
    int64_t high[3];
    RP_TRY(rp_alloc(1, sizeof *l, &l));
    RP_NEED(rp_mask_box(roi->grid.n, roi->mask, l->origin, high) && roi->level, RP_EARG,
            "a region without grey levels");
    RP_TRY(rp_alloc(roi->levels + 1, sizeof *map, &map));
    RP_TRY(find_codes(roi, map, l));
    l->pad = pad;
    for (int a = 0; a < 3; a++) l->n[a] = high[a] - l->origin[a];
    l->stride[2] = 1;
    l->stride[1] = l->n[2] + 2 * pad;
    l->stride[0] = l->stride[1] * (l->n[1] + 2 * pad);
    l->voxels = l->stride[0] * (l->n[0] + 2 * pad);
    l->highest = roi->levels;
    l->count = roi->count;
    RP_TRY(rp_alloc(l->voxels, sizeof *l->code, &l->code));
    RP_TRY(rp_alloc(l->n[0], sizeof *l->in_slice, &l->in_slice));
    int64_t k = 0;
    for (int64_t z = 0; z < l->n[0]; z++)
        for (int64_t y = 0; y < l->n[1]; y++) {
            const uint8_t *mask =
                roi->mask +
                ((z + l->origin[0]) * roi->grid.n[1] + y + l->origin[1]) * roi->grid.n[2] +
                l->origin[2];
            uint16_t *row = l->code + rp_levels_row(l, z, y);
            for (int64_t x = 0; x < l->n[2]; x++)
                if (mask[x]) {
                    row[x] = map[roi->level[k++]];
                    l->in_slice[z]++;
                }
        }
    *out = RP_TAKE(l);
    return RP_OK;
}

void rp_mean_add(rp_mean *m, int n, const double x[])
{
    m->matrices++;
    for (int i = 0; i < n; i++)
        if (isfinite(x[i])) {
            m->sum[i] += x[i];
            m->count[i]++;
        }
}

rp_status rp_mean_put(const rp_mean *m, rp_family f, rp_aggregation a, rp_values *out)
{
    if (m->matrices == 0) return rp_values_add_missing(out, f, a, RP_MISSING_NO_MATRIX);
    double x[RP_MEAN_MAX];
    for (int i = 0; i < rp_family_size(f); i++)
        x[i] = m->count[i] ? m->sum[i] / (double)m->count[i] : NAN;
    return rp_values_add_family(out, f, a, x);
}

void rp_sized_drop(rp_sized **s)
{
    if (!*s) return;
    rp_free((*s)->size);
    rp_free((*s)->count);
    rp_free((*s)->weighted);
    rp_free((*s)->column_sum);
    rp_free(*s);
    *s = NULL;
}

rp_status rp_sized_new(const rp_levels *l, int64_t columns, rp_sized **out)
{
    RP_AUTO(rp_sized) s = NULL;
    RP_TRY(rp_alloc(1, sizeof *s, &s));
    s->rows = l->codes + 1;
    s->columns = (int)columns;
    s->level = l->value;
    RP_TRY(rp_alloc(columns, sizeof *s->size, &s->size));
    RP_TRY(rp_alloc(columns, sizeof *s->column_sum, &s->column_sum));
    RP_TRY(rp_alloc(s->rows * columns, sizeof *s->count, &s->count));
    for (int j = 0; j < s->columns; j++) s->size[j] = j + 1;
    *out = RP_TAKE(s);
    return RP_OK;
}

void rp_sized_clear(rp_sized *s)
{
    memset(s->count, 0, (size_t)(s->rows * (int64_t)s->columns) * sizeof *s->count);
}

void rp_sized_add(rp_sized *to, const rp_sized *from)
{
    for (int64_t i = 0; i < to->rows * (int64_t)to->columns; i++) to->count[i] += from->count[i];
}

rp_status rp_sized_add_weighted(rp_sized *to, const rp_sized *from, double weight)
{
    const int64_t cells = to->rows * (int64_t)to->columns;
    if (!to->weighted) RP_TRY(rp_alloc(cells, sizeof *to->weighted, &to->weighted));
    for (int64_t i = 0; i < cells; i++) to->weighted[i] += weight * (double)from->count[i];
    return RP_OK;
}

static double cell(const rp_sized *s, int64_t i)
{
    return s->weighted ? s->weighted[i] : (double)s->count[i];
}

rp_status rp_sized_list(const rp_levels *l, int64_t n, const uint16_t code[], const int32_t size[],
                        rp_sized **out)
{
    int32_t largest = 1;
    for (int64_t i = 0; i < n; i++) largest = size[i] > largest ? size[i] : largest;
    RP_AUTOFREE int32_t *column = NULL;
    RP_AUTO(rp_sized) s = NULL;
    RP_TRY(rp_alloc((int64_t)largest + 1, sizeof *column, &column));
    for (int64_t i = 0; i < n; i++) column[size[i]] = 1;
    int32_t columns = 0;
    for (int64_t v = 1; v <= largest; v++)
        if (column[v])
            column[v] = columns++;
        else
            column[v] = -1;
    RP_TRY(rp_sized_new(l, columns, &s));
    for (int32_t v = 1; v <= largest; v++)
        if (column[v] >= 0) s->size[column[v]] = v;
    for (int64_t i = 0; i < n; i++) s->count[(int64_t)code[i] * s->columns + column[size[i]]]++;
    *out = RP_TAKE(s);
    return RP_OK;
}

/* Sums over the cells of one row that need its level. */
typedef struct row_sums {
    double things, small, large, entropy_sum, squares;
} row_sums;

static row_sums sum_row(const rp_sized *s, int row, double column_sum[])
{
    row_sums r = {0};
    const int64_t first = (int64_t)row * s->columns;
    for (int j = 0; j < s->columns; j++) {
        const double c = cell(s, first + j), size = s->size[j];
        if (c == 0) continue;
        column_sum[j] += c;
        r.things += c;
        r.small += c / (size * size);
        r.large += c * size * size;
        r.entropy_sum += c * log2(c);
        r.squares += c * c;
    }
    return r;
}

bool rp_sized_features(const rp_sized *s, double voxels, double x[17])
{
    double *column_sum = s->column_sum;
    double n = 0, sum[8] = {0}, glnu = 0, szn = 0, gl = 0, entropy = 0, energy = 0, mean_size = 0,
           var_gl = 0, var_size = 0;
    for (int j = 0; j < s->columns; j++) column_sum[j] = 0;
    for (int i = 1; i < s->rows; i++) {
        const row_sums r = sum_row(s, i, column_sum);
        const double g2 = s->level[i] * s->level[i];
        const double part[8] = {r.small,      r.large,      r.things / g2, r.things * g2,
                                r.small / g2, r.small * g2, r.large / g2,  r.large * g2};
        for (int k = 0; k < 8; k++) sum[k] += part[k];
        n += r.things;
        glnu += r.things * r.things;
        gl += r.things * s->level[i];
        entropy += r.entropy_sum;
        energy += r.squares;
        var_gl += r.things * g2;
    }
    if (n == 0) return false;
    for (int j = 0; j < s->columns; j++) {
        szn += column_sum[j] * column_sum[j];
        mean_size += column_sum[j] * s->size[j] / n;
    }
    /* Second passes: variances around their means. */
    gl /= n;
    var_gl = 0;
    for (int i = 1; i < s->rows; i++) {
        double things = 0;
        for (int j = 0; j < s->columns; j++) things += cell(s, (int64_t)i * s->columns + j);
        var_gl += things * (s->level[i] - gl) * (s->level[i] - gl) / n;
    }
    for (int j = 0; j < s->columns; j++)
        var_size += column_sum[j] * (s->size[j] - mean_size) * (s->size[j] - mean_size) / n;
    for (int k = 0; k < 8; k++) x[k] = sum[k] / n;
    const double rest[9] = {glnu / n,        glnu / (n * n), szn / n,  szn / (n * n),
                            n / voxels,      var_gl,         var_size, log2(n) - entropy / n,
                            energy / (n * n)};
    memcpy(x + 8, rest, sizeof rest);
    return true;
}

rp_texture_settings rp_texture_settings_default(void)
{
    rp_texture_settings s = {.distance = 1, .neighbourhood = 1, .memory = (int64_t)1 << 30};
    for (int a = 0; a < RP_AGGREGATION_COUNT; a++) s.aggregation[a] = true;
    return s;
}

/* Adds every wanted aggregation of every texture family as missing. */
static rp_status all_missing(const rp_family_choice *choice, const rp_texture_settings *s,
                             rp_missing why, rp_values *out)
{
    for (int f = RP_GLCM; f <= RP_NGLDM; f++) {
        if (!choice->is_wanted[f]) continue;
        const bool has_directions = f == RP_GLCM || f == RP_GLRLM;
        for (int a = has_directions ? RP_BTW3 : RP_8QNN; a <= (has_directions ? RP_IAZD : RP_KOBO);
             a++)
            if (s->aggregation[a])
                RP_TRY(rp_values_add_missing(out, (rp_family)f, (rp_aggregation)a, why));
    }
    return RP_OK;
}

/* Bytes of the largest set of matrices: GLCM's tables of all directions, with their copies. */
static double matrix_bytes(const rp_levels *l)
{
    const double k = l->codes + 1;
    return k * k * (4 * (RP_DIRECTIONS + RP_DIRECTIONS_2D) + 8 * 3) + 14.0 * (double)l->voxels;
}

rp_status rp_texture(const rp_roi *roi, const rp_family_choice *choice,
                     const rp_texture_settings *s, rp_values *out)
{
    const bool *wanted = choice->is_wanted;
    if (roi->count == 0) return all_missing(choice, s, RP_MISSING_EMPTY, out);
    if (roi->levels == 0) return all_missing(choice, s, RP_MISSING_NO_LEVELS, out);
    RP_AUTO(rp_levels) l = NULL;
    const int pad = s->distance > s->neighbourhood ? s->distance : s->neighbourhood;
    RP_TRY(rp_levels_new(roi, pad, &l));
    if (matrix_bytes(l) > (double)s->memory)
        return all_missing(choice, s, RP_MISSING_TOO_LARGE, out);
    if (wanted[RP_GLCM]) RP_TRY(rp_glcm(l, s, out));
    if (wanted[RP_GLRLM]) RP_TRY(rp_glrlm(l, s, out));
    if (wanted[RP_GLSZM] || wanted[RP_GLDZM]) RP_TRY(rp_zones(l, roi, s, out));
    if (wanted[RP_NGTDM]) RP_TRY(rp_ngtdm(l, s, out));
    return wanted[RP_NGLDM] ? rp_ngldm(l, s, out) : RP_OK;
}

rp_status rp_families(const rp_roi *roi, const rp_family_choice *choice,
                      const rp_texture_settings *s, rp_values *out)
{
    const bool *wanted = choice->is_wanted;
    if (wanted[RP_MORPHOLOGY]) RP_TRY(rp_morphology(roi, out));
    if (wanted[RP_LOCAL]) RP_TRY(rp_local_intensity(roi, out));
    RP_TRY(rp_intensities(roi, choice, out));
    bool has_texture = false;
    for (int f = RP_GLCM; f <= RP_NGLDM; f++) has_texture |= wanted[f];
    return has_texture ? rp_texture(roi, choice, s, out) : RP_OK;
}
