/* lib/stats/clustered.c - robust errors of two arms. */
#include "lib/stats/clustered.h"

#include "lib/stats/proportion.h"
#include "lib/stats/special.h"

#include <inttypes.h>
#include <math.h>

typedef struct totals {
    double x1, n1, x0, n0, clusters;
} totals;

static totals add_up(int64_t n, const rp_cluster_pattern p[])
{
    totals t = {0};
    for (int64_t i = 0; i < n; i++) {
        const double k = (double)p[i].clusters;
        t.x1 += k * (double)p[i].x1; /* whole numbers: exact */
        t.n1 += k * (double)p[i].n1;
        t.x0 += k * (double)p[i].x0;
        t.n0 += k * (double)p[i].n0;
        t.clusters += k;
    }
    return t;
}

/* sqrt(G/(G - 1) sum of squares of u = a (x1 - n1 p1) - b (x0 - n0 p0)) */
static double robust_se(int64_t n, const rp_cluster_pattern p[], const totals *t, double a,
                        double b)
{
    const double p1 = t->x1 / t->n1, p0 = t->x0 / t->n0;
    double s = 0;
    for (int64_t i = 0; i < n; i++) {
        const double u = a * ((double)p[i].x1 - (double)p[i].n1 * p1) -
                         b * ((double)p[i].x0 - (double)p[i].n0 * p0);
        s += (double)p[i].clusters * u * u;
    }
    return sqrt(s * t->clusters / (t->clusters - 1));
}

static double two_sided(const rp_clustered *c, double z)
{
    return c->is_few ? rp_t_two_sided(z, (double)(c->clusters - 1)) : rp_normal_two_sided(z);
}

static rp_status quantile(const rp_clustered *c, double level, double *q)
{
    if (!c->is_few) {
        *q = rp_normal_quantile(0.5 + 0.5 * level);
        return RP_OK;
    }
    return rp_t_two_sided_quantile(1 - level, (double)(c->clusters - 1), q);
}

/* Korn and Graubard's interval of one arm's share. */
static rp_status find_share(int64_t n, const rp_cluster_pattern p[], bool is_new, double level,
                            rp_interval *out)
{
    double x = 0, all = 0, clusters = 0, s = 0;
    bool is_share = true;
    for (int64_t i = 0; i < n; i++) {
        const double k = (double)p[i].clusters, xi = (double)(is_new ? p[i].x1 : p[i].x0),
                     ni = (double)(is_new ? p[i].n1 : p[i].n0);
        x += k * xi;
        all += k * ni;
        clusters += ni > 0 ? k : 0;
        is_share = is_share && xi <= ni;
    }
    out->low = out->high = rp_value_undefined("no proportion");
    if (!is_share) return RP_OK;
    const double share = x / all;
    for (int64_t i = 0; i < n; i++) {
        const double u =
            (double)(is_new ? p[i].x1 : p[i].x0) - (double)(is_new ? p[i].n1 : p[i].n0) * share;
        s += (double)p[i].clusters * u * u;
    }
    const double variance = s / (all * all) * clusters / (clusters - 1);
    double effective = all;
    if (variance > 0 && clusters > 1) {
        double shrink = 1;
        if (clusters < RP_CLUSTERS_FEW) {
            double t;
            RP_TRY(rp_t_two_sided_quantile(1 - level, clusters - 1, &t));
            shrink = rp_normal_quantile(0.5 + 0.5 * level) / t;
        }
        effective = fmin(all, share * (1 - share) / variance * shrink * shrink);
    }
    return rp_clopper_pearson(effective * share, effective, level, out);
}

rp_status rp_clustered_conclude(double ratio, double log_se, double difference,
                                double difference_se, int64_t clusters, double level,
                                rp_clustered *out)
{
    const rp_value few = rp_value_undefined("fewer than two clusters"),
                   no_log = rp_value_undefined("an arm without outcomes has no log"),
                   flat = rp_value_undefined("no variance");
    out->clusters = clusters;
    out->is_few = clusters < RP_CLUSTERS_FEW;
    out->difference = rp_value_of(difference);
    out->log_se = out->ratio_p = out->ratio_ci.low = out->ratio_ci.high =
        clusters < 2 ? few : no_log;
    out->difference_se = out->difference_p = out->difference_ci.low = out->difference_ci.high = few;
    if (clusters < 2) return RP_OK;
    double q;
    RP_TRY(quantile(out, level, &q));
    out->difference_se = rp_value_of(difference_se);
    out->difference_ci = (rp_interval){rp_value_of(difference - q * difference_se),
                                       rp_value_of(difference + q * difference_se)};
    out->difference_p =
        difference_se > 0 ? rp_value_of(two_sided(out, difference / difference_se)) : flat;
    if (!isfinite(log_se)) return RP_OK;
    out->log_se = rp_value_of(log_se);
    out->ratio_ci =
        (rp_interval){rp_value_of(ratio * exp(-q * log_se)), rp_value_of(ratio * exp(q * log_se))};
    out->ratio_p = log_se > 0 ? rp_value_of(two_sided(out, log(ratio) / log_se)) : flat;
    return RP_OK;
}

rp_status rp_clustered_find(int64_t n, const rp_cluster_pattern p[], double level,
                            rp_clustered *out)
{
    const totals t = add_up(n, p);
    RP_NEED(t.n1 > 0 && t.n0 > 0 && level > 0 && level < 1, RP_EARG,
            "%g and %g examinations in two arms, level %g", t.n1, t.n0, level);
    const double p1 = t.x1 / t.n1, p0 = t.x0 / t.n0;
    rp_clustered c = {.ratio = rp_value_ratio(p1, p0, "no outcome in the control arm")};
    const double log_se = t.x1 > 0 && t.x0 > 0 ? robust_se(n, p, &t, 1 / t.x1, 1 / t.x0) : HUGE_VAL;
    RP_TRY(rp_clustered_conclude(p1 / p0, log_se, p1 - p0, robust_se(n, p, &t, 1 / t.n1, 1 / t.n0),
                                 (int64_t)t.clusters, level, &c));
    RP_TRY(find_share(n, p, true, level, &c.share1));
    RP_TRY(find_share(n, p, false, level, &c.share0));
    *out = c;
    return RP_OK;
}

rp_status rp_clustered_noninferior(const rp_clustered *c, bool is_ratio, double margin,
                                   bool few_is_good, rp_value *p)
{
    RP_NEED(margin > 0, RP_EARG, "margin %g", margin);
    const rp_value *se = is_ratio ? &c->log_se : &c->difference_se;
    if (se->state != RP_VALUE_OK || se->x == 0) {
        *p = rp_value_undefined("no standard error");
        return RP_OK;
    }
    const double over = is_ratio ? log(c->ratio.x) - log(margin)
                                 : c->difference.x - (few_is_good ? margin : -margin);
    const double two = two_sided(c, over / se->x);
    *p = rp_value_of((over < 0) == few_is_good ? two / 2 : 1 - two / 2);
    return RP_OK;
}
