/* lib/stats/kappa.h - agreement of two readers on grades. */
#pragma once
#include "lib/stats/value.h"

typedef enum rp_kappa_weights { RP_KAPPA_PLAIN, RP_KAPPA_LINEAR, RP_KAPPA_QUADRATIC } rp_kappa_weights;

/* 1 - sum D p / sum D e over pairs of grades, with p the share of a pair, e that of independent
 * readers, and D = 1 where the grades differ (plain), |a - b| or (a - b)^2: the same as the weighted
 * (po - pe) / (1 - pe).  Grades are whole numbers; at most 1000 different ones.
 * Undefined where pe = 1: both readers gave one and the same grade.
 * Errors: RP_EARG if n < 1, RP_EDATA (too many grades), RP_ENUM. */
RP_MUST rp_status rp_kappa_find(int64_t n, const double a[], const double b[], rp_kappa_weights weights,
                                rp_value *out);
