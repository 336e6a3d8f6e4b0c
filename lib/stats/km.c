/* lib/stats/km.c - Kaplan-Meier. */
#include "lib/stats/km.h"

#include "lib/stats/special.h"

#include <math.h>

static const char beyond[] = "beyond the last time";

static void step(rp_km *km, int64_t k, double t, double n, double d)
{
    const double s = k ? km->surv[k - 1] : 1, v = k ? km->greenwood[k - 1] : 0;
    km->time[k] = t;
    km->at_risk[k] = n;
    km->ended[k] = d;
    km->surv[k] = d > 0 ? s * ((n - d) / n) : s;
    km->greenwood[k] = d == 0 ? v : n > d ? v + d / (n * (n - d)) : INFINITY;
    km->hazard[k] = (k ? km->hazard[k - 1] : 0) + (d > 0 ? d / n : 0);
}

rp_status rp_km_new(const rp_lives *lives, rp_km_kind kind, rp_km **out)
{
    RP_AUTO(rp_km) km = NULL;
    RP_TRY(rp_alloc(1, sizeof *km, &km));
    double **const field[] = {&km->time, &km->at_risk,   &km->ended,
                              &km->surv, &km->greenwood, &km->hazard};
    for (int f = 0; f < 6; f++) RP_TRY(rp_alloc_raw(lives->groups, sizeof **field[f], field[f]));
    km->points = lives->groups;
    for (int64_t g = 0; g < lives->groups; g++) {
        const int64_t censored = rp_lives_count(lives, g, 0);
        const int64_t events = lives->start[g + 1] - lives->start[g] - censored;
        const int64_t n = lives->n - lives->start[g];
        const int64_t at_risk = kind == RP_KM_CENSORING ? n - events : n;
        step(km, g, rp_lives_time(lives, g), (double)at_risk,
             (double)(kind == RP_KM_EVENTS ? events : censored));
    }
    *out = RP_TAKE(km);
    return RP_OK;
}

void rp_km_drop(rp_km **km)
{
    if (!*km) return;
    double *const field[] = {(*km)->time, (*km)->at_risk,   (*km)->ended,
                             (*km)->surv, (*km)->greenwood, (*km)->hazard};
    for (int f = 0; f < 6; f++) rp_free(field[f]);
    rp_free(*km);
    *km = NULL;
}

/* Last point with time <= t (or < t), -1 if there is none. */
static int64_t find(const rp_km *km, double t, bool or_equal)
{
    int64_t low = -1, high = km->points;
    while (high - low > 1) {
        const int64_t mid = low + (high - low) / 2;
        const bool under = or_equal ? km->time[mid] <= t : km->time[mid] < t;
        *(under ? &low : &high) = mid;
    }
    return low;
}

double rp_km_at(const rp_km *km, double t)
{
    const int64_t k = find(km, t, true);
    return k < 0 ? 1 : km->surv[k];
}

double rp_km_before(const rp_km *km, double t)
{
    const int64_t k = find(km, t, false);
    return k < 0 ? 1 : km->surv[k];
}

static rp_interval log_interval(double s, double v)
{
    if (s == 0) {
        const rp_value no = rp_value_undefined("the curve is at 0");
        return (rp_interval){no, no};
    }
    const double half = rp_normal_quantile(0.975) * sqrt(v);
    return (rp_interval){rp_value_of(s * exp(-half)), rp_value_of(fmin(1, s * exp(half)))};
}

static rp_interval loglog_interval(double s, double v)
{
    if (s == 0 || s == 1) {
        const rp_value no = rp_value_undefined("the curve is at 0 or 1");
        return (rp_interval){no, no};
    }
    const double half = rp_normal_quantile(0.975) * sqrt(v) / log(s), u = log(-log(s));
    return (rp_interval){rp_value_of(exp(-exp(u - half))), rp_value_of(exp(-exp(u + half)))};
}

rp_km_point rp_km_read(const rp_km *km, double t)
{
    const int64_t last = km->points - 1, k = find(km, t, true);
    if (t > km->time[last] && km->surv[last] > 0) {
        const rp_value no = rp_value_undefined(beyond);
        return (rp_km_point){no, no, no, {no, no}, {no, no}};
    }
    const double s = k < 0 ? 1 : km->surv[k], v = k < 0 ? 0 : km->greenwood[k];
    return (rp_km_point){
        .surv = rp_value_of(s),
        .se = s > 0 ? rp_value_of(s * sqrt(v)) : rp_value_undefined("the curve is at 0"),
        .hazard = rp_value_of(k < 0 ? 0 : km->hazard[k]),
        .log = log_interval(s, v),
        .loglog = loglog_interval(s, v),
    };
}

/* Where y falls to a half: the middle of the flat piece if it stays there for a while. */
static rp_value crossing(int64_t n, const double time[], const double y[])
{
    const double tolerance = 1.5e-8; /* that of R */
    for (int64_t k = 0; k < n; k++) {
        if (!(y[k] < 0.5 + tolerance)) continue;
        if (fabs(y[k] - 0.5) < tolerance)
            for (int64_t j = k + 1; j < n; j++)
                if (y[j] < y[k]) return rp_value_of(0.5 * (time[k] + time[j]));
        return rp_value_of(time[k]);
    }
    return rp_value_undefined("not reached");
}

rp_status rp_km_find_median(const rp_km *km, rp_km_median *out)
{
    RP_AUTOFREE double *low = NULL, *high = NULL;
    RP_TRY(rp_alloc_raw(km->points, sizeof *low, &low));
    RP_TRY(rp_alloc_raw(km->points, sizeof *high, &high));
    for (int64_t k = 0; k < km->points; k++) {
        const rp_interval ci = log_interval(km->surv[k], km->greenwood[k]);
        const bool ok = ci.low.state == RP_VALUE_OK;
        low[k] = ok ? ci.low.x : INFINITY;
        high[k] = ok ? ci.high.x : INFINITY;
    }
    out->median = crossing(km->points, km->time, km->surv);
    out->low = crossing(km->points, km->time, low);
    out->high = crossing(km->points, km->time, high);
    return RP_OK;
}

void rp_km_area(const rp_km *km, double tau, rp_value *area, rp_value *se)
{
    const int64_t last = km->points - 1;
    if (tau > km->time[last] && km->surv[last] > 0) {
        *area = *se = rp_value_undefined(beyond);
        return;
    }
    /* Backwards: rest is the area from time[k] to tau. */
    double rest = 0, variance = 0, end = tau;
    for (int64_t k = find(km, tau, true); k >= 0; k--) {
        rest += km->surv[k] * (end - km->time[k]);
        end = km->time[k];
        const double n = km->at_risk[k], d = km->ended[k];
        if (d > 0 && n > d) variance += rest * rest * d / (n * (n - d));
    }
    *area = rp_value_of(rest + end);
    *se = rp_value_of(sqrt(variance));
}
