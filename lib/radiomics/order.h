/* lib/radiomics/order.h - sorting and order statistics that the families share. */
#pragma once
#include "lib/base/mem.h"

/* Sorts x ascending.  Integers of a range not much wider than n are counted, others sorted by their
 * bits.  Errors: RP_EMEM. */
RP_MUST rp_status rp_sort_doubles(int64_t n, double x[]);
/* Percentile q in [0, 1] of ascending x: linear between order statistics at (n - 1) q. */
double rp_order_percentile(int64_t n, const double x[], double q);
