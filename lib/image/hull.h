/* lib/image/hull.h - convex hull of points with integer coordinates, exact. */
#pragma once
#include "lib/base/mem.h"

typedef struct rp_hull {
    int64_t vertices, faces;
    int64_t *vertex;    /* [vertices] indices of the points that are corners, ascending */
    int64_t (*face)[3]; /* [faces] triangles, counter-clockwise seen from outside; coplanar ones
                           stay cut */
} rp_hull;
void rp_hull_drop(rp_hull **h);

/* Quickhull; signs of determinants are exact, so no tolerance enters.  point: [n][3], each
 * |coordinate| < 2^19.  Owned by the caller.
 * Errors: RP_EARG (coordinates), RP_EDATA (fewer than four points, or all in one plane), RP_EMEM.
 * Source: C. B. Barber et al., ACM Trans. Math. Softw. 22 (1996) 469. */
RP_MUST rp_status rp_hull_new(int64_t n, const int32_t (*point)[3], rp_hull **out);
