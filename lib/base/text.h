/* lib/base/text.h - text that grows, and strict reading of numbers.
 * A text remembers its first failure: many appends, one check (rp_text_status). */
#pragma once
#include "lib/base/mem.h"
#include <stdbool.h>

typedef struct rp_text {
    char *at; /* always ends in 0 once something was added; NULL before */
    int64_t length, capacity;
    rp_status status;
} rp_text;
#define RP_TEXT_AUTO __attribute__((cleanup(rp_text_clear))) rp_text
void rp_text_clear(rp_text *t);
void rp_text_add(rp_text *t, const char *fmt, ...) RP_PRINTF(2, 3);
void rp_text_add_bytes(rp_text *t, int64_t n, const void *bytes);
/* Adds s as a JSON string with its quotes; bytes that are no UTF-8 become U+FFFD. */
void rp_text_add_json(rp_text *t, const char *s);
/* Adds a double with 17 digits, integers without exponent; JSON: null when it is not finite. */
void rp_text_add_double(rp_text *t, double x);
RP_MUST rp_status rp_text_status(const rp_text *t);
/* "" for an empty text; lent until the next change. */
const char *rp_text_get(const rp_text *t);

/* Formats into a new string, owned by the caller.  Errors: RP_EMEM. */
RP_MUST rp_status rp_format(char **out, const char *fmt, ...) RP_PRINTF(2, 3);

/* Copies from into to[size], cut where it does not fit; always ends in 0. */
void rp_text_fit(char *to, size_t size, const char *from);

/* The whole of s as a number, else false and *x untouched.  Doubles must be finite. */
bool rp_read_int(const char *s, int64_t *x);
bool rp_read_double(const char *s, double *x);

/* Edit distance (Levenshtein), for 'did you mean'; names longer than 63 count as 64. */
int rp_text_distance(const char *a, const char *b);
/* Shell pattern with * and ?; the whole of name must match.  Case matters. */
bool rp_text_match(const char *pattern, const char *name);
/* Byte order, digits as numbers: P2 before P10.  A total order: equal only if the same bytes. */
int rp_text_compare_natural(const char *a, const char *b);
