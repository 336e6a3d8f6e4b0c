/* report/html.h - pieces of one page that stands alone: no script, nothing from the network.
 *
 * 1. Every text from outside goes through rp_html_text: markup becomes text, bytes that are no
 * UTF-8 and control characters become U+FFFD.
 * 2. What is written is well-formed XML too, so that a plain parser can check it.
 * 3. Failures stay in the text (rp_text_status). */
#pragma once
#include "lib/base/text.h"

/* s, escaped for content and for attributes in double quotes. */
void rp_html_text(rp_text *t, const char *s);
/* The same for n bytes, which may hold zeros. */
void rp_html_bytes(rp_text *t, int64_t n, const char *s);
/* Formats, then escapes. */
void rp_html_say(rp_text *t, const char *fmt, ...) RP_PRINTF(2, 3);
/* A paragraph of a class ("" for none): what is absent, a note, a warning. */
void rp_html_paragraph(rp_text *t, const char *class_name, const char *fmt, ...) RP_PRINTF(3, 4);

/* x for people: `digits` significant digits without zeros at the end, whole numbers whole, no
 * exponent between 1e-4 and 1e7. */
void rp_html_short(double x, int digits, char out[40]);
/* The same as <data value="17 digits">, so that the page keeps the number itself.  An x that is not
 * finite is a dash. */
void rp_html_number(rp_text *t, double x, int digits);

/* Base64 (RFC 4648) of n bytes. */
void rp_html_base64(rp_text *t, int64_t n, const void *bytes);
/* A link that saves bytes as a file: name, MIME type, what the link says. */
void rp_html_download(rp_text *t, const char *name, const char *type, int64_t n, const void *bytes,
                      const char *says);
/* A text file under a summary that opens on a click. */
void rp_html_folded(rp_text *t, const char *summary, int64_t n, const char *text);

/* Tables: begin with a caption ("" for none), header cells, rows, end.  Cells are escaped. */
void rp_html_table(rp_text *t, const char *caption, int columns, const char *const head[]);
void rp_html_row(rp_text *t);
void rp_html_cell(rp_text *t, const char *fmt, ...) RP_PRINTF(2, 3);
void rp_html_cell_number(rp_text *t, double x, int digits);
void rp_html_row_end(rp_text *t);
void rp_html_table_end(rp_text *t);

/* Head of the page with its style, and its end. */
void rp_html_begin(rp_text *t, const char *title);
void rp_html_end(rp_text *t);
