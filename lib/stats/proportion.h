/* lib/stats/proportion.h - single and paired proportions, exact tests of counts.
 *
 * x of n; level in (0, 1), two-sided.  n = 0: undefined. */
#pragma once
#include "lib/stats/delong.h"

typedef enum rp_proportion_method {
    RP_CLOPPER_PEARSON, /* beta quantiles; x = 0 gives 0, x = n gives 1 */
    RP_WILSON,
    RP_WILSON_CORRECTED, /* by min(1/2, |x - n/2|), as R's prop.test against 1/2 */
    RP_WALD,
    RP_AGRESTI_COULL,
    RP_JEFFREYS, /* quantiles of Beta(x + 1/2, n - x + 1/2) */
    RP_PROPORTION_METHODS
} rp_proportion_method;
/* "clopper_pearson", "wilson", ... */
const char *rp_proportion_name(rp_proportion_method m);
/* Errors: RP_EARG unless 0 <= x <= n. */
RP_MUST rp_status rp_proportion_interval(rp_proportion_method m, int64_t x, int64_t n, double level,
                                         rp_interval *out);

/* Clopper and Pearson's interval of x in n that need not be whole: effective numbers.
 * Errors: RP_EARG unless 0 <= x <= n, n > 0. */
RP_MUST rp_status rp_clopper_pearson(double x, double n, double level, rp_interval *out);

/* McNemar's test of b against c discordant pairs. */
typedef struct rp_mcnemar {
    rp_value chisq, p;    /* (b - c)^2 / (b + c) */
    rp_value corrected_p; /* (|b - c| - 1)^2 / (b + c) */
    double exact_p;       /* two-sided binomial; 1 when b + c = 0 */
} rp_mcnemar;
rp_mcnemar rp_mcnemar_test(int64_t b, int64_t c);

/* Two-sided binomial p of x in n at share p0: sum of the masses not above that of x, by R's rule of
 * (1 + 1e-7). */
double rp_binomial_test(int64_t x, int64_t n, double p0);
/* Two-sided Fisher p of x1 of n1 against x0 of n0, same rule. */
double rp_fisher_test(int64_t x1, int64_t n1, int64_t x0, int64_t n0);

/* sqrt(sum over clusters of (sum of residuals)^2) / n of a mean of x[n]: CR0, without a factor for
 * small samples.  *clusters: their number.  Errors: RP_EARG if n < 1, RP_ENUM, RP_EMEM. */
RP_MUST rp_status rp_cluster_se(int64_t n, const double x[], const double cluster[], double *se,
                                int64_t *clusters);
