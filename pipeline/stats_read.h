/* pipeline/stats_read.h - a plain table as columns of numbers, read a row at a time.
 *
 * Columns that name things may be text: codes 0, 1, ... of their texts in natural order.  Others
 * are numbers if any cell is one; then the rest are malformed.  Columns without numbers are left
 * out.  The file is read twice; 8 bytes a cell of a kept column stay. */
#pragma once
#include "lib/stats/columns.h"
#include "pipeline/groups.h"

typedef struct rp_stats_table {
    int64_t rows, bad_rows;
    char first_bad[240]; /* what was wrong with the first malformed row */
    int count;
    char **name;      /* [count] */
    double **value;   /* [count][rows] */
    rp_groups groups; /* of the column that rows are grouped by; empty: none was asked for */
} rp_stats_table;

/* by: column to group by, NULL for none.  skip_bad: malformed rows are left out and counted.
 * Errors: RP_EDATA naming file, line, column; RP_EMEM. */
RP_MUST rp_status rp_stats_table_read(const char *path, bool skip_bad, const char *by,
                                      rp_stats_table *out);
void rp_stats_table_clear(rp_stats_table *t);
/* Lent view. */
rp_columns rp_stats_table_columns(const rp_stats_table *t);
