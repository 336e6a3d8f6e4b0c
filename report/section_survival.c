/* report/section_survival.c - time until an event: Kaplan-Meier curves by group, numbers at risk.
 *
 * survival.csv as 'radpipe stats survival' takes it: time, event, and, where there are, group or
 * risk.  Without groups, risk makes three of equal size. */
#include "report/page_priv.h"

#include "lib/base/order.h"
#include "lib/stats/concordance.h"
#include "lib/stats/km.h"
#include "lib/stats/logrank.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GROUPS = 8, PLACES = 800, MARKS = 6 };

typedef struct study {
    int64_t n;
    double *time, *event, *risk, *group; /* [n]; risk NULL: none; group: 0, 1, ... */
    int groups;
    char name[GROUPS][80];
    double last; /* latest time */
} study;

static void study_clear(study *s)
{
    rp_free(s->time);
    rp_free(s->event);
    rp_free(s->risk);
    rp_free(s->group);
}

/* Groups as the table names them, in order of their first row. */
static rp_status named_groups(const rp_csv *csv, int column, study *s)
{
    for (int64_t i = 0; i < s->n; i++) {
        const char *name = rp_csv_text(csv, i, column);
        int g = 0;
        while (g < s->groups && strncmp(s->name[g], name, sizeof s->name[g] - 1) != 0) g++;
        RP_NEED(g < GROUPS, RP_EDATA, "survival.csv has more than %d groups", GROUPS);
        if (g == s->groups) rp_text_fit(s->name[s->groups++], sizeof s->name[0], name);
        s->group[i] = g;
    }
    return RP_OK;
}

/* Thirds of the risk (quantiles linear between order statistics); a tie goes to the lower group. */
static rp_status risk_groups(study *s)
{
    static const char *const name[] = {"low risk", "medium risk", "high risk"};
    RP_AUTOFREE double *sorted = NULL;
    RP_TRY(rp_alloc(s->n, sizeof *sorted, &sorted));
    memcpy(sorted, s->risk, (size_t)s->n * sizeof *sorted);
    qsort(sorted, (size_t)s->n, sizeof *sorted, rp_ascending);
    const double low = rp_quantile_sorted(s->n, sorted, 1.0 / 3),
                 high = rp_quantile_sorted(s->n, sorted, 2.0 / 3);
    int64_t members[3] = {0};
    int number[3];
    for (int64_t i = 0; i < s->n; i++) members[(s->risk[i] > low) + (s->risk[i] > high)]++;
    for (int g = 0; g < 3; g++) { /* ties may leave a third empty */
        number[g] = s->groups;
        if (members[g]) rp_text_fit(s->name[s->groups++], sizeof s->name[g], name[g]);
    }
    for (int64_t i = 0; i < s->n; i++)
        s->group[i] = number[(s->risk[i] > low) + (s->risk[i] > high)];
    return RP_OK;
}

static rp_status read_study(const rp_csv *csv, study *s)
{
    s->n = rp_csv_rows(csv);
    RP_TRY(rp_page_numbers(csv, "time", &s->time));
    RP_TRY(rp_page_numbers(csv, "event", &s->event));
    RP_TRY(rp_alloc(s->n, sizeof *s->group, &s->group));
    for (int64_t i = 0; i < s->n; i++) s->last = fmax(s->last, s->time[i]);
    if (rp_csv_find(csv, "risk") >= 0) RP_TRY(rp_page_numbers(csv, "risk", &s->risk));
    const int column = rp_csv_find(csv, "group");
    if (column >= 0) return named_groups(csv, column, s);
    if (s->risk) return risk_groups(s);
    s->groups = 1;
    rp_text_fit(s->name[0], sizeof s->name[0], "all");
    return RP_OK;
}

/* One group's curve, as steps. */
typedef struct curve {
    rp_km *km;
    double *members; /* times, then events: lent to lives */
    rp_lives *lives;
    int64_t subjects, events, n; /* n: places of the drawing */
    double *x, *y, *band_x, *low, *high;
    int64_t band;
} curve;

static void curve_clear(curve *c)
{
    rp_km_drop(&c->km);
    rp_lives_drop(&c->lives);
    double *const list[] = {c->members, c->x, c->y, c->band_x, c->low, c->high};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) rp_free(list[i]);
}

static rp_status fit(const study *s, int g, curve *c)
{
    RP_TRY(rp_alloc(2 * s->n, sizeof *c->members, &c->members));
    double *time = c->members, *event = c->members + s->n;
    for (int64_t i = 0; i < s->n; i++) {
        if (s->group[i] != g) continue;
        time[c->subjects] = s->time[i];
        event[c->subjects++] = s->event[i];
        c->events += s->event[i] > 0;
    }
    RP_TRY(rp_lives_new(c->subjects, time, event, &c->lives));
    return rp_km_new(c->lives, RP_KM_EVENTS, &c->km);
}

/* Where the curve falls, as two places each; of very many falls every k-th, and the last. */
static rp_status make_steps(curve *c)
{
    const rp_km *km = c->km;
    const int64_t step = (km->points + PLACES - 1) / PLACES, most = 2 * PLACES + 8;
    double **list[] = {&c->x, &c->y, &c->band_x, &c->low, &c->high};
    for (int i = 0; i < 5; i++) RP_TRY(rp_alloc(most, sizeof(double), list[i]));
    double surv = 1, low = 1, high = 1;
    c->x[c->n] = c->band_x[c->band] = 0;
    c->low[c->band] = c->high[c->band] = c->y[c->n++] = 1;
    c->band++;
    for (int64_t at = 0; at < km->points + step - 1; at += step) {
        const int64_t i = at < km->points ? at : km->points - 1;
        const rp_km_point p = rp_km_read(km, km->time[i]);
        c->x[c->n] = km->time[i];
        c->y[c->n++] = surv;
        surv = km->surv[i];
        c->x[c->n] = km->time[i];
        c->y[c->n++] = surv;
        c->band_x[c->band] = km->time[i];
        c->low[c->band] = low;
        c->high[c->band++] = high;
        if (p.loglog.low.state == RP_VALUE_OK && p.loglog.high.state == RP_VALUE_OK) {
            low = p.loglog.low.x;
            high = p.loglog.high.x;
        }
        c->band_x[c->band] = km->time[i];
        c->low[c->band] = low;
        c->high[c->band++] = high;
    }
    return RP_OK;
}

static void put_curve(rp_text *csv, const char *name, const rp_km *km)
{
    for (int64_t i = 0; i < km->points; i++) {
        const rp_km_point p = rp_km_read(km, km->time[i]);
        rp_csv_put(csv, name);
        rp_csv_put_double(csv, km->time[i]);
        rp_csv_put_double(csv, km->at_risk[i]);
        rp_csv_put_double(csv, km->ended[i]);
        rp_csv_put_double(csv, km->surv[i]);
        const rp_value bound[] = {p.loglog.low, p.loglog.high};
        for (int k = 0; k < 2; k++)
            rp_csv_put_double(csv, bound[k].state == RP_VALUE_OK ? bound[k].x : NAN);
        rp_csv_end(csv);
    }
}

static rp_status draw(const study *s, const curve list[], rp_text *t)
{
    rp_series series[2 * GROUPS];
    RP_TEXT_AUTO svg = {0}, csv = {0};
    int n = 0;
    rp_text_add(&csv, "group,time,at_risk,events,survival,low,high\n");
    for (int g = 0; g < s->groups; g++) {
        const curve *c = &list[g];
        const rp_series band = {.mark = RP_MARK_BAND,
                                .colour = g,
                                .n = c->band,
                                .x = c->band_x,
                                .y = c->low,
                                .high = c->high};
        const rp_series line = {
            .name = s->name[g], .mark = RP_MARK_LINE, .colour = g, .n = c->n, .x = c->x, .y = c->y};
        if (s->groups <= 3) series[n++] = band;
        series[n++] = line;
        put_curve(&csv, s->name[g], c->km);
    }
    const rp_chart chart = {.title = "Survival by group (Kaplan-Meier)",
                            .x_name = "time, in the table's unit",
                            .y_name = "share without event",
                            .has_zero = true,
                            .y_most = 1,
                            .series = n,
                            .at = series};
    RP_TRY(rp_chart_draw(&chart, &svg));
    RP_TRY(rp_text_status(&csv));
    rp_page_figure(t, &svg,
                   s->groups <= 3 ? "Bands: 95 % intervals, log-log, at each time by itself."
                                  : "Intervals stand in the numbers.",
                   "kaplan-meier.csv", &csv);
    return RP_OK;
}

static int64_t at_risk(const curve *c, double time)
{
    int64_t n = 0;
    for (int64_t i = 0; i < c->subjects; i++) n += c->members[i] >= time;
    return n;
}

/* Subjects at risk at times over the whole range, events, and the median with its interval. */
static rp_status add_table(const study *s, const curve list[], rp_text *t)
{
    char mark[MARKS][64];
    const char *head[4 + MARKS] = {"Group", "#Subjects", "#Events", "Median time (95 %)"};
    for (int k = 0; k < MARKS; k++) {
        char number[40];
        rp_html_short(s->last * k / MARKS, 3, number);
        (void)snprintf(mark[k], sizeof mark[k], "#At risk, %s", number);
        head[4 + k] = mark[k];
    }
    rp_html_table(t, "Subjects at risk", 4 + MARKS, head);
    for (int g = 0; g < s->groups; g++) {
        rp_km_median m;
        RP_TRY(rp_km_find_median(list[g].km, &m));
        rp_html_row(t);
        rp_html_cell(t, "%s", s->name[g]);
        rp_html_cell_number(t, (double)list[g].subjects, 7);
        rp_html_cell_number(t, (double)list[g].events, 7);
        char text[3][40];
        const rp_value value[] = {m.median, m.low, m.high};
        for (int i = 0; i < 3; i++) {
            rp_text_fit(text[i], sizeof text[i], "not reached");
            if (value[i].state == RP_VALUE_OK) rp_html_short(value[i].x, 3, text[i]);
        }
        rp_html_cell(t, "%s (%s to %s)", text[0], text[1], text[2]);
        for (int k = 0; k < MARKS; k++)
            rp_html_cell_number(t, (double)at_risk(&list[g], s->last * k / MARKS), 7);
        rp_html_row_end(t);
    }
    rp_html_table_end(t);
    return RP_OK;
}

/* Tests that the groups and the risk allow, in a line each. */
static rp_status add_tests(const study *s, rp_text *t)
{
    if (s->groups > 1) {
        rp_logrank r;
        RP_TRY(rp_logrank_test(s->n, s->time, s->event, s->group, NULL, 0, &r));
        if (r.p.state == RP_VALUE_OK) {
            char p[40], chisq[40];
            rp_html_short(r.p.x, 2, p);
            rp_html_short(r.chisq.x, 4, chisq);
            rp_html_paragraph(t, "",
                              "Log-rank test: chi-squared %s on %d degrees of freedom, p %s%s.",
                              chisq, r.df, r.p.x < 1e-4 ? "< " : "= ", r.p.x < 1e-4 ? "0.0001" : p);
        }
    }
    if (!s->risk) return RP_OK;
    RP_AUTO(rp_lives) lives = NULL;
    rp_concordance c;
    RP_TRY(rp_lives_new(s->n, s->time, s->event, &lives));
    RP_TRY(rp_concordance_find(lives, s->risk, NULL, true, &c));
    if (c.c.state != RP_VALUE_OK || c.se.state != RP_VALUE_OK) return RP_OK;
    rp_html_paragraph(t, "", "Harrell's C of the risk: %.3f (95 %% %.3f to %.3f).", c.c.x,
                      c.c.x - 1.959963984540054 * c.se.x, c.c.x + 1.959963984540054 * c.se.x);
    return RP_OK;
}

static rp_status add_all(const rp_csv *csv, study *s, curve list[GROUPS], rp_text *t)
{
    RP_TRY(read_study(csv, s));
    int64_t events = 0;
    for (int64_t i = 0; i < s->n; i++) events += s->event[i] > 0;
    for (int g = 0; g < s->groups; g++) {
        RP_TRY(fit(s, g, &list[g]));
        RP_TRY(make_steps(&list[g]));
    }
    rp_html_paragraph(t, "", "%" PRId64 " subjects, %" PRId64 " events%s.", s->n, events,
                      s->groups == 3 && strcmp(s->name[0], "low risk") == 0
                          ? "; groups are thirds of the risk"
                          : "");
    rp_text_add(t, "<div class=\"charts\">\n");
    RP_TRY(draw(s, list, t));
    rp_text_add(t, "</div>\n");
    RP_TRY(add_table(s, list, t));
    return add_tests(s, t);
}

rp_status rp_section_survival(rp_page *p, rp_text *t)
{
    RP_AUTO(rp_csv) csv = NULL;
    study s = {0};
    curve list[GROUPS] = {0};
    RP_TRY(rp_page_csv(p, NULL, "survival.csv", &csv));
    RP_NEED(csv && rp_csv_rows(csv), RP_EDATA, "survival.csv has no row");
    const rp_status st = add_all(csv, &s, list, t);
    for (int g = 0; g < GROUPS; g++) curve_clear(&list[g]);
    study_clear(&s);
    return st;
}
