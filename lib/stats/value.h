/* lib/stats/value.h - a number and what became of it, and lists of named numbers.
 *
 * 1. No NaN leaves this room: what has no value says so, with a reason.
 * 2. A reason is a constant text without commas; nobody frees it. */
#pragma once
#include "lib/base/mem.h"
#include <stdbool.h>

typedef enum rp_state { RP_VALUE_OK, RP_VALUE_UNDEFINED, RP_VALUE_INFINITE } rp_state;

typedef struct rp_value {
    double x; /* 0 when undefined, +-INFINITY when infinite */
    rp_state state;
    const char *reason; /* undefined: why; else "" */
} rp_value;

/* ok; infinite for an infinity; undefined ("not a number") for a NaN. */
rp_value rp_value_of(double x);
rp_value rp_value_undefined(const char *reason);
/* a / b; undefined with that reason where b is 0. */
rp_value rp_value_ratio(double a, double b, const char *reason);

typedef struct rp_row {
    char name[64];
    rp_value value;
} rp_row;

/* Grows; remembers its first failure: many adds, one check (rp_rows_status). */
typedef struct rp_rows {
    int64_t count, capacity;
    rp_row *at;
    rp_status status;
} rp_rows;
#define RP_ROWS_AUTO __attribute__((cleanup(rp_rows_clear))) rp_rows
void rp_rows_clear(rp_rows *r);
/* Names longer than 63 letters are cut. */
void rp_rows_add(rp_rows *r, rp_value v, const char *name, ...) RP_PRINTF(3, 4);
/* The same for a plain number (rp_value_of). */
void rp_rows_put(rp_rows *r, double x, const char *name, ...) RP_PRINTF(3, 4);
RP_MUST rp_status rp_rows_status(const rp_rows *r);
/* The row's value, NULL if there is none of that name; lent until the next add. */
const rp_value *rp_rows_find(const rp_rows *r, const char *name);
