/* lib/stats/sample_size.c - planning formulas. */
#include "lib/stats/sample_size.h"

#include "lib/stats/special.h"

#include <math.h>

static rp_status check(double alpha, double power)
{
    RP_NEED(alpha > 0 && alpha < 1 && power > 0 && power < 1, RP_EARG, "alpha %g, power %g", alpha,
            power);
    return RP_OK;
}

static rp_status check_shares(double p1, double p0)
{
    RP_NEED(p1 > 0 && p1 < 1 && p0 > 0 && p0 < 1, RP_EARG, "shares %g and %g", p1, p0);
    return RP_OK;
}

static double upper_z(double tail) { return -rp_normal_quantile(tail); }

static double variance(double p1, double p0) { return p1 * (1 - p1) + p0 * (1 - p0); }

/* 2 p q at the mean share */
static double pooled(double p1, double p0)
{
    const double p = 0.5 * (p1 + p0);
    return 2 * p * (1 - p);
}

rp_status rp_size_two_proportions(double p1, double p0, double alpha, double power, double *per_arm)
{
    RP_TRY(check(alpha, power));
    RP_TRY(check_shares(p1, p0));
    RP_NEED(p1 != p0, RP_EARG, "equal shares %g", p1);
    const double s =
        upper_z(alpha / 2) * sqrt(pooled(p1, p0)) + upper_z(1 - power) * sqrt(variance(p1, p0));
    *per_arm = s * s / ((p1 - p0) * (p1 - p0));
    return RP_OK;
}

rp_status rp_power_two_proportions(double p1, double p0, double alpha, double per_arm,
                                   double *power)
{
    RP_TRY(check(alpha, 0.5));
    RP_TRY(check_shares(p1, p0));
    RP_NEED(per_arm >= 1, RP_EARG, "%g per arm", per_arm);
    const double d = fabs(p1 - p0) * sqrt(per_arm);
    *power =
        rp_normal_lower((d - upper_z(alpha / 2) * sqrt(pooled(p1, p0))) / sqrt(variance(p1, p0)));
    return RP_OK;
}

rp_status rp_size_noninferior(double p1, double p0, double margin, double alpha, double power,
                              double *per_arm)
{
    RP_TRY(check(alpha, power));
    RP_TRY(check_shares(p1, p0));
    RP_NEED(margin > p1 - p0, RP_EARG, "margin %g is not above the difference %g", margin, p1 - p0);
    const double z = upper_z(alpha) + upper_z(1 - power), d = margin - (p1 - p0);
    *per_arm = z * z * variance(p1, p0) / (d * d);
    return RP_OK;
}

rp_status rp_power_noninferior(double p1, double p0, double margin, double alpha, double per_arm,
                               double *power)
{
    RP_TRY(check(alpha, 0.5));
    RP_TRY(check_shares(p1, p0));
    RP_NEED(margin > p1 - p0 && per_arm >= 1, RP_EARG, "margin %g, difference %g, %g per arm",
            margin, p1 - p0, per_arm);
    const double d = margin - (p1 - p0);
    *power = rp_normal_lower(d * sqrt(per_arm / variance(p1, p0)) - upper_z(alpha));
    return RP_OK;
}

rp_status rp_size_paired(double psi, double d, double alpha, double power, double *pairs)
{
    RP_TRY(check(alpha, power));
    RP_NEED(psi > 0 && psi <= 1 && fabs(d) > 0 && fabs(d) <= psi, RP_EARG,
            "discordant %g, difference %g", psi, d);
    const double s = upper_z(alpha / 2) * sqrt(psi) + upper_z(1 - power) * sqrt(psi - d * d);
    *pairs = s * s / (d * d);
    return RP_OK;
}

rp_status rp_power_paired(double psi, double d, double alpha, double pairs, double *power)
{
    RP_TRY(check(alpha, 0.5));
    RP_NEED(psi > 0 && psi <= 1 && fabs(d) > 0 && fabs(d) <= psi && pairs >= 1, RP_EARG,
            "discordant %g, difference %g, %g pairs", psi, d, pairs);
    const double over = fabs(d) * sqrt(pairs) - upper_z(alpha / 2) * sqrt(psi), v = psi - d * d;
    *power = v > 0 ? rp_normal_lower(over / sqrt(v)) : over > 0;
    return RP_OK;
}

rp_status rp_size_events(double hr, double r, double alpha, double power, double *events)
{
    RP_TRY(check(alpha, power));
    RP_NEED(hr > 0 && hr != 1 && r > 0 && r < 1, RP_EARG, "hazard ratio %g, share %g", hr, r);
    const double z = upper_z(alpha / 2) + upper_z(1 - power), l = log(hr);
    *events = z * z / (r * (1 - r) * l * l);
    return RP_OK;
}

rp_status rp_power_events(double hr, double r, double alpha, double events, double *power)
{
    RP_TRY(check(alpha, 0.5));
    RP_NEED(hr > 0 && hr != 1 && r > 0 && r < 1 && events >= 1, RP_EARG,
            "hazard ratio %g, share %g, %g events", hr, r, events);
    *power = rp_normal_lower(sqrt(events * r * (1 - r)) * fabs(log(hr)) - upper_z(alpha / 2));
    return RP_OK;
}

rp_status rp_size_precision(double p, double half_width, double level, double *n)
{
    RP_NEED(p > 0 && p < 1 && half_width > 0 && level > 0 && level < 1, RP_EARG,
            "share %g to +- %g at level %g", p, half_width, level);
    const double z = upper_z(0.5 - 0.5 * level);
    *n = z * z * p * (1 - p) / (half_width * half_width);
    return RP_OK;
}

rp_status rp_auc_planned_se(double auc, double m, double n, double *se)
{
    RP_NEED(auc > 0 && auc < 1 && m >= 1 && n >= 1, RP_EARG, "area %g of %g and %g cases", auc, m,
            n);
    const double q1 = auc / (2 - auc), q2 = 2 * auc * auc / (1 + auc), a2 = auc * auc;
    *se = sqrt((auc * (1 - auc) + (m - 1) * (q1 - a2) + (n - 1) * (q2 - a2)) / (m * n));
    return RP_OK;
}

rp_status rp_size_cluster_factor(double m, double icc, double *factor)
{
    RP_NEED(m >= 1 && icc >= 0 && icc <= 1, RP_EARG, "clusters of %g, correlation %g", m, icc);
    *factor = 1 + (m - 1) * icc;
    return RP_OK;
}
