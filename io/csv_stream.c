/* io/csv_stream.c - tables as text, a row at a time.
 *
 * 1. block[at..end) are bytes not yet looked at; a row lies in the block as a whole, or more is
 * read.
 * 2. Cells end in 0 in place: the separator behind a cell is overwritten, quotes are taken out. */
#include "io/csv_stream_priv.h"
#include "io/sys_priv.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

void rp_csv_stream_drop(rp_csv_stream **s)
{
    if (!*s) return;
    rp_close_at(&(*s)->fd);
    rp_text_clear(&(*s)->names);
    rp_free((*s)->path);
    rp_free((*s)->block);
    rp_free((void *)(*s)->cell);
    rp_free((*s)->name);
    rp_free(*s);
    *s = NULL;
}

/* Moves what is left to the front and reads behind it. */
static rp_status fill(rp_csv_stream *s)
{
    int64_t got;
    memmove(s->block, s->block + s->at, (size_t)(s->end - s->at));
    s->end -= s->at;
    s->at = 0;
    if (s->end + 2 > s->room / 2) RP_TRY(rp_grow(2 * s->room, 1, &s->room, &s->block));
    const int64_t space = s->room - s->end - 1; /* a 0 behind the last cell fits */
    RP_TRY(rp_read_at(s->fd, s->path, s->offset, space, s->block + s->end, &got));
    s->offset += got;
    s->end += got;
    s->ended = got < space;
    return RP_OK;
}

/* End of the line that starts at `from`, quotes not heeded; reads on until it is there.  May move
 * the block: from is counted from s->at. */
static rp_status line_end(rp_csv_stream *s, int64_t from, int64_t *length)
{
    for (;;) {
        const char *start = s->block + s->at + from;
        const char *stop = memchr(start, '\n', (size_t)(s->end - s->at - from));
        if (stop) {
            *length = stop - (s->block + s->at);
            return RP_OK;
        }
        if (s->ended) {
            *length = s->end - s->at;
            return RP_OK;
        }
        from = s->end - s->at;
        RP_NEED(from <= LONGEST, RP_EDATA, "%s:%" PRId64 ": a line of over %d bytes", s->path,
                s->line, LONGEST);
        RP_TRY(fill(s));
    }
}

/* Is a quote open behind these bytes?  A quote opens at the start of a cell alone. */
static bool is_open(const rp_csv_stream *s, const char *text, int64_t n, bool open)
{
    bool starts = !open;
    for (int64_t i = 0; i < n; i++) {
        const bool quote = text[i] == '"';
        if (open && quote && i + 1 < n && text[i + 1] == '"')
            i++;
        else if (open)
            open = !quote;
        else
            open = starts && quote;
        starts = !open && text[i] == s->separator;
    }
    return open;
}

/* Length of the row at s->at: lines are joined while a quote is open. */
static rp_status row_length(rp_csv_stream *s, int64_t *length, int64_t *lines, bool *quoted)
{
    int64_t from = 0;
    bool open = false;
    *lines = 0;
    *quoted = false;
    for (;;) {
        RP_TRY(line_end(s, from, length));
        /* Told by the length alone: the verdict must not depend on where blocks end. */
        RP_NEED(*length <= LONGEST, RP_EDATA, "%s:%" PRId64 ": a line of over %d bytes", s->path,
                s->line, LONGEST);
        ++*lines;
        const char *line = s->block + s->at + from;
        if (memchr(line, '"', (size_t)(*length - from))) {
            *quoted = true;
            open = is_open(s, line, *length - from, open);
        }
        if (!open) return RP_OK;
        RP_NEED(s->at + *length < s->end, RP_EDATA, "%s:%" PRId64 ": a quote without its end",
                s->path, s->line);
        from = *length + 1;
    }
}

static rp_status add_cell(rp_csv_stream *s, char *cell)
{
    RP_NEED(s->cells < MAX_COLUMNS, RP_EDATA, "%s:%" PRId64 ": more than %d columns", s->path,
            s->row_line, MAX_COLUMNS);
    if (s->cells == s->cell_room)
        RP_TRY(rp_grow(s->cells + 1, sizeof *s->cell, &s->cell_room, (void *)&s->cell));
    s->cell[s->cells++] = cell;
    return RP_OK;
}

static rp_status cut_plain(rp_csv_stream *s, char *row)
{
    for (;;) {
        RP_TRY(add_cell(s, row));
        row = strchr(row, s->separator);
        if (!row) return RP_OK;
        *row++ = 0;
    }
}

/* The same where cells may be quoted: doubled quotes become one, in place. */
static rp_status cut_quoted(rp_csv_stream *s, char *row)
{
    for (char *p = row;;) {
        char *to = p;
        RP_TRY(add_cell(s, p));
        if (*p == '"') {
            for (p++; *p != '"' || p[1] == '"'; *to++ = *p++) p += *p == '"';
            p++;
            RP_NEED(*p == s->separator || *p == 0, RP_EDATA,
                    "%s:%" PRId64 ": text behind the end of a quote", s->path, s->row_line);
        } else {
            for (; *p && *p != s->separator; *to++ = *p++)
                RP_NEED(*p != '"', RP_EDATA, "%s:%" PRId64 ": a quote inside a cell", s->path,
                        s->row_line);
        }
        const bool last = *p == 0;
        *to = 0;
        if (last) return RP_OK;
        p++;
    }
}

/* Cuts the next row that is not empty; *more false at the end of the file or part. */
static rp_status take_row(rp_csv_stream *s, bool *more)
{
    int64_t length, lines;
    bool quoted;
    for (;;) {
        *more = (s->at < s->end || !s->ended) && rp_csv_stream_at(s) < s->limit;
        if (!*more) return RP_OK;
        s->row_line = s->line;
        const rp_status st = row_length(s, &length, &lines, &quoted);
        if (st != RP_OK) {
            s->broken = true;
            return st;
        }
        char *row = s->block + s->at;
        s->line += lines;
        s->at += length < s->end - s->at ? length + 1 : length;
        if (length > 0 && row[length - 1] == '\r') length--;
        if (length == 0) continue;
        row[length] = 0;
        s->cells = 0;
        RP_NEED(!memchr(row, 0, (size_t)length), RP_EDATA,
                "%s:%" PRId64 ": a zero byte: not a table", s->path, s->row_line);
        return quoted ? cut_quoted(s, row) : cut_plain(s, row);
    }
}

static rp_status read_header(rp_csv_stream *s)
{
    bool more;
    RP_TRY(fill(s));
    if (s->end >= 3 && memcmp(s->block, "\xEF\xBB\xBF", 3) == 0) s->at = 3;
    RP_TRY(take_row(s, &more));
    RP_NEED(more, RP_EDATA, "%s:1: no header", s->path);
    s->columns = (int)s->cells;
    RP_TRY(rp_alloc(s->columns, sizeof *s->name, &s->name));
    for (int c = 0; c < s->columns; c++) {
        RP_NEED(*s->cell[c], RP_EDATA, "%s:%" PRId64 ": column %d has no name", s->path,
                s->row_line, c + 1);
        s->name[c] = s->names.length;
        rp_text_add_bytes(&s->names, (int64_t)strlen(s->cell[c]) + 1, s->cell[c]);
    }
    RP_TRY(rp_text_status(&s->names));
    for (int c = 0; c < s->columns; c++)
        RP_NEED(rp_csv_stream_find(s, rp_csv_stream_name(s, c)) == c, RP_EDATA,
                "%s:%" PRId64 ": two columns '%s'", s->path, s->row_line, rp_csv_stream_name(s, c));
    RP_NEED(s->columns > 1 || !strpbrk(rp_csv_stream_name(s, 0), ",;\t"), RP_EDATA,
            "%s:%" PRId64 ": cells are separated by something other than '%c': '%.60s'", s->path,
            s->row_line, s->separator, rp_csv_stream_name(s, 0));
    return RP_OK;
}

rp_status rp_csv_stream_open(const char *path, char separator, rp_csv_stream **out)
{
    RP_AUTO(rp_csv_stream) s = NULL;
    RP_TRY(rp_alloc(1, sizeof *s, &s));
    s->fd = -1;
    s->separator = separator;
    s->line = 1;
    s->limit = INT64_MAX;
    RP_TRY(rp_copy_text(path, &s->path));
    RP_TRY(rp_grow(2 * BLOCK, 1, &s->room, &s->block));
    s->fd = open(path, O_RDONLY | O_CLOEXEC);
    RP_SYS(s->fd >= 0, "'%s' cannot be opened", path);
    RP_TRY(read_header(s));
    *out = RP_TAKE(s);
    return RP_OK;
}

int rp_csv_stream_columns(const rp_csv_stream *s) { return s->columns; }

const char *rp_csv_stream_name(const rp_csv_stream *s, int column)
{
    return s->names.at + s->name[column];
}

int rp_csv_stream_find(const rp_csv_stream *s, const char *name)
{
    for (int c = 0; c < s->columns; c++)
        if (strcmp(rp_csv_stream_name(s, c), name) == 0) return c;
    return -1;
}

rp_status rp_csv_stream_column(const rp_csv_stream *s, const char *name, int *column)
{
    const char *nearest = rp_csv_stream_name(s, 0);
    *column = rp_csv_stream_find(s, name);
    if (*column >= 0) return RP_OK;
    for (int c = 1; c < s->columns; c++)
        if (rp_text_distance(name, rp_csv_stream_name(s, c)) < rp_text_distance(name, nearest))
            nearest = rp_csv_stream_name(s, c);
    RP_FAIL(RP_EDATA, "%s:1: no column '%s'; the nearest is '%s'", s->path, name, nearest);
}

rp_status rp_csv_stream_next(rp_csv_stream *s, bool *more)
{
    *more = false;
    RP_NEED(!s->broken, RP_EDATA, "%s:%" PRId64 ": cannot be read on", s->path, s->line);
    RP_TRY(take_row(s, more));
    RP_NEED(!*more || s->cells == s->columns, RP_EDATA,
            "%s:%" PRId64 ": %" PRId64 " cells, the header has %d", s->path, s->row_line, s->cells,
            s->columns);
    return RP_OK;
}

bool rp_csv_stream_is_whole(const rp_csv_stream *s) { return !s->broken; }

const char *rp_csv_stream_cell(const rp_csv_stream *s, int column) { return s->cell[column]; }

int64_t rp_csv_stream_line(const rp_csv_stream *s) { return s->row_line; }
