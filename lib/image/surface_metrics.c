/* lib/image/surface_metrics.c - numbers from distances between two surfaces. */
#include "lib/image/surface_metrics.h"

#include "lib/base/order.h"

#include <math.h>
#include <stdbool.h>

static double mean(int64_t n, const double x[])
{
    double s = 0;
    for (int64_t i = 0; i < n; i++) s += x[i];
    return s / (double)n;
}

static void merge(const rp_surface_distances *s, double out[])
{
    int64_t a = 0, b = 0;
    for (int64_t k = 0; k < s->n_reference + s->n_prediction; k++) {
        const bool first = b == s->n_prediction ||
                           (a < s->n_reference && s->to_prediction[a] <= s->to_reference[b]);
        out[k] = first ? s->to_prediction[a++] : s->to_reference[b++];
    }
}

rp_status rp_surface_metrics_find(const rp_surface_distances *s, rp_surface_metrics *out)
{
    if (s->n_reference == 0 || s->n_prediction == 0) return RP_ENONE;
    const int64_t nr = s->n_reference, np = s->n_prediction;
    RP_AUTOFREE double *both = NULL;
    RP_TRY(rp_alloc_raw(nr + np, sizeof *both, &both));
    merge(s, both);
    const double a = rp_quantile_sorted(nr, s->to_prediction, 0.95);
    const double b = rp_quantile_sorted(np, s->to_reference, 0.95);
    const double ma = mean(nr, s->to_prediction), mb = mean(np, s->to_reference);
    *out = (rp_surface_metrics){
        .hd = fmax(s->to_prediction[nr - 1], s->to_reference[np - 1]),
        .hd95_pooled = rp_quantile_sorted(nr + np, both, 0.95),
        .hd95_maxdir = fmax(a, b),
        .hd95_meandir = 0.5 * (a + b),
        .assd_pooled = mean(nr + np, both),
        .assd_meandir = 0.5 * (ma + mb),
        .asd_pred_to_ref = mb,
        .asd_ref_to_pred = ma,
    };
    return RP_OK;
}

static int64_t count_within(int64_t n, const double x[], double tolerance)
{
    int64_t low = 0, high = n;
    while (low < high) {
        const int64_t mid = low + (high - low) / 2;
        if (x[mid] <= tolerance)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

rp_status rp_surface_nsd(const rp_surface_distances *s, double tolerance, double *nsd)
{
    if (s->n_reference == 0 && s->n_prediction == 0) return RP_ENONE;
    if (s->n_reference == 0 || s->n_prediction == 0) {
        *nsd = 0;
        return RP_OK;
    }
    const int64_t within = count_within(s->n_reference, s->to_prediction, tolerance) +
                           count_within(s->n_prediction, s->to_reference, tolerance);
    *nsd = (double)within / (double)(s->n_reference + s->n_prediction);
    return RP_OK;
}

rp_status rp_region_mean_distance(const int64_t n[3], const double spacing[3], const uint8_t from[],
                                  const uint8_t to[], double *mm)
{
    const int64_t voxels = n[0] * n[1] * n[2];
    RP_AUTOFREE double *d2 = NULL;
    RP_TRY(rp_alloc_raw(voxels, sizeof *d2, &d2));
    RP_TRY(rp_distance_map(n, spacing, to, d2));
    double s = 0;
    int64_t count = 0;
    for (int64_t i = 0; i < voxels; i++)
        if (from[i]) {
            s += sqrt(d2[i]);
            count++;
        }
    if (count == 0 || isinf(s)) return RP_ENONE;
    *mm = s / (double)count;
    return RP_OK;
}
