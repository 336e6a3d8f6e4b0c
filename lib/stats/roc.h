/* lib/stats/roc.h - receiver operating curves of one or several scores.
 *
 * y [n] is 0 or 1, a higher score is more positive, "positive" means score >= threshold.  Equal
 * scores move together (midranks).  Counts stay integers until the last division.
 * With one class absent every area is undefined. */
#pragma once
#include "lib/stats/value.h"

/* Operating points from the highest threshold down; point 0 is (INFINITY, 0, 0). */
typedef struct rp_roc {
    int64_t points, positives, negatives;
    double *threshold; /* [points]; an observed score, but for point 0 */
    int64_t *tp, *fp;  /* [points] cases at or above the threshold */
} rp_roc;

/* Owned by the caller, rp_roc_drop.  Errors: RP_EARG if n < 1; RP_EDATA if a y is neither 0 nor 1;
 * RP_ENUM if a score is not finite. */
RP_MUST rp_status rp_roc_new(int64_t n, const double y[], const double score[], rp_roc **out);
void rp_roc_drop(rp_roc **roc);

rp_value rp_roc_auc(const rp_roc *roc);
/* Area over specificity in [low, 1], trapezoids, raw; and McClish's correction of it,
 * (1 + (A - min) / (max - min)) / 2 with min = (1 - low)^2 / 2, max = 1 - low.
 * Source: D. K. McClish, Med. Decis. Making 9 (1989) 190. */
rp_value rp_roc_partial_specificity(const rp_roc *roc, double low);
rp_value rp_roc_mcclish(rp_value area, double low);
/* Area over sensitivity in [low, 1], raw. */
rp_value rp_roc_partial_sensitivity(const rp_roc *roc, double low);
/* sum (R_k - R_(k-1)) P_k over distinct scores from high to low (scikit-learn's rule). */
rp_value rp_roc_average_precision(const rp_roc *roc);
/* Sensitivity where the curve, linear between points, has that specificity (the highest there);
 * and the other way round. */
rp_value rp_roc_sensitivity_at(const rp_roc *roc, double specificity);
rp_value rp_roc_specificity_at(const rp_roc *roc, double sensitivity);
/* Point of largest sensitivity + specificity - 1; of several, that of the highest sensitivity. */
typedef struct rp_youden {
    rp_value j;
    rp_value threshold; /* observed score; undefined where nothing need be positive */
    rp_value midpoint;  /* half way to the next lower score, as pROC prints it */
} rp_youden;
rp_youden rp_roc_youden(const rp_roc *roc);
