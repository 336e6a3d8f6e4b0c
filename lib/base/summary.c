/* lib/base/summary.c - the values of one metric over cases, summed up. */
#include "lib/base/summary.h"

#include "lib/base/order.h"

#include <math.h>
#include <stdlib.h>

const char *const rp_summary_names[RP_SUMMARY_ROWS] = {"n",   "mean", "sd",        "median",
                                                       "min", "max",  "undefined", "infinite"};

rp_summary rp_summary_of(int64_t cases, double x[])
{
    rp_summary s = {.mean = NAN, .sd = NAN, .median = NAN, .min = NAN, .max = NAN};
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < cases; i++) {
        s.undefined += isnan(x[i]) != 0;
        s.infinite += isinf(x[i]) != 0;
        if (isfinite(x[i])) sum += x[s.n++] = x[i];
    }
    if (s.n == 0) return s;
    s.mean = sum / (double)s.n;
    for (int64_t i = 0; i < s.n; i++) squares += (x[i] - s.mean) * (x[i] - s.mean);
    qsort(x, (size_t)s.n, sizeof *x, rp_ascending);
    if (s.n > 1) s.sd = sqrt(squares / (double)(s.n - 1));
    s.median = rp_quantile_sorted(s.n, x, 0.5);
    s.min = x[0];
    s.max = x[s.n - 1];
    return s;
}

double rp_summary_value(const rp_summary *s, int row)
{
    const double all[RP_SUMMARY_ROWS] = {
        (double)s->n,       s->mean, s->sd, s->median, s->min, s->max, (double)s->undefined,
        (double)s->infinite};
    return all[row];
}
