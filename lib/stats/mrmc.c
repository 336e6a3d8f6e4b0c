/* lib/stats/mrmc.c - Obuchowski-Rockette analysis. */
#include "lib/stats/mrmc.h"

#include "lib/stats/special.h"

#include <math.h>

static void mean_squares(const double theta[], rp_mrmc *m)
{
    const int t = m->tests, r = m->readers;
    double reader[RP_MRMC_MAX] = {0}, all = 0;
    for (int i = 0; i < t; i++)
        for (int j = 0; j < r; j++) {
            m->mean[i] += theta[i * r + j] / r;
            reader[j] += theta[i * r + j] / t;
            all += theta[i * r + j] / (t * r);
        }
    for (int i = 0; i < t; i++) m->ms_t += (m->mean[i] - all) * (m->mean[i] - all) * r / (t - 1);
    for (int j = 0; j < r; j++) m->ms_r += (reader[j] - all) * (reader[j] - all) * t / (r - 1);
    for (int i = 0; i < t; i++)
        for (int j = 0; j < r; j++) {
            const double d = theta[i * r + j] - m->mean[i], e = d - reader[j] + all;
            m->test_ms_r[i] += d * d / (r - 1);
            m->ms_tr += e * e / ((t - 1) * (r - 1));
        }
}

static void error_terms(const double covariance[], rp_mrmc *m)
{
    const int t = m->tests, r = m->readers, n = t * r;
    for (int a = 0; a < n; a++)
        for (int b = 0; b < n; b++) {
            const double c = covariance[a * n + b];
            const int same_test = a / r == b / r, same_reader = a % r == b % r;
            if (same_test && same_reader) {
                m->var += c / n;
                m->test_var[a / r] += c / r;
            } else if (same_reader) {
                m->cov1 += c / (n * (t - 1));
            } else if (same_test) {
                m->cov2 += c / (n * (r - 1));
                m->test_cov2[a / r] += c / (r * (r - 1));
            } else {
                m->cov3 += c / (n * (t - 1) * (r - 1));
            }
        }
}

rp_status rp_mrmc_fit(int tests, int readers, const double theta[], const double covariance[],
                      rp_mrmc *out)
{
    RP_NEED(tests >= 2 && tests <= RP_MRMC_MAX && readers >= 2 && readers <= RP_MRMC_MAX, RP_EARG,
            "%d tests and %d readers: 2 to %d of each", tests, readers, RP_MRMC_MAX);
    rp_mrmc m = {.tests = tests, .readers = readers};
    mean_squares(theta, &m);
    error_terms(covariance, &m);
    m.var_r = (m.ms_r - m.ms_tr) / tests - m.cov1 + m.cov3;
    m.var_tr = m.ms_tr - m.var + m.cov1 + m.cov2 - m.cov3;
    *out = m;
    return RP_OK;
}

static double denominator(const rp_mrmc *m, rp_mrmc_design design)
{
    const double r = m->readers;
    switch (design) {
    case RP_MRMC_RANDOM_ALL: return m->ms_tr + r * fmax(m->cov2 - m->cov3, 0);
    case RP_MRMC_FIXED_READERS: return m->var - m->cov1 + (r - 1) * (m->cov2 - m->cov3);
    case RP_MRMC_FIXED_CASES: break;
    }
    return m->ms_tr;
}

static double degrees(const rp_mrmc *m, rp_mrmc_design design)
{
    const double cells = (m->tests - 1.0) * (m->readers - 1), d = denominator(m, design);
    if (design == RP_MRMC_FIXED_READERS) return INFINITY;
    return design == RP_MRMC_FIXED_CASES ? cells : d * d / (m->ms_tr * m->ms_tr / cells);
}

rp_status rp_mrmc_test(const rp_mrmc *m, rp_mrmc_design design, rp_mrmc_result *out)
{
    rp_mrmc_result q = {
        .denominator = denominator(m, design), .df1 = m->tests - 1, .df2 = degrees(m, design)};
    if (!(q.denominator > 0)) {
        q.statistic = q.p = rp_value_undefined("the error term is not positive");
        *out = q;
        return RP_OK;
    }
    const double ratio = m->ms_t / q.denominator;
    if (design == RP_MRMC_FIXED_READERS) {
        q.statistic = rp_value_of(ratio * q.df1);
        q.p = rp_value_of(rp_chi2_upper(ratio * q.df1, q.df1));
    } else {
        q.statistic = rp_value_of(ratio);
        q.p = rp_value_of(rp_f_upper(ratio, q.df1, q.df2));
    }
    *out = q;
    return RP_OK;
}

/* estimate +- quantile(df) sqrt(variance) */
static rp_status interval(double estimate, double variance, double df, rp_mrmc_estimate *out)
{
    out->estimate = rp_value_of(estimate);
    if (!(variance > 0) || !(df > 0)) {
        out->se = out->low = out->high = rp_value_undefined("the variance is not positive");
        return RP_OK;
    }
    double t = rp_normal_quantile(0.975);
    if (isfinite(df)) RP_TRY(rp_t_two_sided_quantile(0.05, df, &t));
    const double se = sqrt(variance);
    out->se = rp_value_of(se);
    out->low = rp_value_of(estimate - t * se);
    out->high = rp_value_of(estimate + t * se);
    return RP_OK;
}

rp_status rp_mrmc_difference(const rp_mrmc *m, rp_mrmc_design design, int a, int b,
                             rp_mrmc_estimate *out)
{
    return interval(m->mean[a] - m->mean[b], 2.0 / m->readers * denominator(m, design),
                    degrees(m, design), out);
}

rp_status rp_mrmc_mean(const rp_mrmc *m, rp_mrmc_design design, int test, rp_mrmc_estimate *out)
{
    const double r = m->readers, ms = m->test_ms_r[test], cov2 = m->test_cov2[test];
    double variance = ms, df = r - 1;
    switch (design) {
    case RP_MRMC_RANDOM_ALL:
        variance = ms + r * fmax(cov2, 0);
        df = variance * variance / (ms * ms / (r - 1));
        break;
    case RP_MRMC_FIXED_READERS:
        variance = m->test_var[test] + (r - 1) * cov2;
        df = INFINITY;
        break;
    case RP_MRMC_FIXED_CASES: break;
    }
    return interval(m->mean[test], variance / r, df, out);
}
