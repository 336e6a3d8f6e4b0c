/* lib/stats/columns.h - a table as named columns of doubles: what the families take. */
#pragma once
#include "lib/base/status.h"
#include <stdbool.h>
#include <stdint.h>

typedef struct rp_columns {
    int64_t rows;
    int count;
    const char *const *name;    /* [count] */
    const double *const *value; /* [count][rows], finite; all lent */
} rp_columns;

bool rp_columns_has(const rp_columns *t, const char *name);
/* Errors: RP_EDATA naming the column that is not there. */
RP_MUST rp_status rp_columns_get(const rp_columns *t, const char *name, const double **out);
/* The same, of values that are all whole numbers from low to high. */
RP_MUST rp_status rp_columns_whole(const rp_columns *t, const char *name, double low, double high,
                                   const double **out);
