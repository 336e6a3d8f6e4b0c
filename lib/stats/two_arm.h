/* lib/stats/two_arm.h - x1 of n1 in the new arm against x0 of n0 in the control arm.
 *
 * Ratio (x1/n1)/(x0/n0), difference x1/n1 - x0/n0; intervals two-sided at level.
 * Errors of all that return a status: RP_EARG unless 0 <= x <= n and n >= 1 in both arms. */
#pragma once
#include "lib/stats/proportion.h"

typedef struct rp_counts {
    int64_t x1, n1, x0, n0;
} rp_counts;

rp_value rp_two_arm_ratio(const rp_counts *c);
/* exp(log ratio +- z sqrt(1/x1 - 1/n1 + 1/x0 - 1/n0)); undefined where an x is 0. */
rp_interval rp_ratio_katz(const rp_counts *c, double level);
/* All ratios that the score test with the constrained estimate does not reject; corrected: variance
 * times N/(N - 1) (Miettinen and Nurminen), else Koopman.  x1 = 0: low 0; x0 = 0: high infinite.
 * Source: P. A. R. Koopman, Biometrics 40 (1984) 513; O. Miettinen, M. Nurminen, Stat. Med. 4
 * (1985) 213. */
RP_MUST rp_status rp_ratio_score(const rp_counts *c, bool corrected, double level,
                                 rp_interval *out);
/* Ratio of Poisson rates given the total: from Clopper and Pearson's interval of x1 in x1 + x0. */
RP_MUST rp_status rp_ratio_poisson(const rp_counts *c, double level, rp_interval *out);
/* Newcombe's square-and-add of Wilson's intervals. */
RP_MUST rp_status rp_difference_newcombe(const rp_counts *c, double level, rp_interval *out);
/* Miettinen and Nurminen's score interval of the difference. */
RP_MUST rp_status rp_difference_score(const rp_counts *c, double level, rp_interval *out);

typedef struct rp_two_arm_p {
    double fisher;
    rp_value chi2, chi2_yates, g_test; /* undefined where all or none had the outcome */
    rp_value wald_log;                 /* undefined where an x is 0 */
    rp_value z_unpooled;               /* undefined where both arms have no variance */
} rp_two_arm_p;
RP_MUST rp_status rp_two_arm_test(const rp_counts *c, rp_two_arm_p *out);

/* One-sided p of H0: ratio >= margin against less, by the score test with the estimate constrained
 * at the margin (Farrington and Manning; no N/(N - 1)).  Errors: also RP_EARG if the margin is not
 * positive. */
RP_MUST rp_status rp_ratio_noninferior(const rp_counts *c, double margin, double *z, double *p);
/* The same of H0: x1/n1 - x0/n0 >= margin, -1 < margin < 1. */
RP_MUST rp_status rp_difference_noninferior(const rp_counts *c, double margin, double *z,
                                            double *p);
