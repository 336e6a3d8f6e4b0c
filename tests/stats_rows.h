/* tests/stats_rows.h - running 'radpipe stats' and reading its rows. */
#pragma once
#include "tests/harness.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A text that lives until the process ends. */
static inline const char *text_of(const char *fmt, ...)
{
    char text[1000];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return strdup(text);
}

/* Runs 'radpipe stats ARGS --out FILE' and reads what it wrote. */
static inline const table *stats(const char *name, const char *args)
{
    char out[4000];
    const char *csv = text_of("%s/rows.csv", scratch_folder(name));
    const int rc = run_command(120, out, sizeof out, "%s stats %s --out %s", build_path("radpipe"), args, csv);
    cr_assert_eq(rc, 0, "stats %s: exit %d: %s", args, rc, out);
    return table_read(csv);
}

static inline bool row_of(const table *t, int keys, const char *const key[], const char *const value[], int *row)
{
    for (*row = 0; *row < t->rows; ++*row) {
        int same = 0;
        for (int k = 0; k < keys; k++) same += !strcmp(table_text(t, *row, key[k]), value[k]);
        if (same == keys) return true;
    }
    return false;
}

/* Value of the row with that key (NULL: no key column) and name; fails the test if it is not there. */
static inline double value_of(const table *t, const char *key, const char *of, const char *name)
{
    int row;
    const char *const column[] = {"name", key}, *const value[] = {name, of};
    cr_assert(row_of(t, key ? 2 : 1, column, value, &row), "no row %s %s", of ? of : "", name);
    cr_assert_str_eq(table_text(t, row, "state"), "ok", "%s", name);
    return table_number(t, row, "value");
}

/* A file of that text in a scratch folder of the test. */
static inline const char *file_of(const char *name, const char *text)
{
    const char *folder = scratch_folder(name);
    put_file(folder, "table.csv", text);
    return text_of("%s/table.csv", folder);
}
