/* pipeline/stats_detection.c - radpipe stats detection: tables of marks, or pairs of maps. */
#include "pipeline/groups.h"
#include "pipeline/stats_pairs.h"
#include "pipeline/stats_request.h"

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
    bool skip_bad; /* malformed rows are left out and counted, too */
    int64_t bad;
    rp_groups groups; /* of the list's rows */
    int32_t *group;   /* [count] of scans; NULL: none were asked for */
} scan_list;

static void clear_scans(scan_list *s)
{
    rp_free(s->name);
    rp_free(s->group);
    rp_groups_clear(&s->groups);
}

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

/* Each scan's group, by the rows of the list that names it. */
static rp_status group_scans(const rp_stats_request *q, const rp_csv *list, scan_list *s)
{
    RP_TRY_IN(rp_groups_read(list, q->by, &s->groups), "--scans");
    RP_TRY(rp_alloc_raw(s->count, sizeof *s->group, &s->group));
    for (int64_t k = 0; k < s->count; k++) s->group[k] = -1;
    for (int64_t i = 0; i < rp_csv_rows(list); i++) {
        const char *name = rp_csv_text(list, i, 0);
        int32_t *group = &s->group[code_of(s, name)];
        RP_NEED(*group < 0 || *group == s->groups.of[i], RP_EDATA,
                "%s:%" PRId64 ": scan '%.60s' stands in two groups of column '%s'", q->scans,
                rp_csv_line(list, i), name, q->by);
        *group = s->groups.of[i];
    }
    return RP_OK;
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

/* Room for so many findings, and the view of those that came to be. */
static rp_status make_room(int64_t rows, finding_table *t)
{
    RP_TRY(rp_alloc(rows, sizeof *t->scan, &t->scan));
    return rp_alloc(4 * rows, sizeof *t->numbers, &t->numbers);
}

static void set_view(int64_t rows, int64_t n, finding_table *t)
{
    const double *x = t->numbers;
    t->f = (rp_findings){n, t->scan, x, x + rows, x + 2 * rows, x + 3 * rows};
}

static rp_status read_findings(const char *const number_names[2], scan_list *scans,
                               finding_table *t)
{
    int column[5];
    const int64_t rows = rp_csv_rows(t->csv);
    for (int k = 0; k < 4; k++) RP_TRY(find_column(t->csv, names[k], &column[k]));
    RP_TRY(find_column(t->csv, number_names, &column[4]));
    int64_t n = 0;
    RP_TRY(make_room(rows, t));
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
    set_view(rows, n, t);
    return RP_OK;
}

/* --scans: a number, or a file whose first column lists them. */
static rp_status read_scans(const rp_stats_request *q, const finding_table table[3], rp_csv **list,
                            scan_list *s, int64_t *count)
{
    int64_t n = 0;
    if (!rp_read_int(q->scans, &n)) {
        RP_TRY(rp_stats_csv(q, q->scans, &s->bad, list));
        RP_TRY(add_scans(*list, 0, s));
        sort_scans(s);
        s->is_closed = true;
        *count = s->count;
        RP_NEED(s->count > 0, RP_EDATA, "%s: lists no scan", q->scans);
        return q->by ? group_scans(q, *list, s) : RP_OK;
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

/* The findings of some scans alone; place[scan]: their code among these, -1 elsewhere. */
static rp_status pick_findings(const rp_findings *from, const int64_t place[], finding_table *to)
{
    int64_t n = 0;
    RP_TRY(make_room(from->n, to));
    for (int64_t i = 0; i < from->n; i++) {
        const double number[4] = {from->x[i], from->y[i], from->z[i], from->number[i]};
        if (place[from->scan[i]] < 0) continue;
        to->scan[n] = place[from->scan[i]];
        for (int k = 0; k < 4; k++) to->numbers[k * from->n + n] = number[k];
        n++;
    }
    set_view(from->n, n, to);
    return RP_OK;
}

static rp_status add_marks(double radius, int64_t scans, const finding_table table[3], rp_rows *out)
{
    RP_AUTO(rp_marks) marks = NULL;
    RP_TRY(rp_marks_new(scans, &table[0].f, &table[1].f, &table[2].f, radius, &marks));
    return rp_family_detection(marks, table[2].f.n, out);
}

static rp_status run_group(const rp_stats_request *q, const scan_list *scans,
                           const finding_table table[3], int32_t group, rp_text *out)
{
    RP_AUTOFREE int64_t *place = NULL;
    RP_ROWS_AUTO rows = {0};
    finding_table part[3] = {{0}};
    int64_t count = 0;
    rp_status st = RP_OK;
    RP_TRY(rp_alloc_raw(scans->count, sizeof *place, &place));
    for (int64_t k = 0; k < scans->count; k++) place[k] = scans->group[k] == group ? count++ : -1;
    for (int k = 0; k < 3 && st == RP_OK; k++) st = pick_findings(&table[k].f, place, &part[k]);
    if (st == RP_OK) st = add_marks(q->radius, count, part, &rows);
    for (int k = 0; k < 3; k++) clear_table(&part[k]);
    RP_TRY(st);
    const char *const key = rp_groups_name(&scans->groups, group);
    rp_stats_put(1, &key, &rows, out);
    return RP_OK;
}

static rp_status run_tables(const rp_stats_request *q, finding_table table[3], rp_csv **list,
                            scan_list *scans, rp_text *out)
{
    const char *const path[3] = {q->lesions, q->irrelevant, q->candidates}, *const all = "all";
    int64_t count = 0;
    for (int k = 0; k < 3; k++)
        if (path[k]) RP_TRY(rp_stats_csv(q, path[k], &scans->bad, &table[k].csv));
    RP_TRY(read_scans(q, table, list, scans, &count));
    for (int k = 0; k < 3; k++)
        if (table[k].csv)
            RP_TRY(read_findings(k == 2 ? score_names : size_names, scans, &table[k]));
    RP_ROWS_AUTO rows = {0};
    RP_TRY(add_marks(q->radius, count, table, &rows));
    if (scans->is_closed) rp_rows_put(&rows, (double)scans->left_out, "rows_of_other_scans");
    if (q->skip_bad) rp_rows_put(&rows, (double)scans->bad, "rows_left_out");
    RP_TRY(rp_rows_status(&rows));
    rp_stats_header(q->by, "", out);
    rp_stats_put(q->by ? 1 : 0, &all, &rows, out);
    for (int32_t k = 0; k < scans->groups.count; k++) RP_TRY(run_group(q, scans, table, k, out));
    return RP_OK;
}

static rp_status add_sums(const rp_stats_pairs *pairs, int32_t group, const rp_stats_maps *maps,
                          rp_text *out)
{
    RP_ROWS_AUTO rows = {0};
    RP_TRY(rp_stats_maps_sum(maps, &rows));
    rp_stats_pairs_put_group(pairs, group, "all", &rows, out);
    return RP_OK;
}

static rp_status run_maps(const rp_stats_request *q, rp_text *out)
{
    RP_STATS_PAIRS_AUTO pairs = {0};
    RP_AUTO(rp_stats_maps) maps = NULL;
    RP_TRY(rp_stats_pairs_read(q, &pairs));
    RP_TRY(rp_stats_maps_new(q->overlap, &maps));
    rp_stats_pairs_header(&pairs, out);
    for (int64_t i = 0; i < pairs.count; i++) {
        RP_AUTO(rp_volume) label = NULL;
        RP_AUTO(rp_volume) map = NULL;
        RP_ROWS_AUTO rows = {0};
        RP_TRY(rp_stats_pairs_load(&pairs, i, &label, &map));
        RP_TRY_IN(rp_stats_maps_add(maps, label, map, &rows), "case '%s'",
                  rp_stats_pairs_case(&pairs, i));
        rp_stats_pairs_put(&pairs, i, &rows, out);
    }
    RP_TRY(add_sums(&pairs, RP_ALL_PAIRS, maps, out));
    for (int32_t k = 0; k < pairs.groups.count; k++) {
        RP_AUTO(rp_stats_maps) part = NULL;
        RP_TRY(rp_stats_maps_part(maps, pairs.groups.of, k, &part));
        RP_TRY(add_sums(&pairs, k, part, out));
    }
    return rp_stats_pairs_end(&pairs, out);
}

rp_status rp_stats_detection(const rp_stats_request *q, rp_text *out)
{
    int64_t number;
    if (q->pairs) return run_maps(q, out);
    RP_NEED(q->candidates && q->lesions && q->scans, RP_EUSE,
            "stats detection: give --candidates, --lesions and --scans, or --pairs");
    RP_NEED(!q->by || !rp_read_int(q->scans, &number), RP_EUSE,
            "stats detection: --by %s: --scans must be a file with that column, not a number",
            q->by);
    finding_table table[3] = {{0}};
    scan_list scans = {.skip_bad = q->skip_bad};
    RP_AUTO(rp_csv) list = NULL;
    const rp_status st = run_tables(q, table, &list, &scans, out);
    for (int k = 0; k < 3; k++) clear_table(&table[k]);
    clear_scans(&scans);
    return st;
}
