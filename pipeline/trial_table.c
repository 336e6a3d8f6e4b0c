/* pipeline/trial_table.c - reading a trial's examinations. */
#include "pipeline/trial_table_priv.h"

#include "io/csv_stream.h"
#include "mpi/world.h"
#include "pipeline/trial_ranks.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct reader {
    const char *path;
    const rp_trial_ask *ask;
    rp_csv_stream *csv;
    int arm, flag[RP_EXAM_FLAGS], score[RP_SCORES], cluster, months, linked, reason[2];
    int factors, *column; /* [factors] */
    rp_trial_factor *factor;
    rp_codes clusters;
    rp_trial_table *t;
} reader;

static void find_columns(reader *r)
{
    r->arm = rp_csv_stream_find(r->csv, "arm");
    for (int f = 0; f < RP_EXAM_FLAGS; f++)
        r->flag[f] = rp_csv_stream_find(r->csv, rp_exam_column((rp_exam_flag)f));
    for (int s = 0; s < RP_SCORES; s++)
        r->score[s] = r->ask->scores
                          ? rp_csv_stream_find(r->csv, rp_policy_score_name((rp_policy_score)s))
                          : -1;
    r->cluster = r->ask->cluster ? rp_csv_stream_find(r->csv, r->ask->cluster) : -1;
    r->months = rp_csv_stream_find(r->csv, "interval_months");
    r->linked = rp_csv_stream_find(r->csv, "linked");
    r->reason[0] = rp_csv_stream_find(r->csv, "exclusion");
    r->reason[1] = rp_csv_stream_find(r->csv, "deviation");
    for (int k = 0; k < r->factors; k++)
        r->column[k] = rp_csv_stream_find(r->csv, r->factor[k].column);
}

static rp_status check_columns(const reader *r)
{
    int column;
    if (r->arm < 0 && !r->ask->one_arm) return rp_csv_stream_column(r->csv, "arm", &column);
    if (r->ask->cluster && r->cluster < 0 && !r->ask->cluster_may_lack)
        return rp_csv_stream_column(r->csv, r->ask->cluster, &column);
    for (int k = 0; k < r->factors; k++)
        RP_TRY(rp_csv_stream_column(r->csv, r->factor[k].column, &column));
    return RP_OK;
}

static bool is_missing(const char *cell) { return !*cell || strcmp(cell, "NA") == 0; }

/* Room for row number t->rows in every array that is kept. */
static rp_status make_room(reader *r)
{
    rp_trial_table *t = r->t;
    const int64_t need = t->rows + 1;
    int64_t *room = t->capacity;
    if (need <= room[0]) return RP_OK;
    RP_TRY(rp_grow(need, 1, &room[0], &t->arm));
    for (int f = 0; f < RP_EXAM_FLAGS; f++)
        if (r->flag[f] >= 0) RP_TRY(rp_grow(need, 1, &room[1 + f], &t->flag[f]));
    room += 1 + RP_EXAM_FLAGS;
    for (int s = 0; s < RP_SCORES; s++)
        if (r->score[s] >= 0) RP_TRY(rp_grow(need, sizeof(double), &room[s], &t->score[s]));
    room += RP_SCORES;
    if (r->cluster >= 0) RP_TRY(rp_grow(need, sizeof(int32_t), &room[0], &t->cluster));
    if (r->reason[0] >= 0) RP_TRY(rp_grow(need, sizeof(int32_t), &room[1], &t->exclusion));
    if (r->reason[1] >= 0) RP_TRY(rp_grow(need, sizeof(int32_t), &room[2], &t->deviation));
    for (int k = 0; k < r->factors; k++)
        RP_TRY(rp_grow(need, sizeof(int32_t), &r->factor[k].room, &r->factor[k].code));
    return RP_OK;
}

static rp_status bad_cell(const reader *r, int column, const char *what)
{
    RP_FAIL(RP_EDATA, "%s:%" PRId64 ": column '%s': '%.60s' is %s", r->path,
            rp_csv_stream_line(r->csv), rp_csv_stream_name(r->csv, column),
            rp_csv_stream_cell(r->csv, column), what);
}

static rp_status read_flag(const reader *r, int column, uint8_t *out)
{
    const char *cell = rp_csv_stream_cell(r->csv, column);
    if ((cell[0] == '0' || cell[0] == '1') && !cell[1]) {
        *out = (uint8_t)(cell[0] - '0');
        return RP_OK;
    }
    if (!is_missing(cell)) return bad_cell(r, column, "neither 0 nor 1 nor empty");
    *out = RP_FLAG_MISSING;
    return RP_OK;
}

/* An interval cancer beyond the window is none; who is not linked is not known. */
static rp_status settle_interval(const reader *r, uint8_t *interval)
{
    uint8_t linked = 1;
    if (r->linked >= 0) RP_TRY(read_flag(r, r->linked, &linked));
    if (linked != 1) *interval = RP_FLAG_MISSING;
    if (r->months < 0 || *interval != 1) return RP_OK;
    const char *cell = rp_csv_stream_cell(r->csv, r->months);
    double months;
    if (is_missing(cell)) {
        *interval = RP_FLAG_MISSING;
        return RP_OK;
    }
    if (!rp_read_double(cell, &months) || months < 0)
        return bad_cell(r, r->months, "no number of months");
    *interval = months <= r->ask->window;
    return RP_OK;
}

static rp_status read_arm(const reader *r, uint8_t *out)
{
    *out = 0;
    if (r->arm < 0) return RP_OK;
    const char *cell = rp_csv_stream_cell(r->csv, r->arm);
    if (strcmp(cell, r->ask->arm_new) == 0)
        *out = 1;
    else if (strcmp(cell, r->ask->arm_control) != 0)
        return bad_cell(r, r->arm, "no arm of the trial");
    return RP_OK;
}

static rp_status read_reason(reader *r, int which, int32_t *out)
{
    *out = 0;
    if (r->reason[which] < 0) return RP_OK;
    const char *cell = rp_csv_stream_cell(r->csv, r->reason[which]);
    if (is_missing(cell)) return RP_OK;
    RP_TRY(rp_codes_put(&r->t->reasons[which], cell, out));
    ++*out;
    return RP_OK;
}

static void name_band(const rp_trial_factor *f, int band, char out[64])
{
    if (band == 0)
        (void)snprintf(out, 64, "<%g", f->cut[0]);
    else if (band == f->cuts)
        (void)snprintf(out, 64, ">=%g", f->cut[band - 1]);
    else
        (void)snprintf(out, 64, "%g-<%g", f->cut[band - 1], f->cut[band]);
}

static rp_status read_factor(const reader *r, int k, int32_t *out)
{
    rp_trial_factor *f = &r->factor[k];
    const char *cell = rp_csv_stream_cell(r->csv, r->column[k]);
    double x;
    if (f->cuts > 0 && !is_missing(cell)) {
        if (!rp_read_double(cell, &x)) return bad_cell(r, r->column[k], "no number");
        *out = 0;
        while (*out < f->cuts && x >= f->cut[*out]) ++*out;
        return RP_OK;
    }
    const int64_t before = f->names.count, line = rp_csv_stream_line(r->csv);
    RP_TRY(rp_codes_put(&f->names, is_missing(cell) ? "missing" : cell, out));
    if (f->cuts > 0) *out = f->cuts + 1; /* behind the bands */
    if (f->names.count == before) return RP_OK;
    RP_TRY(rp_grow(before + 1, sizeof *f->line, &f->lines, &f->line));
    f->line[before] = line;
    return before < RP_LEVELS_MAX ? RP_OK : rp_trial_too_many_levels(r->path, line, f->column);
}

/* One row into place t->rows, which counts only once all of it is read. */
static rp_status read_row(reader *r)
{
    rp_trial_table *t = r->t;
    const int64_t i = t->rows;
    RP_TRY(make_room(r));
    RP_TRY(read_arm(r, &t->arm[i]));
    for (int f = 0; f < RP_EXAM_FLAGS; f++)
        if (r->flag[f] >= 0) RP_TRY(read_flag(r, r->flag[f], &t->flag[f][i]));
    if (r->flag[RP_EXAM_INTERVAL] >= 0) RP_TRY(settle_interval(r, &t->flag[RP_EXAM_INTERVAL][i]));
    for (int s = 0; s < RP_SCORES; s++)
        if (r->score[s] >= 0 &&
            !rp_read_double(rp_csv_stream_cell(r->csv, r->score[s]), &t->score[s][i]))
            return bad_cell(r, r->score[s], "no number");
    if (r->reason[0] >= 0) RP_TRY(read_reason(r, 0, &t->exclusion[i]));
    if (r->reason[1] >= 0) RP_TRY(read_reason(r, 1, &t->deviation[i]));
    for (int k = 0; k < r->factors; k++) RP_TRY(read_factor(r, k, &r->factor[k].code[i]));
    if (r->cluster >= 0) {
        if (!*rp_csv_stream_cell(r->csv, r->cluster)) return bad_cell(r, r->cluster, "no name");
        RP_TRY(rp_codes_put(&r->clusters, rp_csv_stream_cell(r->csv, r->cluster), &t->cluster[i]));
    }
    t->rows++;
    return RP_OK;
}

static rp_status read_rows(reader *r)
{
    rp_trial_table *t = r->t;
    RP_TRY(make_room(r)); /* columns that are there have arrays, without rows too */
    for (bool more = true; more;) {
        rp_status st = rp_csv_stream_next(r->csv, &more);
        if (st == RP_OK && more) st = read_row(r);
        if (st != RP_EDATA || !r->ask->skip_bad || !rp_csv_stream_is_whole(r->csv)) {
            RP_TRY(st);
            continue;
        }
        if (t->bad_rows++ == 0) rp_text_fit(t->first_bad, sizeof t->first_bad, rp_error_message());
        more = true;
    }
    return RP_OK;
}

/* Levels of texts in natural order; of bands those that have rows, "missing" behind them. */
static rp_status settle_factor(rp_trial_factor *f, int64_t rows)
{
    if (f->cuts > 0) {
        rp_codes bands = {0};
        const bool has_missing = f->names.count > 0;
        char name[64];
        int32_t code = 0;
        for (int b = 0; b <= f->cuts; b++) {
            name_band(f, b, name);
            RP_TRY(rp_codes_put(&bands, name, &code));
        }
        if (has_missing) RP_TRY(rp_codes_put(&bands, "missing", &code));
        rp_codes_clear(&f->names);
        f->names = bands;
        f->levels = (int)bands.count;
        RP_TRY(rp_alloc(f->levels, sizeof *f->place, &f->place));
        for (int b = 0; b < f->levels; b++) f->place[b] = b;
        return RP_OK;
    }
    RP_AUTOFREE int32_t *rank = NULL;
    f->levels = (int)f->names.count;
    RP_TRY(rp_alloc(f->levels, sizeof *rank, &rank));
    RP_TRY(rp_alloc(f->levels, sizeof *f->place, &f->place));
    RP_TRY(rp_codes_order(&f->names, rank));
    for (int k = 0; k < f->levels; k++) f->place[rank[k]] = k;
    for (int64_t i = 0; i < rows; i++) f->code[i] = rank[f->code[i]];
    return RP_OK;
}

const char *rp_factor_level(const rp_trial_factor *f, int level)
{
    return rp_codes_text(&f->names, f->place[level]);
}

/* Goes to the own part of the file: its first row, under its true line. */
static rp_status take_part(const reader *r)
{
    const rp_comm *world = rp_comm_world();
    const int rank = rp_comm_rank(world), ranks = rp_comm_size(world);
    enum { NUMBERS = sizeof(rp_csv_survey) / sizeof(int64_t) };
    RP_AUTOFREE rp_csv_survey *all = NULL;
    rp_status st = rp_alloc(ranks, sizeof *all, &all);
    if (st == RP_OK) st = rp_csv_stream_survey(r->csv, rank, ranks, &all[rank]);
    RP_TRY(rp_comm_agree(world, st));
    /* The others' places are 0: the sum has every rank's survey in its place. */
    RP_TRY(rp_comm_sum_i64(world, (int64_t)NUMBERS * ranks, (int64_t *)(void *)all));
    return rp_csv_stream_take(r->csv, rank, ranks, all);
}

/* Which row each is, before rows move. */
static rp_status number_rows(rp_trial_table *t)
{
    RP_TRY(rp_alloc_raw(t->rows, sizeof *t->row, &t->row));
    for (int64_t i = 0; i < t->rows; i++) t->row[i] = t->first_row + i;
    return RP_OK;
}

static rp_status identify_clusters(reader *r)
{
    rp_trial_table *t = r->t;
    RP_TRY(rp_alloc_raw(r->clusters.count, sizeof *t->identity, &t->identity));
    for (int64_t k = 0; k < r->clusters.count; k++)
        t->identity[k] = rp_codes_hash(rp_codes_text(&r->clusters, k));
    return RP_OK;
}

/* Behind the own part: one failure for all ranks, or the rows of each cluster on one of them. */
static rp_status settle_rows(reader *r, rp_status st)
{
    rp_trial_table *t = r->t;
    const bool several = rp_comm_world(), has_clusters = r->cluster >= 0;
    if (several)
        RP_TRY(rp_trial_unite(st, rp_csv_stream_line(r->csv), r->path, r->factors, r->factor, t));
    else
        RP_TRY(st);
    if (!several) t->all_rows = t->rows;
    RP_NEED(t->all_rows > 0, RP_EDATA, "%s: no examination in the table", r->path);
    if (several && r->ask->numbers) RP_TRY(rp_ranks_agree(number_rows(t)));
    if (several && has_clusters) RP_TRY(rp_trial_regroup(r->factors, r->factor, &r->clusters, t));
    t->clusters = t->all_clusters = has_clusters ? r->clusters.count : t->rows;
    st = has_clusters && r->ask->numbers ? identify_clusters(r) : RP_OK;
    for (int k = 0; k < r->factors && st == RP_OK; k++) st = settle_factor(&r->factor[k], t->rows);
    return rp_ranks_sum(st, 1, &t->all_clusters);
}

rp_status rp_trial_read(const char *path, const rp_trial_ask *ask, int factors,
                        rp_trial_factor factor[], rp_trial_table *out)
{
    RP_AUTO(rp_csv_stream) csv = NULL;
    int column[RP_FACTORS_MAX];
    RP_NEED(factors <= RP_FACTORS_MAX, RP_EARG, "%d columns of groups", factors);
    reader r = {
        .path = path, .ask = ask, .factors = factors, .column = column, .factor = factor, .t = out};
    rp_status st = rp_csv_stream_open(path, ',', &csv);
    r.csv = csv;
    if (st == RP_OK) {
        find_columns(&r);
        st = check_columns(&r);
    }
    RP_TRY(rp_ranks_agree(st));
    if (rp_comm_world()) RP_TRY(take_part(&r));
    st = settle_rows(&r, read_rows(&r));
    rp_codes_clear(&r.clusters);
    return st;
}

void rp_trial_table_clear(rp_trial_table *t)
{
    rp_free(t->arm);
    for (int f = 0; f < RP_EXAM_FLAGS; f++) rp_free(t->flag[f]);
    for (int s = 0; s < RP_SCORES; s++) rp_free(t->score[s]);
    rp_free(t->cluster);
    rp_free(t->row);
    rp_free(t->identity);
    rp_free(t->exclusion);
    rp_free(t->deviation);
    rp_codes_clear(&t->reasons[0]);
    rp_codes_clear(&t->reasons[1]);
    *t = (rp_trial_table){0};
}

void rp_trial_factors_clear(int factors, rp_trial_factor factor[])
{
    for (int k = 0; k < factors; k++) {
        rp_free(factor[k].code);
        rp_free(factor[k].place);
        rp_free(factor[k].line);
        rp_codes_clear(&factor[k].names);
    }
}

rp_exams rp_trial_exams(const rp_trial_table *t)
{
    rp_exams e = {.rows = t->rows, .arm = t->arm};
    for (int f = 0; f < RP_EXAM_FLAGS; f++) e.flag[f] = t->flag[f];
    return e;
}
