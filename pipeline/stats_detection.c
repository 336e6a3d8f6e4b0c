/* pipeline/stats_detection.c - radpipe stats detection: tables of marks, or pairs of maps. */
#include "pipeline/stats_request.h"

#include "io/nifti.h"
#include "lib/stats/froc.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Names of a column in our tables and in LUNA16's. */
static const char *const names[][2] = {
    {"scan", "seriesuid"}, {"x", "coordX"}, {"y", "coordY"}, {"z", "coordZ"}};
static const char *const size_names[2] = {"diameter_mm", "diameter_mm"};
static const char *const score_names[2] = {"score", "probability"};

/* Scans by name, ascending, each once; a scan's code is its place. */
typedef struct scan_list {
    int64_t count, capacity;
    const char **name; /* lent from the tables */
    bool is_closed;    /* a file listed them: others are left out */
    int64_t left_out;
    bool skip_bad; /* rows whose numbers are none are left out and counted, too */
    int64_t bad;
} scan_list;

/* 007 and 7 are one scan. */
static const char *plain(const char *id)
{
    const size_t n = strspn(id, "0123456789");
    if (n == 0 || id[n]) return id;
    while (id[0] == '0' && id[1]) id++;
    return id;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static rp_status add_scans(const rp_csv *csv, int column, scan_list *s)
{
    for (int64_t i = 0; i < rp_csv_rows(csv); i++) {
        RP_TRY(rp_grow(s->count + 1, sizeof *s->name, &s->capacity, &s->name));
        s->name[s->count++] = plain(rp_csv_text(csv, i, column));
    }
    return RP_OK;
}

static void sort_scans(scan_list *s)
{
    int64_t n = 0;
    if (s->count == 0) return;
    qsort(s->name, (size_t)s->count, sizeof *s->name, compare);
    for (int64_t i = 0; i < s->count; i++)
        if (i == 0 || strcmp(s->name[i], s->name[n - 1]) != 0) s->name[n++] = s->name[i];
    s->count = n;
}

static int64_t code_of(const scan_list *s, const char *id)
{
    const char *key = plain(id);
    const char *const *at =
        s->count == 0 ? NULL : bsearch(&key, s->name, (size_t)s->count, sizeof *s->name, compare);
    return at ? at - s->name : -1;
}

static rp_status find_column(const rp_csv *csv, const char *const either[2], int *column)
{
    *column = rp_csv_find(csv, either[0]);
    if (*column < 0) *column = rp_csv_find(csv, either[1]);
    return *column < 0 ? rp_csv_column(csv, either[0], column) : RP_OK;
}

/* One table: its file and its findings. */
typedef struct finding_table {
    rp_csv *csv;
    int64_t *scan;
    double *numbers; /* [4][rows] */
    rp_findings f;
} finding_table;

static void clear_table(finding_table *t)
{
    rp_csv_drop(&t->csv);
    rp_free(t->scan);
    rp_free(t->numbers);
}

static rp_status read_findings(const char *const number_names[2], scan_list *scans,
                               finding_table *t)
{
    int column[5];
    const int64_t rows = rp_csv_rows(t->csv);
    for (int k = 0; k < 4; k++) RP_TRY(find_column(t->csv, names[k], &column[k]));
    RP_TRY(find_column(t->csv, number_names, &column[4]));
    RP_TRY(rp_alloc(rows, sizeof *t->scan, &t->scan));
    RP_TRY(rp_alloc(4 * rows, sizeof *t->numbers, &t->numbers));
    int64_t n = 0;
    for (int64_t i = 0; i < rows; i++) {
        t->scan[n] = code_of(scans, rp_csv_text(t->csv, i, column[0]));
        if (t->scan[n] < 0) {
            scans->left_out++;
            continue;
        }
        rp_status st = RP_OK;
        for (int k = 0; k < 4 && st == RP_OK; k++)
            st = rp_csv_double(t->csv, i, column[k + 1], &t->numbers[k * rows + n]);
        if (st == RP_EDATA && scans->skip_bad) {
            scans->bad++;
            continue;
        }
        RP_TRY(st);
        n++;
    }
    t->f = (rp_findings){
        n, t->scan, t->numbers, t->numbers + rows, t->numbers + 2 * rows, t->numbers + 3 * rows};
    return RP_OK;
}

/* --scans: a number, or a file whose first column lists them. */
static rp_status read_scans(const rp_stats_request *q, const finding_table table[3], rp_csv **list,
                            scan_list *s, int64_t *count)
{
    int64_t n = 0;
    if (!rp_read_int(q->scans, &n)) {
        RP_TRY(rp_csv_read(q->scans, ',', list));
        RP_TRY(add_scans(*list, 0, s));
        sort_scans(s);
        s->is_closed = true;
        *count = s->count;
        RP_NEED(s->count > 0, RP_EDATA, "%s: lists no scan", q->scans);
        return RP_OK;
    }
    RP_NEED(n >= 1, RP_EUSE, "--scans %s: must be at least 1, or a file that lists them", q->scans);
    for (int k = 0; k < 3; k++) {
        int column;
        if (!table[k].csv) continue;
        RP_TRY(find_column(table[k].csv, names[0], &column));
        RP_TRY(add_scans(table[k].csv, column, s));
    }
    sort_scans(s);
    RP_NEED(s->count <= n, RP_EDATA, "--scans %s, but the tables name %" PRId64 " scans", q->scans,
            s->count);
    *count = n;
    return RP_OK;
}

static rp_status run_tables(const rp_stats_request *q, finding_table table[3], rp_csv **list,
                            scan_list *scans, rp_text *out)
{
    const char *const path[3] = {q->lesions, q->irrelevant, q->candidates};
    int64_t count = 0;
    for (int k = 0; k < 3; k++)
        if (path[k]) RP_TRY(rp_csv_read(path[k], ',', &table[k].csv));
    RP_TRY(read_scans(q, table, list, scans, &count));
    for (int k = 0; k < 3; k++)
        if (table[k].csv)
            RP_TRY(read_findings(k == 2 ? score_names : size_names, scans, &table[k]));
    RP_AUTO(rp_marks) marks = NULL;
    RP_ROWS_AUTO rows = {0};
    RP_TRY(rp_marks_new(count, &table[0].f, &table[1].f, &table[2].f, q->radius, &marks));
    RP_TRY(rp_family_detection(marks, table[2].f.n, &rows));
    if (scans->is_closed) rp_rows_put(&rows, (double)scans->left_out, "rows_of_other_scans");
    if (q->skip_bad) rp_rows_put(&rows, (double)scans->bad, "rows_left_out");
    RP_TRY(rp_rows_status(&rows));
    rp_stats_header("", out);
    rp_stats_put(0, NULL, &rows, out);
    return RP_OK;
}

static rp_status run_maps(const char *pairs, double overlap, rp_text *out)
{
    RP_AUTO(rp_csv) csv = NULL;
    RP_AUTO(rp_stats_maps) maps = NULL;
    int cas, reference, prediction;
    RP_TRY(rp_csv_read(pairs, ',', &csv));
    RP_TRY(rp_csv_column(csv, "case", &cas));
    RP_TRY(rp_csv_column(csv, "reference", &reference));
    RP_TRY(rp_csv_column(csv, "prediction", &prediction));
    RP_TRY(rp_stats_maps_new(overlap, &maps));
    rp_stats_header("case", out);
    for (int64_t i = 0; i < rp_csv_rows(csv); i++) {
        RP_AUTO(rp_volume) label = NULL;
        RP_AUTO(rp_volume) map = NULL;
        RP_ROWS_AUTO rows = {0};
        RP_TRY(rp_nifti_read(rp_csv_text(csv, i, reference), &label, NULL));
        RP_TRY(rp_nifti_read(rp_csv_text(csv, i, prediction), &map, NULL));
        RP_TRY_IN(rp_stats_maps_add(maps, label, map, &rows), "case '%s'",
                  rp_csv_text(csv, i, cas));
        const char *const key = rp_csv_text(csv, i, cas);
        rp_stats_put(1, &key, &rows, out);
    }
    RP_ROWS_AUTO all = {0};
    RP_TRY(rp_stats_maps_sum(maps, &all));
    rp_stats_put(1, (const char *const[]){"all"}, &all, out);
    return RP_OK;
}

rp_status rp_stats_detection(const rp_stats_request *q, rp_text *out)
{
    RP_NEED(!q->pairs || !q->skip_bad, RP_EUSE,
            "stats detection: --bad-rows skip is for tables of marks");
    if (q->pairs) return run_maps(q->pairs, q->overlap, out);
    RP_NEED(q->candidates && q->lesions && q->scans, RP_EUSE,
            "stats detection: give --candidates, --lesions and --scans, or --pairs");
    finding_table table[3] = {{0}};
    scan_list scans = {.skip_bad = q->skip_bad};
    RP_AUTO(rp_csv) list = NULL;
    const rp_status st = run_tables(q, table, &list, &scans, out);
    for (int k = 0; k < 3; k++) clear_table(&table[k]);
    rp_free(scans.name);
    return st;
}
