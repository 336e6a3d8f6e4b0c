/* lib/stats/dense.c - Cholesky and what it solves. */
#include "lib/stats/dense.h"

#include <math.h>
#include <string.h>

rp_status rp_cholesky(int n, double a[])
{
    RP_NEED(n >= 1 && n <= RP_DENSE_MAX, RP_EARG, "a matrix of %d rows", n);
    for (int j = 0; j < n; j++) {
        double d = a[j * n + j];
        const double scale = fabs(d);
        for (int k = 0; k < j; k++) d -= a[j * n + k] * a[j * n + k];
        RP_NEED(d > 1e-12 * scale, RP_ENUM, "matrix of %d rows: row %d depends on those before", n,
                j + 1);
        a[j * n + j] = sqrt(d);
        for (int i = j + 1; i < n; i++) {
            double s = a[i * n + j];
            for (int k = 0; k < j; k++) s -= a[i * n + k] * a[j * n + k];
            a[i * n + j] = s / a[j * n + j];
        }
    }
    return RP_OK;
}

void rp_cholesky_solve(int n, const double l[], double b[])
{
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < i; k++) b[i] -= l[i * n + k] * b[k];
        b[i] /= l[i * n + i];
    }
    for (int i = n - 1; i >= 0; i--) {
        for (int k = i + 1; k < n; k++) b[i] -= l[k * n + i] * b[k];
        b[i] /= l[i * n + i];
    }
}

rp_status rp_spd_inverse(int n, const double a[], double inverse[])
{
    double l[RP_DENSE_MAX * RP_DENSE_MAX], e[RP_DENSE_MAX];
    RP_NEED(n >= 1 && n <= RP_DENSE_MAX, RP_EARG, "a matrix of %d rows", n);
    memcpy(l, a, (size_t)n * (size_t)n * sizeof *l);
    RP_TRY(rp_cholesky(n, l));
    for (int j = 0; j < n; j++) {
        memset(e, 0, sizeof e);
        e[j] = 1;
        rp_cholesky_solve(n, l, e);
        for (int i = 0; i < n; i++) inverse[i * n + j] = e[i];
    }
    return RP_OK;
}

void rp_quadratic_form(int n, const double a[], const double u[], double *q, int *rank)
{
    double l[RP_DENSE_MAX * RP_DENSE_MAX], z[RP_DENSE_MAX];
    *q = 0;
    *rank = 0;
    memcpy(l, a, (size_t)n * (size_t)n * sizeof *l);
    for (int j = 0; j < n; j++) {
        double d = l[j * n + j], r = u[j];
        const double scale = fabs(d);
        for (int k = 0; k < j; k++) {
            d -= l[j * n + k] * l[j * n + k];
            r -= l[j * n + k] * z[k];
        }
        const double root = d > 1e-10 * scale ? sqrt(d) : 0;
        z[j] = root > 0 ? r / root : 0;
        *q += z[j] * z[j];
        *rank += root > 0;
        for (int i = j; i < n; i++) {
            double s = l[i * n + j];
            for (int k = 0; k < j; k++) s -= l[i * n + k] * l[j * n + k];
            l[i * n + j] = i == j ? root : root > 0 ? s / root : 0;
        }
    }
}
