/* lib/radiomics/texture_priv.h - what the texture families share: grey levels on a padded box, and
 * matrices of counts.
 *
 * 1. Only levels that occur have a row (a code, from 1); features read the level's value, so absent
 *    levels weigh as they should.
 * 2. Matrices are counts; they are merged before anything is divided.
 * 3. Averages run over the matrices that exist, in the order of slices and directions; a value that
 * is undefined for one of them is left out of its average. */
#pragma once
#include "lib/radiomics/families.h"

typedef struct rp_levels {
    int64_t n[3];      /* voxels of the box along z, y, x, without padding */
    int64_t pad;       /* layers of outside around it */
    int64_t stride[3]; /* of the padded array */
    int64_t voxels;    /* of the padded array */
    int codes;         /* levels that occur */
    double *value;     /* [codes + 1] level of a code; value[0] = 0 */
    int highest;       /* level that the binning can give */
    uint16_t *code;    /* [voxels] 0 outside the intensity mask */
    int64_t count;     /* voxels of the mask */
    int64_t *in_slice; /* [n[0]] voxels of the mask in each slice */
    int64_t origin[3]; /* of the box in the roi */
} rp_levels;
RP_MUST rp_status rp_levels_new(const rp_roi *roi, int64_t pad, rp_levels **out);
void rp_levels_drop(rp_levels **l);
/* Place of voxel (z, y, 0) of the box in the padded array. */
static inline int64_t rp_levels_row(const rp_levels *l, int64_t z, int64_t y)
{
    return (z + l->pad) * l->stride[0] + (y + l->pad) * l->stride[1] + l->pad;
}

/* Means of features over matrices. */
enum { RP_MEAN_MAX = 26 };
typedef struct rp_mean {
    int64_t matrices;
    double sum[RP_MEAN_MAX];
    int64_t count[RP_MEAN_MAX];
} rp_mean;
void rp_mean_add(rp_mean *m, int n, const double x[]);
/* Adds the family's means, or its absence when no matrix was added. */
RP_MUST rp_status rp_mean_put(const rp_mean *m, rp_family f, rp_aggregation a, rp_values *out);

/* Counts by grey level (row) and size, distance or dependence (column). */
typedef struct rp_sized {
    int rows, columns;   /* rows = codes + 1; row 0 is not used */
    const double *level; /* [rows] lent */
    double *size;        /* [columns] value of each column */
    int64_t *count;      /* [rows * columns] */
    double *weighted;    /* NULL, or [rows * columns] sums of weights, read instead of counts */
    double *column_sum;  /* [columns] scratch of rp_sized_features */
} rp_sized;
RP_MUST rp_status rp_sized_new(const rp_levels *l, int64_t columns, rp_sized **out);
void rp_sized_drop(rp_sized **s);
void rp_sized_clear(rp_sized *s);
void rp_sized_add(rp_sized *to, const rp_sized *from);
/* Adds weight * from to the weighted sums, which are made if to has none.  Errors: RP_EMEM. */
RP_MUST rp_status rp_sized_add_weighted(rp_sized *to, const rp_sized *from, double weight);
/* From a list: code[i] and size[i] (>= 1) of n things; a column for each size that occurs. */
RP_MUST rp_status rp_sized_list(const rp_levels *l, int64_t n, const uint16_t code[],
                                const int32_t size[], rp_sized **out);
/* The 17 values in the order: small, large, low, high; small-low, small-high, large-low,
 * large-high; level non-uniformity, normalised; size non-uniformity, normalised; percentage (things
 * / voxels); variance of level, of size; entropy; energy.  False, x untouched, for an empty matrix.
 */
bool rp_sized_features(const rp_sized *s, double voxels, double x[17]);

/* Second largest |eigenvalue| of p[m * m] divided by the roots of its marginals, 1 for m < 2.  s:
 * scratch [m * m]. */
double rp_mcc(int64_t m, const double p[], const double marginal[], double s[]);
RP_MUST rp_status rp_glcm(const rp_levels *l, const rp_texture_settings *s, rp_values *out);
RP_MUST rp_status rp_glrlm(const rp_levels *l, const rp_texture_settings *s, rp_values *out);
RP_MUST rp_status rp_zones(const rp_levels *l, const rp_roi *roi, const rp_texture_settings *s,
                           rp_values *out);
RP_MUST rp_status rp_ngtdm(const rp_levels *l, const rp_texture_settings *s, rp_values *out);
RP_MUST rp_status rp_ngldm(const rp_levels *l, const rp_texture_settings *s, rp_values *out);
