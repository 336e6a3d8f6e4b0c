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
