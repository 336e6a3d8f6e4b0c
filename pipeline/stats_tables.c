/* pipeline/stats_tables.c - radpipe stats on plain tables: reading columns, printing rows. */
#include "io/csv_stream.h"
#include "lib/stats/multiplicity.h"
#include "lib/stats/paired.h"
#include "pipeline/stats_read.h"
#include "pipeline/stats_request.h"
#include "pipeline/trial_ranks.h"
#include "pipeline/verb.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

rp_status rp_stats_csv(const rp_stats_request *q, const char *path, int64_t *left_out, rp_csv **out)
{
    int64_t bad = 0;
    RP_TRY(q->skip_bad ? rp_csv_read_fit(path, ',', &bad, out) : rp_csv_read(path, ',', out));
    *left_out += bad;
    return RP_OK;
}

void rp_stats_header(const char *by, const char *keys, rp_text *out)
{
    if (by) rp_csv_put(out, by);
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

typedef rp_status family_fn(const rp_columns *t, const rp_family_options *o, rp_rows *out);

/* One run of the family over some rows; keys: none, or the group. */
static rp_status run_columns(const rp_stats_request *q, family_fn *family,
                             const rp_columns *columns, const rp_stats_table *t, int keys,
                             const char *const key[], bool is_part, rp_text *out)
{
    RP_ROWS_AUTO rows = {0};
    char why[160];
    const rp_status st = family(columns, &q->options, &rows);
    if ((st == RP_EDATA || st == RP_EARG || st == RP_ENUM) &&
        is_part) { /* a group may be too small for what the whole allows */
        (void)snprintf(why, sizeof why, "%.150s", rp_error_message());
        rp_rows_clear(&rows);
        rp_rows_put(&rows, (double)columns->rows, "rows");
        rp_rows_add(&rows, rp_value_undefined(why), "%s", "not_computed");
    } else if (st != RP_OK) {
        (void)rp_error_within(st, "%s", q->input);
        return st;
    }
    if (q->skip_bad && !is_part) rp_rows_put(&rows, (double)t->bad_rows, "rows_left_out");
    RP_TRY(rp_rows_status(&rows));
    rp_stats_put(keys, key, &rows, out);
    return RP_OK;
}

/* The rows of one group, column by column. */
static rp_status run_group(const rp_stats_request *q, family_fn *family, const rp_stats_table *t,
                           int32_t group, double *scratch, double **value, rp_text *out)
{
    int64_t n = 0;
    for (int c = 0; c < t->count; c++) {
        value[c] = scratch + c * t->rows;
        n = 0;
        for (int64_t i = 0; i < t->rows; i++)
            if (t->groups.of[i] == group) value[c][n++] = t->value[c][i];
    }
    const rp_columns part = {n, t->count, (const char *const *)t->name,
                             (const double *const *)value};
    const char *const key[] = {rp_groups_name(&t->groups, group)};
    return run_columns(q, family, &part, t, 1, key, true, out);
}

static rp_status run_table(const rp_stats_request *q, family_fn *family, const rp_stats_table *t,
                           rp_text *out)
{
    RP_AUTOFREE double *scratch = NULL;
    RP_AUTOFREE double **value = NULL;
    const rp_columns columns = rp_stats_table_columns(t);
    const char *const all[] = {"all"};
    rp_stats_header(q->by, "", out);
    RP_TRY(run_columns(q, family, &columns, t, q->by ? 1 : 0, all, false, out));
    if (!q->by) return RP_OK;
    RP_TRY(rp_alloc_raw(t->count * t->rows, sizeof *scratch, &scratch));
    RP_TRY(rp_alloc(t->count, sizeof *value, &value));
    for (int32_t k = 0; k < t->groups.count; k++)
        RP_TRY(run_group(q, family, t, k, scratch, value, out));
    return RP_OK;
}

static rp_status run(const rp_stats_request *q, family_fn *family, rp_text *out)
{
    RP_NEED(q->input, RP_EUSE, "stats: give the table with --input");
    rp_stats_table t = {0};
    rp_status st = rp_ranks_agree(rp_stats_table_read(q->input, q->skip_bad, q->by, &t));
    if (st == RP_OK) st = run_table(q, family, &t, out);
    rp_stats_table_clear(&t);
    return st;
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
static rp_status count_pairs(const rp_stats_request *q, double margin, rp_text *out)
{
    RP_AUTO(rp_csv) csv = NULL;
    static const char *const name[] = {"both", "only_new", "only_standard", "neither"};
    int trial, endpoint, column[4];
    RP_NEED(!q->by && !q->skip_bad, RP_EUSE,
            "stats paired: --by and --bad-rows skip are for rows of cases, not of counts");
    RP_TRY(rp_csv_read(q->input, ',', &csv));
    RP_TRY(rp_csv_column(csv, "trial", &trial));
    RP_TRY(rp_csv_column(csv, "endpoint", &endpoint));
    for (int k = 0; k < 4; k++) RP_TRY(rp_csv_column(csv, name[k], &column[k]));
    rp_stats_header(NULL, "trial,endpoint", out);
    for (int64_t i = 0; i < rp_csv_rows(csv); i++) {
        RP_ROWS_AUTO rows = {0};
        rp_pairs c = {0};
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
    RP_AUTO(rp_csv_stream) header = NULL;
    rp_stats_request own = *q;
    const char *margin = q->plan[RP_PLAN_MARGIN];
    if (margin) RP_TRY(rp_option_number("--margin", margin, 1e-9, 0.999999, &own.options.margin));
    RP_TRY(rp_csv_stream_open(q->input, ',', &header));
    if (rp_csv_stream_find(header, "both") >= 0) return count_pairs(q, own.options.margin, out);
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
    int64_t n = 0, bad = 0;
    RP_TRY(rp_stats_csv(q, q->input, &bad, &csv));
    RP_TRY(rp_csv_column(csv, "name", &name));
    RP_TRY(rp_csv_column(csv, "p", &value));
    RP_TRY(rp_alloc_raw(rp_csv_rows(csv), sizeof *p, &p));
    RP_TRY(rp_alloc_raw(rp_csv_rows(csv), sizeof *test, &test));
    for (int64_t i = 0; i < rp_csv_rows(csv); i++) {
        const char *cell = rp_csv_text(csv, i, value);
        double x;
        const bool fine = rp_read_double(cell, &x) && x >= 0 && x <= 1;
        RP_NEED(fine || q->skip_bad, RP_EDATA, "%s:%" PRId64 ": '%.60s' is no p value", q->input,
                rp_csv_line(csv, i), cell);
        bad += !fine;
        if (!fine) continue;
        test[n] = rp_csv_text(csv, i, name);
        p[n++] = x;
    }
    rp_stats_header(NULL, "test", out);
    RP_TRY(adjust_all(n, test, p, out));
    if (!q->skip_bad) return RP_OK;
    RP_ROWS_AUTO rows = {0};
    rp_rows_put(&rows, (double)bad, "rows_left_out");
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
    int64_t bad = 0;
    RP_TRY(rp_stats_csv(q, q->input, &bad, &csv));
    const bool two = rp_csv_find(csv, "x1") >= 0;
    for (int k = 0; k < 4 && names[two][k]; k++)
        RP_TRY(rp_csv_column(csv, names[two][k], &column[k]));
    RP_TRY(rp_csv_column(csv, "trial", &trial));
    RP_TRY(rp_csv_column(csv, two ? "endpoint" : "quantity", &endpoint));
    rp_stats_header(NULL, "trial,endpoint", out);
    for (int64_t i = 0; i < rp_csv_rows(csv); i++) {
        RP_ROWS_AUTO rows = {0};
        const char *const key[] = {rp_csv_text(csv, i, trial), rp_csv_text(csv, i, endpoint)};
        const rp_status st = add_trial(q->input, csv, i, two, column, &rows);
        if (q->skip_bad && (st == RP_EDATA || st == RP_EARG)) {
            bad++;
            continue;
        }
        RP_TRY(st);
        rp_stats_put(2, key, &rows, out);
    }
    if (!q->skip_bad) return RP_OK;
    RP_ROWS_AUTO count = {0};
    rp_rows_put(&count, (double)bad, "rows_left_out");
    rp_stats_put(2, (const char *const[]){"all", "all"}, &count, out);
    return rp_rows_status(&count);
}
