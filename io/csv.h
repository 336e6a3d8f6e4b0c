/* io/csv.h - tables as text: strict reading, plain writing.
 *
 * RFC 4180 with a header row: cells may be quoted, quotes are doubled inside quotes, lines end in
 * LF or CRLF, a leading UTF-8 mark is passed over, empty lines too.  Every row has as many cells as
 * the header.  Errors are RP_EDATA and start with file:line. */
#pragma once
#include "lib/base/text.h"

typedef struct rp_csv rp_csv;
/* name: the file's name for messages; separator: ',' unless the file's maker says otherwise.
 * Errors: RP_EDATA: unequal rows, a quote out of place, two columns of one name, a NUL byte, no
 * header, a header that is separated by something else. */
RP_MUST rp_status rp_csv_parse(const char *name, char separator, int64_t n, const char *text,
                               rp_csv **out);
/* Errors: those of rp_file_read, too. */
RP_MUST rp_status rp_csv_read(const char *path, char separator, rp_csv **out);
/* The same, but malformed rows are left out and counted in *left_out, as rp_csv_stream_next tells
 * them.  Errors: RP_EDATA for the header, and where the file cannot be read on behind a row. */
RP_MUST rp_status rp_csv_read_fit(const char *path, char separator, int64_t *left_out,
                                  rp_csv **out);
void rp_csv_drop(rp_csv **csv);

int64_t rp_csv_rows(const rp_csv *csv);
int rp_csv_columns(const rp_csv *csv);
/* Lent until the table is dropped. */
const char *rp_csv_name(const rp_csv *csv, int column);
/* Column of that name, -1 if there is none. */
int rp_csv_find(const rp_csv *csv, const char *name);
/* The same, where it must be there.  Errors: RP_EDATA naming the nearest column. */
RP_MUST rp_status rp_csv_column(const rp_csv *csv, const char *name, int *column);
/* Cell as text, without its quotes.  Lent until the table is dropped. */
const char *rp_csv_text(const rp_csv *csv, int64_t row, int column);
/* Cell as a number.  Errors: RP_EDATA naming file, line, column and what stands there. */
RP_MUST rp_status rp_csv_int(const rp_csv *csv, int64_t row, int column, int64_t *x);
RP_MUST rp_status rp_csv_double(const rp_csv *csv, int64_t row, int column, double *x);
/* n numbers separated by blanks in the cell of a named column.  Errors: RP_EDATA naming file, line,
 * column. */
RP_MUST rp_status rp_csv_numbers(const rp_csv *csv, int64_t row, const char *column, int n,
                                 double out[]);
/* Line of the file on which the row starts, from 1, for messages. */
int64_t rp_csv_line(const rp_csv *csv, int64_t row);

/* A row is put cell by cell and ended.  Cells with a comma, quote, line end, or a blank at an end
 * are quoted.  Failures stay in the text (rp_text_status). */
void rp_csv_put(rp_text *t, const char *cell);
void rp_csv_put_int(rp_text *t, int64_t x);
/* 17 digits; an infinite or undefined number is an empty cell: the caller says why in another
 * column. */
void rp_csv_put_double(rp_text *t, double x);
void rp_csv_end(rp_text *t);
