/* lib/stats/family_multiclass.c - rows of more than two classes. */
#include "lib/stats/family_classification_priv.h"

#include "lib/stats/delong.h"
#include "lib/stats/kappa.h"
#include "lib/stats/multiclass.h"
#include "lib/stats/proportion.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

typedef struct cases {
    int64_t n;
    int classes;
    const double *y, *said, *prob[RP_CLASSES_MAX];
    bool has_prob;
    int64_t count[RP_CLASSES_MAX]; /* cases of each class */
} cases;

/* Columns p0, p1, ...: all or none; each in [0, 1], together 1 (to 1e-3: single precision,
 * rounding). */
static rp_status read_probabilities(const rp_columns *t, cases *c)
{
    char name[16];
    c->has_prob = rp_columns_has(t, "p0");
    for (int k = 0; c->has_prob && k < c->classes; k++) {
        (void)snprintf(name, sizeof name, "p%d", k);
        RP_TRY(rp_columns_get(t, name, &c->prob[k]));
    }
    for (int64_t i = 0; c->has_prob && i < c->n; i++) {
        double s = 0;
        for (int k = 0; k < c->classes; k++) {
            RP_NEED(c->prob[k][i] >= 0 && c->prob[k][i] <= 1, RP_EDATA,
                    "column 'p%d', row %" PRId64 ": %g is no probability", k, i + 1, c->prob[k][i]);
            s += c->prob[k][i];
        }
        RP_NEED(fabs(s - 1) <= 1e-3, RP_EDATA, "row %" PRId64 ": p0 to p%d add up to %g", i + 1,
                c->classes - 1, s);
    }
    return RP_OK;
}

/* Classes: one more than the largest of y and of the columns p0, p1, ... */
static int count_classes(const rp_columns *t, const double y[], const double said[])
{
    char name[16];
    int classes = 2;
    for (int64_t i = 0; i < t->rows; i++) {
        if (y[i] >= classes) classes = (int)y[i] + 1;
        if (said && said[i] >= classes) classes = (int)said[i] + 1;
    }
    for (int k = classes; k < RP_CLASSES_MAX; k++) {
        (void)snprintf(name, sizeof name, "p%d", k);
        if (!rp_columns_has(t, name)) break;
        classes = k + 1;
    }
    return classes;
}

static rp_status add_decisions(const cases *c, rp_rows *out)
{
    RP_AUTOFREE int64_t *confusion = NULL;
    RP_AUTOFREE rp_multiclass_scores *s = NULL;
    rp_interval ci;
    rp_value kappa;
    int64_t right = 0;
    static const char *const kappas[] = {"kappa", "kappa_linear", "kappa_quadratic"};
    RP_TRY(rp_alloc(c->classes * c->classes, sizeof *confusion, &confusion));
    RP_TRY(rp_alloc(1, sizeof *s, &s));
    rp_multiclass_confusion(c->n, c->classes, c->y, c->said, confusion);
    RP_TRY(rp_multiclass_score(c->classes, confusion, s));
    for (int k = 0; k < c->classes; k++) right += confusion[k * c->classes + k];
    RP_TRY(rp_proportion_interval(RP_CLOPPER_PEARSON, right, c->n, 0.95, &ci));
    rp_rows_add(out, s->accuracy, "accuracy");
    rp_rows_add(out, ci.low, "accuracy_clopper_lo");
    rp_rows_add(out, ci.high, "accuracy_clopper_hi");
    rp_rows_add(out, s->balanced, "balanced_accuracy");
    for (int w = 0; w < 3; w++) {
        RP_TRY(rp_kappa_find(c->n, c->y, c->said, (rp_kappa_weights)w, &kappa));
        rp_rows_add(out, kappa, "%s", kappas[w]);
    }
    rp_rows_add(out, s->mcc, "mcc");
    rp_rows_add(out, s->f1_macro, "f1_macro");
    rp_rows_add(out, s->accuracy, "f1_micro");
    rp_rows_add(out, s->f1_weighted, "f1_weighted");
    for (int k = 0; k < c->classes; k++) {
        rp_rows_add(out, s->precision[k], "precision_class%d", k);
        rp_rows_add(out, s->recall[k], "recall_class%d", k);
        rp_rows_add(out, s->f1[k], "f1_class%d", k);
    }
    for (int i = 0; i < c->classes; i++)
        for (int j = 0; j < c->classes; j++)
            rp_rows_put(out, (double)confusion[i * c->classes + j], "confusion_%d_said_%d", i, j);
    return RP_OK;
}

static rp_status add_one_against_rest(const cases *c, int k, double y[], double v[], rp_value *auc,
                                      rp_rows *out)
{
    const rp_value few = rp_value_undefined("needs two cases of each class");
    rp_interval ci = {few, few};
    double a;
    *auc = rp_value_undefined("a class without cases");
    for (int64_t i = 0; i < c->n; i++) y[i] = c->y[i] == k;
    if (c->count[k] > 0 && c->count[k] < c->n) {
        RP_TRY(rp_delong_components(c->n, y, c->prob[k], v, &a));
        *auc = rp_value_of(a);
        if (c->count[k] > 1 && c->count[k] < c->n - 1)
            ci = rp_auc_interval(a, rp_delong_covariance(c->n, y, v, v), 0.95);
    }
    rp_rows_add(out, *auc, "auc_class%d", k);
    rp_rows_add(out, ci.low, "auc_class%d_lo_delong", k);
    rp_rows_add(out, ci.high, "auc_class%d_hi_delong", k);
    return RP_OK;
}

static rp_status add_probabilities(const cases *c, rp_rows *out)
{
    RP_AUTOFREE double *scratch = NULL;
    rp_value brier, log_loss, pairs, auc, macro = rp_value_of(0), weighted = rp_value_of(0);
    RP_TRY(rp_alloc_raw(2 * c->n, sizeof *scratch, &scratch));
    for (int k = 0; k < c->classes; k++) {
        RP_TRY(add_one_against_rest(c, k, scratch, scratch + c->n, &auc, out));
        if (auc.state != RP_VALUE_OK)
            macro = weighted = auc;
        else if (macro.state == RP_VALUE_OK) {
            macro.x += auc.x / c->classes;
            weighted.x += auc.x * (double)c->count[k] / (double)c->n;
        }
    }
    rp_rows_add(out, macro, "auc_ovr_macro");
    rp_rows_add(out, weighted, "auc_ovr_weighted");
    RP_TRY(rp_auc_hand_till(c->n, c->classes, c->y, c->prob, &pairs));
    rp_rows_add(out, pairs, "auc_hand_till");
    rp_multiclass_losses(c->n, c->classes, c->y, c->prob, &brier, &log_loss);
    rp_rows_add(out, brier, "brier");
    rp_rows_add(out, log_loss, "logloss");
    return RP_OK;
}

rp_status rp_family_multiclass(const rp_columns *t, rp_rows *out)
{
    RP_AUTOFREE double *decided = NULL;
    cases c = {.n = t->rows};
    const bool has_said = rp_columns_has(t, "predicted");
    RP_TRY(rp_columns_whole(t, "y", 0, RP_CLASSES_MAX - 1, &c.y));
    if (has_said) RP_TRY(rp_columns_whole(t, "predicted", 0, RP_CLASSES_MAX - 1, &c.said));
    c.classes = count_classes(t, c.y, c.said);
    RP_TRY(read_probabilities(t, &c));
    RP_NEED(
        has_said || c.has_prob, RP_EDATA,
        "column 'y' has more than two classes: the columns p0, p1, ... or 'predicted' are needed");
    for (int64_t i = 0; i < c.n; i++) c.count[(int)c.y[i]]++;
    rp_rows_put(out, (double)c.n, "n");
    for (int k = 0; k < c.classes; k++) rp_rows_put(out, (double)c.count[k], "n_class%d", k);
    if (!has_said) {
        RP_TRY(rp_alloc_raw(c.n, sizeof *decided, &decided));
        rp_multiclass_decide(c.n, c.classes, c.prob, decided);
        c.said = decided;
    }
    RP_TRY(add_decisions(&c, out));
    if (c.has_prob) RP_TRY(add_probabilities(&c, out));
    return rp_rows_status(out);
}
