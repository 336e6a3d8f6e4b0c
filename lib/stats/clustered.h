/* lib/stats/clustered.h - two arms whose examinations come in clusters: women, readers, sites.
 *
 * Ratio R = (X1/N1)/(X0/N0) and difference D of means over examinations.  With the residual sums of
 * a cluster g, u_g = (x1 - n1 p1)/(N1 p1) - (x0 - n0 p0)/(N0 p0) for log R, the same without the
 * divisions by p for D:  SE^2 = G/(G - 1) sum u_g^2  (CR1; without the factor CR0).  It is the
 * sandwich of a log-binomial or Poisson model with an arm as its only term.
 * Share of an arm: Clopper and Pearson's interval at the effective number n = p (1 - p)/SE^2, at
 * most the examinations there are; below 30 clusters of the arm times (z/t)^2.
 * Source: K.-Y. Liang, S. L. Zeger, Biometrika 73 (1986) 13; for G/(G - 1) J. G. MacKinnon,
 * H. White, J. Econometrics 29 (1985) 305 (HC1 without covariates); E. L. Korn, B. I. Graubard,
 * Surv. Methodol. 24 (1998) 193. */
#pragma once
#include "lib/stats/delong.h"

/* So many clusters hold x1 of n1 examinations of the new arm and x0 of n0 of the other. */
typedef struct rp_cluster_pattern {
    int64_t x1, n1, x0, n0, clusters;
} rp_cluster_pattern;

enum { RP_CLUSTERS_FEW = 30 }; /* below it t with G - 1 degrees of freedom, and a warning is due */

typedef struct rp_clustered {
    int64_t clusters;
    bool is_few;
    rp_value ratio, difference;
    rp_value log_se, difference_se; /* CR1 */
    rp_interval ratio_ci, difference_ci;
    rp_interval share1, share0;     /* undefined where an outcome is a count above 1 */
    rp_value ratio_p, difference_p; /* Wald, two-sided: log R = 0, D = 0 */
} rp_clustered;

/* p [n] in any fixed order: sums run in it.  An arm without outcomes has no log; fewer than two
 * clusters no standard error.  The same counts x and n pair tests on one examination when n1 = n0:
 * SE^2 of log R is then (b + c)/(x1 x0) times G/(G - 1).
 * Errors: RP_EARG if an arm is empty or the level is not in (0, 1); RP_ENUM. */
RP_MUST rp_status rp_clustered_find(int64_t n, const rp_cluster_pattern p[], double level,
                                    rp_clustered *out);
/* One-sided p of H0: R >= margin (few is good) or R <= margin, by (log R - log margin)/SE; of a
 * difference D >= margin (few is good) or D <= -margin.  Errors: RP_EARG unless margin > 0. */
RP_MUST rp_status rp_clustered_noninferior(const rp_clustered *c, bool is_ratio, double margin,
                                           bool few_is_good, rp_value *p);

/* Fills intervals and p from estimates, their standard errors and the number of clusters. */
RP_MUST rp_status rp_clustered_conclude(double ratio, double log_se, double difference,
                                        double difference_se, int64_t clusters, double level,
                                        rp_clustered *out);
