/* lib/stats/value.c - numbers with a state, and lists of them. */
#include "lib/stats/value.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

rp_value rp_value_of(double x)
{
    if (isnan(x)) return rp_value_undefined("not a number");
    return (rp_value){x, isinf(x) ? RP_VALUE_INFINITE : RP_VALUE_OK, ""};
}

rp_value rp_value_undefined(const char *reason)
{
    return (rp_value){0, RP_VALUE_UNDEFINED, reason};
}

rp_value rp_value_ratio(double a, double b, const char *reason)
{
    return b == 0 ? rp_value_undefined(reason) : rp_value_of(a / b);
}

void rp_rows_clear(rp_rows *r)
{
    rp_free(r->at);
    *r = (rp_rows){0};
}

/* A new row with that value, NULL if there is no room. */
static rp_row *new_row(rp_rows *r, rp_value v)
{
    if (r->status == RP_OK) r->status = rp_grow(r->count + 1, sizeof *r->at, &r->capacity, &r->at);
    if (r->status != RP_OK) return NULL;
    r->at[r->count].value = v;
    return &r->at[r->count++];
}

void rp_rows_add(rp_rows *r, rp_value v, const char *name, ...)
{
    va_list args;
    rp_row *row = new_row(r, v);
    if (!row) return;
    va_start(args, name);
    (void)vsnprintf(row->name, sizeof row->name, name, args);
    va_end(args);
}

void rp_rows_put(rp_rows *r, double x, const char *name, ...)
{
    va_list args;
    rp_row *row = new_row(r, rp_value_of(x));
    if (!row) return;
    va_start(args, name);
    (void)vsnprintf(row->name, sizeof row->name, name, args);
    va_end(args);
}

rp_status rp_rows_status(const rp_rows *r) { return r->status; }

const rp_value *rp_rows_find(const rp_rows *r, const char *name)
{
    for (int64_t i = 0; i < r->count; i++)
        if (strcmp(r->at[i].name, name) == 0) return &r->at[i].value;
    return NULL;
}
