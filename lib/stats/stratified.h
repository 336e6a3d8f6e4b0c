/* lib/stats/stratified.h - two arms in strata: pooled by Mantel and Haenszel, and are they alike.
 *
 * Sums over strata with n1 and n0 above 0, in the order given, with N = n1 + n0 and m = x1 + x0. */
#pragma once
#include "lib/stats/clustered.h"
#include "lib/stats/two_arm.h"

typedef struct rp_stratified {
    int strata;                /* that have both arms */
    rp_value ratio;            /* (sum x1 n0/N) / (sum x0 n1/N) */
    rp_interval ratio_ci;      /* on the log scale, variance of Greenland and Robins */
    rp_value difference;       /* (sum (x1 n0 - x0 n1)/N) / (sum n1 n0/N) */
    rp_interval difference_ci; /* variance of Sato */
    rp_value chisq, p;         /* Cochran-Mantel-Haenszel, one degree of freedom, not corrected */
} rp_stratified;

/* Source: N. Mantel, W. Haenszel, J. Natl. Cancer Inst. 22 (1959) 719; S. Greenland, J. M. Robins,
 * Biometrics 41 (1985) 55; T. Sato, Biometrics 45 (1989) 1323.
 * Errors: RP_EARG (a stratum's counts, k < 1, level). */
RP_MUST rp_status rp_stratified_find(int k, const rp_counts c[], double level, rp_stratified *out);

/* What a cluster holds of one stratum. */
typedef struct rp_cluster_part {
    int32_t stratum;
    int32_t x1, n1, x0, n0;
} rp_cluster_part;
/* So many clusters hold the parts first .. first + parts - 1, strata rising. */
typedef struct rp_composition {
    int64_t first, parts, clusters;
} rp_composition;

/* The pooled ratio and difference with errors robust to clusters, which may lie in several strata.
 * With R = sum x1 n0/N, S = sum x0 n1/N, W = sum n1 n0/N and p1, p0 the stratum's shares,
 *   u_g = sum over strata of n0/(N R) (x1_g - n1_g p1) - n1/(N S) (x0_g - n0_g p0)
 * for the log ratio (W in place of R and S for the difference), SE^2 = G/(G - 1) sum u_g^2; with
 * one stratum that is rp_clustered_find.  Where strata are so small that their shares are fitted
 * to a few examinations, the errors are too small.
 *
 *   c            [k] counts of the strata, as for rp_stratified_find
 *   composition  [n] in any fixed order: sums run in it
 *
 * Errors: RP_EARG. */
RP_MUST rp_status rp_stratified_robust(int k, const rp_counts c[], int64_t n,
                                       const rp_composition composition[],
                                       const rp_cluster_part part[], double level,
                                       rp_clustered *out);

/* Test of interaction: Q = sum w (x - mean)^2 with w = 1/variance and the mean weighted by w,
 * chi-square with *df = k - 1 degrees of freedom.  Fewer than two estimates: undefined.
 * Source: W. G. Cochran, Biometrics 10 (1954) 101. */
void rp_heterogeneity(int k, const double estimate[], const double variance[], rp_value *q, int *df,
                      rp_value *p);
/* The same for log ratios of strata; those where an arm has no outcome are left out. */
RP_MUST rp_status rp_ratio_heterogeneity(int k, const rp_counts c[], rp_value *q, int *df,
                                         rp_value *p);
