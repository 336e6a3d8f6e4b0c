/* report/section_scores.c - distributions of the scores, and volumes side by side. */
#include "report/page_priv.h"

#include "lib/stats/agreement.h"
#include "lib/stats/bootstrap.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    TIP = 120,
    LABELS_SHOWN = 32,
    OPEN_ROWS = 40,
    REPLICATES = 2000,
    LEAST_CASES = 10,
    ROWS_SHOWN = 2000
};

/* Values of one label with their tips, in the arrays of a chart. */
typedef struct values {
    int64_t n, undefined, infinite;
    double *value;      /* [n] */
    char (*words)[TIP]; /* [n] */
    const char **tip;   /* [n] */
    char note[64];
} values;

static void values_clear(values *v)
{
    rp_free(v->value);
    rp_free(v->words);
    rp_free(v->tip);
}

static rp_status take_values(const rp_page_scores *s, int label, bool is_dice, values *v)
{
    RP_TRY(rp_alloc(s->count, sizeof *v->value, &v->value));
    RP_TRY(rp_alloc(s->count, sizeof *v->words, &v->words));
    RP_TRY(rp_alloc(s->count, sizeof *v->tip, &v->tip));
    for (int64_t i = 0; i < s->count; i++) {
        const rp_page_score *one = &s->at[i];
        if (one->label != label) continue;
        if (is_dice ? one->has_dice : one->has_hd95) {
            const double x = is_dice ? one->dice : one->hd95;
            (void)snprintf(v->words[v->n], TIP, "%.80s: %.4g%s", one->name, x,
                           is_dice ? "" : " mm");
            v->tip[v->n] = v->words[v->n];
            v->value[v->n++] = x;
        } else if (strcmp(one->state, "both empty") == 0) {
            v->undefined++;
        } else {
            v->infinite++;
        }
    }
    if (v->undefined)
        (void)snprintf(v->note, sizeof v->note, "%" PRId64 " undefined", v->undefined);
    const size_t used = strlen(v->note);
    if (v->infinite)
        (void)snprintf(v->note + used, sizeof v->note - used, "%s%" PRId64 " infinite",
                       used ? ", " : "", v->infinite);
    return RP_OK;
}

static rp_status add_distribution(const rp_page_scores *s, bool is_dice, rp_text *t)
{
    const int labels = s->labels < LABELS_SHOWN ? s->labels : LABELS_SHOWN;
    const char *title = is_dice ? "Dice by label" : "HD95 by label";
    values list[LABELS_SHOWN];
    rp_group group[LABELS_SHOWN];
    RP_TEXT_AUTO svg = {0};
    const rp_text csv = {.at = NULL};
    int64_t n = 0;
    rp_status st = RP_OK;
    memset(list, 0, sizeof list);
    for (int k = 0; k < labels && st == RP_OK; k++) {
        st = take_values(s, k, is_dice, &list[k]);
        group[k] = (rp_group){.name = s->label[k],
                              .n = list[k].n,
                              .value = list[k].value,
                              .tip = list[k].tip,
                              .note = list[k].note};
        n += list[k].n;
    }
    if (st == RP_OK && n)
        st = rp_chart_groups(title, is_dice ? "Dice" : "HD95, mm", 0, is_dice ? 1 : 1e-9, labels,
                             group, &svg);
    if (st == RP_OK && n)
        rp_page_figure(t, &svg,
                       "A mark is a case (point at it for its name); the box spans the quartiles, "
                       "the bar is the median, boxes from 4 cases on.",
                       NULL, &csv);
    else if (st == RP_OK)
        rp_html_paragraph(t, "absent", "No test case has a finite %s.", is_dice ? "Dice" : "HD95");
    for (int k = 0; k < labels; k++) values_clear(&list[k]);
    return st;
}

/* Mean with weights; rp_weighted_fn, context the values. */
static rp_status weighted_mean(int64_t n, const double weight[], const void *context, double *value,
                               bool *defined)
{
    const double *x = context;
    double sum = 0, all = 0;
    for (int64_t i = 0; i < n; i++) {
        sum += weight[i] * x[i];
        all += weight[i];
    }
    *defined = all > 0;
    *value = all > 0 ? sum / all : 0;
    return RP_OK;
}

/* BCa interval of the mean of n values, cases drawn with replacement. */
static rp_status mean_interval(int64_t n, const double x[], double *mean, rp_interval *out)
{
    RP_AUTOFREE double *value = NULL, *without = NULL;
    RP_AUTOFREE bool *defined = NULL;
    const rp_bootstrap_plan plan = {.seed = 1, .n = n};
    rp_bootstrap_result r;
    double sum = 0;
    RP_TRY(rp_alloc(REPLICATES, sizeof *value, &value));
    RP_TRY(rp_alloc(REPLICATES, sizeof *defined, &defined));
    RP_TRY(rp_alloc(n, sizeof *without, &without));
    for (int64_t i = 0; i < n; i++) sum += x[i];
    for (int64_t i = 0; i < n; i++) without[i] = (sum - x[i]) / (double)(n - 1);
    *mean = sum / (double)n;
    RP_TRY(rp_bootstrap_run(&plan, 0, REPLICATES, weighted_mean, x, value, defined));
    RP_TRY(rp_bootstrap_interval(*mean, REPLICATES, value, defined, n, without, 0.95, &r));
    *out = r.bca;
    return RP_OK;
}

static rp_status add_interval(const rp_page_scores *s, int label, bool is_dice, rp_text *t)
{
    __attribute__((cleanup(values_clear))) values v = {0};
    rp_interval ci;
    double mean;
    RP_TRY(take_values(s, label, is_dice, &v));
    if (v.n < LEAST_CASES) return RP_OK;
    RP_TRY(mean_interval(v.n, v.value, &mean, &ci));
    rp_html_row(t);
    rp_html_cell(t, "%s", s->label[label]);
    rp_html_cell(t, is_dice ? "Dice" : "HD95, mm");
    rp_html_cell_number(t, (double)v.n, 4);
    rp_html_cell_number(t, mean, 4);
    rp_html_cell_number(t, ci.low.state == RP_VALUE_OK ? ci.low.x : NAN, 4);
    rp_html_cell_number(t, ci.high.state == RP_VALUE_OK ? ci.high.x : NAN, 4);
    rp_html_cell(t, "%s", v.note);
    rp_html_row_end(t);
    return RP_OK;
}

static rp_status add_intervals(const rp_page_scores *s, rp_text *t)
{
    static const char *const head[] = {"Label",      "Metric", "#Cases",         "#Mean",
                                       "#95 % from", "#to",    "Not in the mean"};
    RP_TEXT_AUTO rows = {0};
    for (int k = 0; k < s->labels && k < LABELS_SHOWN; k++) {
        RP_TRY(add_interval(s, k, true, &rows));
        RP_TRY(add_interval(s, k, false, &rows));
    }
    if (rows.length == 0) {
        rp_html_paragraph(t, "soft", "No intervals: they are given from %d cases with a value on.",
                          LEAST_CASES);
        return RP_OK;
    }
    RP_TRY(rp_text_status(&rows));
    rp_html_table(t, "How sure the means are", 7, head);
    rp_text_add_bytes(t, rows.length, rows.at);
    rp_html_table_end(t);
    rp_html_paragraph(t, "soft",
                      "Intervals: BCa bootstrap over cases, %d replicates, seed 1. They do not "
                      "cover the choice of training cases and of the seed.",
                      REPLICATES);
    return RP_OK;
}

/* Every case and label, in a table that opens, and as the file itself. */
static void add_rows(const rp_page_scores *s, const rp_text *file, rp_text *t)
{
    rp_text_add(t, "<p class=\"download\">Numbers behind these charts: ");
    rp_html_download(t, "metrics-cases.csv", "text/csv", file->length, rp_text_get(file),
                     "metrics-cases.csv");
    rp_text_add(t, "</p>\n<details%s><summary>All cases</summary>\n",
                s->count <= OPEN_ROWS ? " open=\"open\"" : "");
    rp_page_table(t, "", s->csv, ROWS_SHOWN);
    rp_text_add(t, "</details>\n");
}

rp_status rp_section_scores(rp_page *p, rp_text *t)
{
    RP_AUTO(rp_page_scores) s = NULL;
    RP_TEXT_AUTO file = {0};
    bool found;
    RP_TRY(rp_page_scores_read(p, &s));
    if (!s || s->count == 0) {
        rp_html_paragraph(t, "absent", "No test case was scored (%s).",
                          s ? "metrics-cases.csv has no rows" : "no metrics-cases.csv");
        return RP_OK;
    }
    RP_TRY(rp_page_text(p, "metrics-cases.csv", &file, &found));
    rp_text_add(t, "<div class=\"charts\">\n");
    RP_TRY(add_distribution(s, true, t));
    RP_TRY(add_distribution(s, false, t));
    rp_text_add(t, "</div>\n");
    if (s->labels > LABELS_SHOWN)
        rp_html_paragraph(t, "soft", "The first %d of %d labels are drawn.", LABELS_SHOWN,
                          s->labels);
    RP_TRY(add_intervals(s, t));
    add_rows(s, &file, t);
    return RP_OK;
}

/* Volumes of one label in cm3. */
typedef struct volumes {
    int64_t n;
    double *reference, *prediction, *mean, *difference;
    char (*words)[TIP];
    const char **tip;
} volumes;

static void volumes_clear(volumes *v)
{
    rp_free(v->reference);
    rp_free(v->prediction);
    rp_free(v->mean);
    rp_free(v->difference);
    rp_free(v->words);
    rp_free(v->tip);
}
#define VOLUMES_AUTO __attribute__((cleanup(volumes_clear))) volumes

static rp_status take_volumes(const rp_page_scores *s, int label, volumes *v)
{
    double **list[] = {&v->reference, &v->prediction, &v->mean, &v->difference};
    for (int k = 0; k < 4; k++) RP_TRY(rp_alloc(s->count, sizeof(double), list[k]));
    RP_TRY(rp_alloc(s->count, sizeof *v->words, &v->words));
    RP_TRY(rp_alloc(s->count, sizeof *v->tip, &v->tip));
    for (int64_t i = 0; i < s->count; i++) {
        const rp_page_score *one = &s->at[i];
        if (one->label != label) continue;
        const double r = one->reference_mm3 / 1000, q = one->prediction_mm3 / 1000;
        v->reference[v->n] = r;
        v->prediction[v->n] = q;
        v->mean[v->n] = (r + q) / 2;
        v->difference[v->n] = q - r;
        (void)snprintf(v->words[v->n], TIP, "%.60s: reference %.4g, prediction %.4g cm3", one->name,
                       r, q);
        v->tip[v->n] = v->words[v->n];
        v->n++;
    }
    return RP_OK;
}

static void put_volumes(const rp_page_scores *s, int label, const volumes *v, rp_text *csv)
{
    int64_t k = 0;
    rp_text_add(csv, "case,reference_cm3,prediction_cm3,mean_cm3,difference_cm3\n");
    for (int64_t i = 0; i < s->count; i++) {
        if (s->at[i].label != label) continue;
        rp_csv_put(csv, s->at[i].name);
        rp_csv_put_double(csv, v->reference[k]);
        rp_csv_put_double(csv, v->prediction[k]);
        rp_csv_put_double(csv, v->mean[k]);
        rp_csv_put_double(csv, v->difference[k]);
        rp_csv_end(csv);
        k++;
    }
}

/* Bland and Altman: difference against mean, with bias and limits of agreement. */
static rp_status add_difference(int label, const char *name, const volumes *v, const char *file,
                                const rp_text *csv, rp_text *t)
{
    RP_TEXT_AUTO svg = {0}, title = {0}, caption = {0};
    char words[3][60];
    rp_bland_altman b;
    rp_text_add(&title, "Difference in volume: %s", name);
    RP_TRY(rp_text_status(&title));
    if (v->n < 2) {
        rp_html_paragraph(t, "absent", "%s: one case has no limits of agreement.", name);
        return RP_OK;
    }
    RP_TRY(rp_bland_altman_find(v->n, v->prediction, v->reference, &b));
    (void)snprintf(words[0], sizeof words[0], "bias %.3g", b.bias);
    (void)snprintf(words[1], sizeof words[1], "bias - 1.95996 SD: %.3g", b.low);
    (void)snprintf(words[2], sizeof words[2], "bias + 1.95996 SD: %.3g", b.high);
    const rp_rule rule[] = {{b.bias, 0, words[0]}, {b.low, 0, words[1]}, {b.high, 0, words[2]}};
    const rp_series series = {.mark = RP_MARK_POINT,
                              .colour = label,
                              .n = v->n,
                              .x = v->mean,
                              .y = v->difference,
                              .tip = v->tip};
    const rp_chart chart = {.title = title.at,
                            .x_name = "mean of reference and prediction, cm\xC2\xB3",
                            .y_name = "prediction - reference, cm\xC2\xB3",
                            .series = 1,
                            .at = &series,
                            .rules = 3,
                            .rule = rule};
    RP_TRY(rp_chart_draw(&chart, &svg));
    rp_text_add(
        &caption,
        "Bias %.4g cm\xC2\xB3, SD %.4g, limits of agreement %.4g to %.4g cm\xC2\xB3 (n = %" PRId64
        ").",
        b.bias, b.sd, b.low, b.high, v->n);
    RP_TRY(rp_text_status(&caption));
    rp_page_figure(t, &svg, caption.at, file, csv);
    return RP_OK;
}

static rp_status add_volumes(const rp_page_scores *s, int label, rp_text *t)
{
    VOLUMES_AUTO v = {0};
    RP_TEXT_AUTO svg = {0}, csv = {0}, title = {0}, file = {0};
    RP_TRY(take_volumes(s, label, &v));
    put_volumes(s, label, &v, &csv);
    rp_text_add(&title, "Volume: %s", s->label[label]);
    rp_text_add(&file, "volumes-%s.csv", s->label[label]);
    RP_TRY(rp_text_status(&title));
    RP_TRY(rp_text_status(&file));
    RP_TRY(rp_text_status(&csv));
    const rp_rule identity = {0, 1, "equal"};
    const rp_series series = {.mark = RP_MARK_POINT,
                              .colour = label,
                              .n = v.n,
                              .x = v.reference,
                              .y = v.prediction,
                              .tip = v.tip};
    const rp_chart chart = {.title = title.at,
                            .x_name = "reference, cm\xC2\xB3",
                            .y_name = "prediction, cm\xC2\xB3",
                            .has_zero = true,
                            .is_square = true,
                            .series = 1,
                            .at = &series,
                            .rules = 1,
                            .rule = &identity};
    RP_TRY(rp_chart_draw(&chart, &svg));
    rp_page_figure(t, &svg, "A mark is a case; on the dashed line both volumes are equal.", file.at,
                   &csv);
    return add_difference(label, s->label[label], &v, file.at, &csv, t);
}

rp_status rp_section_volumes(rp_page *p, rp_text *t)
{
    RP_AUTO(rp_page_scores) s = NULL;
    RP_TRY(rp_page_scores_read(p, &s));
    if (!s || s->count == 0) {
        rp_html_paragraph(t, "absent", "There are no volumes of test cases (metrics-cases.csv).");
        return RP_OK;
    }
    rp_text_add(t, "<div class=\"charts\">\n");
    for (int k = 0; k < s->labels && k < LABELS_SHOWN; k++) RP_TRY(add_volumes(s, k, t));
    rp_text_add(t, "</div>\n");
    return RP_OK;
}
