/* io/table_h5.h - tables as HDF5: what CSV has, as arrays that programs read at once.
 *
 * A table becomes a group.  Each of its text columns is a dataset of its name: [rows] texts, UTF-8
 * of fixed length, filled up with zeros.  All other columns, in order, are the dataset "value"
 * [rows][columns] of doubles, NaN where a cell is empty, and "name" [columns] says which. */
#pragma once
#include "io/csv.h"

typedef struct rp_h5_table {
    const char *group;
    const rp_csv *csv;
    const char *texts; /* names of its text columns, commas between; NULL: all are */
} rp_h5_table;

/* Writes path atomically; attribute: name and text each, on the root.  The same tables give the
 * same bytes.  Errors: RP_EDATA (a cell that is no number, naming it), RP_EIO, RP_ESPACE, RP_EMEM.
 */
RP_MUST rp_status rp_h5_tables_write(const char *path, int tables, const rp_h5_table table[],
                                     int attributes, const char *const attribute[][2]);
