/* lib/stats/shared.h - numbers of which several processes hold a part each.
 *
 * 1. All that is shared is a sum of whole numbers: no order or part can change a digit.
 * 2. Each process calls the same functions in the same order, whatever failed before. */
#pragma once
#include "lib/base/mem.h"

/* x [n], in place: the sum over all who hold a part; the same on each. */
typedef rp_status rp_sum_fn(void *arg, int64_t n, int64_t x[]);
typedef struct rp_shared {
    rp_sum_fn *sum; /* NULL: all is here */
    void *arg;
} rp_shared;

RP_MUST rp_status rp_shared_sum(const rp_shared *who, int64_t n, int64_t x[]);
/* RP_OK if it is so for all; else the own failure, or RP_EPEER where another one failed. */
RP_MUST rp_status rp_shared_verdict(const rp_shared *who, rp_status st);

/* key[k] = the smallest number of which at least want[k] of all x are lower: just above the
 * want[k]-th of them.  0 for want <= 0; UINT64_MAX where there are too few.
 *   x     [n] own part, ascending, each below UINT64_MAX
 *   want  [count], count <= RP_SELECT_MAX
 * 64 sums. */
enum { RP_SELECT_MAX = 16 };
RP_MUST rp_status rp_shared_select(const rp_shared *who, int64_t n, const uint64_t x[], int count,
                                   const int64_t want[], uint64_t key[]);

/* How many of x [n], ascending, are below key.  Local. */
int64_t rp_count_below(int64_t n, const uint64_t x[], uint64_t key);
