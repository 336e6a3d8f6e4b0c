/* lib/radiomics/combat.h - ComBat: takes the effects of batches (centres, scanners) out of
 * features.
 *
 * Feature f of sample j in batch i, with covariates X:
 *   y_ijf = alpha_f + X_ij b_f + gamma_if + delta_if e_ijf.
 * 1. Least squares with a column for each batch and covariate; alpha is the mean of the batches'
 *    columns, weighted by their samples (that of the reference batch where there is one), sigma^2
 *    the mean square of the residuals (of the reference's samples).
 * 2. z = (y - alpha - X b) / sigma; gamma the batch's mean of z, delta^2 its variance over n - 1.
 * 3. Empirical Bayes: gamma is normal, delta^2 inverse gamma over the features of a batch, their
 *    parameters by moments; the posterior means solve two equations in turns, until they no longer
 *    change.
 * 4. y* = sigma (z - gamma) / delta + alpha + X b.  The reference batch stays as it is.
 * 5. Fitted on some samples, applied to others of the same batches.
 * A feature that is constant (in one batch, where scales are estimated), or that has a missing
 * value, is left as it is.  Sums run in sample order.
 * Source: W. E. Johnson, C. Li, A. Rabinovic, Biostatistics 8 (2007) 118,
 *         DOI 10.1093/biostatistics/kxj037; J.-P. Fortin et al., NeuroImage 167 (2018) 104,
 *         DOI 10.1016/j.neuroimage.2017.11.024. */
#pragma once
#include "lib/base/mem.h"
#include <stdbool.h>

typedef struct rp_combat_settings {
    bool is_raw;       /* without empirical Bayes: each feature's own means and variances */
    bool is_mean_only; /* scales stay: delta is 1 */
    int reference;     /* batch that stays as it is; -1: none */
} rp_combat_settings;

typedef struct rp_combat {
    int batches, covariates, reference;
    int64_t features;
    bool *is_used; /* [features] false: passes through */
    double *alpha; /* [features] */
    double *sigma; /* [features] */
    double *beta;  /* [features * covariates] */
    double *gamma; /* [features * batches] */
    double *delta; /* [features * batches] */
} rp_combat;
void rp_combat_drop(rp_combat **c);
/* An empty model, to be filled by who reads one.  Errors: RP_EARG, RP_EMEM. */
RP_MUST rp_status rp_combat_new(int64_t features, int batches, int covariates, rp_combat **out);

/*   x          [features][n] NaN where missing
 *   batch      [n] 0..batches - 1
 *   covariate  [n][covariates]; NULL if there are none
 * batches + covariates <= 64.  Owned by the caller.
 * Errors: RP_EDATA (fewer than two batches; a batch without samples, or of one where scales are
 * estimated; fewer samples than columns; batches and covariates that explain each other), RP_EARG,
 * RP_EMEM. */
RP_MUST rp_status rp_combat_fit(int64_t n, int64_t features, const double *const x[], int batches,
                                const int batch[], int covariates, const double covariate[],
                                const rp_combat_settings *s, rp_combat **out);
/* In place; missing values stay missing.  Arguments as above.  Allocates nothing. */
void rp_combat_apply(const rp_combat *c, int64_t n, double *const x[], const int batch[],
                     const double covariate[]);
