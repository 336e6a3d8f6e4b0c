/* lib/radiomics/order.h - sorting and order statistics that the families share. */
#pragma once
#include "lib/base/mem.h"
#include "lib/base/order.h"

/* Sorts x ascending.  Integers of a range not much wider than n are counted, others sorted by their
 * bits.  Errors: RP_EMEM. */
RP_MUST rp_status rp_sort_doubles(int64_t n, double x[]);

/* The values that occur, ascending, each with how many there are. */
typedef struct rp_distinct {
    int64_t total, n;
    double *value;  /* [n] */
    int64_t *count; /* [n] */
    int64_t *below; /* [n + 1] how many of all come before value i; below[n] = total */
} rp_distinct;
void rp_distinct_drop(rp_distinct **d);
/* Of x[n].  Integers of a range not much wider than n are counted without sorting.
 * Errors: RP_EMEM. */
RP_MUST rp_status rp_distinct_new(int64_t n, const double x[], rp_distinct **out);
/* Quantile as rp_quantile_sorted (lib/base/order.h). */
double rp_distinct_percentile(const rp_distinct *d, double q);
/* First value that is at least v: its index, n if there is none. */
int64_t rp_distinct_find(const rp_distinct *d, double v);
