/* lib/radiomics/robust.h - which features stay the same when they are measured again, and which say
 * the same as others.
 *
 * Source: T. K. Koo, M. Y. Li, J. Chiropr. Med. 15 (2016) 155, DOI 10.1016/j.jcm.2016.02.012 (the
 *         classes); A. Zwanenburg et al., Sci. Rep. 9 (2019) 614, DOI 10.1038/s41598-018-36938-4
 *         (ICC(1,1) of perturbed images). */
#pragma once
#include "lib/stats/agreement.h"

/* Of the lower end of the 95 % interval: below 0.5, 0.75, 0.9, and above. */
typedef enum rp_robust_class {
    RP_ROBUST_UNDEFINED,
    RP_ROBUST_POOR,
    RP_ROBUST_MODERATE,
    RP_ROBUST_GOOD,
    RP_ROBUST_EXCELLENT
} rp_robust_class;
/* "", "poor", "moderate", "good", "excellent" */
const char *rp_robust_name(rp_robust_class c);

typedef struct rp_robustness {
    int64_t subjects; /* with a value from each measurement */
    rp_icc icc[RP_ICC_FORMS];
    rp_robust_class class[RP_ICC_FORMS];
} rp_robustness;
/* One feature.  x: [k][n] measurements, subjects; NaN where missing: such subjects are left out.
 * Fewer than two subjects, or no variance: undefined.  Errors: RP_EARG (k < 2), RP_EMEM. */
RP_MUST rp_status rp_robustness_find(int64_t n, int k, const double *const x[], rp_robustness *out);

/* Features that are kept, so that no two of them correlate by more than limit in size.  Features
 * are taken by descending merit, of equal ones the first; one that correlates with a kept one goes.
 *   x       [features][n] NaN where missing: a pair is correlated over samples that have both
 *   merit   [features], NULL: all the same
 *   kept    [features] out
 *   cause   [features] out: the kept feature that a left-out one goes with, -1: it is constant or
 *           has fewer than three values; of a kept feature itself
 *   r       [features] out: correlation with it; NaN where there is none
 * is_rank: Spearman's correlation, else Pearson's.  Local.  Errors: RP_EMEM. */
RP_MUST rp_status rp_prune_correlated(int64_t n, int64_t features, const double *const x[],
                                      const double merit[], bool is_rank, double limit, bool kept[],
                                      int64_t cause[], double r[]);
