/* lib/stats/paired.h - two tests on the same examinations: a new way against a standard.
 *
 * both, new alone (b), standard alone (c), neither; n in all.  x1 = both + b, x0 = both + c. */
#pragma once
#include "lib/stats/proportion.h"

typedef struct rp_pairs {
    int64_t both, only_new, only_standard, neither;
} rp_pairs;

typedef struct rp_paired {
    rp_value ratio;            /* x1 / x0 */
    rp_interval ratio_ci;      /* log scale, variance (b + c)/(x1 x0) */
    rp_value difference;       /* (b - c)/n */
    rp_interval difference_ci; /* Tango's score interval */
    rp_mcnemar test;
} rp_paired;

/* Source: J.-M. Nam, W. C. Blackwelder, Stat. Med. 21 (2002) 689 for the ratio; T. Tango, Stat.
 * Med. 17 (1998) 891 for the difference; Q. McNemar, Psychometrika 12 (1947) 153.
 * Errors: RP_EARG if a count is negative, all are 0, or level is not in (0, 1); RP_ENUM. */
RP_MUST rp_status rp_paired_find(const rp_pairs *c, double level, rp_paired *out);

/* One-sided p of H0: x1/n - x0/n <= -margin against more (margin in (0, 1)), by Tango's score.
 * Errors: also RP_EARG for the margin. */
RP_MUST rp_status rp_paired_noninferior(const rp_pairs *c, double margin, double *z, double *p);
