/* lib/base/summary.h - the values of one metric over cases, summed up. */
#pragma once
#include <stdint.h>

/* Statistics of the n finite values; the others are counted: n + undefined + infinite cases. */
typedef struct rp_summary {
    int64_t n, undefined, infinite;
    double mean, sd, median, min, max; /* NaN where n is 0; sd over n - 1, NaN below two */
} rp_summary;
/* x [cases]: NaN where the value is undefined; overwritten.  Sums run in index order.  Local. */
rp_summary rp_summary_of(int64_t cases, double x[]);

/* The statistics in a fixed order, and the names that tables give them: n, mean, sd, median, min,
 * max, undefined, infinite. */
enum { RP_SUMMARY_ROWS = 8 };
extern const char *const rp_summary_names[RP_SUMMARY_ROWS];
double rp_summary_value(const rp_summary *s, int row);
