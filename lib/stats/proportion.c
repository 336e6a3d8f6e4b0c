/* lib/stats/proportion.c - intervals and exact tests of counts. */
#include "lib/stats/proportion.h"

#include "lib/stats/ranks.h"
#include "lib/stats/special.h"
#include "lib/stats/sums.h"

#include <inttypes.h>
#include <math.h>

const char *rp_proportion_name(rp_proportion_method m)
{
    static const char *const name[RP_PROPORTION_METHODS] = {
        "clopper_pearson", "wilson", "wilson_cc", "wald", "agresti_coull", "jeffreys"};
    return name[m];
}

static rp_status clopper_pearson(double x, double n, double half, rp_interval *out)
{
    double low = 0, high = 1;
    if (x > 0) RP_TRY(rp_beta_quantile(half, x, n - x + 1, &low));
    if (x < n) RP_TRY(rp_beta_quantile(1 - half, x + 1, n - x, &high));
    *out = (rp_interval){rp_value_of(low), rp_value_of(high)};
    return RP_OK;
}

rp_status rp_clopper_pearson(double x, double n, double level, rp_interval *out)
{
    RP_NEED(x >= 0 && x <= n && n > 0 && level > 0 && level < 1, RP_EARG,
            "interval of %g in %g at level %g", x, n, level);
    return clopper_pearson(x, n, 0.5 * (1 - level), out);
}

static rp_status jeffreys(double x, double n, double half, rp_interval *out)
{
    double low, high;
    RP_TRY(rp_beta_quantile(half, x + 0.5, n - x + 0.5, &low));
    RP_TRY(rp_beta_quantile(1 - half, x + 0.5, n - x + 0.5, &high));
    *out = (rp_interval){rp_value_of(low), rp_value_of(high)};
    return RP_OK;
}

/* One bound of Wilson's interval of share p; sign -1 or 1. */
static double wilson(double p, double n, double z, int sign)
{
    const double t = z * z / (2 * n);
    return (p + t + sign * z * sqrt(p * (1 - p) / n + t / (2 * n))) / (1 + 2 * t);
}

rp_status rp_proportion_interval(rp_proportion_method m, int64_t x, int64_t n, double level,
                                 rp_interval *out)
{
    RP_NEED(0 <= x && x <= n && level > 0 && level < 1, RP_EARG,
            "interval of %" PRId64 " in %" PRId64 " at level %g", x, n, level);
    if (n == 0) {
        *out = (rp_interval){rp_value_undefined("no cases"), rp_value_undefined("no cases")};
        return RP_OK;
    }
    const double k = (double)x, size = (double)n, p = k / size, half = 0.5 * (1 - level);
    const double z = -rp_normal_quantile(half);
    double low = NAN, high = NAN;
    switch (m) {
    case RP_CLOPPER_PEARSON: return clopper_pearson(k, size, half, out);
    case RP_JEFFREYS: return jeffreys(k, size, half, out);
    case RP_WILSON:
        low = x == 0 ? 0 : wilson(p, size, z, -1);
        high = x == n ? 1 : wilson(p, size, z, 1);
        break;
    case RP_WILSON_CORRECTED: {
        const double c = fmin(0.5, fabs(k - size / 2)) / size;
        low = p - c <= 0 ? 0 : wilson(p - c, size, z, -1);
        high = p + c >= 1 ? 1 : wilson(p + c, size, z, 1);
        break;
    }
    case RP_WALD:
        low = fmax(0, p - z * sqrt(p * (1 - p) / size));
        high = fmin(1, p + z * sqrt(p * (1 - p) / size));
        break;
    case RP_AGRESTI_COULL: {
        const double w = size + z * z, q = (k + z * z / 2) / w, d = z * sqrt(q * (1 - q) / w);
        low = fmax(0, q - d);
        high = fmin(1, q + d);
        break;
    }
    case RP_PROPORTION_METHODS: RP_FAIL(RP_EARG, "no such interval");
    }
    *out = (rp_interval){rp_value_of(low), rp_value_of(high)};
    return RP_OK;
}

rp_mcnemar rp_mcnemar_test(int64_t b, int64_t c)
{
    rp_mcnemar t = {.exact_p = 1};
    if (b + c == 0) {
        t.chisq = t.p = t.corrected_p = rp_value_undefined("no discordant pair");
        return t;
    }
    const double d = fabs((double)(b - c)), n = (double)(b + c), e = fmax(0, d - 1);
    t.chisq = rp_value_of(d * d / n);
    t.p = rp_value_of(rp_chi2_upper(d * d / n, 1));
    t.corrected_p = rp_value_of(rp_chi2_upper(b == c ? 0 : e * e / n, 1));
    t.exact_p = rp_binomial_test(b, b + c, 0.5);
    return t;
}

double rp_binomial_test(int64_t x, int64_t n, double p0)
{
    const double limit = rp_binomial_mass((double)x, (double)n, p0, 1 - p0) * (1 + 1e-7);
    double p = 0;
    for (int64_t k = 0; k <= n; k++) {
        const double mass = rp_binomial_mass((double)k, (double)n, p0, 1 - p0);
        if (mass <= limit) p += mass;
    }
    return fmin(p, 1);
}

double rp_fisher_test(int64_t x1, int64_t n1, int64_t x0, int64_t n0)
{
    const double marked = (double)n1, plain = (double)n0, draws = (double)(x1 + x0);
    const double limit = rp_hypergeometric_mass((double)x1, marked, plain, draws) * (1 + 1e-7);
    double p = 0;
    const int64_t least = x1 + x0 > n0 ? x1 + x0 - n0 : 0, most = n1 < x1 + x0 ? n1 : x1 + x0;
    for (int64_t k = least; k <= most; k++) {
        const double mass = rp_hypergeometric_mass((double)k, marked, plain, draws);
        if (mass <= limit) p += mass;
    }
    return fmin(p, 1);
}

rp_status rp_cluster_se(int64_t n, const double x[], const double cluster[], double *se,
                        int64_t *clusters)
{
    RP_NEED(n >= 1, RP_EARG, "a mean of %" PRId64 " values", n);
    RP_AUTOFREE int64_t *group = NULL;
    RP_AUTOFREE double *sum = NULL;
    RP_TRY(rp_alloc_raw(n, sizeof *group, &group));
    RP_TRY(rp_alloc(n, sizeof *sum, &sum));
    RP_TRY(rp_rank_dense(n, cluster, group, clusters));
    const double mean = rp_mean(n, x);
    for (int64_t i = 0; i < n; i++) sum[group[i]] += x[i] - mean;
    *se = sqrt(rp_sum_product(*clusters, sum, sum)) / (double)n;
    return RP_OK;
}
