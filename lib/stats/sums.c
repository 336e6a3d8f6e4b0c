/* lib/stats/sums.c - pairwise sums. */
#include "lib/stats/sums.h"

#include <math.h>

enum { BLOCK = 64 };

/* sum of (x - a)(y - b); y NULL: sum of x - a.  Depth is log2(n / 64). */
static double pairwise(int64_t n, const double x[], const double y[], double a, double b)
{
    if (n <= BLOCK) {
        double s = 0;
        if (y)
            for (int64_t i = 0; i < n; i++) s += (x[i] - a) * (y[i] - b);
        else
            for (int64_t i = 0; i < n; i++) s += x[i] - a;
        return s;
    }
    int64_t half = BLOCK;
    while (half * 2 < n) half *= 2;
    return pairwise(half, x, y, a, b) + pairwise(n - half, x + half, y ? y + half : y, a, b);
}

double rp_sum(int64_t n, const double x[]) { return pairwise(n, x, 0, 0, 0); }

double rp_sum_product(int64_t n, const double x[], const double y[])
{
    return pairwise(n, x, y, 0, 0);
}

double rp_mean(int64_t n, const double x[]) { return pairwise(n, x, 0, 0, 0) / (double)n; }

double rp_sum_deviation(int64_t n, const double x[], const double y[])
{
    return pairwise(n, x, y, rp_mean(n, x), rp_mean(n, y));
}
