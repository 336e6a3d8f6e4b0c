/* report/section_curves.c - how training went: loss, rate, scores of the validate cases, seconds.
 */
#include "report/page_priv.h"

#include "lib/base/order.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A chart has at most this many places; longer tables are drawn as means of equal runs of rows. */
enum { PLACES = 500 };

typedef struct curve {
    int64_t n, run;                         /* places; rows in one */
    double *x, *mean, *low, *high, *smooth; /* [n] */
} curve;

static void curve_clear(curve *c)
{
    rp_free(c->x);
    rp_free(c->mean);
    rp_free(c->low);
    rp_free(c->high);
    rp_free(c->smooth);
}
#define CURVE_AUTO __attribute__((cleanup(curve_clear))) curve

/* Mean over up to `half` places to either side. */
static void smooth(int64_t n, const double y[], int64_t half, double out[])
{
    for (int64_t i = 0; i < n; i++) {
        const int64_t first = i > half ? i - half : 0, last = i + half < n ? i + half : n - 1;
        double sum = 0;
        for (int64_t j = first; j <= last; j++) sum += y[j];
        out[i] = sum / (double)(last - first + 1);
    }
}

static rp_status make_curve(int64_t rows, const double x[], const double y[], curve *c)
{
    c->run = (rows + PLACES - 1) / PLACES;
    c->n = (rows + c->run - 1) / c->run;
    double **list[] = {&c->x, &c->mean, &c->low, &c->high, &c->smooth};
    for (int k = 0; k < 5; k++) RP_TRY(rp_alloc(c->n, sizeof(double), list[k]));
    for (int64_t i = 0; i < c->n; i++) {
        const int64_t first = i * c->run, count = rows - first < c->run ? rows - first : c->run;
        double sum_x = 0, sum = 0;
        c->low[i] = c->high[i] = y[first];
        for (int64_t j = first; j < first + count; j++) {
            sum_x += x[j];
            sum += y[j];
            c->low[i] = fmin(c->low[i], y[j]);
            c->high[i] = fmax(c->high[i], y[j]);
        }
        c->x[i] = sum_x / (double)count;
        c->mean[i] = sum / (double)count;
    }
    smooth(c->n, c->mean, c->n / 60, c->smooth);
    return RP_OK;
}

static void put_curve(rp_text *csv, const curve *c, const char *name)
{
    rp_text_add(csv,
                c->run > 1 ? "iteration,%s_mean,%s_min,%s_max,%s_smoothed\n"
                           : "iteration,%s,%s_smoothed\n",
                name, name, name, name);
    for (int64_t i = 0; i < c->n; i++) {
        rp_csv_put_double(csv, c->x[i]);
        rp_csv_put_double(csv, c->mean[i]);
        if (c->run > 1) {
            rp_csv_put_double(csv, c->low[i]);
            rp_csv_put_double(csv, c->high[i]);
        }
        rp_csv_put_double(csv, c->smooth[i]);
        rp_csv_end(csv);
    }
}

/* One column of progress.csv over the iterations. */
static rp_status add_column(const rp_csv *progress, const char *column, const char *title,
                            const char *y_name, bool has_zero, bool is_plain, rp_text *t)
{
    RP_AUTOFREE double *x = NULL, *y = NULL;
    CURVE_AUTO c = {0};
    RP_TEXT_AUTO svg = {0}, csv = {0}, file = {0}, caption = {0};
    RP_TRY(rp_page_numbers(progress, "iteration", &x));
    RP_TRY(rp_page_numbers(progress, column, &y));
    RP_TRY(make_curve(rp_csv_rows(progress), x, y, &c));
    const int64_t half = c.n / 60;
    const bool is_one =
        is_plain || (c.run == 1 && half == 0); /* few iterations: nothing is smoothed */
    const rp_series list[] = {
        {.name = c.run > 1 ? "lowest to highest" : "each iteration",
         .mark = c.run > 1 ? RP_MARK_BAND : RP_MARK_FAINT,
         .n = c.n,
         .x = c.x,
         .y = c.run > 1 ? c.low : c.mean,
         .high = c.high},
        {.name = "smoothed", .mark = RP_MARK_LINE, .n = c.n, .x = c.x, .y = c.smooth}};
    const rp_series plain = {.mark = RP_MARK_LINE, .n = c.n, .x = c.x, .y = c.mean};
    const rp_chart chart = {.title = title,
                            .x_name = "iteration",
                            .y_name = y_name,
                            .has_zero = has_zero,
                            .is_whole_x = true,
                            .series = is_one ? 1 : 2,
                            .at = is_one ? &plain : list};
    RP_TRY(rp_chart_draw(&chart, &svg));
    put_curve(&csv, &c, column);
    rp_text_add(&file, "%s.csv", column);
    if (!is_one && half > 0)
        rp_text_add(&caption,
                    "Smoothed: mean over the %" PRId64 " iterations around, fewer at the ends. ",
                    (2 * half + 1) * c.run);
    if (c.run > 1)
        rp_text_add(&caption,
                    "Each place of the chart stands for %" PRId64
                    " iterations; progress.csv has every one. ",
                    c.run);
    RP_TRY(rp_text_status(&caption));
    RP_TRY(rp_text_status(&csv));
    RP_TRY(rp_text_status(&file));
    rp_page_figure(t, &svg, rp_text_get(&caption), file.at, &csv);
    return RP_OK;
}

/* Mean Dice of a label at each iteration that scored it: x, y [n], cases [n]. */
typedef struct trend {
    const char *label;
    int64_t n;
    double *x, *y, *cases;
} trend;

static void trend_clear(trend *s)
{
    rp_free(s->x);
    rp_free(s->y);
    rp_free(s->cases);
}

/* Rows of one label; they stand in order of iterations. */
static rp_status make_trend(const rp_csv *csv, const char *label, trend *s)
{
    int iteration, labels, dice;
    RP_TRY(rp_csv_column(csv, "iteration", &iteration));
    RP_TRY(rp_csv_column(csv, "label", &labels));
    RP_TRY(rp_csv_column(csv, "dice", &dice));
    const int64_t rows = rp_csv_rows(csv);
    RP_TRY(rp_alloc(rows, sizeof(double), &s->x));
    RP_TRY(rp_alloc(rows, sizeof(double), &s->y));
    RP_TRY(rp_alloc(rows, sizeof(double), &s->cases));
    s->label = label;
    for (int64_t i = 0; i < rows; i++) {
        double at, x;
        if (strcmp(rp_csv_text(csv, i, labels), label) != 0 || !rp_csv_text(csv, i, dice)[0])
            continue;
        RP_TRY(rp_csv_double(csv, i, iteration, &at));
        RP_TRY(rp_csv_double(csv, i, dice, &x));
        if (s->n == 0 || s->x[s->n - 1] != at) s->x[s->n++] = at;
        s->y[s->n - 1] += x;
        s->cases[s->n - 1]++;
    }
    for (int64_t i = 0; i < s->n; i++) s->y[i] /= s->cases[i];
    return RP_OK;
}

static rp_status draw_trends(int labels, const trend list[], rp_text *t)
{
    enum { SERIES = 16 };
    rp_series series[SERIES];
    RP_TEXT_AUTO svg = {0}, csv = {0}, none = {0};
    int n = 0;
    rp_text_add(&csv, "iteration,label,mean_dice,cases\n");
    for (int k = 0; k < labels; k++) {
        if (list[k].n == 0) continue;
        if (n < SERIES)
            series[n] = (rp_series){.name = list[k].label,
                                    .mark = RP_MARK_LINE_POINT,
                                    .colour = n,
                                    .n = list[k].n,
                                    .x = list[k].x,
                                    .y = list[k].y};
        n += n < SERIES;
        for (int64_t i = 0; i < list[k].n; i++) {
            rp_csv_put_double(&csv, list[k].x[i]);
            rp_csv_put(&csv, list[k].label);
            rp_csv_put_double(&csv, list[k].y[i]);
            rp_csv_put_double(&csv, list[k].cases[i]);
            rp_csv_end(&csv);
        }
    }
    RP_TRY(rp_text_status(&csv));
    for (int k = 0; k < labels; k++)
        if (list[k].n == 0) rp_text_add(&none, "%s%s", none.length ? ", " : "", list[k].label);
    RP_TRY(rp_text_status(&none));
    if (none.length)
        rp_html_paragraph(t, "absent", "No validate case has a defined Dice (validation.csv): %s.",
                          none.at);
    if (n == 0) return RP_OK;
    const rp_chart chart = {.title = "Dice of the validate cases",
                            .x_name = "iteration",
                            .y_name = "mean Dice",
                            .has_zero = true,
                            .y_most = 1,
                            .is_whole_x = true,
                            .series = n,
                            .at = series};
    RP_TRY(rp_chart_draw(&chart, &svg));
    rp_page_figure(t, &svg,
                   labels > SERIES ? "Mean over the cases with a defined Dice; the first 16 labels."
                                   : "Mean over the cases with a defined Dice.",
                   "validation.csv", &csv);
    return RP_OK;
}

static rp_status add_validation(const rp_csv *csv, rp_text *t)
{
    enum { LABELS = 255 };
    int column, labels = 0;
    RP_AUTOFREE trend *list = NULL;
    RP_TRY(rp_csv_column(csv, "label", &column));
    RP_TRY(rp_alloc(LABELS, sizeof *list, &list));
    rp_status st = RP_OK;
    for (int64_t i = 0; i < rp_csv_rows(csv) && labels < LABELS && st == RP_OK; i++) {
        bool known = false;
        for (int k = 0; k < labels && !known; k++)
            known = strcmp(list[k].label, rp_csv_text(csv, i, column)) == 0;
        if (!known) st = make_trend(csv, rp_csv_text(csv, i, column), &list[labels++]);
    }
    if (st == RP_OK) st = draw_trends(labels, list, t);
    for (int k = 0; k < labels; k++) trend_clear(&list[k]);
    return st;
}

rp_status rp_section_curves(rp_page *p, rp_text *t)
{
    RP_AUTO(rp_csv) progress = NULL;
    RP_AUTO(rp_csv) validation = NULL;
    RP_TRY(rp_page_csv(p, NULL, "progress.csv", &progress));
    RP_TRY(rp_page_csv(p, NULL, "validation.csv", &validation));
    rp_text_add(t, "<div class=\"charts\">\n");
    if (progress && rp_csv_rows(progress)) {
        RP_TRY(add_column(progress, "loss", "Training loss", "loss", false, false, t));
        if (validation && rp_csv_rows(validation)) RP_TRY(add_validation(validation, t));
        RP_TRY(add_column(progress, "rate", "Learning rate", "learning rate", true, true, t));
        RP_TRY(add_column(progress, "gradient_norm", "Size of the gradient, before clipping",
                          "norm", true, false, t));
    }
    rp_text_add(t, "</div>\n");
    if (!progress || !rp_csv_rows(progress))
        rp_html_paragraph(t, "absent", "The run has not begun to train (no rows in progress.csv).");
    if (!validation || !rp_csv_rows(validation))
        rp_html_paragraph(t, "absent", "No validate case was scored (no rows in validation.csv).");
    return RP_OK;
}

static rp_status add_times(const rp_csv *progress, rp_text *t)
{
    static const struct {
        const char *column, *name;
    } row[] = {{"seconds", "Iteration, s"},
               {"wait_s", "of it: waiting for samples, s"},
               {"samples_per_s", "Samples a second"}};
    static const char *const head[] = {"", "#Median", "#5th percentile", "#95th percentile",
                                       "#Sum"};
    const int64_t n = rp_csv_rows(progress);
    rp_html_table(t, "Times of the training iterations (progress.csv)", 5, head);
    for (int k = 0; k < 3; k++) {
        RP_AUTOFREE double *x = NULL;
        double sum = 0;
        RP_TRY(rp_page_numbers(progress, row[k].column, &x));
        for (int64_t i = 0; i < n; i++) sum += x[i];
        qsort(x, (size_t)n, sizeof *x, rp_ascending);
        rp_html_row(t);
        rp_html_cell(t, "%s", row[k].name);
        rp_html_cell_number(t, rp_quantile_sorted(n, x, 0.5), 4);
        rp_html_cell_number(t, rp_quantile_sorted(n, x, 0.05), 4);
        rp_html_cell_number(t, rp_quantile_sorted(n, x, 0.95), 4);
        rp_html_cell_number(t, k < 2 ? sum : NAN, 4);
        rp_html_row_end(t);
    }
    rp_html_table_end(t);
    return RP_OK;
}

/* Time of an event of a log; "" if the line has none. */
static rp_status event_time(int64_t n, const char *line, char out[40])
{
    RP_AUTO(rp_tree) tree = NULL;
    RP_TRY(rp_tree_json("log/00000.jsonl", n, line, &tree));
    const rp_node *time = rp_node_get(rp_tree_root(tree), "time");
    rp_text_fit(out, 40, time && time->kind == RP_NODE_SCALAR ? time->text : "");
    return RP_OK;
}

/* From the first to the last whole line of rank 0's log: a resumed run spans all its starts. */
static rp_status add_span(const rp_page *p, rp_text *t)
{
    RP_TEXT_AUTO log = {0};
    char first[40], last[40];
    bool found;
    RP_TRY(rp_page_text(p, "log/00000.jsonl", &log, &found));
    const char *begin = rp_text_get(&log), *end = strrchr(begin, '\n'), *line = begin;
    if (!end) {
        rp_html_paragraph(t, "absent", "Rank 0 has no log: when the run was is not known.");
        return RP_OK;
    }
    for (const char *s = begin; s < end; s++)
        if (*s == '\n') line = s + 1;
    RP_TRY(event_time((int64_t)strcspn(begin, "\n"), begin, first));
    RP_TRY(event_time(end - line, line, last));
    rp_html_paragraph(t, "", "First event of rank 0's log: %s; last event: %s.", first, last);
    return RP_OK;
}

rp_status rp_section_timings(rp_page *p, rp_text *t)
{
    RP_AUTO(rp_csv) progress = NULL;
    RP_TRY(rp_page_csv(p, NULL, "progress.csv", &progress));
    RP_TRY(add_span(p, t));
    if (!progress || !rp_csv_rows(progress)) {
        rp_html_paragraph(t, "absent", "No iteration was timed (no rows in progress.csv).");
        return RP_OK;
    }
    RP_TRY(add_times(progress, t));
    rp_text_add(t, "<div class=\"charts\">\n");
    RP_TRY(add_column(progress, "seconds", "Time of an iteration", "seconds", true, false, t));
    RP_TRY(add_column(progress, "wait_s", "Waiting for samples in an iteration", "seconds", true,
                      false, t));
    rp_text_add(t, "</div>\n");
    return RP_OK;
}
