/* lib/stats/sums.h - sums and moments in an order that depends on n alone.
 *
 * Sums are pairwise: halves split at the largest power of two below n, blocks of 64 in index order. */
#pragma once
#include <stdint.h>

double rp_sum(int64_t n, const double x[]);
/* sum of x y */
double rp_sum_product(int64_t n, const double x[], const double y[]);
/* n >= 1 */
double rp_mean(int64_t n, const double x[]);
/* sum of (x - mean of x) (y - mean of y), two passes; divide by n or n - 1. */
double rp_sum_deviation(int64_t n, const double x[], const double y[]);
