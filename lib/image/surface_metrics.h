/* lib/image/surface_metrics.h - numbers from distances between two surfaces, in mm.
 *
 * Borders and distances are those of distance.h; percentiles are linear at (n - 1) q.
 * "pooled" joins both directions, "maxdir" takes the larger of the two, "meandir" their mean. */
#pragma once
#include "lib/image/distance.h"

typedef struct rp_surface_metrics {
    double hd;                                   /* Hausdorff distance */
    double hd95_pooled, hd95_maxdir, hd95_meandir;
    double assd_pooled, assd_meandir;            /* average symmetric surface distance */
    double asd_pred_to_ref, asd_ref_to_pred;     /* directed means */
} rp_surface_metrics;

/* Both surfaces must be there: else RP_ENONE without a message (undefined or infinite is the caller's
 * word).  Errors: RP_EMEM. */
RP_MUST rp_status rp_surface_metrics_find(const rp_surface_distances *s, rp_surface_metrics *out);
/* Share of both borders within tolerance (<=).  RP_ENONE where both are missing; 0 where one is. */
RP_MUST rp_status rp_surface_nsd(const rp_surface_distances *s, double tolerance, double *nsd);
/* Mean over all voxels of from (not its border alone) of the distance to the nearest voxel of to;
 * ITK's average Hausdorff distance is the mean of both ways.  RP_ENONE where a mask is empty. */
RP_MUST rp_status rp_region_mean_distance(const int64_t n[3], const double spacing[3], const uint8_t from[],
                                          const uint8_t to[], double *mm);
