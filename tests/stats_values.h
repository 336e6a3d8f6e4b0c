/* tests/stats_values.h - tables of reference statistics: reading inputs, holding rows against them. */
#pragma once
#include "lib/stats/family.h"
#include "tests/harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* All columns of a table of numbers.  Lives until the process ends. */
static inline rp_columns columns_of(const table *t)
{
    const char **name = calloc((size_t)(unsigned)t->columns, sizeof *name);
    const double **value = calloc((size_t)(unsigned)t->columns, sizeof *value);
    for (int c = 0; c < t->columns; c++) {
        double *x = calloc((size_t)(unsigned)t->rows, sizeof *x);
        for (int r = 0; r < t->rows; r++) x[r] = table_number(t, r, t->name[c]);
        name[c] = t->name[c];
        value[c] = x;
    }
    return (rp_columns){t->rows, t->columns, name, value};
}

/* Is it a p value, which is held relative to itself down to 1e-300? */
static inline bool is_p_value(const char *name)
{
    return strstr(name, "_p_") || strstr(name, "p-value") || !strncmp(name, "p_", 2) || !strncmp(name, "gray_p", 6) ||
           (strlen(name) > 2 && !strcmp(name + strlen(name) - 2, "_p"));
}

/* Tolerance classes of the reference set's README. */
static inline bool row_holds(const rp_value *got, const char *name, const char *value, const char *tol)
{
    if (!strcmp(value, "NA") || !strcmp(value, "nan")) return got->state == RP_VALUE_UNDEFINED;
    const double want = strtod(value, NULL);
    if (isinf(want)) return got->state == RP_VALUE_INFINITE;
    if (got->state != RP_VALUE_OK) return false;
    if (!strcmp(tol, "loose")) return near(got->x, want, 1e-2, 0);
    const double t = !strcmp(tol, "closed") ? 1e-9 : !strcmp(tol, "fit") ? 1e-7 : !strcmp(tol, "float32") ? 2e-6 : 1e-6;
    if (is_p_value(name)) return near(got->x, want, t, fabs(want) > 1e-300 ? 0 : 1e-12);
    return fabs(got->x - want) <= t * fmax(1, fabs(want));
}

/* Holds rows against a table of name, value, tol (from row first to last); expects each to hold.
 * Returns how many did. */
static inline int hold_rows(const rp_rows *rows, const table *t, int first, int last, const char *what)
{
    int held = 0;
    for (int r = first; r < last; r++) {
        const char *name = table_text(t, r, "name"), *value = table_text(t, r, "value"), *tol = table_text(t, r, "tol");
        const rp_value *got = rp_rows_find(rows, name);
        const bool ok = got && row_holds(got, name, value, tol);
        held += ok;
        cr_expect(ok, "%s: %s is %.17g (%s), not %s (%s)", what, name, got ? got->x : NAN,
                  got ? got->reason : "no such row", value, tol);
    }
    return held;
}

typedef rp_status family_fn(const rp_columns *t, const rp_family_options *o, rp_rows *out);

/* Runs a family on input and holds it against expected, both full paths. */
static inline void hold_family(family_fn *run, const char *input, const char *expected)
{
    RP_ROWS_AUTO rows = {0};
    const rp_columns c = columns_of(table_read(input));
    const rp_family_options o = rp_family_defaults();
    cr_assert_eq(run(&c, &o, &rows), RP_OK, "%s: %s", input, rp_error_message());
    const table *t = table_read(expected);
    const int held = hold_rows(&rows, t, 0, t->rows, input);
    fprintf(stderr, "%s: %d of %d rows\n", expected, held, t->rows);
}

/* The same for folder/NAME_input.csv and folder/NAME<suffix> of the shared reference set. */
static inline void hold_shared(family_fn *run, const char *folder, const char *name, const char *suffix)
{
    char rel[300];
    snprintf(rel, sizeof rel, "data/stats/%s/%s_input.csv", folder, name);
    const char *input = shared_path(rel);
    snprintf(rel, sizeof rel, "data/stats/%s/%s%s", folder, name, suffix);
    const char *expected = shared_path(rel);
    if (!input || !expected) skip_test("the reference set ../shared/data/stats is not there");
    hold_family(run, input, expected);
}
