/* lib/stats/dense.h - small dense symmetric matrices, row by row. */
#pragma once
#include "lib/base/status.h"

enum { RP_DENSE_MAX = 64 };

/* a [n * n] = L L'; L is left in the lower triangle.  n <= RP_DENSE_MAX.
 * Errors: RP_ENUM if a is not positive definite to 1e-12 of its diagonal. */
RP_MUST rp_status rp_cholesky(int n, double a[]);
/* Solves L L' x = b in place. */
void rp_cholesky_solve(int n, const double l[], double b[]);
/* inverse [n * n] of symmetric positive definite a [n * n]. */
RP_MUST rp_status rp_spd_inverse(int n, const double a[], double inverse[]);
/* *q = u' a^- u for a covariance a: rows that depend on those before are left out (a generalised
 * inverse); *rank counts the others. */
void rp_quadratic_form(int n, const double a[], const double u[], double *q, int *rank);
