/* lib/stats/lives.h - subjects with a time and what ended it, put in order of time.
 *
 * 1. event 0 is censored; 1, 2, ... are causes.  At equal times events come before censorings.
 * 2. A risk set at t is everybody with time >= t. */
#pragma once
#include "lib/stats/value.h"

typedef struct rp_lives {
    int64_t n;
    const double *time, *event; /* [n], lent */
    int64_t *order;             /* [n] subjects by ascending time, then index */
    int64_t groups;             /* distinct times */
    int64_t *start;             /* [groups + 1] where a time's subjects begin in order */
} rp_lives;

/* time and event are lent until the drop.
 * Errors: RP_EARG if n < 1; RP_EDATA if a time is negative or an event no whole number >= 0; RP_ENUM. */
RP_MUST rp_status rp_lives_new(int64_t n, const double time[], const double event[], rp_lives **out);
void rp_lives_drop(rp_lives **lives);
double rp_lives_time(const rp_lives *l, int64_t group);
/* How many subjects of the group have that event. */
int64_t rp_lives_count(const rp_lives *l, int64_t group, int event);
/* Last group with time <= t, -1 if there is none. */
int64_t rp_lives_find(const rp_lives *l, double t);
