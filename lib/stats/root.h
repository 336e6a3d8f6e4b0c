/* lib/stats/root.h - a root of a continuous function in a bracket. */
#pragma once
#include "lib/base/status.h"

typedef double rp_root_fn(double x, const void *context);

/* x in [low, high] with f(x) = 0, by Ridders' method, to the last bits of x.
 * Errors: RP_ENUM if f(low) and f(high) have the same sign or are NaN, or if 200 steps do not do.
 * Source: C. Ridders, IEEE Trans. Circuits Syst. 26 (1979) 979. */
RP_MUST rp_status rp_root_find(rp_root_fn *f, const void *context, double low, double high, double *x);
