/* report/section_data.c - what came in, what was left out, what was lost. */
#include "report/page_priv.h"

#include "io/atomic.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { EVENTS_SHOWN = 20, LOG_MOST = 1 << 26 };

typedef struct tally {
    const char *level, *reason;
    int64_t count;
} tally;

static int by_count(const void *a, const void *b)
{
    const tally *x = a, *y = b;
    if (x->count != y->count) return x->count > y->count ? -1 : 1;
    const int c = strcmp(x->level, y->level);
    return c ? c : strcmp(x->reason, y->reason);
}

static int by_reason(const void *a, const void *b)
{
    const tally *x = a, *y = b;
    const int c = strcmp(x->level, y->level);
    return c ? c : strcmp(x->reason, y->reason);
}

/* Rows of quarantine.csv by level and reason, most frequent first. */
static rp_status add_quarantine(const rp_csv *csv, rp_text *t)
{
    static const char *const head[] = {"Level", "Reason", "#Left out"};
    RP_AUTOFREE tally *list = NULL;
    const int64_t rows = rp_csv_rows(csv);
    int level, reason;
    int64_t n = 0;
    if (rows == 0) {
        rp_html_paragraph(
            t, "", "Nothing was left out when the cohort was made (quarantine.csv is empty).");
        return RP_OK;
    }
    RP_TRY(rp_csv_column(csv, "level", &level));
    RP_TRY(rp_csv_column(csv, "reason", &reason));
    RP_TRY(rp_alloc(rows, sizeof *list, &list));
    for (int64_t i = 0; i < rows; i++)
        list[i] = (tally){rp_csv_text(csv, i, level), rp_csv_text(csv, i, reason), 1};
    qsort(list, (size_t)rows, sizeof *list, by_reason);
    for (int64_t i = 0; i < rows; i++) {
        if (n && by_reason(&list[n - 1], &list[i]) == 0)
            list[n - 1].count++;
        else
            list[n++] = list[i];
    }
    qsort(list, (size_t)n, sizeof *list, by_count);
    rp_html_table(t, "Left out, by reason (quarantine.csv of the cohort has every row)", 3, head);
    for (int64_t i = 0; i < n && i < 50; i++) {
        rp_html_row(t);
        rp_html_cell(t, "%s", list[i].level);
        rp_html_cell(t, "%s", list[i].reason);
        rp_html_cell_number(t, (double)list[i].count, 4);
        rp_html_row_end(t);
    }
    rp_html_table_end(t);
    if (n > 50) rp_html_paragraph(t, "soft", "The 50 most frequent of %" PRId64 " reasons.", n);
    return RP_OK;
}

enum { STEPS = 8, SIDES = 40 };
typedef struct flow {
    int steps, sides;
    rp_flow_step step[STEPS];
    struct rp_flow_side side[SIDES];
} flow;

/* flow.csv: a level's "found", then what was left out of it. */
static rp_status read_flow(const rp_csv *csv, flow *f)
{
    static const char *const title[][2] = {
        {"files", "Files"}, {"series", "Series"}, {"cases", "Cases"}};
    int level, what, count, reason;
    RP_TRY(rp_csv_column(csv, "level", &level));
    RP_TRY(rp_csv_column(csv, "what", &what));
    RP_TRY(rp_csv_column(csv, "count", &count));
    RP_TRY(rp_csv_column(csv, "reason", &reason));
    for (int64_t i = 0; i < rp_csv_rows(csv); i++) {
        const char *word = rp_csv_text(csv, i, what), *name = rp_csv_text(csv, i, level);
        int64_t n;
        RP_TRY(rp_csv_int(csv, i, count, &n));
        if (strcmp(word, "found") == 0 && f->steps < STEPS) {
            for (size_t k = 0; k < sizeof title / sizeof *title; k++)
                if (strcmp(name, title[k][0]) == 0) name = title[k][1];
            f->step[f->steps++] = (rp_flow_step){name, n, 0, &f->side[f->sides]};
        } else if (strcmp(word, "left out") == 0 && f->steps > 0 && f->sides < SIDES) {
            f->side[f->sides++] = (struct rp_flow_side){n, rp_csv_text(csv, i, reason)};
            f->step[f->steps - 1].sides++;
        }
    }
    return RP_OK;
}

/* Cases of prepared.csv by part, in the order of use. */
static rp_status read_parts(const rp_page *p, int *parts, rp_flow_step part[3])
{
    static const char *const name[][2] = {
        {"train", "Training cases"}, {"validate", "Validation cases"}, {"test", "Test cases"}};
    RP_AUTO(rp_csv) prepared = NULL;
    int column;
    *parts = 0;
    if (p->r->prepared) RP_TRY(rp_page_csv(p, p->r->prepared, "prepared.csv", &prepared));
    if (!prepared) return RP_OK;
    RP_TRY(rp_csv_column(prepared, "split", &column));
    for (int k = 0; k < 3; k++) {
        int64_t n = 0;
        for (int64_t i = 0; i < rp_csv_rows(prepared); i++)
            n += strcmp(rp_csv_text(prepared, i, column), name[k][0]) == 0;
        if (n) part[(*parts)++] = (rp_flow_step){.name = name[k][1], .count = n};
    }
    return RP_OK;
}

/* The way from the export to the cases of the job, as a drawing. */
static rp_status draw_flow(const rp_page *p, const rp_csv *csv, rp_text *t)
{
    RP_AUTOFREE flow *f = NULL;
    RP_TEXT_AUTO svg = {0}, whole = {0};
    rp_flow_step part[3];
    int parts;
    RP_TRY(rp_alloc(1, sizeof *f, &f));
    RP_TRY(read_flow(csv, f));
    RP_TRY(read_parts(p, &parts, part));
    if (f->steps == 0) return RP_OK;
    RP_TRY(rp_chart_flow("From the export to the cases of this run", f->steps, f->step, parts, part,
                         &svg));
    rp_text_add(&whole, "level,what,count,reason\n");
    for (int64_t i = 0; i < rp_csv_rows(csv); i++) {
        for (int c = 0; c < 4; c++) rp_csv_put(&whole, rp_csv_text(csv, i, c));
        rp_csv_end(&whole);
    }
    RP_TRY(rp_text_status(&whole));
    rp_page_figure(t, &svg, "At the right: what was left out, and why.", "flow.csv", &whole);
    return RP_OK;
}

static rp_status add_cohort(const rp_page *p, rp_text *t)
{
    RP_AUTO(rp_csv) table = NULL;
    RP_AUTO(rp_csv) quarantine = NULL;
    rp_path_info info = {0};
    if (p->cohort) RP_TRY(rp_path_look(p->cohort, true, &info));
    if (info.kind != RP_PATH_FOLDER) {
        rp_html_paragraph(t, "absent",
                          "The cohort that the job names (%s) is not at that place: its flow and "
                          "exclusions are not shown.",
                          p->cohort ? p->cohort : "none");
        return RP_OK;
    }
    RP_TRY(rp_page_csv(p, p->cohort, "flow.csv", &table));
    RP_TRY(rp_page_csv(p, p->cohort, "quarantine.csv", &quarantine));
    if (table && rp_csv_rows(table))
        RP_TRY(draw_flow(p, table, t));
    else
        rp_html_paragraph(t, "absent", "The cohort has no flow.csv.");
    if (quarantine) return add_quarantine(quarantine, t);
    rp_html_paragraph(t, "absent", "The cohort has no quarantine.csv.");
    return RP_OK;
}

/* One line of a log, if it is an error: a row. */
static rp_status add_event(int64_t n, const char *line, int64_t *found, rp_text *rows)
{
    static const char *const key[] = {"time", "rank", "stage", "case", "message"};
    RP_AUTO(rp_tree) tree = NULL;
    RP_TRY(rp_tree_json("log", n, line, &tree));
    const rp_node *level = rp_node_get(rp_tree_root(tree), "level");
    if (!level || level->kind != RP_NODE_SCALAR || strcmp(level->text, "error") != 0) return RP_OK;
    if (++*found > EVENTS_SHOWN) return RP_OK;
    rp_html_row(rows);
    for (int k = 0; k < 5; k++) {
        const rp_node *c = rp_node_get(rp_tree_root(tree), key[k]);
        rp_html_cell(rows, "%s", c && c->kind == RP_NODE_SCALAR ? c->text : "");
    }
    rp_html_row_end(rows);
    return RP_OK;
}

static rp_status read_log(const char *path, int64_t *found, rp_text *rows)
{
    static const char word[] = "\"error\"";
    RP_TEXT_AUTO text = {0};
    RP_TRY(rp_file_read(path, LOG_MOST, &text));
    for (const char *line = rp_text_get(&text), *end; *line; line = end + 1) {
        end = line + strcspn(line, "\n");
        if (!*end) break; /* half a line: its writer was killed or writes still */
        /* most lines are no errors: only those that may be are read as JSON */
        if (memmem(line, (size_t)(end - line), word, sizeof word - 1))
            RP_TRY_IN(add_event(end - line, line, found, rows), "'%s'", path);
    }
    return RP_OK;
}

/* Events of level error: a clean run has none. */
static rp_status add_errors(const rp_page *p, rp_text *t)
{
    static const char *const head[] = {"Time", "Rank", "Stage", "Case", "Message"};
    RP_AUTOFREE char *folder = NULL;
    RP_AUTO(rp_names) names = NULL;
    RP_TEXT_AUTO rows = {0};
    rp_path_info info;
    int64_t found = 0;
    RP_TRY(rp_path_join(p->r->run, "log", &folder));
    RP_TRY(rp_path_look(folder, true, &info));
    if (info.kind != RP_PATH_FOLDER) {
        rp_html_paragraph(t, "absent", "There is no log.");
        return RP_OK;
    }
    RP_TRY(rp_path_list(folder, &names));
    for (int64_t i = 0; i < names->count; i++) {
        RP_AUTOFREE char *path = NULL;
        RP_TRY(rp_path_join(folder, names->name[i], &path));
        RP_TRY(read_log(path, &found, &rows));
    }
    RP_TRY(rp_text_status(&rows));
    if (found == 0) {
        rp_html_paragraph(t, "", "No error stands in the logs (%" PRId64 " files).", names->count);
        return RP_OK;
    }
    rp_html_table(t, "Errors in the logs", 5, head);
    rp_text_add_bytes(t, rows.length, rows.at);
    rp_html_table_end(t);
    if (found > EVENTS_SHOWN)
        rp_html_paragraph(t, "soft", "The first %d of %" PRId64 " errors.", EVENTS_SHOWN, found);
    return RP_OK;
}

rp_status rp_section_data(rp_page *p, rp_text *t)
{
    RP_AUTO(rp_csv) lost = NULL;
    RP_TRY(add_cohort(p, t));
    RP_TRY(rp_page_csv(p, NULL, "lost.csv", &lost));
    if (!lost)
        rp_html_paragraph(t, "absent", "The run has no lost.csv yet.");
    else if (rp_csv_rows(lost) == 0)
        rp_html_paragraph(t, "", "No case was lost on the way (lost.csv is empty).");
    else
        rp_page_table(t, "Cases and samples that were lost on the way (lost.csv)", lost, 100);
    return add_errors(p, t);
}
