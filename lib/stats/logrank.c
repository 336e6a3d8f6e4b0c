/* lib/stats/logrank.c - log-rank tests over groups and strata. */
#include "lib/stats/logrank.h"

#include "lib/stats/dense.h"
#include "lib/stats/lives.h"
#include "lib/stats/ranks.h"
#include "lib/stats/special.h"

#include <inttypes.h>
#include <math.h>

typedef struct sums {
    int k;
    double observed[RP_LOGRANK_MAX], expected[RP_LOGRANK_MAX];
    double variance[RP_LOGRANK_MAX * RP_LOGRANK_MAX]; /* k * k */
} sums;

/* One time: d events among n at risk, at[j] of group j at risk. */
static void add_time(sums *s, double w, double n, double d, const double at[])
{
    const double spread = n > 1 ? w * w * d * (n - d) / (n - 1) : 0;
    for (int i = 0; i < s->k; i++) {
        s->expected[i] += w * d * at[i] / n;
        for (int j = 0; j < s->k; j++)
            s->variance[i * s->k + j] += spread * (at[i] / n) * ((i == j) - at[j] / n);
    }
}

static rp_status add_stratum(int64_t n, const double time[], const double event[],
                             const double group[], double rho, sums *s)
{
    RP_AUTO(rp_lives) l = NULL;
    RP_TRY(rp_lives_new(n, time, event, &l));
    double at[RP_LOGRANK_MAX] = {0}, surv = 1;
    for (int64_t i = 0; i < n; i++) at[(int)group[i]]++;
    for (int64_t g = 0; g < l->groups; g++) {
        const double risk = (double)(n - l->start[g]), w = rho == 0 ? 1 : pow(surv, rho);
        double d = 0;
        for (int64_t i = l->start[g]; i < l->start[g + 1]; i++)
            if (event[l->order[i]] != 0) {
                d++;
                s->observed[(int)group[l->order[i]]] += w;
            }
        if (d > 0) add_time(s, w, risk, d, at);
        for (int64_t i = l->start[g]; i < l->start[g + 1]; i++) at[(int)group[l->order[i]]]--;
        surv *= (risk - d) / risk;
    }
    return RP_OK;
}

/* Copies the subjects of one stratum together; code NULL: all are of it.  Returns how many. */
static int64_t gather(int64_t n, const int64_t code[], int64_t which, const double from[],
                      double to[])
{
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++)
        if (!code || code[i] == which) to[count++] = from[i];
    return count;
}

rp_status rp_logrank_test(int64_t n, const double time[], const double event[],
                          const double group[], const double stratum[], double rho, rp_logrank *out)
{
    RP_NEED(n >= 1, RP_EARG, "log-rank test of %" PRId64 " subjects", n);
    RP_AUTOFREE int64_t *g = NULL, *code = NULL;
    RP_AUTOFREE double *t = NULL, *e = NULL, *h = NULL, *dense = NULL;
    RP_AUTOFREE sums *s = NULL;
    int64_t groups, strata = 1;
    RP_TRY(rp_alloc_raw(n, sizeof *g, &g));
    RP_TRY(rp_rank_dense(n, group, g, &groups));
    RP_NEED(groups <= RP_LOGRANK_MAX, RP_EDATA, "%" PRId64 " groups: at most %d", groups,
            RP_LOGRANK_MAX);
    if (stratum) {
        RP_TRY(rp_alloc_raw(n, sizeof *code, &code));
        RP_TRY(rp_rank_dense(n, stratum, code, &strata));
    }
    RP_TRY(rp_alloc_raw(n, sizeof *t, &t));
    RP_TRY(rp_alloc_raw(n, sizeof *e, &e));
    RP_TRY(rp_alloc_raw(n, sizeof *h, &h));
    RP_TRY(rp_alloc_raw(n, sizeof *dense, &dense));
    for (int64_t i = 0; i < n; i++) dense[i] = (double)g[i];
    RP_TRY(rp_alloc(1, sizeof *s, &s));
    s->k = (int)groups;
    for (int64_t k = 0; k < strata; k++) {
        const int64_t m = gather(n, code, k, time, t);
        (void)gather(n, code, k, event, e);
        (void)gather(n, code, k, dense, h);
        RP_TRY(add_stratum(m, t, e, h, rho, s));
    }
    *out = (rp_logrank){.groups = s->k};
    double u[RP_LOGRANK_MAX], q;
    for (int i = 0; i < s->k; i++) {
        out->observed[i] = s->observed[i];
        out->expected[i] = s->expected[i];
        u[i] = s->observed[i] - s->expected[i];
    }
    rp_quadratic_form(s->k, s->variance, u, &q, &out->df);
    const rp_value no = rp_value_undefined("one group or no time at which groups differ");
    out->chisq = out->df > 0 ? rp_value_of(q) : no;
    out->p = out->df > 0 ? rp_value_of(rp_chi2_upper(q, out->df)) : no;
    return RP_OK;
}
