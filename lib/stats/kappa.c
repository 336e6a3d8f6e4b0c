/* lib/stats/kappa.c - Cohen's kappa, plain and weighted. */
#include "lib/stats/kappa.h"

#include "lib/stats/ranks.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { GRADES_MAX = 1000 };

static double distance(double a, double b, rp_kappa_weights weights)
{
    const double d = fabs(a - b);
    return weights == RP_KAPPA_PLAIN ? d > 0 : weights == RP_KAPPA_LINEAR ? d : d * d;
}

rp_status rp_kappa_find(int64_t n, const double a[], const double b[], rp_kappa_weights weights,
                        rp_value *out)
{
    RP_NEED(n >= 1, RP_EARG, "kappa of %" PRId64 " cases", n);
    RP_AUTOFREE double *both = NULL, *grade = NULL, *row = NULL, *column = NULL;
    RP_AUTOFREE int64_t *group = NULL;
    RP_TRY(rp_alloc_raw(2 * n, sizeof *both, &both));
    RP_TRY(rp_alloc_raw(2 * n, sizeof *grade, &grade));
    RP_TRY(rp_alloc(2 * n, sizeof *row, &row));
    RP_TRY(rp_alloc(2 * n, sizeof *column, &column));
    RP_TRY(rp_alloc_raw(2 * n, sizeof *group, &group));
    memcpy(both, a, (size_t)n * sizeof *both);
    memcpy(both + n, b, (size_t)n * sizeof *both);
    int64_t grades;
    RP_TRY(rp_rank_dense(2 * n, both, group, &grades));
    RP_NEED(grades <= GRADES_MAX, RP_EDATA, "kappa over %" PRId64 " different grades", grades);
    double seen = 0, chance = 0;
    for (int64_t i = 0; i < n; i++) {
        grade[group[i]] = a[i];
        grade[group[n + i]] = b[i];
        row[group[i]]++;
        column[group[n + i]]++;
        seen += distance(a[i], b[i], weights);
    }
    for (int64_t i = 0; i < grades; i++)
        for (int64_t j = 0; j < grades; j++)
            chance += row[i] * column[j] * distance(grade[i], grade[j], weights);
    *out = chance == 0 ? rp_value_undefined("both readers gave one grade to all")
                       : rp_value_of(1 - seen * (double)n / chance);
    return RP_OK;
}
