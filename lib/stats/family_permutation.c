/* lib/stats/family_permutation.c - rows of a permutation test of two groups or of pairs. */
#include "lib/stats/family.h"

#include "lib/stats/bootstrap.h"
#include "lib/stats/ranks.h"

#include <inttypes.h>

static void add(const rp_permutation *p, rp_rows *out)
{
    rp_rows_put(out, p->statistic, "difference");
    rp_rows_put(out, p->p, "p");
    rp_rows_put(out, p->p_greater, "p_greater");
    rp_rows_put(out, p->p_less, "p_less");
    rp_rows_put(out, (double)p->arrangements, "arrangements");
    rp_rows_put(out, p->is_exact, "exact");
}

static rp_status of_pairs(const rp_columns *t, const rp_family_options *o, rp_rows *out)
{
    const double *a, *b;
    RP_AUTOFREE double *d = NULL;
    rp_permutation p;
    RP_TRY(rp_columns_get(t, "value1", &a));
    RP_TRY(rp_columns_get(t, "value2", &b));
    RP_TRY(rp_alloc_raw(t->rows, sizeof *d, &d));
    for (int64_t i = 0; i < t->rows; i++) d[i] = a[i] - b[i];
    RP_TRY(rp_permute_pairs(t->rows, d, o->seed, o->permutations, &p));
    rp_rows_put(out, (double)t->rows, "pairs");
    add(&p, out);
    return rp_rows_status(out);
}

rp_status rp_family_permutation(const rp_columns *t, const rp_family_options *o, rp_rows *out)
{
    if (rp_columns_has(t, "value1") || rp_columns_has(t, "value2")) return of_pairs(t, o, out);
    const double *x, *g;
    RP_AUTOFREE int64_t *code = NULL;
    RP_AUTOFREE bool *first = NULL;
    rp_permutation p;
    int64_t groups, n = 0;
    RP_TRY(rp_columns_get(t, "value", &x));
    RP_TRY(rp_columns_get(t, "group", &g));
    RP_TRY(rp_alloc_raw(t->rows, sizeof *code, &code));
    RP_TRY(rp_alloc_raw(t->rows, sizeof *first, &first));
    RP_TRY(rp_rank_dense(t->rows, g, code, &groups));
    RP_NEED(groups == 2, RP_EDATA, "column 'group' has %" PRId64 " values, not two", groups);
    for (int64_t i = 0; i < t->rows; i++) n += first[i] = code[i] == 0;
    RP_TRY(rp_permute_groups(t->rows, x, first, o->seed, o->permutations, &p));
    rp_rows_put(out, (double)n, "n_first");
    rp_rows_put(out, (double)(t->rows - n), "n_second");
    add(&p, out);
    return rp_rows_status(out);
}
