/* lib/stats/sequential.c - group-sequential bounds by recursive integration.
 *
 * On the score scale S_k = z_k sqrt(k), increments are standard normal.  f_k is the density of S_k over
 * paths that no look has stopped; the chance to stop at look k + 1 is the integral of f_k times the tails
 * beyond the bound. */
#include "lib/stats/sample_size.h"

#include "lib/stats/root.h"
#include "lib/stats/special.h"

#include <math.h>
#include <string.h>

enum { POINTS = 1201 }; /* odd, for Simpson's rule */

typedef struct density {
    int look;     /* of which it is the density; 0: all paths at 0 */
    double bound; /* |S| <= bound */
    double at[POINTS], f[POINTS];
} density;

static double simpson_weight(int i)
{
    return i == 0 || i == POINTS - 1 ? 1.0 / 3 : i % 2 ? 4.0 / 3 : 2.0 / 3;
}

/* Chance to go beyond |S| = bound at the next look. */
static double stops(const density *d, double bound)
{
    if (d->look == 0) return rp_normal_two_sided(bound);
    const double step = 2 * d->bound / (POINTS - 1);
    double s = 0;
    for (int i = 0; i < POINTS; i++)
        s += simpson_weight(i) * d->f[i] *
             (rp_normal_upper(bound - d->at[i]) + rp_normal_lower(-bound - d->at[i]));
    return s * step;
}

static double normal_density(double x) { return exp(-0.5 * x * x) / sqrt(2 * M_PI); }

/* Density of the paths that stay within bound at the next look. */
static void advance(density *d, double bound)
{
    double f[POINTS], at[POINTS];
    const double step = 2 * d->bound / (POINTS - 1);
    for (int j = 0; j < POINTS; j++) {
        at[j] = -bound + 2 * bound * j / (POINTS - 1);
        f[j] = d->look == 0 ? normal_density(at[j]) : 0;
        for (int i = 0; d->look > 0 && i < POINTS; i++)
            f[j] += step * simpson_weight(i) * d->f[i] * normal_density(at[j] - d->at[i]);
    }
    memcpy(d->f, f, sizeof f);
    memcpy(d->at, at, sizeof at);
    d->bound = bound;
    d->look++;
}

/* z of a look under a constant c. */
static double shape(rp_sequential kind, int look, int looks, double c)
{
    return kind == RP_POCOCK ? c : c * sqrt((double)looks / look);
}

typedef struct constant {
    rp_sequential kind;
    int looks;
    double alpha;
} constant;

static double excess_of_constant(double c, const void *context)
{
    const constant *q = context;
    density d = {0};
    double spent = 0;
    for (int k = 1; k <= q->looks; k++) {
        const double bound = shape(q->kind, k, q->looks, c) * sqrt(k);
        spent += stops(&d, bound);
        if (k < q->looks) advance(&d, bound);
    }
    return spent - q->alpha;
}

typedef struct look {
    const density *d;
    double spend;
} look;

static double excess_of_bound(double bound, const void *context)
{
    const look *q = context;
    return stops(q->d, bound) - q->spend;
}

static rp_status lan_demets(int looks, double alpha, double z[])
{
    density d = {0};
    double spent = 0;
    for (int k = 1; k <= looks; k++) {
        const double t = (double)k / looks,
                     total = rp_normal_two_sided(-rp_normal_quantile(alpha / 2) / sqrt(t));
        const look q = {&d, total - spent};
        double bound;
        RP_TRY(rp_root_find(excess_of_bound, &q, 0.01, 37 * sqrt(k), &bound));
        spent = total;
        z[k - 1] = bound / sqrt(k);
        if (k < looks) advance(&d, bound);
    }
    return RP_OK;
}

rp_status rp_sequential_bounds(rp_sequential kind, int looks, double alpha, double z[])
{
    RP_NEED(looks >= 1 && looks <= RP_LOOKS_MAX && alpha > 1e-6 && alpha < 0.5, RP_EARG,
            "%d looks at alpha %g", looks, alpha);
    if (kind == RP_LAN_DEMETS) return lan_demets(looks, alpha, z);
    const constant q = {kind, looks, alpha};
    double c;
    RP_TRY(rp_root_find(excess_of_constant, &q, 0.5, 8, &c));
    for (int k = 1; k <= looks; k++) z[k - 1] = shape(kind, k, looks, c);
    return RP_OK;
}
