/* lib/stats/gray.c - Gray's test.
 *
 * With S_k(t-) and F_k(t-) of group k and R_k = n_k / S_k(t-): under the hypothesis the groups share
 * F0, with increment dF0 = d1 / sum_k R_k (1 - F_k) (1 - F0(t-)).  The score of group i is
 * sum (d1_i - d1 R_i (1 - F_i) / sum R (1 - F)).  Its variance is a sum over the events of group k of
 * squared (a_ik + share (c_ik(end) - c_ik(t))), with a the projection of R and c its integral. */
#include "lib/stats/competing.h"

#include "lib/stats/dense.h"
#include "lib/stats/ranks.h"
#include "lib/stats/special.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { MAX = RP_GRAY_MAX };

typedef struct state {
    int k;
    double at[MAX], surv[MAX], f[MAX]; /* at risk; S and F of the groups just before the time */
    double f0;                         /* common incidence just before */
    double c[MAX * MAX];
} state;

typedef struct moment { /* what one time says */
    double d1[MAX], d2[MAX], total1, total2;
    double r, rf; /* sum of R, of R (1 - F) */
    double next_surv[MAX], next_f[MAX], next_f0;
    double a[MAX * MAX];
} moment;

static void read_moment(const rp_lives *l, int64_t g, const double group[], int cause,
                        const state *s, moment *m)
{
    memset(m, 0, sizeof *m);
    for (int64_t i = l->start[g]; i < l->start[g + 1]; i++) {
        const int64_t j = l->order[i];
        if (l->event[j] == cause)
            m->d1[(int)group[j]]++;
        else if (l->event[j] != 0)
            m->d2[(int)group[j]]++;
    }
    for (int i = 0; i < s->k; i++) {
        m->next_surv[i] = s->surv[i];
        m->next_f[i] = s->f[i];
        m->total1 += m->d1[i];
        m->total2 += m->d2[i];
        if (!(s->at[i] > 0)) continue;
        m->r += s->at[i] / s->surv[i];
        m->rf += s->at[i] * (1 - s->f[i]) / s->surv[i];
        m->next_surv[i] = s->surv[i] * (s->at[i] - m->d1[i] - m->d2[i]) / s->at[i];
        m->next_f[i] = s->f[i] + s->surv[i] * m->d1[i] / s->at[i];
    }
    m->next_f0 = s->f0 + (m->r > 0 ? m->total1 / m->r : 0);
}

/* a, and the integral c up to and including this time. */
static void project(const state *s, moment *m, double c[])
{
    for (int i = 0; i < s->k; i++)
        for (int j = 0; j < s->k; j++) {
            if (!(s->at[i] > 0 && s->at[j] > 0)) continue;
            const double ri = s->at[i] / s->surv[i], rj = s->at[j] / s->surv[j];
            m->a[i * s->k + j] = ri * ((i == j) - rj / m->r);
            c[i * s->k + j] += m->a[i * s->k + j] * m->total1 / (m->r * (1 - s->f0));
        }
}

static void advance(const rp_lives *l, int64_t g, const double group[], const moment *m, state *s)
{
    for (int64_t i = l->start[g]; i < l->start[g + 1]; i++) s->at[(int)group[l->order[i]]]--;
    memcpy(s->surv, m->next_surv, sizeof s->surv);
    memcpy(s->f, m->next_f, sizeof s->f);
    s->f0 = m->next_f0;
}

/* Events of group k of one time, with their squared weight, into v. */
static void spread(const state *s, const double end[], int k, const double a[], double share,
                   double weight, double v[])
{
    double t[MAX];
    for (int i = 0; i < s->k; i++)
        t[i] = (a ? a[i * s->k + k] : 0) + share * (end[i * s->k + k] - s->c[i * s->k + k]);
    for (int i = 0; i < s->k; i++)
        for (int j = 0; j < s->k; j++) v[i * s->k + j] += t[i] * t[j] * weight;
}

static void add_variance(const state *s, const moment *m, const double end[], double v[])
{
    for (int k = 0; k < s->k; k++) {
        if (!(s->at[k] > 0)) continue;
        const double n = s->at[k], surv = s->surv[k], after = m->next_surv[k];
        if (m->total1 > 0) {
            const double share = after > 0 ? 1 - (1 - m->next_f0) / after : 1;
            const double tie = m->total1 > 1 ? 1 - (m->total1 - 1) / (m->r * surv - 1) : 1;
            spread(s, end, k, m->a, share, tie * surv * m->total1 / (m->r * n), v);
        }
        if (m->d2[k] > 0 && after > 0) {
            const double tie = m->d2[k] > 1 ? 1 - (m->d2[k] - 1) / (n - 1) : 1;
            spread(s, end, k, NULL, -(1 - m->next_f0) / after,
                   tie * surv * surv * m->d2[k] / (n * n), v);
        }
    }
}

/* Walks all times; first (end NULL) for the score and c at the end, then for the variance. */
static void walk(const rp_lives *l, const double group[], int cause, state *s, const double end[],
                 double score[], double v[])
{
    moment m;
    for (int i = 0; i < s->k; i++) s->surv[i] = 1;
    for (int64_t i = 0; i < l->n; i++) s->at[(int)group[i]]++;
    for (int64_t g = 0; g < l->groups; g++) {
        read_moment(l, g, group, cause, s, &m);
        if (m.total1 + m.total2 > 0) {
            if (m.total1 > 0) project(s, &m, s->c);
            if (end) add_variance(s, &m, end, v);
            for (int i = 0; !end && i < s->k; i++)
                if (s->at[i] > 0)
                    score[i] += m.d1[i] - m.total1 * s->at[i] * (1 - s->f[i]) / (s->surv[i] * m.rf);
        }
        advance(l, g, group, &m, s);
    }
}

rp_status rp_gray_test(const rp_lives *l, const double group[], int cause, rp_value *chisq,
                       rp_value *p, int *df)
{
    RP_AUTOFREE int64_t *code = NULL;
    RP_AUTOFREE double *g = NULL;
    RP_AUTOFREE state *first = NULL, *second = NULL;
    int64_t groups;
    RP_TRY(rp_alloc_raw(l->n, sizeof *code, &code));
    RP_TRY(rp_rank_dense(l->n, group, code, &groups));
    RP_NEED(groups <= MAX, RP_EDATA, "%" PRId64 " groups: at most %d", groups, MAX);
    RP_TRY(rp_alloc_raw(l->n, sizeof *g, &g));
    for (int64_t i = 0; i < l->n; i++) g[i] = (double)code[i];
    RP_TRY(rp_alloc(1, sizeof *first, &first));
    RP_TRY(rp_alloc(1, sizeof *second, &second));
    first->k = second->k = (int)groups;
    double score[MAX] = {0}, v[MAX * MAX] = {0}, q;
    walk(l, g, cause, first, NULL, score, v);
    walk(l, g, cause, second, first->c, score, v);
    rp_quadratic_form((int)groups, v, score, &q, df);
    *df = *df < groups - 1 ? *df : (int)groups - 1;
    *chisq = *p = rp_value_undefined("one group or no event of that cause");
    if (*df < 1) return RP_OK;
    *chisq = rp_value_of(q);
    *p = rp_value_of(rp_chi2_upper(q, *df));
    return RP_OK;
}
