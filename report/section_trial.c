/* report/section_trial.c - two arms of a trial: ratios of every endpoint, and the counts.
 *
 * trial.csv as 'radpipe trial --out DIR' writes it; flow.csv of participants where it is there. */
#include "report/page_priv.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ROWS_MOST = 60, TABLE_MOST = 200 };

typedef struct line {
    char name[160], numbers[80];
} line;

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

static rp_status read_effect(const rp_csv *csv, int64_t row, const int column[5], bool one_trial,
                             line *text, rp_effect *e)
{
    char number[3][40];
    double *const to[] = {&e->x, &e->low, &e->high};
    const char *trial = rp_csv_text(csv, row, column[0]);
    for (int i = 0; i < 3; i++) {
        RP_TRY(read_bound(csv, row, column[2 + i], to[i]));
        rp_text_fit(number[i], sizeof number[i], "\xE2\x88\x9E");
        if (isfinite(*to[i])) rp_html_short(*to[i], 3, number[i]);
    }
    (void)snprintf(text->name, sizeof text->name, "%.60s%s%.80s", one_trial ? "" : trial,
                   one_trial ? "" : ": ", rp_csv_text(csv, row, column[1]));
    for (char *s = text->name; *s; s++)
        if (*s == '_') *s = ' ';
    (void)snprintf(text->numbers, sizeof text->numbers, isnan(e->x) ? "no ratio" : "%s (%s to %s)",
                   number[0], number[1], number[2]);
    e->name = text->name;
    e->numbers = text->numbers;
    return RP_OK;
}

static rp_status add_forest(const rp_csv *csv, rp_text *t)
{
    static const char *const name[] = {"trial", "endpoint", "ratio", "ratio_low", "ratio_high"};
    RP_AUTOFREE line *text = NULL;
    RP_AUTOFREE rp_effect *effect = NULL;
    RP_TEXT_AUTO svg = {0};
    int column[5];
    const int64_t n = rp_csv_rows(csv) < ROWS_MOST ? rp_csv_rows(csv) : ROWS_MOST;
    bool one_trial = true, any = false;
    for (int i = 0; i < 5; i++) RP_TRY(rp_csv_column(csv, name[i], &column[i]));
    for (int64_t i = 1; i < n && one_trial; i++)
        one_trial = strcmp(rp_csv_text(csv, i, column[0]), rp_csv_text(csv, 0, column[0])) == 0;
    RP_TRY(rp_alloc(n, sizeof *text, &text));
    RP_TRY(rp_alloc(n, sizeof *effect, &effect));
    for (int64_t i = 0; i < n; i++) {
        RP_TRY(read_effect(csv, i, column, one_trial, &text[i], &effect[i]));
        any = any || (isfinite(effect[i].x) && effect[i].x > 0);
    }
    if (!any) {
        rp_html_paragraph(t, "absent", "No endpoint has a ratio that can be drawn.");
        return RP_OK;
    }
    RP_TRY(rp_chart_forest("New arm against control", "ratio of proportions (log scale)", 1, n,
                           effect, &svg));
    rp_page_figure(t, &svg,
                   n < rp_csv_rows(csv) ? "The first 60 endpoints; arrows: the interval goes on."
                                        : "Arrows: the interval goes on.",
                   NULL, NULL);
    return RP_OK;
}

rp_status rp_section_trial(rp_page *p, rp_text *t)
{
    RP_AUTO(rp_csv) csv = NULL;
    RP_AUTO(rp_csv) flow = NULL;
    RP_TEXT_AUTO whole = {0};
    bool found;
    RP_TRY(rp_page_csv(p, NULL, "trial.csv", &csv));
    RP_NEED(csv && rp_csv_rows(csv), RP_EDATA, "trial.csv has no row");
    RP_TRY(add_forest(csv, t));
    rp_page_table(t, "Counts, rates per 1000, ratios, differences per 1000, p values", csv,
                  TABLE_MOST);
    RP_TRY(rp_page_text(p, "trial.csv", &whole, &found));
    rp_text_add(t, "<p>");
    rp_html_download(t, "trial.csv", "text/csv", whole.length, rp_text_get(&whole),
                     "All numbers (CSV)");
    rp_text_add(t, "</p>\n");
    if (p->job) return RP_OK; /* flow.csv beside a run is another table */
    RP_TRY(rp_page_csv(p, NULL, "flow.csv", &flow));
    if (flow) rp_page_table(t, "Participants", flow, TABLE_MOST);
    return RP_OK;
}
