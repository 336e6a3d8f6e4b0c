/* lib/stats/bootstrap.h - resampling: bootstrap intervals, permutation tests.
 *
 * 1. Replicate r of a seed draws the same numbers wherever it runs: ranks and threads may share the
 *    replicates out as they like.
 * 2. Resampling gives weights (how often each unit was drawn), so that a statistic keeps its one
 *    sorted order. */
#pragma once
#include "lib/stats/delong.h"

/* Statistic of n cases with weights; *defined false leaves the replicate out (counted). */
typedef rp_status rp_weighted_fn(int64_t n, const double weight[], const void *context,
                                 double *value, bool *defined);

typedef struct rp_bootstrap_plan {
    uint64_t seed;
    int64_t n;
    const int64_t *stratum; /* [n] code from 0 of each case: strata keep their sizes; NULL: one */
    const int64_t *cluster; /* [n] code from 0: a cluster's cases are drawn together; NULL: each
                               alone. A cluster lies in one stratum, that of its first case. */
} rp_bootstrap_plan;

/* Replicates first .. first + count - 1.
 *   value    [count] out, 0 where not defined
 *   defined  [count] out
 * Errors: RP_EARG, RP_EDATA (a cluster in two strata), RP_EMEM, what fn returns. */
RP_MUST rp_status rp_bootstrap_run(const rp_bootstrap_plan *plan, int64_t first, int64_t count,
                                   rp_weighted_fn *fn, const void *context, double value[],
                                   bool defined[]);

/* Who computes replicates 0 .. count - 1 of a plan: several ranks may share them out. */
typedef rp_status rp_replicates_fn(const rp_bootstrap_plan *plan, int64_t count, rp_weighted_fn *fn,
                                   const void *context, double value[], bool defined[]);

typedef struct rp_bootstrap_result {
    rp_interval percentile, bca;
    rp_value bias, se; /* mean of the replicates minus the estimate; their sd */
    int64_t undefined; /* replicates left out */
} rp_bootstrap_result;
/* Intervals at level from replicates; jackknife [m]: the statistic without each case (or cluster).
 * Quantiles are linear at (B - 1) q; the share below the estimate counts ties by half.  Fewer than
 * 20 defined replicates: undefined.  No spread: BCa undefined.
 * Source: B. Efron, J. Am. Stat. Assoc. 82 (1987) 171.
 * Errors: RP_EARG, RP_EMEM. */
RP_MUST rp_status rp_bootstrap_interval(double estimate, int64_t count, const double value[],
                                        const bool defined[], int64_t m, const double jackknife[],
                                        double level, rp_bootstrap_result *out);

/* Area under the curve by weights: O(n) a replicate. */
typedef struct rp_auc_order rp_auc_order;
/* Owned by the caller; y and score are read once.  Errors: RP_EDATA (one class absent), RP_ENUM. */
RP_MUST rp_status rp_auc_order_new(int64_t n, const double y[], const double score[],
                                   rp_auc_order **out);
void rp_auc_order_drop(rp_auc_order **order);
/* rp_weighted_fn; context: the rp_auc_order. */
RP_MUST rp_status rp_auc_weighted(int64_t n, const double weight[], const void *context,
                                  double *value, bool *defined);
/* Everything at once, classes as strata: replicates, jackknife by components, interval.
 *   who  NULL: this process */
RP_MUST rp_status rp_auc_bootstrap(int64_t n, const double y[], const double score[], uint64_t seed,
                                   int64_t replicates, double level, rp_replicates_fn *who,
                                   rp_bootstrap_result *out);

/* Statistic of cases taken in that order (or with those signs). */
typedef double rp_permuted_fn(int64_t n, const int64_t order[], const void *context);
typedef double rp_signed_fn(int64_t n, const double sign[], const void *context);
/* Two-sided p = (1 + replicates at least as far from 0 as seen, up to 1e-12) / (1 + replicates).
 * Permuting labels: groups exchangeable.  Flipping signs: paired differences symmetric.
 * Errors: RP_EARG, RP_ENUM (the statistic is not finite), RP_EMEM. */
RP_MUST rp_status rp_permutation_test(uint64_t seed, int64_t n, int64_t replicates,
                                      rp_permuted_fn *fn, const void *context, double *p);
RP_MUST rp_status rp_sign_test(uint64_t seed, int64_t n, int64_t replicates, rp_signed_fn *fn,
                               const void *context, double *p);

/* Difference of means under all arrangements, or under `limit` random ones where there are more.
 *   p          arrangements whose statistic is as far from 0 as the one seen
 *   p_greater, p_less   as large, as small
 * Exact: shares of all arrangements, the one seen among them.  Else (1 + count) / (1 + limit). */
typedef struct rp_permutation {
    double statistic, p, p_greater, p_less;
    int64_t arrangements; /* looked at */
    bool is_exact;
} rp_permutation;
/* Mean of x where first[i], minus mean of the others; labels exchangeable.
 * Source: P. Good, Permutation, Parametric and Bootstrap Tests of Hypotheses (2005), chapter 3.
 * Errors: RP_EARG if limit < 1; RP_EDATA if a group is empty; RP_ENUM, RP_EMEM. */
RP_MUST rp_status rp_permute_groups(int64_t n, const double x[], const bool first[], uint64_t seed,
                                    int64_t limit, rp_permutation *out);
/* Mean of differences d; signs exchangeable. */
RP_MUST rp_status rp_permute_pairs(int64_t n, const double d[], uint64_t seed, int64_t limit,
                                   rp_permutation *out);
