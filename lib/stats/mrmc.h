/* lib/stats/mrmc.h - several readers, several cases: Obuchowski-Rockette with Hillis' degrees of freedom.
 *
 * theta [tests * readers], test-major; covariance [(tests * readers)^2] of the theta over cases.
 * Source: N. A. Obuchowski, H. E. Rockette, Commun. Stat. Simul. 24 (1995) 285; S. L. Hillis, Stat.
 * Med. 26 (2007) 596. */
#pragma once
#include "lib/stats/value.h"

enum { RP_MRMC_MAX = 64 }; /* tests, readers, each */

typedef struct rp_mrmc {
    int tests, readers;
    double ms_t, ms_r, ms_tr;           /* mean squares */
    double var, cov1, cov2, cov3;       /* error variance; same reader, same test, neither */
    double var_r, var_tr;               /* components; may be negative */
    double mean[RP_MRMC_MAX];           /* of a test over readers */
    double test_ms_r[RP_MRMC_MAX], test_var[RP_MRMC_MAX], test_cov2[RP_MRMC_MAX]; /* of that test alone */
} rp_mrmc;

/* Errors: RP_EARG unless 2 <= tests, readers <= RP_MRMC_MAX. */
RP_MUST rp_status rp_mrmc_fit(int tests, int readers, const double theta[], const double covariance[],
                              rp_mrmc *out);

typedef enum rp_mrmc_design {
    RP_MRMC_RANDOM_ALL,   /* readers and cases random: F */
    RP_MRMC_FIXED_READERS, /* chi-square, nothing clamped */
    RP_MRMC_FIXED_CASES   /* F on MS(T:R) */
} rp_mrmc_design;

typedef struct rp_mrmc_estimate {
    rp_value estimate, se, low, high; /* 95 % */
} rp_mrmc_estimate;
typedef struct rp_mrmc_result {
    double denominator;
    rp_value statistic; /* F or chi-square */
    double df1, df2;    /* df2 INFINITY for the chi-square */
    rp_value p;
} rp_mrmc_result;
/* All tests equal?  Errors: RP_ENUM where a quantile fails. */
RP_MUST rp_status rp_mrmc_test(const rp_mrmc *m, rp_mrmc_design design, rp_mrmc_result *out);
/* Mean of test a minus that of test b. */
RP_MUST rp_status rp_mrmc_difference(const rp_mrmc *m, rp_mrmc_design design, int a, int b,
                                     rp_mrmc_estimate *out);
/* Mean of one test, from its data alone. */
RP_MUST rp_status rp_mrmc_mean(const rp_mrmc *m, rp_mrmc_design design, int test, rp_mrmc_estimate *out);
