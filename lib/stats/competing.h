/* lib/stats/competing.h - several causes: cumulative incidence, Gray's test, Fine and Gray's model.
 *
 * event: 0 censored, 1, 2, ... causes.  S is the Kaplan-Meier curve of any cause. */
#pragma once
#include "lib/stats/lives.h"

/* Aalen-Johansen: F(t) = sum S(t-) d_cause / n.  Beyond the last time: undefined.
 *   variance  Aalen's, as cmprsk gives it (tie factors 1 - (d - 1)/(n - 1))
 *   se        infinitesimal jackknife, as survival gives it */
typedef struct rp_incidence {
    rp_value value, variance, se;
} rp_incidence;
RP_MUST rp_status rp_incidence_find(const rp_lives *lives, int cause, double t, rp_incidence *out);

enum { RP_GRAY_MAX = 16 };
/* Gray's test (rho 0) of equal incidence of a cause over groups.
 * Source: R. J. Gray, Ann. Stat. 16 (1988) 1141.
 * Errors: RP_EDATA (more than RP_GRAY_MAX groups), RP_ENUM, RP_EMEM. */
RP_MUST rp_status rp_gray_test(const rp_lives *lives, const double group[], int cause, rp_value *chisq,
                               rp_value *p, int *df);

enum { RP_FINE_GRAY_MAX = 16 };
/* Regression of a cause's subdistribution hazard on p covariates x[p][n]; Breslow's ties; who died of
 * another cause stays at risk with weight G(t-)/G(T-), G the plain curve of the censorings.
 *   se  sandwich, the estimate of G included
 * Source: J. P. Fine, R. J. Gray, J. Am. Stat. Assoc. 94 (1999) 496.
 * Errors: RP_EARG, RP_EDATA (no such event), RP_ENUM, RP_EMEM. */
RP_MUST rp_status rp_fine_gray_fit(const rp_lives *lives, int cause, int p, const double *const x[],
                                   double coefficient[], double se[]);
