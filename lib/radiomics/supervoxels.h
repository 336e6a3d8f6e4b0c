/* lib/radiomics/supervoxels.h - supervoxels (SLIC), and contours drawn anew along them.
 *
 * Source: R. Achanta et al., IEEE Trans. PAMI 34 (2012) 2274, DOI 10.1109/TPAMI.2012.120 (SLIC);
 *         A. Zwanenburg et al., Sci. Rep. 9 (2019) 614, DOI 10.1038/s41598-018-36938-4 (contours).
 */
#pragma once
#include "lib/base/mem.h"
#include <stdbool.h>

/* Clusters voxels of like intensity that lie together: the centre k that is nearest by
 * ((x - x_k)/sd)^2 + (d/S)^2, with sd that of the image, d the distance in mm and S the cube root
 * of the volume; of those less than S away along each axis, of equals the first.  Ten turns;
 * centres start on a regular grid. n, spacing  voxels and mm along z, y, x volume      mm3 of a
 * supervoxel, about label       [n] out, 0..*count - 1 (some may be empty) Errors: RP_EARG
 * (volume), RP_EMEM. */
RP_MUST rp_status rp_supervoxels(const int64_t n[3], const double spacing[3], const double image[],
                                 double volume, int32_t label[], int32_t *count);

/* A mask of whole supervoxels: those that lie in mask by at least nine tenths, none below a fifth,
 * the others with the chance that their part in the mask is.  The numbers are those of (seed,
 * sample), one a supervoxel.  voxels: of label, mask and out, which may be mask. */
RP_MUST rp_status rp_contour_randomise(int64_t voxels, int32_t count, const int32_t label[],
                                       const uint8_t mask[], uint64_t seed, uint64_t sample,
                                       uint8_t out[]);
