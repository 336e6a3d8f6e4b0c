/* lib/stats/cox.c - the fit: order, likelihood, Newton's method. */
#include "lib/stats/cox_priv.h"

#include "lib/stats/dense.h"
#include "lib/stats/ranks.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { STEPS = 60, HALVINGS = 30 };

static rp_status put_in_order(rp_cox *f)
{
    const rp_cox_data *d = &f->data;
    RP_AUTOFREE int64_t *by_time = NULL, *code = NULL, *next = NULL;
    RP_TRY(rp_alloc_raw(d->n, sizeof *by_time, &by_time));
    RP_TRY(rp_alloc(d->n, sizeof *code, &code));
    RP_TRY(rp_alloc(d->n + 1, sizeof *next, &next));
    int64_t strata = 1;
    RP_TRY(rp_rank_order(d->n, d->time, by_time));
    if (d->stratum) RP_TRY(rp_rank_dense(d->n, d->stratum, code, &strata));
    for (int64_t i = 0; i < d->n; i++) next[code[i] + 1]++;
    for (int64_t k = 0; k < strata; k++) next[k + 1] += next[k];
    for (int64_t i = 0; i < d->n; i++) f->order[next[code[by_time[i]]]++] = by_time[i];
    /* next[k] is now the end of stratum k. */
    for (int64_t i = 0; i < d->n; i++) {
        const int64_t j = f->order[i], before = i ? f->order[i - 1] : j;
        if (i == 0 || code[j] != code[before] || d->time[j] != d->time[before]) {
            f->stratum_end[f->blocks] = next[code[j]];
            f->start[f->blocks++] = i;
        }
    }
    f->start[f->blocks] = d->n;
    return RP_OK;
}

static rp_status fill(rp_cox *f)
{
    const rp_cox_data *d = &f->data;
    RP_TRY(rp_alloc_raw(d->n, sizeof *f->order, &f->order));
    RP_TRY(rp_alloc_raw(d->n + 1, sizeof *f->start, &f->start));
    RP_TRY(rp_alloc_raw(d->n, sizeof *f->stratum_end, &f->stratum_end));
    RP_TRY(rp_alloc_raw(d->n * d->p, sizeof *f->x, &f->x));
    RP_TRY(rp_alloc_raw(d->n, sizeof *f->event, &f->event));
    RP_TRY(put_in_order(f));
    bool any = false;
    for (int64_t i = 0; i < d->n; i++) {
        const double e = d->event[f->order[i]];
        RP_NEED(e == 0 || e == 1, RP_EDATA, "subject %" PRId64 ": event %g is neither 0 nor 1",
                f->order[i] + 1, e);
        f->event[i] = e;
        any |= e == 1;
    }
    RP_NEED(any, RP_EDATA, "Cox regression without an event");
    for (int k = 0; k < d->p; k++) {
        double s = 0;
        for (int64_t i = 0; i < d->n; i++) s += d->x[k][f->order[i]];
        f->mean[k] = s / (double)d->n;
        RP_NEED(isfinite(f->mean[k]), RP_ENUM, "covariate %d is not finite", k + 1);
        for (int64_t i = 0; i < d->n; i++) f->x[i * d->p + k] = d->x[k][f->order[i]] - f->mean[k];
    }
    return RP_OK;
}

double rp_cox_weight(const rp_cox *f, int64_t position, const double b[])
{
    double eta = 0;
    for (int k = 0; k < f->data.p; k++) eta += b[k] * f->x[position * f->data.p + k];
    return exp(eta);
}

void rp_cox_sums_add(int p, double weight, const double x[], rp_cox_sums *s)
{
    s->s0 += weight;
    for (int k = 0; k < p; k++) {
        s->s1[k] += weight * x[k];
        for (int l = 0; l <= k; l++) s->s2[k * p + l] += weight * x[k] * x[l];
    }
}

void rp_cox_block_events(const rp_cox *f, int64_t block, const double b[], rp_cox_sums *events,
                         int64_t *d)
{
    memset(events, 0, sizeof *events);
    *d = 0;
    for (int64_t i = f->start[block]; i < f->start[block + 1]; i++)
        if (f->event[i] == 1) {
            rp_cox_sums_add(f->data.p, rp_cox_weight(f, i, b), f->x + i * f->data.p, events);
            ++*d;
        }
}

rp_status rp_cox_walk(const rp_cox *f, const double b[], rp_cox_visit *visit, void *context)
{
    rp_cox_sums risk = {0};
    for (int64_t k = f->blocks - 1; k >= 0; k--) {
        if (f->start[k + 1] == f->stratum_end[k]) memset(&risk, 0, sizeof risk);
        bool any = false;
        for (int64_t i = f->start[k]; i < f->start[k + 1]; i++) {
            rp_cox_sums_add(f->data.p, rp_cox_weight(f, i, b), f->x + i * f->data.p, &risk);
            any |= f->event[i] == 1;
        }
        if (any) RP_TRY(visit(f, k, &risk, context));
    }
    return RP_OK;
}

void rp_cox_block(const rp_cox *f, int64_t block, const double b[], const rp_cox_sums *risk,
                  double *loglik, double gradient[], double information[])
{
    const int p = f->data.p;
    rp_cox_sums e;
    int64_t d;
    rp_cox_block_events(f, block, b, &e, &d);
    for (int64_t i = f->start[block]; i < f->start[block + 1]; i++)
        if (f->event[i] == 1)
            for (int k = 0; k < p; k++) {
                *loglik += b[k] * f->x[i * p + k];
                gradient[k] += f->x[i * p + k];
            }
    for (int64_t l = 0; l < d; l++) {
        const double part = f->ties == RP_COX_EFRON ? (double)l / (double)d : 0, s0 = risk->s0 - part * e.s0;
        double m[RP_COX_MAX];
        *loglik -= log(s0);
        for (int k = 0; k < p; k++) {
            m[k] = (risk->s1[k] - part * e.s1[k]) / s0;
            gradient[k] -= m[k];
            for (int j = 0; j <= k; j++)
                information[k * p + j] +=
                    (risk->s2[k * p + j] - part * e.s2[k * p + j]) / s0 - m[k] * m[j];
        }
    }
}

typedef struct point {
    const double *b;
    double loglik, gradient[RP_COX_MAX], information[RP_COX_MAX * RP_COX_MAX];
} point;

static rp_status add_block(const rp_cox *f, int64_t block, const rp_cox_sums *risk, void *context)
{
    point *q = context;
    int64_t d = 0;
    for (int64_t i = f->start[block]; i < f->start[block + 1]; i++) d += f->event[i] == 1;
    /* One event alone needs no subsets: its likelihood is the plain one. */
    if (f->ties == RP_COX_EXACT && d > 1)
        return rp_cox_block_exact(f, block, q->b, &q->loglik, q->gradient, q->information);
    rp_cox_block(f, block, q->b, risk, &q->loglik, q->gradient, q->information);
    return RP_OK;
}

static rp_status evaluate(const rp_cox *f, const double b[], point *q)
{
    const int p = f->data.p;
    *q = (point){.b = b};
    RP_TRY(rp_cox_walk(f, b, add_block, q));
    for (int k = 0; k < p; k++)
        for (int l = 0; l < k; l++) q->information[l * p + k] = q->information[k * p + l];
    return RP_OK;
}

static double form(int p, const double a[], const double u[])
{
    double s = 0;
    for (int k = 0; k < p; k++)
        for (int l = 0; l < p; l++) s += u[k] * a[k * p + l] * u[l];
    return s;
}

/* One Newton step from b with halving; *done once the likelihood stands. */
static rp_status newton(rp_cox *f, double b[], point *q, bool *done)
{
    const int p = f->data.p;
    double next[RP_COX_MAX], step[RP_COX_MAX] = {0}, size = 1;
    RP_TRY_IN(rp_spd_inverse(p, q->information, f->inverse), "Cox regression");
    for (int k = 0; k < p; k++)
        for (int l = 0; l < p; l++) step[k] += f->inverse[k * p + l] * q->gradient[l];
    point r = {.loglik = NAN};
    for (int h = 0; h < HALVINGS; h++, size /= 2) {
        for (int k = 0; k < p; k++) next[k] = b[k] + size * step[k];
        RP_TRY(evaluate(f, next, &r));
        if (r.loglik >= q->loglik - 1e-12 * fabs(q->loglik)) break;
    }
    RP_NEED(isfinite(r.loglik), RP_ENUM, "Cox regression: the likelihood is not finite");
    *done = fabs(r.loglik - q->loglik) <= 1e-14 * fabs(r.loglik);
    memcpy(b, next, (size_t)p * sizeof *b);
    *q = r;
    return RP_OK;
}

static rp_status fit(rp_cox *f)
{
    const int p = f->data.p;
    rp_cox_result *out = &f->result;
    double b[RP_COX_MAX] = {0};
    point q;
    RP_TRY(evaluate(f, b, &q));
    out->loglik_null = q.loglik;
    RP_TRY_IN(rp_spd_inverse(p, q.information, f->inverse), "Cox regression");
    out->score_test = form(p, f->inverse, q.gradient);
    bool done = false;
    for (int i = 0; i < STEPS && !done; i++) RP_TRY(newton(f, b, &q, &done));
    /* A monotone likelihood flattens only as a coefficient runs away: its last steps are long still. */
    RP_TRY_IN(rp_spd_inverse(p, q.information, f->inverse), "Cox regression");
    bool runs = !done;
    for (int k = 0; k < p; k++)
        runs |= fabs(b[k]) > 12 && fabs(b[k]) < 0.1 * sqrt(f->inverse[k * p + k]);
    RP_NEED(!runs, RP_ENUM,
            "Cox regression: a coefficient has no finite estimate (monotone likelihood)");
    memcpy(f->information, q.information, sizeof f->information);
    memcpy(out->coefficient, b, sizeof b);
    for (int k = 0; k < p; k++) out->se[k] = sqrt(f->inverse[k * p + k]);
    out->loglik = q.loglik;
    out->wald_test = form(p, q.information, b);
    out->ratio_test = 2 * (out->loglik - out->loglik_null);
    return RP_OK;
}

rp_status rp_cox_fit(const rp_cox_data *data, rp_cox_ties ties, rp_cox **out)
{
    RP_NEED(data->n >= 1 && data->p >= 1 && data->p <= RP_COX_MAX, RP_EARG,
            "Cox regression of %" PRId64 " subjects on %d covariates", data->n, data->p);
    RP_AUTO(rp_cox) f = NULL;
    RP_TRY(rp_alloc(1, sizeof *f, &f));
    f->data = *data;
    f->ties = ties;
    RP_TRY(fill(f));
    RP_TRY(fit(f));
    *out = RP_TAKE(f);
    return RP_OK;
}

void rp_cox_drop(rp_cox **fit)
{
    if (!*fit) return;
    rp_free((*fit)->order);
    rp_free((*fit)->start);
    rp_free((*fit)->stratum_end);
    rp_free((*fit)->x);
    rp_free((*fit)->event);
    rp_free(*fit);
    *fit = NULL;
}

rp_cox_result rp_cox_get(const rp_cox *fit) { return fit->result; }
