/* lib/base/order.c - order statistics. */
#include "lib/base/order.h"

#include <math.h>

int rp_ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double rp_quantile_sorted(int64_t n, const double x[], double q)
{
    const double h = (double)(n - 1) * q;
    const int64_t low = (int64_t)floor(h);
    if (low >= n - 1) return x[n - 1];
    if (x[low] == x[low + 1]) return x[low]; /* two infinities, too */
    return x[low] + (h - (double)low) * (x[low + 1] - x[low]);
}
