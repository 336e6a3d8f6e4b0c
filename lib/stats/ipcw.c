/* lib/stats/ipcw.c - Brier score and area at a horizon. */
#include "lib/stats/ipcw.h"

#include "lib/stats/ranks.h"
#include "lib/stats/sums.h"

#include <math.h>

static double at_event(const rp_km *g, rp_ipcw_rule rule, double t)
{
    return rule == RP_IPCW_BEFORE ? rp_km_before(g, t) : rp_km_at(g, t);
}

rp_status rp_ipcw_uno_weights(const rp_lives *l, const rp_km *g, rp_ipcw_rule rule, double limit,
                              double weight[])
{
    for (int64_t i = 0; i < l->n; i++) {
        const double t = l->time[i];
        weight[i] = 0;
        if (l->event[i] == 0 || (rule == RP_IPCW_BEFORE ? t > limit : !(t < limit))) continue;
        const double p = at_event(g, rule, t);
        RP_NEED(p > 0, RP_ENUM, "nobody is left uncensored at %g: the weight has no value", t);
        weight[i] = 1 / (p * p);
    }
    return RP_OK;
}

/* Adds to influence[i] the part that the estimate of G has in a mean of w_i a_i:
 * the integral to min(T_i, t) of E[w a; lives beyond u] / pi(u) over the censoring martingale of i.
 * wa [n]: w_i a_i of those whose weight is 1/G(T_i-) (ends before T_i) or 1/G(t) (ends at t). */
static rp_status add_censoring_part(const rp_lives *l, const rp_km *g, double t, const double wa[],
                                    double influence[])
{
    RP_AUTOFREE double *beyond = NULL;
    RP_TRY(rp_alloc(l->groups + 1, sizeof *beyond, &beyond));
    for (int64_t k = l->groups - 1; k >= 0; k--) {
        beyond[k] = beyond[k + 1];
        for (int64_t i = l->start[k]; i < l->start[k + 1]; i++) beyond[k] += wa[l->order[i]];
    }
    double drift = 0; /* sum over censoring times so far of E beyond * hazard / pi */
    for (int64_t k = 0; k < l->groups; k++) {
        const double at = g->at_risk[k], d = g->ended[k];
        const bool counts = g->time[k] <= t && at > 0;
        const double each = counts ? beyond[k + 1] / at : 0, before = drift;
        if (counts) drift += each * d / at;
        for (int64_t i = l->start[k]; i < l->start[k + 1]; i++) {
            const int64_t j = l->order[i];
            /* An event leaves before the censorings of its time. */
            influence[j] += l->event[j] != 0 ? -before : (counts ? each : 0) - drift;
        }
    }
    return RP_OK;
}

static rp_value se_of(int64_t n, const double influence[])
{
    return rp_value_of(sqrt(rp_sum_product(n, influence, influence)) / (double)n);
}

static const char no_weight[] = "nobody is left uncensored: a weight has no value";

/* w_i of each subject at t; false if one would divide by 0. */
static bool weights(const rp_lives *l, const rp_km *g, rp_ipcw_rule rule, double t, double w[])
{
    const double alive = rp_km_at(g, t);
    for (int64_t i = 0; i < l->n; i++) {
        const bool dead = l->time[i] <= t && l->event[i] != 0, lives_on = l->time[i] > t;
        const double p = dead ? at_event(g, rule, l->time[i]) : alive;
        w[i] = 0;
        if (!dead && !lives_on) continue;
        if (p <= 0) return false;
        w[i] = 1 / p;
    }
    return true;
}

rp_status rp_ipcw_brier(const rp_lives *l, const rp_km *g, rp_ipcw_rule rule, double t,
                        const double s[], double same, bool want_se,
                        rp_ipcw_score *out)
{
    RP_AUTOFREE double *w = NULL, *influence = NULL;
    RP_TRY(rp_alloc_raw(l->n, sizeof *w, &w));
    out->value = out->se = rp_value_undefined(no_weight);
    if (!weights(l, g, rule, t, w)) return RP_OK;
    for (int64_t i = 0; i < l->n; i++) {
        const double p = s ? s[i] : same;
        w[i] *= l->time[i] > t ? (1 - p) * (1 - p) : p * p;
    }
    const double mean = rp_mean(l->n, w);
    out->value = rp_value_of(mean);
    out->se = rp_value_undefined("given for the rule G(T-) and on request only");
    if (rule != RP_IPCW_BEFORE || !want_se) return RP_OK;
    RP_TRY(rp_alloc_raw(l->n, sizeof *influence, &influence));
    for (int64_t i = 0; i < l->n; i++) influence[i] = w[i] - mean;
    RP_TRY(add_censoring_part(l, g, t, w, influence));
    out->se = se_of(l->n, influence);
    return RP_OK;
}

/* psi[i]: for a case the share of controls below it, for a control the weighted share of cases above
 * it; ties 1/2.  Returns the area. */
static rp_status compare(const rp_lives *l, double t, const double w[], const double marker[],
                         double cases, double controls, double psi[], double *auc)
{
    RP_AUTOFREE int64_t *order = NULL;
    RP_TRY(rp_alloc_raw(l->n, sizeof *order, &order));
    RP_TRY(rp_rank_order(l->n, marker, order));
    double below_case = 0, below_control = 0, sum = 0;
    for (int64_t i = 0, j; i < l->n; i = j) {
        double here_case = 0, here_control = 0;
        for (j = i; j < l->n && marker[order[j]] == marker[order[i]]; j++) {
            if (l->time[order[j]] > t)
                here_control++;
            else
                here_case += w[order[j]];
        }
        for (int64_t k = i; k < j; k++)
            psi[order[k]] = l->time[order[k]] > t ? (cases - below_case - 0.5 * here_case) / cases
                                                  : (below_control + 0.5 * here_control) / controls;
        sum += here_case * (below_control + 0.5 * here_control);
        below_case += here_case;
        below_control += here_control;
    }
    *auc = sum / cases / controls;
    return RP_OK;
}

rp_status rp_ipcw_auc(const rp_lives *l, const rp_km *g, rp_ipcw_rule rule, double t,
                      const double marker[], rp_ipcw_score *out)
{
    RP_AUTOFREE double *w = NULL, *psi = NULL, *influence = NULL;
    RP_TRY(rp_alloc_raw(l->n, sizeof *w, &w));
    RP_TRY(rp_alloc_raw(l->n, sizeof *psi, &psi));
    RP_TRY(rp_alloc_raw(l->n, sizeof *influence, &influence));
    out->value = out->se = rp_value_undefined(no_weight);
    if (!weights(l, g, rule, t, w)) return RP_OK;
    double cases = 0, controls = 0, auc;
    for (int64_t i = 0; i < l->n; i++)
        *(l->time[i] > t ? &controls : &cases) += l->time[i] > t ? 1 : w[i];
    if (cases == 0 || controls == 0) {
        out->value = out->se = rp_value_undefined("no case or nobody beyond the horizon");
        return RP_OK;
    }
    RP_TRY(compare(l, t, w, marker, cases, controls, psi, &auc));
    out->value = rp_value_of(auc);
    out->se = rp_value_undefined("given for the rule G(T-) only");
    if (rule != RP_IPCW_BEFORE) return RP_OK;
    for (int64_t i = 0; i < l->n; i++) {
        const bool control = l->time[i] > t;
        const double scale = (double)l->n / (control ? controls : cases);
        influence[i] = (control ? 1 : w[i]) * (psi[i] - auc) * scale;
        w[i] = control ? 0 : influence[i]; /* the controls' common weight cancels */
    }
    RP_TRY(add_censoring_part(l, g, t, w, influence));
    out->se = se_of(l->n, influence);
    return RP_OK;
}
