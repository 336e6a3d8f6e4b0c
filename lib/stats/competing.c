/* lib/stats/competing.c - cumulative incidence and its two variances. */
#include "lib/stats/competing.h"

#include "lib/stats/km.h"

#include <math.h>

/* Steps of one cause up to t. */
typedef struct steps {
    int64_t count;                   /* groups with time <= t */
    double *surv_before, *incidence; /* [count] S(t-), F(t) */
    double *n, *of_cause, *other;    /* at risk, events */
} steps;

static void fill(const rp_lives *l, const rp_km *km, int cause, steps *s)
{
    double f = 0;
    for (int64_t g = 0; g < s->count; g++) {
        const double before = g ? km->surv[g - 1] : 1, d = (double)rp_lives_count(l, g, cause);
        s->surv_before[g] = before;
        s->n[g] = km->at_risk[g];
        s->of_cause[g] = d;
        s->other[g] = km->ended[g] - d;
        f += before * d / km->at_risk[g];
        s->incidence[g] = f;
    }
}

static double tie_factor(double d, double n) { return d > 1 ? 1 - (d - 1) / (n - 1) : 1; }

/* sum over times of S(u-)^2 / n^2 { d1 (1 - r)^2 + d2 r^2 }, r = (F(t) - F(u)) / S(u). */
static double aalen(const steps *s, const rp_km *km)
{
    double v = 0;
    const double end = s->incidence[s->count - 1];
    for (int64_t g = 0; g < s->count; g++) {
        const double r = km->surv[g] > 0 ? (end - s->incidence[g]) / km->surv[g] : 0, n = s->n[g];
        const double scale = s->surv_before[g] * s->surv_before[g] / (n * n);
        if (s->of_cause[g] > 0)
            v += scale * s->of_cause[g] * tie_factor(s->of_cause[g], n) * (1 - r) * (1 - r);
        if (s->other[g] > 0) v += scale * s->other[g] * tie_factor(s->other[g], n) * r * r;
    }
    return v;
}

/* Derivatives of (S, F) by one subject's weight are the same for all still at risk; who leaves at a
 * time takes a share there and is carried on by the curve alone: dF(t) = dF + dS (F(t) - F(u)) / S(u). */
static double jackknife(const rp_lives *l, const steps *s, const rp_km *km)
{
    double ds = 0, df = 0, sum = 0;
    const double end = s->incidence[s->count - 1];
    for (int64_t g = 0; g < s->count; g++) {
        const double n = s->n[g], before = s->surv_before[g], h1 = s->of_cause[g] / n;
        const double h = (s->of_cause[g] + s->other[g]) / n;
        const double r = km->surv[g] > 0 ? (end - s->incidence[g]) / km->surv[g] : 0;
        /* kinds: dies of the cause, dies of another, is censored here, stays */
        double next_s[4], next_f[4];
        for (int k = 0; k < 4; k++) {
            next_f[k] = df + ds * h1 + before * ((k == 0) - h1) / n;
            next_s[k] = ds * (1 - h) - before * ((k < 2) - h) / n;
        }
        const double count[] = {s->of_cause[g], s->other[g], (double)rp_lives_count(l, g, 0)};
        for (int k = 0; k < 3; k++) {
            const double u = next_f[k] + next_s[k] * r;
            sum += count[k] * u * u;
        }
        ds = next_s[3];
        df = next_f[3];
    }
    const int64_t left = l->n - l->start[s->count];
    return sqrt(sum + (double)left * df * df);
}

rp_status rp_incidence_find(const rp_lives *l, int cause, double t, rp_incidence *out)
{
    RP_AUTO(rp_km) km = NULL;
    RP_AUTOFREE double *numbers = NULL;
    if (t > rp_lives_time(l, l->groups - 1)) {
        out->value = out->variance = out->se = rp_value_undefined("beyond the last time");
        return RP_OK;
    }
    RP_TRY(rp_km_new(l, RP_KM_EVENTS, &km));
    steps s = {.count = rp_lives_find(l, t) + 1};
    if (s.count == 0) {
        out->value = out->variance = out->se = rp_value_of(0);
        return RP_OK;
    }
    RP_TRY(rp_alloc(5 * s.count, sizeof *numbers, &numbers));
    double **const field[] = {&s.surv_before, &s.incidence, &s.n, &s.of_cause, &s.other};
    for (int f = 0; f < 5; f++) *field[f] = numbers + f * s.count;
    fill(l, km, cause, &s);
    out->value = rp_value_of(s.incidence[s.count - 1]);
    out->variance = rp_value_of(aalen(&s, km));
    out->se = rp_value_of(jackknife(l, &s, km));
    return RP_OK;
}
