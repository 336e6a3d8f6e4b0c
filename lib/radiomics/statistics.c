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

/* Mean absolute deviation from their mean of the values from..to - 1. */
static double mean_deviation(const rp_distinct *x, int64_t from, int64_t to)
{
    const double n = (double)(x->below[to] - x->below[from]);
    double sum = 0, dev = 0;
    for (int64_t i = from; i < to; i++) sum += (double)x->count[i] * x->value[i];
    const double mean = sum / n;
    for (int64_t i = from; i < to; i++) dev += (double)x->count[i] * fabs(x->value[i] - mean);
    return dev / n;
}

/* At least one value. */
static moments moments_of(const rp_distinct *x)
{
    moments m = {0};
    const double count = (double)x->total;
    double sum = 0, s2 = 0, s3 = 0, s4 = 0, dev = 0;
    for (int64_t i = 0; i < x->n; i++) {
        const double c = (double)x->count[i], v = x->value[i];
        sum += c * v;
        m.energy += c * (v * v);
    }
    m.mean = sum / count;
    m.median = rp_distinct_percentile(x, 0.5);
    for (int64_t i = 0; i < x->n; i++) {
        const double c = (double)x->count[i], d = x->value[i] - m.mean, d2 = d * d;
        s2 += c * d2;
        s3 += c * (d2 * d);
        s4 += c * (d2 * d2);
        dev += c * fabs(x->value[i] - m.median);
    }
    m.var = s2 / count;
    const bool is_constant = x->n == 1;
    m.skew = is_constant ? 0 : s3 / count / (m.var * sqrt(m.var));
    m.kurt = is_constant ? 0 : s4 / count / (m.var * m.var) - 3;
    m.medad = dev / count;
    m.mad = mean_deviation(x, 0, x->n);
    m.min = x->value[0];
    m.max = x->value[x->n - 1];
    m.range = m.max - m.min;
    m.p10 = rp_distinct_percentile(x, 0.1);
    m.p90 = rp_distinct_percentile(x, 0.9);
    const double p25 = rp_distinct_percentile(x, 0.25), p75 = rp_distinct_percentile(x, 0.75);
    m.iqr = p75 - p25;
    m.qcod = (p75 - p25) / (p75 + p25);
    m.cov = sqrt(m.var) / m.mean;
    const int64_t from = rp_distinct_find(x, m.p10);
    int64_t to = rp_distinct_find(x, m.p90);
    if (to < x->n && x->value[to] == m.p90) to++;
    /* Between two neighbours no value may lie in [p10, p90]: then there is nothing to deviate. */
    m.rmad = to > from ? mean_deviation(x, from, to) : NAN;
    return m;
}

static rp_status statistics_of(const rp_distinct *x, rp_values *out)
{
    const moments m = moments_of(x);
    const double values[] = {
        m.mean, m.var,   m.skew, m.kurt, m.median, m.min,
        m.p10,  m.p90,   m.max,  m.iqr,  m.range,  m.mad,
        m.rmad, m.medad, m.cov,  m.qcod, m.energy, sqrt(m.energy / (double)x->total)};
    return rp_values_add_family(out, RP_STATISTICS, RP_DHQ4, values);
}

rp_status rp_statistics(const rp_roi *roi, rp_values *out)
{
    if (roi->count == 0)
        return rp_values_add_missing(out, RP_STATISTICS, RP_DHQ4, RP_MISSING_EMPTY);
    RP_AUTO(rp_distinct) x = NULL;
    RP_TRY(rp_distinct_new(roi->count, roi->value, &x));
    return statistics_of(x, out);
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

/* Counts of the levels, h[levels], and the levels that occur. */
static rp_status levels_of(const rp_roi *roi, double h[], rp_distinct **out)
{
    enum { TABLES = 4 }; /* so that equal neighbours do not wait for each other */
    RP_AUTOFREE int64_t *count = NULL;
    RP_AUTOFREE double *occur = NULL;
    const int64_t k = roi->levels + 1;
    RP_TRY(rp_alloc(TABLES * k, sizeof *count, &count));
    RP_TRY(rp_alloc_raw(k, sizeof *occur, &occur));
    for (int64_t i = 0; i < roi->count; i++) count[i % TABLES * k + roi->level[i]]++;
    int64_t n = 0;
    for (int64_t g = 1; g < k; g++) {
        int64_t all = 0;
        for (int t = 0; t < TABLES; t++) all += count[t * k + g];
        h[g - 1] = (double)all;
        if (all) occur[n++] = (double)g;
    }
    RP_TRY(rp_distinct_new(n, occur, out));
    (*out)->total = roi->count;
    for (int64_t i = 0; i < n; i++) {
        (*out)->count[i] = (int64_t)h[(int64_t)occur[i] - 1];
        (*out)->below[i + 1] = (*out)->below[i] + (*out)->count[i];
    }
    return RP_OK;
}

rp_status rp_histogram(const rp_roi *roi, rp_values *out)
{
    if (roi->count == 0) return rp_values_add_missing(out, RP_HISTOGRAM, RP_DHQ4, RP_MISSING_EMPTY);
    if (roi->levels == 0)
        return rp_values_add_missing(out, RP_HISTOGRAM, RP_DHQ4, RP_MISSING_NO_LEVELS);
    RP_AUTOFREE double *h = NULL;
    RP_AUTO(rp_distinct) x = NULL;
    RP_TRY(rp_alloc(roi->levels, sizeof *h, &h));
    RP_TRY(levels_of(roi, h, &x));
    const moments m = moments_of(x);
    const shape s = shape_of(roi->levels, h, (double)roi->count, m.mean);
    const double values[] = {
        m.mean, m.var,     m.skew,       m.kurt,     m.median,     m.min,      m.p10,       m.p90,
        m.max,  s.mode,    m.iqr,        m.range,    m.mad,        m.rmad,     m.medad,     m.cov,
        m.qcod, s.entropy, s.uniformity, s.max_grad, s.max_grad_g, s.min_grad, s.min_grad_g};
    return rp_values_add_family(out, RP_HISTOGRAM, RP_DHQ4, values);
}

/* Share of the volume with at least intensity i. */
static double volume_at(const rp_distinct *x, double i)
{
    return 1 - (double)x->below[rp_distinct_find(x, i)] / (double)x->total;
}

/* Smallest intensity of the axis with at most share of the volume at or above it. */
static double intensity_at(const rp_roi *roi, const rp_distinct *x, double share)
{
    int64_t low = 0, high = (int64_t)rint((roi->ivh_high - roi->ivh_low) / roi->ivh_step) + 1;
    while (low < high) {
        const int64_t mid = (low + high) / 2;
        if (volume_at(x, roi->ivh_low + (double)mid * roi->ivh_step) > share + 1e-12)
            low = mid + 1;
        else
            high = mid;
    }
    return roi->ivh_low + (double)low * roi->ivh_step;
}

/* Share of the volume at the lowest step of the axis that reaches fraction of its range. */
static double volume_at_fraction(const rp_roi *roi, const rp_distinct *x, double fraction)
{
    const double steps = rint((roi->ivh_high - roi->ivh_low) / roi->ivh_step),
                 k = ceil(fraction * steps - 1e-9);
    return volume_at(x, roi->ivh_low + k * roi->ivh_step);
}

/* Area under volume against intensity fraction, by trapezia; a tooth of the volume is a step. */
static double area_under(const rp_roi *roi, const rp_distinct *x)
{
    const int64_t steps = (int64_t)rint((roi->ivh_high - roi->ivh_low) / roi->ivh_step);
    double sum = 0, before = volume_at(x, roi->ivh_low);
    for (int64_t k = 1; k <= steps; k++) {
        const double now = volume_at(x, roi->ivh_low + (double)k * roi->ivh_step);
        sum += (before + now) / 2;
        before = now;
    }
    return steps ? sum / (double)steps : NAN;
}

static rp_status ivh_of(const rp_roi *roi, const rp_distinct *x, rp_values *out)
{
    /* An axis of more steps than this is a unit gone wrong, not a histogram. */
    if ((roi->ivh_high - roi->ivh_low) / roi->ivh_step > 1e7)
        return rp_values_add_missing(out, RP_IVH, RP_DHQ4, RP_MISSING_TOO_LARGE);
    const double v10 = volume_at_fraction(roi, x, 0.1), v90 = volume_at_fraction(roi, x, 0.9);
    const double i10 = intensity_at(roi, x, 0.1), i90 = intensity_at(roi, x, 0.9);
    const double values[] = {v10, v90, i10, i90, v10 - v90, i10 - i90, area_under(roi, x)};
    return rp_values_add_family(out, RP_IVH, RP_DHQ4, values);
}

rp_status rp_ivh(const rp_roi *roi, rp_values *out)
{
    if (roi->count == 0) return rp_values_add_missing(out, RP_IVH, RP_DHQ4, RP_MISSING_EMPTY);
    RP_AUTO(rp_distinct) x = NULL;
    RP_TRY(rp_distinct_new(roi->count, roi->ivh ? roi->ivh : roi->value, &x));
    return ivh_of(roi, x, out);
}

rp_status rp_intensities(const rp_roi *roi, const rp_family_choice *choice, rp_values *out)
{
    const bool *wanted = choice->is_wanted;
    /* The values are gone through once where the histogram of volumes reads them as they are. */
    const bool is_shared = wanted[RP_STATISTICS] && wanted[RP_IVH] && roi->count > 0 && !roi->ivh;
    RP_AUTO(rp_distinct) x = NULL;
    if (is_shared) RP_TRY(rp_distinct_new(roi->count, roi->value, &x));
    if (wanted[RP_STATISTICS]) RP_TRY(is_shared ? statistics_of(x, out) : rp_statistics(roi, out));
    if (wanted[RP_HISTOGRAM]) RP_TRY(rp_histogram(roi, out));
    if (!wanted[RP_IVH]) return RP_OK;
    return is_shared ? ivh_of(roi, x, out) : rp_ivh(roi, out);
}
