/* lib/stats/logrank.h - do groups die at one rate: log-rank and Peto-Peto tests. */
#pragma once
#include "lib/stats/value.h"

enum { RP_LOGRANK_MAX = 64 };
typedef struct rp_logrank {
    int groups;
    double observed[RP_LOGRANK_MAX], expected[RP_LOGRANK_MAX]; /* by ascending group, weighted */
    rp_value chisq, p; /* df = groups - 1, less what depends on the others */
    int df;
} rp_logrank;

/* Weights S(t-)^rho with S the pooled Kaplan-Meier curve (of the stratum): 0 log-rank, 1 Peto-Peto.
 *   group, stratum  [n] any numbers; stratum NULL: one
 * Hypergeometric variance; sums over strata, times ascending.
 * Errors: RP_EARG, RP_EDATA (more than RP_LOGRANK_MAX groups), RP_ENUM, RP_EMEM. */
RP_MUST rp_status rp_logrank_test(int64_t n, const double time[], const double event[],
                                  const double group[], const double stratum[], double rho,
                                  rp_logrank *out);
