/* lib/stats/calibration.c - calibration and net benefit. */
#include "lib/stats/calibration.h"

#include "lib/stats/logistic.h"
#include "lib/stats/ranks.h"
#include "lib/stats/special.h"

#include <inttypes.h>
#include <math.h>

enum { BINS_MAX = 1000, DECILES = 10 };

static rp_status check(int64_t n, const double y[], const double p[])
{
    RP_NEED(n >= 1, RP_EDATA, "calibration of %" PRId64 " cases", n);
    for (int64_t i = 0; i < n; i++) {
        RP_NEED(y[i] == 0 || y[i] == 1, RP_EDATA, "case %" PRId64 ": class %g is neither 0 nor 1",
                i + 1, y[i]);
        RP_NEED(p[i] >= 0 && p[i] <= 1, RP_EDATA, "case %" PRId64 ": probability %g", i + 1, p[i]);
    }
    return RP_OK;
}

static void find_scores(int64_t n, const double y[], const double p[], rp_calibration *c)
{
    double brier = 0, loss = 0, sy = 0, sp = 0;
    for (int64_t i = 0; i < n; i++) {
        brier += (p[i] - y[i]) * (p[i] - y[i]);
        loss -= y[i] == 1 ? log(p[i]) : log1p(-p[i]);
        sy += y[i];
        sp += p[i];
    }
    c->brier = rp_value_of(brier / (double)n);
    c->log_loss = rp_value_of(loss / (double)n);
    c->observed_expected = rp_value_ratio(sy, sp, "all probabilities are 0");
}

static void find_ece(int64_t n, const double y[], const double p[], int bins, rp_calibration *c)
{
    double count[BINS_MAX] = {0}, sy[BINS_MAX] = {0}, sp[BINS_MAX] = {0}, ece = 0, mce = 0;
    for (int64_t i = 0; i < n; i++) {
        const int b = (int)fmin(bins - 1, floor(p[i] * bins));
        count[b]++;
        sy[b] += y[i];
        sp[b] += p[i];
    }
    for (int b = 0; b < bins; b++) {
        if (count[b] == 0) continue;
        const double gap = fabs(sy[b] / count[b] - sp[b] / count[b]);
        ece += count[b] / (double)n * gap;
        mce = fmax(mce, gap);
    }
    c->ece = rp_value_of(ece);
    c->mce = rp_value_of(mce);
}

static rp_status find_logit(int64_t n, const double y[], const double p[], double eps,
                            rp_calibration *c)
{
    RP_AUTOFREE double *one = NULL, *logit = NULL;
    RP_TRY(rp_alloc_raw(n, sizeof *one, &one));
    RP_TRY(rp_alloc_raw(n, sizeof *logit, &logit));
    for (int64_t i = 0; i < n; i++) {
        const double q = fmin(fmax(p[i], eps), 1 - eps);
        c->clipped += q != p[i];
        one[i] = 1;
        logit[i] = log(q) - log1p(-q);
        if (!isfinite(logit[i])) {
            c->slope = c->slope_se = c->intercept = c->in_the_large =
                rp_value_undefined("a probability of 0 or 1 has no logit");
            return RP_OK;
        }
    }
    rp_logistic fit;
    const double *const x[] = {one, logit};
    RP_TRY(rp_logistic_fit(n, y, 2, x, NULL, &fit));
    c->intercept = fit.coefficient[0];
    c->slope = fit.coefficient[1];
    c->slope_se = fit.se[1];
    RP_TRY(rp_logistic_fit(n, y, 1, x, logit, &fit));
    c->in_the_large = fit.coefficient[0];
    return RP_OK;
}

/* Decile as R's quantile forms it: the weights are on both neighbours, and equal neighbours give
 * themselves, so that ties stay ties. */
static double decile(int64_t n, const double sorted[], int k)
{
    const double at = (double)(n - 1) * (k / 10.0);
    const int64_t low = (int64_t)floor(at);
    const double h = at - (double)low;
    if (h == 0 || low + 1 >= n || sorted[low] == sorted[low + 1]) return sorted[low];
    return (1 - h) * sorted[low] + h * sorted[low + 1];
}

static rp_status find_hosmer_lemeshow(int64_t n, const double y[], const double p[],
                                      rp_calibration *c)
{
    RP_AUTOFREE double *sorted = NULL;
    RP_TRY(rp_alloc_raw(n, sizeof *sorted, &sorted));
    RP_TRY(rp_rank_sort(n, p, sorted));
    double cut[DECILES + 1] = {0}, size[DECILES] = {0}, observed[DECILES] = {0}, expected[DECILES] = {0};
    int cuts = 0;
    for (int k = 0; k <= DECILES; k++) {
        const double q = decile(n, sorted, k);
        if (cuts == 0 || q != cut[cuts - 1]) cut[cuts++] = q;
    }
    c->groups = cuts - 1;
    for (int64_t i = 0; i < n; i++) {
        int g = 0;
        while (g + 1 < c->groups && p[i] > cut[g + 1]) g++;
        size[g]++;
        observed[g] += y[i];
        expected[g] += p[i];
    }
    double chisq = 0;
    for (int g = 0; g < c->groups; g++) {
        const double variance = size[g] > 0 ? expected[g] * (1 - expected[g] / size[g]) : 0;
        if (!(variance > 0)) {
            c->hosmer_lemeshow = c->hosmer_lemeshow_p =
                rp_value_undefined("a decile group without cases or without variance");
            return RP_OK;
        }
        chisq += (observed[g] - expected[g]) * (observed[g] - expected[g]) / variance;
    }
    if (c->groups < 3) {
        c->hosmer_lemeshow = c->hosmer_lemeshow_p =
            rp_value_undefined("fewer than three decile groups");
        return RP_OK;
    }
    c->hosmer_lemeshow = rp_value_of(chisq);
    c->hosmer_lemeshow_p = rp_value_of(rp_chi2_upper(chisq, c->groups - 2));
    return RP_OK;
}

rp_status rp_calibration_find(int64_t n, const double y[], const double p[], int bins, double eps,
                              rp_calibration *out)
{
    RP_NEED(bins >= 1 && bins <= BINS_MAX && eps >= 0 && eps < 0.5, RP_EARG, "%d bins, clip at %g",
            bins, eps);
    RP_TRY(check(n, y, p));
    rp_calibration c = {0};
    find_scores(n, y, p, &c);
    find_ece(n, y, p, bins, &c);
    RP_TRY(find_logit(n, y, p, eps, &c));
    RP_TRY(find_hosmer_lemeshow(n, y, p, &c));
    *out = c;
    return RP_OK;
}

rp_status rp_net_benefit(int64_t n, const double y[], const double p[], double pt, double *out)
{
    RP_NEED(pt >= 0 && pt < 1, RP_EARG, "net benefit at %g", pt);
    RP_TRY(check(n, y, p));
    int64_t tp = 0, fp = 0;
    for (int64_t i = 0; i < n; i++) {
        tp += p[i] >= pt && y[i] == 1;
        fp += p[i] >= pt && y[i] == 0;
    }
    *out = (double)tp / (double)n - (double)fp / (double)n * (pt / (1 - pt));
    return RP_OK;
}

rp_status rp_net_benefit_all(int64_t n, const double y[], double pt, double *out)
{
    RP_NEED(pt >= 0 && pt < 1 && n >= 1, RP_EARG, "net benefit at %g of %" PRId64 " cases", pt, n);
    int64_t positives = 0;
    for (int64_t i = 0; i < n; i++) positives += y[i] == 1;
    const double share = (double)positives / (double)n;
    *out = share - (1 - share) * (pt / (1 - pt));
    return RP_OK;
}
