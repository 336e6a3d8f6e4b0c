/* lib/stats/cox_exact.c - the discrete conditional likelihood of tied events.
 *
 * With d events in a risk set the denominator is the elementary symmetric polynomial of degree d of
 * its weights; it grows by one subject at a time, e_k += w e_(k-1), and its derivatives with it.
 * Long double holds the numbers of subsets that overflow a double.
 * Source: M. H. Gail et al., Biometrika 68 (1981) 703. */
#include "lib/stats/cox_priv.h"

#include <inttypes.h>
#include <math.h>

/* Row k of e: value, p first derivatives, p (p + 1) / 2 second ones (lower triangle). */
static void grow(int p, int width, int64_t degree, double weight, const double x[], long double e[])
{
    for (int64_t k = degree; k >= 1; k--) {
        const long double *from = e + (k - 1) * width;
        long double *to = e + k * width;
        int at = 1 + p;
        to[0] += weight * from[0];
        for (int i = 0; i < p; i++) {
            to[1 + i] += weight * (from[1 + i] + x[i] * from[0]);
            for (int j = 0; j <= i; j++, at++)
                to[at] += weight * (from[at] + x[i] * from[1 + j] + x[j] * from[1 + i] +
                                    x[i] * x[j] * from[0]);
        }
    }
}

rp_status rp_cox_block_exact(const rp_cox *f, int64_t block, const double b[], double *loglik,
                             double gradient[], double information[])
{
    const int p = f->data.p, width = 1 + p + p * (p + 1) / 2;
    rp_cox_sums events;
    int64_t d;
    rp_cox_block_events(f, block, b, &events, &d);
    const int64_t degree = d;
    RP_AUTOFREE long double *e = NULL;
    RP_TRY(rp_alloc((degree + 1) * width, sizeof *e, &e));
    e[0] = 1;
    for (int64_t i = f->start[block]; i < f->stratum_end[block]; i++)
        grow(p, width, degree, rp_cox_weight(f, i, b), f->x + i * p, e);
    for (int64_t i = f->start[block]; i < f->start[block + 1]; i++)
        if (f->event[i] == 1)
            for (int k = 0; k < p; k++) {
                *loglik += b[k] * f->x[i * p + k];
                gradient[k] += f->x[i * p + k];
            }
    const long double *top = e + degree * width;
    RP_NEED(isfinite(top[0]) && top[0] > 0, RP_ENUM,
            "exact Cox likelihood: %" PRId64 " events at one time are too many", d);
    *loglik -= (double)logl(top[0]);
    for (int i = 0, at = 1 + p; i < p; i++) {
        gradient[i] -= (double)(top[1 + i] / top[0]);
        for (int j = 0; j <= i; j++, at++)
            information[i * p + j] +=
                (double)(top[at] / top[0] - top[1 + i] / top[0] * (top[1 + j] / top[0]));
    }
    return RP_OK;
}
