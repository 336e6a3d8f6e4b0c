/* lib/image/skeleton.h - medial curves of a mask, and the overlap of two masks along them. */
#pragma once
#include "lib/base/mem.h"

/* skeleton[i] = 1 for voxels left by thinning; keeps holes, tunnels and parts (26-connected object,
 * 6-connected background) and the ends of curves.  Masks 0 or 1, [n[0]*n[1]*n[2]], z, y, x; outside of
 * the image is background.
 * Source: T.-C. Lee, R. L. Kashyap, C.-N. Chu, CVGIP: Graph. Models Image Process. 56 (1994) 462.
 * Errors: RP_EMEM. */
RP_MUST rp_status rp_skeleton_find(const int64_t n[3], const uint8_t mask[], uint8_t skeleton[]);

/* clDice = 2 tp ts / (tp + ts) with tp the share of the prediction's skeleton inside the reference, ts
 * that of the reference's inside the prediction.  0 where one mask is empty or nothing is shared;
 * RP_ENONE without a message where both are empty.
 * Source: S. Shit et al., CVPR 2021, 16560.  Errors: RP_EMEM. */
RP_MUST rp_status rp_cldice(const int64_t n[3], const uint8_t reference[], const uint8_t prediction[],
                            double *cldice);
