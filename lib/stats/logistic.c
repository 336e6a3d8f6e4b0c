/* lib/stats/logistic.c - Newton's method for the logistic likelihood. */
#include "lib/stats/logistic.h"

#include "lib/stats/dense.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { STEPS = 100 };

typedef struct problem {
    int64_t n;
    int p;
    const double *y, *offset;
    const double *const *x;
} problem;

/* log(1 + e^t) without overflow */
static double softplus(double t) { return t > 0 ? t + log1p(exp(-t)) : log1p(exp(t)); }

/* Gradient and information at b; returns the deviance. */
static double evaluate(const problem *q, const double b[], double gradient[], double information[])
{
    double deviance = 0;
    memset(gradient, 0, (size_t)q->p * sizeof *gradient);
    memset(information, 0, (size_t)(q->p * q->p) * sizeof *information);
    for (int64_t i = 0; i < q->n; i++) {
        double eta = q->offset ? q->offset[i] : 0;
        for (int k = 0; k < q->p; k++) eta += b[k] * q->x[k][i];
        const double mu = 1 / (1 + exp(-eta)), w = mu * (1 / (1 + exp(eta)));
        deviance += 2 * softplus(q->y[i] == 1 ? -eta : eta);
        for (int k = 0; k < q->p; k++) {
            gradient[k] += (q->y[i] - mu) * q->x[k][i];
            for (int l = 0; l <= k; l++) information[k * q->p + l] += w * q->x[k][i] * q->x[l][i];
        }
    }
    for (int k = 0; k < q->p; k++)
        for (int l = 0; l < k; l++) information[l * q->p + k] = information[k * q->p + l];
    return deviance;
}

static void no_fit(int p, const char *why, rp_logistic *out)
{
    for (int k = 0; k < p; k++) out->coefficient[k] = out->se[k] = rp_value_undefined(why);
}

rp_status rp_logistic_fit(int64_t n, const double y[], int p, const double *const x[],
                          const double offset[], rp_logistic *out)
{
    RP_NEED(n >= 1 && p >= 1 && p <= RP_LOGISTIC_MAX, RP_EARG,
            "logistic regression of %" PRId64 " cases on %d columns", n, p);
    const problem q = {n, p, y, offset, x};
    double b[RP_LOGISTIC_MAX] = {0}, g[RP_LOGISTIC_MAX], a[RP_LOGISTIC_MAX * RP_LOGISTIC_MAX];
    double inverse[RP_LOGISTIC_MAX * RP_LOGISTIC_MAX];
    *out = (rp_logistic){.deviance = evaluate(&q, b, g, a)};
    for (bool done = false; !done; out->steps++) {
        if (out->deviance < 1e-8 * (double)n || out->steps == STEPS) {
            no_fit(p, "the classes are separated: no finite coefficient", out);
            return RP_OK;
        }
        if (rp_spd_inverse(p, a, inverse) != RP_OK) {
            no_fit(p, "columns depend on one another, or the classes are separated", out);
            return RP_OK;
        }
        double step[RP_LOGISTIC_MAX] = {0}, next[RP_LOGISTIC_MAX] = {0}, deviance = INFINITY, size = 1;
        for (int k = 0; k < p; k++)
            for (int l = 0; l < p; l++) step[k] += inverse[k * p + l] * g[l];
        for (int halved = 0; halved < 30 && !(deviance <= out->deviance * (1 + 1e-12)); halved++) {
            for (int k = 0; k < p; k++) next[k] = b[k] + size * step[k];
            deviance = evaluate(&q, next, g, a);
            size /= 2;
        }
        done = fabs(deviance - out->deviance) <= 1e-14 * deviance;
        out->deviance = deviance;
        memcpy(b, next, sizeof b);
    }
    if (rp_spd_inverse(p, a, inverse) != RP_OK) {
        no_fit(p, "no finite standard error", out);
        return RP_OK;
    }
    for (int k = 0; k < p; k++) {
        out->coefficient[k] = rp_value_of(b[k]);
        out->se[k] = rp_value_of(sqrt(inverse[k * p + k]));
    }
    return RP_OK;
}
