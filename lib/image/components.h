/* lib/image/components.h - connected components of a mask. */
#pragma once
#include "lib/base/mem.h"

typedef enum rp_neighbours { RP_NEIGHBOURS_6 = 1, RP_NEIGHBOURS_18, RP_NEIGHBOURS_26 } rp_neighbours;

/* label[i] = 0 outside the mask (mask[i] == 0), else 1, 2, ... in the order of each component's first
 * voxel.  n: z, y, x; mask, label: [n[0]*n[1]*n[2]]; *count: components.
 * Errors: RP_EARG (a side under 1, 2^31 voxels or more), RP_EMEM. */
RP_MUST rp_status rp_components_find(const int64_t n[3], const uint8_t mask[], rp_neighbours neighbours,
                                     int32_t label[], int32_t *count);
