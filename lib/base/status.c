/* lib/base/status.c - errors as values: thread-local message and trail. */
#include "lib/base/status.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local rp_error last;

void (*rp_abort_hook)(const char *why);

static const struct {
    int exit_code;
    const char *text;
} rows[] = {
#define RP_STATUS_ROW(code, exit_code, text) {exit_code, text},
    RP_STATUS_LIST(RP_STATUS_ROW)
#undef RP_STATUS_ROW
};

const char *rp_status_text(rp_status st)
{
    return (unsigned)st < RP_STATUS_COUNT ? rows[st].text : "unknown code";
}

int rp_status_exit(rp_status st) { return (unsigned)st < RP_STATUS_COUNT ? rows[st].exit_code : 1; }

const char *rp_error_message(void) { return last.message; }

const char *rp_error_trail(void) { return last.trail; }

rp_status rp_error_frame(rp_status st, const char *file, int line, const char *func)
{
    const size_t used = strlen(last.trail);
    if (used + 1 < sizeof last.trail)
        (void)snprintf(last.trail + used, sizeof last.trail - used, "%s%s:%d %s", used ? " < " : "",
                       file, line, func);
    return st;
}

rp_status rp_error_set(rp_status st, const char *file, int line, const char *func, const char *fmt,
                       ...)
{
    va_list args;
    va_start(args, fmt);
    last.status = st;
    (void)vsnprintf(last.message, sizeof last.message, fmt, args);
    va_end(args);
    last.trail[0] = 0;
    return rp_error_frame(st, file, line, func);
}

rp_status rp_error_within(rp_status st, const char *fmt, ...)
{
    char context[200], old[sizeof last.message];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(context, sizeof context, fmt, args);
    va_end(args);
    memcpy(old, last.message, sizeof old);
    const size_t n = strlen(context);
    memcpy(last.message, context, n);
    memcpy(last.message + n, ": ", 2);
    memcpy(last.message + n + 2, old, sizeof old - n - 2);
    last.message[sizeof last.message - 1] = 0;
    return st;
}

rp_status rp_error_errno(int err)
{
    switch (err) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG: return RP_ESPACE;
    case ENOMEM: return RP_EMEM;
    case ENOENT: return RP_ENONE;
    default: return RP_EIO;
    }
}

void rp_error_take(rp_status st, rp_error *out)
{
    *out = last;
    out->status = st;
}

rp_status rp_error_put(const rp_error *err)
{
    last = *err;
    return err->status;
}

void rp_assert_failed(const char *expr, const char *file, int line)
{
    char why[256];
    (void)snprintf(why, sizeof why, "%s:%d: does not hold: %s", file, line, expr);
    if (rp_abort_hook) rp_abort_hook(why);
    abort();
}
