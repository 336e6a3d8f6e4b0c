/* lib/stats/sequential.c - group-sequential bounds by recursive integration.
 *
 * On the scale B_k = z_k sqrt(t_k), with t the share of the information, increments are normal with
 * variance t_k - t_(k-1).  f_k is the density of B_k over paths that no look has stopped; the
 * chance to stop at look k + 1 is the integral of f_k times the tails beyond the bound. */
#include "lib/stats/sample_size.h"

#include "lib/stats/root.h"
#include "lib/stats/special.h"

#include <math.h>
#include <string.h>

enum { POINTS = 1201 }; /* odd, for Simpson's rule */

typedef struct density {
    double t;     /* share of the information; 0: all paths at 0 */
    double bound; /* |B| <= bound */
    double at[POINTS], f[POINTS];
} density;

static double simpson_weight(int i)
{
    return i == 0 || i == POINTS - 1 ? 1.0 / 3 : i % 2 ? 4.0 / 3 : 2.0 / 3;
}

/* Chance to go beyond |B| = bound at the next look, at share t. */
static double stops(const density *d, double t, double bound)
{
    const double sd = sqrt(t - d->t);
    if (d->t == 0) return rp_normal_two_sided(bound / sd);
    const double step = 2 * d->bound / (POINTS - 1);
    double s = 0;
    for (int i = 0; i < POINTS; i++)
        s += simpson_weight(i) * d->f[i] *
             (rp_normal_upper((bound - d->at[i]) / sd) + rp_normal_lower((-bound - d->at[i]) / sd));
    return s * step;
}

static double normal_density(double x, double sd)
{
    return exp(-0.5 * (x / sd) * (x / sd)) / (sd * sqrt(2 * M_PI));
}

/* Density of the paths that stay within bound at the next look. */
static void advance(density *d, double t, double bound)
{
    double f[POINTS], at[POINTS];
    const double step = 2 * d->bound / (POINTS - 1), sd = sqrt(t - d->t);
    for (int j = 0; j < POINTS; j++) {
        at[j] = -bound + 2 * bound * j / (POINTS - 1);
        f[j] = d->t == 0 ? normal_density(at[j], sd) : 0;
        for (int i = 0; d->t > 0 && i < POINTS; i++)
            f[j] += step * simpson_weight(i) * d->f[i] * normal_density(at[j] - d->at[i], sd);
    }
    memcpy(d->f, f, sizeof f);
    memcpy(d->at, at, sizeof at);
    d->bound = bound;
    d->t = t;
}

/* z of a look under a constant c. */
static double shape(rp_sequential kind, double t, double c)
{
    return kind == RP_POCOCK ? c : c / sqrt(t);
}

typedef struct plan {
    rp_sequential kind;
    int looks;
    const double *t;
    double alpha;
} plan;

/* Alpha spent in all when the constant is c; spent [looks] or NULL: look by look. */
static double spend(const plan *q, double c, double spent[])
{
    density d = {0};
    double s = 0;
    for (int k = 0; k < q->looks; k++) {
        const double bound = shape(q->kind, q->t[k], c) * sqrt(q->t[k]);
        s += stops(&d, q->t[k], bound);
        if (spent) spent[k] = s;
        if (k + 1 < q->looks) advance(&d, q->t[k], bound);
    }
    return s;
}

static double excess_of_constant(double c, const void *context)
{
    const plan *q = context;
    return spend(q, c, NULL) - q->alpha;
}

typedef struct look {
    const density *d;
    double t, spend;
} look;

static double excess_of_bound(double bound, const void *context)
{
    const look *q = context;
    return stops(q->d, q->t, bound) - q->spend;
}

static rp_status lan_demets(const plan *p, double z[], double spent[])
{
    density d = {0};
    double before = 0;
    for (int k = 0; k < p->looks; k++) {
        const double t = p->t[k],
                     total = rp_normal_two_sided(-rp_normal_quantile(p->alpha / 2) / sqrt(t));
        const look q = {&d, t, total - before};
        double bound;
        RP_TRY(rp_root_find(excess_of_bound, &q, 0.01 * sqrt(t), 37 * sqrt(t), &bound));
        before = spent[k] = total;
        z[k] = bound / sqrt(t);
        if (k + 1 < p->looks) advance(&d, t, bound);
    }
    return RP_OK;
}

rp_status rp_sequential_bounds(rp_sequential kind, int looks, const double fraction[], double alpha,
                               double z[], double spent[])
{
    double t[RP_LOOKS_MAX], used[RP_LOOKS_MAX], c;
    RP_NEED(looks >= 1 && looks <= RP_LOOKS_MAX && alpha > 1e-6 && alpha < 0.5, RP_EARG,
            "%d looks at alpha %g", looks, alpha);
    for (int k = 0; k < looks; k++) {
        t[k] = fraction ? fraction[k] : (double)(k + 1) / looks;
        RP_NEED(t[k] <= 1 && t[k] - (k ? t[k - 1] : 0) >= 0.00999, RP_EARG,
                "look %d at share %g: shares rise by at least 0.01 to at most 1", k + 1, t[k]);
    }
    RP_NEED(kind == RP_LAN_DEMETS || t[looks - 1] == 1, RP_EARG,
            "the last look at share %g: bounds that spend no function of time end at 1",
            t[looks - 1]);
    const plan q = {kind, looks, t, alpha};
    if (kind == RP_LAN_DEMETS)
        RP_TRY(lan_demets(&q, z, used));
    else {
        RP_TRY(rp_root_find(excess_of_constant, &q, 0.5, 8, &c));
        (void)spend(&q, c, used);
        for (int k = 0; k < looks; k++) z[k] = shape(kind, t[k], c);
    }
    if (spent) memcpy(spent, used, (size_t)looks * sizeof *spent);
    return RP_OK;
}
