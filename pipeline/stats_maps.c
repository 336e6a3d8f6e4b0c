/* pipeline/stats_maps.c - detection maps against label maps, case by case. */
#include "pipeline/stats_request.h"

#include "lib/image/components.h"
#include "lib/stats/assign.h"
#include "lib/stats/froc.h"
#include "lib/stats/roc.h"

#include <math.h>
#include <stdlib.h>

/* What all cases have said so far. */
struct rp_stats_maps {
    double overlap;
    int64_t cases, lesions, false_positives;
    int64_t cases_room, confidence_room, scan_room, best_room, fp_scan_room, fp_room;
    double *target, *confidence; /* [cases] */
    int64_t *lesion_scan;
    double *best; /* [lesions] */
    int64_t *fp_scan;
    double *fp_score;
};

rp_status rp_stats_maps_new(double overlap, rp_stats_maps **out)
{
    RP_NEED(overlap > 0 && overlap <= 1, RP_EARG, "overlap %g: above 0, at most 1", overlap);
    RP_AUTO(rp_stats_maps) m = NULL;
    RP_TRY(rp_alloc(1, sizeof *m, &m));
    m->overlap = overlap;
    *out = RP_TAKE(m);
    return RP_OK;
}

void rp_stats_maps_drop(rp_stats_maps **maps)
{
    if (!*maps) return;
    rp_free((*maps)->target);
    rp_free((*maps)->confidence);
    rp_free((*maps)->lesion_scan);
    rp_free((*maps)->best);
    rp_free((*maps)->fp_scan);
    rp_free((*maps)->fp_score);
    rp_free(*maps);
    *maps = NULL;
}

static rp_status add_lesion(rp_stats_maps *m, double score)
{
    RP_TRY(rp_grow(m->lesions + 1, sizeof *m->lesion_scan, &m->scan_room, &m->lesion_scan));
    RP_TRY(rp_grow(m->lesions + 1, sizeof *m->best, &m->best_room, &m->best));
    m->lesion_scan[m->lesions] = m->cases;
    m->best[m->lesions++] = score;
    return RP_OK;
}

static rp_status add_false_positive(rp_stats_maps *m, double score)
{
    RP_TRY(rp_grow(m->false_positives + 1, sizeof *m->fp_scan, &m->fp_scan_room, &m->fp_scan));
    RP_TRY(rp_grow(m->false_positives + 1, sizeof *m->fp_score, &m->fp_room, &m->fp_score));
    m->fp_scan[m->false_positives] = m->cases;
    m->fp_score[m->false_positives++] = score;
    return RP_OK;
}

static rp_status add_case(rp_stats_maps *m, bool target, double confidence)
{
    RP_TRY(rp_grow(m->cases + 1, sizeof *m->target, &m->cases_room, &m->target));
    RP_TRY(rp_grow(m->cases + 1, sizeof *m->confidence, &m->confidence_room, &m->confidence));
    m->target[m->cases] = target;
    m->confidence[m->cases++] = confidence;
    return RP_OK;
}

/* Components of one volume; those of the map with their confidence. */
typedef struct parts {
    int32_t *label, count;
    double *confidence; /* [count] largest value in it */
} parts;

static rp_status find_parts(const rp_volume *v, parts *p)
{
    const int64_t n = rp_grid_voxels(&v->grid);
    RP_AUTOFREE uint8_t *mask = NULL;
    RP_TRY(rp_alloc_raw(n, 1, &mask));
    for (int64_t i = 0; i < n; i++) {
        const double x = rp_volume_value(v, i);
        RP_NEED(isfinite(x), RP_ENUM, "a voxel is not finite");
        mask[i] = x > 0;
    }
    RP_TRY(rp_alloc_raw(n, sizeof *p->label, &p->label));
    RP_TRY(rp_components_find(v->grid.n, mask, RP_NEIGHBOURS_26, p->label, &p->count));
    RP_TRY(rp_alloc(p->count, sizeof *p->confidence, &p->confidence));
    for (int64_t i = 0; i < n; i++) {
        if (!p->label[i]) continue;
        double *c = &p->confidence[p->label[i] - 1];
        *c = fmax(*c, rp_volume_value(v, i));
    }
    return RP_OK;
}

static void clear_parts(parts *p)
{
    rp_free(p->label);
    rp_free(p->confidence);
    *p = (parts){0};
}

/* IoU of each lesion with each candidate, 0 where it is under the limit; [lesions * candidates]. */
static rp_status find_overlaps(int64_t n, const parts *lesions, const parts *candidates,
                               double limit, double **out)
{
    RP_AUTOFREE int64_t *a = NULL, *b = NULL;
    const int64_t cells = (int64_t)lesions->count * candidates->count;
    RP_TRY(rp_alloc(lesions->count + 1, sizeof *a, &a));
    RP_TRY(rp_alloc(candidates->count + 1, sizeof *b, &b));
    RP_TRY(rp_alloc(cells, sizeof **out, out));
    for (int64_t i = 0; i < n; i++) {
        const int32_t l = lesions->label[i], c = candidates->label[i];
        a[l]++;
        b[c]++;
        if (l && c) (*out)[(int64_t)(l - 1) * candidates->count + c - 1]++;
    }
    for (int64_t l = 0, k = 0; l < lesions->count; l++)
        for (int64_t c = 0; c < candidates->count; c++, k++) {
            const double both = (*out)[k], iou = both / ((double)(a[l + 1] + b[c + 1]) - both);
            (*out)[k] = iou >= limit ? iou : 0;
        }
    return RP_OK;
}

static rp_status match(rp_stats_maps *m, const parts *lesions, const parts *candidates,
                       const double iou[], rp_rows *out)
{
    RP_AUTOFREE int64_t *to = NULL;
    RP_AUTOFREE bool *taken = NULL; /* assigned, or overlapping a lesion in vain */
    RP_TRY(rp_alloc(lesions->count, sizeof *to, &to));
    RP_TRY(rp_alloc(candidates->count, sizeof *taken, &taken));
    RP_TRY(rp_assign(lesions->count, candidates->count, iou, to));
    for (int32_t l = 0; l < lesions->count; l++) {
        const double *row = iou + (int64_t)l * candidates->count;
        for (int32_t c = 0; c < candidates->count; c++) taken[c] = taken[c] || row[c] > 0;
        const bool hit = to[l] >= 0;
        RP_TRY(add_lesion(m, hit ? candidates->confidence[to[l]] : -INFINITY));
        rp_rows_put(out, hit ? candidates->confidence[to[l]] : 0, "lesion%d_confidence", l + 1);
        rp_rows_put(out, hit ? row[to[l]] : 0, "lesion%d_overlap", l + 1);
    }
    int false_positives = 0;
    for (int32_t c = 0; c < candidates->count; c++) {
        if (taken[c]) continue;
        RP_TRY(add_false_positive(m, candidates->confidence[c]));
        rp_rows_put(out, candidates->confidence[c], "false_positive%d_confidence",
                    ++false_positives);
    }
    return RP_OK;
}

static rp_status add_parts(rp_stats_maps *m, int64_t n, const parts *lesions,
                           const parts *candidates, rp_rows *out)
{
    RP_AUTOFREE double *iou = NULL;
    double highest = 0;
    RP_TRY(find_overlaps(n, lesions, candidates, m->overlap, &iou));
    for (int32_t c = 0; c < candidates->count; c++)
        highest = fmax(highest, candidates->confidence[c]);
    rp_rows_put(out, highest, "case_confidence");
    rp_rows_put(out, lesions->count > 0, "case_target");
    rp_rows_put(out, lesions->count, "lesions");
    rp_rows_put(out, candidates->count, "candidates");
    RP_TRY(match(m, lesions, candidates, iou, out));
    return add_case(m, lesions->count > 0, highest);
}

rp_status rp_stats_maps_add(rp_stats_maps *m, const rp_volume *label, const rp_volume *map,
                            rp_rows *out)
{
    RP_NEED(rp_grid_difference(&label->grid, &map->grid) < 0.01, RP_EDATA,
            "label and detection map are on different grids");
    parts lesions = {0}, candidates = {0};
    rp_status st = find_parts(label, &lesions);
    if (st == RP_OK) st = find_parts(map, &candidates);
    if (st == RP_OK) st = add_parts(m, rp_grid_voxels(&label->grid), &lesions, &candidates, out);
    clear_parts(&lesions);
    clear_parts(&candidates);
    RP_TRY(st);
    return rp_rows_status(out);
}

rp_status rp_stats_maps_part(const rp_stats_maps *m, const int32_t of[], int32_t group,
                             rp_stats_maps **out)
{
    RP_AUTO(rp_stats_maps) part = NULL;
    RP_TRY(rp_stats_maps_new(m->overlap, &part));
    for (int64_t i = 0, lesion = 0, fp = 0; i < m->cases; i++) {
        const bool is_in = of[i] == group;
        for (; lesion < m->lesions && m->lesion_scan[lesion] == i; lesion++)
            if (is_in) RP_TRY(add_lesion(part, m->best[lesion]));
        for (; fp < m->false_positives && m->fp_scan[fp] == i; fp++)
            if (is_in) RP_TRY(add_false_positive(part, m->fp_score[fp]));
        if (is_in) RP_TRY(add_case(part, m->target[i] > 0, m->confidence[i]));
    }
    *out = RP_TAKE(part);
    return RP_OK;
}

rp_status rp_stats_maps_sum(const rp_stats_maps *m, rp_rows *out)
{
    RP_NEED(m->cases > 0, RP_EDATA, "no cases");
    RP_AUTO(rp_roc) roc = NULL;
    RP_AUTO(rp_marks) marks = NULL;
    RP_AUTO(rp_froc) froc = NULL;
    RP_TRY(rp_roc_new(m->cases, m->target, m->confidence, &roc));
    RP_TRY(rp_marks_of(m->cases, m->lesions, m->lesion_scan, m->best, m->false_positives,
                       m->fp_scan, m->fp_score, &marks));
    RP_TRY(rp_froc_new(marks, &froc));
    const rp_value auroc = rp_roc_auc(roc), ap = rp_froc_average_precision(froc);
    rp_rows_put(out, (double)m->cases, "num_cases");
    rp_rows_put(out, (double)m->lesions, "num_lesions");
    rp_rows_put(out, (double)marks->hits, "true_positives");
    rp_rows_put(out, (double)m->false_positives, "false_positives");
    rp_rows_put(out, (double)(m->lesions - marks->hits), "false_negatives");
    rp_rows_add(out, auroc, "auroc");
    rp_rows_add(out, ap, "AP");
    rp_rows_add(out,
                auroc.state == RP_VALUE_OK && ap.state == RP_VALUE_OK
                    ? rp_value_of(0.5 * (auroc.x + ap.x))
                    : rp_value_undefined("AUROC or AP is undefined"),
                "score");
    return rp_rows_status(out);
}
