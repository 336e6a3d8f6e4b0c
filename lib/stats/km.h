/* lib/stats/km.h - Kaplan-Meier curves, their intervals, medians and areas. */
#pragma once
#include "lib/stats/delong.h"
#include "lib/stats/lives.h"

typedef enum rp_km_kind {
    RP_KM_EVENTS,           /* any event ends a life */
    RP_KM_CENSORING,        /* censorings end it; events of the same time have left the risk set before */
    RP_KM_CENSORING_PLAIN   /* the same with the whole risk set */
} rp_km_kind;

/* Right-continuous step curves, one point a distinct time of the lives. */
typedef struct rp_km {
    int64_t points;
    double *time, *at_risk, *ended; /* [points] */
    double *surv;                   /* S(t) */
    double *greenwood;              /* sum d / (n (n - d)); INFINITY once S is 0 */
    double *hazard;                 /* Nelson-Aalen, sum d / n */
} rp_km;

/* Owned by the caller, rp_km_drop.  Errors: RP_EMEM. */
RP_MUST rp_status rp_km_new(const rp_lives *lives, rp_km_kind kind, rp_km **out);
void rp_km_drop(rp_km **km);
/* S(t), S(t-); 1 before the first time. */
double rp_km_at(const rp_km *km, double t);
double rp_km_before(const rp_km *km, double t);

typedef struct rp_km_point {
    rp_value surv, se, hazard; /* se: Greenwood; undefined where S = 0 */
    rp_interval log, loglog;   /* 95 %; undefined where S is 0 (log) or 0 or 1 (log-log) */
} rp_km_point;
/* Beyond the last time: undefined unless S has reached 0. */
rp_km_point rp_km_read(const rp_km *km, double t);
/* First time with S <= 0.5; the middle of a flat piece at 0.5 (R's rule).  Interval from the log
 * bounds.  Undefined where it is not reached. */
typedef struct rp_km_median {
    rp_value median, low, high;
} rp_km_median;
RP_MUST rp_status rp_km_find_median(const rp_km *km, rp_km_median *out);
/* Area under S from 0 to tau, and its SE: sqrt(sum A(t)^2 d / (n (n - d))), A the area from t to tau.
 * Undefined if tau is beyond the last time and S is not 0 there. */
void rp_km_area(const rp_km *km, double tau, rp_value *area, rp_value *se);
