/* pipeline/trial_line.c - one line of trial.csv. */
#include "pipeline/trial_line.h"

#include "io/csv.h"

#include <math.h>
#include <string.h>

const char rp_trial_line_header[] =
    "endpoint,part,column,level,x1,n1,x0,n0,missing1,missing0,per,new_rate,new_low,new_high,"
    "control_rate,control_low,control_high,rate_method,"
    "ratio,ratio_low,ratio_high,ratio_method,difference,difference_low,difference_high,"
    "difference_method,p,p_method,chisq,df,clusters,note\n";

rp_trial_line rp_trial_line_blank(const rp_endpoint *e, const char *part, const char *column,
                                  const char *level)
{
    const rp_value none = rp_value_undefined("");
    return (rp_trial_line){.e = e,
                           .part = part,
                           .column = column,
                           .level = level,
                           .ratio = none,
                           .difference = none,
                           .p = none,
                           .chisq = none,
                           .ratio_ci = {none, none},
                           .difference_ci = {none, none},
                           .share1 = {none, none},
                           .share0 = {none, none},
                           .share_method = "",
                           .ratio_method = "",
                           .difference_method = "",
                           .p_method = "",
                           .note = ""};
}

void rp_trial_value_put(rp_text *t, rp_value v, double times)
{
    if (v.state == RP_VALUE_INFINITE)
        rp_csv_put(t, v.x > 0 ? "inf" : "-inf");
    else
        rp_csv_put_double(t, v.state == RP_VALUE_OK ? v.x * times : INFINITY);
}

static void put_counts(rp_text *t, const rp_trial_line *l)
{
    const rp_counts *c = &l->cell.c;
    const int64_t n[] = {c->x1, c->n1, c->x0, c->n0, l->cell.missing1, l->cell.missing0};
    for (int k = 0; k < 6; k++)
        if (l->has_counts)
            rp_csv_put_int(t, n[k]);
        else
            rp_csv_put(t, "");
    rp_csv_put_double(t, l->e->per);
    rp_trial_value_put(t, rp_value_ratio((double)c->x1, (double)c->n1, ""), l->e->per);
    rp_trial_value_put(t, l->share1.low, l->e->per);
    rp_trial_value_put(t, l->share1.high, l->e->per);
    rp_trial_value_put(t, rp_value_ratio((double)c->x0, (double)c->n0, ""), l->e->per);
    rp_trial_value_put(t, l->share0.low, l->e->per);
    rp_trial_value_put(t, l->share0.high, l->e->per);
    rp_csv_put(t, l->share_method);
}

/* Why a number is not there, where one is expected. */
static const char *note_of(const rp_trial_line *l)
{
    const rp_value *v[] = {&l->ratio, &l->ratio_ci.low, &l->difference, &l->p, &l->chisq};
    for (int k = 0; k < 5; k++)
        if (v[k]->state == RP_VALUE_UNDEFINED && v[k]->reason[0]) return v[k]->reason;
    return l->note;
}

void rp_trial_line_put(rp_text *t, const rp_trial_line *l)
{
    const char *const key[] = {l->e->name, l->part, l->column, l->level};
    for (int k = 0; k < 4; k++) rp_csv_put(t, key[k]);
    put_counts(t, l);
    rp_trial_value_put(t, l->ratio, 1);
    rp_trial_value_put(t, l->ratio_ci.low, 1);
    rp_trial_value_put(t, l->ratio_ci.high, 1);
    rp_csv_put(t, l->ratio_method);
    rp_trial_value_put(t, l->difference, l->e->per);
    rp_trial_value_put(t, l->difference_ci.low, l->e->per);
    rp_trial_value_put(t, l->difference_ci.high, l->e->per);
    rp_csv_put(t, l->difference_method);
    rp_trial_value_put(t, l->p, 1);
    rp_csv_put(t, l->p_method);
    rp_trial_value_put(t, l->chisq, 1);
    if (l->df > 0)
        rp_csv_put_int(t, l->df);
    else
        rp_csv_put(t, "");
    if (l->clusters > 0)
        rp_csv_put_int(t, l->clusters);
    else
        rp_csv_put(t, "");
    rp_csv_put(t, note_of(l));
    rp_csv_end(t);
}

rp_status rp_trial_ratio_interval(const char *method, const rp_counts *c, double level,
                                  rp_interval *out)
{
    if (strcmp(method, "koopman") == 0) return rp_ratio_score(c, false, level, out);
    if (strcmp(method, "mn") == 0) return rp_ratio_score(c, true, level, out);
    if (strcmp(method, "poisson") == 0) return rp_ratio_poisson(c, level, out);
    RP_NEED(strcmp(method, "katz") == 0, RP_EUSE,
            "--method '%s': must be katz, koopman, mn or poisson", method);
    *out = rp_ratio_katz(c, level);
    return RP_OK;
}

rp_status rp_trial_shares(const rp_counts *c, double level, rp_interval *share1,
                          rp_interval *share0)
{
    RP_TRY(rp_proportion_interval(RP_CLOPPER_PEARSON, c->x1, c->n1, level, share1));
    return rp_proportion_interval(RP_CLOPPER_PEARSON, c->x0, c->n0, level, share0);
}
