/* lib/stats/agreement.h - agreement of measurements: intraclass correlation, Lin, Bland and Altman. */
#pragma once
#include "lib/stats/delong.h"

typedef enum rp_icc_form { RP_ICC1, RP_ICC2, RP_ICC3, RP_ICC1K, RP_ICC2K, RP_ICC3K, RP_ICC_FORMS } rp_icc_form;
/* "ICC1", ... "ICC3k" */
const char *rp_icc_name(rp_icc_form form);

typedef struct rp_icc {
    rp_value value, f, p;
    rp_interval ci; /* 95 % */
} rp_icc;
/* The six forms from mean squares of the two-way table (not from a mixed model, so negative values
 * stay): 1 one-way random, 2 two-way random, 3 two-way mixed; k the mean of k raters.
 *   x  [k][n] raters, cases; n, k >= 2
 * No variance: undefined.  Source: P. E. Shrout, J. L. Fleiss, Psychol. Bull. 86 (1979) 420.
 * Errors: RP_EARG, RP_ENUM. */
RP_MUST rp_status rp_icc_find(int64_t n, int k, const double *const x[], rp_icc out[RP_ICC_FORMS]);
/* sqrt of the mean over cases of the variance (k - 1) between raters. */
double rp_within_sd(int64_t n, int k, const double *const x[]);

typedef struct rp_ccc {
    rp_value value;
    rp_interval ci; /* 95 %, Fisher's z with Lin's variance over n - 2 */
} rp_ccc;
/* Lin's concordance correlation, variances over n.  Source: L. I. Lin, Biometrics 45 (1989) 255. */
rp_ccc rp_ccc_find(int64_t n, const double a[], const double b[]);

typedef struct rp_bland_altman {
    double bias, sd, low, high; /* of a - b; sd over n - 1; limits mean +- z sd */
} rp_bland_altman;
/* Errors: RP_EARG if n < 2. */
RP_MUST rp_status rp_bland_altman_find(int64_t n, const double a[], const double b[], rp_bland_altman *out);
