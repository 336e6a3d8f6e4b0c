/* lib/stats/family_paired.c - rows of two tests on the same examinations. */
#include "lib/stats/family.h"

#include "lib/stats/paired.h"
#include "lib/stats/ranks.h"
#include "lib/stats/trial.h"

#include <math.h>
#include <stdio.h>

static void add_interval(rp_rows *out, const char *what, const char *name, rp_value v,
                         const rp_interval *ci)
{
    rp_rows_add(out, v, "%s%s", what, name);
    rp_rows_add(out, ci->low, "%s%s_lo", what, name);
    rp_rows_add(out, ci->high, "%s%s_hi", what, name);
}

rp_status rp_family_pairs(const rp_pairs *c, const char *what, double margin, rp_rows *out)
{
    rp_paired p;
    RP_TRY(rp_paired_find(c, 0.95, &p));
    rp_rows_put(out, (double)(c->both + c->only_new + c->only_standard + c->neither), "%sn", what);
    rp_rows_put(out, (double)(c->both + c->only_new), "%snew", what);
    rp_rows_put(out, (double)(c->both + c->only_standard), "%sstandard", what);
    rp_rows_put(out, (double)c->only_new, "%sgained", what);
    rp_rows_put(out, (double)c->only_standard, "%slost", what);
    add_interval(out, what, "ratio", p.ratio, &p.ratio_ci);
    add_interval(out, what, "difference", p.difference, &p.difference_ci);
    rp_rows_add(out, p.test.chisq, "%smcnemar_chisq", what);
    rp_rows_add(out, p.test.p, "%smcnemar_p", what);
    rp_rows_add(out, p.test.corrected_p, "%smcnemar_cc_p", what);
    rp_rows_put(out, p.test.exact_p, "%smcnemar_exact_p", what);
    if (margin > 0) {
        double z, q;
        RP_TRY(rp_paired_noninferior(c, margin, &z, &q));
        rp_rows_put(out, q, "%snoninferiority_p", what);
    }
    return rp_rows_status(out);
}

typedef struct table {
    int64_t rows;
    uint8_t *now, *standard;
    bool *in;
    int32_t *cluster;
    int64_t clusters;
} table;

static rp_status add_robust(const table *t, const char *what, rp_rows *out)
{
    RP_AUTOFREE rp_cluster_pattern *p = NULL;
    rp_clustered r;
    int64_t n;
    RP_TRY(rp_pair_patterns(t->rows, t->now, t->standard, t->in, t->cluster, t->clusters, &p, &n));
    RP_TRY(rp_clustered_find(n, p, 0.95, &r));
    rp_rows_put(out, (double)r.clusters, "%sclusters", what);
    rp_rows_add(out, r.ratio_ci.low, "%sratio_robust_lo", what);
    rp_rows_add(out, r.ratio_ci.high, "%sratio_robust_hi", what);
    rp_rows_add(out, r.ratio_p, "%sratio_robust_p", what);
    rp_rows_add(out, r.difference_ci.low, "%sdifference_robust_lo", what);
    rp_rows_add(out, r.difference_ci.high, "%sdifference_robust_hi", what);
    return RP_OK;
}

static rp_status add_part(const table *t, const char *what, double margin, rp_rows *out)
{
    rp_pairs c = {0};
    for (int64_t i = 0; i < t->rows; i++)
        if (t->in[i])
            *(t->now[i]        ? t->standard[i] ? &c.both : &c.only_new
              : t->standard[i] ? &c.only_standard
                               : &c.neither) += 1;
    if (c.both + c.only_new + c.only_standard + c.neither == 0) return RP_OK;
    RP_TRY(rp_family_pairs(&c, what, margin, out));
    return t->cluster ? add_robust(t, what, out) : RP_OK;
}

static rp_status read_clusters(const rp_columns *c, table *t)
{
    const double *x;
    RP_AUTOFREE int64_t *group = NULL;
    RP_TRY(rp_columns_get(c, "cluster", &x));
    RP_TRY(rp_alloc_raw(c->rows, sizeof *group, &group));
    RP_TRY(rp_rank_dense(c->rows, x, group, &t->clusters));
    for (int64_t i = 0; i < c->rows; i++) t->cluster[i] = (int32_t)group[i];
    return RP_OK;
}

rp_status rp_family_paired(const rp_columns *c, const rp_family_options *o, rp_rows *out)
{
    const double *now, *standard, *cancer = NULL;
    RP_AUTOFREE uint8_t *flags = NULL;
    RP_AUTOFREE bool *in = NULL;
    RP_AUTOFREE int32_t *cluster = NULL;
    RP_TRY(rp_columns_whole(c, "new", 0, 1, &now));
    RP_TRY(rp_columns_whole(c, "standard", 0, 1, &standard));
    if (rp_columns_has(c, "cancer")) RP_TRY(rp_columns_whole(c, "cancer", 0, 1, &cancer));
    RP_TRY(rp_alloc(2 * c->rows, 1, &flags));
    RP_TRY(rp_alloc(c->rows, sizeof *in, &in));
    table t = {c->rows, flags, flags + c->rows, in, NULL, 0};
    if (rp_columns_has(c, "cluster")) {
        RP_TRY(rp_alloc(c->rows, sizeof *cluster, &cluster));
        t.cluster = cluster;
        RP_TRY(read_clusters(c, &t));
    }
    for (int64_t i = 0; i < c->rows; i++) {
        t.now[i] = now[i] == 1;
        t.standard[i] = standard[i] == 1;
        in[i] = true;
    }
    RP_TRY(add_part(&t, "", o->margin, out));
    if (!cancer) return rp_rows_status(out);
    /* Sensitivity and false positives lie each among their own. */
    for (int64_t i = 0; i < c->rows; i++) in[i] = cancer[i] == 1;
    RP_TRY(add_part(&t, "cancers_", o->margin, out));
    for (int64_t i = 0; i < c->rows; i++) in[i] = cancer[i] == 0;
    RP_TRY(add_part(&t, "others_", o->margin, out));
    return rp_rows_status(out);
}
