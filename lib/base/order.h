/* lib/base/order.h - order statistics. */
#pragma once
#include <stdint.h>

/* For qsort of doubles, ascending; none may be NaN. */
int rp_ascending(const void *a, const void *b);
/* Quantile q in [0, 1] of ascending x[n], n >= 1: linear between order statistics at (n - 1) q
 * (Hyndman and Fan, type 7; the default of R and NumPy).  Between two infinities: infinite. */
double rp_quantile_sorted(int64_t n, const double x[], double q);
