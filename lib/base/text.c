/* lib/base/text.c - text that grows, and strict reading of numbers. */
#include "lib/base/text.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void rp_text_clear(rp_text *t)
{
    rp_free(t->at);
    *t = (rp_text){0};
}

static bool reserve(rp_text *t, int64_t more)
{
    if (t->status != RP_OK) return false;
    t->status = rp_grow(t->length + more + 1, 1, &t->capacity, &t->at);
    return t->status == RP_OK;
}

void rp_text_add_bytes(rp_text *t, int64_t n, const void *bytes)
{
    if (!reserve(t, n)) return;
    if (n) memcpy(t->at + t->length, bytes, (size_t)n);
    t->length += n;
    t->at[t->length] = 0;
}

static void add_formatted(rp_text *t, const char *fmt, va_list args)
{
    va_list again;
    va_copy(again, args);
    const int n = vsnprintf(NULL, 0, fmt, args);
    if (n >= 0 && reserve(t, n)) {
        (void)vsnprintf(t->at + t->length, (size_t)n + 1, fmt, again);
        t->length += n;
    }
    va_end(again);
}

void rp_text_add(rp_text *t, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    add_formatted(t, fmt, args);
    va_end(args);
}

/* Length of the UTF-8 sequence at s (RFC 3629), 0 if it is none. */
static int utf8_length(const unsigned char *s)
{
    if (s[0] < 0x80) return 1;
    const int n = s[0] >= 0xC2 && s[0] < 0xE0   ? 2
                  : s[0] >= 0xE0 && s[0] < 0xF0 ? 3
                  : s[0] >= 0xF0 && s[0] < 0xF5 ? 4
                                                : 0;
    for (int i = 1; i < n; i++)
        if ((s[i] & 0xC0) != 0x80) return 0;
    if (n == 3 && ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F))) return 0;
    if (n == 4 && ((s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F))) return 0;
    return n;
}

void rp_text_add_json(rp_text *t, const char *s)
{
    rp_text_add(t, "\"");
    for (const unsigned char *p = (const unsigned char *)s; *p;) {
        const int n = utf8_length(p);
        if (n == 0) {
            rp_text_add(t, "\\ufffd");
            p++;
        } else if (n > 1) {
            rp_text_add_bytes(t, n, p);
            p += n;
        } else {
            if (*p == '"' || *p == '\\')
                rp_text_add(t, "\\%c", *p);
            else if (*p < 0x20 || *p == 0x7F)
                rp_text_add(t, "\\u%04x", *p);
            else
                rp_text_add_bytes(t, 1, p);
            p++;
        }
    }
    rp_text_add(t, "\"");
}

void rp_text_add_double(rp_text *t, double x)
{
    if (!isfinite(x))
        rp_text_add(t, "null");
    else if (x == 0)
        rp_text_add(t, "0"); /* minus zero too */
    else if (x == rint(x) && fabs(x) < 1e15)
        rp_text_add(t, "%.0f", x);
    else
        rp_text_add(t, "%.17g", x);
}

rp_status rp_text_status(const rp_text *t) { return t->status; }

const char *rp_text_get(const rp_text *t) { return t->at ? t->at : ""; }

rp_status rp_format(char **out, const char *fmt, ...)
{
    rp_text t = {0};
    va_list args;
    va_start(args, fmt);
    add_formatted(&t, fmt, args);
    va_end(args);
    if (t.status != RP_OK) {
        rp_text_clear(&t);
        return t.status == RP_OK ? RP_EMEM : t.status;
    }
    *out = t.at;
    return RP_OK;
}

void rp_text_fit(char *to, size_t size, const char *from)
{
    const size_t n = strnlen(from, size - 1);
    memmove(to, from, n);
    to[n] = 0;
}

bool rp_read_int(const char *s, int64_t *x)
{
    char *end;
    if (!*s || isspace((unsigned char)*s)) return false;
    errno = 0;
    const long long v = strtoll(s, &end, 10);
    if (errno || *end) return false;
    *x = v;
    return true;
}

bool rp_read_double(const char *s, double *x)
{
    char *end;
    /* strtod takes 'inf', 'nan' and hexadecimal: not in our files. */
    if (!*s || strspn(s, "+-.0123456789eE") != strlen(s)) return false;
    errno = 0;
    const double v = strtod(s, &end);
    if (*end || !isfinite(v)) return false;
    *x = v;
    return true;
}

int rp_text_distance(const char *a, const char *b)
{
    const size_t n = strlen(a), m = strlen(b);
    int row[65];
    if (n > 63 || m > 63) return 64;
    for (size_t j = 0; j <= m; j++) row[j] = (int)j;
    for (size_t i = 1; i <= n; i++) {
        int diagonal = row[0];
        row[0] = (int)i;
        for (size_t j = 1; j <= m; j++) {
            const int change = diagonal + (a[i - 1] != b[j - 1]);
            const int best = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
            diagonal = row[j];
            row[j] = change < best ? change : best;
        }
    }
    return row[m];
}

bool rp_text_match(const char *pattern, const char *name)
{
    const char *star = NULL, *back = NULL;
    while (*name) {
        if (*pattern == '*') {
            star = pattern++;
            back = name;
        } else if (*pattern == '?' || *pattern == *name) {
            pattern++;
            name++;
        } else if (star) {
            pattern = star + 1;
            name = ++back;
        } else {
            return false;
        }
    }
    while (*pattern == '*') pattern++;
    return !*pattern;
}

int rp_text_compare_natural(const char *a, const char *b)
{
    const char *p = a, *q = b;
    while (*p && *q) {
        if (isdigit((unsigned char)*p) && isdigit((unsigned char)*q)) {
            while (*p == '0' && isdigit((unsigned char)p[1])) p++;
            while (*q == '0' && isdigit((unsigned char)q[1])) q++;
            const size_t n = strspn(p, "0123456789"), m = strspn(q, "0123456789");
            const int c = n != m ? (n < m ? -1 : 1) : strncmp(p, q, n);
            if (c) return c;
            p += n;
            q += m;
        } else {
            if (*p != *q) return (unsigned char)*p < (unsigned char)*q ? -1 : 1;
            p++;
            q++;
        }
    }
    if (*p || *q) return *p ? 1 : -1;
    return strcmp(a, b);
}
