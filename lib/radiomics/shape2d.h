/* lib/radiomics/shape2d.h - shape of a mask of one slice, as PyRadiomics' shape2D has it.
 *
 * The outline runs through the middles of edges between a pixel inside and one outside; pixels that
 * touch at a corner alone are kept apart.
 * Source: PyRadiomics 3, shape2D.py and cshape.c; J. J. M. van Griethuysen et al., Cancer Res. 77
 *         (2017) e104, DOI 10.1158/0008-5472.CAN-17-0339. */
#pragma once
#include "lib/base/mem.h"
#include <stdbool.h>

enum {
    RP_SHAPE2D_ELONGATION, /* sqrt of minor by major eigenvalue */
    RP_SHAPE2D_MAJOR_AXIS_LENGTH,
    RP_SHAPE2D_MAXIMUM_DIAMETER, /* between corners of the outline, mm */
    RP_SHAPE2D_MESH_SURFACE,     /* within the outline, mm2 */
    RP_SHAPE2D_MINOR_AXIS_LENGTH,
    RP_SHAPE2D_PERIMETER,
    RP_SHAPE2D_PERIMETER_SURFACE_RATIO,
    RP_SHAPE2D_PIXEL_SURFACE,
    RP_SHAPE2D_SPHERICITY, /* perimeter of the circle of the same surface by the perimeter */
    RP_SHAPE2D_COUNT
};
/*   n        voxels along z, y, x of mask
 *   spacing  mm along z, y, x
 *   x        [RP_SHAPE2D_COUNT] out; axes are 4 sqrt(eigenvalue) of the covariance over N
 * False, x untouched: the mask is empty or has more than one slice.  Errors: RP_EMEM. */
RP_MUST rp_status rp_shape2d(const int64_t n[3], const double spacing[3], const uint8_t mask[],
                             bool *is_flat, double x[]);
