/* lib/image/lesion_metrics.h - overlap counted by lesion, and at the rim.
 *
 * Lesions are connected components (26 neighbours). */
#pragma once
#include "lib/base/mem.h"

typedef struct rp_lesion_counts {
    int32_t reference, prediction; /* lesions in each */
    int32_t found;                 /* of the reference, touched by at least one predicted voxel */
    int32_t false_positives;       /* of the prediction, touching no reference voxel */
    int32_t matched;               /* pairs with IoU > 0.5: at most one a lesion */
    double iou_sum;                /* over matched pairs */
} rp_lesion_counts;

/* Masks 0 or 1, [n[0]*n[1]*n[2]], z, y, x.
 * Panoptic quality is iou_sum / (matched + half of the unmatched on both sides).
 * Source: A. Kirillov et al., CVPR 2019, 9404.  Errors: RP_EARG, RP_EMEM. */
RP_MUST rp_status rp_lesions_count(const int64_t n[3], const uint8_t reference[],
                                   const uint8_t prediction[], rp_lesion_counts *out);
/* IoU of the rims: voxels of a mask at most width mm from a voxel outside it, measured between centres;
 * outside of the image is outside.  RP_ENONE without a message where both masks are empty.
 * Source: B. Cheng et al., CVPR 2021, 15334.  Errors: RP_EMEM. */
RP_MUST rp_status rp_boundary_iou(const int64_t n[3], const double spacing[3], const uint8_t reference[],
                                  const uint8_t prediction[], double width, double *iou);
