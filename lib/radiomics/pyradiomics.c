/* lib/radiomics/pyradiomics.c - the features of PyRadiomics 3 on one image, by its names.
 */
#include "lib/radiomics/pyradiomics.h"

#include "lib/radiomics/mesh.h"
#include "lib/radiomics/shape2d.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef enum source { WHOLE, DIRECTIONS, VOLUME } source;
typedef enum change {
    SAME,
    OVER_N,
    PLUS_3,
    AREA,
    AREA_BY_VOLUME,
    SPHERICITY,
    ENERGY,
    TOTAL_ENERGY,
    RMS,
    MCC,
    ACROSS_Z,
    ACROSS_Y,
    ACROSS_X,
    SHAPE2D
} change;

static const struct {
    const char *name;
    int feature;
    source from;
    change how;
} rows[] = {
#define RP_PYRADIOMICS(name, feature, from, how) {name, feature, from, how},
#include "lib/radiomics/pyradiomics.inc"
#undef RP_PYRADIOMICS
};
_Static_assert(sizeof rows / sizeof *rows == RP_PYRADIOMICS_COUNT, "one row a feature");

const char *rp_pyradiomics_name(int i) { return rows[i].name; }
bool rp_pyradiomics_is_shape2d(int i) { return rows[i].how == SHAPE2D; }
bool rp_pyradiomics_is_shape(int i) { return strncmp(rows[i].name, "shape", 5) == 0; }

typedef struct corner {
    double u, v; /* mm in the plane */
} corner;

/* Longest distance between vertices of the mesh that lie in one plane across the axis.  Vertices of
 * a plane through voxel centres: half a voxel beyond the first and last voxel of a row or column;
 * of a plane between: voxels that have no neighbour there. */
static rp_status planar_diameter(const rp_roi *roi, int axis, double *out)
{
    const int64_t *n = roi->grid.n;
    const int a = axis == 0 ? 1 : 0, b = axis == 2 ? 1 : 2;
    const int64_t stride[3] = {n[1] * n[2], n[2], 1};
    const double *s = roi->grid.spacing;
    RP_AUTOFREE corner *c = NULL;
    int64_t capacity = 0;
    double far = 0;
    for (int64_t h = 0; h <= 2 * n[axis]; h++) { /* half places: odd ones are voxel centres */
        int64_t count = 0;
        for (int64_t p = 0; p < n[a]; p++)
            for (int64_t q = 0; q < n[b]; q++) {
                const int64_t at = p * stride[a] + q * stride[b], k = h >> 1;
                RP_TRY(rp_grow(count + 4, sizeof *c, &capacity, &c));
                if (h % 2 == 0) {
                    const bool below = k > 0 && roi->morph[at + (k - 1) * stride[axis]],
                               above = k < n[axis] && roi->morph[at + k * stride[axis]];
                    if (below != above) c[count++] = (corner){(double)p * s[a], (double)q * s[b]};
                    continue;
                }
                const uint8_t *m = roi->morph + at + k * stride[axis];
                if (!*m) continue;
                if (p == 0 || !m[-stride[a]])
                    c[count++] = (corner){((double)p - 0.5) * s[a], (double)q * s[b]};
                if (p == n[a] - 1 || !m[stride[a]])
                    c[count++] = (corner){((double)p + 0.5) * s[a], (double)q * s[b]};
                if (q == 0 || !m[-stride[b]])
                    c[count++] = (corner){(double)p * s[a], ((double)q - 0.5) * s[b]};
                if (q == n[b] - 1 || !m[stride[b]])
                    c[count++] = (corner){(double)p * s[a], ((double)q + 0.5) * s[b]};
            }
        for (int64_t i = 0; i < count; i++)
            for (int64_t j = i + 1; j < count; j++) {
                const double u = c[i].u - c[j].u, v = c[i].v - c[j].v;
                far = fmax(far, u * u + v * v);
            }
    }
    *out = sqrt(far);
    return RP_OK;
}

static double value(const rp_values *v, int feature, rp_aggregation a)
{
    const rp_value_of *x = rp_values_find(v, feature, a);
    return x && x->missing == RP_PRESENT ? x->value : NAN;
}

/* Sum of squares of the intensities plus the shift. */
static double energy(const rp_roi *roi, double shift)
{
    double sum = 0;
    for (int64_t i = 0; i < roi->count; i++)
        sum += (roi->value[i] + shift) * (roi->value[i] + shift);
    return sum;
}

static double area(const rp_roi *roi)
{
    double x;
    rp_mesh_area_mixed(roi->grid.n, roi->grid.spacing, roi->morph, &x);
    return x;
}

/* What several features are made of. */
typedef struct parts {
    double energy, area, mcc, shape_voxels; /* of the mask before values left it */
    bool is_constant;                       /* all values are the same */
    double shape2d[RP_SHAPE2D_COUNT];       /* NaN where there is none */
} parts;

static rp_status special(const rp_roi *roi, const parts *p, int feature, change how, double plain,
                         double *x)
{
    const double *spacing = roi->grid.spacing, voxel = spacing[0] * spacing[1] * spacing[2],
                 n = (double)roi->count;
    switch (how) {
    case SAME: *x = plain; return RP_OK;
    case OVER_N: *x = plain * sqrt((p->shape_voxels - 1) / p->shape_voxels); return RP_OK;
    case PLUS_3: *x = p->is_constant ? 0 : plain + 3; return RP_OK;
    case ENERGY: *x = p->energy; return RP_OK;
    case TOTAL_ENERGY: *x = p->energy * voxel; return RP_OK;
    case RMS: *x = sqrt(p->energy / n); return RP_OK;
    case MCC: *x = p->mcc; return RP_OK;
    case AREA: *x = p->area; return RP_OK;
    case AREA_BY_VOLUME: *x = p->area / plain; return RP_OK;
    case SPHERICITY: *x = cbrt(36 * acos(-1.0) * plain * plain) / p->area; return RP_OK;
    case ACROSS_Z: return planar_diameter(roi, 0, x);
    case ACROSS_Y: return planar_diameter(roi, 1, x);
    case ACROSS_X: return planar_diameter(roi, 2, x);
    case SHAPE2D: *x = p->shape2d[feature]; return RP_OK;
    }
    RP_FAIL(RP_EBUG, "a feature without a rule");
}

/* Length in mm of a step between voxels, by a norm. */
static double step_length(const int step[3], const double spacing[3], rp_norm norm)
{
    double sum = 0, squares = 0, most = 0;
    for (int a = 0; a < 3; a++) {
        const double d = abs(step[a]) * spacing[a];
        sum += d;
        squares += d * d;
        most = fmax(most, d);
    }
    return norm == RP_NORM_MANHATTAN ? sum : norm == RP_NORM_EUCLIDEAN ? sqrt(squares) : most;
}

static void weights_of(const rp_roi *roi, rp_norm norm, double pair[], double run[])
{
    for (int d = 0; d < RP_DIRECTIONS; d++) {
        const double length = step_length(rp_direction[d], roi->grid.spacing, norm);
        pair[d] = norm <= RP_NORM_PLAIN ? 1 : exp(-length * length);
        run[d] = norm <= RP_NORM_PLAIN ? 1 : length;
    }
}

static rp_status parts_of(const rp_roi *roi, const rp_pyradiomics_settings *s, double mcc,
                          parts *out)
{
    bool is_flat;
    parts p = {.energy = energy(roi, s->shift),
               .area = s->is_response ? NAN : area(roi),
               .mcc = mcc,
               .is_constant = true,
               .shape_voxels = (double)rp_mask_facts(roi->grid.n, roi->image, roi->morph).count};
    for (int64_t i = 1; i < roi->count; i++) p.is_constant &= roi->value[i] == roi->value[0];
    for (int i = 0; i < RP_SHAPE2D_COUNT; i++) p.shape2d[i] = NAN;
    if (s->is_flat && !s->is_response)
        RP_TRY(rp_shape2d(roi->grid.n, roi->grid.spacing, roi->morph, &is_flat, p.shape2d));
    *out = p;
    return RP_OK;
}

static rp_status fill(const rp_roi *roi, const rp_pyradiomics_settings *s, const parts *p,
                      const rp_values *v, rp_aggregation directions, rp_aggregation volume,
                      double x[])
{
    for (int i = 0; i < RP_PYRADIOMICS_COUNT; i++) {
        const rp_aggregation a = rows[i].from == DIRECTIONS ? directions
                                 : rows[i].from == VOLUME   ? volume
                                                            : RP_DHQ4;
        const bool is_ours = rows[i].feature >= 0 && rows[i].how != SHAPE2D;
        x[i] = NAN;
        if (s->is_response && rp_pyradiomics_is_shape(i)) continue;
        RP_TRY(special(roi, p, rows[i].feature, rows[i].how,
                       is_ours ? value(v, rows[i].feature, a) : NAN, &x[i]));
    }
    return RP_OK;
}

rp_status rp_pyradiomics(const rp_roi *roi, const rp_pyradiomics_settings *s, double x[])
{
    rp_texture_settings t = rp_texture_settings_default();
    const bool is_merged = s->norm != RP_NORM_NONE;
    const rp_aggregation directions = s->is_flat  ? is_merged ? RP_ZW7Z : RP_JJUI
                                      : is_merged ? RP_IAZD
                                                  : RP_ITBB;
    const rp_aggregation volume = s->is_flat ? RP_62GR : RP_KOBO;
    double mcc[RP_AGGREGATION_COUNT], pair[RP_DIRECTIONS], run[RP_DIRECTIONS];
    rp_values v = {0};
    parts p;
    const rp_family_choice all = {.is_wanted = {[RP_MORPHOLOGY] = !s->is_response,
                                                [RP_STATISTICS] = true,
                                                [RP_HISTOGRAM] = true,
                                                [RP_GLCM] = true,
                                                [RP_GLRLM] = true,
                                                [RP_GLSZM] = true,
                                                [RP_NGTDM] = true,
                                                [RP_NGLDM] = true}};
    for (int a = 0; a < RP_AGGREGATION_COUNT; a++) {
        t.aggregation[a] = a == (int)directions || a == (int)volume;
        mcc[a] = NAN;
    }
    weights_of(roi, s->norm, pair, run);
    t.pair_weight = s->norm > RP_NORM_PLAIN ? pair : NULL;
    t.run_weight = s->norm > RP_NORM_PLAIN ? run : NULL;
    t.memory = s->memory;
    t.mcc = mcc;
    rp_status st = rp_families(roi, &all, &t, &v);
    if (st == RP_OK) st = parts_of(roi, s, mcc[directions], &p);
    if (st == RP_OK) st = fill(roi, s, &p, &v, directions, volume, x);
    rp_values_clear(&v);
    return st;
}
