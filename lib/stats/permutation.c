/* lib/stats/permutation.c - permutation tests. */
#include "lib/stats/bootstrap.h"

#include "lib/base/random.h"

#include <inttypes.h>
#include <math.h>

/* Is x as far from 0 as seen, up to rounding?  Sums in another order differ in their last bits. */
static bool as_far(double x, double seen) { return fabs(x) >= fabs(seen) * (1 - 1e-12); }

rp_status rp_permutation_test(uint64_t seed, int64_t n, int64_t replicates, rp_permuted_fn *fn,
                              const void *context, double *p)
{
    RP_NEED(n >= 1 && replicates >= 1, RP_EARG, "%" PRId64 " permutations of %" PRId64 " cases",
            replicates, n);
    RP_AUTOFREE int64_t *order = NULL;
    RP_TRY(rp_alloc_raw(n, sizeof *order, &order));
    for (int64_t i = 0; i < n; i++) order[i] = i;
    const double seen = fn(n, order, context);
    int64_t far = 0;
    for (int64_t k = 0; k < replicates; k++) {
        rp_random r;
        rp_random_start(seed, RP_RANDOM_PERMUTATION_TEST, (uint64_t)k, &r);
        rp_random_permute(&r, n, order);
        const double x = fn(n, order, context);
        RP_NEED(isfinite(x + seen), RP_ENUM,
                "the statistic of permutation %" PRId64 " is not finite", k);
        far += as_far(x, seen);
    }
    *p = (double)(1 + far) / (double)(1 + replicates);
    return RP_OK;
}

rp_status rp_sign_test(uint64_t seed, int64_t n, int64_t replicates, rp_signed_fn *fn,
                       const void *context, double *p)
{
    RP_NEED(n >= 1 && replicates >= 1, RP_EARG, "%" PRId64 " flips of %" PRId64 " cases",
            replicates, n);
    RP_AUTOFREE double *sign = NULL;
    RP_TRY(rp_alloc_raw(n, sizeof *sign, &sign));
    for (int64_t i = 0; i < n; i++) sign[i] = 1;
    const double seen = fn(n, sign, context);
    int64_t far = 0;
    for (int64_t k = 0; k < replicates; k++) {
        rp_random r;
        rp_random_start(seed, RP_RANDOM_PERMUTATION_TEST, (uint64_t)k, &r);
        for (int64_t i = 0; i < n; i++) sign[i] = rp_random_u32(&r) >> 31 ? 1 : -1;
        const double x = fn(n, sign, context);
        RP_NEED(isfinite(x + seen), RP_ENUM, "the statistic of flip %" PRId64 " is not finite", k);
        far += as_far(x, seen);
    }
    *p = (double)(1 + far) / (double)(1 + replicates);
    return RP_OK;
}
