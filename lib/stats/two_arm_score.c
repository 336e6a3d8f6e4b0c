/* lib/stats/two_arm_score.c - score intervals and non-inferiority with constrained estimates. */
#include "lib/stats/two_arm_priv.h"

#include "lib/stats/root.h"
#include "lib/stats/special.h"

#include <math.h>

typedef struct problem {
    double x1, n1, x0, n0;
    double scale; /* of the variance: 1, or N/(N - 1) */
    double z;     /* what the score should equal */
} problem;

static problem problem_of(const rp_counts *c, bool corrected, double z)
{
    const double n = (double)c->n1 + (double)c->n0;
    return (problem){
        (double)c->x1, (double)c->n1, (double)c->x0, (double)c->n0, corrected ? n / (n - 1) : 1, z};
}

/* Everybody in both arms: at their own ratio there is nothing left to vary, and nothing to see. */
static double over_root(double top, double v)
{
    return v > 0 ? top / sqrt(v) : top > 0 ? HUGE_VAL : top < 0 ? -HUGE_VAL : 0;
}

/* Score of the ratio theta: p0 under p1 = theta p0 is the smaller root of
 * N theta p^2 - (n1 theta + x1 + n0 + x0 theta) p + (x1 + x0) = 0, taken without cancellation. */
static double ratio_score(const problem *q, double theta)
{
    const double a = (q->n1 + q->n0) * theta, b = q->n1 * theta + q->x1 + q->n0 + q->x0 * theta;
    const double s = q->x1 + q->x0, p0 = 2 * s / (b + sqrt(fmax(0, b * b - 4 * a * s))),
                 p1 = theta * p0;
    const double v = (p1 * (1 - p1) / q->n1 + theta * theta * p0 * (1 - p0) / q->n0) * q->scale;
    return over_root(q->x1 / q->n1 - theta * q->x0 / q->n0, v);
}

static double ratio_excess(double log_theta, const void *context)
{
    const problem *q = context;
    return ratio_score(q, exp(log_theta)) - q->z;
}

/* The score falls with theta; widen from the estimate until it passes z. */
static rp_status ratio_bound(const problem *q, double from, int direction, double *bound)
{
    double far = from + direction;
    while (fabs(far) < 700 && ratio_excess(far, q) * direction > 0) far += direction;
    double u;
    RP_TRY(rp_root_find(ratio_excess, q, fmin(from, far), fmax(from, far), &u));
    *bound = exp(u);
    return RP_OK;
}

rp_status rp_ratio_score(const rp_counts *c, bool corrected, double level, rp_interval *out)
{
    RP_TRY(rp_counts_check(c));
    if (c->x1 + c->x0 == 0) {
        out->low = out->high = rp_value_undefined("no outcome in either arm");
        return RP_OK;
    }
    const double z = rp_normal_quantile(0.5 + 0.5 * level);
    const problem up = problem_of(c, corrected, -z), down = problem_of(c, corrected, z);
    /* An arm without outcomes: start where the other would put it with half an outcome. */
    const double x1 = c->x1 > 0 ? (double)c->x1 : 0.5, x0 = c->x0 > 0 ? (double)c->x0 : 0.5;
    const double middle = log(x1 / (double)c->n1) - log(x0 / (double)c->n0);
    double low = 0, high = INFINITY;
    if (c->x1 > 0) RP_TRY(ratio_bound(&down, c->x0 > 0 ? middle : middle + 40, -1, &low));
    if (c->x0 > 0) RP_TRY(ratio_bound(&up, c->x1 > 0 ? middle : middle - 40, 1, &high));
    out->low = rp_value_of(low);
    out->high = rp_value_of(high);
    return RP_OK;
}

/* Slope of the log likelihood in p0 at p1 = p0 + d. */
typedef struct slope {
    const problem *q;
    double d;
} slope;

static double likelihood_slope(double p0, const void *context)
{
    const slope *s = context;
    const double p1 = p0 + s->d;
    const problem *q = s->q;
    double g = 0;
    if (q->x1 > 0) g += q->x1 / p1;
    if (q->x1 < q->n1) g -= (q->n1 - q->x1) / (1 - p1);
    if (q->x0 > 0) g += q->x0 / p0;
    if (q->x0 < q->n0) g -= (q->n0 - q->x0) / (1 - p0);
    return g;
}

static double difference_score(const problem *q, double d)
{
    const double low = fmax(0, -d), high = fmin(1, 1 - d), edge = 1e-13 * (high - low);
    const slope s = {q, d};
    double p0 = low + edge;
    if (likelihood_slope(high - edge, &s) >= 0)
        p0 = high - edge;
    else if (likelihood_slope(p0, &s) > 0 &&
             rp_root_find(likelihood_slope, &s, low + edge, high - edge, &p0) != RP_OK)
        return NAN;
    const double p1 = p0 + d;
    const double v = (p1 * (1 - p1) / q->n1 + p0 * (1 - p0) / q->n0) * q->scale;
    return over_root(q->x1 / q->n1 - q->x0 / q->n0 - d, v);
}

static double difference_excess(double d, const void *context)
{
    const problem *q = context;
    return difference_score(q, d) - q->z;
}

static rp_status difference_bound(const problem *q, double from, double end, double *bound)
{
    const double far = end * (1 - 1e-9); /* at the end itself the variance is 0 */
    if (fabs(from - end) < 1e-9 || difference_excess(far, q) * end > 0) {
        *bound = end;
        return RP_OK;
    }
    return rp_root_find(difference_excess, q, fmin(from, far), fmax(from, far), bound);
}

rp_status rp_difference_score(const rp_counts *c, double level, rp_interval *out)
{
    RP_TRY(rp_counts_check(c));
    const double z = rp_normal_quantile(0.5 + 0.5 * level);
    const problem up = problem_of(c, true, -z), down = problem_of(c, true, z);
    const double d = (double)c->x1 / (double)c->n1 - (double)c->x0 / (double)c->n0;
    double low, high;
    RP_TRY(difference_bound(&down, d, -1, &low));
    RP_TRY(difference_bound(&up, d, 1, &high));
    out->low = rp_value_of(low);
    out->high = rp_value_of(high);
    return RP_OK;
}

rp_status rp_ratio_noninferior(const rp_counts *c, double margin, double *z, double *p)
{
    RP_TRY(rp_counts_check(c));
    RP_NEED(margin > 0 && c->x1 + c->x0 > 0, RP_EARG,
            "ratio margin %g, or no outcome in either arm", margin);
    const problem q = problem_of(c, false, 0);
    *z = ratio_score(&q, margin);
    *p = rp_normal_lower(*z);
    return RP_OK;
}

rp_status rp_difference_noninferior(const rp_counts *c, double margin, double *z, double *p)
{
    RP_TRY(rp_counts_check(c));
    RP_NEED(margin > -1 && margin < 1, RP_EARG, "difference margin %g", margin);
    const problem q = problem_of(c, false, 0);
    *z = difference_score(&q, margin);
    RP_NEED(isfinite(*z), RP_ENUM, "no score of a difference of %g", margin);
    *p = rp_normal_lower(*z);
    return RP_OK;
}
