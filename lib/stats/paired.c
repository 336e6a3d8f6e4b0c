/* lib/stats/paired.c - ratio, difference and tests of paired proportions. */
#include "lib/stats/paired.h"

#include "lib/stats/root.h"
#include "lib/stats/special.h"

#include <inttypes.h>
#include <math.h>

typedef struct problem {
    double b, c, n, z;
} problem;

/* Tango's score: (b - c - n d)/sqrt(n (2 q + d (1 - d))), q the constrained share of the
 * standard alone, the larger root of 2 n q^2 + B q - c d (1 - d), B = -b - c + (2 n - b + c) d. */
static double score(const problem *p, double d)
{
    const double lead = 2 * p->n, linear = -p->b - p->c + (lead - p->b + p->c) * d,
                 last = -p->c * d * (1 - d);
    const double q = (sqrt(fmax(0, linear * linear - 4 * lead * last)) - linear) / (2 * lead);
    const double v = p->n * (2 * q + d * (1 - d)), top = p->b - p->c - p->n * d;
    return v > 0 ? top / sqrt(v) : top > 0 ? HUGE_VAL : top < 0 ? -HUGE_VAL : 0;
}

static double excess(double d, const void *context)
{
    const problem *p = context;
    return fmax(-1e6, fmin(1e6, score(p, d))) - p->z;
}

/* The score falls as d grows; at the ends there is nothing left to vary. */
static rp_status bound(const problem *p, double *d)
{
    const double low = -1 + 1e-12, high = 1 - 1e-12;
    if (excess(low, p) <= 0 || excess(high, p) >= 0) {
        *d = excess(low, p) <= 0 ? -1 : 1;
        return RP_OK;
    }
    return rp_root_find(excess, p, low, high, d);
}

static rp_status check(const rp_pairs *c, int64_t *n)
{
    *n = c->both + c->only_new + c->only_standard + c->neither;
    RP_NEED(c->both >= 0 && c->only_new >= 0 && c->only_standard >= 0 && c->neither >= 0 && *n > 0,
            RP_EARG, "pairs %" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64, c->both, c->only_new,
            c->only_standard, c->neither);
    return RP_OK;
}

rp_status rp_paired_find(const rp_pairs *c, double level, rp_paired *out)
{
    int64_t n;
    RP_TRY(check(c, &n));
    RP_NEED(level > 0 && level < 1, RP_EARG, "level %g", level);
    const double b = (double)c->only_new, d = (double)c->only_standard;
    const double x1 = (double)c->both + b, x0 = (double)c->both + d;
    const double z = rp_normal_quantile(0.5 + 0.5 * level);
    rp_paired r = {.test = rp_mcnemar_test(c->only_new, c->only_standard)};
    r.ratio =
        x0 > 0 || x1 == 0 ? rp_value_ratio(x1, x0, "neither found any") : rp_value_of(INFINITY);
    r.ratio_ci.low = r.ratio_ci.high = rp_value_undefined("a test without findings has no log");
    if (x1 > 0 && x0 > 0) {
        const double half = z * sqrt((b + d) / (x1 * x0));
        r.ratio_ci =
            (rp_interval){rp_value_of(x1 / x0 * exp(-half)), rp_value_of(x1 / x0 * exp(half))};
    }
    r.difference = rp_value_of((b - d) / (double)n);
    double low, high;
    RP_TRY(bound(&(problem){b, d, (double)n, z}, &low));
    RP_TRY(bound(&(problem){b, d, (double)n, -z}, &high));
    r.difference_ci = (rp_interval){rp_value_of(low), rp_value_of(high)};
    *out = r;
    return RP_OK;
}

rp_status rp_paired_noninferior(const rp_pairs *c, double margin, double *z, double *p)
{
    int64_t n;
    RP_TRY(check(c, &n));
    RP_NEED(margin > 0 && margin < 1, RP_EARG, "margin %g", margin);
    *z = score(&(problem){(double)c->only_new, (double)c->only_standard, (double)n, 0}, -margin);
    *p = rp_normal_upper(*z);
    return RP_OK;
}
