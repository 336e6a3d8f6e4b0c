/* lib/stats/delong.c - DeLong's components in one sort. */
#include "lib/stats/delong.h"

#include "lib/stats/ranks.h"
#include "lib/stats/special.h"

#include <inttypes.h>
#include <math.h>

static rp_status count_classes(int64_t n, const double y[], int64_t *positives)
{
    *positives = 0;
    for (int64_t i = 0; i < n; i++) {
        RP_NEED(y[i] == 0 || y[i] == 1, RP_EDATA, "case %" PRId64 ": class %g is neither 0 nor 1",
                i + 1, y[i]);
        *positives += y[i] == 1;
    }
    RP_NEED(*positives > 0 && *positives < n, RP_EDATA,
            "one class is absent among %" PRId64 " cases", n);
    return RP_OK;
}

rp_status rp_delong_components(int64_t n, const double y[], const double score[], double v[],
                               double *auc)
{
    int64_t p;
    RP_TRY(count_classes(n, y, &p));
    RP_AUTOFREE int64_t *order = NULL;
    RP_TRY(rp_alloc_raw(n, sizeof *order, &order));
    RP_TRY(rp_rank_order(n, score, order));
    const double positives = (double)p, negatives = (double)(n - p);
    double below1 = 0, below0 = 0,
           wins = 0; /* positives, negatives under this group; whole numbers */
    for (int64_t i = 0, j; i < n; i = j) {
        double here1 = 0, here0 = 0;
        for (j = i; j < n && score[order[j]] == score[order[i]]; j++)
            *(y[order[j]] == 1 ? &here1 : &here0) += 1;
        for (int64_t k = i; k < j; k++)
            v[order[k]] = y[order[k]] == 1 ? (below0 + 0.5 * here0) / negatives
                                           : (positives - below1 - 0.5 * here1) / positives;
        wins += here1 * (below0 + 0.5 * here0);
        below1 += here1;
        below0 += here0;
    }
    *auc = wins / positives / negatives;
    return RP_OK;
}

double rp_delong_covariance(int64_t n, const double y[], const double v1[], const double v2[])
{
    double result = 0;
    for (int class = 0; class < 2; class ++) {
        double count = 0, m1 = 0, m2 = 0, s = 0;
        for (int64_t i = 0; i < n; i++)
            if (y[i] == class) {
                count++;
                m1 += v1[i];
                m2 += v2[i];
            }
        m1 /= count;
        m2 /= count;
        for (int64_t i = 0; i < n; i++)
            if (y[i] == class) s += (v1[i] - m1) * (v2[i] - m2);
        result += s / (count - 1) / count;
    }
    return result;
}

rp_status rp_delong_jackknife(int64_t n, const double y[], const double v1[], double auc1,
                              const double v2[], double auc2, double *covariance)
{
    int64_t p;
    RP_TRY(count_classes(n, y, &p));
    RP_NEED(p > 1 && n - p > 1, RP_EDATA, "jackknife with a class of one case");
    const double size[2] = {(double)(n - p), (double)p};
    /* Without case i of a class of m: (m auc - v_i) / (m - 1). */
    double m1 = 0, m2 = 0, s = 0;
    for (int64_t i = 0; i < n; i++) {
        const double m = size[y[i] == 1];
        m1 += (m * auc1 - v1[i]) / (m - 1);
        m2 += (m * auc2 - v2[i]) / (m - 1);
    }
    m1 /= (double)n;
    m2 /= (double)n;
    for (int64_t i = 0; i < n; i++) {
        const double m = size[y[i] == 1];
        s += ((m * auc1 - v1[i]) / (m - 1) - m1) * ((m * auc2 - v2[i]) / (m - 1) - m2);
    }
    *covariance = s * (double)(n - 1) / (double)n;
    return RP_OK;
}

rp_interval rp_auc_interval(double auc, double variance, double level)
{
    if (!(variance > 0)) {
        const rp_value no = rp_value_undefined("the variance is 0: the interval collapses");
        return (rp_interval){no, no};
    }
    const double half = rp_normal_quantile(0.5 + 0.5 * level) * sqrt(variance);
    return (rp_interval){rp_value_of(fmax(0, auc - half)), rp_value_of(fmin(1, auc + half))};
}

rp_auc_test rp_auc_test_paired(double auc1, double var1, double auc2, double var2, double cov)
{
    const double v = var1 + var2 - 2 * cov;
    if (!(v > 1e-15 * (var1 + var2))) {
        const rp_value no = rp_value_undefined("the difference has no variance");
        return (rp_auc_test){no, no, no};
    }
    const double z = (auc1 - auc2) / sqrt(v);
    return (rp_auc_test){rp_value_of(z), rp_value_of(INFINITY),
                         rp_value_of(rp_normal_two_sided(z))};
}

rp_auc_test rp_auc_test_unpaired(double auc1, double var1, int64_t n1, double auc2, double var2,
                                 int64_t n2)
{
    const double v = var1 + var2;
    if (!(v > 0) || n1 < 2 || n2 < 2) {
        const rp_value no = rp_value_undefined("the difference has no variance");
        return (rp_auc_test){no, no, no};
    }
    const double d = (auc1 - auc2) / sqrt(v);
    const double df = v * v / (var1 * var1 / (double)(n1 - 1) + var2 * var2 / (double)(n2 - 1));
    return (rp_auc_test){rp_value_of(d), rp_value_of(df), rp_value_of(rp_t_two_sided(d, df))};
}
