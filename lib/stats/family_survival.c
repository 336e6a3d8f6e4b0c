/* lib/stats/family_survival.c - rows of times to an event: curves, tests, regression. */
#include "lib/stats/family_survival_priv.h"

#include "lib/stats/competing.h"
#include "lib/stats/cox.h"
#include "lib/stats/km.h"
#include "lib/stats/logrank.h"
#include "lib/stats/ranks.h"
#include "lib/stats/special.h"

#include <math.h>
#include <stdio.h>

static const char no_fit[] =
    "no finite fit (no event or dependent columns or a monotone likelihood)";

static rp_status add_curve(const rp_family_options *o, const rp_lives *l, rp_rows *out)
{
    RP_AUTO(rp_km) km = NULL;
    RP_TRY(rp_km_new(l, RP_KM_EVENTS, &km));
    for (int k = 0; k < o->times; k++) {
        const double t = o->time[k];
        const rp_km_point q = rp_km_read(km, t);
        rp_rows_add(out, q.surv, "km_surv_t%g", t);
        rp_rows_add(out, q.se, "km_se_greenwood_t%g", t);
        rp_rows_add(out, q.log.low, "km_lo_log_t%g", t);
        rp_rows_add(out, q.log.high, "km_hi_log_t%g", t);
        rp_rows_add(out, q.loglog.low, "km_lo_loglog_t%g", t);
        rp_rows_add(out, q.loglog.high, "km_hi_loglog_t%g", t);
        rp_rows_add(out, q.hazard, "nelson_aalen_t%g", t);
    }
    rp_value area, se;
    rp_km_area(km, o->tau, &area, &se);
    rp_rows_add(out, area, "rmst_tau%g", o->tau);
    rp_rows_add(out, se, "rmst_se_tau%g", o->tau);
    rp_km_median m;
    RP_TRY(rp_km_find_median(km, &m));
    rp_rows_add(out, m.median, "median");
    rp_rows_add(out, m.low, "median_lo_log");
    rp_rows_add(out, m.high, "median_hi_log");
    return RP_OK;
}

/* The subjects of one group: their times and events, copied together. */
static rp_status one_group(const rp_columns *t, const char *event_name, double which, double **time,
                           double **event, int64_t *n)
{
    const double *group, *all_time, *all_event;
    RP_TRY(rp_columns_get(t, "group", &group));
    RP_TRY(rp_columns_get(t, "time", &all_time));
    RP_TRY(rp_columns_get(t, event_name, &all_event));
    RP_TRY(rp_alloc_raw(t->rows, sizeof **time, time));
    RP_TRY(rp_alloc_raw(t->rows, sizeof **event, event));
    *n = 0;
    for (int64_t i = 0; i < t->rows; i++)
        if (group[i] == which) {
            (*time)[*n] = all_time[i];
            (*event)[(*n)++] = all_event[i];
        }
    return RP_OK;
}

static rp_status add_group(const rp_columns *t, const rp_family_options *o, double which,
                           rp_rows *out)
{
    RP_AUTOFREE double *time = NULL, *event = NULL;
    RP_AUTO(rp_lives) l = NULL;
    RP_AUTO(rp_km) km = NULL;
    int64_t n;
    rp_value area, se;
    RP_TRY(one_group(t, "event", which, &time, &event, &n));
    RP_TRY(rp_lives_new(n, time, event, &l));
    RP_TRY(rp_km_new(l, RP_KM_EVENTS, &km));
    rp_km_area(km, o->tau, &area, &se);
    rp_rows_add(out, area, "rmst_tau%g_group%g", o->tau, which);
    rp_rows_add(out, se, "rmst_se_tau%g_group%g", o->tau, which);
    return RP_OK;
}

static rp_status add_incidence(const rp_columns *t, const rp_family_options *o, double which,
                               rp_rows *out)
{
    RP_AUTOFREE double *time = NULL, *cause = NULL;
    RP_AUTO(rp_lives) l = NULL;
    int64_t n;
    RP_TRY(one_group(t, "cause", which, &time, &cause, &n));
    RP_TRY(rp_lives_new(n, time, cause, &l));
    for (int c = 1; c <= 2; c++)
        for (int k = 0; k < o->times; k++) {
            rp_incidence q;
            RP_TRY(rp_incidence_find(l, c, o->time[k], &q));
            rp_rows_add(out, q.value, "cif_group%g_cause%d_t%g", which, c, o->time[k]);
            rp_rows_add(out, q.variance, "cif_var_group%g_cause%d_t%g", which, c, o->time[k]);
        }
    return RP_OK;
}

/* Distinct values of column group, ascending. */
static rp_status group_values(const rp_columns *t, double **value, int64_t *count)
{
    const double *group;
    RP_TRY(rp_columns_get(t, "group", &group));
    RP_TRY(rp_alloc_raw(t->rows, sizeof **value, value));
    RP_TRY(rp_rank_sort(t->rows, group, *value));
    *count = 0;
    for (int64_t i = 0; i < t->rows; i++)
        if (i == 0 || (*value)[i] != (*value)[*count - 1]) (*value)[(*count)++] = (*value)[i];
    return RP_OK;
}

static rp_status add_groups(const rp_columns *t, const rp_family_options *o, bool incidence,
                            rp_rows *out)
{
    RP_AUTOFREE double *value = NULL;
    int64_t count;
    RP_TRY(group_values(t, &value, &count));
    for (int64_t i = 0; i < count; i++)
        RP_TRY(incidence ? add_incidence(t, o, value[i], out) : add_group(t, o, value[i], out));
    return RP_OK;
}

static rp_status add_logrank(const rp_columns *t, const double time[], const double event[],
                             rp_rows *out)
{
    const double *group = NULL, *site = NULL;
    rp_logrank q;
    if (rp_columns_has(t, "group")) RP_TRY(rp_columns_get(t, "group", &group));
    if (rp_columns_has(t, "site")) RP_TRY(rp_columns_get(t, "site", &site));
    if (group) {
        RP_AUTOFREE double *value = NULL;
        int64_t count;
        RP_TRY(group_values(t, &value, &count));
        RP_TRY(rp_logrank_test(t->rows, time, event, group, NULL, 0, &q));
        rp_rows_add(out, q.chisq, "logrank_chisq_group");
        rp_rows_add(out, q.p, "logrank_p_group");
        for (int k = 0; k < q.groups; k++) {
            rp_rows_put(out, q.observed[k], "logrank_observed_group%g", value[k]);
            rp_rows_put(out, q.expected[k], "logrank_expected_group%g", value[k]);
        }
        RP_TRY(rp_logrank_test(t->rows, time, event, group, NULL, 1, &q));
        rp_rows_add(out, q.chisq, "gehan_peto_rho1_chisq_group");
    }
    if (site) {
        RP_TRY(rp_logrank_test(t->rows, time, event, site, NULL, 0, &q));
        rp_rows_add(out, q.chisq, "logrank_chisq_site");
    }
    if (group && site) {
        RP_TRY(rp_logrank_test(t->rows, time, event, group, site, 0, &q));
        rp_rows_add(out, q.chisq, "logrank_stratified_chisq_group");
    }
    return RP_OK;
}

/* A fit, or none where the data have no finite one. */
static rp_status try_fit(const rp_cox_data *d, rp_cox_ties ties, rp_cox **fit)
{
    const rp_status st = rp_cox_fit(d, ties, fit);
    return st == RP_ENUM || st == RP_EDATA ? RP_OK : st;
}

static void add_fit(const rp_family_options *o, const rp_cox *fit, const char *ties, rp_rows *out)
{
    const rp_value no = rp_value_undefined(no_fit);
    const rp_cox_result r = fit ? rp_cox_get(fit) : (rp_cox_result){.loglik = 0};
    for (int k = 0; k < o->covariates; k++) {
        rp_rows_add(out, fit ? rp_value_of(r.coefficient[k]) : no, "cox_%s_coef_%s", ties,
                    o->covariate[k]);
        rp_rows_add(out, fit ? rp_value_of(r.se[k]) : no, "cox_%s_se_%s", ties, o->covariate[k]);
    }
    rp_rows_add(out, fit ? rp_value_of(r.loglik_null) : no, "cox_%s_loglik_null", ties);
    rp_rows_add(out, fit ? rp_value_of(r.loglik) : no, "cox_%s_loglik", ties);
    rp_rows_add(out, fit ? rp_value_of(r.score_test) : no, "cox_%s_score_test", ties);
    rp_rows_add(out, fit ? rp_value_of(r.wald_test) : no, "cox_%s_wald_test", ties);
    rp_rows_add(out, fit ? rp_value_of(r.ratio_test) : no, "cox_%s_ratio_test", ties);
}

static rp_status add_check(const rp_family_options *o, const rp_cox *fit, rp_cox_time time,
                           const char *name, rp_rows *out)
{
    double chisq[RP_COX_MAX], all;
    RP_TRY(rp_cox_check(fit, time, chisq, &all));
    for (int k = 0; k < o->covariates; k++) {
        rp_rows_put(out, chisq[k], "zph_%s_chisq_%s", name, o->covariate[k]);
        rp_rows_put(out, rp_chi2_upper(chisq[k], 1), "zph_%s_p_%s", name, o->covariate[k]);
    }
    rp_rows_put(out, all, "zph_%s_chisq_GLOBAL", name);
    rp_rows_put(out, rp_chi2_upper(all, o->covariates), "zph_%s_p_GLOBAL", name);
    return RP_OK;
}

static rp_status add_after_fit(const rp_columns *t, const rp_family_options *o,
                               const rp_cox_data *d, const rp_cox *fit, rp_rows *out)
{
    double se[RP_COX_MAX], hazard;
    RP_TRY(rp_cox_baseline(fit, 1, &o->horizon, false, &hazard));
    rp_rows_put(out, hazard, "cox_efron_basehaz_t%g", o->horizon);
    RP_TRY(add_check(o, fit, RP_COX_TIME_KM, "km", out));
    RP_TRY(add_check(o, fit, RP_COX_TIME_IDENTITY, "identity", out));
    if (!rp_columns_has(t, "site")) return RP_OK;
    const double *site;
    RP_AUTO(rp_cox) within = NULL;
    RP_TRY(rp_columns_get(t, "site", &site));
    RP_TRY(rp_cox_robust_se(fit, site, se));
    rp_cox_data by_site = *d;
    by_site.stratum = site;
    RP_TRY(try_fit(&by_site, RP_COX_EFRON, &within));
    for (int k = 0; k < o->covariates; k++) {
        rp_rows_put(out, se[k], "cox_efron_robust_cluster_site_se_%s", o->covariate[k]);
        rp_rows_add(out,
                    within ? rp_value_of(rp_cox_get(within).coefficient[k])
                           : rp_value_undefined(no_fit),
                    "cox_efron_strata_site_coef_%s", o->covariate[k]);
    }
    return RP_OK;
}

static rp_status add_fine_gray(const rp_family_options *o, const rp_lives *causes,
                               const double *const x[], rp_rows *out)
{
    double coefficient[RP_FINE_GRAY_MAX], se[RP_FINE_GRAY_MAX];
    const rp_status st = rp_fine_gray_fit(causes, 1, o->covariates, x, coefficient, se);
    if (st != RP_ENUM && st != RP_EDATA) RP_TRY(st);
    for (int k = 0; k < o->covariates; k++) {
        const rp_value no = rp_value_undefined(no_fit);
        rp_rows_add(out, st == RP_OK ? rp_value_of(coefficient[k]) : no, "finegray_coef_%s",
                    o->covariate[k]);
        rp_rows_add(out, st == RP_OK ? rp_value_of(se[k]) : no, "finegray_se_%s", o->covariate[k]);
    }
    return RP_OK;
}

static rp_status add_causes(const rp_columns *t, const rp_family_options *o, const double time[],
                            const double *const x[], bool has_x, rp_rows *out)
{
    const double *cause, *group;
    RP_AUTO(rp_lives) l = NULL;
    RP_TRY(rp_columns_whole(t, "cause", 0, 2, &cause));
    RP_TRY(rp_lives_new(t->rows, time, cause, &l));
    for (int k = 0; k < o->times; k++) {
        rp_incidence q;
        RP_TRY(rp_incidence_find(l, 1, o->time[k], &q));
        rp_rows_add(out, q.value, "aj_cause1_t%g", o->time[k]);
        rp_rows_add(out, q.se, "aj_cause1_se_t%g", o->time[k]);
    }
    if (rp_columns_has(t, "group")) {
        RP_TRY(rp_columns_get(t, "group", &group));
        RP_TRY(add_groups(t, o, true, out));
        for (int c = 1; c <= 2; c++) {
            rp_value chisq, p;
            int df;
            RP_TRY(rp_gray_test(l, group, c, &chisq, &p, &df));
            rp_rows_add(out, chisq, "gray_stat_cause%d", c);
            rp_rows_add(out, p, "gray_p_cause%d", c);
        }
    }
    return has_x ? add_fine_gray(o, l, x, out) : RP_OK;
}

static rp_status add_regression(const rp_columns *t, const rp_family_options *o, const rp_lives *l,
                                const double *const x[], rp_rows *out)
{
    static const struct {
        rp_cox_ties ties;
        const char *name;
    } kinds[] = {{RP_COX_EFRON, "efron"}, {RP_COX_BRESLOW, "breslow"}, {RP_COX_EXACT, "exact"}};
    const rp_cox_data d = {t->rows, l->time, l->event, o->covariates, x, NULL};
    RP_AUTO(rp_cox) efron = NULL;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        RP_AUTO(rp_cox) fit = NULL;
        RP_TRY(try_fit(&d, kinds[k].ties, &fit));
        add_fit(o, fit, kinds[k].name, out);
        if (k == 0) efron = RP_TAKE(fit);
    }
    if (efron) RP_TRY(add_after_fit(t, o, &d, efron, out));
    return efron ? rp_family_survival_integrals(o, l, efron, x, out) : RP_OK;
}

rp_status rp_family_survival(const rp_columns *t, const rp_family_options *o, rp_rows *out)
{
    const double *time, *event, *x[RP_FAMILY_LIST];
    bool has_x = o->covariates > 0;
    RP_AUTO(rp_lives) l = NULL;
    RP_TRY(rp_columns_get(t, "time", &time));
    RP_TRY(rp_columns_whole(t, "event", 0, 1, &event));
    for (int k = 0; k < o->covariates; k++) has_x = has_x && rp_columns_has(t, o->covariate[k]);
    for (int k = 0; has_x && k < o->covariates; k++)
        RP_TRY(rp_columns_get(t, o->covariate[k], &x[k]));
    RP_TRY(rp_lives_new(t->rows, time, event, &l));
    RP_TRY(add_curve(o, l, out));
    if (rp_columns_has(t, "group")) RP_TRY(add_groups(t, o, false, out));
    RP_TRY(add_logrank(t, time, event, out));
    if (has_x) RP_TRY(add_regression(t, o, l, x, out));
    RP_TRY(rp_family_survival_scores(t, o, l, out));
    if (rp_columns_has(t, "cause")) RP_TRY(add_causes(t, o, time, x, has_x, out));
    return rp_rows_status(out);
}
