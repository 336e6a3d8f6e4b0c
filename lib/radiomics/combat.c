/* lib/radiomics/combat.c - ComBat: takes the effects of batches (centres, scanners) out of
 * features.
 */
#include "lib/radiomics/combat.h"

#include "lib/stats/dense.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

void rp_combat_drop(rp_combat **c)
{
    if (!*c) return;
    rp_free((*c)->is_used);
    rp_free((*c)->alpha);
    rp_free((*c)->sigma);
    rp_free((*c)->beta);
    rp_free((*c)->gamma);
    rp_free((*c)->delta);
    rp_free(*c);
    *c = NULL;
}

rp_status rp_combat_new(int64_t features, int batches, int covariates, rp_combat **out)
{
    RP_AUTO(rp_combat) c = NULL;
    RP_NEED(features >= 0 && batches >= 1 && covariates >= 0 &&
                batches + covariates <= RP_DENSE_MAX,
            RP_EARG, "ComBat of %d batches and %d covariates: at most %d together", batches,
            covariates, RP_DENSE_MAX);
    RP_TRY(rp_alloc(1, sizeof *c, &c));
    c->batches = batches;
    c->covariates = covariates;
    c->features = features;
    c->reference = -1;
    RP_TRY(rp_alloc(features, sizeof *c->is_used, &c->is_used));
    RP_TRY(rp_alloc(features, sizeof *c->alpha, &c->alpha));
    RP_TRY(rp_alloc(features, sizeof *c->sigma, &c->sigma));
    RP_TRY(rp_alloc(features * covariates, sizeof *c->beta, &c->beta));
    RP_TRY(rp_alloc(features * batches, sizeof *c->gamma, &c->gamma));
    RP_TRY(rp_alloc(features * batches, sizeof *c->delta, &c->delta));
    *out = RP_TAKE(c);
    return RP_OK;
}

/* What all features share. */
typedef struct design {
    int64_t n;
    int batches, covariates, columns;
    const int *batch;
    const double *covariate;
    int64_t count[RP_DENSE_MAX];                /* samples of a batch */
    double factor[RP_DENSE_MAX * RP_DENSE_MAX]; /* Cholesky factor of D'D */
} design;

/* Row i of the design: 1 for its batch, then the covariates. */
static double column_of(const design *d, int64_t i, int column)
{
    return column < d->batches ? d->batch[i] == column
                               : d->covariate[i * d->covariates + column - d->batches];
}

static rp_status make_design(design *d, bool has_scale)
{
    RP_NEED(d->batches >= 2, RP_EDATA, "ComBat needs two batches");
    for (int64_t i = 0; i < d->n; i++) d->count[d->batch[i]]++;
    for (int b = 0; b < d->batches; b++)
        RP_NEED(d->count[b] > (has_scale ? 1 : 0), RP_EDATA,
                "ComBat: batch %d of %d has %" PRId64 " samples", b + 1, d->batches, d->count[b]);
    RP_NEED(d->n > d->columns, RP_EDATA, "ComBat of %" PRId64 " samples with %d columns", d->n,
            d->columns);
    for (int64_t i = 0; i < d->n; i++)
        for (int a = 0; a < d->columns; a++)
            for (int b = 0; b <= a; b++)
                d->factor[a * d->columns + b] += column_of(d, i, a) * column_of(d, i, b);
    for (int a = 0; a < d->columns; a++)
        for (int b = 0; b < a; b++) d->factor[b * d->columns + a] = d->factor[a * d->columns + b];
    /* 1e-9 of the diagonal: what rounding leaves of a column that others explain. */
    double whole[RP_DENSE_MAX * RP_DENSE_MAX];
    memcpy(whole, d->factor, sizeof whole);
    RP_NEED(rp_cholesky(d->columns, d->factor) == RP_OK, RP_EDATA,
            "ComBat: batches and covariates explain each other");
    for (int a = 0; a < d->columns; a++)
        RP_NEED(d->factor[a * d->columns + a] * d->factor[a * d->columns + a] >
                    1e-9 * whole[a * d->columns + a],
                RP_EDATA, "ComBat: batches and covariates explain each other");
    return RP_OK;
}

/* Has every sample a value, and values that differ (within each batch, where scales are found)? */
static bool can_fit(const design *d, const double x[], bool has_scale)
{
    double low[RP_DENSE_MAX], high[RP_DENSE_MAX], least = INFINITY, most = -INFINITY;
    for (int b = 0; b < d->batches; b++) {
        low[b] = INFINITY;
        high[b] = -INFINITY;
    }
    for (int64_t i = 0; i < d->n; i++) {
        if (!isfinite(x[i])) return false;
        const int b = d->batch[i];
        low[b] = fmin(low[b], x[i]);
        high[b] = fmax(high[b], x[i]);
        least = fmin(least, x[i]);
        most = fmax(most, x[i]);
    }
    if (!(most > least)) return false;
    for (int b = 0; b < d->batches && has_scale; b++)
        if (!(high[b] > low[b])) return false;
    return true;
}

/* Step 1 of feature f, and z. */
static bool standardise(const design *d, rp_combat *c, int64_t f, const double x[], double z[])
{
    double b[RP_DENSE_MAX] = {0};
    for (int64_t i = 0; i < d->n; i++)
        for (int a = 0; a < d->columns; a++) b[a] += column_of(d, i, a) * x[i];
    rp_cholesky_solve(d->columns, d->factor, b);
    double alpha = 0, squares = 0, count = 0;
    for (int k = 0; k < d->batches; k++) alpha += (double)d->count[k] * b[k] / (double)d->n;
    if (c->reference >= 0) alpha = b[c->reference];
    for (int64_t i = 0; i < d->n; i++) {
        double fit = 0, own = alpha;
        for (int a = 0; a < d->columns; a++) fit += column_of(d, i, a) * b[a];
        for (int a = d->batches; a < d->columns; a++) own += column_of(d, i, a) * b[a];
        z[i] = x[i] - own;
        if (c->reference >= 0 && d->batch[i] != c->reference) continue;
        squares += (x[i] - fit) * (x[i] - fit);
        count++;
    }
    const double sigma = sqrt(squares / count);
    /* Covariates may explain all of a feature: nothing is left to harmonise. */
    if (!(sigma > 1e-12 * fabs(alpha)) || sigma == 0) return false;
    for (int64_t i = 0; i < d->n; i++) z[i] /= sigma;
    c->alpha[f] = alpha;
    c->sigma[f] = sigma;
    memcpy(c->beta + f * d->covariates, b + d->batches, (size_t)d->covariates * sizeof *b);
    return true;
}

/* Step 2: means and variances of z in each batch. */
static void measure(const design *d, rp_combat *c, int64_t f, bool has_scale, const double z[])
{
    double *gamma = c->gamma + f * d->batches, *delta = c->delta + f * d->batches;
    for (int b = 0; b < d->batches; b++) {
        double sum = 0, squares = 0;
        for (int64_t i = 0; i < d->n; i++)
            if (d->batch[i] == b) sum += z[i];
        gamma[b] = sum / (double)d->count[b];
        for (int64_t i = 0; i < d->n; i++)
            if (d->batch[i] == b) squares += (z[i] - gamma[b]) * (z[i] - gamma[b]);
        delta[b] = has_scale ? squares / (double)(d->count[b] - 1) : 1; /* the square, as yet */
    }
}

/* Mean and variance (over n - 1) of a batch's parameters over features. */
static void moments(const rp_combat *c, const double x[], int b, double *mean, double *variance)
{
    double sum = 0, squares = 0, n = 0;
    for (int64_t f = 0; f < c->features; f++)
        if (c->is_used[f]) {
            sum += x[f * c->batches + b];
            n++;
        }
    *mean = sum / n;
    for (int64_t f = 0; f < c->features; f++)
        if (c->is_used[f])
            squares += (x[f * c->batches + b] - *mean) * (x[f * c->batches + b] - *mean);
    *variance = n > 1 ? squares / (n - 1) : 0;
}

/* Posterior means of one feature in one batch: n samples with mean g and variance v. */
static void solve(double n, double g, double v, double mean, double t2, double a, double b,
                  double *gamma, double *delta2)
{
    enum { MOST_TURNS = 10000 };
    const double ss = (n - 1) * v; /* sum of squares around g */
    double now = g, d = v;
    for (int turn = 0; turn < MOST_TURNS; turn++) {
        const double next = (t2 * n * g + d * mean) / (t2 * n + d);
        const double sum2 = ss + n * (g - next) * (g - next);
        const double d_next = (0.5 * sum2 + b) / (0.5 * n + a - 1);
        const bool is_still = fabs(next - now) <= 1e-13 * (fabs(next) + sqrt(d_next)) &&
                              fabs(d_next - d) <= 1e-13 * d_next;
        now = next;
        d = d_next;
        if (is_still) break;
    }
    *gamma = now;
    *delta2 = d;
}

/* Step 3, for one batch. */
static void shrink(const design *d, rp_combat *c, const rp_combat_settings *s, int b)
{
    double mean, t2, m, s2;
    moments(c, c->gamma, b, &mean, &t2);
    moments(c, c->delta, b, &m, &s2);
    for (int64_t f = 0; f < c->features; f++) {
        double *gamma = &c->gamma[f * c->batches + b], *delta2 = &c->delta[f * c->batches + b];
        if (!c->is_used[f]) continue;
        if (s->is_mean_only) /* as neuroCombat and sva have it: with one sample's weight */
            *gamma = (t2 * *gamma + mean) / (t2 + 1);
        else if (s2 > 0)
            solve((double)d->count[b], *gamma, *delta2, mean, t2, (2 * s2 + m * m) / s2,
                  (m * s2 + m * m * m) / s2, gamma, delta2);
    }
}

rp_status rp_combat_fit(int64_t n, int64_t features, const double *const x[], int batches,
                        const int batch[], int covariates, const double covariate[],
                        const rp_combat_settings *s, rp_combat **out)
{
    RP_AUTO(rp_combat) c = NULL;
    RP_AUTOFREE double *z = NULL;
    RP_AUTOFREE design *d = NULL;
    RP_TRY(rp_combat_new(features, batches, covariates, &c));
    RP_TRY(rp_alloc(1, sizeof *d, &d));
    *d = (design){.n = n,
                  .batches = batches,
                  .covariates = covariates,
                  .columns = batches + covariates,
                  .batch = batch,
                  .covariate = covariate};
    RP_NEED(s->reference >= -1 && s->reference < batches, RP_EARG, "reference batch %d",
            s->reference);
    for (int64_t i = 0; i < n; i++)
        RP_NEED(batch[i] >= 0 && batch[i] < batches, RP_EARG, "batch %d of %d", batch[i], batches);
    c->reference = s->reference;
    RP_TRY(make_design(d, !s->is_mean_only));
    RP_TRY(rp_alloc_raw(n, sizeof *z, &z));
    for (int64_t f = 0; f < features; f++) {
        c->is_used[f] = can_fit(d, x[f], !s->is_mean_only) && standardise(d, c, f, x[f], z);
        if (c->is_used[f]) measure(d, c, f, !s->is_mean_only, z);
    }
    for (int b = 0; b < batches && !s->is_raw; b++) shrink(d, c, s, b);
    for (int64_t i = 0; i < features * batches; i++) c->delta[i] = sqrt(c->delta[i]);
    for (int64_t f = 0; f < features && s->reference >= 0; f++) {
        c->gamma[f * batches + s->reference] = 0;
        c->delta[f * batches + s->reference] = 1;
    }
    *out = RP_TAKE(c);
    return RP_OK;
}

void rp_combat_apply(const rp_combat *c, int64_t n, double *const x[], const int batch[],
                     const double covariate[])
{
    for (int64_t f = 0; f < c->features; f++) {
        const double *gamma = c->gamma + f * c->batches, *delta = c->delta + f * c->batches;
        if (!c->is_used[f]) continue;
        for (int64_t i = 0; i < n; i++) {
            double own = c->alpha[f];
            if (!isfinite(x[f][i]) || batch[i] == c->reference) continue;
            for (int a = 0; a < c->covariates; a++)
                own += covariate[i * c->covariates + a] * c->beta[f * c->covariates + a];
            const double z = (x[f][i] - own) / c->sigma[f];
            x[f][i] = c->sigma[f] * (z - gamma[batch[i]]) / delta[batch[i]] + own;
        }
    }
}
