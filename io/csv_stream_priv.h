/* io/csv_stream_priv.h - what the files of a table read a row at a time share. */
#pragma once
#include "io/csv_stream.h"

enum { BLOCK = 1 << 20, LONGEST = 1 << 24, MAX_COLUMNS = 100000 };

struct rp_csv_stream {
    char *path;
    int fd;
    char separator;
    bool ended, broken; /* the file is read whole; it cannot be read on */
    int64_t offset, line, row_line;
    int64_t limit; /* rows that start there or behind are another part's */
    char *block;
    int64_t at, end, room;
    int columns;
    int64_t cells, cell_room;
    char **cell; /* [cells] in the block */
    rp_text names;
    int64_t *name; /* [columns] in names */
};

/* Byte of the file at which the next line starts. */
static inline int64_t rp_csv_stream_at(const rp_csv_stream *s)
{
    return s->offset - (s->end - s->at);
}
