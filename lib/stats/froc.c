/* lib/stats/froc.c - free-response curves. */
#include "lib/stats/froc.h"

#include "lib/stats/ranks.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

const double rp_cpm_rates[RP_CPM_RATES] = {0.125, 0.25, 0.5, 1, 2, 4, 8};

void rp_marks_drop(rp_marks **marks)
{
    if (!*marks) return;
    rp_free((*marks)->lesion_scan);
    rp_free((*marks)->best);
    rp_free((*marks)->fp_scan);
    rp_free((*marks)->fp_score);
    rp_free(*marks);
    *marks = NULL;
}

static rp_status allocate(int64_t scans, int64_t lesions, int64_t false_positives, rp_marks **out)
{
    RP_AUTO(rp_marks) m = NULL;
    RP_TRY(rp_alloc(1, sizeof *m, &m));
    m->scans = scans;
    m->lesions = lesions;
    RP_TRY(rp_alloc(lesions, sizeof *m->lesion_scan, &m->lesion_scan));
    RP_TRY(rp_alloc(lesions, sizeof *m->best, &m->best));
    RP_TRY(rp_alloc(false_positives, sizeof *m->fp_scan, &m->fp_scan));
    RP_TRY(rp_alloc(false_positives, sizeof *m->fp_score, &m->fp_score));
    *out = RP_TAKE(m);
    return RP_OK;
}

rp_status rp_marks_of(int64_t scans, int64_t lesions, const int64_t lesion_scan[],
                      const double best[], int64_t false_positives, const int64_t fp_scan[],
                      const double fp_score[], rp_marks **out)
{
    RP_AUTO(rp_marks) m = NULL;
    RP_TRY(allocate(scans, lesions, false_positives, &m));
    for (int64_t i = 0; i < lesions; i++) {
        m->lesion_scan[i] = lesion_scan[i];
        m->best[i] = best[i];
        m->hits += best[i] > -INFINITY;
    }
    m->false_positives = false_positives;
    for (int64_t i = 0; i < false_positives; i++) {
        m->fp_scan[i] = fp_scan[i];
        m->fp_score[i] = fp_score[i];
    }
    *out = RP_TAKE(m);
    return RP_OK;
}

static rp_status check(int64_t scans, const rp_findings *f, const char *what)
{
    for (int64_t i = 0; i < f->n; i++) {
        RP_NEED(f->scan[i] >= 0 && f->scan[i] < scans, RP_EDATA,
                "%s %" PRId64 ": scan %" PRId64 " of %" PRId64, what, i + 1, f->scan[i], scans);
        RP_NEED(isfinite(f->x[i] + f->y[i] + f->z[i] + f->number[i]), RP_ENUM,
                "%s %" PRId64 " is not finite", what, i + 1);
    }
    return RP_OK;
}

/* start[s]..start[s + 1] in order: the findings of scan s, in their own order. */
static rp_status by_scan(int64_t scans, const rp_findings *f, int64_t **start, int64_t **order)
{
    RP_TRY(rp_alloc(scans + 1, sizeof **start, start));
    RP_TRY(rp_alloc(f->n, sizeof **order, order));
    int64_t *at = *start;
    for (int64_t i = 0; i < f->n; i++) at[f->scan[i]]++;
    for (int64_t s = 1; s <= scans; s++) at[s] += at[s - 1]; /* ends */
    for (int64_t i = f->n - 1; i >= 0; i--) (*order)[--at[f->scan[i]]] = i;
    return RP_OK;
}

static bool hits(const rp_findings *c, int64_t i, const rp_findings *f, int64_t j, double unknown)
{
    const double r = f->number[j] < 0 ? unknown : 0.5 * f->number[j];
    const double dx = c->x[i] - f->x[j], dy = c->y[i] - f->y[j], dz = c->z[i] - f->z[j];
    return dx * dx + dy * dy + dz * dz < r * r;
}

/* Is the candidate on one of a scan's findings?  best: their best scores, NULL for irrelevant ones. */
static bool is_on(const rp_findings *c, int64_t i, const rp_findings *f, const int64_t start[],
                  const int64_t order[], double unknown, double best[])
{
    bool any = false;
    for (int64_t k = start[c->scan[i]]; k < start[c->scan[i] + 1]; k++) {
        const int64_t j = order[k];
        if (!hits(c, i, f, j, unknown)) continue;
        any = true;
        if (best) best[j] = fmax(best[j], c->number[i]);
    }
    return any;
}

rp_status rp_marks_new(int64_t scans, const rp_findings *lesions, const rp_findings *irrelevant,
                       const rp_findings *candidates, double radius_unknown, rp_marks **out)
{
    RP_NEED(scans >= 1, RP_EARG, "%" PRId64 " scans", scans);
    RP_TRY(check(scans, lesions, "lesion"));
    RP_TRY(check(scans, irrelevant, "irrelevant finding"));
    RP_TRY(check(scans, candidates, "candidate"));
    RP_AUTO(rp_marks) m = NULL;
    RP_AUTOFREE int64_t *start = NULL, *order = NULL, *other_start = NULL, *other_order = NULL;
    RP_TRY(by_scan(scans, lesions, &start, &order));
    RP_TRY(by_scan(scans, irrelevant, &other_start, &other_order));
    RP_TRY(allocate(scans, lesions->n, candidates->n, &m));
    for (int64_t j = 0; j < lesions->n; j++) {
        m->lesion_scan[j] = lesions->scan[j];
        m->best[j] = -INFINITY;
    }
    for (int64_t i = 0; i < candidates->n; i++) {
        if (is_on(candidates, i, lesions, start, order, radius_unknown, m->best) ||
            is_on(candidates, i, irrelevant, other_start, other_order, radius_unknown, NULL))
            continue;
        m->fp_scan[m->false_positives] = candidates->scan[i];
        m->fp_score[m->false_positives++] = candidates->number[i];
    }
    for (int64_t j = 0; j < lesions->n; j++) m->hits += m->best[j] > -INFINITY;
    *out = RP_TAKE(m);
    return RP_OK;
}

void rp_froc_drop(rp_froc **froc)
{
    if (!*froc) return;
    rp_free((*froc)->tp);
    rp_free((*froc)->fp);
    rp_free(*froc);
    *froc = NULL;
}

rp_status rp_froc_new(const rp_marks *m, rp_froc **out)
{
    const int64_t n = m->hits + m->false_positives;
    RP_AUTO(rp_froc) f = NULL;
    RP_AUTOFREE double *score = NULL;
    RP_AUTOFREE int64_t *order = NULL;
    RP_TRY(rp_alloc(1, sizeof *f, &f));
    RP_TRY(rp_alloc(n + 1, sizeof *f->tp, &f->tp));
    RP_TRY(rp_alloc(n + 1, sizeof *f->fp, &f->fp));
    RP_TRY(rp_alloc_raw(n, sizeof *score, &score));
    RP_TRY(rp_alloc_raw(n, sizeof *order, &order));
    int64_t k = 0; /* hits first, then false positives */
    for (int64_t j = 0; j < m->lesions; j++)
        if (m->best[j] > -INFINITY) score[k++] = m->best[j];
    memcpy(score + k, m->fp_score, (size_t)m->false_positives * sizeof *score);
    RP_TRY(rp_rank_order(n, score, order));
    f->scans = m->scans;
    f->lesions = m->lesions;
    for (int64_t i = n - 1; i >= 0; i--) {
        if (i == n - 1 || score[order[i]] != score[order[i + 1]]) {
            f->points++;
            f->tp[f->points] = f->tp[f->points - 1];
            f->fp[f->points] = f->fp[f->points - 1];
        }
        ++*(order[i] < k ? &f->tp[f->points] : &f->fp[f->points]);
    }
    f->points++; /* point 0 */
    *out = RP_TAKE(f);
    return RP_OK;
}

static const char no_lesion[] = "no lesion";

rp_value rp_froc_sensitivity(const rp_froc *f, double rate)
{
    if (f->lesions == 0) return rp_value_undefined(no_lesion);
    const double scans = (double)f->scans, lesions = (double)f->lesions;
    int64_t k = 0; /* last point with that rate or less */
    while (k + 1 < f->points && (double)f->fp[k + 1] / scans <= rate) k++;
    const double y0 = (double)f->tp[k] / lesions, x0 = (double)f->fp[k] / scans;
    if (k + 1 == f->points) return rp_value_of(y0);
    const double y1 = (double)f->tp[k + 1] / lesions, x1 = (double)f->fp[k + 1] / scans;
    return rp_value_of(y0 + (rate - x0) / (x1 - x0) * (y1 - y0));
}

rp_value rp_froc_cpm(const rp_froc *f)
{
    double s = 0;
    if (f->lesions == 0) return rp_value_undefined(no_lesion);
    for (int k = 0; k < RP_CPM_RATES; k++) s += rp_froc_sensitivity(f, rp_cpm_rates[k]).x;
    return rp_value_of(s / RP_CPM_RATES);
}

rp_value rp_froc_average_precision(const rp_froc *f)
{
    double s = 0;
    if (f->lesions == 0) return rp_value_undefined(no_lesion);
    for (int64_t k = 1; k < f->points; k++)
        s += (double)(f->tp[k] - f->tp[k - 1]) * ((double)f->tp[k] / (double)(f->tp[k] + f->fp[k]));
    return rp_value_of(s / (double)f->lesions);
}

rp_status rp_jafroc(const rp_marks *m, bool normals, bool weighted, rp_value *out)
{
    RP_AUTOFREE double *highest = NULL, *in_scan = NULL, *seen = NULL, *sorted = NULL;
    RP_TRY(rp_alloc_raw(m->scans, sizeof *highest, &highest));
    RP_TRY(rp_alloc(m->scans, sizeof *in_scan, &in_scan));
    RP_TRY(rp_alloc_raw(m->scans, sizeof *seen, &seen));
    RP_TRY(rp_alloc_raw(m->scans, sizeof *sorted, &sorted));
    for (int64_t s = 0; s < m->scans; s++) highest[s] = -INFINITY;
    for (int64_t i = 0; i < m->false_positives; i++)
        highest[m->fp_scan[i]] = fmax(highest[m->fp_scan[i]], m->fp_score[i]);
    for (int64_t j = 0; j < m->lesions; j++) in_scan[m->lesion_scan[j]]++;
    double abnormal = 0,
           empty = 0;   /* scans with lesions; those compared that have no false positive */
    int64_t marked = 0; /* those compared that have one */
    for (int64_t s = 0; s < m->scans; s++) {
        abnormal += in_scan[s] > 0;
        if (normals && in_scan[s] > 0) continue;
        if (highest[s] > -INFINITY)
            seen[marked++] = highest[s];
        else
            empty++;
    }
    const double compared = empty + (double)marked;
    *out = rp_value_undefined(m->lesions == 0 ? no_lesion : "no scan without a lesion");
    if (m->lesions == 0 || compared == 0) return RP_OK;
    RP_TRY(rp_rank_sort(marked, seen, sorted));
    double sum = 0;
    for (int64_t j = 0; j < m->lesions; j++) {
        double psi = 0.5 * empty;
        if (m->best[j] > -INFINITY) {
            psi = empty;
            for (int64_t k = 0; k < marked && sorted[k] <= m->best[j]; k++)
                psi += sorted[k] < m->best[j] ? 1 : 0.5;
        }
        sum += psi / (weighted ? in_scan[m->lesion_scan[j]] : 1);
    }
    *out = rp_value_of(sum / (weighted ? abnormal : (double)m->lesions) / compared);
    return RP_OK;
}
