/* lib/stats/finegray.c - Fine and Gray's model.
 *
 * Risk set at t: all with T >= t, and those who died of another cause before, with G(t-)/G(T-). */
#include "lib/stats/competing.h"

#include "lib/stats/dense.h"
#include "lib/stats/km.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { MAX = RP_FINE_GRAY_MAX, STEPS = 60 };

typedef struct model {
    const rp_lives *l;
    int cause, p;
    double *x;      /* [n][p] centred */
    double *g;      /* [n] G(T-) of each subject */
    double *g_at;   /* [groups] G(t-) */
    double *w;      /* [n] e^(b x) */
    double *mean;   /* [groups][p] mean covariates of the risk set at times of events */
    double *s0;     /* [groups] */
    double *events; /* [groups] of the cause */
} model;

/* Sums over the risk set of a group: s0, s1 [p], s2 [p * p]. */
typedef struct sums {
    double s0, s1[MAX], s2[MAX * MAX];
} sums;

static void add(int p, double w, const double x[], sums *s)
{
    s->s0 += w;
    for (int k = 0; k < p; k++) {
        s->s1[k] += w * x[k];
        for (int l = 0; l < p; l++) s->s2[k * p + l] += w * x[k] * x[l];
    }
}

/* Weights of those who died of another cause before group k, by ascending time: kept without G(t-). */
static void add_group(const model *m, int64_t k, bool others, sums *s)
{
    const rp_lives *l = m->l;
    for (int64_t i = l->start[k]; i < l->start[k + 1]; i++) {
        const int64_t j = l->order[i];
        const bool other = l->event[j] != 0 && l->event[j] != m->cause;
        if (!others)
            add(m->p, m->w[j], m->x + j * m->p, s);
        else if (other)
            add(m->p, m->w[j] / m->g[j], m->x + j * m->p, s);
    }
}

static rp_status evaluate(model *m, const double b[], double *loglik, double u[], double info[])
{
    const rp_lives *l = m->l;
    const int p = m->p;
    RP_AUTOFREE sums *past = NULL; /* others who died before each group */
    RP_TRY(rp_alloc(l->groups + 1, sizeof *past, &past));
    memset(u, 0, (size_t)p * sizeof *u);
    memset(info, 0, (size_t)(p * p) * sizeof *info);
    *loglik = 0;
    for (int64_t i = 0; i < l->n; i++) {
        double eta = 0;
        for (int k = 0; k < p; k++) eta += b[k] * m->x[i * p + k];
        m->w[i] = exp(eta);
    }
    for (int64_t k = 0; k < l->groups; k++) {
        past[k + 1] = past[k];
        add_group(m, k, true, &past[k + 1]);
    }
    sums alive = {0};
    for (int64_t k = l->groups - 1; k >= 0; k--) {
        add_group(m, k, false, &alive);
        const double d = m->events[k], g = m->g_at[k];
        if (d == 0) continue;
        const double s0 = m->s0[k] = alive.s0 + g * past[k].s0;
        *loglik -= d * log(s0);
        for (int64_t i = l->start[k]; i < l->start[k + 1]; i++)
            if (l->event[l->order[i]] == m->cause)
                for (int c = 0; c < p; c++) {
                    *loglik += b[c] * m->x[l->order[i] * p + c];
                    u[c] += m->x[l->order[i] * p + c];
                }
        double *mean = m->mean + k * p;
        for (int c = 0; c < p; c++) mean[c] = (alive.s1[c] + g * past[k].s1[c]) / s0;
        for (int c = 0; c < p; c++) {
            u[c] -= d * mean[c];
            for (int e = 0; e < p; e++)
                info[c * p + e] += d * ((alive.s2[c * p + e] + g * past[k].s2[c * p + e]) / s0 -
                                        mean[c] * mean[e]);
        }
    }
    return RP_OK;
}

static rp_status newton(model *m, double b[], double inverse[])
{
    const int p = m->p;
    double u[MAX], info[MAX * MAX], loglik, next[MAX], step[MAX];
    RP_TRY(evaluate(m, b, &loglik, u, info));
    for (int it = 0; it < STEPS; it++) {
        RP_TRY_IN(rp_spd_inverse(p, info, inverse), "Fine and Gray's model");
        double after = NAN, size = 1;
        for (int k = 0; k < p; k++) {
            step[k] = 0;
            for (int l = 0; l < p; l++) step[k] += inverse[k * p + l] * u[l];
        }
        for (int h = 0; h < 30; h++, size /= 2) {
            for (int k = 0; k < p; k++) next[k] = b[k] + size * step[k];
            RP_TRY(evaluate(m, next, &after, u, info));
            if (after >= loglik - 1e-12 * fabs(loglik)) break;
        }
        RP_NEED(isfinite(after), RP_ENUM, "Fine and Gray's model: the likelihood is not finite");
        const bool done = fabs(after - loglik) <= 1e-14 * fabs(after);
        memcpy(b, next, (size_t)p * sizeof *b);
        loglik = after;
        if (done) return rp_spd_inverse(p, info, inverse);
    }
    RP_FAIL(RP_ENUM, "Fine and Gray's model: no finite estimate (monotone likelihood)");
}

/* eta_i = integral of (x_i - mean) w_i dM_i over the cause. */
static void residuals(const model *m, double eta[])
{
    const rp_lives *l = m->l;
    const int p = m->p;
    /* h: sums over event times so far of d/s0; hg: the same times G(t-) from a subject's own time on */
    double h = 0, hm[MAX] = {0}, hg = 0, hgm[MAX] = {0};
    RP_ASSERT(p <= MAX);
    for (int pass = 0; pass < 2;
         pass++) /* alive so far; then, backwards, after death of another cause */
        for (int64_t q = 0; q < l->groups; q++) {
            const int64_t k = pass == 0 ? q : l->groups - 1 - q;
            const double d = m->events[k], *mean = m->mean + k * p, jump = d > 0 ? d / m->s0[k] : 0;
            for (int c = 0; pass == 0 && c < p && d > 0; c++) hm[c] += jump * mean[c];
            h += pass == 0 ? jump : 0;
            for (int64_t i = l->start[k]; i < l->start[k + 1]; i++) {
                const int64_t j = l->order[i];
                const double e = l->event[j];
                for (int c = 0; c < p; c++) {
                    const double x = m->x[j * p + c];
                    double *to = &eta[j * p + c];
                    if (pass == 0)
                        *to = (e == m->cause ? x - mean[c] : 0) - m->w[j] * (x * h - hm[c]);
                    else if (e != 0 && e != m->cause)
                        *to -= m->w[j] / m->g[j] * (x * hg - hgm[c]);
                }
            }
            for (int c = 0; pass == 1 && c < p && d > 0; c++) hgm[c] += jump * m->g_at[k] * mean[c];
            hg += pass == 1 ? jump * m->g_at[k] : 0;
        }
}

/* Adds psi_i = integral of q(u) / n(u) over the censoring martingale, with q(u) = minus the sum over
 * those who died of another cause before u of the part of eta from u on. */
static rp_status add_censoring(const model *m, double eta[])
{
    const rp_lives *l = m->l;
    const int p = m->p;
    RP_AUTOFREE double *ahead =
        NULL; /* [groups + 1][1 + p]: sums of G(t-) d/s0 (1, mean) from a group on */
    RP_TRY(rp_alloc((l->groups + 1) * (1 + p), sizeof *ahead, &ahead));
    for (int64_t k = l->groups - 1; k >= 0; k--) {
        double *to = ahead + k * (1 + p);
        memcpy(to, to + 1 + p, (size_t)(1 + p) * sizeof *to);
        if (m->events[k] == 0) continue;
        const double jump = m->g_at[k] * m->events[k] / m->s0[k];
        to[0] += jump;
        for (int c = 0; c < p; c++) to[1 + c] += jump * m->mean[k * p + c];
    }
    sums past = {0}; /* others who died before this time */
    double drift[MAX] = {0};
    for (int64_t k = 0; k < l->groups; k++) {
        const double n = (double)(l->n - l->start[k]), censored = (double)rp_lives_count(l, k, 0);
        const double *a = ahead + k * (1 + p); /* events at u too, as cmprsk's crr has it */
        for (int c = 0; c < p; c++) {
            const double q = past.s1[c] * a[0] - past.s0 * a[1 + c];
            drift[c] += q / n * censored / n;
            for (int64_t i = l->start[k]; i < l->start[k + 1]; i++) {
                const int64_t j = l->order[i];
                eta[j * p + c] += (l->event[j] == 0 ? q / n : 0) - drift[c];
            }
        }
        add_group(m, k, true, &past);
    }
    return RP_OK;
}

static rp_status prepare(const rp_lives *l, const double *const x[], double *numbers, model *m)
{
    RP_AUTO(rp_km) km = NULL;
    RP_TRY(rp_km_new(l, RP_KM_CENSORING_PLAIN, &km));
    m->x = numbers;
    m->g = m->x + l->n * m->p;
    m->w = m->g + l->n;
    m->g_at = m->w + l->n;
    m->s0 = m->g_at + l->groups;
    m->events = m->s0 + l->groups;
    m->mean = m->events + l->groups;
    double all = 0;
    for (int64_t k = 0; k < l->groups; k++) {
        m->g_at[k] = k ? km->surv[k - 1] : 1;
        m->events[k] = (double)rp_lives_count(l, k, m->cause);
        all += m->events[k];
        for (int64_t i = l->start[k]; i < l->start[k + 1]; i++) m->g[l->order[i]] = m->g_at[k];
    }
    RP_NEED(all > 0, RP_EDATA, "no event of cause %d", m->cause);
    for (int c = 0; c < m->p; c++) {
        double s = 0;
        for (int64_t i = 0; i < l->n; i++) s += x[c][i];
        RP_NEED(isfinite(s), RP_ENUM, "covariate %d is not finite", c + 1);
        for (int64_t i = 0; i < l->n; i++) m->x[i * m->p + c] = x[c][i] - s / (double)l->n;
    }
    return RP_OK;
}

rp_status rp_fine_gray_fit(const rp_lives *l, int cause, int p, const double *const x[],
                           double coefficient[], double se[])
{
    RP_NEED(p >= 1 && p <= MAX && cause >= 1, RP_EARG, "%d covariates, cause %d", p, cause);
    RP_AUTOFREE double *numbers = NULL, *eta = NULL;
    RP_TRY(rp_alloc(l->n * (p + 2) + l->groups * (p + 3), sizeof *numbers, &numbers));
    RP_TRY(rp_alloc(l->n * p, sizeof *eta, &eta));
    model m = {.l = l, .cause = cause, .p = p};
    double b[MAX] = {0}, inverse[MAX * MAX], variance[MAX] = {0};
    RP_TRY(prepare(l, x, numbers, &m));
    RP_TRY(newton(&m, b, inverse));
    residuals(&m, eta);
    RP_TRY(add_censoring(&m, eta));
    for (int64_t i = 0; i < l->n; i++)
        for (int c = 0; c < p; c++) {
            double d = 0;
            for (int k = 0; k < p; k++) d += inverse[c * p + k] * eta[i * p + k];
            variance[c] += d * d;
        }
    memcpy(coefficient, b, (size_t)p * sizeof *b);
    for (int c = 0; c < p; c++) se[c] = sqrt(variance[c]);
    return RP_OK;
}
