/* lib/stats/family_mrmc.c - rows of a study of several readers and tests. */
#include "lib/stats/family.h"

#include "lib/stats/delong.h"
#include "lib/stats/mrmc.h"
#include "lib/stats/ranks.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

typedef struct study {
    int tests, readers, curves; /* curves = tests * readers, test-major */
    int64_t cases;
    double *truth;  /* [cases] */
    double *rating; /* [curves][cases] */
    double *v;      /* [curves][cases] */
    double *auc;    /* [curves] */
} study;

static rp_status fill(const rp_columns *t, const double truth[], const double rating[],
                      const int64_t reader[], const int64_t test[], const int64_t cas[], study *s)
{
    for (int64_t i = 0; i < s->curves * s->cases; i++) s->rating[i] = NAN;
    for (int64_t i = 0; i < s->cases; i++) s->truth[i] = NAN;
    for (int64_t i = 0; i < t->rows; i++) {
        double *to = &s->rating[(test[i] * s->readers + reader[i]) * s->cases + cas[i]];
        RP_NEED(isnan(*to), RP_EDATA, "row %" PRId64 ": rated before by that reader in that test",
                i + 1);
        RP_NEED(isnan(s->truth[cas[i]]) || s->truth[cas[i]] == truth[i], RP_EDATA,
                "row %" PRId64 ": the case's truth differs from that of an earlier row", i + 1);
        *to = rating[i];
        s->truth[cas[i]] = truth[i];
    }
    RP_NEED(t->rows == s->curves * s->cases, RP_EDATA,
            "%" PRId64 " rows, but %d readers, %d tests, %" PRId64 " cases: each rates each once",
            t->rows, s->readers, s->tests, s->cases);
    for (int c = 0; c < s->curves; c++)
        RP_TRY(rp_delong_components(s->cases, s->truth, s->rating + c * s->cases,
                                    s->v + c * s->cases, &s->auc[c]));
    return RP_OK;
}

static rp_status add_design(const rp_mrmc *m, rp_mrmc_design design, const char *p, rp_rows *out)
{
    rp_mrmc_result q;
    rp_mrmc_estimate e;
    const bool random = design == RP_MRMC_RANDOM_ALL, fixed = design == RP_MRMC_FIXED_READERS;
    RP_TRY(rp_mrmc_test(m, design, &q));
    if (random) {
        rp_rows_put(out, m->var_r, "%svar_R", p);
        rp_rows_put(out, m->var_tr, "%svar_test:reader", p);
        rp_rows_put(out, m->var, "%svar_Error", p);
        rp_rows_put(out, m->cov1, "%svar_Cov1", p);
        rp_rows_put(out, m->cov2, "%svar_Cov2", p);
        rp_rows_put(out, m->cov3, "%svar_Cov3", p);
    }
    rp_rows_put(out, m->ms_t, "%stest_MS(T)", p);
    if (!fixed) rp_rows_put(out, m->ms_tr, "%stest_MS(T:R)", p);
    if (fixed) rp_rows_put(out, m->cov1, "%stest_Cov1", p);
    if (random || fixed) {
        rp_rows_put(out, m->cov2, "%stest_Cov2", p);
        rp_rows_put(out, m->cov3, "%stest_Cov3", p);
        rp_rows_put(out, q.denominator, "%stest_Denominator", p);
    }
    rp_rows_add(out, q.statistic, "%stest_%s", p, fixed ? "X2" : "F");
    rp_rows_put(out, q.df1, fixed ? "%stest_df" : "%stest_df1", p);
    if (!fixed) rp_rows_put(out, q.df2, "%stest_df2", p);
    rp_rows_add(out, q.p, "%stest_p-value", p);
    for (int a = 0; a < m->tests; a++)
        for (int b = a + 1; b < m->tests; b++) {
            char pair[32] = ""; /* two tests have one difference: it needs no number */
            if (m->tests > 2) (void)snprintf(pair, sizeof pair, "%d_%d_", a + 1, b + 1);
            RP_TRY(rp_mrmc_difference(m, design, a, b, &e));
            rp_rows_add(out, e.estimate, "%sdiff_%sest", p, pair);
            rp_rows_add(out, e.se, "%sdiff_%sse", p, pair);
            rp_rows_add(out, e.low, "%sdiff_%slo", p, pair);
            rp_rows_add(out, e.high, "%sdiff_%shi", p, pair);
        }
    for (int i = 0; i < m->tests; i++) {
        RP_TRY(rp_mrmc_mean(m, design, i, &e));
        rp_rows_add(out, e.estimate, "%stest%d_mean", p, i + 1);
        rp_rows_add(out, e.se, "%stest%d_se", p, i + 1);
        rp_rows_add(out, e.low, "%stest%d_lo", p, i + 1);
        rp_rows_add(out, e.high, "%stest%d_hi", p, i + 1);
    }
    return RP_OK;
}

static rp_status analyse(const study *s, bool jackknife, rp_rows *out)
{
    static const char *const design[] = {"RRRC", "FRRC", "RRFC"};
    RP_AUTOFREE double *cov = NULL;
    RP_TRY(rp_alloc((int64_t)s->curves * s->curves, sizeof *cov, &cov));
    for (int a = 0; a < s->curves; a++)
        for (int b = 0; b < s->curves; b++) {
            const double *va = s->v + a * s->cases, *vb = s->v + b * s->cases;
            double *to = &cov[a * s->curves + b];
            if (jackknife)
                RP_TRY(rp_delong_jackknife(s->cases, s->truth, va, s->auc[a], vb, s->auc[b], to));
            else
                *to = rp_delong_covariance(s->cases, s->truth, va, vb);
        }
    rp_mrmc m;
    RP_TRY(rp_mrmc_fit(s->tests, s->readers, s->auc, cov, &m));
    for (int d = 0; d < 3; d++) {
        char prefix[24];
        (void)snprintf(prefix, sizeof prefix, "%s_%s_", jackknife ? "jackknife" : "DeLong",
                       design[d]);
        RP_TRY(add_design(&m, (rp_mrmc_design)d, prefix, out));
    }
    return RP_OK;
}

static rp_status codes(const rp_columns *t, const char *name, int64_t **out, int64_t *count)
{
    const double *x;
    RP_TRY(rp_columns_get(t, name, &x));
    RP_TRY(rp_alloc_raw(t->rows, sizeof **out, out));
    return rp_rank_dense(t->rows, x, *out, count);
}

rp_status rp_family_mrmc(const rp_columns *t, const rp_family_options *o, rp_rows *out)
{
    (void)o; /* nothing to choose: both covariances, all three designs */
    RP_AUTOFREE int64_t *reader = NULL, *test = NULL, *cas = NULL;
    const double *truth, *rating;
    int64_t readers, tests, cases;
    RP_TRY(rp_columns_whole(t, "truth", 0, 1, &truth));
    RP_TRY(rp_columns_get(t, "rating", &rating));
    RP_TRY(codes(t, "reader", &reader, &readers));
    RP_TRY(codes(t, "test", &test, &tests));
    RP_TRY(codes(t, "case", &cas, &cases));
    RP_NEED(readers <= RP_MRMC_MAX && tests <= RP_MRMC_MAX, RP_EDATA,
            "%" PRId64 " readers and %" PRId64 " tests: at most %d", readers, tests, RP_MRMC_MAX);
    study s = {.tests = (int)tests,
               .readers = (int)readers,
               .curves = (int)(tests * readers),
               .cases = cases};
    RP_AUTOFREE double *numbers = NULL;
    RP_TRY(rp_alloc(cases + s.curves * (2 * cases + 1), sizeof *numbers, &numbers));
    s.truth = numbers;
    s.rating = s.truth + cases;
    s.v = s.rating + s.curves * cases;
    s.auc = s.v + s.curves * cases;
    RP_TRY(fill(t, truth, rating, reader, test, cas, &s));
    RP_TRY(analyse(&s, false, out));
    RP_TRY(analyse(&s, true, out));
    return rp_rows_status(out);
}
