/* lib/stats/cox_check.c - what is asked of a fit: robust errors, baseline hazard, constancy. */
#include "lib/stats/cox_priv.h"

#include "lib/stats/dense.h"
#include "lib/stats/km.h"
#include "lib/stats/ranks.h"

#include <math.h>
#include <string.h>

/* Hazard and mean covariates of a block, once for those who die in it and once for the others. */
typedef struct jump {
    double hazard, mean_hazard[RP_COX_MAX];         /* sum over l of 1/s0, of m/s0 */
    double own_hazard, own_mean_hazard[RP_COX_MAX]; /* the same with Efron's 1 - l/d */
    double mean[RP_COX_MAX];                        /* average over l of m */
} jump;

typedef struct jumps {
    jump *at; /* [blocks] */
    const double *b;
} jumps;

static rp_status find_jump(const rp_cox *f, int64_t block, const rp_cox_sums *risk, void *context)
{
    jumps *js = context;
    jump *j = &js->at[block];
    rp_cox_sums e;
    int64_t d;
    rp_cox_block_events(f, block, js->b, &e, &d);
    for (int64_t l = 0; l < d; l++) {
        const double part = f->ties == RP_COX_EFRON ? (double)l / (double)d : 0, h = 1 / (risk->s0 - part * e.s0);
        j->hazard += h;
        j->own_hazard += (1 - part) * h;
        for (int k = 0; k < f->data.p; k++) {
            const double m = (risk->s1[k] - part * e.s1[k]) * h;
            j->mean[k] += m / (double)d;
            j->mean_hazard[k] += m * h;
            j->own_mean_hazard[k] += (1 - part) * m * h;
        }
    }
    return RP_OK;
}

/* Score residuals [n][p], in order; then dfbeta by the inverse information. */
static void score_residuals(const rp_cox *f, const jump at[], const double b[], double residual[])
{
    const int p = f->data.p;
    double hazard = 0, mean_hazard[RP_COX_MAX] = {0};
    for (int64_t k = 0; k < f->blocks; k++) {
        if (k == 0 || f->stratum_end[k] != f->stratum_end[k - 1]) {
            hazard = 0;
            memset(mean_hazard, 0, sizeof mean_hazard);
        }
        const jump *j = &at[k];
        for (int64_t i = f->start[k]; i < f->start[k + 1]; i++) {
            const double w = rp_cox_weight(f, i, b), *x = f->x + i * p;
            const bool dies = f->event[i] == 1;
            const double h = hazard + (dies ? j->own_hazard : j->hazard);
            for (int c = 0; c < p; c++) {
                const double m =
                    mean_hazard[c] + (dies ? j->own_mean_hazard[c] : j->mean_hazard[c]);
                residual[i * p + c] = (dies ? x[c] - j->mean[c] : 0) - w * (x[c] * h - m);
            }
        }
        hazard += j->hazard;
        for (int c = 0; c < p; c++) mean_hazard[c] += j->mean_hazard[c];
    }
}

rp_status rp_cox_robust_se(const rp_cox *f, const double cluster[], double se[])
{
    RP_NEED(f->ties != RP_COX_EXACT, RP_EARG, "robust errors need Efron's or Breslow's ties");
    const int p = f->data.p;
    const int64_t n = f->data.n;
    RP_AUTOFREE jump *at = NULL;
    RP_AUTOFREE double *residual = NULL, *sum = NULL;
    RP_AUTOFREE int64_t *group = NULL;
    int64_t groups;
    RP_TRY(rp_alloc(f->blocks, sizeof *at, &at));
    RP_TRY(rp_alloc_raw(n * p, sizeof *residual, &residual));
    RP_TRY(rp_alloc(n * p, sizeof *sum, &sum));
    RP_TRY(rp_alloc_raw(n, sizeof *group, &group));
    RP_TRY(rp_rank_dense(n, cluster, group, &groups));
    jumps js = {at, f->result.coefficient};
    RP_TRY(rp_cox_walk(f, js.b, find_jump, &js));
    score_residuals(f, at, js.b, residual);
    for (int64_t i = 0; i < n; i++)
        for (int c = 0; c < p; c++) sum[group[f->order[i]] * p + c] += residual[i * p + c];
    double variance[RP_COX_MAX] = {0};
    for (int64_t g = 0; g < groups; g++)
        for (int c = 0; c < p; c++) {
            double dfbeta = 0;
            for (int k = 0; k < p; k++) dfbeta += f->inverse[c * p + k] * sum[g * p + k];
            variance[c] += dfbeta * dfbeta;
        }
    for (int c = 0; c < p; c++) se[c] = sqrt(variance[c]);
    return RP_OK;
}

typedef struct baseline {
    int64_t count;
    const double *t; /* [count] ascending */
    double *hazard;  /* [count] what the events up to t[k] and after t[k - 1] add */
    bool breslow;
} baseline;

static rp_status add_hazard(const rp_cox *f, int64_t block, const rp_cox_sums *risk, void *context)
{
    baseline *q = context;
    const double time = f->data.time[f->order[f->start[block]]];
    int64_t low = 0, high = q->count; /* first t at or after the time */
    while (low < high) {
        const int64_t mid = low + (high - low) / 2;
        if (q->t[mid] < time)
            low = mid + 1;
        else
            high = mid;
    }
    if (low == q->count) return RP_OK;
    rp_cox_sums e;
    int64_t d;
    rp_cox_block_events(f, block, f->result.coefficient, &e, &d);
    const bool efron = f->ties == RP_COX_EFRON && !q->breslow;
    for (int64_t l = 0; l < d; l++)
        q->hazard[low] += 1 / (risk->s0 - (efron ? (double)l / (double)d * e.s0 : 0));
    return RP_OK;
}

rp_status rp_cox_baseline(const rp_cox *f, int64_t count, const double t[], bool breslow, double hazard[])
{
    RP_NEED(!f->data.stratum, RP_EARG, "a stratified fit has no one baseline");
    double at_mean = 0, sum = 0;
    for (int64_t k = 0; k < count; k++) hazard[k] = 0;
    baseline q = {count, t, hazard, breslow};
    RP_TRY(rp_cox_walk(f, f->result.coefficient, add_hazard, &q));
    for (int k = 0; k < f->data.p; k++) at_mean += f->result.coefficient[k] * f->mean[k];
    for (int64_t k = 0; k < count; k++) {
        sum += hazard[k];
        hazard[k] = sum * exp(-at_mean);
    }
    return RP_OK;
}

typedef struct check {
    const double *g; /* [blocks], centred */
    double u[RP_COX_MAX], i12[RP_COX_MAX * RP_COX_MAX], i22[RP_COX_MAX * RP_COX_MAX];
} check;

static rp_status add_check(const rp_cox *f, int64_t block, const rp_cox_sums *risk, void *context)
{
    check *q = context;
    const int p = f->data.p;
    const double g = q->g[block];
    double loglik = 0, u[RP_COX_MAX] = {0}, v[RP_COX_MAX * RP_COX_MAX] = {0};
    rp_cox_block(f, block, f->result.coefficient, risk, &loglik, u, v);
    for (int k = 0; k < p; k++) {
        q->u[k] += g * u[k];
        for (int l = 0; l <= k; l++) {
            q->i12[k * p + l] += g * v[k * p + l];
            q->i22[k * p + l] += g * g * v[k * p + l];
        }
    }
    return RP_OK;
}

/* g of each block, centred over events. */
static rp_status time_scale(const rp_cox *f, rp_cox_time time, double g[])
{
    RP_AUTO(rp_lives) lives = NULL;
    RP_AUTO(rp_km) km = NULL;
    RP_TRY(rp_lives_new(f->data.n, f->data.time, f->data.event, &lives));
    RP_TRY(rp_km_new(lives, RP_KM_EVENTS, &km));
    double sum = 0, events = 0;
    for (int64_t k = 0; k < f->blocks; k++) {
        const double t = f->data.time[f->order[f->start[k]]];
        g[k] = time == RP_COX_TIME_KM ? 1 - rp_km_before(km, t) : t;
        for (int64_t i = f->start[k]; i < f->start[k + 1]; i++) {
            sum += f->event[i] * g[k];
            events += f->event[i];
        }
    }
    for (int64_t k = 0; k < f->blocks; k++) g[k] -= sum / events;
    return RP_OK;
}

rp_status rp_cox_check(const rp_cox *f, rp_cox_time time, double chisq[], double *all)
{
    RP_NEED(f->ties != RP_COX_EXACT && !f->data.stratum, RP_EARG,
            "the check needs one stratum and Efron's or Breslow's ties");
    const int p = f->data.p;
    RP_AUTOFREE double *g = NULL;
    RP_TRY(rp_alloc_raw(f->blocks, sizeof *g, &g));
    RP_TRY(time_scale(f, time, g));
    check q = {.g = g};
    RP_TRY(rp_cox_walk(f, f->result.coefficient, add_check, &q));
    for (int k = 0; k < p; k++)
        for (int l = 0; l < k; l++) {
            q.i12[l * p + k] = q.i12[k * p + l];
            q.i22[l * p + k] = q.i22[k * p + l];
        }
    double v[RP_COX_MAX * RP_COX_MAX], inverse[RP_COX_MAX * RP_COX_MAX];
    for (int a = 0; a < p; a++)
        for (int b = 0; b < p; b++) {
            v[a * p + b] = q.i22[a * p + b];
            for (int k = 0; k < p; k++)
                for (int l = 0; l < p; l++)
                    v[a * p + b] -= q.i12[a * p + k] * f->inverse[k * p + l] * q.i12[l * p + b];
        }
    RP_TRY_IN(rp_spd_inverse(p, v, inverse), "test of constant coefficients");
    *all = 0;
    for (int a = 0; a < p; a++) {
        chisq[a] = q.u[a] * q.u[a] / v[a * p + a];
        for (int b = 0; b < p; b++) *all += q.u[a] * inverse[a * p + b] * q.u[b];
    }
    return RP_OK;
}
