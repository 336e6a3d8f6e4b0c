/* lib/stats/agreement.c - intraclass correlation, Lin's coefficient, limits of agreement. */
#include "lib/stats/agreement.h"

#include "lib/stats/special.h"
#include "lib/stats/sums.h"

#include <inttypes.h>
#include <math.h>

const char *rp_icc_name(rp_icc_form form)
{
    static const char *const name[RP_ICC_FORMS] = {"ICC1",  "ICC2",  "ICC3",
                                                   "ICC1k", "ICC2k", "ICC3k"};
    return name[form];
}

typedef struct squares {
    double n, k, rows, raters, residual, within; /* mean squares */
} squares;

static squares mean_squares(int64_t n, int k, const double *const x[])
{
    squares s = {.n = (double)n, .k = k};
    double all = 0, ss_raters = 0, ss_rows = 0, ss_within = 0;
    for (int j = 0; j < k; j++) all += rp_mean(n, x[j]) / k;
    for (int j = 0; j < k; j++) {
        const double d = rp_mean(n, x[j]) - all;
        ss_raters += s.n * d * d;
    }
    for (int64_t i = 0; i < n; i++) {
        double mean = 0;
        for (int j = 0; j < k; j++) mean += x[j][i] / k;
        ss_rows += k * (mean - all) * (mean - all);
        for (int j = 0; j < k; j++) ss_within += (x[j][i] - mean) * (x[j][i] - mean);
    }
    s.rows = ss_rows / (s.n - 1);
    s.raters = ss_raters / (k - 1);
    s.within = ss_within / (s.n * (k - 1));
    s.residual = (ss_within - ss_raters) / ((s.n - 1) * (k - 1));
    return s;
}

/* Forms with a plain F: bounds of F, then (F - 1)/(F + k - 1) for one rater, 1 - 1/F for the mean. */
static rp_status plain(const squares *s, double error, double df2, rp_icc *one, rp_icc *mean)
{
    const double df1 = s->n - 1, f = s->rows / error, k = s->k;
    double q1, q2;
    RP_TRY(rp_f_quantile_upper(0.025, df1, df2, &q1));
    RP_TRY(rp_f_quantile_upper(0.025, df2, df1, &q2));
    const double low = f / q1, high = f * q2;
    one->value = rp_value_of((f - 1) / (f + k - 1));
    one->ci = (rp_interval){rp_value_of((low - 1) / (low + k - 1)),
                            rp_value_of((high - 1) / (high + k - 1))};
    mean->value = rp_value_ratio(s->rows - error, s->rows, "no variance between cases");
    mean->ci = (rp_interval){rp_value_of(1 - 1 / low), rp_value_of(1 - 1 / high)};
    one->f = mean->f = rp_value_of(f);
    one->p = mean->p = rp_value_of(rp_f_upper(f, df1, df2));
    return RP_OK;
}

/* Two-way random: Satterthwaite's degrees of freedom. */
static rp_status two_way(const squares *s, rp_icc *one, rp_icc *mean)
{
    const double n = s->n, k = s->k, df = (n - 1) * (k - 1), f = s->rows / s->residual;
    const double r = (s->rows - s->residual) /
                     (s->rows + (k - 1) * s->residual + k * (s->raters - s->residual) / n);
    const double fj = s->raters / s->residual, a = n * (1 + (k - 1) * r) - k * r, b = k * r * fj;
    const double v = df * (a + b) * (a + b) / ((n - 1) * b * b + a * a);
    double q1, q2;
    RP_TRY(rp_f_quantile_upper(0.025, n - 1, v, &q1));
    RP_TRY(rp_f_quantile_upper(0.025, v, n - 1, &q2));
    const double common = k * s->raters + (k * n - k - n) * s->residual;
    const double low = n * (s->rows - q1 * s->residual) / (q1 * common + n * s->rows);
    const double high = n * (q2 * s->rows - s->residual) / (common + n * q2 * s->rows);
    one->value = rp_value_of(r);
    one->ci = (rp_interval){rp_value_of(low), rp_value_of(high)};
    mean->value = rp_value_of((s->rows - s->residual) / (s->rows + (s->raters - s->residual) / n));
    mean->ci = (rp_interval){rp_value_of(low * k / (1 + low * (k - 1))),
                             rp_value_of(high * k / (1 + high * (k - 1)))};
    one->f = mean->f = rp_value_of(f);
    one->p = mean->p = rp_value_of(rp_f_upper(f, n - 1, df));
    return RP_OK;
}

rp_status rp_icc_find(int64_t n, int k, const double *const x[], rp_icc out[RP_ICC_FORMS])
{
    RP_NEED(n >= 2 && k >= 2, RP_EARG, "agreement of %d raters on %" PRId64 " cases: two of each",
            k, n);
    const squares s = mean_squares(n, k, x);
    RP_NEED(isfinite(s.rows) && isfinite(s.within), RP_ENUM, "a measurement is not finite");
    const rp_value no = rp_value_undefined("no variance between cases or none within");
    for (int f = 0; f < RP_ICC_FORMS; f++) out[f] = (rp_icc){no, no, no, {no, no}};
    /* 1e-14: what rounding leaves of a sum of squares that is 0 */
    const double floor = 1e-14 * (s.rows + s.within);
    if (s.rows <= 0) return RP_OK;
    if (s.within > floor)
        RP_TRY(plain(&s, s.within, s.n * (s.k - 1), &out[RP_ICC1], &out[RP_ICC1K]));
    if (s.residual <= floor) return RP_OK;
    RP_TRY(plain(&s, s.residual, (s.n - 1) * (s.k - 1), &out[RP_ICC3], &out[RP_ICC3K]));
    return two_way(&s, &out[RP_ICC2], &out[RP_ICC2K]);
}

double rp_within_sd(int64_t n, int k, const double *const x[])
{
    return sqrt(mean_squares(n, k, x).within);
}

rp_ccc rp_ccc_find(int64_t n, const double a[], const double b[])
{
    rp_value no = rp_value_undefined("needs three cases");
    rp_ccc c = {no, {no, no}};
    if (n < 3) return c;
    const double m = (double)n, va = rp_sum_deviation(n, a, a) / m,
                 vb = rp_sum_deviation(n, b, b) / m;
    const double d = rp_mean(n, a) - rp_mean(n, b), cov = rp_sum_deviation(n, a, b) / m;
    no = rp_value_undefined("a rater without variance");
    c = (rp_ccc){no, {no, no}};
    if (!(va > 0 && vb > 0)) return c;
    const double p = 2 * cov / (va + vb + d * d), r = cov / sqrt(va * vb),
                 u2 = d * d / sqrt(va * vb);
    c.value = rp_value_of(p);
    no = rp_value_undefined("no interval at a correlation of 0 or 1");
    c.ci = (rp_interval){no, no};
    const double q = 1 - p * p;
    if (r == 0 || !(q > 1e-15)) return c;
    const double v = ((1 - r * r) * p * p * q / (r * r) + 2 * p * p * p * (1 - p) * u2 / r -
                      0.5 * p * p * p * p * u2 * u2 / (r * r)) /
                     (m - 2);
    if (!(v >= 0)) return c;
    const double half = rp_normal_quantile(0.975) * sqrt(v) / q;
    c.ci = (rp_interval){rp_value_of(tanh(atanh(p) - half)), rp_value_of(tanh(atanh(p) + half))};
    return c;
}

rp_status rp_bland_altman_find(int64_t n, const double a[], const double b[], rp_bland_altman *out)
{
    RP_NEED(n >= 2, RP_EARG, "limits of agreement of %" PRId64 " cases", n);
    RP_AUTOFREE double *d = NULL;
    RP_TRY(rp_alloc_raw(n, sizeof *d, &d));
    for (int64_t i = 0; i < n; i++) d[i] = a[i] - b[i];
    const double z = rp_normal_quantile(0.975), bias = rp_mean(n, d);
    const double sd = sqrt(rp_sum_deviation(n, d, d) / (double)(n - 1));
    RP_NEED(isfinite(sd), RP_ENUM, "a measurement is not finite");
    *out = (rp_bland_altman){bias, sd, bias - z * sd, bias + z * sd};
    return RP_OK;
}
