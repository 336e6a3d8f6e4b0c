/* pipeline/trial_report.c - a trial's table analysed, printed for people and written as files. */
#include "pipeline/trial_report.h"

#include "io/atomic.h"
#include "io/csv.h"
#include "pipeline/show_table.h"
#include "pipeline/trial_ranks.h"
#include "pipeline/trial_rows.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

void rp_trial_p_text(const char *cell, char out[16])
{
    double p;
    if (!rp_read_double(cell, &p))
        rp_text_fit(out, 16, "-");
    else if (p < 0.001)
        rp_text_fit(out, 16, "<0.001");
    else
        (void)snprintf(out, 16, "%.*f", p < 0.01 ? 4 : p < 0.1 ? 3 : 2, p);
}

/* A column of trial.csv by name; its header is ours. */
static const char *cell(const rp_csv *csv, int64_t row, const char *column)
{
    return rp_csv_text(csv, row, rp_csv_find(csv, column));
}

static double number(const rp_csv *csv, int64_t row, const char *column)
{
    double x;
    return rp_read_double(cell(csv, row, column), &x) ? x : HUGE_VAL;
}

/* "1.29 (1.09 to 1.51)"; "-" without an estimate. */
static void put_estimate(rp_text *t, const rp_csv *csv, int64_t row, const char *name)
{
    char low[40], high[40], text[100];
    (void)snprintf(low, sizeof low, "%s_low", name);
    (void)snprintf(high, sizeof high, "%s_high", name);
    const double x = number(csv, row, name), a = number(csv, row, low), b = number(csv, row, high);
    if (x == HUGE_VAL)
        rp_text_fit(text, sizeof text, "-");
    else if (a == HUGE_VAL || b == HUGE_VAL)
        (void)snprintf(text, sizeof text, "%.2f", x);
    else
        (void)snprintf(text, sizeof text, "%.2f (%.2f to %.2f)", x, a, b);
    rp_csv_put(t, text);
}

/* "60 / 9849 = 6.09 (4.65 to 7.84)" */
static void put_arm(rp_text *t, const rp_csv *csv, int64_t row, const char *arm)
{
    const bool is_new = arm[0] == 'n';
    const char *x = cell(csv, row, is_new ? "x1" : "x0"), *n = cell(csv, row, is_new ? "n1" : "n0");
    const double rate = number(csv, row, is_new ? "new_rate" : "control_rate"),
                 low = number(csv, row, is_new ? "new_low" : "control_low"),
                 high = number(csv, row, is_new ? "new_high" : "control_high");
    char text[120] = "";
    if (*x && rate == HUGE_VAL)
        rp_text_fit(text, sizeof text, "-");
    else if (*x && low == HUGE_VAL)
        (void)snprintf(text, sizeof text, "%.20s / %.20s = %.2f", x, n, rate);
    else if (*x)
        (void)snprintf(text, sizeof text, "%.20s / %.20s = %.2f (%.2f to %.2f)", x, n, rate, low,
                       high);
    rp_csv_put(t, text);
}

/* What people read of a row; strata stay in the file. */
static void put_row(rp_text *t, const rp_csv *csv, int64_t row)
{
    char p[16], group[140];
    const char *part = cell(csv, row, "part"), *column = cell(csv, row, "column");
    const bool sub = strcmp(part, "subgroup") == 0;
    if (strcmp(part, "stratum") == 0) return;
    rp_csv_put(t, strcmp(part, "all") == 0 ? cell(csv, row, "endpoint") : "");
    (void)snprintf(group, sizeof group, "%s%s%.60s", sub ? column : part, *column ? " " : "",
                   sub ? cell(csv, row, "level") : column);
    rp_csv_put(t, group);
    rp_csv_put(t, strcmp(cell(csv, row, "per"), "1") == 0 ? "" : cell(csv, row, "per"));
    put_arm(t, csv, row, "new");
    put_arm(t, csv, row, "control");
    put_estimate(t, csv, row, "ratio");
    put_estimate(t, csv, row, "difference");
    rp_trial_p_text(cell(csv, row, "p"), p);
    rp_csv_put(t, p);
    rp_csv_end(t);
}

static rp_status show_rows(const rp_text *rows)
{
    RP_AUTO(rp_csv) csv = NULL;
    RP_TEXT_AUTO t = {0};
    RP_TRY(rp_csv_parse("trial.csv", ',', rows->length, rp_text_get(rows), &csv));
    rp_text_add(&t, "endpoint,group,per,new,control,ratio,difference,p\n");
    for (int64_t r = 0; r < rp_csv_rows(csv); r++) put_row(&t, csv, r);
    RP_TRY(rp_text_status(&t));
    return rp_show_csv(t.length, rp_text_get(&t), -1);
}

/* "0.0021", "12 (3, 4)": the flow and the order of tests as they stand, p made short. */
static rp_status show_plain(const char *title, const rp_text *csv, int digits)
{
    (void)printf("\n%s\n", title);
    return rp_show_csv(csv->length, rp_text_get(csv), digits);
}

static void show_head(const rp_trial_request *r, const rp_trial_plan *p)
{
    if (p->title[0]) (void)printf("%s\n", p->title);
    if (r->sap)
        (void)printf("plan '%s'%s%s%s%s, SHA-256 %s\n", r->sap, p->version[0] ? ", version " : "",
                     p->version, p->date[0] ? ", dated " : "", p->date, p->sha256);
    else
        (void)printf("no analysis plan: what follows is descriptive\n");
    if (r->blind_seed >= 0)
        (void)printf("BLINDED: arms are permuted (seed %" PRId64 "), no number is a result\n",
                     r->blind_seed);
    (void)printf("\n");
}

static void show_notes(const rp_trial_plan *p, const rp_trial_work *w)
{
    const double level = 100 * rp_trial_plan_level(p);
    (void)printf("\npopulation %s; %g %% intervals", p->population, level);
    if (w->is_clustered)
        (void)printf("; %" PRId64 " examinations of %" PRId64
                     " clusters (%s): intervals and p are robust (shares Korn-Graubard; CR1 of "
                     "log ratio and difference)",
                     w->table.all_rows, w->table.all_clusters, w->cluster);
    else
        (void)printf("; shares Clopper-Pearson, ratio %s, difference %s, p %s", p->methods.ratio,
                     p->methods.difference, p->methods.test);
    (void)printf(
        "\nmissing outcomes: %s; interval cancers within %g months; readings: robust errors\n",
        p->missing, p->window);
    (void)printf(
        "sensitivity: screen-detected of screen-detected and interval cancers; specificity: not "
        "recalled of those without either\n");
    if (w->few_clusters)
        (void)printf(
            "WARNING: rows of fewer than %d clusters (method robust-CR1-t in the files): t with "
            "G - 1 degrees of freedom; their errors may still be too small\n",
            RP_CLUSTERS_FEW);
    if (w->table.bad_rows > 0)
        (void)printf("WARNING: %" PRId64 " malformed rows left out, the first: %s\n",
                     w->table.bad_rows, w->table.first_bad);
}

static rp_status write_files(const rp_trial_request *r, const rp_trial_plan *p, const rp_text *rows,
                             const rp_text *clusters, const rp_text *tests, const rp_text *flow)
{
    RP_TEXT_AUTO script = {0};
    RP_TRY(rp_trial_table_script(rp_trial_plan_level(p), &script));
    RP_TRY(rp_path_make_folder(r->out));
    RP_TRY(rp_atomic_publish(r->out, "trial.csv", rows));
    RP_TRY(rp_atomic_publish(r->out, "clusters.csv", clusters));
    RP_TRY(rp_atomic_publish(r->out, "tests.csv", tests));
    RP_TRY(rp_atomic_publish(r->out, "flow.csv", flow));
    return rp_atomic_publish(r->out, "trial.R", &script);
}

static rp_status report(const rp_trial_request *r, const rp_trial_plan *p, rp_trial_work *w)
{
    RP_TEXT_AUTO rows = {0}, clusters = {0}, tests = {0}, flow = {0};
    RP_TRY(rp_trial_rows(w, &rows, &clusters));
    RP_TRY(rp_trial_tests(w, &tests));
    RP_TRY(rp_trial_flow(w, &flow));
    if (!rp_ranks_speak()) return RP_OK;
    if (r->out) RP_TRY(write_files(r, p, &rows, &clusters, &tests, &flow));
    show_head(r, p);
    RP_TRY(show_rows(&rows));
    if (p->primary[0] || p->order.count > 0)
        RP_TRY(show_plain(
            "tests in the plan's order, each only if those before it were met:", &tests, 4));
    RP_TRY(show_plain("participants:", &flow, -1));
    show_notes(p, w);
    return RP_OK;
}

rp_status rp_trial_table_report(const rp_trial_request *r)
{
    RP_AUTOFREE rp_trial_plan *p = NULL;
    rp_trial_work w;
    RP_TRY(rp_ranks_agree(rp_alloc(1, sizeof *p, &p)));
    RP_TRY(rp_ranks_agree(rp_trial_plan_read(r->sap, r->sets, r->set, p)));
    rp_status st = rp_trial_work_open(r->table, p, r->skip_bad, r->blind_seed, &w);
    if (st == RP_OK) st = report(r, p, &w);
    rp_trial_work_clear(&w);
    return st;
}
