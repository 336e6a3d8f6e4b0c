/* pipeline/stats_pairs.c - a table of pairs of images. */
#include "pipeline/stats_pairs.h"

#include "io/nifti.h"
#include "lib/base/summary.h"

#include <inttypes.h>
#include <string.h>

void rp_stats_pairs_clear(rp_stats_pairs *p)
{
    rp_groups_clear(&p->groups);
    rp_csv_drop(&p->csv);
    rp_free(p->row);
    *p = (rp_stats_pairs){0};
}

/* In rows of groups these names stand in the column of cases. */
static bool is_reserved(const char *name)
{
    for (int k = 0; k < RP_SUMMARY_ROWS; k++)
        if (strcmp(rp_summary_names[k], name) == 0) return true;
    return strcmp(name, "all") == 0;
}

static rp_status check_row(const rp_stats_request *q, const rp_stats_pairs *p, int64_t row)
{
    const int column[] = {p->reference, p->prediction};
    for (int k = 0; k < 2; k++)
        RP_NEED(rp_csv_text(p->csv, row, column[k])[0], RP_EDATA,
                "%s:%" PRId64 ": column '%s' is empty", q->pairs, rp_csv_line(p->csv, row),
                rp_csv_name(p->csv, column[k]));
    return RP_OK;
}

static rp_status take_rows(const rp_stats_request *q, rp_stats_pairs *p)
{
    int by = -1;
    if (q->by) RP_TRY(rp_csv_column(p->csv, q->by, &by));
    for (int64_t i = 0; i < rp_csv_rows(p->csv); i++) {
        const char *name = rp_csv_text(p->csv, i, p->name);
        const rp_status st = check_row(q, p, i);
        if (st == RP_EDATA && q->skip_bad) {
            p->left_out++;
            continue;
        }
        RP_TRY(st);
        RP_NEED(by < 0 || !is_reserved(name), RP_EDATA,
                "%s:%" PRId64 ": case '%s': rows of groups are called so", q->pairs,
                rp_csv_line(p->csv, i), name);
        RP_TRY(rp_grow(p->count + 1, sizeof *p->row, &p->room, &p->row));
        p->row[p->count++] = i;
        if (by >= 0) RP_TRY(rp_groups_add(&p->groups, rp_csv_text(p->csv, i, by)));
    }
    return by < 0 ? RP_OK : rp_groups_settle(&p->groups);
}

rp_status rp_stats_pairs_read(const rp_stats_request *q, rp_stats_pairs *out)
{
    RP_NEED(!q->by || strcmp(q->by, "case") != 0, RP_EUSE,
            "--by case: each case has rows of its own");
    RP_STATS_PAIRS_AUTO p = {.by = q->by, .skip_bad = q->skip_bad};
    RP_TRY(rp_stats_csv(q, q->pairs, &p.left_out, &p.csv));
    RP_TRY(rp_csv_column(p.csv, "case", &p.name));
    RP_TRY(rp_csv_column(p.csv, "reference", &p.reference));
    RP_TRY(rp_csv_column(p.csv, "prediction", &p.prediction));
    RP_TRY(take_rows(q, &p));
    *out = p;
    p = (rp_stats_pairs){0};
    return RP_OK;
}

const char *rp_stats_pairs_case(const rp_stats_pairs *p, int64_t pair)
{
    return rp_csv_text(p->csv, p->row[pair], p->name);
}

rp_status rp_stats_pairs_load(const rp_stats_pairs *p, int64_t pair, rp_volume **reference,
                              rp_volume **prediction)
{
    RP_AUTO(rp_volume) r = NULL;
    RP_TRY(rp_nifti_read(rp_csv_text(p->csv, p->row[pair], p->reference), &r, NULL));
    RP_TRY(rp_nifti_read(rp_csv_text(p->csv, p->row[pair], p->prediction), prediction, NULL));
    *reference = RP_TAKE(r);
    return RP_OK;
}

void rp_stats_pairs_header(const rp_stats_pairs *p, rp_text *out)
{
    rp_stats_header(p->by, "case", out);
}

void rp_stats_pairs_put_group(const rp_stats_pairs *p, int32_t group, const char *name,
                              const rp_rows *rows, rp_text *out)
{
    const char *const of = group == RP_ALL_PAIRS ? "all" : rp_groups_name(&p->groups, group);
    const char *const key[] = {of, name};
    rp_stats_put(p->by ? 2 : 1, p->by ? key : key + 1, rows, out);
}

void rp_stats_pairs_put(const rp_stats_pairs *p, int64_t pair, const rp_rows *rows, rp_text *out)
{
    const int32_t group = p->by ? p->groups.of[pair] : RP_ALL_PAIRS;
    rp_stats_pairs_put_group(p, group, rp_stats_pairs_case(p, pair), rows, out);
}

rp_status rp_stats_pairs_end(const rp_stats_pairs *p, rp_text *out)
{
    RP_ROWS_AUTO rows = {0};
    if (p->skip_bad) rp_rows_put(&rows, (double)p->left_out, "rows_left_out");
    rp_stats_pairs_put_group(p, RP_ALL_PAIRS, "all", &rows, out);
    return rp_rows_status(&rows);
}
