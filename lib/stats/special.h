/* lib/stats/special.h - distributions: tails and quantiles.
 *
 * 1. A tail is computed as that tail, never as 1 - the other: relative accuracy holds to 1e-300.
 * 2. Densities go through Loader's saddle-point form, so that counts of 1e6 lose no digits.
 * 3. A quantile is a root of the smaller tail; all take probabilities in (0, 1).
 * Arguments out of range give NaN; the callers check.  All Local, none allocates. */
#pragma once
#include "lib/base/status.h"

/* Standard normal: P(Z <= x), P(Z > x), P(|Z| > |x|), and x with P(Z <= x) = p. */
double rp_normal_lower(double x);
double rp_normal_upper(double x);
double rp_normal_two_sided(double x);
double rp_normal_quantile(double p);

/* Regularised incomplete gamma functions P(a, x) and Q(a, x); a > 0, x >= 0. */
void rp_gamma_tails(double a, double x, double *lower, double *upper);
/* Regularised incomplete beta I_x(a, b) and 1 - I_x(a, b); y = 1 - x is given too, so that either
 * may be small; a, b > 0. */
void rp_beta_tails(double x, double y, double a, double b, double *lower, double *upper);

double rp_chi2_upper(double x, double df);
double rp_t_two_sided(double t, double df);
double rp_f_upper(double f, double df1, double df2);

/* x with I_x(a, b) = p. */
RP_MUST rp_status rp_beta_quantile(double p, double a, double b, double *x);
/* t > 0 with P(|T| > t) = p. */
RP_MUST rp_status rp_t_two_sided_quantile(double p, double df, double *t);
/* f with P(F > f) = upper. */
RP_MUST rp_status rp_f_quantile_upper(double upper, double df1, double df2, double *f);
RP_MUST rp_status rp_chi2_quantile_upper(double upper, double df, double *x);

/* Probabilities of counts; p + q = 1.  Source: C. Loader, Fast and accurate computation of binomial
 * probabilities (2000). */
double rp_binomial_mass(double k, double n, double p, double q);
/* k marked among draws out of a population with marked and plain members. */
double rp_hypergeometric_mass(double k, double marked, double plain, double draws);
