/* lib/radiomics/regrid.h - interpolation to another spacing, grid centres kept, as IBSI has it.
 *
 * Along an axis with n voxels of s mm the new axis has ceil(n s / s') voxels of exactly s' mm, and
 * its centre is the old centre.  The new grid may reach beyond the old one: the edge's value goes
 * on there.  Order 0 is nearest, 1 linear, 3 the interpolating cubic B-spline (no clipping).  Sums
 * run in double, axis by axis: x, y, z.
 * Source: IBSI reference manual, chapter 2 (grid alignment 3WE3). */
#pragma once
#include "lib/image/volume.h"

/* The grid after interpolation; an axis whose new spacing is 0 stays as it is. */
rp_grid rp_regrid(const rp_grid *from, const double spacing[3]);
/* Values of in[voxels of from] on grid to, which rp_regrid made of from.  *out [voxels of to],
 * owned by the caller.  Errors: RP_EARG (order), RP_EMEM. */
RP_MUST rp_status rp_regrid_image(const rp_grid *from, const double in[], const rp_grid *to, int order,
                                  double **out);
