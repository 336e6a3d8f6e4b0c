/* stages/score.c - scores of a segmentation, a row a case and label, and their summary. */
#include "stages/predict.h"

#include "io/csv.h"
#include "lib/base/summary.h"
#include "lib/image/distance.h"
#include "lib/image/overlap.h"
#include "lib/image/surface_search.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

rp_status rp_score_label(const int64_t n[3], const double spacing[3], const uint8_t reference[],
                         const uint8_t prediction[], uint8_t label, rp_score *out)
{
    const double voxel = spacing[0] * spacing[1] * spacing[2];
    const rp_overlap o = rp_overlap_count(n[0] * n[1] * n[2], reference, prediction, label);
    const int64_t r = o.both + o.only_reference, p = o.both + o.only_prediction;
    rp_score s = {.volume_reference_mm3 = (double)r * voxel,
                  .volume_prediction_mm3 = (double)p * voxel};
    rp_surface_distances d;
    s.has_dice = rp_overlap_dice(&o, &s.dice) == RP_OK;
    RP_TRY(rp_surface_distances_search(n, spacing, reference, prediction, label, &d));
    s.has_hd95 = rp_surface_hausdorff(&d, 0.95, &s.hd95_mm) == RP_OK;
    rp_surface_distances_clear(&d);
    rp_text_fit(s.state, sizeof s.state,
                r && p ? "ok"
                : r    ? "prediction empty"
                : p    ? "reference empty"
                       : "both empty");
    *out = s;
    return RP_OK;
}

void rp_score_header(rp_text *csv)
{
    rp_text_add(csv, "case,label,dice,hd95_maxdir_mm,volume_reference_mm3,volume_prediction_mm3,"
                     "volume_error_mm3,state\n");
}

void rp_score_row(rp_text *csv, const char *case_name, const char *label, const rp_score *s)
{
    rp_csv_put(csv, case_name);
    rp_csv_put(csv, label);
    rp_csv_put_double(csv, s->has_dice ? s->dice : NAN);
    rp_csv_put_double(csv, s->has_hd95 ? s->hd95_mm : NAN);
    rp_csv_put_double(csv, s->volume_reference_mm3);
    rp_csv_put_double(csv, s->volume_prediction_mm3);
    rp_csv_put_double(csv, s->volume_prediction_mm3 - s->volume_reference_mm3);
    rp_csv_put(csv, s->state);
    rp_csv_end(csv);
}

/* One row of the summary: values of one column for one label. */
static rp_status summarise(const rp_csv *csv, int column, const char *label, const char *metric,
                           rp_text *out)
{
    int label_column, state_column;
    RP_TRY(rp_csv_column(csv, "label", &label_column));
    RP_TRY(rp_csv_column(csv, "state", &state_column));
    RP_AUTOFREE double *x = NULL;
    int64_t n = 0;
    RP_TRY(rp_alloc(rp_csv_rows(csv), sizeof *x, &x));
    for (int64_t i = 0; i < rp_csv_rows(csv); i++) {
        if (strcmp(rp_csv_text(csv, i, label_column), label) != 0) continue;
        if (rp_csv_text(csv, i, column)[0])
            RP_TRY(rp_csv_double(csv, i, column, &x[n++]));
        else
            x[n++] = strcmp(rp_csv_text(csv, i, state_column), "both empty") == 0 ? NAN : INFINITY;
    }
    const rp_summary s = rp_summary_of(n, x);
    rp_csv_put(out, label);
    rp_csv_put(out, metric);
    for (int k = 0; k < RP_SUMMARY_ROWS; k++) rp_csv_put_double(out, rp_summary_value(&s, k));
    rp_csv_end(out);
    return RP_OK;
}

void rp_score_summary_header(rp_text *csv)
{
    rp_csv_put(csv, "label");
    rp_csv_put(csv, "metric");
    for (int k = 0; k < RP_SUMMARY_ROWS; k++) rp_csv_put(csv, rp_summary_names[k]);
    rp_csv_end(csv);
}

rp_status rp_score_summary(const rp_text *rows, rp_text *out)
{
    RP_AUTO(rp_csv) csv = NULL;
    static const char *const metric[] = {"dice", "hd95_maxdir_mm", "volume_error_mm3"};
    int label;
    RP_TRY(rp_text_status(rows));
    RP_TRY(rp_csv_parse("metrics-cases.csv", ',', rows->length, rp_text_get(rows), &csv));
    RP_TRY(rp_csv_column(csv, "label", &label));
    rp_score_summary_header(out);
    for (int64_t i = 0; i < rp_csv_rows(csv); i++) {
        bool known = false;
        for (int64_t k = 0; k < i && !known; k++)
            known = strcmp(rp_csv_text(csv, k, label), rp_csv_text(csv, i, label)) == 0;
        for (int m = 0; m < 3 && !known; m++) {
            int column;
            RP_TRY(rp_csv_column(csv, metric[m], &column));
            RP_TRY(summarise(csv, column, rp_csv_text(csv, i, label), metric[m], out));
        }
    }
    return rp_text_status(out);
}
