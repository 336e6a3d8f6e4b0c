/* lib/radiomics/mcc.c - maximal correlation coefficient of a co-occurrence matrix. */
#include "lib/radiomics/texture_priv.h"

#include <math.h>

/* One Jacobi rotation of a symmetric matrix that makes s[p][q] nothing. */
static void rotate(int64_t m, double s[], int64_t p, int64_t q)
{
    const double off = s[p * m + q];
    if (fabs(off) < 1e-17) return;
    const double theta = (s[q * m + q] - s[p * m + p]) / (2 * off);
    const double t = (theta < 0 ? -1 : 1) / (fabs(theta) + sqrt(theta * theta + 1)),
                 c = 1 / sqrt(t * t + 1), n = t * c;
    for (int64_t k = 0; k < m; k++) {
        const double a = s[k * m + p], b = s[k * m + q];
        s[k * m + p] = c * a - n * b;
        s[k * m + q] = n * a + c * b;
    }
    for (int64_t k = 0; k < m; k++) {
        const double a = s[p * m + k], b = s[q * m + k];
        s[p * m + k] = c * a - n * b;
        s[q * m + k] = n * a + c * b;
    }
}

double rp_mcc(int64_t m, const double p[], const double marginal[], double s[])
{
    if (m < 2) return 1;
    /* The matrix of the definition is similar to the square of this symmetric one; its largest
     * eigenvalue is 1, and the coefficient is the second largest in size. */
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < m; j++)
            s[i * m + j] = p[i * m + j] / sqrt(marginal[i] * marginal[j]);
    for (int sweep = 0; sweep < 50; sweep++) {
        double off = 0;
        for (int64_t i = 0; i < m; i++)
            for (int64_t j = i + 1; j < m; j++) off += s[i * m + j] * s[i * m + j];
        if (off < 1e-26) break;
        for (int64_t i = 0; i < m; i++)
            for (int64_t j = i + 1; j < m; j++) rotate(m, s, i, j);
    }
    double first = 0, second = 0;
    for (int64_t i = 0; i < m; i++) {
        const double x = fabs(s[i * m + i]);
        if (x > first) {
            second = first;
            first = x;
        } else if (x > second) {
            second = x;
        }
    }
    return second;
}
