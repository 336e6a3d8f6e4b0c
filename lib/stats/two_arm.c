/* lib/stats/two_arm.c - ratios, differences and tests of two proportions. */
#include "lib/stats/two_arm.h"

#include "lib/stats/special.h"
#include "lib/stats/two_arm_priv.h"

#include <inttypes.h>
#include <math.h>

rp_status rp_counts_check(const rp_counts *c)
{
    RP_NEED(c->n1 >= 1 && c->n0 >= 1 && c->x1 >= 0 && c->x0 >= 0 && c->x1 <= c->n1 &&
                c->x0 <= c->n0,
            RP_EARG, "%" PRId64 " of %" PRId64 " against %" PRId64 " of %" PRId64, c->x1, c->n1,
            c->x0, c->n0);
    return RP_OK;
}

static double share1(const rp_counts *c) { return (double)c->x1 / (double)c->n1; }

static double share0(const rp_counts *c) { return (double)c->x0 / (double)c->n0; }

rp_value rp_two_arm_ratio(const rp_counts *c)
{
    if (c->x0 == 0 && c->x1 > 0) return rp_value_of(INFINITY);
    return rp_value_ratio(share1(c), share0(c), "no outcome in either arm");
}

static double log_se(const rp_counts *c)
{
    return sqrt(1 / (double)c->x1 - 1 / (double)c->n1 + 1 / (double)c->x0 - 1 / (double)c->n0);
}

rp_interval rp_ratio_katz(const rp_counts *c, double level)
{
    if (c->x1 == 0 || c->x0 == 0) {
        const rp_value no = rp_value_undefined("an arm without outcomes has no log");
        return (rp_interval){no, no};
    }
    const double half = rp_normal_quantile(0.5 + 0.5 * level) * log_se(c),
                 r = share1(c) / share0(c);
    return (rp_interval){rp_value_of(r * exp(-half)), rp_value_of(r * exp(half))};
}

rp_status rp_ratio_poisson(const rp_counts *c, double level, rp_interval *out)
{
    RP_TRY(rp_counts_check(c));
    if (c->x1 + c->x0 == 0) {
        out->low = out->high = rp_value_undefined("no outcome in either arm");
        return RP_OK;
    }
    rp_interval q;
    RP_TRY(rp_proportion_interval(RP_CLOPPER_PEARSON, c->x1, c->x1 + c->x0, level, &q));
    const double scale = (double)c->n0 / (double)c->n1;
    out->low = rp_value_of(q.low.x / (1 - q.low.x) * scale);
    out->high = rp_value_of(c->x0 == 0 ? INFINITY : q.high.x / (1 - q.high.x) * scale);
    return RP_OK;
}

rp_status rp_difference_newcombe(const rp_counts *c, double level, rp_interval *out)
{
    RP_TRY(rp_counts_check(c));
    rp_interval a, b;
    RP_TRY(rp_proportion_interval(RP_WILSON, c->x1, c->n1, level, &a));
    RP_TRY(rp_proportion_interval(RP_WILSON, c->x0, c->n0, level, &b));
    const double p1 = share1(c), p0 = share0(c), d = p1 - p0;
    out->low = rp_value_of(d - hypot(p1 - a.low.x, b.high.x - p0));
    out->high = rp_value_of(d + hypot(a.high.x - p1, p0 - b.low.x));
    return RP_OK;
}

/* 2 o log(o / e) */
static double g_term(double o, double e) { return o > 0 ? 2 * o * log(o / e) : 0; }

rp_status rp_two_arm_test(const rp_counts *c, rp_two_arm_p *out)
{
    RP_TRY(rp_counts_check(c));
    const double a = (double)c->x1, b = (double)(c->n1 - c->x1), d = (double)c->x0;
    const double e = (double)(c->n0 - c->x0), n1 = (double)c->n1, n0 = (double)c->n0, n = n1 + n0;
    const double p1 = share1(c), p0 = share0(c);
    out->fisher = rp_fisher_test(c->x1, c->n1, c->x0, c->n0);
    out->chi2 = out->chi2_yates = out->g_test = rp_value_undefined("all or none had the outcome");
    if (a + d > 0 && b + e > 0) {
        const double cross = fabs(a * e - b * d), scale = n / (n1 * n0 * (a + d) * (b + e));
        const double cut = fmax(0, cross - n / 2);
        out->chi2 = rp_value_of(rp_chi2_upper(cross * cross * scale, 1));
        out->chi2_yates = rp_value_of(rp_chi2_upper(cut * cut * scale, 1));
        const double yes = (a + d) / n, no = (b + e) / n;
        out->g_test = rp_value_of(rp_chi2_upper(g_term(a, n1 * yes) + g_term(b, n1 * no) +
                                                    g_term(d, n0 * yes) + g_term(e, n0 * no),
                                                1));
    }
    out->wald_log = c->x1 == 0 || c->x0 == 0
                        ? rp_value_undefined("an arm without outcomes has no log")
                        : rp_value_of(rp_normal_two_sided(log(p1 / p0) / log_se(c)));
    const double v = p1 * (1 - p1) / n1 + p0 * (1 - p0) / n0;
    out->z_unpooled = v > 0 ? rp_value_of(rp_normal_two_sided((p1 - p0) / sqrt(v)))
                            : rp_value_undefined("no variance in either arm");
    return RP_OK;
}
