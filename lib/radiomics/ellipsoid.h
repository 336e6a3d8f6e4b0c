/* lib/radiomics/ellipsoid.h - principal axes, ellipsoids and boxes around points. */
#pragma once
#include "lib/base/mem.h"

/* Eigenvalues (descending, tiny negative ones made 0) and unit eigenvectors (rows) of a symmetric
 * matrix, by Jacobi's rotations.  vector may be NULL. */
void rp_symmetric_eigen(const double a[3][3], double value[3], double vector[3][3]);
/* Surface area of an ellipsoid with semi-axes a >= b >= c > 0 as the standard defines it: 20 terms
 * of a series in Legendre polynomials of the eccentricities sqrt(1 - b^2/a^2) and sqrt(1 -
 * c^2/a^2). Right for a sphere; for other ellipsoids it differs from the geometric area (the
 * reference values follow this definition: the geometric one misses them). Source: IBSI reference
 * manual, feature RDD2. */
double rp_ellipsoid_area(double a, double b, double c);
/* Semi-axes, descending, of the smallest ellipsoid around point[n][3] (mm), n >= 4, spanning space.
 * Khachiyan's algorithm to a relative tolerance of 0.001.  Errors: RP_EMEM.
 * Source: M. J. Todd, E. A. Yildirim, Discrete Appl. Math. 155 (2007) 1731. */
RP_MUST rp_status rp_enclosing_ellipsoid(int64_t n, const double (*point)[3], double axis[3]);
/* The triangles of points' hull: corners as indices of the points, and outward unit normals. */
typedef struct rp_surface {
    int64_t triangles;
    int32_t (*corner)[3];
    double (*outward)[3];
} rp_surface;
/* Sides of the box of smallest volume that lies flush with a face (normal[faces][3], any length) of
 * the points' hull.  surface: tells which points lie on the outline seen along a face's normal;
 * NULL: all are looked at, with the same result.  Errors: RP_EMEM. */
RP_MUST rp_status rp_enclosing_box(int64_t n, const double (*point)[3], int64_t faces,
                                   const double (*normal)[3], const rp_surface *surface,
                                   double side[3]);
