/* io/csv_part.c - a table's bytes divided among several readers.
 *
 * 1. A line belongs to the part in which its first byte lies; the part's reader reads on to its
 * end.
 * 2. Whether a quote is open where a part starts is known only once the parts before are read.  So
 *    each part is walked for both cases at once; parts are then put one behind the other. */
#include "io/csv_stream_priv.h"
#include "io/sys_priv.h"

#include <inttypes.h>
#include <sys/stat.h>

typedef enum place {
    START, /* of a cell */
    PLAIN, /* in a cell, or behind its quotes */
    OPEN,  /* within quotes */
    QUOTE  /* within quotes, behind one: its end, or the first of two */
} place;

typedef struct walk {
    char separator;
    int64_t to; /* lines from there on are the next part's */
    place now[2];
    rp_csv_survey *out;
} walk;

static place behind(place now, char c, char separator)
{
    if (c == '"') return now == START || now == QUOTE ? OPEN : now == OPEN ? QUOTE : PLAIN;
    if (now == OPEN) return OPEN;
    return c == separator ? START : PLAIN;
}

/* Bytes of one line, without its end. */
static void walk_bytes(walk *w, int64_t n, const char *bytes, bool has_quotes)
{
    const bool same = w->now[0] == w->now[1];
    if (n == 0) return;
    for (int k = 0; k < (same ? 1 : 2); k++) /* Without quotes the last byte tells. */
        for (int64_t i = has_quotes ? 0 : n - 1; i < n; i++)
            w->now[k] = behind(w->now[k], bytes[i], w->separator);
    if (same) w->now[1] = w->now[0];
}

/* Behind the end of a line; next: byte at which another starts.  False: it is the next part's. */
static bool walk_line(walk *w, int64_t next)
{
    rp_csv_survey *s = w->out;
    s->lines++;
    for (int k = 0; k < 2; k++) {
        if (w->now[k] != OPEN) w->now[k] = START;
        if (next >= w->to || w->now[k] == OPEN || s->row[k] >= 0) continue;
        s->row[k] = next;
        s->skip[k] = s->lines;
    }
    return next < w->to;
}

/* A block of the file from byte `first` on; false once the part is walked. */
static bool walk_block(walk *w, int64_t first, int64_t n, const char *block)
{
    const char *const end = block + n, *quote = memchr(block, '"', (size_t)n);
    for (const char *p = block; p < end;) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        const char *line_end = stop ? stop : end;
        if (quote && quote < p) quote = memchr(p, '"', (size_t)(end - p));
        walk_bytes(w, line_end - p, p, quote && quote < line_end);
        if (!stop) return true;
        if (!walk_line(w, first + (stop + 1 - block))) return false;
        p = stop + 1;
    }
    return true;
}

/* Byte at or behind from at which a line starts; to where that is none of the part's. */
static rp_status first_line(const rp_csv_stream *s, int64_t from, int64_t to, char *block,
                            int64_t *out)
{
    for (int64_t at = from - 1, got; at < to - 1; at += got) {
        const int64_t want = to - 1 - at < BLOCK ? to - 1 - at : BLOCK;
        RP_TRY(rp_read_at(s->fd, s->path, at, want, block, &got));
        const char *stop = memchr(block, '\n', (size_t)got);
        *out = stop ? at + (stop + 1 - block) : to;
        if (stop || got == 0) return RP_OK;
    }
    *out = to;
    return RP_OK;
}

static int64_t part_start(int64_t header, int64_t bytes, int part, int parts)
{
    const int64_t n = bytes > header ? bytes - header : 0;
    return header + n / parts * part + n % parts * part / parts;
}

rp_status rp_csv_stream_survey(const rp_csv_stream *s, int part, int parts, rp_csv_survey *out)
{
    RP_AUTOFREE char *block = NULL;
    struct stat about;
    const int64_t header = rp_csv_stream_at(s);
    RP_SYS(fstat(s->fd, &about) == 0, "'%s' cannot be looked at", s->path);
    RP_TRY(rp_alloc_raw(BLOCK, 1, &block));
    *out = (rp_csv_survey){.bytes = about.st_size, .open = {0, 1}, .row = {-1, -1}};
    int64_t at = part_start(header, about.st_size, part, parts), got;
    walk w = {s->separator, part_start(header, about.st_size, part + 1, parts), {START, OPEN}, out};
    if (part > 0) RP_TRY(first_line(s, at, w.to, block, &at));
    if (at >= w.to) return RP_OK;
    out->row[0] = at;
    do {
        RP_TRY(rp_read_at(s->fd, s->path, at, BLOCK, block, &got));
        at += got;
    } while (got > 0 && walk_block(&w, at - got, got, block));
    for (int k = 0; k < 2; k++) out->open[k] = w.now[k] == OPEN;
    return RP_OK;
}

rp_status rp_csv_stream_take(rp_csv_stream *s, int part, int parts, const rp_csv_survey all[])
{
    const int64_t header = rp_csv_stream_at(s);
    int64_t open = 0;
    for (int k = 1; k < parts; k++)
        RP_NEED(all[k].bytes == all[0].bytes, RP_EDATA, "%s: changed while it was read", s->path);
    for (int k = 0; k < part; k++) {
        s->line += all[k].lines;
        open = all[k].open[open];
    }
    const int64_t row = all[part].row[open];
    s->limit = row < 0 ? 0 : part_start(header, all[0].bytes, part + 1, parts);
    s->offset = row < 0 ? 0 : row;
    s->line += all[part].skip[open];
    s->at = s->end = 0;
    s->ended = row < 0;
    return RP_OK;
}
