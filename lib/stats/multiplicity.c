/* lib/stats/multiplicity.c - adjusted p values. */
#include "lib/stats/multiplicity.h"

#include "lib/stats/ranks.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>

/* What the k-th smallest of n p values (k from 0) is multiplied by. */
static double factor(rp_adjustment method, int64_t k, int64_t n, double harmonic)
{
    const double m = (double)n, rank = (double)(k + 1);
    switch (method) {
    case RP_ADJUST_BONFERRONI: break;
    case RP_ADJUST_HOLM:
    case RP_ADJUST_HOCHBERG: return m - rank + 1;
    case RP_ADJUST_BENJAMINI_HOCHBERG: return m / rank;
    case RP_ADJUST_BENJAMINI_YEKUTIELI: return harmonic * m / rank;
    }
    return m;
}

rp_status rp_adjust(rp_adjustment method, int64_t n, const double p[], double adjusted[])
{
    for (int64_t i = 0; i < n; i++)
        RP_NEED(p[i] >= 0 && p[i] <= 1, RP_EARG, "p value %" PRId64 " is %g", i + 1, p[i]);
    RP_AUTOFREE int64_t *order = NULL;
    RP_TRY(rp_alloc_raw(n, sizeof *order, &order));
    RP_TRY(rp_rank_order(n, p, order));
    double harmonic = 0, bound;
    for (int64_t k = 1; k <= n; k++) harmonic += 1 / (double)k;
    /* Step down: no p below one that is smaller.  Step up: none above one that is larger. */
    const bool down = method == RP_ADJUST_BONFERRONI || method == RP_ADJUST_HOLM;
    bound = down ? 0 : 1;
    for (int64_t s = 0; s < n; s++) {
        const int64_t k = down ? s : n - 1 - s;
        const double x = fmin(1, factor(method, k, n, harmonic) * p[order[k]]);
        bound = down ? fmax(bound, x) : fmin(bound, x);
        adjusted[order[k]] = bound;
    }
    return RP_OK;
}
