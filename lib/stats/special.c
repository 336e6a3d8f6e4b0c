/* lib/stats/special.c - normal, gamma, beta and what rests on them. */
#include "lib/stats/special.h"

#include "lib/stats/root.h"

#include <float.h>
#include <math.h>

enum { TERMS = 100000 };
static const double tiny = 1e-300;

double rp_normal_lower(double x) { return 0.5 * erfc(-x * M_SQRT1_2); }

double rp_normal_upper(double x) { return 0.5 * erfc(x * M_SQRT1_2); }

double rp_normal_two_sided(double x) { return erfc(fabs(x) * M_SQRT1_2); }

double rp_normal_quantile(double p)
{
    if (!(p > 0 && p < 1)) return NAN;
    const double tail = p < 0.5 ? p : 1 - p;
    /* Start within 5e-4 (Abramowitz and Stegun 26.2.23), then Halley's steps on the upper tail. */
    const double t = sqrt(-2 * log(tail));
    double x = t - (2.515517 + t * (0.802853 + t * 0.010328)) /
                       (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
    for (int i = 0; i < 20; i++) {
        const double density = exp(-0.5 * x * x) / sqrt(2 * M_PI);
        const double newton = (rp_normal_upper(x) - tail) / density;
        const double step = newton / (1 - 0.5 * x * newton);
        x += step;
        if (fabs(step) <= 1e-16 * fabs(x)) break;
    }
    return p < 0.5 ? -x : x;
}

/* log Gamma(n + 1) minus Stirling's (n + 1/2) log n - n + log sqrt(2 pi): its error term. */
static double stirling_error(double n)
{
    if (n < 16) {
        int sign;
        return lgamma_r(n + 1, &sign) - ((n + 0.5) * log(n) - n + 0.5 * log(2 * M_PI));
    }
    const double s = 1 / (n * n);
    return (1.0 / 12 - s * (1.0 / 360 - s * (1.0 / 1260 - s * (1.0 / 1680 - s / 1188)))) / n;
}

/* x log(x / m) + m - x without cancellation near x = m. */
static double deviance(double x, double m)
{
    if (fabs(x - m) >= 0.1 * (x + m)) return x * log(x / m) + m - x;
    const double v = (x - m) / (x + m), v2 = v * v;
    double s = (x - m) * v, term = 2 * x * v;
    for (int j = 1; j < 1000; j++) {
        term *= v2;
        const double next = s + term / (2 * j + 1);
        if (next == s) break;
        s = next;
    }
    return s;
}

/* x^k e^-x / Gamma(k + 1), k >= 0 real */
static double poisson_mass(double k, double x)
{
    if (x == 0) return k == 0;
    if (k == 0) return exp(-x);
    return exp(-stirling_error(k) - deviance(k, x)) / sqrt(2 * M_PI * k);
}

double rp_binomial_mass(double k, double n, double p, double q)
{
    if (k < 0 || k > n) return 0;
    if (p == 0) return k == 0;
    if (q == 0) return k == n;
    if (n == 0) return 1;
    if (k == 0) return exp(p < 0.1 ? n * log1p(-p) : n * log(q));
    if (k == n) return exp(q < 0.1 ? n * log1p(-q) : n * log(p));
    const double c = stirling_error(n) - stirling_error(k) - stirling_error(n - k) -
                     deviance(k, n * p) - deviance(n - k, n * q);
    return exp(c) * sqrt(n / (2 * M_PI * k * (n - k)));
}

double rp_hypergeometric_mass(double k, double marked, double plain, double draws)
{
    const double n = marked + plain;
    if (k < 0 || k > marked || draws - k < 0 || draws - k > plain) return 0;
    if (draws == 0 || draws == n) return 1;
    const double p = draws / n, q = (n - draws) / n;
    return rp_binomial_mass(k, marked, p, q) * rp_binomial_mass(draws - k, plain, p, q) /
           rp_binomial_mass(draws, n, p, q);
}

void rp_gamma_tails(double a, double x, double *lower, double *upper)
{
    if (!(a > 0 && x >= 0)) {
        *lower = *upper = NAN;
        return;
    }
    if (x == 0 || isinf(x)) {
        *lower = x > 0;
        *upper = x == 0;
        return;
    }
    const double front = poisson_mass(a, x); /* x^a e^-x / Gamma(a + 1) */
    if (x < a + 1) {
        double term = 1, s = 1;
        for (int i = 1; i < TERMS && term > s * DBL_EPSILON / 4; i++) s += term *= x / (a + i);
        *lower = fmin(front * s, 1);
        *upper = 1 - *lower;
        return;
    }
    /* Legendre's continued fraction, by Lentz. */
    double b = x + 1 - a, c = 1 / tiny, d = 1 / b, h = d;
    for (int i = 1; i < TERMS; i++) {
        const double an = -i * (i - a);
        b += 2;
        d = an * d + b;
        c = b + an / c;
        d = 1 / (fabs(d) < tiny ? tiny : d);
        c = fabs(c) < tiny ? tiny : c;
        h *= d * c;
        if (fabs(d * c - 1) < DBL_EPSILON) break;
    }
    *upper = fmin(front * a * h, 1);
    *lower = 1 - *upper;
}

/* Continued fraction of the incomplete beta function (Lentz). */
static double beta_fraction(double x, double a, double b)
{
    double c = 1, d = 1 - (a + b) * x / (a + 1);
    d = 1 / (fabs(d) < tiny ? tiny : d);
    double h = d;
    for (int m = 1; m < TERMS; m++) {
        const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        d = 1 + even * d;
        c = 1 + even / c;
        d = 1 / (fabs(d) < tiny ? tiny : d);
        c = fabs(c) < tiny ? tiny : c;
        h *= d * c;
        const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 + odd * d;
        c = 1 + odd / c;
        d = 1 / (fabs(d) < tiny ? tiny : d);
        c = fabs(c) < tiny ? tiny : c;
        h *= d * c;
        if (fabs(d * c - 1) < DBL_EPSILON) break;
    }
    return h;
}

void rp_beta_tails(double x, double y, double a, double b, double *lower, double *upper)
{
    if (!(a > 0 && b > 0 && x >= 0 && y >= 0)) {
        *lower = *upper = NAN;
        return;
    }
    if (x == 0 || y == 0) {
        *lower = y == 0;
        *upper = x == 0;
        return;
    }
    /* x^a y^b / B(a, b) = a b / (a + b) times the binomial mass of a successes in a + b. */
    const double front = a * b / (a + b) * rp_binomial_mass(a, a + b, x, y);
    if (x * (a + b + 2) < a + 1) {
        *lower = fmin(front * beta_fraction(x, a, b) / a, 1);
        *upper = 1 - *lower;
    } else {
        *upper = fmin(front * beta_fraction(y, b, a) / b, 1);
        *lower = 1 - *upper;
    }
}

double rp_chi2_upper(double x, double df)
{
    double lower, upper;
    rp_gamma_tails(0.5 * df, 0.5 * fmax(x, 0), &lower, &upper);
    return isnan(x) ? NAN : upper;
}

double rp_t_two_sided(double t, double df)
{
    double lower, upper;
    if (isinf(t)) return 0;
    rp_beta_tails(df / (df + t * t), t * t / (df + t * t), 0.5 * df, 0.5, &lower, &upper);
    return lower;
}

double rp_f_upper(double f, double df1, double df2)
{
    double lower, upper;
    if (isinf(f)) return 0;
    if (f <= 0) return 1;
    const double s = df2 + df1 * f;
    rp_beta_tails(df2 / s, df1 * f / s, 0.5 * df2, 0.5 * df1, &lower, &upper);
    return lower;
}

/* What the quantiles solve: log of a tail as a function of log x (or logit x) minus that wanted. */
typedef struct wanted {
    double p, a, b;
} wanted;

static double beta_excess(double u, const void *context)
{
    const wanted *w = context;
    double lower, upper;
    rp_beta_tails(1 / (1 + exp(-u)), 1 / (1 + exp(u)), w->a, w->b, &lower, &upper);
    return w->p < 0.5 ? log(fmax(lower, tiny)) - log(w->p) : log1p(-w->p) - log(fmax(upper, tiny));
}

static double t_excess(double u, const void *context)
{
    const wanted *w = context;
    return log(fmax(rp_t_two_sided(exp(u), w->a), tiny)) - log(w->p);
}

static double f_excess(double u, const void *context)
{
    const wanted *w = context;
    return log(fmax(rp_f_upper(exp(u), w->a, w->b), tiny)) - log(w->p);
}

static double chi2_excess(double u, const void *context)
{
    const wanted *w = context;
    return log(fmax(rp_chi2_upper(exp(u), w->a), tiny)) - log(w->p);
}

/* Widens from u = 0 until f changes sign, so that far ends cost nothing. */
static rp_status solve(rp_root_fn *f, const wanted *w, double *u)
{
    RP_NEED(w->p > 0 && w->p < 1 && w->a > 0 && w->b > 0, RP_EARG, "quantile at %g of (%g, %g)",
            w->p, w->a, w->b);
    double low = -1, high = 1;
    const double sign = f(0, w);
    while (low > -700 && f(low, w) * sign > 0 && f(high, w) * sign > 0) {
        low *= 2;
        high *= 2;
    }
    return rp_root_find(f, w, low, high, u);
}

rp_status rp_beta_quantile(double p, double a, double b, double *x)
{
    double u;
    RP_TRY(solve(beta_excess, &(wanted){p, a, b}, &u));
    *x = 1 / (1 + exp(-u));
    return RP_OK;
}

rp_status rp_t_two_sided_quantile(double p, double df, double *t)
{
    double u;
    RP_TRY(solve(t_excess, &(wanted){p, df, 1}, &u));
    *t = exp(u);
    return RP_OK;
}

rp_status rp_f_quantile_upper(double upper, double df1, double df2, double *f)
{
    double u;
    RP_TRY(solve(f_excess, &(wanted){upper, df1, df2}, &u));
    *f = exp(u);
    return RP_OK;
}

rp_status rp_chi2_quantile_upper(double upper, double df, double *x)
{
    double u;
    RP_TRY(solve(chi2_excess, &(wanted){upper, df, 1}, &u));
    *x = exp(u);
    return RP_OK;
}
