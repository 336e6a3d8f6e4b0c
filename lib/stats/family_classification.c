/* lib/stats/family_classification.c - rows of one or two scores against a class. */
#include "lib/stats/family_classification_priv.h"

#include "lib/stats/bootstrap.h"
#include "lib/stats/calibration.h"
#include "lib/stats/delong.h"
#include "lib/stats/kappa.h"
#include "lib/stats/proportion.h"
#include "lib/stats/roc.h"

#include <math.h>

enum { ECE_BINS = 10 };

typedef struct scores {
    int64_t n;
    const double *y, *score[2];
    int count;
    double *v[2], auc[2], var[2];
    bool has_components; /* both classes are there */
    const rp_family_options *o;
} scores;

static rp_status add_curve(scores *s, int i, rp_rows *out)
{
    RP_AUTO(rp_roc) roc = NULL;
    RP_TRY(rp_roc_new(s->n, s->y, s->score[i], &roc));
    const int k = i + 1;
    rp_rows_add(out, rp_roc_auc(roc), "auc%d", k);
    rp_value var = rp_value_undefined("needs two cases of each class");
    rp_interval ci = {var, var};
    if (s->has_components) {
        RP_TRY(rp_delong_components(s->n, s->y, s->score[i], s->v[i], &s->auc[i]));
        s->var[i] = rp_delong_covariance(s->n, s->y, s->v[i], s->v[i]);
        var = rp_value_of(s->var[i]);
        ci = rp_auc_interval(s->auc[i], s->var[i], 0.95);
    }
    rp_rows_add(out, var, "auc%d_var_delong", k);
    rp_rows_add(out, ci.low, "auc%d_lo_delong", k);
    rp_rows_add(out, ci.high, "auc%d_hi_delong", k);
    const rp_value part = rp_roc_partial_specificity(roc, 0.8);
    rp_rows_add(out, part, "pauc%d_spec_1_0.8", k);
    rp_rows_add(out, rp_roc_mcclish(part, 0.8), "pauc%d_spec_1_0.8_mcclish", k);
    rp_rows_add(out, rp_roc_partial_sensitivity(roc, 0.8), "pauc%d_sens_1_0.8", k);
    const rp_youden best = rp_roc_youden(roc);
    rp_rows_add(out, best.j, "youden%d_j", k);
    rp_rows_add(out, best.midpoint, "youden%d_threshold_midpoint", k);
    rp_rows_add(out, best.threshold, "youden%d_threshold", k);
    rp_rows_add(out, rp_roc_sensitivity_at(roc, s->o->specificity), "sens_at_spec%g_%d",
                s->o->specificity, k);
    rp_rows_add(out, rp_roc_average_precision(roc), "average_precision%d", k);
    return RP_OK;
}

static rp_status add_bootstrap(const scores *s, int i, rp_rows *out)
{
    rp_bootstrap_result r;
    const int k = i + 1;
    if (s->o->replicates == 0) return RP_OK;
    const rp_value no = rp_value_undefined("needs two cases of each class");
    r = (rp_bootstrap_result){{no, no}, {no, no}, no, no, 0};
    if (s->has_components)
        RP_TRY(rp_auc_bootstrap(s->n, s->y, s->score[i], s->o->seed, s->o->replicates, 0.95,
                                s->o->who, &r));
    rp_rows_add(out, r.percentile.low, "auc%d_lo_boot_percentile", k);
    rp_rows_add(out, r.percentile.high, "auc%d_hi_boot_percentile", k);
    rp_rows_add(out, r.bca.low, "auc%d_lo_boot_bca", k);
    rp_rows_add(out, r.bca.high, "auc%d_hi_boot_bca", k);
    rp_rows_add(out, r.se, "auc%d_se_boot", k);
    rp_rows_put(out, (double)r.undefined, "auc%d_boot_undefined", k);
    return RP_OK;
}

static void add_paired(const scores *s, rp_rows *out)
{
    const rp_value no = rp_value_undefined("needs two cases of each class");
    rp_value cov = no;
    rp_auc_test t = {no, no, no};
    if (s->has_components) {
        const double c = rp_delong_covariance(s->n, s->y, s->v[0], s->v[1]);
        cov = rp_value_of(c);
        t = rp_auc_test_paired(s->auc[0], s->var[0], s->auc[1], s->var[1], c);
    }
    rp_rows_add(out, cov, "auc_cov_delong");
    rp_rows_add(out, t.statistic, "delong_paired_z");
    rp_rows_add(out, t.p, "delong_paired_p");
}

/* Variance of score over the cases where half equals h; *enough: two of each class. */
static rp_status half_curve(const scores *s, const double half[], int h, double *auc, double *var,
                            int64_t *count, bool *enough)
{
    RP_AUTOFREE double *y = NULL, *x = NULL, *v = NULL;
    RP_TRY(rp_alloc_raw(s->n, sizeof *y, &y));
    RP_TRY(rp_alloc_raw(s->n, sizeof *x, &x));
    RP_TRY(rp_alloc_raw(s->n, sizeof *v, &v));
    int64_t n = 0, positives = 0;
    for (int64_t i = 0; i < s->n; i++)
        if (half[i] == h) {
            y[n] = s->y[i];
            x[n++] = s->score[h][i];
            positives += s->y[i] == 1;
        }
    *count = n;
    *enough = positives >= 2 && n - positives >= 2;
    if (!*enough) return RP_OK;
    RP_TRY(rp_delong_components(n, y, x, v, auc));
    *var = rp_delong_covariance(n, y, v, v);
    return RP_OK;
}

static rp_status add_unpaired(const scores *s, const double half[], rp_rows *out)
{
    double auc[2], var[2];
    int64_t count[2];
    bool enough[2];
    for (int h = 0; h < 2; h++)
        RP_TRY(half_curve(s, half, h, &auc[h], &var[h], &count[h], &enough[h]));
    const rp_value no = rp_value_undefined("a half without two cases of each class");
    rp_auc_test t = {no, no, no};
    if (enough[0] && enough[1])
        t = rp_auc_test_unpaired(auc[0], var[0], count[0], auc[1], var[1], count[1]);
    rp_rows_add(out, t.statistic, "delong_unpaired_D");
    rp_rows_add(out, t.df, "delong_unpaired_df");
    rp_rows_add(out, t.p, "delong_unpaired_p");
    return RP_OK;
}

static rp_status add_calibration(const scores *s, int i, rp_rows *out)
{
    rp_calibration c;
    const int k = i + 1;
    RP_TRY(rp_calibration_find(s->n, s->y, s->score[i], ECE_BINS, 0, &c));
    rp_rows_add(out, c.brier, "brier%d", k);
    rp_rows_add(out, c.log_loss, "logloss%d", k);
    rp_rows_add(out, c.slope, "calibration_slope%d", k);
    rp_rows_add(out, c.slope_se, "calibration_slope_se%d", k);
    rp_rows_add(out, c.intercept, "calibration_intercept_joint%d", k);
    rp_rows_add(out, c.in_the_large, "calibration_in_the_large%d", k);
    rp_rows_add(out, c.observed_expected, "oe_ratio%d", k);
    rp_rows_add(out, c.ece, "ece%d_width%d", ECE_BINS, k);
    rp_rows_add(out, c.mce, "mce%d_width%d", ECE_BINS, k);
    rp_rows_add(out, c.hosmer_lemeshow, "hosmer_lemeshow_chisq%d", k);
    rp_rows_add(out, c.hosmer_lemeshow_p, "hosmer_lemeshow_p%d", k);
    for (int j = 0; j < s->o->thresholds; j++) {
        double benefit;
        RP_TRY(rp_net_benefit(s->n, s->y, s->score[i], s->o->threshold[j], &benefit));
        rp_rows_put(out, benefit, "net_benefit%d_pt%g", k, s->o->threshold[j]);
    }
    return RP_OK;
}

static rp_status add_share(const char *name, int64_t x, int64_t n, double cut, rp_rows *out)
{
    static const struct {
        rp_proportion_method method;
        const char *name;
    } kinds[] = {
        {RP_CLOPPER_PEARSON, "clopper"}, {RP_WILSON, "wilson"}, {RP_WILSON_CORRECTED, "wilson_cc"}};
    rp_rows_add(out, rp_value_ratio((double)x, (double)n, "no cases"), "%s_%g", name, cut);
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        rp_interval ci;
        RP_TRY(rp_proportion_interval(kinds[k].method, x, n, 0.95, &ci));
        rp_rows_add(out, ci.low, "%s_%s_lo", name, kinds[k].name);
        rp_rows_add(out, ci.high, "%s_%s_hi", name, kinds[k].name);
    }
    return RP_OK;
}

static rp_status add_cut(const scores *s, rp_rows *out)
{
    int64_t count[2][2] = {{0}}; /* [class][positive] */
    for (int64_t i = 0; i < s->n; i++) count[s->y[i] == 1][s->score[0][i] >= s->o->cut]++;
    const int64_t tp = count[1][1], fn = count[1][0], fp = count[0][1], tn = count[0][0];
    RP_TRY(add_share("sens1", tp, tp + fn, s->o->cut, out));
    RP_TRY(add_share("spec1", tn, tn + fp, s->o->cut, out));
    RP_TRY(add_share("ppv1", tp, tp + fp, s->o->cut, out));
    return add_share("npv1", tn, tn + fn, s->o->cut, out);
}

static void add_mcnemar(const scores *s, rp_rows *out)
{
    int64_t b = 0, c = 0;
    for (int64_t i = 0; i < s->n; i++) {
        const bool first = s->score[0][i] >= s->o->cut, second = s->score[1][i] >= s->o->cut;
        b += s->y[i] == 1 && first && !second;
        c += s->y[i] == 1 && !first && second;
    }
    const rp_mcnemar t = rp_mcnemar_test(b, c);
    rp_rows_put(out, (double)b, "mcnemar_b");
    rp_rows_put(out, (double)c, "mcnemar_c");
    rp_rows_add(out, t.chisq, "mcnemar_chisq");
    rp_rows_add(out, t.p, "mcnemar_p");
    rp_rows_add(out, t.corrected_p, "mcnemar_cc_p");
    rp_rows_put(out, t.exact_p, "mcnemar_exact_p");
}

static rp_status add_cluster(const scores *s, const double cluster[], rp_rows *out)
{
    RP_AUTOFREE double *x = NULL, *g = NULL;
    RP_TRY(rp_alloc_raw(s->n, sizeof *x, &x));
    RP_TRY(rp_alloc_raw(s->n, sizeof *g, &g));
    int64_t n = 0, clusters = 0;
    for (int64_t i = 0; i < s->n; i++)
        if (s->y[i] == 1) {
            x[n] = s->score[0][i] >= s->o->cut;
            g[n++] = cluster[i];
        }
    double se = 0;
    if (n > 0) RP_TRY(rp_cluster_se(n, x, g, &se, &clusters));
    rp_rows_add(out, n > 0 ? rp_value_of(se) : rp_value_undefined("no cases"),
                "sens1_cluster_robust_se");
    rp_rows_put(out, (double)clusters, "sens1_clusters");
    return RP_OK;
}

static rp_status add_kappa(const rp_columns *t, rp_rows *out)
{
    const double *a, *b;
    rp_value v[3];
    RP_TRY(rp_columns_whole(t, "grade1", -1e6, 1e6, &a));
    RP_TRY(rp_columns_whole(t, "grade2", -1e6, 1e6, &b));
    for (int w = 0; w < 3; w++) RP_TRY(rp_kappa_find(t->rows, a, b, (rp_kappa_weights)w, &v[w]));
    rp_rows_add(out, v[RP_KAPPA_PLAIN], "kappa");
    rp_rows_add(out, v[RP_KAPPA_LINEAR], "kappa_linear");
    rp_rows_add(out, v[RP_KAPPA_QUADRATIC], "kappa_quadratic");
    rp_rows_add(out, v[RP_KAPPA_QUADRATIC], "kappa_quadratic_psych");
    return RP_OK;
}

static rp_status add_all(scores *s, const rp_columns *t, rp_rows *out)
{
    const double *half, *cluster;
    for (int i = 0; i < s->count; i++) {
        RP_TRY(add_curve(s, i, out));
        RP_TRY(add_bootstrap(s, i, out));
        RP_TRY(add_calibration(s, i, out));
    }
    if (s->count == 2) add_paired(s, out);
    if (s->count == 2 && rp_columns_has(t, "half")) {
        RP_TRY(rp_columns_whole(t, "half", 0, 1, &half));
        RP_TRY(add_unpaired(s, half, out));
    }
    for (int j = 0; j < s->o->thresholds; j++) {
        double benefit;
        RP_TRY(rp_net_benefit_all(s->n, s->y, s->o->threshold[j], &benefit));
        rp_rows_put(out, benefit, "net_benefit_all_pt%g", s->o->threshold[j]);
    }
    RP_TRY(add_cut(s, out));
    if (s->count == 2) add_mcnemar(s, out);
    if (rp_columns_has(t, "cluster")) {
        RP_TRY(rp_columns_get(t, "cluster", &cluster));
        RP_TRY(add_cluster(s, cluster, out));
    }
    if (rp_columns_has(t, "grade1") && rp_columns_has(t, "grade2")) RP_TRY(add_kappa(t, out));
    return rp_rows_status(out);
}

rp_status rp_family_classification(const rp_columns *t, const rp_family_options *o, rp_rows *out)
{
    scores s = {.n = t->rows, .count = rp_columns_has(t, "score2") ? 2 : 1, .o = o};
    RP_TRY(rp_columns_whole(t, "y", 0, 63, &s.y));
    for (int64_t i = 0; i < s.n; i++)
        if (s.y[i] > 1) return rp_family_multiclass(t, out);
    if (rp_columns_has(t, "p2"))
        return rp_family_multiclass(t, out); /* a subgroup lacks the others */
    RP_TRY(rp_columns_get(t, "score1", &s.score[0]));
    if (s.count == 2) RP_TRY(rp_columns_get(t, "score2", &s.score[1]));
    int64_t positives = 0;
    for (int64_t i = 0; i < s.n; i++) positives += s.y[i] == 1;
    s.has_components = positives >= 2 && s.n - positives >= 2;
    RP_AUTOFREE double *v = NULL;
    RP_TRY(rp_alloc_raw(2 * s.n, sizeof *v, &v));
    s.v[0] = v;
    s.v[1] = v + s.n;
    return add_all(&s, t, out);
}
