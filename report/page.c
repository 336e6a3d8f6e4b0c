/* report/page.c - the page of a run: its head, its sections, and what they share. */
#include "report/page_priv.h"

#include "io/atomic.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const int64_t TEXT_MOST = INT64_C(1) << 26;

rp_status rp_page_text(const rp_page *p, const char *name, rp_text *out, bool *found)
{
    RP_AUTOFREE char *path = NULL;
    rp_path_info info;
    RP_TRY(rp_path_join(p->r->run, name, &path));
    RP_TRY(rp_path_look(path, true, &info));
    *found = info.kind == RP_PATH_FILE;
    return *found ? rp_file_read(path, TEXT_MOST, out) : RP_OK;
}

rp_status rp_page_csv(const rp_page *p, const char *folder, const char *name, rp_csv **out)
{
    RP_AUTOFREE char *path = NULL;
    rp_path_info info;
    *out = NULL;
    RP_TRY(rp_path_join(folder ? folder : p->r->run, name, &path));
    RP_TRY(rp_path_look(path, true, &info));
    return info.kind == RP_PATH_FILE ? rp_csv_read(path, ',', out) : RP_OK;
}

rp_status rp_page_numbers(const rp_csv *csv, const char *column, double **out)
{
    RP_AUTOFREE double *x = NULL;
    int c;
    RP_TRY(rp_csv_column(csv, column, &c));
    RP_TRY(rp_alloc(rp_csv_rows(csv), sizeof *x, &x));
    for (int64_t i = 0; i < rp_csv_rows(csv); i++) RP_TRY(rp_csv_double(csv, i, c, &x[i]));
    *out = RP_TAKE(x);
    return RP_OK;
}

static const rp_node *find_key(const rp_page *p, const char *key)
{
    const rp_node *n = p->job;
    char part[64];
    while (n && *key) {
        const size_t length = strcspn(key, ".");
        if (length >= sizeof part || n->kind != RP_NODE_MAP) return NULL;
        memcpy(part, key, length);
        part[length] = 0;
        n = rp_node_get(n, part);
        key += length + (key[length] == '.');
    }
    return n;
}

/* A scalar as it was meant: job.yaml has 17 digits of 0.95, people read 15. */
static void add_scalar(const rp_node *n, rp_text *out)
{
    double x, back;
    char fewer[40];
    if (!n->quoted && rp_node_double(n, &x)) {
        (void)snprintf(fewer, sizeof fewer, "%.15g", x);
        if (rp_read_double(fewer, &back) && back == x) {
            rp_text_add(out, "%s", fewer);
            return;
        }
    }
    rp_text_add(out, "%s", n->text);
}

rp_status rp_page_job(const rp_page *p, const char *key, rp_text *out)
{
    const rp_node *n = find_key(p, key);
    if (!n)
        rp_text_add(out, "\xE2\x80\x93");
    else if (n->kind == RP_NODE_SCALAR)
        add_scalar(n, out);
    else
        for (int64_t i = 0; i < n->count; i++) {
            const rp_node *c = n->child[i];
            rp_text_add(out, "%s%s%s", i ? ", " : "", c->key ? c->key : "", c->key ? ": " : "");
            if (c->kind == RP_NODE_SCALAR)
                add_scalar(c, out);
            else
                rp_text_add(out, "...");
        }
    return rp_text_status(out);
}

rp_status rp_page_job_table(const rp_page *p, const char *caption, const char *const head[2],
                            const rp_page_key key[], size_t keys, rp_text *t)
{
    rp_html_table(t, caption, 2, head);
    for (size_t i = 0; i < keys; i++) {
        RP_TEXT_AUTO value = {0};
        RP_TRY(rp_page_job(p, key[i].key, &value));
        rp_html_row(t);
        rp_html_cell(t, "%s", key[i].name);
        rp_html_cell(t, "%s", rp_text_get(&value));
        rp_html_row_end(t);
    }
    rp_html_table_end(t);
    return RP_OK;
}

bool rp_page_job_number(const rp_page *p, const char *key, double *out)
{
    const rp_node *n = find_key(p, key);
    return n && rp_node_double(n, out);
}

void rp_page_figure(rp_text *t, const rp_text *svg, const char *caption, const char *csv_name,
                    const rp_text *csv)
{
    rp_text_add(t, "<figure>\n%s<figcaption>", rp_text_get(svg));
    rp_html_text(t, caption);
    if (csv_name) {
        rp_text_add(t, " ");
        rp_html_download(t, csv_name, "text/csv", csv->length, rp_text_get(csv), "Numbers (CSV)");
    }
    rp_text_add(t, "</figcaption></figure>\n");
}

/* True if all cells of a column are numbers or empty, and one is a number. */
static bool is_numeric(const rp_csv *csv, int column)
{
    bool any = false;
    for (int64_t i = 0; i < rp_csv_rows(csv); i++) {
        const char *s = rp_csv_text(csv, i, column);
        double x;
        if (s[0] && !rp_read_double(s, &x)) return false;
        any = any || s[0];
    }
    return any;
}

/* What people call a metric of metrics.csv. */
static const char *metric_name(const char *name)
{
    static const char *const row[][2] = {{"dice", "Dice"},
                                         {"hd95_maxdir_mm", "HD95, mm"},
                                         {"volume_error_mm3", "Volume error, mm\xC2\xB3"}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        if (strcmp(name, row[i][0]) == 0) return row[i][1];
    return name;
}

void rp_page_table(rp_text *t, const char *caption, const rp_csv *csv, int64_t most)
{
    enum { COLUMNS = 24 };
    const int columns = rp_csv_columns(csv) < COLUMNS ? rp_csv_columns(csv) : COLUMNS;
    const int64_t rows = rp_csv_rows(csv) < most ? rp_csv_rows(csv) : most;
    bool numeric[COLUMNS];
    char name[COLUMNS][80];
    const char *head[COLUMNS];
    for (int c = 0; c < columns; c++) {
        numeric[c] = is_numeric(csv, c);
        name[c][0] = '#';
        rp_text_fit(name[c] + 1, sizeof name[c] - 1, rp_csv_name(csv, c));
        for (char *s = name[c] + 1; *s; s++)
            if (*s == '_') *s = ' ';
        head[c] = name[c] + !numeric[c];
    }
    rp_html_table(t, caption, columns, head);
    for (int64_t i = 0; i < rows; i++) {
        rp_html_row(t);
        for (int c = 0; c < columns; c++) {
            const char *s = rp_csv_text(csv, i, c);
            double x;
            if (numeric[c] && rp_read_double(s, &x))
                rp_html_cell_number(t, x, 4);
            else
                rp_html_cell(t, "%s",
                             strcmp(rp_csv_name(csv, c), "metric") == 0 ? metric_name(s) : s);
        }
        rp_html_row_end(t);
    }
    rp_html_table_end(t);
    if (rows < rp_csv_rows(csv))
        rp_html_paragraph(t, "soft", "The first %" PRId64 " of %" PRId64 " rows.", rows,
                          rp_csv_rows(csv));
}

typedef struct section {
    const char *name, *title, *about;
    rp_status (*make)(rp_page *p, rp_text *t);
} section;

static const section sections[] = {
#define RP_SECTION(name, title, about) {#name, title, about, rp_section_##name},
#include "report/sections.inc"
#undef RP_SECTION
};
enum { SECTIONS = sizeof sections / sizeof *sections };

const char *rp_page_section(const rp_page *p, const char *names, const char **name)
{
    for (const char *s = names; *s;) {
        const size_t n = strcspn(s, " ");
        for (int i = 0; i < SECTIONS; i++)
            if (p->there[i] && strlen(sections[i].name) == n &&
                memcmp(sections[i].name, s, n) == 0) {
                *name = sections[i].name;
                return sections[i].title;
            }
        s += n + (s[n] == ' ');
    }
    return NULL;
}

static rp_status add_section(rp_page *p, const section *s, rp_text *html)
{
    RP_TEXT_AUTO t = {0};
    rp_text_add(html, "<section id=\"%s\">\n<h2>%s</h2>\n", s->name, s->title);
    rp_status st = s->make(p, &t);
    if (st == RP_OK) st = rp_text_status(&t);
    if (st == RP_EMEM) return st;
    if (st == RP_OK) {
        rp_text_add_bytes(html, t.length, rp_text_get(&t));
    } else {
        p->problems++;
        rp_html_paragraph(html, "warning", "This section cannot be made: %s.", rp_error_message());
    }
    rp_text_add(html, "</section>\n");
    return rp_text_status(html);
}

static rp_status is_there(const rp_page *p, const char *name, bool *there)
{
    RP_AUTOFREE char *path = NULL;
    rp_path_info info;
    RP_TRY(rp_path_join(p->r->run, name, &path));
    RP_TRY(rp_path_look(path, true, &info));
    *there = info.kind == RP_PATH_FILE;
    return RP_OK;
}

static rp_status add_page(rp_page *p, rp_text *html)
{
    RP_TEXT_AUTO title = {0};
    const char *name = strrchr(p->r->run, '/');
    bool there[SECTIONS], any = false;
    for (int i = 0; i < SECTIONS; i++) {
        const bool is_always = !sections[i].about[0];
        there[i] = is_always;
        if (!is_always) RP_TRY(is_there(p, sections[i].about, &there[i]));
        any = any || (there[i] && !is_always);
    }
    RP_NEED(any, RP_ENONE,
            "'%s' holds nothing to report: no job.yaml of a run, no classification.csv, "
            "survival.csv, trial.csv or features.csv",
            p->r->run);
    p->there = there;
    rp_text_add(&title, "radpipe report: %s", name && name[1] ? name + 1 : p->r->run);
    RP_TRY(rp_text_status(&title));
    rp_html_begin(html, title.at);
    rp_text_add(html, "<header><h1>");
    rp_html_text(html, title.at);
    rp_text_add(html, "</h1>\n<nav>");
    for (int i = 0; i < SECTIONS; i++)
        if (there[i])
            rp_text_add(html, "<a href=\"#%s\">%s</a> ", sections[i].name, sections[i].title);
    rp_text_add(html, "</nav></header>\n<main>\n");
    for (int i = 0; i < SECTIONS; i++)
        if (there[i]) RP_TRY(add_section(p, &sections[i], html));
    rp_text_add(html, "</main>\n");
    rp_html_end(html);
    return rp_text_status(html);
}

rp_status rp_report_make(const rp_report *r, rp_text *html, int64_t *problems)
{
    rp_page p = {.r = r};
    RP_AUTO(rp_tree) job = NULL;
    RP_TEXT_AUTO text = {0}, page = {0};
    bool found;
    RP_TRY(rp_page_text(&p, "job.yaml", &text, &found));
    if (found) {
        RP_TRY_IN(rp_tree_yaml("job.yaml", text.length, rp_text_get(&text), &job), "'%s'", r->run);
        p.job = rp_tree_root(job);
    }
    const rp_node *cohort = find_key(&p, "cohort.path");
    if (cohort && cohort->kind == RP_NODE_SCALAR && cohort->text[0]) p.cohort = cohort->text;
    RP_TRY(add_page(&p, &page));
    rp_text_add_bytes(html, page.length, rp_text_get(&page));
    *problems = p.problems;
    return rp_text_status(html);
}
