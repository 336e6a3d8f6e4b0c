/* pipeline/stats_segmentation.c - radpipe stats segmentation: rows of pairs of masks. */
#include "pipeline/stats_pairs.h"
#include "pipeline/stats_request.h"

#include "io/nifti.h"
#include "lib/base/summary.h"
#include "lib/image/lesion_metrics.h"
#include "lib/image/overlap.h"
#include "lib/image/skeleton.h"
#include "lib/image/surface_metrics.h"
#include "lib/image/surface_search.h"
#include "lib/image/surfels.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int tolerances[] = {1, 2, 3, 5};
enum { TOLERANCES = sizeof tolerances / sizeof *tolerances };

typedef struct pair {
    int64_t n[3], voxels;
    double spacing[3];
    uint8_t *reference, *prediction; /* 0 or 1 */
} pair;

/* A header holds float32: the spacing that was meant is the decimal of seven digits that reads back
 * as the same float (0.9, not 0.89999998). */
static double meant(double spacing)
{
    char text[40];
    (void)snprintf(text, sizeof text, "%.7g", spacing);
    const double x = strtod(text, NULL);
    return (float)x == (float)spacing ? x : spacing;
}

static rp_status mask_of(const rp_volume *v, uint8_t **out)
{
    const int64_t n = rp_grid_voxels(&v->grid);
    RP_TRY(rp_alloc_raw(n, 1, out));
    for (int64_t i = 0; i < n; i++) (*out)[i] = rp_volume_value(v, i) != 0;
    return RP_OK;
}

static void add_counts(const pair *p, rp_rows *out)
{
    const rp_overlap o = rp_overlap_count(p->voxels, p->reference, p->prediction, 1);
    const double tp = (double)o.both, fn = (double)o.only_reference, fp = (double)o.only_prediction;
    const double tn = (double)p->voxels - tp - fn - fp, ref = tp + fn, pred = tp + fp;
    const double ml = p->spacing[0] * p->spacing[1] * p->spacing[2] / 1000;
    const char *const none = "reference and prediction are empty";
    rp_rows_put(out, tp, "tp");
    rp_rows_put(out, fp, "fp");
    rp_rows_put(out, fn, "fn");
    rp_rows_put(out, tn, "tn");
    rp_rows_add(out, rp_value_ratio(2 * tp, ref + pred, none), "dice");
    rp_rows_add(out, rp_value_ratio(tp, tp + fp + fn, none), "iou");
    rp_rows_add(out, rp_value_ratio(tp, pred, "the prediction is empty"), "precision");
    rp_rows_add(out, rp_value_ratio(tp, ref, "the reference is empty"), "recall");
    rp_rows_add(out, rp_value_ratio(tn, tn + fp, "the reference fills the image"), "specificity");
    rp_rows_put(out, ref * ml, "volume_ref_ml");
    rp_rows_put(out, pred * ml, "volume_pred_ml");
    rp_rows_add(out, rp_value_ratio(pred - ref, ref, "the reference is empty"),
                "relative_volume_error");
    rp_rows_add(out, rp_value_ratio(2 * (pred - ref), pred + ref, none), "volumetric_similarity");
}

/* The same number under the names that tools give it. */
static void add_names(rp_rows *out, rp_value v, int count, const char *const name[])
{
    for (int k = 0; k < count; k++) rp_rows_add(out, v, "%s", name[k]);
}
#define ADD(out, v, ...)                                                                           \
    add_names(out, v, (int)(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)),          \
              (const char *const[]){__VA_ARGS__})

static void add_distances(const rp_surface_metrics *m, rp_value none, rp_rows *out)
{
    ADD(out, m ? rp_value_of(m->hd) : none, "hd", "medpy_hd", "itk_hd", "monai_hd");
    ADD(out, m ? rp_value_of(m->hd95_pooled) : none, "hd95_pooled", "medpy_hd95");
    ADD(out, m ? rp_value_of(m->hd95_maxdir) : none, "hd95_maxdir", "monai_hd95");
    ADD(out, m ? rp_value_of(m->hd95_meandir) : none, "hd95_meandir");
    ADD(out, m ? rp_value_of(m->assd_pooled) : none, "assd_pooled", "medpy_assd", "monai_assd");
    ADD(out, m ? rp_value_of(m->assd_meandir) : none, "assd_meandir");
    ADD(out, m ? rp_value_of(m->asd_pred_to_ref) : none, "asd_pred_to_ref", "medpy_asd",
        "monai_asd");
    ADD(out, m ? rp_value_of(m->asd_ref_to_pred) : none, "asd_ref_to_pred");
}

static rp_status add_borders(const pair *p, rp_rows *out)
{
    rp_surface_distances s;
    rp_surface_metrics m;
    RP_TRY(rp_surface_distances_search(p->n, p->spacing, p->reference, p->prediction, 1, &s));
    const rp_status st = rp_surface_metrics_find(&s, &m);
    const bool both_missing = s.n_reference == 0 && s.n_prediction == 0;
    const rp_value none = both_missing ? rp_value_undefined("reference and prediction are empty")
                                       : rp_value_of(INFINITY);
    if (st == RP_OK || st == RP_ENONE) add_distances(st == RP_OK ? &m : NULL, none, out);
    for (int k = 0; k < TOLERANCES; k++) {
        double nsd = 0;
        const rp_value v =
            rp_surface_nsd(&s, tolerances[k], &nsd) == RP_OK ? rp_value_of(nsd) : none;
        rp_rows_add(out, v, "nsd_voxel_tol%d", tolerances[k]);
        rp_rows_add(out, v, "monai_nsd_tol%d", tolerances[k]);
    }
    rp_surface_distances_clear(&s);
    return st == RP_ENONE ? RP_OK : st;
}

static rp_status add_regions(const pair *p, rp_rows *out)
{
    double a, b;
    const rp_status st = rp_region_mean_distance(p->n, p->spacing, p->reference, p->prediction, &a);
    if (st == RP_ENONE) {
        const rp_overlap o = rp_overlap_count(p->voxels, p->reference, p->prediction, 1);
        rp_rows_add(out,
                    o.only_reference + o.only_prediction == 0
                        ? rp_value_undefined("reference and prediction are empty")
                        : rp_value_of(INFINITY),
                    "itk_avg_hd");
        return RP_OK;
    }
    RP_TRY(st);
    RP_TRY(rp_region_mean_distance(p->n, p->spacing, p->prediction, p->reference, &b));
    rp_rows_put(out, 0.5 * (a + b), "itk_avg_hd"); /* ITK 5 averages the two directions */
    return RP_OK;
}

static rp_status add_surfels(const pair *p, rp_rows *out)
{
    rp_surfels s;
    RP_TRY(rp_surfels_find(p->n, p->spacing, p->reference, p->prediction, &s));
    const bool any = s.n_reference > 0 || s.n_prediction > 0,
               both = s.n_reference > 0 && s.n_prediction > 0;
    const rp_value none =
        any ? rp_value_of(INFINITY) : rp_value_undefined("reference and prediction are empty");
    rp_rows_add(out, both ? rp_value_of(rp_surfels_hausdorff(&s, 1)) : none, "gsd_robust_hd100");
    rp_rows_add(out, both ? rp_value_of(rp_surfels_hausdorff(&s, 0.95)) : none, "gsd_robust_hd95");
    rp_rows_add(out, both ? rp_value_of(rp_surfels_mean(&s, true)) : none, "gsd_asd_ref_to_pred");
    rp_rows_add(out, both ? rp_value_of(rp_surfels_mean(&s, false)) : none, "gsd_asd_pred_to_ref");
    rp_rows_put(out, s.area_reference, "gsd_area_ref_mm2");
    rp_rows_put(out, s.area_prediction, "gsd_area_pred_mm2");
    for (int k = 0; k < TOLERANCES; k++) {
        const rp_value v = any ? rp_value_of(rp_surfels_nsd(&s, tolerances[k])) : none;
        rp_rows_add(out, v, "gsd_surface_dice_tol%d", tolerances[k]);
        if (tolerances[k] == 2) rp_rows_add(out, v, "monai_nsd_subvoxel_tol2");
    }
    rp_surfels_clear(&s);
    return RP_OK;
}

static rp_status add_lesions(const pair *p, rp_rows *out)
{
    rp_lesion_counts c;
    double iou;
    RP_TRY(rp_lesions_count(p->n, p->reference, p->prediction, &c));
    const double unmatched = (double)(c.reference - c.matched) + (double)(c.prediction - c.matched);
    const char *const none = "reference and prediction are empty";
    rp_rows_put(out, c.reference, "lesions_ref");
    rp_rows_put(out, c.prediction, "lesions_pred");
    rp_rows_put(out, c.found, "lesions_found");
    rp_rows_put(out, c.false_positives, "lesion_false_positives");
    rp_rows_add(out, rp_value_ratio(c.found, c.reference, "the reference is empty"),
                "lesion_sensitivity");
    rp_rows_add(out, rp_value_ratio(c.iou_sum, c.matched + 0.5 * unmatched, none),
                "panoptic_quality");
    double along = 0;
    const rp_status thinned = rp_cldice(p->n, p->reference, p->prediction, &along);
    if (thinned != RP_ENONE) RP_TRY(thinned);
    rp_rows_add(out, thinned == RP_OK ? rp_value_of(along) : rp_value_undefined(none), "cldice");
    for (int k = 0; k < TOLERANCES; k++) {
        const rp_status st =
            rp_boundary_iou(p->n, p->spacing, p->reference, p->prediction, tolerances[k], &iou);
        if (st != RP_ENONE) RP_TRY(st);
        rp_rows_add(out, st == RP_OK ? rp_value_of(iou) : rp_value_undefined(none),
                    "boundary_iou_tol%d", tolerances[k]);
    }
    return RP_OK;
}

rp_status rp_stats_segmentation_pair(const rp_volume *reference, const rp_volume *prediction,
                                     rp_rows *out)
{
    RP_NEED(rp_grid_difference(&reference->grid, &prediction->grid) < 0.01, RP_EDATA,
            "reference and prediction are on different grids");
    RP_AUTOFREE uint8_t *r = NULL, *q = NULL;
    RP_TRY(mask_of(reference, &r));
    RP_TRY(mask_of(prediction, &q));
    pair p = {.voxels = rp_grid_voxels(&reference->grid), .reference = r, .prediction = q};
    for (int k = 0; k < 3; k++) {
        p.n[k] = reference->grid.n[k];
        p.spacing[k] = meant(reference->grid.spacing[k]);
    }
    add_counts(&p, out);
    RP_TRY(add_borders(&p, out));
    RP_TRY(add_regions(&p, out));
    RP_TRY(add_surfels(&p, out));
    RP_TRY(add_lesions(&p, out));
    return rp_rows_status(out);
}

/* Values of all pairs, as summaries want them. */
typedef struct collected {
    rp_rows metrics; /* names; those of the first pair */
    int64_t room;
    double *x; /* [pairs][metrics], NaN where undefined */
} collected;

static void clear_collected(collected *c)
{
    rp_rows_clear(&c->metrics);
    rp_free(c->x);
}

/* Keeps the values of one more pair, behind those that are done. */
static rp_status collect(const rp_rows *rows, int64_t done, collected *c)
{
    for (int64_t k = 0; done == 0 && k < rows->count; k++)
        rp_rows_add(&c->metrics, rows->at[k].value, "%s", rows->at[k].name);
    RP_TRY(rp_rows_status(&c->metrics));
    RP_NEED(rows->count == c->metrics.count, RP_EBUG, "%" PRId64 " metrics of a pair, not %" PRId64,
            rows->count, c->metrics.count);
    RP_TRY(rp_grow((done + 1) * rows->count, sizeof *c->x, &c->room, &c->x));
    for (int64_t k = 0; k < rows->count; k++) {
        const rp_value *v = &rows->at[k].value;
        c->x[done * rows->count + k] = v->state == RP_VALUE_UNDEFINED ? NAN : v->x;
    }
    return RP_OK;
}

/* Summary of one metric over the pairs of a group; scratch [pairs]. */
static rp_summary summarise(const rp_stats_pairs *p, int32_t group, const collected *c,
                            int64_t metric, double scratch[])
{
    int64_t n = 0;
    for (int64_t i = 0; i < p->count; i++)
        if (group == RP_ALL_PAIRS || p->groups.of[i] == group)
            scratch[n++] = c->x[i * c->metrics.count + metric];
    return rp_summary_of(n, scratch);
}

/* Rows of a group: its number of cases, then statistic by statistic the metrics. */
static rp_status add_group(const rp_stats_pairs *p, int32_t group, const collected *c, rp_text *out)
{
    const int64_t metrics = c->metrics.count;
    RP_AUTOFREE double *scratch = NULL;
    RP_AUTOFREE rp_summary *summary = NULL;
    RP_ROWS_AUTO count = {0};
    int64_t cases = 0;
    RP_TRY(rp_alloc_raw(p->count, sizeof *scratch, &scratch));
    RP_TRY(rp_alloc(metrics, sizeof *summary, &summary));
    for (int64_t m = 0; m < metrics; m++) summary[m] = summarise(p, group, c, m, scratch);
    for (int64_t i = 0; i < p->count; i++)
        cases += group == RP_ALL_PAIRS || p->groups.of[i] == group;
    rp_rows_put(&count, (double)cases, "num_cases");
    rp_stats_pairs_put_group(p, group, "all", &count, out);
    for (int k = 0; k < RP_SUMMARY_ROWS; k++) {
        RP_ROWS_AUTO rows = {0};
        for (int64_t m = 0; m < metrics; m++) {
            const double x = rp_summary_value(&summary[m], k);
            rp_rows_add(&rows,
                        isnan(x) ? rp_value_undefined("too few cases have a finite value")
                                 : rp_value_of(x),
                        "%s", c->metrics.at[m].name);
        }
        RP_TRY(rp_rows_status(&rows));
        rp_stats_pairs_put_group(p, group, rp_summary_names[k], &rows, out);
    }
    return rp_rows_status(&count);
}

static rp_status run_pairs(const rp_stats_pairs *p, collected *c, rp_text *out)
{
    rp_stats_pairs_header(p, out);
    for (int64_t i = 0; i < p->count; i++) {
        RP_AUTO(rp_volume) reference = NULL;
        RP_AUTO(rp_volume) prediction = NULL;
        RP_ROWS_AUTO rows = {0};
        RP_TRY(rp_stats_pairs_load(p, i, &reference, &prediction));
        RP_TRY_IN(rp_stats_segmentation_pair(reference, prediction, &rows), "case '%s'",
                  rp_stats_pairs_case(p, i));
        rp_stats_pairs_put(p, i, &rows, out);
        if (p->by) RP_TRY(collect(&rows, i, c));
    }
    for (int32_t k = RP_ALL_PAIRS; p->by && k < p->groups.count; k++)
        RP_TRY(add_group(p, k, c, out));
    return rp_stats_pairs_end(p, out);
}

static rp_status run_files(const char *reference, const char *prediction, rp_text *out)
{
    RP_AUTO(rp_volume) r = NULL;
    RP_AUTO(rp_volume) p = NULL;
    RP_ROWS_AUTO rows = {0};
    RP_TRY(rp_nifti_read(reference, &r, NULL));
    RP_TRY(rp_nifti_read(prediction, &p, NULL));
    RP_TRY_IN(rp_stats_segmentation_pair(r, p, &rows), "%s and %s", reference, prediction);
    rp_stats_header(NULL, "", out);
    rp_stats_put(0, NULL, &rows, out);
    return RP_OK;
}

rp_status rp_stats_segmentation(const rp_stats_request *q, rp_text *out)
{
    RP_NEED(q->pairs ? !q->reference && !q->prediction : q->reference && q->prediction, RP_EUSE,
            "stats segmentation: give --pairs, or --reference and --prediction");
    RP_NEED(q->pairs || (!q->by && !q->skip_bad), RP_EUSE,
            "stats segmentation: --by and --bad-rows are for --pairs");
    if (!q->pairs) return run_files(q->reference, q->prediction, out);
    RP_STATS_PAIRS_AUTO pairs = {0};
    collected c = {0};
    RP_TRY(rp_stats_pairs_read(q, &pairs));
    const rp_status st = run_pairs(&pairs, &c, out);
    clear_collected(&c);
    return st;
}
