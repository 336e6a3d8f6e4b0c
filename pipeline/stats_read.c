/* pipeline/stats_read.c - plain tables as columns of numbers. */
#include "pipeline/stats_read.h"

#include "io/csv_stream.h"

#include <inttypes.h>
#include <string.h>

/* Columns that name things: text there stands for itself. */
static const char *const labels[] = {"id", "case", "reader", "test", "cluster", "group", "site"};

static bool is_label(const char *name)
{
    for (size_t k = 0; k < sizeof labels / sizeof *labels; k++)
        if (strcmp(labels[k], name) == 0) return true;
    return false;
}

typedef enum kind { LEFT_OUT, NUMBERS, TEXTS } kind;

typedef struct reader {
    const char *path;
    bool skip_bad;
    rp_stats_table *t;
    int columns, by;
    int64_t rows, *numbers; /* well-formed rows; [columns] cells that are numbers */
    kind *kind;             /* [columns] */
    int *place;             /* [columns] among those kept */
    rp_codes *codes;        /* [columns] of texts */
} reader;

/* A failure of a row is passed over and counted, or ends the walk. */
static rp_status bad_row(const reader *r, const rp_csv_stream *s, rp_status st, bool counts)
{
    if (st != RP_EDATA || !r->skip_bad || !rp_csv_stream_is_whole(s)) return st;
    if (counts && r->t->bad_rows++ == 0)
        rp_text_fit(r->t->first_bad, sizeof r->t->first_bad, rp_error_message());
    return RP_OK;
}

static rp_status start(reader *r, const rp_csv_stream *s, const char *by)
{
    r->columns = rp_csv_stream_columns(s);
    r->by = by ? rp_csv_stream_find(s, by) : -1;
    RP_NEED(!by || r->by >= 0, RP_EDATA, "%s:1: no column '%s' to group by", r->path, by);
    RP_TRY(rp_alloc(r->columns, sizeof *r->numbers, &r->numbers));
    RP_TRY(rp_alloc(r->columns, sizeof *r->kind, &r->kind));
    RP_TRY(rp_alloc(r->columns, sizeof *r->place, &r->place));
    return rp_alloc(r->columns, sizeof *r->codes, &r->codes);
}

/* First time through: what the columns are. */
static rp_status look(reader *r, const char *by)
{
    RP_AUTO(rp_csv_stream) s = NULL;
    double x;
    RP_TRY(rp_csv_stream_open(r->path, ',', &s));
    RP_TRY(start(r, s, by));
    for (bool more = true; more;) {
        const rp_status st = rp_csv_stream_next(s, &more);
        if (st != RP_OK) {
            RP_TRY(bad_row(r, s, st, false));
            more = true;
            continue;
        }
        for (int c = 0; more && c < r->columns; c++)
            r->numbers[c] += rp_read_double(rp_csv_stream_cell(s, c), &x);
        r->rows += more;
    }
    for (int c = 0; c < r->columns; c++) {
        const bool label = is_label(rp_csv_stream_name(s, c));
        r->kind[c] = (label ? r->numbers[c] == r->rows : r->numbers[c] > 0) ? NUMBERS
                     : label                                                ? TEXTS
                                                                            : LEFT_OUT;
    }
    return RP_OK;
}

/* Room for the columns that stay. */
static rp_status make_room(reader *r, const rp_csv_stream *s)
{
    rp_stats_table *t = r->t;
    RP_TRY(rp_alloc(r->columns, sizeof *t->name, &t->name));
    RP_TRY(rp_alloc(r->columns, sizeof *t->value, &t->value));
    for (int c = 0; c < r->columns; c++) {
        if (r->kind[c] == LEFT_OUT) continue;
        r->place[c] = t->count;
        RP_TRY(rp_copy_text(rp_csv_stream_name(s, c), &t->name[t->count++]));
        RP_TRY(rp_alloc_raw(r->rows, sizeof(double), &t->value[r->place[c]]));
    }
    return RP_OK;
}

static rp_status take_row(reader *r, const rp_csv_stream *s)
{
    rp_stats_table *t = r->t;
    int32_t code;
    for (int c = 0; c < r->columns; c++) {
        const char *cell = rp_csv_stream_cell(s, c);
        double x;
        if (r->kind[c] != NUMBERS) continue;
        RP_NEED(rp_read_double(cell, &x), RP_EDATA,
                "%s:%" PRId64 ": column '%s': '%.60s' is no number", r->path, rp_csv_stream_line(s),
                rp_csv_stream_name(s, c), cell);
        t->value[r->place[c]][t->rows] = x;
    }
    for (int c = 0; c < r->columns; c++) {
        if (r->kind[c] != TEXTS) continue;
        RP_TRY(rp_codes_put(&r->codes[c], rp_csv_stream_cell(s, c), &code));
        t->value[r->place[c]][t->rows] = code;
    }
    if (r->by >= 0) RP_TRY(rp_groups_add(&t->groups, rp_csv_stream_cell(s, r->by)));
    t->rows++;
    return RP_OK;
}

/* Second time: the numbers. */
static rp_status take(reader *r)
{
    RP_AUTO(rp_csv_stream) s = NULL;
    RP_TRY(rp_csv_stream_open(r->path, ',', &s));
    RP_TRY(make_room(r, s));
    for (bool more = true; more;) {
        rp_status st = rp_csv_stream_next(s, &more);
        RP_NEED(st != RP_OK || !more || r->t->rows < r->rows, RP_EDATA,
                "%s: changed while it was read", r->path);
        if (st == RP_OK && more) st = take_row(r, s);
        if (st == RP_OK) continue;
        RP_TRY(bad_row(r, s, st, true));
        more = true;
    }
    return RP_OK;
}

/* Codes in natural order of their texts. */
static rp_status settle(reader *r)
{
    rp_stats_table *t = r->t;
    for (int c = 0; c < r->columns; c++) {
        RP_AUTOFREE int32_t *rank = NULL;
        if (r->kind[c] != TEXTS) continue;
        double *x = t->value[r->place[c]];
        RP_TRY(rp_alloc(r->codes[c].count, sizeof *rank, &rank));
        RP_TRY(rp_codes_order(&r->codes[c], rank));
        for (int64_t i = 0; i < t->rows; i++) x[i] = rank[(int32_t)x[i]];
    }
    return r->by < 0 ? RP_OK : rp_groups_settle(&t->groups);
}

rp_status rp_stats_table_read(const char *path, bool skip_bad, const char *by, rp_stats_table *out)
{
    reader r = {.path = path, .skip_bad = skip_bad, .t = out, .by = -1};
    rp_status st = look(&r, by);
    if (st == RP_OK) st = take(&r);
    if (st == RP_OK) st = settle(&r);
    for (int c = 0; r.codes && c < r.columns; c++) rp_codes_clear(&r.codes[c]);
    rp_free(r.codes);
    rp_free(r.numbers);
    rp_free(r.kind);
    rp_free(r.place);
    return st;
}

void rp_stats_table_clear(rp_stats_table *t)
{
    for (int c = 0; c < t->count; c++) {
        rp_free(t->name[c]);
        rp_free(t->value[c]);
    }
    rp_free((void *)t->name);
    rp_free((void *)t->value);
    rp_groups_clear(&t->groups);
    *t = (rp_stats_table){0};
}

rp_columns rp_stats_table_columns(const rp_stats_table *t)
{
    return (rp_columns){t->rows, t->count, (const char *const *)t->name,
                        (const double *const *)t->value};
}
