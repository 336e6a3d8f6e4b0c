/* io/csv.c - tables as text: strict reading, plain writing. */
#include "io/csv.h"
#include "io/atomic.h"
#include "io/csv_stream.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_COLUMNS = 100000 };

struct rp_csv {
    char *file;
    rp_text cells;       /* all cells, each ended by 0 */
    int64_t count, room; /* cells */
    int64_t *start;      /* [count]: where each cell starts */
    int columns;
    int64_t rows, lines; /* rows without the header; room of line */
    int64_t *line;       /* [rows + 1]: line of each row, the header first */
};

typedef struct reader {
    rp_csv *csv;
    const char *at, *end;
    char separator;
    int64_t line;
} reader;

void rp_csv_drop(rp_csv **csv)
{
    if (!*csv) return;
    rp_text_clear(&(*csv)->cells);
    rp_free((*csv)->file);
    rp_free((*csv)->start);
    rp_free((*csv)->line);
    rp_free(*csv);
    *csv = NULL;
}

static bool at_line_end(const reader *r)
{
    return r->at == r->end || *r->at == '\n' ||
           (*r->at == '\r' && r->at + 1 < r->end && r->at[1] == '\n');
}

static rp_status read_quoted(reader *r)
{
    const int64_t first = r->line;
    for (r->at++;; r->at++) {
        RP_NEED(r->at < r->end, RP_EDATA, "%s:%" PRId64 ": a quote without its end", r->csv->file,
                first);
        if (*r->at == '"') {
            r->at++;
            if (r->at == r->end || *r->at != '"') break;
        }
        r->line += *r->at == '\n';
        rp_text_add_bytes(&r->csv->cells, 1, r->at);
    }
    RP_NEED(at_line_end(r) || *r->at == r->separator, RP_EDATA,
            "%s:%" PRId64 ": text behind the end of a quote", r->csv->file, r->line);
    return RP_OK;
}

static rp_status read_plain(reader *r)
{
    const char *start = r->at;
    for (; !at_line_end(r) && *r->at != r->separator; r->at++)
        RP_NEED(*r->at != '"', RP_EDATA, "%s:%" PRId64 ": a quote inside a cell", r->csv->file,
                r->line);
    rp_text_add_bytes(&r->csv->cells, r->at - start, start);
    return RP_OK;
}

/* Reads one row; cells counts them. */
static rp_status read_row(reader *r, int64_t *cells)
{
    rp_csv *csv = r->csv;
    for (*cells = 0;; r->at++) {
        RP_NEED(*cells < MAX_COLUMNS, RP_EDATA, "%s:%" PRId64 ": more than %d columns", csv->file,
                r->line, MAX_COLUMNS);
        RP_TRY(rp_grow(csv->count + 1, sizeof *csv->start, &csv->room, &csv->start));
        csv->start[csv->count++] = csv->cells.length;
        if (r->at < r->end && *r->at == '"')
            RP_TRY(read_quoted(r));
        else
            RP_TRY(read_plain(r));
        rp_text_add_bytes(&csv->cells, 1, "");
        ++*cells;
        if (at_line_end(r)) break;
    }
    return rp_text_status(&csv->cells);
}

static rp_status check_header(const reader *r)
{
    const rp_csv *csv = r->csv;
    for (int i = 0; i < csv->columns; i++) {
        const char *name = rp_csv_name(csv, i);
        RP_NEED(*name, RP_EDATA, "%s:%" PRId64 ": column %d has no name", csv->file, csv->line[0],
                i + 1);
        RP_NEED(rp_csv_find(csv, name) == i, RP_EDATA, "%s:%" PRId64 ": two columns '%s'",
                csv->file, csv->line[0], name);
    }
    const char *only = rp_csv_name(csv, 0);
    RP_NEED(csv->columns > 1 || !strpbrk(only, ",;\t"), RP_EDATA,
            "%s:%" PRId64 ": cells are separated by something other than '%c': '%.60s'", csv->file,
            csv->line[0], r->separator, only);
    return RP_OK;
}

static rp_status read_rows(reader *r)
{
    rp_csv *csv = r->csv;
    int64_t rows = 0;
    while (r->at < r->end) {
        if (at_line_end(r)) { /* an empty line */
            r->at += *r->at == '\r' ? 2 : 1;
            r->line++;
            continue;
        }
        int64_t cells;
        RP_TRY(rp_grow(rows + 1, sizeof *csv->line, &csv->lines, &csv->line));
        csv->line[rows] = r->line;
        RP_TRY(read_row(r, &cells));
        if (rows == 0) csv->columns = (int)cells;
        RP_NEED(cells == csv->columns, RP_EDATA,
                "%s:%" PRId64 ": %" PRId64 " cells, the header has %d", csv->file, csv->line[rows],
                cells, csv->columns);
        if (rows == 0) RP_TRY(check_header(r));
        rows++;
    }
    RP_NEED(rows > 0, RP_EDATA, "%s:1: no header", csv->file);
    csv->rows = rows - 1;
    return RP_OK;
}

rp_status rp_csv_parse(const char *name, char separator, int64_t n, const char *text, rp_csv **out)
{
    RP_AUTO(rp_csv) csv = NULL;
    RP_TRY(rp_alloc(1, sizeof *csv, &csv));
    RP_TRY(rp_copy_text(name, &csv->file));
    RP_NEED(n == 0 || !memchr(text, 0, (size_t)n), RP_EDATA, "%s:1: a zero byte: not a table",
            name);
    reader r = {.csv = csv, .at = text, .end = text + n, .separator = separator, .line = 1};
    if (n >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) r.at += 3;
    RP_TRY(read_rows(&r));
    *out = RP_TAKE(csv);
    return RP_OK;
}

rp_status rp_csv_read(const char *path, char separator, rp_csv **out)
{
    RP_TEXT_AUTO text = {0};
    RP_TRY(rp_file_read(path, (int64_t)1 << 32, &text));
    RP_TRY(rp_csv_parse(path, separator, text.length, rp_text_get(&text), out));
    return RP_OK;
}

typedef const char *cell_fn(const rp_csv_stream *s, int column);

/* A row of the stream (or its header) behind those that are there. */
static rp_status take_cells(const rp_csv_stream *s, cell_fn *cell, int64_t row, rp_csv *csv)
{
    RP_TRY(rp_grow(row + 1, sizeof *csv->line, &csv->lines, &csv->line));
    csv->line[row] = rp_csv_stream_line(s);
    for (int c = 0; c < csv->columns; c++) {
        RP_TRY(rp_grow(csv->count + 1, sizeof *csv->start, &csv->room, &csv->start));
        csv->start[csv->count++] = csv->cells.length;
        rp_text_add_bytes(&csv->cells, (int64_t)strlen(cell(s, c)) + 1, cell(s, c));
    }
    return rp_text_status(&csv->cells);
}

rp_status rp_csv_read_fit(const char *path, char separator, int64_t *left_out, rp_csv **out)
{
    RP_AUTO(rp_csv_stream) s = NULL;
    RP_AUTO(rp_csv) csv = NULL;
    RP_TRY(rp_csv_stream_open(path, separator, &s));
    RP_TRY(rp_alloc(1, sizeof *csv, &csv));
    RP_TRY(rp_copy_text(path, &csv->file));
    csv->columns = rp_csv_stream_columns(s);
    RP_TRY(take_cells(s, rp_csv_stream_name, 0, csv));
    for (int64_t bad = 0;;) {
        bool more;
        const rp_status st = rp_csv_stream_next(s, &more);
        if (st == RP_EDATA && rp_csv_stream_is_whole(s)) {
            bad++;
            continue;
        }
        RP_TRY(st);
        if (!more) {
            *left_out = bad;
            break;
        }
        RP_TRY(take_cells(s, rp_csv_stream_cell, ++csv->rows, csv));
    }
    *out = RP_TAKE(csv);
    return RP_OK;
}

int64_t rp_csv_rows(const rp_csv *csv) { return csv->rows; }

int rp_csv_columns(const rp_csv *csv) { return csv->columns; }

const char *rp_csv_name(const rp_csv *csv, int column)
{
    return csv->cells.at + csv->start[column];
}

int rp_csv_find(const rp_csv *csv, const char *name)
{
    for (int i = 0; i < csv->columns; i++)
        if (strcmp(rp_csv_name(csv, i), name) == 0) return i;
    return -1;
}

rp_status rp_csv_column(const rp_csv *csv, const char *name, int *column)
{
    const int found = rp_csv_find(csv, name);
    if (found < 0) {
        int nearest = 0;
        for (int i = 1; i < csv->columns; i++)
            if (rp_text_distance(name, rp_csv_name(csv, i)) <
                rp_text_distance(name, rp_csv_name(csv, nearest)))
                nearest = i;
        RP_FAIL(RP_EDATA, "%s:%" PRId64 ": no column '%s'; the nearest is '%s'", csv->file,
                csv->line[0], name, rp_csv_name(csv, nearest));
    }
    *column = found;
    return RP_OK;
}

const char *rp_csv_text(const rp_csv *csv, int64_t row, int column)
{
    return csv->cells.at + csv->start[(row + 1) * csv->columns + column];
}

rp_status rp_csv_numbers(const rp_csv *csv, int64_t row, const char *column, int n, double out[])
{
    int c;
    RP_TRY(rp_csv_column(csv, column, &c));
    const char *p = rp_csv_text(csv, row, c);
    bool fine = true;
    for (int i = 0; i < n && fine; i++) {
        char word[64] = "";
        p += strspn(p, " ");
        const size_t length = strcspn(p, " ");
        if (length < sizeof word) memcpy(word, p, length);
        fine = rp_read_double(word, &out[i]);
        p += length;
    }
    RP_NEED(fine && !p[strspn(p, " ")], RP_EDATA,
            "%s:%" PRId64 ": column '%s' must hold %d numbers, not '%.60s'", csv->file,
            rp_csv_line(csv, row), column, n, rp_csv_text(csv, row, c));
    return RP_OK;
}

int64_t rp_csv_line(const rp_csv *csv, int64_t row) { return csv->line[row + 1]; }

rp_status rp_csv_int(const rp_csv *csv, int64_t row, int column, int64_t *x)
{
    const char *s = rp_csv_text(csv, row, column);
    RP_NEED(rp_read_int(s, x), RP_EDATA, "%s:%" PRId64 ": column '%s': '%.60s' is no whole number",
            csv->file, rp_csv_line(csv, row), rp_csv_name(csv, column), s);
    return RP_OK;
}

rp_status rp_csv_double(const rp_csv *csv, int64_t row, int column, double *x)
{
    const char *s = rp_csv_text(csv, row, column);
    RP_NEED(rp_read_double(s, x), RP_EDATA, "%s:%" PRId64 ": column '%s': '%.60s' is no number",
            csv->file, rp_csv_line(csv, row), rp_csv_name(csv, column), s);
    return RP_OK;
}

/* Each cell is put with a comma behind it; rp_csv_end turns the last one into the line's end. */
void rp_csv_put(rp_text *t, const char *cell)
{
    const size_t n = strlen(cell);
    const bool plain =
        !strpbrk(cell, ",\"\r\n") && (n == 0 || (cell[0] != ' ' && cell[n - 1] != ' '));
    if (plain) {
        rp_text_add_bytes(t, (int64_t)n, cell);
    } else {
        rp_text_add_bytes(t, 1, "\"");
        for (const char *c = cell; *c; c++)
            rp_text_add_bytes(t, *c == '"' ? 2 : 1, *c == '"' ? "\"\"" : c);
        rp_text_add_bytes(t, 1, "\"");
    }
    rp_text_add_bytes(t, 1, ",");
}

void rp_csv_put_int(rp_text *t, int64_t x) { rp_text_add(t, "%" PRId64 ",", x); }

void rp_csv_put_double(rp_text *t, double x)
{
    if (x - x == 0) rp_text_add_double(t, x);
    rp_text_add_bytes(t, 1, ",");
}

void rp_csv_end(rp_text *t)
{
    if (t->length == 0 || t->status != RP_OK) return;
    const bool is_blank = t->length == 1 || t->at[t->length - 2] == '\n';
    t->length--;
    /* A row of one empty cell would read as an empty line. */
    rp_text_add(t, is_blank ? "\"\"\n" : "\n");
}
