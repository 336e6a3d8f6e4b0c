/* report/section_trial.c - two arms of a trial: participants, ratios of every endpoint, tests in
 * order.
 *
 * trial.csv as 'radpipe trial --out DIR' writes it, from counts or from examinations; flow.csv and
 * tests.csv of the latter. */
#include "report/page_priv.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ROWS_MOST = 60, TABLE_MOST = 300, SIDES = 24 };

typedef struct line {
    char name[160], numbers[80];
} line;

/* Columns of trial.csv that name a row; -1: not there. */
typedef struct naming {
    int trial, endpoint, part, column, level;
    bool one_trial;
} naming;

static void put_words(char *to, size_t size, const char *from)
{
    rp_text_fit(to, size, from);
    for (char *s = to; *s; s++)
        if (*s == '_' || *s == '-') *s = ' ';
}

/* "cancers detected", "MASAI 2025: recalls"; of a part of the trial what it is. */
static void name_row(const rp_csv *csv, int64_t row, const naming *n, char out[160])
{
    char endpoint[90];
    const char *part = n->part >= 0 ? rp_csv_text(csv, row, n->part) : "all";
    put_words(endpoint, sizeof endpoint, rp_csv_text(csv, row, n->endpoint));
    if (strcmp(part, "stratified") == 0)
        (void)snprintf(out, 160, "%s, stratified", endpoint);
    else if (strcmp(part, "subgroup") == 0)
        (void)snprintf(out, 160, "%s, %.30s %.30s", endpoint, rp_csv_text(csv, row, n->column),
                       rp_csv_text(csv, row, n->level));
    else if (n->trial >= 0 && !n->one_trial)
        (void)snprintf(out, 160, "%.60s: %s", rp_csv_text(csv, row, n->trial), endpoint);
    else
        (void)snprintf(out, 160, "%s", endpoint);
}

/* Subgroups have a chart of their own.  Strata are what "stratified" is made of, an interaction has
 * no ratio: neither is drawn. */
static bool is_drawn(const rp_csv *csv, int64_t row, const naming *n, bool subgroups)
{
    const char *part = n->part >= 0 ? rp_csv_text(csv, row, n->part) : "all";
    if (subgroups) return strcmp(part, "subgroup") == 0;
    return strcmp(part, "all") == 0 || strcmp(part, "stratified") == 0;
}

static rp_status read_bound(const rp_csv *csv, int64_t row, int column, double *x)
{
    const char *s = rp_csv_text(csv, row, column);
    *x = NAN;
    if (strcmp(s, "inf") == 0)
        *x = INFINITY;
    else if (s[0])
        RP_TRY(rp_csv_double(csv, row, column, x));
    return RP_OK;
}

static rp_status read_effect(const rp_csv *csv, int64_t row, const int column[3], line *text,
                             rp_effect *e)
{
    char number[3][40];
    double *const to[] = {&e->x, &e->low, &e->high};
    for (int i = 0; i < 3; i++) {
        RP_TRY(read_bound(csv, row, column[i], to[i]));
        rp_text_fit(number[i], sizeof number[i], "\xE2\x88\x9E");
        if (isfinite(*to[i])) rp_html_short(*to[i], 3, number[i]);
    }
    const bool has_interval = !isnan(e->low) && !isnan(e->high);
    if (isnan(e->x))
        rp_text_fit(text->numbers, sizeof text->numbers, "no ratio");
    else
        (void)snprintf(text->numbers, sizeof text->numbers,
                       has_interval ? "%s (%s to %s)" : "%s, no interval", number[0], number[1],
                       number[2]);
    e->name = text->name;
    e->numbers = text->numbers;
    return RP_OK;
}

static rp_status find_names(const rp_csv *csv, naming *n)
{
    *n = (naming){rp_csv_find(csv, "trial"), -1,
                  rp_csv_find(csv, "part"),  rp_csv_find(csv, "column"),
                  rp_csv_find(csv, "level"), true};
    RP_TRY(rp_csv_column(csv, "endpoint", &n->endpoint));
    for (int64_t i = 1; n->trial >= 0 && i < rp_csv_rows(csv) && n->one_trial; i++)
        n->one_trial = strcmp(rp_csv_text(csv, i, n->trial), rp_csv_text(csv, 0, n->trial)) == 0;
    return RP_OK;
}

static rp_status add_forest(const rp_csv *csv, bool subgroups, rp_text *t)
{
    static const char *const name[] = {"ratio", "ratio_low", "ratio_high"};
    RP_AUTOFREE line *text = NULL;
    RP_AUTOFREE rp_effect *effect = NULL;
    RP_TEXT_AUTO svg = {0};
    naming names;
    int column[3];
    int64_t n = 0;
    bool any = false;
    RP_TRY(find_names(csv, &names));
    for (int i = 0; i < 3; i++) RP_TRY(rp_csv_column(csv, name[i], &column[i]));
    RP_TRY(rp_alloc(ROWS_MOST, sizeof *text, &text));
    RP_TRY(rp_alloc(ROWS_MOST, sizeof *effect, &effect));
    for (int64_t i = 0; i < rp_csv_rows(csv) && n < ROWS_MOST; i++) {
        if (!is_drawn(csv, i, &names, subgroups)) continue;
        name_row(csv, i, &names, text[n].name);
        RP_TRY(read_effect(csv, i, column, &text[n], &effect[n]));
        any = any || (isfinite(effect[n].x) && effect[n].x > 0);
        n++;
    }
    if (!any && subgroups) return RP_OK;
    if (!any) {
        rp_html_paragraph(t, "absent", "No endpoint has a ratio that can be drawn.");
        return RP_OK;
    }
    RP_TRY(rp_chart_forest(subgroups ? "Subgroups" : "New arm against control", "ratio (log scale)",
                           1, n, effect, &svg));
    rp_page_figure(t, &svg,
                   n == ROWS_MOST ? "The first 60 rows; an arrow: the interval goes on."
                                  : "An arrow: the interval goes on.",
                   NULL, NULL);
    return RP_OK;
}

/* flow.csv of a trial: step, reason, new, control.  Both arms together on the way, apart at its
 * end. */
static rp_status add_flow(const rp_csv *csv, rp_text *t)
{
    int step, reason, arm[2];
    int64_t n[2], analysed[2] = {0};
    struct rp_flow_side side[SIDES];
    rp_flow_step boxes[1] = {{.name = "Randomised", .side = side}};
    RP_TEXT_AUTO svg = {0};
    RP_TRY(rp_csv_column(csv, "step", &step));
    RP_TRY(rp_csv_column(csv, "reason", &reason));
    RP_TRY(rp_csv_column(csv, "new", &arm[0]));
    RP_TRY(rp_csv_column(csv, "control", &arm[1]));
    for (int64_t i = 0; i < rp_csv_rows(csv); i++) {
        const char *what = rp_csv_text(csv, i, step), *why = rp_csv_text(csv, i, reason);
        for (int k = 0; k < 2; k++) RP_TRY(rp_csv_int(csv, i, arm[k], &n[k]));
        if (strcmp(what, "randomised") == 0)
            boxes[0].count = n[0] + n[1];
        else if (strcmp(what, "analysed") == 0) {
            if (i == 0 || strcmp(rp_csv_text(csv, i - 1, step), "analysed") != 0)
                memcpy(analysed, n, sizeof analysed);
        } else if (boxes[0].sides < SIDES)
            side[boxes[0].sides++] = (struct rp_flow_side){n[0] + n[1], why[0] ? why : what};
    }
    const rp_flow_step parts[] = {{.name = "New arm, analysed", .count = analysed[0]},
                                  {.name = "Control, analysed", .count = analysed[1]}};
    RP_TRY(rp_chart_flow("Participants", 1, boxes, 2, parts, &svg));
    rp_page_figure(t, &svg,
                   "At the right: exclusions and deviations, both arms; the population analysed "
                   "stands in the table.",
                   NULL, NULL);
    rp_page_table(t, "Participants by arm (flow.csv)", csv, TABLE_MOST);
    return RP_OK;
}

static void add_download(const char *name, const rp_text *whole, rp_text *t)
{
    rp_text_add(t, "<p>");
    rp_html_download(t, name, "text/csv", whole->length, rp_text_get(whole), "All numbers (CSV)");
    rp_text_add(t, "</p>\n");
}

rp_status rp_section_trial(rp_page *p, rp_text *t)
{
    RP_AUTO(rp_csv) csv = NULL;
    RP_AUTO(rp_csv) flow = NULL;
    RP_AUTO(rp_csv) tests = NULL;
    RP_TEXT_AUTO whole = {0};
    bool found;
    RP_TRY(rp_page_csv(p, NULL, "trial.csv", &csv));
    RP_NEED(csv && rp_csv_rows(csv), RP_EDATA, "trial.csv has no row");
    RP_TRY(rp_page_csv(p, NULL, "flow.csv", &flow));
    RP_TRY(rp_page_csv(p, NULL, "tests.csv", &tests));
    if (flow && rp_csv_find(flow, "control") >= 0) RP_TRY(add_flow(flow, t));
    if (tests && rp_csv_rows(tests))
        rp_page_table(t, "Tests in the order of the plan (tests.csv)", tests, TABLE_MOST);
    RP_TRY(add_forest(csv, false, t));
    RP_TRY(add_forest(csv, true, t));
    rp_text_add(t, "<details><summary>Counts, rates, ratios, differences, p values</summary>\n");
    rp_page_table(t, "", csv, TABLE_MOST);
    rp_text_add(t, "</details>\n");
    RP_TRY(rp_page_text(p, "trial.csv", &whole, &found));
    add_download("trial.csv", &whole, t);
    return RP_OK;
}
