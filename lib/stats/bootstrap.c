/* lib/stats/bootstrap.c - drawing multiplicities, intervals from replicates. */
#include "lib/stats/bootstrap.h"

#include "lib/base/order.h"
#include "lib/base/random.h"
#include "lib/stats/ranks.h"
#include "lib/stats/special.h"
#include "lib/stats/sums.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { LEAST_REPLICATES = 20 };

/* Units are cases or clusters; those of stratum s are unit[start[s]] .. unit[start[s + 1] - 1]. */
typedef struct units {
    int64_t count, strata;
    int64_t *start, *unit;
    uint32_t *count_of; /* [count] how often drawn, by place in unit[]; 32 bits stay in the cache */
    double *drawn;      /* [count] the same as weights, by unit */
} units;

static rp_status find_units(const rp_bootstrap_plan *p, units *u)
{
    RP_AUTOFREE int64_t *stratum = NULL; /* of each unit */
    for (int64_t i = 0; i < p->n; i++) {
        const int64_t c = p->cluster ? p->cluster[i] : i, s = p->stratum ? p->stratum[i] : 0;
        RP_NEED(c >= 0 && c < p->n && s >= 0 && s < p->n, RP_EARG,
                "case %" PRId64 ": code out of range", i + 1);
        u->count = c >= u->count ? c + 1 : u->count;
        u->strata = s >= u->strata ? s + 1 : u->strata;
    }
    RP_TRY(rp_alloc(u->count, sizeof *stratum, &stratum));
    RP_TRY(rp_alloc(u->strata + 1, sizeof *u->start, &u->start));
    RP_TRY(rp_alloc(u->count, sizeof *u->unit, &u->unit));
    RP_TRY(rp_alloc(u->count, sizeof *u->drawn, &u->drawn));
    RP_TRY(rp_alloc(u->count, sizeof *u->count_of, &u->count_of));
    for (int64_t k = 0; k < u->count; k++) stratum[k] = -1;
    for (int64_t i = 0; i < p->n; i++) {
        const int64_t c = p->cluster ? p->cluster[i] : i, s = p->stratum ? p->stratum[i] : 0;
        RP_NEED(stratum[c] < 0 || stratum[c] == s, RP_EDATA,
                "case %" PRId64 ": its cluster lies in two strata", i + 1);
        stratum[c] = s;
    }
    for (int64_t k = 0; k < u->count; k++)
        if (stratum[k] >= 0) u->start[stratum[k]]++;
    for (int64_t s = 1; s <= u->strata; s++) u->start[s] += u->start[s - 1];
    for (int64_t k = u->count - 1; k >= 0; k--)
        if (stratum[k] >= 0) u->unit[--u->start[stratum[k]]] = k;
    return RP_OK;
}

static void clear_units(units *u)
{
    rp_free(u->start);
    rp_free(u->unit);
    rp_free(u->drawn);
    rp_free(u->count_of);
}

/* size numbers below size into count[], from the stream r: each 32-bit number is multiplied and
 * shifted, the few that would bias are passed over (Lemire's method). */
static void draw_stratum(rp_random *r, uint64_t size, uint32_t count[])
{
    const uint32_t reject = -(uint32_t)size % (uint32_t)size;
    for (uint64_t i = 0; i < size;) {
        rp_philox(r->key, r->counter,
                  r->block); /* whole blocks: a call a number is too slow here */
        if (++r->counter[2] == 0) r->counter[3]++;
        for (int k = 0; k < 4 && i < size; k++) {
            const uint64_t product = (uint64_t)r->block[k] * size;
            if ((uint32_t)product < reject) continue;
            count[product >> 32]++;
            i++;
        }
    }
}

/* One replicate's multiplicities. */
static void draw(const rp_bootstrap_plan *p, int64_t replicate, units *u)
{
    rp_random r;
    rp_random_start(p->seed, RP_RANDOM_BOOTSTRAP, (uint64_t)replicate, &r);
    memset(u->count_of, 0, (size_t)u->count * sizeof *u->count_of);
    for (int64_t s = 0; s < u->strata; s++)
        if (u->start[s + 1] > u->start[s])
            draw_stratum(&r, (uint64_t)(u->start[s + 1] - u->start[s]), u->count_of + u->start[s]);
    /* Codes that no case has stand in no stratum and are never drawn. */
    for (int64_t k = 0; k < u->start[u->strata]; k++) u->drawn[u->unit[k]] = u->count_of[k];
}

static rp_status run(const rp_bootstrap_plan *p, int64_t first, int64_t count, rp_weighted_fn *fn,
                     const void *context, units *u, double value[], bool defined[])
{
    RP_AUTOFREE double *weight = NULL;
    RP_TRY(find_units(p, u));
    if (p->cluster) RP_TRY(rp_alloc_raw(p->n, sizeof *weight, &weight));
    for (int64_t k = 0; k < count; k++) {
        draw(p, first + k, u);
        for (int64_t i = 0; p->cluster && i < p->n; i++) weight[i] = u->drawn[p->cluster[i]];
        value[k] = 0;
        defined[k] = false;
        RP_TRY(fn(p->n, p->cluster ? weight : u->drawn, context, &value[k], &defined[k]));
    }
    return RP_OK;
}

rp_status rp_bootstrap_run(const rp_bootstrap_plan *plan, int64_t first, int64_t count,
                           rp_weighted_fn *fn, const void *context, double value[], bool defined[])
{
    RP_NEED(plan->n >= 1 && plan->n <= UINT32_MAX && first >= 0 && count >= 0, RP_EARG,
            "bootstrap of %" PRId64 " cases, replicates %" PRId64 " and %" PRId64 " on", plan->n,
            first, count);
    units u = {0};
    const rp_status st = run(plan, first, count, fn, context, &u, value, defined);
    clear_units(&u);
    return st;
}

/* Acceleration: sum d^3 / (6 (sum d^2)^(3/2)), d the jackknife's deviations from its mean. */
static double acceleration(int64_t m, const double jackknife[])
{
    const double mean = rp_mean(m, jackknife);
    double s2 = 0, s3 = 0;
    for (int64_t i = 0; i < m; i++) {
        const double d = mean - jackknife[i];
        s2 += d * d;
        s3 += d * d * d;
    }
    return s2 > 0 ? s3 / (6 * pow(s2, 1.5)) : NAN;
}

static rp_interval bca(double estimate, int64_t n, const double sorted[], double a, double level)
{
    double below = 0;
    for (int64_t k = 0; k < n; k++)
        below += sorted[k] < estimate ? 1 : sorted[k] == estimate ? 0.5 : 0;
    const double z0 = rp_normal_quantile(below / (double)n),
                 z = rp_normal_quantile(0.5 - 0.5 * level);
    rp_value v[2];
    for (int side = 0; side < 2; side++) {
        const double w = z0 + (side ? -z : z), q = rp_normal_lower(z0 + w / (1 - a * w));
        v[side] =
            isfinite(q)
                ? rp_value_of(rp_quantile_sorted(n, sorted, q))
                : rp_value_undefined("no bias correction: all replicates on one side or no spread");
    }
    return (rp_interval){v[0], v[1]};
}

rp_status rp_bootstrap_interval(double estimate, int64_t count, const double value[],
                                const bool defined[], int64_t m, const double jackknife[],
                                double level, rp_bootstrap_result *out)
{
    RP_NEED(count >= 1 && m >= 2 && level > 0 && level < 1, RP_EARG,
            "interval of %" PRId64 " replicates at level %g", count, level);
    RP_AUTOFREE double *kept = NULL, *sorted = NULL;
    RP_TRY(rp_alloc_raw(count, sizeof *kept, &kept));
    RP_TRY(rp_alloc_raw(count, sizeof *sorted, &sorted));
    int64_t n = 0;
    for (int64_t k = 0; k < count; k++)
        if (defined[k]) kept[n++] = value[k];
    RP_TRY(rp_rank_sort(n, kept, sorted));
    const rp_value few = rp_value_undefined("fewer than 20 defined replicates");
    *out = (rp_bootstrap_result){{few, few}, {few, few}, few, few, count - n};
    if (n < LEAST_REPLICATES) return RP_OK;
    const double half = 0.5 - 0.5 * level;
    out->percentile = (rp_interval){rp_value_of(rp_quantile_sorted(n, sorted, half)),
                                    rp_value_of(rp_quantile_sorted(n, sorted, 1 - half))};
    out->bias = rp_value_of(rp_mean(n, kept) - estimate);
    out->se = rp_value_of(sqrt(rp_sum_deviation(n, kept, kept) / (double)(n - 1)));
    out->bca = bca(estimate, n, sorted, acceleration(m, jackknife), level);
    return RP_OK;
}

struct rp_auc_order {
    int64_t n, groups;
    int64_t *order, *end; /* cases by ascending score; end of each group of equal scores */
    double *positive;     /* [n] in order, 0 or 1 */
};

void rp_auc_order_drop(rp_auc_order **order)
{
    if (!*order) return;
    rp_free((*order)->order);
    rp_free((*order)->end);
    rp_free((*order)->positive);
    rp_free(*order);
    *order = NULL;
}

rp_status rp_auc_order_new(int64_t n, const double y[], const double score[], rp_auc_order **out)
{
    RP_AUTO(rp_auc_order) o = NULL;
    RP_TRY(rp_alloc(1, sizeof *o, &o));
    RP_TRY(rp_alloc_raw(n, sizeof *o->order, &o->order));
    RP_TRY(rp_alloc_raw(n, sizeof *o->end, &o->end));
    RP_TRY(rp_alloc_raw(n, sizeof *o->positive, &o->positive));
    RP_TRY(rp_rank_order(n, score, o->order));
    o->n = n;
    int64_t positives = 0;
    for (int64_t i = 0; i < n; i++) {
        const int64_t j = o->order[i];
        RP_NEED(y[j] == 0 || y[j] == 1, RP_EDATA, "case %" PRId64 ": class %g is neither 0 nor 1",
                j + 1, y[j]);
        o->positive[i] = y[j] == 1;
        positives += y[j] == 1;
        if (i + 1 == n || score[o->order[i + 1]] != score[j]) o->end[o->groups++] = i + 1;
    }
    RP_NEED(positives > 0 && positives < n, RP_EDATA, "one class is absent among %" PRId64 " cases",
            n);
    *out = RP_TAKE(o);
    return RP_OK;
}

rp_status rp_auc_weighted(int64_t n, const double weight[], const void *context, double *value,
                          bool *defined)
{
    const rp_auc_order *o = context;
    RP_NEED(n == o->n, RP_EARG, "%" PRId64 " weights for %" PRId64 " cases", n, o->n);
    double seen[2] = {0, 0},
           twice = 0; /* weight of negatives and positives so far: whole numbers */
    for (int64_t g = 0, i = 0; g < o->groups; g++) {
        double all = 0, here = 0; /* of this score; of its positives */
        for (; i < o->end[g]; i++) {
            all += weight[o->order[i]];
            here += weight[o->order[i]] * o->positive[i];
        }
        twice += here * (2 * seen[0] + all - here);
        seen[0] += all - here;
        seen[1] += here;
    }
    *defined = seen[0] > 0 && seen[1] > 0;
    if (*defined) *value = 0.5 * twice / seen[0] / seen[1];
    return RP_OK;
}

rp_status rp_auc_bootstrap(int64_t n, const double y[], const double score[], uint64_t seed,
                           int64_t replicates, double level, rp_replicates_fn *who,
                           rp_bootstrap_result *out)
{
    RP_AUTO(rp_auc_order) order = NULL;
    RP_AUTOFREE double *jackknife = NULL, *value = NULL, *sorted_y = NULL, *sorted = NULL;
    RP_AUTOFREE bool *defined = NULL;
    RP_AUTOFREE int64_t *stratum = NULL;
    double auc, size[2] = {0, 0};
    /* By ascending score: each replicate then reads its weights one after the other. */
    RP_TRY(rp_alloc_raw(n, sizeof *sorted_y, &sorted_y));
    RP_TRY(rp_alloc_raw(n, sizeof *sorted, &sorted));
    RP_TRY(rp_auc_order_new(n, y, score, &order));
    for (int64_t i = 0; i < n; i++) {
        sorted_y[i] = order->positive[i];
        sorted[i] = score[order->order[i]];
    }
    rp_auc_order_drop(&order);
    RP_TRY(rp_auc_order_new(n, sorted_y, sorted, &order));
    RP_TRY(rp_alloc_raw(n, sizeof *jackknife, &jackknife));
    RP_TRY(rp_alloc_raw(n, sizeof *stratum, &stratum));
    RP_TRY(rp_alloc_raw(replicates, sizeof *value, &value));
    RP_TRY(rp_alloc_raw(replicates, sizeof *defined, &defined));
    RP_TRY(rp_delong_components(n, sorted_y, sorted, jackknife, &auc));
    for (int64_t i = 0; i < n; i++) size[stratum[i] = sorted_y[i] == 1]++;
    RP_NEED(size[0] > 1 && size[1] > 1, RP_EDATA, "bootstrap with a class of one case");
    for (int64_t i = 0; i < n; i++) { /* without case i of a class of m: (m auc - v_i) / (m - 1) */
        const double m = size[stratum[i]];
        jackknife[i] = (m * auc - jackknife[i]) / (m - 1);
    }
    const rp_bootstrap_plan plan = {seed, n, stratum, NULL};
    RP_TRY(who ? who(&plan, replicates, rp_auc_weighted, order, value, defined)
               : rp_bootstrap_run(&plan, 0, replicates, rp_auc_weighted, order, value, defined));
    return rp_bootstrap_interval(auc, replicates, value, defined, n, jackknife, level, out);
}
