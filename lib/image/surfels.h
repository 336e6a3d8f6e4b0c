/* lib/image/surfels.h - surfaces as small pieces with an area, and distances weighted by it.
 *
 * Between eight voxels stands a piece when they are not all inside or all outside; its area is that of
 * the marching-cubes triangles of their pattern, scaled by the spacing (Lorensen's classic table, which
 * is one of several where a cube is ambiguous).  Outside of the image is background.
 * Source: W. E. Lorensen, H. E. Cline, SIGGRAPH 1987, 163; S. Nikolov et al., J. Med. Internet Res. 23
 * (2021) e26151 for weighting distances by it. */
#pragma once
#include "lib/base/mem.h"
#include <stdbool.h>

typedef struct rp_surfel {
    double distance; /* mm, to the nearest piece of the other surface; INFINITY when it has none */
    double area;     /* mm2 */
} rp_surfel;

typedef struct rp_surfels {
    int64_t n_reference, n_prediction;
    rp_surfel *reference, *prediction; /* ascending by distance, then area */
    double area_reference, area_prediction;
} rp_surfels;

/* Masks 0 or 1, [n[0]*n[1]*n[2]], z, y, x; spacing in mm.  Owned by the caller, rp_surfels_clear.
 * Errors: RP_EMEM. */
RP_MUST rp_status rp_surfels_find(const int64_t n[3], const double spacing[3], const uint8_t reference[],
                                  const uint8_t prediction[], rp_surfels *out);
void rp_surfels_clear(rp_surfels *s);

/* Larger of the two directed distances at which q of the area is reached; both surfaces must be there. */
double rp_surfels_hausdorff(const rp_surfels *s, double q);
/* Mean distance weighted by area, from reference (or prediction) to the other. */
double rp_surfels_mean(const rp_surfels *s, bool from_reference);
/* Share of both areas within tolerance (<=); one surface must be there. */
double rp_surfels_nsd(const rp_surfels *s, double tolerance);
