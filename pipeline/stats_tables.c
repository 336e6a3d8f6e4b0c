/* pipeline/stats_tables.c - radpipe stats on plain tables: reading columns, printing rows. */
#include "lib/stats/multiplicity.h"
#include "lib/stats/paired.h"
#include "pipeline/stats_request.h"
#include "pipeline/verb.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Columns that name things: text there stands for itself. */
static const char *const labels[] = {"id", "case", "reader", "test", "cluster", "group", "site"};

void rp_stats_header(const char *keys, rp_text *out)
{
    rp_text_add(out, "%s%sname,value,state\n", keys, keys[0] ? "," : "");
}

void rp_stats_put(int keys, const char *const key[], const rp_rows *rows, rp_text *out)
{
    for (int64_t i = 0; i < rows->count; i++) {
        const rp_value *v = &rows->at[i].value;
        for (int k = 0; k < keys; k++) rp_csv_put(out, key[k]);
        rp_csv_put(out, rows->at[i].name);
        rp_csv_put_double(out, v->state == RP_VALUE_OK ? v->x : INFINITY);
        if (v->state == RP_VALUE_UNDEFINED) {
            char state[160];
            (void)snprintf(state, sizeof state, "undefined: %s", v->reason);
            rp_csv_put(out, state);
        } else {
            rp_csv_put(out, v->state == RP_VALUE_OK ? "ok" : v->x > 0 ? "infinite" : "-infinite");
        }
        rp_csv_end(out);
    }
}

/* A CSV as columns of numbers, rows in order. */
typedef struct table {
    const rp_csv *csv;
    int64_t rows, left_out;
    int count;
    bool *keep;        /* [rows of the file] */
    const char **name; /* [count] */
    double **value;    /* [count] */
} table;

static bool is_label(const char *name)
{
    for (size_t k = 0; k < sizeof labels / sizeof *labels; k++)
        if (strcmp(labels[k], name) == 0) return true;
    return false;
}

static bool is_numeric(const rp_csv *csv, int64_t row, int column)
{
    double x;
    return rp_read_double(rp_csv_text(csv, row, column), &x);
}

static int natural(const void *a, const void *b)
{
    return rp_text_compare_natural(*(const char *const *)a, *(const char *const *)b);
}

/* Codes 0, 1, ... of texts in natural order. */
static rp_status code_texts(const table *t, int column, double out[])
{
    RP_AUTOFREE const char **sorted = NULL;
    int64_t n = 0, distinct = 0;
    RP_TRY(rp_alloc(t->rows, sizeof *sorted, &sorted));
    for (int64_t i = 0; i < rp_csv_rows(t->csv); i++)
        if (t->keep[i]) sorted[n++] = rp_csv_text(t->csv, i, column);
    if (n == 0) return RP_OK;
    qsort(sorted, (size_t)n, sizeof *sorted, natural);
    for (int64_t i = 0; i < n; i++)
        if (i == 0 || strcmp(sorted[i], sorted[distinct - 1]) != 0) sorted[distinct++] = sorted[i];
    n = 0;
    for (int64_t i = 0; i < rp_csv_rows(t->csv); i++) {
        if (!t->keep[i]) continue;
        const char *text = rp_csv_text(t->csv, i, column);
        out[n++] = (double)((const char **)bsearch(&text, sorted, (size_t)distinct, sizeof *sorted,
                                                   natural) -
                            sorted);
    }
    return RP_OK;
}

/* Is a column one of numbers?  Labels only if all cells are; others if any is: then the rest are
 * malformed, not text. */
static bool holds_numbers(const rp_csv *csv, int column)
{
    int64_t numbers = 0;
    for (int64_t i = 0; i < rp_csv_rows(csv); i++) numbers += is_numeric(csv, i, column);
    return is_label(rp_csv_name(csv, column)) ? numbers == rp_csv_rows(csv) : numbers > 0;
}

/* Marks rows with a malformed number in a column of numbers, or refuses the first. */
static rp_status check_rows(table *t, int column, bool leave_out)
{
    for (int64_t i = 0; i < rp_csv_rows(t->csv); i++) {
        double x;
        if (is_numeric(t->csv, i, column)) continue;
        if (!leave_out) RP_TRY(rp_csv_double(t->csv, i, column, &x));
        t->left_out += t->keep[i];
        t->keep[i] = false;
    }
    return RP_OK;
}

static rp_status fill(table *t, bool leave_out)
{
    const int64_t all = rp_csv_rows(t->csv);
    const int columns = rp_csv_columns(t->csv);
    RP_TRY(rp_alloc(all, sizeof *t->keep, &t->keep));
    RP_TRY(rp_alloc(columns, sizeof *t->name, &t->name));
    RP_TRY(rp_alloc(columns, sizeof *t->value, &t->value));
    for (int64_t i = 0; i < all; i++) t->keep[i] = true;
    for (int c = 0; c < columns; c++)
        if (holds_numbers(t->csv, c)) RP_TRY(check_rows(t, c, leave_out));
    t->rows = all - t->left_out;
    for (int c = 0; c < columns; c++) {
        const bool numbers = holds_numbers(t->csv, c);
        if (!numbers && !is_label(rp_csv_name(t->csv, c))) continue;
        double *x = NULL;
        RP_TRY(rp_alloc(t->rows, sizeof *x, &x));
        t->name[t->count] = rp_csv_name(t->csv, c);
        t->value[t->count++] = x;
        int64_t n = 0;
        for (int64_t i = 0; numbers && i < all; i++)
            if (t->keep[i]) RP_TRY(rp_csv_double(t->csv, i, c, &x[n++]));
        if (!numbers) RP_TRY(code_texts(t, c, x));
    }
    return RP_OK;
}

static void clear(table *t)
{
    for (int c = 0; c < t->count; c++) rp_free(t->value[c]);
    rp_free(t->value);
    rp_free(t->name);
    rp_free(t->keep);
}

typedef rp_status family_fn(const rp_columns *t, const rp_family_options *o, rp_rows *out);

static rp_status run(const rp_stats_request *q, family_fn *family, rp_text *out)
{
    RP_NEED(q->input, RP_EUSE, "stats: give the table with --input");
    RP_AUTO(rp_csv) csv = NULL;
    RP_ROWS_AUTO rows = {0};
    RP_TRY(rp_csv_read(q->input, ',', &csv));
    table t = {.csv = csv};
    rp_status st = fill(&t, q->leave_out);
    if (st == RP_OK) {
        const rp_columns columns = {t.rows, t.count, t.name, (const double *const *)t.value};
        st = family(&columns, &q->options, &rows);
        if (st != RP_OK) (void)rp_error_within(st, "%s", q->input);
    }
    if (q->leave_out) rp_rows_put(&rows, (double)t.left_out, "rows_left_out");
    clear(&t);
    RP_TRY(st);
    RP_TRY(rp_rows_status(&rows));
    rp_stats_header("", out);
    rp_stats_put(0, NULL, &rows, out);
    return RP_OK;
}

rp_status rp_stats_classification(const rp_stats_request *q, rp_text *out)
{
    return run(q, rp_family_classification, out);
}

rp_status rp_stats_mrmc(const rp_stats_request *q, rp_text *out)
{
    return run(q, rp_family_mrmc, out);
}

rp_status rp_stats_survival(const rp_stats_request *q, rp_text *out)
{
    return run(q, rp_family_survival, out);
}

rp_status rp_stats_agreement(const rp_stats_request *q, rp_text *out)
{
    return run(q, rp_family_agreement, out);
}

/* Counts of pairs, a row a trial and endpoint. */
static rp_status count_pairs(const rp_stats_request *q, double margin, const rp_csv *csv,
                             rp_text *out)
{
    static const char *const name[] = {"both", "only_new", "only_standard", "neither"};
    int trial, endpoint, column[4];
    RP_TRY(rp_csv_column(csv, "trial", &trial));
    RP_TRY(rp_csv_column(csv, "endpoint", &endpoint));
    for (int k = 0; k < 4; k++) RP_TRY(rp_csv_column(csv, name[k], &column[k]));
    rp_stats_header("trial,endpoint", out);
    for (int64_t i = 0; i < rp_csv_rows(csv); i++) {
        RP_ROWS_AUTO rows = {0};
        rp_pairs c;
        int64_t *const to[] = {&c.both, &c.only_new, &c.only_standard, &c.neither};
        const char *const key[] = {rp_csv_text(csv, i, trial), rp_csv_text(csv, i, endpoint)};
        for (int k = 0; k < 4; k++) {
            RP_TRY(rp_csv_int(csv, i, column[k], to[k]));
            RP_NEED(*to[k] >= 0, RP_EDATA, "%s:%" PRId64 ": column '%s': a count below 0", q->input,
                    rp_csv_line(csv, i), name[k]);
        }
        RP_NEED(c.both + c.only_new + c.only_standard + c.neither > 0, RP_EDATA,
                "%s:%" PRId64 ": no pair", q->input, rp_csv_line(csv, i));
        RP_TRY(rp_family_pairs(&c, "", margin, &rows));
        rp_stats_put(2, key, &rows, out);
    }
    return RP_OK;
}

rp_status rp_stats_paired(const rp_stats_request *q, rp_text *out)
{
    RP_NEED(q->input, RP_EUSE, "stats paired: give the table with --input");
    RP_AUTO(rp_csv) csv = NULL;
    rp_stats_request own = *q;
    const char *margin = q->plan[RP_PLAN_MARGIN];
    if (margin) RP_TRY(rp_option_number("--margin", margin, 1e-9, 0.999999, &own.options.margin));
    RP_TRY(rp_csv_read(q->input, ',', &csv));
    if (rp_csv_find(csv, "both") >= 0) return count_pairs(q, own.options.margin, csv, out);
    return run(&own, rp_family_paired, out);
}

rp_status rp_stats_permutation(const rp_stats_request *q, rp_text *out)
{
    return run(q, rp_family_permutation, out);
}

static rp_status adjust_all(int64_t n, const char *const test[], const double p[], rp_text *out)
{
    static const char *const name[] = {"bonferroni", "holm", "hochberg", "BH", "BY"};
    enum { METHODS = sizeof name / sizeof *name };
    RP_AUTOFREE double *adjusted = NULL;
    RP_TRY(rp_alloc_raw(METHODS * n, sizeof *adjusted, &adjusted));
    for (int m = 0; m < METHODS; m++) RP_TRY(rp_adjust((rp_adjustment)m, n, p, adjusted + m * n));
    for (int64_t i = 0; i < n; i++) {
        RP_ROWS_AUTO rows = {0};
        rp_rows_put(&rows, p[i], "p");
        for (int m = 0; m < METHODS; m++) rp_rows_put(&rows, adjusted[m * n + i], "%s", name[m]);
        RP_TRY(rp_rows_status(&rows));
        rp_stats_put(1, &test[i], &rows, out);
    }
    return RP_OK;
}

rp_status rp_stats_multiplicity(const rp_stats_request *q, rp_text *out)
{
    RP_NEED(q->input, RP_EUSE, "stats multiplicity: give the table with --input");
    RP_AUTO(rp_csv) csv = NULL;
    RP_AUTOFREE double *p = NULL;
    RP_AUTOFREE const char **test = NULL;
    int name, value;
    int64_t n = 0;
    RP_TRY(rp_csv_read(q->input, ',', &csv));
    RP_TRY(rp_csv_column(csv, "name", &name));
    RP_TRY(rp_csv_column(csv, "p", &value));
    RP_TRY(rp_alloc_raw(rp_csv_rows(csv), sizeof *p, &p));
    RP_TRY(rp_alloc_raw(rp_csv_rows(csv), sizeof *test, &test));
    for (int64_t i = 0; i < rp_csv_rows(csv); i++) {
        const char *cell = rp_csv_text(csv, i, value);
        double x;
        const bool fine = rp_read_double(cell, &x) && x >= 0 && x <= 1;
        RP_NEED(fine || q->leave_out, RP_EDATA, "%s:%" PRId64 ": '%.60s' is no p value", q->input,
                rp_csv_line(csv, i), cell);
        if (!fine) continue;
        test[n] = rp_csv_text(csv, i, name);
        p[n++] = x;
    }
    rp_stats_header("test", out);
    RP_TRY(adjust_all(n, test, p, out));
    if (!q->leave_out) return RP_OK;
    RP_ROWS_AUTO rows = {0};
    rp_rows_put(&rows, (double)(rp_csv_rows(csv) - n), "rows_left_out");
    rp_stats_put(1, (const char *const[]){"all"}, &rows, out);
    return rp_rows_status(&rows);
}

/* One row of counts: columns x1, n1, x0, n0 or x, n. */
static rp_status add_trial(const char *path, const rp_csv *csv, int64_t row, bool two,
                           const int column[4], rp_rows *out)
{
    int64_t x[4] = {0};
    for (int k = 0; k < (two ? 4 : 2); k++) RP_TRY(rp_csv_int(csv, row, column[k], &x[k]));
    RP_TRY_IN(two ? rp_family_two_arm(x[0], x[1], x[2], x[3], out)
                  : rp_family_one_arm(x[0], x[1], out),
              "%s:%" PRId64, path, rp_csv_line(csv, row));
    return RP_OK;
}

rp_status rp_stats_trials(const rp_stats_request *q, rp_text *out)
{
    static const char *const names[2][4] = {{"x", "n", NULL, NULL}, {"x1", "n1", "x0", "n0"}};
    RP_NEED(q->input, RP_EUSE, "stats trials: give the table with --input");
    RP_AUTO(rp_csv) csv = NULL;
    int column[4] = {0}, trial, endpoint;
    RP_TRY(rp_csv_read(q->input, ',', &csv));
    const bool two = rp_csv_find(csv, "x1") >= 0;
    for (int k = 0; k < 4 && names[two][k]; k++)
        RP_TRY(rp_csv_column(csv, names[two][k], &column[k]));
    RP_TRY(rp_csv_column(csv, "trial", &trial));
    RP_TRY(rp_csv_column(csv, two ? "endpoint" : "quantity", &endpoint));
    rp_stats_header("trial,endpoint", out);
    for (int64_t i = 0; i < rp_csv_rows(csv); i++) {
        RP_ROWS_AUTO rows = {0};
        const char *const key[] = {rp_csv_text(csv, i, trial), rp_csv_text(csv, i, endpoint)};
        RP_TRY(add_trial(q->input, csv, i, two, column, &rows));
        rp_stats_put(2, key, &rows, out);
    }
    return RP_OK;
}
