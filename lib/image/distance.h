/* lib/image/distance.h - exact Euclidean distance maps and distances between surfaces, in mm. */
#pragma once
#include "lib/base/mem.h"

/* d2[i] = squared distance in mm2 from voxel i to the nearest voxel with mask != 0; INFINITY when
 * the mask is empty.  mask, d2: [n[0]*n[1]*n[2]], axes z, y, x; spacing in mm.
 * Exact: lower envelopes of parabolas, axis by axis, in double.
 * Source: P. F. Felzenszwalb, D. P. Huttenlocher, Theory of Computing 8 (2012) 415.
 * Errors: RP_EMEM. */
RP_MUST rp_status rp_distance_map(const int64_t n[3], const double spacing[3], const uint8_t mask[],
                                  double d2[]);

/* Distances between the borders of two masks.  Border: voxels of the mask with a face neighbour
 * outside it; outside of the image is background. */
typedef struct rp_surface_distances {
    int64_t n_reference, n_prediction; /* border voxels */
    double *to_prediction;             /* [n_reference], ascending: from reference's border */
    double *to_reference;              /* [n_prediction], ascending: from prediction's border */
} rp_surface_distances;

/* Voxels equal to label in each array [n[0]*n[1]*n[2]].  A missing surface leaves n = 0 and the
 * other's distances INFINITY.  Owned by the caller, rp_surface_distances_clear.
 * Errors: RP_EMEM. */
RP_MUST rp_status rp_surface_distances_find(const int64_t n[3], const double spacing[3],
                                            const uint8_t reference[], const uint8_t prediction[],
                                            uint8_t label, rp_surface_distances *out);
void rp_surface_distances_clear(rp_surface_distances *s);

/* The larger of the two directed q-quantiles (q = 1: Hausdorff distance; 0.95: HD95, rule maxdir).
 * Both surfaces missing: RP_ENONE; one missing: INFINITY. */
RP_MUST rp_status rp_surface_hausdorff(const rp_surface_distances *s, double q, double *mm);
