/* lib/stats/cox.h - proportional hazards regression.
 *
 * Covariates are centred at their means inside; coefficients do not depend on that.
 * Source: D. R. Cox, J. R. Stat. Soc. B 34 (1972) 187; B. Efron, J. Am. Stat. Assoc. 72 (1977) 557. */
#pragma once
#include "lib/stats/value.h"

enum { RP_COX_MAX = 16 };
typedef enum rp_cox_ties {
    RP_COX_EFRON,
    RP_COX_BRESLOW,
    RP_COX_EXACT /* discrete conditional likelihood over the subsets of a risk set */
} rp_cox_ties;

typedef struct rp_cox_data {
    int64_t n;
    const double *time, *event; /* [n]; event 0 or 1 */
    int p;                      /* covariates, 1 to RP_COX_MAX */
    const double *const *x;     /* [p][n] */
    const double *stratum;      /* [n]; NULL: one */
} rp_cox_data;

typedef struct rp_cox rp_cox; /* a fit; holds what the checks need, and lends from the data */

/* Newton with step halving until the log likelihood changes by less than 1e-14 of itself.
 * Owned by the caller, rp_cox_drop; the data are lent until then.
 * Errors: RP_EARG, RP_EDATA (no event, event neither 0 nor 1), RP_ENUM (columns that depend on one
 * another; a likelihood that rises without end: monotone), RP_EMEM. */
RP_MUST rp_status rp_cox_fit(const rp_cox_data *data, rp_cox_ties ties, rp_cox **out);
void rp_cox_drop(rp_cox **fit);

typedef struct rp_cox_result {
    double coefficient[RP_COX_MAX], se[RP_COX_MAX];
    double loglik_null, loglik;
    double score_test, wald_test, ratio_test; /* chi-squares with p degrees of freedom */
} rp_cox_result;
rp_cox_result rp_cox_get(const rp_cox *fit);

/* Standard errors from dfbeta summed in clusters [n], no small-sample factor; Efron or Breslow. */
RP_MUST rp_status rp_cox_robust_se(const rp_cox *fit, const double cluster[], double se[]);
/* hazard[k] = cumulative baseline hazard at covariates 0 up to and including t[k], t [count] ascending;
 * one stratum; with the ties of the fit, or Breslow's sum d / S0. */
RP_MUST rp_status rp_cox_baseline(const rp_cox *fit, int64_t count, const double t[], bool breslow,
                                  double hazard[]);

/* Grambsch and Therneau's score test of constant coefficients: chi-square for each covariate (1 df)
 * and all (p df).  g(t): 1 - KM(t-) or t, centred over events; one stratum, Efron or Breslow. */
typedef enum rp_cox_time { RP_COX_TIME_KM, RP_COX_TIME_IDENTITY } rp_cox_time;
RP_MUST rp_status rp_cox_check(const rp_cox *fit, rp_cox_time time, double chisq[], double *all);
