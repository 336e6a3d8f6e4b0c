/* lib/stats/lives.c - subjects in order of time. */
#include "lib/stats/lives.h"

#include "lib/stats/ranks.h"

#include <inttypes.h>
#include <math.h>

static rp_status fill(rp_lives *l)
{
    for (int64_t i = 0; i < l->n; i++) {
        RP_NEED(l->time[i] >= 0, RP_EDATA, "subject %" PRId64 ": time %g", i + 1, l->time[i]);
        RP_NEED(l->event[i] >= 0 && l->event[i] == rint(l->event[i]), RP_EDATA,
                "subject %" PRId64 ": event %g is no whole number from 0", i + 1, l->event[i]);
    }
    RP_TRY(rp_alloc_raw(l->n, sizeof *l->order, &l->order));
    RP_TRY(rp_alloc_raw(l->n + 1, sizeof *l->start, &l->start));
    RP_TRY(rp_rank_order(l->n, l->time, l->order));
    for (int64_t i = 0; i < l->n; i++)
        if (i == 0 || l->time[l->order[i]] != l->time[l->order[i - 1]]) l->start[l->groups++] = i;
    l->start[l->groups] = l->n;
    return RP_OK;
}

rp_status rp_lives_new(int64_t n, const double time[], const double event[], rp_lives **out)
{
    RP_NEED(n >= 1, RP_EARG, "survival of %" PRId64 " subjects", n);
    RP_AUTO(rp_lives) l = NULL;
    RP_TRY(rp_alloc(1, sizeof *l, &l));
    *l = (rp_lives){.n = n, .time = time, .event = event};
    RP_TRY(fill(l));
    *out = RP_TAKE(l);
    return RP_OK;
}

void rp_lives_drop(rp_lives **lives)
{
    if (!*lives) return;
    rp_free((*lives)->order);
    rp_free((*lives)->start);
    rp_free(*lives);
    *lives = NULL;
}

double rp_lives_time(const rp_lives *l, int64_t group)
{
    return l->time[l->order[l->start[group]]];
}

int64_t rp_lives_count(const rp_lives *l, int64_t group, int event)
{
    int64_t count = 0;
    for (int64_t i = l->start[group]; i < l->start[group + 1]; i++)
        count += l->event[l->order[i]] == event;
    return count;
}

int64_t rp_lives_find(const rp_lives *l, double t)
{
    int64_t low = -1, high = l->groups; /* time(low) <= t < time(high) */
    while (high - low > 1) {
        const int64_t mid = low + (high - low) / 2;
        *(rp_lives_time(l, mid) <= t ? &low : &high) = mid;
    }
    return low;
}
