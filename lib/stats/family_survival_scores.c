/* lib/stats/family_survival_scores.c - rows of risks and predicted curves against what came. */
#include "lib/stats/family_survival_priv.h"

#include "lib/stats/concordance.h"
#include "lib/stats/ipcw.h"

#include <math.h>
#include <stdio.h>

static rp_status add_harrell(const rp_lives *l, const double risk[], rp_rows *out)
{
    rp_concordance c;
    RP_TRY(rp_concordance_find(l, risk, NULL, true, &c));
    rp_rows_add(out, c.c, "harrell_c");
    rp_rows_add(out, c.se, "harrell_c_se");
    rp_rows_put(out, c.concordant, "harrell_count_concordant");
    rp_rows_put(out, c.discordant, "harrell_count_discordant");
    rp_rows_put(out, c.tied_risk, "harrell_count_tied.x");
    rp_rows_put(out, c.tied_time, "harrell_count_tied.y");
    rp_rows_put(out, c.tied_both, "harrell_count_tied.xy");
    return RP_OK;
}

static rp_status find_uno(const rp_lives *l, const rp_km *g, const double risk[], rp_ipcw_rule rule,
                          double limit, bool want_se, rp_concordance *c)
{
    RP_AUTOFREE double *w = NULL;
    RP_TRY(rp_alloc_raw(l->n, sizeof *w, &w));
    const rp_status st = rp_ipcw_uno_weights(l, g, rule, limit, w);
    if (st == RP_ENUM) {
        c->c = c->se = rp_value_undefined("nobody is left uncensored at an event");
        return RP_OK;
    }
    RP_TRY(st);
    return rp_concordance_find(l, risk, w, want_se, c);
}

static rp_status add_uno(const rp_family_options *o, const rp_lives *l, const rp_km *g,
                         const double risk[], rp_rows *out)
{
    rp_concordance c;
    RP_TRY(find_uno(l, g, risk, RP_IPCW_BEFORE, INFINITY, true, &c));
    rp_rows_add(out, c.c, "uno_c_nG2_all_times");
    rp_rows_add(out, c.se, "uno_c_nG2_se");
    RP_TRY(find_uno(l, g, risk, RP_IPCW_BEFORE, o->limit, false, &c));
    rp_rows_add(out, c.c, "uno_c_nG2_ymax%g", o->limit);
    RP_TRY(find_uno(l, g, risk, RP_IPCW_AT, INFINITY, false, &c));
    rp_rows_add(out, c.c, "uno_c_sksurv");
    RP_TRY(find_uno(l, g, risk, RP_IPCW_AT, o->limit, false, &c));
    rp_rows_add(out, c.c, "uno_c_sksurv_tau%g", o->limit);
    return RP_OK;
}

static rp_status add_predicted(const rp_family_options *o, const rp_lives *l, const rp_km *g,
                               const double surv[], rp_rows *out)
{
    RP_AUTO(rp_km) km = NULL;
    RP_AUTOFREE double *marker = NULL;
    rp_ipcw_score q;
    RP_TRY(rp_km_new(l, RP_KM_EVENTS, &km));
    RP_TRY(rp_alloc_raw(l->n, sizeof *marker, &marker));
    for (int64_t i = 0; i < l->n; i++) marker[i] = 1 - surv[i];
    RP_TRY(rp_ipcw_auc(l, g, RP_IPCW_BEFORE, o->horizon, marker, &q));
    rp_rows_add(out, q.value, "ipcw_auc_t%g", o->horizon);
    rp_rows_add(out, q.se, "ipcw_auc_se_t%g", o->horizon);
    RP_TRY(rp_ipcw_brier(l, g, RP_IPCW_BEFORE, o->horizon, surv, 0, true, &q));
    rp_rows_add(out, q.value, "ipcw_brier_t%g", o->horizon);
    rp_rows_add(out, q.se, "ipcw_brier_se_t%g", o->horizon);
    RP_TRY(rp_ipcw_brier(l, g, RP_IPCW_BEFORE, o->horizon, NULL, rp_km_at(km, o->horizon), false,
                         &q));
    rp_rows_add(out, q.value, "ipcw_brier_null_t%g", o->horizon);
    RP_TRY(rp_ipcw_auc(l, g, RP_IPCW_AT, o->horizon, marker, &q));
    rp_rows_add(out, q.value, "ipcw_auc_sksurv_t%g", o->horizon);
    RP_TRY(rp_ipcw_brier(l, g, RP_IPCW_AT, o->horizon, surv, 0, true, &q));
    rp_rows_add(out, q.value, "ipcw_brier_sksurv_t%g", o->horizon);
    return RP_OK;
}

rp_status rp_family_survival_scores(const rp_columns *t, const rp_family_options *o,
                                    const rp_lives *l, rp_rows *out)
{
    RP_AUTO(rp_km) g = NULL;
    const double *risk, *surv;
    char name[40];
    (void)snprintf(name, sizeof name, "p_surv%g", o->horizon);
    RP_TRY(rp_km_new(l, RP_KM_CENSORING, &g));
    if (rp_columns_has(t, "risk")) {
        RP_TRY(rp_columns_get(t, "risk", &risk));
        RP_TRY(add_harrell(l, risk, out));
        RP_TRY(add_uno(o, l, g, risk, out));
    }
    if (rp_columns_has(t, name)) {
        RP_TRY(rp_columns_get(t, name, &surv));
        RP_TRY(add_predicted(o, l, g, surv, out));
        RP_TRY(rp_family_survival_calibration(o->horizon, l, surv, out));
    }
    return RP_OK;
}

/* Brier scores at the event times up to the limit, by the three ways of the rows. */
typedef struct brier_curve {
    int64_t count;
    double *time, *cox, *km, *at; /* [count]; at: G(T), Breslow's baseline */
    const char *undefined;        /* why there is none; else NULL */
} brier_curve;

static rp_status predict(const rp_lives *l, const rp_km *g, rp_ipcw_rule rule, double t, double hazard,
                         const double relative[], double surv[], double *score, const char **undefined)
{
    rp_ipcw_score q;
    for (int64_t i = 0; i < l->n; i++) surv[i] = exp(-hazard * relative[i]);
    RP_TRY(rp_ipcw_brier(l, g, rule, t, surv, 0, false, &q));
    *score = q.value.x;
    if (q.value.state != RP_VALUE_OK) *undefined = q.value.reason;
    return RP_OK;
}

static rp_status find_curve(const rp_family_options *o, const rp_lives *l, const rp_cox *fit,
                            const double relative[], brier_curve *c)
{
    RP_AUTO(rp_km) g = NULL;
    RP_AUTO(rp_km) km = NULL;
    RP_AUTOFREE double *surv = NULL, *hazard = NULL;
    RP_TRY(rp_km_new(l, RP_KM_CENSORING, &g));
    RP_TRY(rp_km_new(l, RP_KM_EVENTS, &km));
    RP_TRY(rp_alloc_raw(l->n, sizeof *surv, &surv));
    RP_TRY(rp_alloc_raw(2 * l->groups, sizeof *hazard, &hazard));
    for (int64_t k = 0; k < l->groups; k++)
        if (rp_lives_time(l, k) <= o->limit && km->ended[k] > 0) c->time[c->count++] = rp_lives_time(l, k);
    double *efron = hazard, *breslow = hazard + l->groups;
    RP_TRY(rp_cox_baseline(fit, c->count, c->time, false, efron));
    RP_TRY(rp_cox_baseline(fit, c->count, c->time, true, breslow));
    for (int64_t j = 0; j < c->count; j++) {
        const double t = c->time[j];
        rp_ipcw_score q;
        RP_TRY(predict(l, g, RP_IPCW_BEFORE, t, efron[j], relative, surv, &c->cox[j], &c->undefined));
        RP_TRY(predict(l, g, RP_IPCW_AT, t, breslow[j], relative, surv, &c->at[j], &c->undefined));
        RP_TRY(rp_ipcw_brier(l, g, RP_IPCW_BEFORE, t, NULL, rp_km_at(km, t), false, &q));
        c->km[j] = q.value.x;
    }
    return RP_OK;
}

/* Steps from 0, where the score is 0, to the last time, divided by it. */
static double integrate_steps(int64_t n, const double t[], const double y[])
{
    double s = 0;
    for (int64_t k = 0; k + 1 < n; k++) s += y[k] * (t[k + 1] - t[k]);
    return s / t[n - 1];
}

/* Trapezoids between the first and the last time, divided by that span. */
static double integrate_trapezoids(int64_t n, const double t[], const double y[])
{
    double s = 0;
    for (int64_t k = 0; k + 1 < n; k++) s += 0.5 * (y[k] + y[k + 1]) * (t[k + 1] - t[k]);
    return s / (t[n - 1] - t[0]);
}

rp_status rp_family_survival_integrals(const rp_family_options *o, const rp_lives *l,
                                       const rp_cox *fit, const double *const x[], rp_rows *out)
{
    RP_AUTOFREE double *numbers = NULL;
    RP_TRY(rp_alloc(l->n + 4 * l->groups, sizeof *numbers, &numbers));
    double *relative = numbers + 4 * l->groups;
    const rp_cox_result r = rp_cox_get(fit);
    for (int64_t i = 0; i < l->n; i++) {
        double eta = 0;
        for (int k = 0; k < o->covariates; k++) eta += r.coefficient[k] * x[k][i];
        relative[i] = exp(eta);
    }
    brier_curve c = {
        0, numbers, numbers + l->groups, numbers + 2 * l->groups, numbers + 3 * l->groups, NULL};
    RP_TRY(find_curve(o, l, fit, relative, &c));
    if (c.count < 2) c.undefined = "fewer than two event times up to the limit";
    const rp_value no = rp_value_undefined(c.undefined);
    rp_rows_add(out, c.undefined ? no : rp_value_of(integrate_steps(c.count, c.time, c.cox)),
                "ibs_cox_0_%g", o->limit);
    rp_rows_add(out, c.undefined ? no : rp_value_of(integrate_steps(c.count, c.time, c.km)),
                "ibs_km_0_%g", o->limit);
    rp_rows_add(out, c.undefined ? no : rp_value_of(integrate_trapezoids(c.count, c.time, c.at)),
                "ibs_sksurv_cox_events_to_%g", o->limit);
    return RP_OK;
}
