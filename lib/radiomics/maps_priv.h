/* lib/radiomics/maps_priv.h - features of one voxel's neighbourhood, for maps.c. */
#pragma once
#include "lib/radiomics/texture_priv.h"

enum { RP_MAP_FIRST_ORDER = 18, RP_MAP_GLCM = 23 };

/* Pairs of places in the cube by direction: first[d]..first[d + 1] - 1. */
typedef struct rp_pairs {
    int64_t first[RP_DIRECTIONS + 1], most; /* most: of one direction */
    int64_t (*offset)[2];
} rp_pairs;

/* A list of what occurs in a dense table of counts, and the table. */
typedef struct rp_touched {
    int64_t count, *at;
    int32_t *table;
} rp_touched;

typedef struct rp_map_scratch {
    double *value; /* [cube] */
    rp_touched cell, level, difference, sum;
} rp_map_scratch;
RP_MUST rp_status rp_map_scratch_new(const rp_levels *l, int side, int64_t pairs,
                                     rp_map_scratch **out);
void rp_map_scratch_drop(rp_map_scratch **s);

/* Adds n to table[i]; i is listed when it was 0. */
static inline void rp_touch(rp_touched *t, int64_t i, int32_t n)
{
    if (t->table[i] == 0) t->at[t->count++] = i;
    t->table[i] += n;
}
static inline void rp_touched_empty(rp_touched *t)
{
    for (int64_t k = 0; k < t->count; k++) t->table[t->at[k]] = 0;
    t->count = 0;
}

/* place: of the voxel in the padded box.  x: [RP_MAP_FIRST_ORDER], [RP_MAP_GLCM] in the maps'
 * order. log2s: log2 of integers. */
void rp_map_first_order(const rp_levels *l, const double value[], const double spacing[3],
                        int radius, int64_t place, const double log2s[], rp_map_scratch *s,
                        double x[]);
void rp_map_glcm(const rp_levels *l, const rp_pairs *pairs, int64_t place, const double log2s[],
                 rp_map_scratch *s, double x[]);
