/* report/section_summary.c - the run at a glance. */
#include "report/page_priv.h"

#include "io/atomic.h"
#include "lib/base/clock.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static void fact(rp_text *t, const char *value, const char *what)
{
    rp_text_add(t, "<div class=\"fact\"><b>%s</b><span>", value);
    rp_html_text(t, what);
    rp_text_add(t, "</span></div>\n");
}

static void fact_count(rp_text *t, int64_t n, const char *what)
{
    char value[32];
    (void)snprintf(value, sizeof value, "%" PRId64, n);
    fact(t, value, what);
}

static rp_status add_cases(const rp_page *p, rp_text *t)
{
    static const char *const part[] = {"train", "validate", "test"};
    static const char *const what[] = {"training cases", "validation cases", "test cases"};
    RP_AUTO(rp_csv) prepared = NULL;
    RP_AUTO(rp_csv) lost = NULL;
    if (p->r->prepared) RP_TRY(rp_page_csv(p, p->r->prepared, "prepared.csv", &prepared));
    RP_TRY(rp_page_csv(p, NULL, "lost.csv", &lost));
    if (prepared) {
        int column;
        RP_TRY(rp_csv_column(prepared, "split", &column));
        for (int k = 0; k < 3; k++) {
            int64_t n = 0;
            for (int64_t i = 0; i < rp_csv_rows(prepared); i++)
                n += strcmp(rp_csv_text(prepared, i, column), part[k]) == 0;
            fact_count(t, n, what[k]);
        }
    }
    if (lost) fact_count(t, rp_csv_rows(lost), "rows in lost.csv");
    return RP_OK;
}

static rp_status add_training(const rp_page *p, rp_text *t)
{
    RP_AUTO(rp_csv) progress = NULL;
    RP_AUTOFREE double *seconds = NULL;
    RP_TEXT_AUTO done = {0};
    char length[32];
    double wanted, all = 0;
    RP_TRY(rp_page_csv(p, NULL, "progress.csv", &progress));
    if (!progress) return RP_OK;
    RP_TRY(rp_page_numbers(progress, "seconds", &seconds));
    for (int64_t i = 0; i < rp_csv_rows(progress); i++) all += seconds[i];
    rp_text_add(&done, "iterations trained");
    if (rp_page_job_number(p, "train.iterations", &wanted)) rp_text_add(&done, ", of %.0f", wanted);
    fact_count(t, rp_csv_rows(progress), rp_text_get(&done));
    rp_clock_duration(all, length);
    fact(t, length, "training time");
    return rp_text_status(&done);
}

/* Mean Dice a label, from metrics.csv; the facts hold at most six. */
static rp_status add_dice(const rp_csv *metrics, rp_text *t)
{
    int label, metric, mean, n, shown = 0;
    RP_TRY(rp_csv_column(metrics, "label", &label));
    RP_TRY(rp_csv_column(metrics, "metric", &metric));
    RP_TRY(rp_csv_column(metrics, "mean", &mean));
    RP_TRY(rp_csv_column(metrics, "n", &n));
    for (int64_t i = 0; i < rp_csv_rows(metrics) && shown < 6; i++) {
        double x;
        char value[40], what[200];
        if (strcmp(rp_csv_text(metrics, i, metric), "dice") != 0 ||
            !rp_csv_text(metrics, i, mean)[0])
            continue;
        RP_TRY(rp_csv_double(metrics, i, mean, &x));
        (void)snprintf(value, sizeof value, "%.3f", x);
        (void)snprintf(what, sizeof what, "mean Dice, %.80s (n = %.20s)",
                       rp_csv_text(metrics, i, label), rp_csv_text(metrics, i, n));
        fact(t, value, what);
        shown++;
    }
    return RP_OK;
}

static rp_status add_job(const rp_page *p, rp_text *t)
{
    static const rp_page_key key[] = {{"task", "Task"},
                                      {"inputs", "Inputs"},
                                      {"labels", "Labels (pattern of region names)"},
                                      {"model.name", "Network"},
                                      {"cohort.path", "Cohort"},
                                      {"split", "Split"}};
    static const char *const head[2] = {"Job", ""};
    return rp_page_job_table(p, "", head, key, sizeof key / sizeof *key, t);
}

rp_status rp_section_summary(rp_page *p, rp_text *t)
{
    RP_AUTO(rp_csv) metrics = NULL;
    RP_TRY(rp_page_csv(p, NULL, "metrics.csv", &metrics));
    rp_text_add(t, "<div class=\"facts\">\n");
    RP_TRY(add_cases(p, t));
    RP_TRY(add_training(p, t));
    if (metrics) RP_TRY(add_dice(metrics, t));
    rp_text_add(t, "</div>\n");
    RP_TRY(add_job(p, t));
    if (!metrics || rp_csv_rows(metrics) == 0) {
        rp_html_paragraph(t, "absent", "There are no scores of test cases (metrics.csv): %s.",
                          metrics ? "no case was scored" : "the run has not come so far");
        return RP_OK;
    }
    rp_page_table(t, "Scores of the test cases (metrics.csv)", metrics, 200);
    rp_html_paragraph(
        t, "soft",
        "Undefined and infinite values are counted, not averaged: Dice is undefined where "
        "reference and prediction are both empty, a distance is infinite where one of them is.");
    return RP_OK;
}
