/* lib/radiomics/statistics.c - intensity statistics, intensity histogram, intensity-volume
 * histogram. */
#include "lib/radiomics/families.h"
#include "lib/radiomics/order.h"

#include <math.h>
#include <string.h>

/* What statistics and histogram have in common. */
typedef struct moments {
    double mean, var, skew, kurt, median, min, p10, p90, max, iqr, range, mad, rmad, medad, cov,
        qcod, energy;
} moments;

/* Mean absolute deviation from the mean of x[from, to). */
static double mean_deviation(int64_t n, const double x[])
{
    double sum = 0, dev = 0;
    for (int64_t i = 0; i < n; i++) sum += x[i];
    const double mean = sum / (double)n;
    for (int64_t i = 0; i < n; i++) dev += fabs(x[i] - mean);
    return dev / (double)n;
}

/* x ascending, n >= 1. */
static moments moments_of(int64_t n, const double x[])
{
    moments m = {0};
    const double count = (double)n;
    double sum = 0, s2 = 0, s3 = 0, s4 = 0, dev = 0;
    for (int64_t i = 0; i < n; i++) {
        sum += x[i];
        m.energy += x[i] * x[i];
    }
    m.mean = sum / count;
    m.median = rp_order_percentile(n, x, 0.5);
    for (int64_t i = 0; i < n; i++) {
        const double d = x[i] - m.mean, d2 = d * d;
        s2 += d2;
        s3 += d2 * d;
        s4 += d2 * d2;
        dev += fabs(x[i] - m.median);
    }
    m.var = s2 / count;
    const bool is_constant = x[0] == x[n - 1];
    m.skew = is_constant ? 0 : s3 / count / (m.var * sqrt(m.var));
    m.kurt = is_constant ? 0 : s4 / count / (m.var * m.var) - 3;
    m.medad = dev / count;
    m.mad = mean_deviation(n, x);
    m.min = x[0];
    m.max = x[n - 1];
    m.range = m.max - m.min;
    m.p10 = rp_order_percentile(n, x, 0.1);
    m.p90 = rp_order_percentile(n, x, 0.9);
    const double p25 = rp_order_percentile(n, x, 0.25), p75 = rp_order_percentile(n, x, 0.75);
    m.iqr = p75 - p25;
    m.qcod = (p75 - p25) / (p75 + p25);
    m.cov = sqrt(m.var) / m.mean;
    int64_t from = 0, to = n;
    while (x[from] < m.p10) from++;
    while (x[to - 1] > m.p90) to--;
    /* Between two neighbours no value may lie in [p10, p90]: then there is nothing to deviate. */
    m.rmad = to > from ? mean_deviation(to - from, x + from) : NAN;
    return m;
}

static rp_status sorted_copy(int64_t n, const double x[], double **out)
{
    RP_AUTOFREE double *copy = NULL;
    RP_TRY(rp_alloc_raw(n, sizeof *copy, &copy));
    memcpy(copy, x, (size_t)n * sizeof *copy);
    RP_TRY(rp_sort_doubles(n, copy));
    *out = RP_TAKE(copy);
    return RP_OK;
}

rp_status rp_statistics(const rp_roi *roi, rp_values *out)
{
    if (roi->count == 0)
        return rp_values_add_missing(out, RP_STATISTICS, RP_DHQ4, RP_MISSING_EMPTY);
    RP_AUTOFREE double *x = NULL;
    RP_TRY(sorted_copy(roi->count, roi->value, &x));
    const moments m = moments_of(roi->count, x);
    const double values[] = {
        m.mean, m.var,   m.skew, m.kurt, m.median, m.min,
        m.p10,  m.p90,   m.max,  m.iqr,  m.range,  m.mad,
        m.rmad, m.medad, m.cov,  m.qcod, m.energy, sqrt(m.energy / (double)roi->count)};
    return rp_values_add_family(out, RP_STATISTICS, RP_DHQ4, values);
}

/* Histogram of levels 1..ng: its mode, entropy, uniformity and steepest places. */
typedef struct shape {
    double mode, entropy, uniformity, max_grad, max_grad_g, min_grad, min_grad_g;
} shape;

static shape shape_of(int ng, const double h[], double count, double mean)
{
    shape s = {.max_grad = -INFINITY, .min_grad = INFINITY};
    double top = 0;
    for (int i = 0; i < ng; i++) {
        const double p = h[i] / count, g = i + 1;
        if (p > 0) s.entropy -= p * log2(p);
        s.uniformity += p * p;
        /* Of equal peaks the one nearest to the mean, then the lower one. */
        if (h[i] > top || (h[i] == top && fabs(g - mean) < fabs(s.mode - mean))) {
            top = h[i];
            s.mode = g;
        }
        const int before = i > 0 ? i - 1 : i, after = i + 1 < ng ? i + 1 : i;
        const double slope = after > before ? (h[after] - h[before]) / (after - before) : 0;
        if (slope > s.max_grad) {
            s.max_grad = slope;
            s.max_grad_g = g;
        }
        if (slope < s.min_grad) {
            s.min_grad = slope;
            s.min_grad_g = g;
        }
    }
    return s;
}

rp_status rp_histogram(const rp_roi *roi, rp_values *out)
{
    if (roi->count == 0) return rp_values_add_missing(out, RP_HISTOGRAM, RP_DHQ4, RP_MISSING_EMPTY);
    if (roi->levels == 0)
        return rp_values_add_missing(out, RP_HISTOGRAM, RP_DHQ4, RP_MISSING_NO_LEVELS);
    RP_AUTOFREE double *h = NULL, *x = NULL;
    RP_TRY(rp_alloc(roi->levels, sizeof *h, &h));
    RP_TRY(rp_alloc_raw(roi->count, sizeof *x, &x));
    for (int64_t i = 0; i < roi->count; i++) h[roi->level[i] - 1]++;
    int64_t k = 0;
    for (int g = 0; g < roi->levels; g++)
        for (int64_t i = 0; i < (int64_t)h[g]; i++) x[k++] = g + 1;
    const moments m = moments_of(roi->count, x);
    const shape s = shape_of(roi->levels, h, (double)roi->count, m.mean);
    const double values[] = {
        m.mean, m.var,     m.skew,       m.kurt,     m.median,     m.min,      m.p10,       m.p90,
        m.max,  s.mode,    m.iqr,        m.range,    m.mad,        m.rmad,     m.medad,     m.cov,
        m.qcod, s.entropy, s.uniformity, s.max_grad, s.max_grad_g, s.min_grad, s.min_grad_g};
    return rp_values_add_family(out, RP_HISTOGRAM, RP_DHQ4, values);
}

/* x ascending: share of the volume with at least intensity i. */
static double volume_at(int64_t n, const double x[], double i)
{
    int64_t low = 0, high = n;
    while (low < high) {
        const int64_t mid = (low + high) / 2;
        if (x[mid] < i)
            low = mid + 1;
        else
            high = mid;
    }
    return 1 - (double)low / (double)n;
}

/* Smallest intensity of the axis with at most share of the volume at or above it. */
static double intensity_at(const rp_roi *roi, const double x[], double share)
{
    int64_t low = 0, high = (int64_t)rint((roi->ivh_high - roi->ivh_low) / roi->ivh_step) + 1;
    while (low < high) {
        const int64_t mid = (low + high) / 2;
        if (volume_at(roi->count, x, roi->ivh_low + (double)mid * roi->ivh_step) > share + 1e-12)
            low = mid + 1;
        else
            high = mid;
    }
    return roi->ivh_low + (double)low * roi->ivh_step;
}

/* Share of the volume at the lowest step of the axis that reaches fraction of its range. */
static double volume_at_fraction(const rp_roi *roi, const double x[], double fraction)
{
    const double steps = rint((roi->ivh_high - roi->ivh_low) / roi->ivh_step),
                 k = ceil(fraction * steps - 1e-9);
    return volume_at(roi->count, x, roi->ivh_low + k * roi->ivh_step);
}

/* Area under volume against intensity fraction, by trapezia; a tooth of the volume is a step. */
static double area_under(const rp_roi *roi, const double x[])
{
    const int64_t steps = (int64_t)rint((roi->ivh_high - roi->ivh_low) / roi->ivh_step);
    double sum = 0, before = volume_at(roi->count, x, roi->ivh_low);
    for (int64_t k = 1; k <= steps; k++) {
        const double now = volume_at(roi->count, x, roi->ivh_low + (double)k * roi->ivh_step);
        sum += (before + now) / 2;
        before = now;
    }
    return steps ? sum / (double)steps : NAN;
}

rp_status rp_ivh(const rp_roi *roi, rp_values *out)
{
    if (roi->count == 0) return rp_values_add_missing(out, RP_IVH, RP_DHQ4, RP_MISSING_EMPTY);
    /* An axis of more steps than this is a unit gone wrong, not a histogram. */
    if ((roi->ivh_high - roi->ivh_low) / roi->ivh_step > 1e7)
        return rp_values_add_missing(out, RP_IVH, RP_DHQ4, RP_MISSING_TOO_LARGE);
    RP_AUTOFREE double *x = NULL;
    RP_TRY(sorted_copy(roi->count, roi->ivh, &x));
    const double v10 = volume_at_fraction(roi, x, 0.1), v90 = volume_at_fraction(roi, x, 0.9);
    const double i10 = intensity_at(roi, x, 0.1), i90 = intensity_at(roi, x, 0.9);
    const double values[] = {v10, v90, i10, i90, v10 - v90, i10 - i90, area_under(roi, x)};
    return rp_values_add_family(out, RP_IVH, RP_DHQ4, values);
}
