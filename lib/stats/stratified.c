/* lib/stats/stratified.c - Mantel-Haenszel estimates and tests of interaction. */
#include "lib/stats/stratified.h"

#include "lib/stats/special.h"
#include "lib/stats/two_arm_priv.h"

#include <math.h>

typedef struct sums {
    int strata;
    double r, s;      /* x1 n0/N, x0 n1/N */
    double log_top;   /* Greenland and Robins' numerator */
    double w;         /* n1 n0/N */
    double p, q;      /* Sato's P and Q */
    double excess, v; /* x1 minus its mean, and its variance, given the margins */
} sums;

static void add(sums *t, const rp_counts *c)
{
    const double x1 = (double)c->x1, n1 = (double)c->n1, x0 = (double)c->x0, n0 = (double)c->n0;
    const double n = n1 + n0, m = x1 + x0;
    t->strata++;
    t->r += x1 * n0 / n;
    t->s += x0 * n1 / n;
    t->log_top += (n1 * n0 * m - x1 * x0 * n) / (n * n);
    t->w += n1 * n0 / n;
    t->p += (n1 * n1 * x0 - n0 * n0 * x1 + n1 * n0 * (n0 - n1) / 2) / (n * n);
    t->q += (x1 * (n0 - x0) + x0 * (n1 - x1)) / (2 * n);
    t->excess += x1 - n1 * m / n;
    if (n > 1) t->v += n1 * n0 * m * (n - m) / (n * n * (n - 1));
}

static void pool_ratio(const sums *t, double z, rp_stratified *out)
{
    out->ratio = rp_value_ratio(t->r, t->s, "no outcome in the control arm");
    out->ratio_ci.low = out->ratio_ci.high =
        rp_value_undefined("an arm without outcomes has no log");
    if (t->r <= 0 || t->s <= 0) return;
    const double se = sqrt(t->log_top / (t->r * t->s)), r = t->r / t->s;
    out->ratio_ci = (rp_interval){rp_value_of(r * exp(-z * se)), rp_value_of(r * exp(z * se))};
}

rp_status rp_stratified_find(int k, const rp_counts c[], double level, rp_stratified *out)
{
    sums t = {0};
    RP_NEED(k >= 1 && level > 0 && level < 1, RP_EARG, "%d strata, level %g", k, level);
    for (int i = 0; i < k; i++) {
        if (c[i].n1 == 0 || c[i].n0 == 0) continue;
        RP_TRY(rp_counts_check(&c[i]));
        add(&t, &c[i]);
    }
    const double z = rp_normal_quantile(0.5 + 0.5 * level);
    const rp_value none = rp_value_undefined("no stratum has both arms");
    *out = (rp_stratified){t.strata, none, {none, none}, none, {none, none}, none, none};
    if (t.strata == 0) return RP_OK;
    pool_ratio(&t, z, out);
    const double d = (t.r - t.s) / t.w, se = sqrt(fmax(0, d * t.p + t.q)) / t.w;
    out->difference = rp_value_of(d);
    out->difference_ci = (rp_interval){rp_value_of(d - z * se), rp_value_of(d + z * se)};
    out->chisq = rp_value_ratio(t.excess * t.excess, t.v, "all or none had the outcome");
    out->p =
        out->chisq.state == RP_VALUE_OK ? rp_value_of(rp_chi2_upper(out->chisq.x, 1)) : out->chisq;
    return RP_OK;
}

/* Weights of a stratum's residuals: of the new arm, of control. */
typedef struct weights {
    double p1, p0, a, b;
} weights;

/* sum over clusters of (sum over its strata of a (x1 - n1 p1) - b (x0 - n0 p0))^2 */
static double squares(int64_t n, const rp_composition g[], const rp_cluster_part part[],
                      const weights w[], double a, double b)
{
    double s = 0;
    for (int64_t i = 0; i < n; i++) {
        double u = 0;
        for (int64_t j = g[i].first; j < g[i].first + g[i].parts; j++) {
            const rp_cluster_part *q = &part[j];
            const weights *of = &w[q->stratum];
            u += a * of->a * (q->x1 - q->n1 * of->p1) - b * of->b * (q->x0 - q->n0 * of->p0);
        }
        s += (double)g[i].clusters * u * u;
    }
    return s;
}

rp_status rp_stratified_robust(int k, const rp_counts c[], int64_t n,
                               const rp_composition composition[], const rp_cluster_part part[],
                               double level, rp_clustered *out)
{
    RP_AUTOFREE weights *w = NULL;
    sums t = {0};
    double clusters = 0;
    RP_NEED(k >= 1 && level > 0 && level < 1, RP_EARG, "%d strata, level %g", k, level);
    RP_TRY(rp_alloc(k, sizeof *w, &w));
    for (int i = 0; i < k; i++) {
        if (c[i].n1 == 0 || c[i].n0 == 0) continue; /* no comparison, no weight */
        RP_TRY(rp_counts_check(&c[i]));
        add(&t, &c[i]);
        const double n1 = (double)c[i].n1, n0 = (double)c[i].n0;
        w[i] =
            (weights){(double)c[i].x1 / n1, (double)c[i].x0 / n0, n0 / (n1 + n0), n1 / (n1 + n0)};
    }
    RP_NEED(t.strata > 0, RP_EARG, "no stratum has both arms");
    for (int64_t i = 0; i < n; i++) clusters += (double)composition[i].clusters;
    const double cr1 = clusters > 1 ? clusters / (clusters - 1) : 0;
    const double log_se = t.r > 0 && t.s > 0
                              ? sqrt(cr1 * squares(n, composition, part, w, 1 / t.r, 1 / t.s))
                              : HUGE_VAL;
    const double se = sqrt(cr1 * squares(n, composition, part, w, 1 / t.w, 1 / t.w));
    const rp_value none = rp_value_undefined("pooled");
    rp_clustered r = {.share1 = {none, none}, .share0 = {none, none}};
    r.ratio = rp_value_ratio(t.r, t.s, "no outcome in the control arm");
    RP_TRY(rp_clustered_conclude(t.r / t.s, log_se, (t.r - t.s) / t.w, se, (int64_t)clusters, level,
                                 &r));
    *out = r;
    return RP_OK;
}

void rp_heterogeneity(int k, const double estimate[], const double variance[], rp_value *q, int *df,
                      rp_value *p)
{
    double w = 0, wx = 0, s = 0;
    *df = k - 1;
    *q = *p = rp_value_undefined("fewer than two groups with an estimate");
    if (k < 2) return;
    for (int i = 0; i < k; i++) {
        w += 1 / variance[i];
        wx += estimate[i] / variance[i];
    }
    for (int i = 0; i < k; i++) {
        const double d = estimate[i] - wx / w;
        s += d * d / variance[i];
    }
    *q = rp_value_of(s);
    *p = rp_value_of(rp_chi2_upper(s, k - 1));
}

rp_status rp_ratio_heterogeneity(int k, const rp_counts c[], rp_value *q, int *df, rp_value *p)
{
    RP_AUTOFREE double *x = NULL, *v = NULL;
    int used = 0;
    RP_TRY(rp_alloc(k, sizeof *x, &x));
    RP_TRY(rp_alloc(k, sizeof *v, &v));
    for (int i = 0; i < k; i++) {
        if (c[i].x1 == 0 || c[i].x0 == 0) continue;
        const double x1 = (double)c[i].x1, n1 = (double)c[i].n1, x0 = (double)c[i].x0,
                     n0 = (double)c[i].n0;
        const double variance = 1 / x1 - 1 / n1 + 1 / x0 - 1 / n0;
        if (variance <= 0) continue; /* everybody had it in both arms */
        x[used] = log(x1 / n1) - log(x0 / n0);
        v[used++] = variance;
    }
    rp_heterogeneity(used, x, v, q, df, p);
    return RP_OK;
}
