/* lib/stats/calibration.h - do probabilities mean what they say.
 *
 * y [n] 0 or 1; p [n] probabilities in [0, 1].  All sums in index order.
 * Errors of all: RP_EDATA if a y is neither 0 nor 1 or a p is outside [0, 1]; RP_EMEM. */
#pragma once
#include "lib/stats/value.h"

typedef struct rp_calibration {
    rp_value brier, log_loss;               /* log loss is infinite where a p of 0 or 1 is wrong */
    rp_value slope, slope_se, intercept;    /* logit(y) = intercept + slope logit(p) */
    rp_value in_the_large;                  /* intercept at slope 1 */
    rp_value observed_expected;             /* sum y / sum p */
    rp_value ece, mce;                      /* over bins [b/bins, (b+1)/bins), the last one closed */
    rp_value hosmer_lemeshow, hosmer_lemeshow_p; /* deciles, type 7, right-closed; df groups - 2 */
    int groups;                             /* of Hosmer and Lemeshow, after merging equal deciles */
    int64_t clipped;                        /* p below eps or above 1 - eps, for the logit alone */
} rp_calibration;

/* bins: of ECE, 1 to 1000; eps: where the logit is clipped, 0 <= eps < 0.5 (0: a p of 0 or 1 leaves
 * slope and intercepts undefined). */
RP_MUST rp_status rp_calibration_find(int64_t n, const double y[], const double p[], int bins, double eps,
                                      rp_calibration *out);

/* TP/n - FP/n pt/(1 - pt), positive at p >= pt; pt in [0, 1).
 * Source: A. J. Vickers, E. B. Elkin, Med. Decis. Making 26 (2006) 565. */
RP_MUST rp_status rp_net_benefit(int64_t n, const double y[], const double p[], double pt, double *out);
/* The same when all are treated. */
RP_MUST rp_status rp_net_benefit_all(int64_t n, const double y[], double pt, double *out);
