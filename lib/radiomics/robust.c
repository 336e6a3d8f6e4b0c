/* lib/radiomics/robust.c - which features stay the same when they are measured again, and which say
 * the same as others. */
#include "lib/radiomics/robust.h"

#include "lib/stats/ranks.h"
#include "lib/stats/sums.h"

#include <math.h>

const char *rp_robust_name(rp_robust_class c)
{
    static const char *const name[] = {"", "poor", "moderate", "good", "excellent"};
    return name[c];
}

static rp_robust_class class_of(const rp_icc *icc)
{
    const rp_value *low = &icc->ci.low;
    if (icc->value.state != RP_VALUE_OK || low->state == RP_VALUE_UNDEFINED)
        return RP_ROBUST_UNDEFINED;
    if (low->x < 0.5) return RP_ROBUST_POOR;
    if (low->x < 0.75) return RP_ROBUST_MODERATE;
    return low->x <= 0.9 ? RP_ROBUST_GOOD : RP_ROBUST_EXCELLENT;
}

/* Subjects that have every measurement. */
static void complete(int64_t n, int k, const double *const x[], double *to[], int64_t *count)
{
    *count = 0;
    for (int64_t i = 0; i < n; i++) {
        bool is_whole = true;
        for (int j = 0; j < k; j++) is_whole &= isfinite(x[j][i]) != 0;
        if (!is_whole) continue;
        for (int j = 0; j < k; j++) to[j][*count] = x[j][i];
        ++*count;
    }
}

rp_status rp_robustness_find(int64_t n, int k, const double *const x[], rp_robustness *out)
{
    RP_NEED(k >= 2, RP_EARG, "robustness over %d measurements: two or more", k);
    RP_AUTOFREE double *memory = NULL, **own = NULL;
    rp_robustness r = {0};
    RP_TRY(rp_alloc(k, sizeof *own, &own));
    RP_TRY(rp_alloc(n * k, sizeof *memory, &memory));
    for (int j = 0; j < k; j++) own[j] = memory + j * n;
    complete(n, k, x, own, &r.subjects);
    const rp_value no = rp_value_undefined("fewer than two subjects");
    for (int f = 0; f < RP_ICC_FORMS; f++) r.icc[f] = (rp_icc){no, no, no, {no, no}};
    if (r.subjects >= 2) RP_TRY(rp_icc_find(r.subjects, k, (const double *const *)own, r.icc));
    for (int f = 0; f < RP_ICC_FORMS; f++) r.class[f] = class_of(&r.icc[f]);
    *out = r;
    return RP_OK;
}

/* Scratch of a pair: values, then their ranks. */
typedef struct pair {
    double *a, *b, *ra, *rb;
} pair;

/* NaN where there is none. */
static rp_status correlation(int64_t n, const double x[], const double y[], bool is_rank, pair *p,
                             double *r)
{
    int64_t m = 0;
    for (int64_t i = 0; i < n; i++)
        if (isfinite(x[i]) && isfinite(y[i])) {
            p->a[m] = x[i];
            p->b[m++] = y[i];
        }
    *r = NAN;
    if (m < 3) return RP_OK;
    const double *a = p->a, *b = p->b;
    if (is_rank) {
        RP_TRY(rp_rank_mid(m, a, p->ra));
        RP_TRY(rp_rank_mid(m, b, p->rb));
        a = p->ra;
        b = p->rb;
    }
    const double va = rp_sum_deviation(m, a, a), vb = rp_sum_deviation(m, b, b);
    if (va > 0 && vb > 0) *r = rp_sum_deviation(m, a, b) / (sqrt(va) * sqrt(vb));
    return RP_OK;
}

static bool can_vary(int64_t n, const double x[])
{
    double low = INFINITY, high = -INFINITY;
    int64_t m = 0;
    for (int64_t i = 0; i < n; i++)
        if (isfinite(x[i])) {
            low = fmin(low, x[i]);
            high = fmax(high, x[i]);
            m++;
        }
    return m >= 3 && high > low;
}

/* order = features by descending merit, equal ones in their order. */
static rp_status order_of(int64_t features, const double merit[], int64_t order[])
{
    for (int64_t f = 0; f < features; f++) order[f] = f;
    if (!merit) return RP_OK;
    RP_AUTOFREE double *lack = NULL;
    RP_TRY(rp_alloc(features, sizeof *lack, &lack));
    for (int64_t f = 0; f < features; f++) lack[f] = isfinite(merit[f]) ? -merit[f] : 1e300;
    return rp_rank_order(features, lack, order);
}

rp_status rp_prune_correlated(int64_t n, int64_t features, const double *const x[],
                              const double merit[], bool is_rank, double limit, bool kept[],
                              int64_t cause[], double r[])
{
    RP_AUTOFREE int64_t *order = NULL;
    RP_AUTOFREE double *memory = NULL;
    RP_TRY(rp_alloc(features, sizeof *order, &order));
    RP_TRY(rp_alloc(4 * n, sizeof *memory, &memory));
    pair p = {memory, memory + n, memory + 2 * n, memory + 3 * n};
    RP_TRY(order_of(features, merit, order));
    for (int64_t k = 0; k < features; k++) {
        const int64_t f = order[k];
        kept[f] = can_vary(n, x[f]);
        cause[f] = kept[f] ? f : -1;
        r[f] = NAN;
        for (int64_t j = 0; j < k && kept[f]; j++) {
            double c;
            if (!kept[order[j]]) continue;
            RP_TRY(correlation(n, x[f], x[order[j]], is_rank, &p, &c));
            if (!(fabs(c) > limit)) continue;
            kept[f] = false;
            cause[f] = order[j];
            r[f] = c;
        }
    }
    return RP_OK;
}
