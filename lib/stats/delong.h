/* lib/stats/delong.h - variance and tests of areas under curves by structural components.
 *
 * Source: E. R. DeLong et al., Biometrics 44 (1988) 837; X. Sun, W. Xu, IEEE Signal Process. Lett. 21
 * (2014) 1389 for ranks in place of pairs. */
#pragma once
#include "lib/stats/value.h"

/* For each positive the share of negatives below it (ties 1/2), v10 [n] at its case; for each
 * negative the share of positives above it, in the same array at its case; *auc = mean over either.
 * O(n log n).  Errors: RP_EDATA if a y is neither 0 nor 1 or a class is absent; RP_ENUM. */
RP_MUST rp_status rp_delong_components(int64_t n, const double y[], const double score[], double v[],
                                       double *auc);
/* Covariance of two areas from their components over the same cases. */
double rp_delong_covariance(int64_t n, const double y[], const double v1[], const double v2[]);
/* Jackknife over cases from the same components: (n - 1)/n sum of products of deviations of the
 * areas without a case. */
RP_MUST rp_status rp_delong_jackknife(int64_t n, const double y[], const double v1[], double auc1,
                                      const double v2[], double auc2, double *covariance);

typedef struct rp_interval {
    rp_value low, high;
} rp_interval;
/* auc +- z sqrt(variance), cut to [0, 1].  A variance of 0 gives a collapsed interval: undefined. */
rp_interval rp_auc_interval(double auc, double variance, double level);

typedef struct rp_auc_test {
    rp_value statistic, df, p; /* df: infinite for the normal one */
} rp_auc_test;
/* z test of two areas over the same cases. */
rp_auc_test rp_auc_test_paired(double auc1, double var1, double auc2, double var2, double cov);
/* t test of two areas over different cases, n1 and n2 of them, df by Satterthwaite over all cases of
 * a curve (pROC's rule). */
rp_auc_test rp_auc_test_unpaired(double auc1, double var1, int64_t n1, double auc2, double var2,
                                 int64_t n2);
