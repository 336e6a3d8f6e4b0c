/* lib/stats/logistic.h - logistic regression by Newton's method. */
#pragma once
#include "lib/stats/value.h"

enum { RP_LOGISTIC_MAX = 16 };
typedef struct rp_logistic {
    rp_value coefficient[RP_LOGISTIC_MAX], se[RP_LOGISTIC_MAX];
    double deviance;
    int steps;
} rp_logistic;

/* logit P(y = 1) = offset + sum over k of coefficient[k] x[k].
 *   y       [n] 0 or 1
 *   x       [p][n]; an intercept is a column of ones
 *   offset  [n]; NULL: 0
 * Converged when the deviance changes by less than 1e-14 of itself.  Separation (the deviance runs to
 * 0, or a coefficient away) and dependent columns leave all coefficients undefined, with the reason.
 * Errors: RP_EARG, RP_EMEM. */
RP_MUST rp_status rp_logistic_fit(int64_t n, const double y[], int p, const double *const x[],
                                  const double offset[], rp_logistic *out);
