/* report/section_classification.c - scores of a yes or no: ROC, calibration, decision curve.
 *
 * classification.csv as 'radpipe stats classification' takes it: y, score1, score2, ...  Scores
 * that all lie in [0, 1] are read as probabilities too. */
#include "report/page_priv.h"

#include "lib/stats/calibration.h"
#include "lib/stats/delong.h"
#include "lib/stats/proportion.h"
#include "lib/stats/roc.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SCORES = 8, PLACES = 1000, BINS = 10, STEPS = 99 };

typedef struct score {
    const char *name; /* lent by the table */
    double *p;        /* [n] */
    bool is_probability;
    rp_roc *roc;
    rp_value auc, average_precision;
    rp_interval interval;
    rp_calibration calibration;
} score;

typedef struct scores {
    int64_t n, positives;
    double *y;
    int count;
    score at[SCORES];
} scores;

static void scores_clear(scores *s)
{
    for (int k = 0; k < s->count; k++) {
        rp_free(s->at[k].p);
        rp_roc_drop(&s->at[k].roc);
    }
    rp_free(s->y);
}

static rp_status find_area(const scores *s, score *one)
{
    RP_AUTOFREE double *part = NULL;
    double auc;
    RP_TRY(rp_roc_new(s->n, s->y, one->p, &one->roc));
    one->auc = rp_roc_auc(one->roc);
    one->average_precision = rp_roc_average_precision(one->roc);
    one->interval.low = one->interval.high = rp_value_undefined("one class only");
    if (one->auc.state != RP_VALUE_OK) return RP_OK;
    RP_TRY(rp_alloc(s->n, sizeof *part, &part));
    RP_TRY(rp_delong_components(s->n, s->y, one->p, part, &auc));
    one->interval = rp_auc_interval(auc, rp_delong_covariance(s->n, s->y, part, part), 0.95);
    return RP_OK;
}

static rp_status read_scores(const rp_csv *csv, scores *s)
{
    s->n = rp_csv_rows(csv);
    RP_TRY(rp_page_numbers(csv, "y", &s->y));
    for (int64_t i = 0; i < s->n; i++) s->positives += s->y[i] != 0;
    for (int c = 0; c < rp_csv_columns(csv) && s->count < SCORES; c++) {
        int64_t number;
        if (strncmp(rp_csv_name(csv, c), "score", 5) != 0 ||
            !rp_read_int(rp_csv_name(csv, c) + 5, &number))
            continue;
        score *one = &s->at[s->count++];
        one->name = rp_csv_name(csv, c);
        RP_TRY(rp_page_numbers(csv, one->name, &one->p));
        one->is_probability = true;
        for (int64_t i = 0; i < s->n; i++)
            one->is_probability = one->is_probability && one->p[i] >= 0 && one->p[i] <= 1;
        RP_TRY(find_area(s, one));
        if (one->is_probability)
            RP_TRY(rp_calibration_find(s->n, s->y, one->p, BINS, 1e-15, &one->calibration));
    }
    RP_NEED(s->count > 0, RP_EDATA, "classification.csv has no column score1");
    return RP_OK;
}

static void cell(rp_text *t, rp_value v, int digits)
{
    if (v.state == RP_VALUE_UNDEFINED)
        rp_html_cell(t, "%s", v.reason);
    else
        rp_html_cell_number(t, v.x, digits);
}

static void cell_interval(rp_text *t, rp_interval i)
{
    char low[40], high[40];
    if (i.low.state != RP_VALUE_OK || i.high.state != RP_VALUE_OK) {
        rp_html_cell(t, "%s", i.low.reason);
        return;
    }
    rp_html_short(i.low.x, 3, low);
    rp_html_short(i.high.x, 3, high);
    rp_html_cell(t, "%s to %s", low, high);
}

static void add_table(const scores *s, rp_text *t)
{
    static const char *const head[] = {"Score",  "#AUC",   "95 % (DeLong)", "#Average precision",
                                       "#Brier", "#Slope", "#Intercept",    "#ECE"};
    rp_html_table(t, "Discrimination and calibration", 8, head);
    for (int k = 0; k < s->count; k++) {
        const score *one = &s->at[k];
        rp_html_row(t);
        rp_html_cell(t, "%s", one->name);
        cell(t, one->auc, 4);
        cell_interval(t, one->interval);
        cell(t, one->average_precision, 4);
        const rp_value list[] = {one->calibration.brier, one->calibration.slope,
                                 one->calibration.intercept, one->calibration.ece};
        for (int i = 0; i < 4; i++)
            cell(t, one->is_probability ? list[i] : rp_value_undefined("no probability"), 4);
        rp_html_row_end(t);
    }
    rp_html_table_end(t);
}

/* At most PLACES of the curve's points, both ends among them. */
static rp_status thin_curve(const rp_roc *roc, int64_t *n, double **x, double **y)
{
    const int64_t step = (roc->points + PLACES - 2) / (PLACES - 1);
    RP_TRY(rp_alloc(PLACES + 1, sizeof **x, x));
    RP_TRY(rp_alloc(PLACES + 1, sizeof **y, y));
    *n = 0;
    for (int64_t at = 0; at < roc->points + step - 1; at += step) {
        const int64_t i = at < roc->points ? at : roc->points - 1;
        (*x)[*n] = (double)roc->fp[i] / (double)roc->negatives;
        (*y)[(*n)++] = (double)roc->tp[i] / (double)roc->positives;
    }
    return RP_OK;
}

static rp_status add_roc(const scores *s, rp_text *t)
{
    rp_series list[SCORES] = {0};
    char name[SCORES][80];
    double *x[SCORES] = {0}, *y[SCORES] = {0};
    RP_TEXT_AUTO svg = {0}, csv = {0};
    rp_status st = RP_OK;
    rp_text_add(&csv, "score,threshold,false_positive_rate,sensitivity\n");
    for (int k = 0; k < s->count && st == RP_OK; k++) {
        const rp_roc *roc = s->at[k].roc;
        (void)snprintf(name[k], sizeof name[k], "%.40s (AUC %.3f)", s->at[k].name, s->at[k].auc.x);
        list[k] = (rp_series){.name = name[k], .mark = RP_MARK_LINE, .colour = k};
        st = thin_curve(roc, &list[k].n, &x[k], &y[k]);
        list[k].x = x[k];
        list[k].y = y[k];
        for (int64_t i = 0; i < roc->points; i++) {
            rp_csv_put(&csv, s->at[k].name);
            if (i == 0)
                rp_csv_put(&csv, "");
            else
                rp_csv_put_double(&csv, roc->threshold[i]);
            rp_csv_put_double(&csv, (double)roc->fp[i] / (double)roc->negatives);
            rp_csv_put_double(&csv, (double)roc->tp[i] / (double)roc->positives);
            rp_csv_end(&csv);
        }
    }
    const rp_rule chance = {.at = 0, .slope = 1, .name = "chance"};
    const rp_chart chart = {.title = "Receiver operating characteristic",
                            .x_name = "1 - specificity",
                            .y_name = "sensitivity",
                            .has_zero = true,
                            .y_most = 1,
                            .is_square = true,
                            .series = s->count,
                            .at = list,
                            .rules = 1,
                            .rule = &chance};
    if (st == RP_OK) st = rp_chart_draw(&chart, &svg);
    for (int k = 0; k < s->count; k++) {
        rp_free(x[k]);
        rp_free(y[k]);
    }
    RP_TRY(st);
    RP_TRY(rp_text_status(&csv));
    rp_page_figure(t, &svg, "Positive means a score at or above the threshold.", "roc.csv", &csv);
    return RP_OK;
}

static int by_p(const void *a, const void *b, void *arg)
{
    const double *p = arg;
    const double x = p[*(const int64_t *)a], y = p[*(const int64_t *)b];
    if (x != y) return x > y ? 1 : -1;
    return *(const int64_t *)a > *(const int64_t *)b ? 1 : -1;
}

/* Cases in order of their probability, in ten groups of equal size: mean probability against the
 * share of positives, which a Wilson interval goes with. */
static rp_status add_calibration(const scores *s, const score *one, int colour, rp_text *t)
{
    RP_AUTOFREE int64_t *order = NULL;
    double x[BINS], y[BINS], low[BINS], high[BINS];
    char tip[BINS][80];
    const char *tips[BINS];
    RP_TEXT_AUTO svg = {0}, csv = {0}, caption = {0}, title = {0}, file = {0};
    const int groups = s->n < BINS ? (int)s->n : BINS;
    RP_TRY(rp_alloc(s->n, sizeof *order, &order));
    for (int64_t i = 0; i < s->n; i++) order[i] = i;
    qsort_r(order, (size_t)s->n, sizeof *order, by_p, one->p);
    rp_text_add(&csv, "group,cases,mean_probability,observed,low,high\n");
    for (int g = 0; g < groups; g++) {
        const int64_t first = s->n * g / groups, last = s->n * (g + 1) / groups, n = last - first;
        double sum = 0, positives = 0;
        for (int64_t i = first; i < last; i++) {
            sum += one->p[order[i]];
            positives += s->y[order[i]];
        }
        rp_interval wilson;
        RP_TRY(rp_proportion_interval(RP_WILSON, (int64_t)positives, n, 0.95, &wilson));
        x[g] = sum / (double)n;
        y[g] = positives / (double)n;
        low[g] = wilson.low.x;
        high[g] = wilson.high.x;
        (void)snprintf(tip[g], sizeof tip[g], "%.0f of %" PRId64 " positive", positives, n);
        tips[g] = tip[g];
        rp_csv_put_int(&csv, g + 1);
        rp_csv_put_int(&csv, n);
        for (int i = 0; i < 4; i++)
            rp_csv_put_double(&csv, (const double[]){x[g], y[g], low[g], high[g]}[i]);
        rp_csv_end(&csv);
    }
    const rp_series list[] = {{.name = "95 % (Wilson)",
                               .mark = RP_MARK_BAND,
                               .colour = colour,
                               .n = groups,
                               .x = x,
                               .y = low,
                               .high = high},
                              {.name = "observed",
                               .mark = RP_MARK_LINE_POINT,
                               .colour = colour,
                               .n = groups,
                               .x = x,
                               .y = y,
                               .tip = tips}};
    const rp_rule ideal = {.at = 0, .slope = 1, .name = "ideal"};
    rp_text_add(&title, "Calibration of %s", one->name);
    rp_text_add(&file, "calibration-%s.csv", one->name);
    rp_text_add(&caption, "%d groups of equal size by probability.", groups);
    const rp_chart chart = {.title = rp_text_get(&title),
                            .x_name = "mean predicted probability",
                            .y_name = "observed share of positives",
                            .has_zero = true,
                            .y_most = 1,
                            .is_square = true,
                            .series = 2,
                            .at = list,
                            .rules = 1,
                            .rule = &ideal};
    RP_TRY(rp_chart_draw(&chart, &svg));
    RP_TRY(rp_text_status(&csv));
    RP_TRY(rp_text_status(&caption));
    rp_page_figure(t, &svg, rp_text_get(&caption), rp_text_get(&file), &csv);
    return RP_OK;
}

/* Net benefit over threshold probabilities of 1 to 99 %, as far as it tells anything: the axis ends
 * where treating nobody is best for every score. */
static rp_status add_decision(const scores *s, rp_text *t)
{
    static double pt[STEPS], all[STEPS], none[STEPS], benefit[SCORES][STEPS];
    rp_series list[SCORES + 2];
    RP_TEXT_AUTO svg = {0}, csv = {0};
    int n = 0, series = 0, end = 0;
    rp_text_add(&csv, "threshold_probability,treat_all");
    for (int k = 0; k < s->count; k++)
        if (s->at[k].is_probability) rp_text_add(&csv, ",%s", s->at[k].name);
    rp_text_add(&csv, "\n");
    for (n = 0; n < STEPS; n++) {
        pt[n] = (n + 1) / 100.0;
        none[n] = 0;
        RP_TRY(rp_net_benefit_all(s->n, s->y, pt[n], &all[n]));
        rp_csv_put_double(&csv, pt[n]);
        rp_csv_put_double(&csv, all[n]);
        for (int k = 0; k < s->count; k++) {
            if (!s->at[k].is_probability) continue;
            RP_TRY(rp_net_benefit(s->n, s->y, s->at[k].p, pt[n], &benefit[k][n]));
            rp_csv_put_double(&csv, benefit[k][n]);
            if (benefit[k][n] > 0) end = n + 2 < STEPS ? n + 2 : STEPS;
        }
        rp_csv_end(&csv);
    }
    int treated = 0; /* treating all is drawn down to a little below nothing */
    const double floor = -0.15 * (double)s->positives / (double)s->n;
    while (treated < end && all[treated] >= floor) treated++;
    if (end < 2) return RP_OK;
    for (int k = 0; k < s->count; k++)
        if (s->at[k].is_probability) {
            int kept = 0;
            while (kept < end && benefit[k][kept] >= floor) kept++;
            list[series++] = (rp_series){.name = s->at[k].name,
                                         .mark = RP_MARK_LINE,
                                         .colour = k,
                                         .n = kept,
                                         .x = pt,
                                         .y = benefit[k]};
        }
    list[series++] = (rp_series){.name = "treat all",
                                 .mark = RP_MARK_LINE,
                                 .colour = SCORES - 2,
                                 .n = treated,
                                 .x = pt,
                                 .y = all};
    list[series++] = (rp_series){.name = "treat none",
                                 .mark = RP_MARK_LINE,
                                 .colour = SCORES - 1,
                                 .n = end,
                                 .x = pt,
                                 .y = none};
    const rp_chart chart = {.title = "Decision curve",
                            .x_name = "threshold probability",
                            .y_name = "net benefit",
                            .series = series,
                            .at = list};
    RP_TRY(rp_chart_draw(&chart, &svg));
    RP_TRY(rp_text_status(&csv));
    rp_page_figure(t, &svg,
                   "Net benefit: true positives less weighted false positives, per case; curves "
                   "end where they fall far below treating nobody.",
                   "decision-curve.csv", &csv);
    return RP_OK;
}

static rp_status add_all(const rp_csv *csv, scores *s, rp_text *t)
{
    RP_TRY(read_scores(csv, s));
    rp_html_paragraph(t, "", "%" PRId64 " cases, %" PRId64 " of them positive.", s->n,
                      s->positives);
    add_table(s, t);
    if (s->positives == 0 || s->positives == s->n) {
        rp_html_paragraph(t, "absent", "All cases are of one class: there is no curve.");
        return RP_OK;
    }
    bool any = false;
    rp_text_add(t, "<div class=\"charts\">\n");
    RP_TRY(add_roc(s, t));
    for (int k = 0; k < s->count; k++) {
        if (!s->at[k].is_probability) continue;
        any = true;
        RP_TRY(add_calibration(s, &s->at[k], k, t));
    }
    if (any) RP_TRY(add_decision(s, t));
    rp_text_add(t, "</div>\n");
    if (!any)
        rp_html_paragraph(t, "absent",
                          "No score lies in [0, 1]: calibration and decision curve need "
                          "probabilities.");
    return RP_OK;
}

rp_status rp_section_classification(rp_page *p, rp_text *t)
{
    RP_AUTO(rp_csv) csv = NULL;
    scores s = {0};
    RP_TRY(rp_page_csv(p, NULL, "classification.csv", &csv));
    RP_NEED(csv && rp_csv_rows(csv), RP_EDATA, "classification.csv has no row");
    const rp_status st = add_all(csv, &s, t);
    scores_clear(&s);
    return st;
}
