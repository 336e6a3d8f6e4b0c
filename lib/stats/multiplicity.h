/* lib/stats/multiplicity.h - p values of several tests at once. */
#pragma once
#include "lib/base/mem.h"

typedef enum rp_adjustment {
    RP_ADJUST_BONFERRONI,
    RP_ADJUST_HOLM,               /* family-wise error, step down */
    RP_ADJUST_HOCHBERG,           /* family-wise error, step up; independent tests */
    RP_ADJUST_BENJAMINI_HOCHBERG, /* false discovery rate; independent tests */
    RP_ADJUST_BENJAMINI_YEKUTIELI /* false discovery rate; any dependence */
} rp_adjustment;

/* adjusted [n]: reject at alpha where adjusted <= alpha.  p [n] in [0, 1]; equal p stay equal.
 * Source: S. Holm, Scand. J. Stat. 6 (1979) 65; Y. Benjamini, Y. Hochberg, J. R. Stat. Soc. B 57 (1995) 289.
 * Errors: RP_EARG if a p is outside [0, 1]; RP_EMEM. */
RP_MUST rp_status rp_adjust(rp_adjustment method, int64_t n, const double p[], double adjusted[]);
