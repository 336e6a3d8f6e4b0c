/* pipeline/trial_counts.c - two arms of a trial from counts alone. */
#include "io/atomic.h"
#include "io/csv.h"
#include "io/csv_stream.h"
#include "lib/stats/two_arm.h"
#include "pipeline/show_table.h"
#include "pipeline/trial_line.h"
#include "pipeline/trial_ranks.h"
#include "pipeline/trial_report.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* p of H0 that the ratio reaches the margin; a margin below 1 looks from the other side, arms and
 * margin inverted. */
static rp_status noninferior(const rp_trial_request *a, const rp_counts *c, rp_text *row)
{
    double z, p;
    const rp_counts turned = {c->x0, c->n0, c->x1, c->n1};
    if (a->margin > 1)
        RP_TRY(rp_ratio_noninferior(c, a->margin, &z, &p));
    else
        RP_TRY(rp_ratio_noninferior(&turned, 1 / a->margin, &z, &p));
    rp_csv_put_double(row, p);
    return RP_OK;
}

static rp_status add_row(const rp_trial_request *a, const char *trial, const char *endpoint,
                         const rp_counts *c, rp_text *out)
{
    rp_interval ratio, difference, share1, share0;
    rp_two_arm_p p;
    RP_TRY(rp_trial_ratio_interval(a->method, c, a->level, &ratio));
    RP_TRY(rp_trial_shares(c, a->level, &share1, &share0));
    RP_TRY(rp_difference_newcombe(c, a->level, &difference));
    RP_TRY(rp_two_arm_test(c, &p));
    rp_csv_put(out, trial);
    rp_csv_put(out, endpoint);
    const int64_t count[] = {c->x1, c->n1, c->x0, c->n0};
    for (int i = 0; i < 4; i++) rp_csv_put_int(out, count[i]);
    rp_csv_put_double(out, 1000 * (double)c->x1 / (double)c->n1);
    rp_trial_value_put(out, share1.low, 1000);
    rp_trial_value_put(out, share1.high, 1000);
    rp_csv_put_double(out, 1000 * (double)c->x0 / (double)c->n0);
    rp_trial_value_put(out, share0.low, 1000);
    rp_trial_value_put(out, share0.high, 1000);
    rp_trial_value_put(out, rp_two_arm_ratio(c), 1);
    rp_trial_value_put(out, ratio.low, 1);
    rp_trial_value_put(out, ratio.high, 1);
    rp_csv_put_double(out, 1000 * ((double)c->x1 / (double)c->n1 - (double)c->x0 / (double)c->n0));
    rp_trial_value_put(out, difference.low, 1000);
    rp_trial_value_put(out, difference.high, 1000);
    rp_csv_put_double(out, p.fisher);
    if (a->margin > 0) RP_TRY(noninferior(a, c, out));
    rp_csv_end(out);
    return rp_text_status(out);
}

/* What stands where in the table of counts. */
typedef struct source {
    const char *path;
    rp_csv_stream *csv;
    int trial, endpoint, count[4];
} source;

static rp_status find_columns(source *s)
{
    static const char *const name[] = {"x1", "n1", "x0", "n0"};
    RP_TRY(rp_csv_stream_column(s->csv, "trial", &s->trial));
    RP_TRY(rp_csv_stream_column(s->csv, "endpoint", &s->endpoint));
    for (int i = 0; i < 4; i++) RP_TRY(rp_csv_stream_column(s->csv, name[i], &s->count[i]));
    return RP_OK;
}

static rp_status read_row(const rp_trial_request *a, const source *s, rp_text *out)
{
    rp_counts c = {0};
    int64_t *const to[] = {&c.x1, &c.n1, &c.x0, &c.n0}, line = rp_csv_stream_line(s->csv);
    for (int i = 0; i < 4; i++) {
        const char *cell = rp_csv_stream_cell(s->csv, s->count[i]);
        RP_NEED(rp_read_int(cell, to[i]), RP_EDATA,
                "%s:%" PRId64 ": column '%s': '%.60s' is no whole number", s->path, line,
                rp_csv_stream_name(s->csv, s->count[i]), cell);
    }
    RP_NEED(c.x1 >= 0 && c.x1 <= c.n1 && c.x0 >= 0 && c.x0 <= c.n0 && c.n1 > 0 && c.n0 > 0,
            RP_EDATA, "%s:%" PRId64 ": counts must be 0 <= x <= n, n > 0", s->path, line);
    RP_TRY_IN(add_row(a, rp_csv_stream_cell(s->csv, s->trial),
                      rp_csv_stream_cell(s->csv, s->endpoint), &c, out),
              "%s:%" PRId64, s->path, line);
    return RP_OK;
}

/* Malformed rows that are left out, and what was wrong with the first. */
typedef struct left_out {
    int64_t rows;
    char first[240];
} left_out;

static rp_status read_rows(const rp_trial_request *a, const source *s, rp_text *out, left_out *bad)
{
    int64_t rows = 0;
    for (bool more = true; more;) {
        RP_TEXT_AUTO row = {0}; /* a row that fails leaves nothing behind */
        rp_status st = rp_csv_stream_next(s->csv, &more);
        if (st == RP_OK && more) st = read_row(a, s, &row);
        if (st == RP_OK) {
            rp_text_add_bytes(out, row.length, row.at);
            rows += more;
            continue;
        }
        if (st != RP_EDATA || !a->skip_bad || !rp_csv_stream_is_whole(s->csv)) RP_TRY(st);
        if (bad->rows++ == 0) rp_text_fit(bad->first, sizeof bad->first, rp_error_message());
        more = true;
    }
    RP_NEED(rows > 0 || bad->rows == 0, RP_EDATA,
            "%s: no row is left of %" PRId64 ", all malformed; the first: %s", a->counts, bad->rows,
            bad->first);
    return RP_OK;
}

static rp_status read_counts(const rp_trial_request *a, rp_text *out, left_out *bad)
{
    RP_AUTO(rp_csv_stream) csv = NULL;
    RP_TRY(rp_csv_stream_open(a->counts, ',', &csv));
    source s = {.path = a->counts, .csv = csv};
    RP_TRY(find_columns(&s));
    rp_text_add(out,
                "trial,endpoint,x1,n1,x0,n0,new_per_1000,new_low,new_high,control_per_1000,control_"
                "low,control_high,ratio,ratio_low,ratio_high,"
                "difference_per_1000,difference_low,difference_high,fisher_p%s\n",
                a->margin > 0 ? ",noninferiority_p" : "");
    RP_TRY(read_rows(a, &s, out, bad));
    return rp_text_status(out);
}

rp_status rp_trial_counts(const rp_trial_request *r)
{
    RP_TEXT_AUTO table = {0}, script = {0};
    left_out bad = {0};
    RP_TRY(read_counts(r, &table, &bad));
    if (!rp_ranks_speak()) return RP_OK;
    if (r->out) {
        RP_TRY(rp_trial_counts_script(r->level, &script));
        RP_TRY(rp_path_make_folder(r->out));
        RP_TRY(rp_atomic_publish(r->out, "trial.csv", &table));
        RP_TRY(rp_atomic_publish(r->out, "trial.R", &script));
    }
    RP_TRY(rp_show_csv(table.length, rp_text_get(&table), 3));
    (void)printf("\nratio: %s, %g %% interval; difference: Newcombe; p: Fisher, two-sided; rates a "
                 "1000, Clopper-Pearson\n",
                 r->method, 100 * r->level);
    if (bad.rows > 0)
        (void)printf("WARNING: %" PRId64 " malformed rows left out, the first: %s\n", bad.rows,
                     bad.first);
    return RP_OK;
}
