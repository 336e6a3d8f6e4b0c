/* lib/radiomics/maps.c - features of each voxel's neighbourhood.
 *
 * 1. A cube holds few pairs, so a matrix is a list of the cells that occur; dense tables are only
 *    looked up, and emptied by the list.
 * 2. Counts are integers; an entropy is log2 T - sum of q log2 q / T, from a table of logarithms.
 * 3. Every voxel is computed alone, in a fixed order: threads change nothing. */
#include "lib/radiomics/maps.h"

#include "lib/radiomics/maps_priv.h"

#include <math.h>
#include <string.h>

static const char *const names[RP_MAP_COUNT] = {
    "firstorder_10Percentile",
    "firstorder_90Percentile",
    "firstorder_Energy",
    "firstorder_Entropy",
    "firstorder_InterquartileRange",
    "firstorder_Kurtosis",
    "firstorder_Maximum",
    "firstorder_MeanAbsoluteDeviation",
    "firstorder_Mean",
    "firstorder_Median",
    "firstorder_Minimum",
    "firstorder_Range",
    "firstorder_RobustMeanAbsoluteDeviation",
    "firstorder_RootMeanSquared",
    "firstorder_Skewness",
    "firstorder_TotalEnergy",
    "firstorder_Uniformity",
    "firstorder_Variance",
    "glcm_Autocorrelation",
    "glcm_ClusterProminence",
    "glcm_ClusterShade",
    "glcm_ClusterTendency",
    "glcm_Contrast",
    "glcm_Correlation",
    "glcm_DifferenceAverage",
    "glcm_DifferenceEntropy",
    "glcm_DifferenceVariance",
    "glcm_Id",
    "glcm_Idm",
    "glcm_Idmn",
    "glcm_Idn",
    "glcm_Imc1",
    "glcm_Imc2",
    "glcm_InverseVariance",
    "glcm_JointAverage",
    "glcm_JointEnergy",
    "glcm_JointEntropy",
    "glcm_MaximumProbability",
    "glcm_SumAverage",
    "glcm_SumEntropy",
    "glcm_SumSquares",
};

const char *rp_map_name(int i) { return names[i]; }

/* What all voxels share. */
typedef struct setting {
    const rp_roi *roi;
    const rp_levels *levels;
    double *value; /* [voxels of levels] intensities on the padded box */
    int radius, side;
    rp_pairs pairs;
    double *log2s; /* [2 * most pairs + 1] log2 of an integer */
    double *const *out;
    bool has_first, has_glcm;
} setting;

/* The intensities on the padded box of the levels. */
static rp_status spread_values(const rp_roi *roi, const rp_levels *l, double **out)
{
    RP_TRY(rp_alloc(l->voxels, sizeof **out, out));
    int64_t k = 0;
    for (int64_t z = 0; z < l->n[0]; z++)
        for (int64_t y = 0; y < l->n[1]; y++) {
            const int64_t row = rp_levels_row(l, z, y);
            for (int64_t x = 0; x < l->n[2]; x++)
                if (l->code[row + x]) (*out)[row + x] = roi->value[k++];
        }
    return RP_OK;
}

/* Pairs of places in the cube, direction by direction, as offsets in the padded box. */
static rp_status make_pairs(const rp_levels *l, int radius, rp_pairs *p)
{
    const int64_t side = 2 * radius + 1, cells = side * side * side;
    RP_TRY(rp_alloc_raw(RP_DIRECTIONS * cells, sizeof *p->offset, &p->offset));
    for (int d = 0; d < RP_DIRECTIONS; d++) {
        const int *s = rp_direction[d];
        int64_t k = p->first[d];
        for (int64_t z = -radius; z <= radius; z++)
            for (int64_t y = -radius; y <= radius; y++)
                for (int64_t x = -radius; x <= radius; x++) {
                    if (z + s[0] > radius || y + s[1] < -radius || y + s[1] > radius ||
                        x + s[2] < -radius || x + s[2] > radius)
                        continue;
                    const int64_t at = z * l->stride[0] + y * l->stride[1] + x;
                    p->offset[k][0] = at;
                    p->offset[k++][1] = at + s[0] * l->stride[0] + s[1] * l->stride[1] + s[2];
                }
        p->first[d + 1] = k;
        if (k - p->first[d] > p->most) p->most = k - p->first[d];
    }
    return RP_OK;
}

static void setting_clear(setting *s)
{
    rp_free(s->value);
    rp_free(s->pairs.offset);
    rp_free(s->log2s);
}

/* The maps of one row of the box. */
static rp_status run_row(void *arg, int64_t row)
{
    const setting *s = arg;
    const rp_levels *l = s->levels;
    const int64_t z = row / l->n[1], y = row % l->n[1], *n = s->roi->grid.n;
    const int64_t from = rp_levels_row(l, z, y),
                  to = ((z + l->origin[0]) * n[1] + y + l->origin[1]) * n[2] + l->origin[2];
    RP_AUTO(rp_map_scratch) scratch = NULL;
    double x[RP_MAP_COUNT] = {0};
    RP_TRY(rp_map_scratch_new(l, s->side, s->pairs.most, &scratch));
    for (int64_t i = 0; i < l->n[2]; i++) {
        if (l->code[from + i] == 0) continue;
        if (s->has_first)
            rp_map_first_order(l, s->value, s->roi->grid.spacing, s->radius, from + i, s->log2s,
                               scratch, x);
        if (s->has_glcm)
            rp_map_glcm(l, &s->pairs, from + i, s->log2s, scratch, x + RP_MAP_FIRST_ORDER);
        for (int k = 0; k < RP_MAP_COUNT; k++)
            if (s->out[k]) s->out[k][to + i] = x[k];
    }
    return RP_OK;
}

static rp_status prepare(const rp_roi *roi, setting *s)
{
    const rp_levels *l = s->levels;
    const int64_t cells = (int64_t)s->side * s->side * s->side;
    RP_TRY(spread_values(roi, l, &s->value));
    RP_TRY(make_pairs(l, s->radius, &s->pairs));
    const int64_t most = 2 * s->pairs.most > cells ? 2 * s->pairs.most : cells;
    RP_TRY(rp_alloc(most + 1, sizeof *s->log2s, &s->log2s));
    for (int64_t i = 1; i <= most; i++) s->log2s[i] = log2((double)i);
    for (int k = 0; k < RP_MAP_COUNT; k++) {
        if (!s->out[k]) continue;
        memset(s->out[k], 0, (size_t)rp_grid_voxels(&roi->grid) * sizeof **s->out);
        if (k < RP_MAP_FIRST_ORDER)
            s->has_first = true;
        else
            s->has_glcm = true;
    }
    return RP_OK;
}

rp_status rp_voxel_maps(const rp_roi *roi, int radius, rp_pool *pool,
                        double *const out[RP_MAP_COUNT])
{
    RP_NEED(radius >= 1 && radius <= RP_MAP_RADIUS_MAX, RP_EARG,
            "maps of a radius of %d voxels: must be 1 to %d", radius, RP_MAP_RADIUS_MAX);
    RP_NEED(roi->count > 0 && roi->levels > 0, RP_EARG, "maps of a region without grey levels");
    RP_AUTO(rp_levels) l = NULL;
    RP_TRY(rp_levels_new(roi, radius, &l));
    /* A row's scratch holds a table of all pairs of levels. */
    RP_NEED(l->codes <= 1024, RP_EUNSUP, "maps of %d grey levels: at most 1024", l->codes);
    setting s = {.roi = roi, .levels = l, .radius = radius, .side = 2 * radius + 1, .out = out};
    rp_status st = prepare(roi, &s);
    if (st == RP_OK) st = rp_pool_for(pool, l->n[0] * l->n[1], run_row, &s);
    setting_clear(&s);
    return st;
}
