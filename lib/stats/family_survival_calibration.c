/* lib/stats/family_survival_calibration.c - rows of predicted survival at a horizon against what
 * came. */
#include "lib/stats/family_survival_priv.h"

#include "lib/base/order.h"
#include "lib/stats/km.h"
#include "lib/stats/ranks.h"
#include "lib/stats/sums.h"

#include <math.h>

enum { FIFTHS = 5 };

/* log(-log S) of the prediction as the one covariate: slope 1 is calibrated in spread. */
static rp_status add_slope(double horizon, const rp_lives *l, const double surv[], rp_rows *out)
{
    RP_AUTOFREE double *x = NULL;
    RP_AUTO(rp_cox) fit = NULL;
    rp_value slope, se;
    bool finite = true;
    RP_TRY(rp_alloc_raw(l->n, sizeof *x, &x));
    for (int64_t i = 0; i < l->n; i++) {
        finite &= surv[i] > 0 && surv[i] < 1;
        x[i] = log(-log(surv[i]));
    }
    slope = se = rp_value_undefined("a predicted survival of 0 or 1");
    if (finite) {
        const double *const columns[] = {x};
        const rp_cox_data d = {l->n, l->time, l->event, 1, columns, NULL};
        const rp_status st = rp_cox_fit(&d, RP_COX_EFRON, &fit);
        if (st != RP_ENUM && st != RP_EDATA) RP_TRY(st);
        slope = st == RP_OK ? rp_value_of(rp_cox_get(fit).coefficient[0])
                            : rp_value_undefined("no finite slope");
        se = st == RP_OK ? rp_value_of(rp_cox_get(fit).se[0]) : slope;
    }
    rp_rows_add(out, slope, "calibration_slope_t%g", horizon);
    rp_rows_add(out, se, "calibration_slope_se_t%g", horizon);
    return RP_OK;
}

static rp_value one_minus(rp_value v) { return v.state == RP_VALUE_OK ? rp_value_of(1 - v.x) : v; }

/* Observed risk of those lives, by the product limit with a log-log interval. */
static rp_status observe(const rp_lives *l, double horizon, rp_value *risk, rp_interval *ci)
{
    RP_AUTO(rp_km) km = NULL;
    RP_TRY(rp_km_new(l, RP_KM_EVENTS, &km));
    const rp_km_point p = rp_km_read(km, horizon);
    *risk = one_minus(p.surv);
    *ci = (rp_interval){one_minus(p.loglog.high), one_minus(p.loglog.low)};
    return RP_OK;
}

static rp_value over(rp_value v, double by)
{
    return v.state == RP_VALUE_OK ? rp_value_ratio(v.x, by, "no predicted risk") : v;
}

static rp_status add_all(double horizon, const rp_lives *l, const double risk[], rp_rows *out)
{
    rp_value seen;
    rp_interval ci;
    const double mean = rp_mean(l->n, risk);
    RP_TRY(observe(l, horizon, &seen, &ci));
    rp_rows_put(out, mean, "calibration_predicted_t%g", horizon);
    rp_rows_add(out, seen, "calibration_observed_t%g", horizon);
    rp_rows_add(out, over(seen, mean), "calibration_oe_t%g", horizon);
    rp_rows_add(out, over(ci.low, mean), "calibration_oe_lo_t%g", horizon);
    rp_rows_add(out, over(ci.high, mean), "calibration_oe_hi_t%g", horizon);
    return RP_OK;
}

/* Lives with low < risk <= high (the lowest group: from low on). */
static rp_status add_group(double horizon, const rp_lives *l, const double risk[], double low,
                           double high, int group, double scratch[], rp_rows *out)
{
    RP_AUTO(rp_lives) own = NULL;
    double *time = scratch, *event = scratch + l->n, *p = scratch + 2 * l->n;
    rp_value seen;
    rp_interval ci;
    int64_t n = 0;
    for (int64_t i = 0; i < l->n; i++) {
        if (risk[i] > high || risk[i] < low || (group > 1 && risk[i] == low)) continue;
        time[n] = l->time[i];
        event[n] = l->event[i];
        p[n++] = risk[i];
    }
    rp_rows_put(out, (double)n, "calibration_group%d_n", group);
    if (n == 0) return RP_OK;
    RP_TRY(rp_lives_new(n, time, event, &own));
    RP_TRY(observe(own, horizon, &seen, &ci));
    rp_rows_put(out, rp_mean(n, p), "calibration_group%d_predicted_t%g", group, horizon);
    rp_rows_add(out, seen, "calibration_group%d_observed_t%g", group, horizon);
    rp_rows_add(out, ci.low, "calibration_group%d_observed_lo_t%g", group, horizon);
    rp_rows_add(out, ci.high, "calibration_group%d_observed_hi_t%g", group, horizon);
    return RP_OK;
}

rp_status rp_family_survival_calibration(double horizon, const rp_lives *l, const double surv[],
                                         rp_rows *out)
{
    RP_AUTOFREE double *numbers = NULL;
    RP_TRY(rp_alloc(5 * l->n, sizeof *numbers, &numbers));
    double *risk = numbers + 3 * l->n, *sorted = numbers + 4 * l->n;
    for (int64_t i = 0; i < l->n; i++) risk[i] = 1 - surv[i];
    RP_TRY(add_all(horizon, l, risk, out));
    RP_TRY(add_slope(horizon, l, surv, out));
    RP_TRY(rp_rank_sort(l->n, risk, sorted));
    double low = sorted[0];
    int group = 0;
    for (int k = 1; k <= FIFTHS; k++) {
        const double high = rp_quantile_sorted(l->n, sorted, (double)k / FIFTHS);
        if (high == low && (k < FIFTHS || group > 0)) continue; /* equal quantiles: one group */
        RP_TRY(add_group(horizon, l, risk, low, high, ++group, numbers, out));
        low = high;
    }
    return RP_OK;
}
