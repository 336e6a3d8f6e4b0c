/* lib/stats/columns.c - finding columns. */
#include "lib/stats/columns.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

bool rp_columns_has(const rp_columns *t, const char *name)
{
    for (int c = 0; c < t->count; c++)
        if (strcmp(t->name[c], name) == 0) return true;
    return false;
}

rp_status rp_columns_get(const rp_columns *t, const char *name, const double **out)
{
    RP_NEED(t->rows >= 1, RP_EDATA, "the table has no rows");
    for (int c = 0; c < t->count; c++)
        if (strcmp(t->name[c], name) == 0) {
            *out = t->value[c];
            return RP_OK;
        }
    RP_FAIL(RP_EDATA, "the table has no column '%s'", name);
}

rp_status rp_columns_whole(const rp_columns *t, const char *name, double low, double high,
                           const double **out)
{
    const double *x = NULL;
    RP_TRY(rp_columns_get(t, name, &x));
    for (int64_t i = 0; i < t->rows; i++)
        RP_NEED(x[i] == rint(x[i]) && x[i] >= low && x[i] <= high, RP_EDATA,
                "column '%s', row %" PRId64 ": %g is no whole number from %g to %g", name, i + 1,
                x[i], low, high);
    *out = x;
    return RP_OK;
}
