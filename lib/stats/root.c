/* lib/stats/root.c - Ridders' method. */
#include "lib/stats/root.h"

#include <float.h>
#include <math.h>

enum { STEPS = 200 };

rp_status rp_root_find(rp_root_fn *f, const void *context, double low, double high, double *x)
{
    double fl = f(low, context), fh = f(high, context), best = NAN;
    if (fl == 0 || fh == 0) {
        *x = fl == 0 ? low : high;
        return RP_OK;
    }
    RP_NEED((fl < 0 && fh > 0) || (fl > 0 && fh < 0), RP_ENUM, "no root from %g (%g) to %g (%g)",
            low, fl, high, fh);
    for (int i = 0; i < STEPS; i++) {
        const double mid = 0.5 * (low + high), fm = f(mid, context);
        /* Infinite ends would make the secant NaN: halve instead. */
        const double root = sqrt(fm * fm - fl * fh);
        double next = mid;
        if (isfinite(root) && root > 0) next = mid + (mid - low) * (fl > fh ? fm : -fm) / root;
        const double fn = next == mid ? fm : f(next, context);
        if (fm == 0 || fn == 0 || fabs(next - best) <= 2 * DBL_EPSILON * fabs(next)) {
            *x = fm == 0 ? mid : next;
            return RP_OK;
        }
        best = next;
        const double a = fmin(mid, next), b = fmax(mid, next);
        const double fa = mid <= next ? fm : fn, fb = mid <= next ? fn : fm;
        if ((fl < 0) != (fa < 0)) {
            high = a;
            fh = fa;
        } else if ((fa < 0) != (fb < 0)) {
            low = a;
            fl = fa;
            high = b;
            fh = fb;
        } else {
            low = b;
            fl = fb;
        }
        if (high - low <= DBL_EPSILON * fmax(fabs(low), fabs(high))) {
            *x = next;
            return RP_OK;
        }
    }
    RP_FAIL(RP_ENUM, "no root between %g and %g after %d steps", low, high, STEPS);
}
