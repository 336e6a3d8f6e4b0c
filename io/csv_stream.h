/* io/csv_stream.h - tables as text, a row at a time, in one block of memory.
 *
 * The dialect is that of io/csv.h.  Errors are RP_EDATA and start with file:line. */
#pragma once
#include "lib/base/text.h"

typedef struct rp_csv_stream rp_csv_stream;
/* Opens the file and reads its header.  Errors: RP_EDATA as rp_csv_parse, RP_ENONE, RP_EIO. */
RP_MUST rp_status rp_csv_stream_open(const char *path, char separator, rp_csv_stream **out);
void rp_csv_stream_drop(rp_csv_stream **s);

int rp_csv_stream_columns(const rp_csv_stream *s);
const char *rp_csv_stream_name(const rp_csv_stream *s, int column);
/* Column of that name, -1 if there is none. */
int rp_csv_stream_find(const rp_csv_stream *s, const char *name);

/* The same, but there must be one.  Errors: RP_EDATA naming the nearest. */
RP_MUST rp_status rp_csv_stream_column(const rp_csv_stream *s, const char *name, int *column);

/* Goes to the next row; *more is false behind the last one.
 * Errors: RP_EDATA for a row of another length, a quote out of place, a zero byte: the stream then
 * stands behind that line, and the caller may go on.  RP_EDATA too for a line of over 16 MiB, and
 * RP_EIO: nothing more can be read then (rp_csv_stream_is_whole). */
RP_MUST rp_status rp_csv_stream_next(rp_csv_stream *s, bool *more);
/* False once the file itself could not be read on. */
bool rp_csv_stream_is_whole(const rp_csv_stream *s);
/* Cell of the row at hand, without its quotes.  Lent until the next row. */
const char *rp_csv_stream_cell(const rp_csv_stream *s, int column);
/* Line of the file on which that row (or the one refused last) starts. */
int64_t rp_csv_stream_line(const rp_csv_stream *s);

/* One table read by several: each surveys its part of the bytes, all get all surveys, and each then
 * takes the rows that start in its part.  Together they read what one would, each row once, under
 * its true line; the header is read by each. */
typedef struct rp_csv_survey {
    int64_t bytes;   /* of the file */
    int64_t lines;   /* that start in the part */
    int64_t open[2]; /* is a quote open behind them, if none was open before [0], if one was [1] */
    int64_t row[2];  /* byte of the first row that starts there, in these two cases; -1: none */
    int64_t skip[2]; /* lines of the part before that row */
} rp_csv_survey;
/* Reads the part once; the stream must stand behind its header.  Local.  Errors: RP_EIO. */
RP_MUST rp_status rp_csv_stream_survey(const rp_csv_stream *s, int part, int parts,
                                       rp_csv_survey *out);
/* Goes to the first row of the part; the stream ends behind its last one.  all [parts].
 * Errors: RP_EDATA if the surveys saw files of different sizes. */
RP_MUST rp_status rp_csv_stream_take(rp_csv_stream *s, int part, int parts,
                                     const rp_csv_survey all[]);
