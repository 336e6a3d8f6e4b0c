/* lib/stats/multiclass.c - scores of more than two classes. */
#include "lib/stats/multiclass.h"

#include "lib/stats/roc.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

void rp_multiclass_decide(int64_t n, int classes, const double *const prob[], double said[])
{
    for (int64_t i = 0; i < n; i++) {
        int best = 0;
        for (int k = 1; k < classes; k++)
            if (prob[k][i] > prob[best][i]) best = k;
        said[i] = best;
    }
}

void rp_multiclass_confusion(int64_t n, int classes, const double y[], const double said[],
                             int64_t confusion[])
{
    memset(confusion, 0, (size_t)(classes * classes) * sizeof *confusion);
    for (int64_t i = 0; i < n; i++) confusion[(int)y[i] * classes + (int)said[i]]++;
}

typedef struct margins {
    double is[RP_CLASSES_MAX], said[RP_CLASSES_MAX], right, all;
} margins;

static margins add_up(int classes, const int64_t confusion[])
{
    margins m = {0};
    for (int i = 0; i < classes; i++)
        for (int j = 0; j < classes; j++) {
            const double c = (double)confusion[i * classes + j];
            m.is[i] += c;
            m.said[j] += c;
            m.all += c;
            m.right += i == j ? c : 0;
        }
    return m;
}

/* (right all - sum is said) / sqrt((all^2 - sum said^2) (all^2 - sum is^2)) */
static rp_value correlation(int classes, const margins *m)
{
    double both = 0, is = 0, said = 0;
    for (int k = 0; k < classes; k++) {
        both += m->is[k] * m->said[k];
        is += m->is[k] * m->is[k];
        said += m->said[k] * m->said[k];
    }
    const double v = (m->all * m->all - said) * (m->all * m->all - is);
    return v > 0 ? rp_value_of((m->right * m->all - both) / sqrt(v))
                 : rp_value_undefined("one class alone is there or is said");
}

rp_status rp_multiclass_score(int classes, const int64_t confusion[], rp_multiclass_scores *out)
{
    RP_NEED(classes >= 2 && classes <= RP_CLASSES_MAX, RP_EARG, "%d classes", classes);
    const margins m = add_up(classes, confusion);
    double recalls = 0, there = 0, f1 = 0, scored = 0, weighted = 0, weight = 0;
    for (int k = 0; k < classes; k++) {
        const double tp = (double)confusion[k * classes + k];
        out->precision[k] = rp_value_ratio(tp, m.said[k], "the class is never said");
        out->recall[k] = rp_value_ratio(tp, m.is[k], "no case of the class");
        out->f1[k] =
            rp_value_ratio(2 * tp, m.is[k] + m.said[k], "the class is neither there nor said");
        if (m.is[k] > 0) {
            recalls += out->recall[k].x;
            there++;
        }
        if (out->f1[k].state != RP_VALUE_OK) continue;
        f1 += out->f1[k].x;
        scored++;
        weighted += out->f1[k].x * m.is[k];
        weight += m.is[k];
    }
    out->accuracy = rp_value_ratio(m.right, m.all, "no cases");
    out->balanced = rp_value_ratio(recalls, there, "no cases");
    out->f1_macro = rp_value_ratio(f1, scored, "no cases");
    out->f1_weighted = rp_value_ratio(weighted, weight, "no cases");
    out->mcc = correlation(classes, &m);
    return RP_OK;
}

/* Area by which score parts class a from class b. */
static rp_status pair_area(int64_t n, const double y[], int a, int b, const double score[],
                           double yy[], double ss[], rp_value *out)
{
    RP_AUTO(rp_roc) roc = NULL;
    int64_t m = 0;
    for (int64_t i = 0; i < n; i++)
        if (y[i] == a || y[i] == b) {
            yy[m] = y[i] == a;
            ss[m++] = score[i];
        }
    *out = rp_value_undefined("a class without cases");
    if (m == 0) return RP_OK;
    RP_TRY(rp_roc_new(m, yy, ss, &roc));
    if (roc->positives > 0 && roc->negatives > 0) *out = rp_roc_auc(roc);
    return RP_OK;
}

rp_status rp_auc_hand_till(int64_t n, int classes, const double y[], const double *const prob[],
                           rp_value *out)
{
    RP_NEED(n >= 1 && classes >= 2 && classes <= RP_CLASSES_MAX, RP_EARG,
            "%d classes of %" PRId64 " cases", classes, n);
    RP_AUTOFREE double *scratch = NULL;
    double s = 0;
    RP_TRY(rp_alloc_raw(2 * n, sizeof *scratch, &scratch));
    for (int i = 0; i < classes; i++)
        for (int j = 0; j < classes; j++) {
            rp_value a;
            if (i == j) continue;
            RP_TRY(pair_area(n, y, i, j, prob[i], scratch, scratch + n, &a));
            if (a.state != RP_VALUE_OK) {
                *out = a;
                return RP_OK;
            }
            s += a.x;
        }
    *out = rp_value_of(s / (classes * (classes - 1)));
    return RP_OK;
}

void rp_multiclass_losses(int64_t n, int classes, const double y[], const double *const prob[],
                          rp_value *brier, rp_value *log_loss)
{
    double b = 0, l = 0;
    for (int64_t i = 0; i < n; i++) {
        for (int k = 0; k < classes; k++) {
            const double d = prob[k][i] - (y[i] == k);
            b += d * d;
        }
        l -= log(prob[(int)y[i]][i]);
    }
    *brier = rp_value_ratio(b, (double)n, "no cases");
    *log_loss = rp_value_ratio(l, (double)n, "no cases");
}
