/* lib/stats/roc.c - receiver operating curves. */
#include "lib/stats/roc.h"

#include "lib/stats/ranks.h"

#include <inttypes.h>
#include <math.h>

static const char one_class[] = "one class is absent";

static rp_status fill(int64_t n, const double y[], const double score[], rp_roc *roc)
{
    RP_AUTOFREE int64_t *order = NULL;
    RP_TRY(rp_alloc_raw(n, sizeof *order, &order));
    RP_TRY(rp_rank_order(n, score, order));
    RP_TRY(rp_alloc_raw(n + 1, sizeof *roc->threshold, &roc->threshold));
    RP_TRY(rp_alloc(n + 1, sizeof *roc->tp, &roc->tp));
    RP_TRY(rp_alloc(n + 1, sizeof *roc->fp, &roc->fp));
    roc->threshold[0] = INFINITY;
    int64_t p = 0;
    for (int64_t i = n - 1; i >= 0; i--) {
        const int64_t k = order[i];
        RP_NEED(y[k] == 0 || y[k] == 1, RP_EDATA, "case %" PRId64 ": class %g is neither 0 nor 1",
                k + 1, y[k]);
        if (i == n - 1 || score[k] != roc->threshold[p]) {
            p++;
            roc->threshold[p] = score[k];
            roc->tp[p] = roc->tp[p - 1];
            roc->fp[p] = roc->fp[p - 1];
        }
        roc->tp[p] += y[k] == 1;
        roc->fp[p] += y[k] == 0;
    }
    roc->points = p + 1;
    roc->positives = roc->tp[p];
    roc->negatives = roc->fp[p];
    return RP_OK;
}

rp_status rp_roc_new(int64_t n, const double y[], const double score[], rp_roc **out)
{
    RP_NEED(n >= 1, RP_EARG, "a curve of %" PRId64 " cases", n);
    RP_AUTO(rp_roc) roc = NULL;
    RP_TRY(rp_alloc(1, sizeof *roc, &roc));
    RP_TRY(fill(n, y, score, roc));
    *out = RP_TAKE(roc);
    return RP_OK;
}

void rp_roc_drop(rp_roc **roc)
{
    if (!*roc) return;
    rp_free((*roc)->threshold);
    rp_free((*roc)->tp);
    rp_free((*roc)->fp);
    rp_free(*roc);
    *roc = NULL;
}

static bool one_sided(const rp_roc *r) { return r->positives == 0 || r->negatives == 0; }

static double sens(const rp_roc *r, int64_t k) { return (double)r->tp[k] / (double)r->positives; }

static double fpr(const rp_roc *r, int64_t k) { return (double)r->fp[k] / (double)r->negatives; }

rp_value rp_roc_auc(const rp_roc *r)
{
    if (one_sided(r)) return rp_value_undefined(one_class);
    /* Twice the area in pairs is an integer; doubles hold it exactly up to 2^53, then to 1e-16. */
    double twice = 0;
    for (int64_t k = 1; k < r->points; k++)
        twice += (double)(r->fp[k] - r->fp[k - 1]) * (double)(r->tp[k] + r->tp[k - 1]);
    return rp_value_of(0.5 * twice / (double)r->positives / (double)r->negatives);
}

rp_value rp_roc_partial_specificity(const rp_roc *r, double low)
{
    if (one_sided(r)) return rp_value_undefined(one_class);
    const double most = 1 - low;
    double area = 0;
    for (int64_t k = 1; k < r->points && fpr(r, k - 1) < most; k++) {
        const double x0 = fpr(r, k - 1), x1 = fpr(r, k), y0 = sens(r, k - 1), y1 = sens(r, k);
        if (x1 <= most)
            area += (x1 - x0) * 0.5 * (y0 + y1);
        else
            area += (most - x0) * (y0 + 0.5 * (y1 - y0) * (most - x0) / (x1 - x0));
    }
    return rp_value_of(area);
}

rp_value rp_roc_mcclish(rp_value area, double low)
{
    const double most = 1 - low, least = 0.5 * most * most;
    if (area.state != RP_VALUE_OK) return area;
    return rp_value_of(0.5 * (1 + (area.x - least) / (most - least)));
}

rp_value rp_roc_partial_sensitivity(const rp_roc *r, double low)
{
    if (one_sided(r)) return rp_value_undefined(one_class);
    double area = 0;
    for (int64_t k = 1; k < r->points; k++) {
        const double x0 = sens(r, k - 1), x1 = sens(r, k), y0 = 1 - fpr(r, k - 1),
                     y1 = 1 - fpr(r, k);
        if (x1 <= low || x1 == x0) continue;
        const double from = fmax(x0, low), y = y0 + (y1 - y0) * (from - x0) / (x1 - x0);
        area += (x1 - from) * 0.5 * (y + y1);
    }
    return rp_value_of(area);
}

rp_value rp_roc_average_precision(const rp_roc *r)
{
    if (r->positives == 0) return rp_value_undefined("no positive case");
    double s = 0;
    for (int64_t k = 1; k < r->points; k++)
        s += (double)(r->tp[k] - r->tp[k - 1]) * ((double)r->tp[k] / (double)(r->tp[k] + r->fp[k]));
    return rp_value_of(s / (double)r->positives);
}

rp_value rp_roc_sensitivity_at(const rp_roc *r, double specificity)
{
    if (one_sided(r)) return rp_value_undefined(one_class);
    int64_t k = 0; /* last point with at least that specificity, equal up to rounding */
    while (k + 1 < r->points && 1 - fpr(r, k + 1) >= specificity - 1e-12) k++;
    const double c0 = 1 - fpr(r, k);
    if (k + 1 == r->points || c0 <= specificity) return rp_value_of(sens(r, k));
    const double c1 = 1 - fpr(r, k + 1);
    return rp_value_of(sens(r, k) + (sens(r, k + 1) - sens(r, k)) * (c0 - specificity) / (c0 - c1));
}

rp_value rp_roc_specificity_at(const rp_roc *r, double sensitivity)
{
    if (one_sided(r)) return rp_value_undefined(one_class);
    int64_t k = 0; /* first point with at least that sensitivity */
    while (k + 1 < r->points && sens(r, k) < sensitivity - 1e-12) k++;
    const double c1 = 1 - fpr(r, k);
    if (k == 0 || sens(r, k) <= sensitivity) return rp_value_of(c1);
    const double c0 = 1 - fpr(r, k - 1), s0 = sens(r, k - 1), s1 = sens(r, k);
    return rp_value_of(c0 + (c1 - c0) * (sensitivity - s0) / (s1 - s0));
}

rp_youden rp_roc_youden(const rp_roc *r)
{
    const rp_value no = rp_value_undefined(one_class);
    if (one_sided(r)) return (rp_youden){no, no, no};
    int64_t best = 0;
    double most = 0; /* J times both class sizes: whole, so that ties are ties */
    for (int64_t k = 0; k < r->points; k++) {
        const double j =
            (double)r->tp[k] * (double)r->negatives - (double)r->fp[k] * (double)r->positives;
        if (j >= most) {
            most = j;
            best = k;
        }
    }
    const double t = r->threshold[best];
    const rp_value lower = best + 1 < r->points ? rp_value_of(0.5 * (t + r->threshold[best + 1]))
                                                : rp_value_of(-INFINITY);
    return (rp_youden){rp_value_of(most / (double)r->positives / (double)r->negatives),
                       rp_value_of(t), lower};
}
