/* lib/radiomics/autocorrelation.h - Moran's I and Geary's C of a region, over all pairs of voxels.
 */
#pragma once
#include "lib/base/mem.h"

/* Weights 1 / distance (mm) between the centres of all pairs of voxels of the mask.  image, mask:
 * [n[0] n[1] n[2]].  The sums over pairs are taken in Fourier space, exact up to rounding.
 * moran, geary: NaN where all values are the same or there is one voxel.  Errors: RP_EMEM, RP_EARG.
 * Source: IBSI reference manual, features N365 and NPT7. */
RP_MUST rp_status rp_autocorrelation(const int64_t n[3], const double spacing[3],
                                     const double image[], const uint8_t mask[], double *moran,
                                     double *geary);
