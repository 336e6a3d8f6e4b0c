/* lib/stats/permutation.c - permutation tests. */
#include "lib/stats/bootstrap.h"

#include "lib/base/random.h"
#include "lib/stats/sums.h"

#include <inttypes.h>
#include <math.h>

/* Is x as far from 0 as seen, up to rounding?  Sums in another order differ in their last bits. */
static bool as_far(double x, double seen) { return fabs(x) >= fabs(seen) * (1 - 1e-12); }

rp_status rp_permutation_test(uint64_t seed, int64_t n, int64_t replicates, rp_permuted_fn *fn,
                              const void *context, double *p)
{
    RP_NEED(n >= 1 && replicates >= 1, RP_EARG, "%" PRId64 " permutations of %" PRId64 " cases",
            replicates, n);
    RP_AUTOFREE int64_t *order = NULL;
    RP_TRY(rp_alloc_raw(n, sizeof *order, &order));
    for (int64_t i = 0; i < n; i++) order[i] = i;
    const double seen = fn(n, order, context);
    int64_t far = 0;
    for (int64_t k = 0; k < replicates; k++) {
        rp_random r;
        rp_random_start(seed, RP_RANDOM_PERMUTATION_TEST, (uint64_t)k, &r);
        rp_random_permute(&r, n, order);
        const double x = fn(n, order, context);
        RP_NEED(isfinite(x + seen), RP_ENUM,
                "the statistic of permutation %" PRId64 " is not finite", k);
        far += as_far(x, seen);
    }
    *p = (double)(1 + far) / (double)(1 + replicates);
    return RP_OK;
}

rp_status rp_sign_test(uint64_t seed, int64_t n, int64_t replicates, rp_signed_fn *fn,
                       const void *context, double *p)
{
    RP_NEED(n >= 1 && replicates >= 1, RP_EARG, "%" PRId64 " flips of %" PRId64 " cases",
            replicates, n);
    RP_AUTOFREE double *sign = NULL;
    RP_TRY(rp_alloc_raw(n, sizeof *sign, &sign));
    for (int64_t i = 0; i < n; i++) sign[i] = 1;
    const double seen = fn(n, sign, context);
    int64_t far = 0;
    for (int64_t k = 0; k < replicates; k++) {
        rp_random r;
        rp_random_start(seed, RP_RANDOM_PERMUTATION_TEST, (uint64_t)k, &r);
        for (int64_t i = 0; i < n; i++) sign[i] = rp_random_u32(&r) >> 31 ? 1 : -1;
        const double x = fn(n, sign, context);
        RP_NEED(isfinite(x + seen), RP_ENUM, "the statistic of flip %" PRId64 " is not finite", k);
        far += as_far(x, seen);
    }
    *p = (double)(1 + far) / (double)(1 + replicates);
    return RP_OK;
}

/* Counts arrangements against the one seen; slack: rounding of sums taken in another order. */
typedef struct tally {
    double seen, slack;
    int64_t all, far, above, below;
} tally;

static void count(tally *t, double x)
{
    t->all++;
    t->far += fabs(x) >= fabs(t->seen) - t->slack;
    t->above += x >= t->seen - t->slack;
    t->below += x <= t->seen + t->slack;
}

static void conclude(const tally *t, bool is_exact, rp_permutation *out)
{
    /* A random sample of arrangements counts the one seen beside it: p is never 0. */
    const double one = is_exact ? 0 : 1, all = (double)t->all + one;
    *out = (rp_permutation){t->seen,
                            ((double)t->far + one) / all,
                            ((double)t->above + one) / all,
                            ((double)t->below + one) / all,
                            t->all,
                            is_exact};
}

/* n over k, or limit + 1 where it is more. */
static int64_t choices(int64_t n, int64_t k, int64_t limit)
{
    double c = 1; /* whole numbers, exact below 2^53 */
    for (int64_t i = 1; i <= k && c <= (double)limit; i++)
        c = rint(c * (double)(n - k + i) / (double)i);
    return c > (double)limit ? limit + 1 : (int64_t)c;
}

typedef struct groups {
    int64_t n, k; /* k in the first group */
    const double *x;
    double sum;
} groups;

static double difference(const groups *g, double first)
{
    return first / (double)g->k - (g->sum - first) / (double)(g->n - g->k);
}

/* The k chosen in lexicographic order. */
static rp_status all_choices(const groups *g, tally *t)
{
    RP_AUTOFREE int64_t *chosen = NULL;
    RP_TRY(rp_alloc_raw(g->k, sizeof *chosen, &chosen));
    for (int64_t i = 0; i < g->k; i++) chosen[i] = i;
    for (;;) {
        double s = 0;
        for (int64_t i = 0; i < g->k; i++) s += g->x[chosen[i]];
        count(t, difference(g, s));
        int64_t i = g->k - 1;
        while (i >= 0 && chosen[i] == g->n - g->k + i) i--;
        if (i < 0) return RP_OK;
        chosen[i]++;
        for (i++; i < g->k; i++) chosen[i] = chosen[i - 1] + 1;
    }
}

/* Random ones: the first k steps of a Fisher-Yates shuffle that starts anew each time. */
static rp_status some_choices(const groups *g, uint64_t seed, int64_t limit, tally *t)
{
    RP_AUTOFREE double *x = NULL;
    RP_TRY(rp_alloc_raw(g->n, sizeof *x, &x));
    for (int64_t r = 0; r < limit; r++) {
        rp_random random;
        double s = 0;
        rp_random_start(seed, RP_RANDOM_PERMUTATION_TEST, (uint64_t)r, &random);
        for (int64_t i = 0; i < g->n; i++) x[i] = g->x[i];
        for (int64_t i = 0; i < g->k; i++) {
            const int64_t j = i + rp_random_below(&random, g->n - i);
            const double taken = x[j];
            x[j] = x[i];
            s += taken;
        }
        count(t, difference(g, s));
    }
    return RP_OK;
}

static double largest(int64_t n, const double x[])
{
    double m = 0;
    for (int64_t i = 0; i < n; i++) m = fmax(m, fabs(x[i]));
    return m;
}

rp_status rp_permute_groups(int64_t n, const double x[], const bool first[], uint64_t seed,
                            int64_t limit, rp_permutation *out)
{
    RP_NEED(limit >= 1, RP_EARG, "%" PRId64 " permutations", limit);
    groups g = {n, 0, x, rp_sum(n, x)};
    double s = 0;
    for (int64_t i = 0; i < n; i++) {
        g.k += first[i];
        s += first[i] ? x[i] : 0;
    }
    RP_NEED(g.k > 0 && g.k < n, RP_EDATA, "a permutation test with an empty group");
    RP_NEED(isfinite(g.sum), RP_ENUM, "values sum to %g", g.sum);
    tally t = {.seen = difference(&g, s), .slack = 1e-13 * largest(n, x)};
    const int64_t all = choices(n, g.k < n - g.k ? g.k : n - g.k, limit);
    RP_TRY(all <= limit ? all_choices(&g, &t) : some_choices(&g, seed, limit, &t));
    conclude(&t, all <= limit, out);
    return RP_OK;
}

rp_status rp_permute_pairs(int64_t n, const double d[], uint64_t seed, int64_t limit,
                           rp_permutation *out)
{
    RP_NEED(n >= 1 && limit >= 1, RP_EARG, "%" PRId64 " flips of %" PRId64 " pairs", limit, n);
    const double sum = rp_sum(n, d);
    RP_NEED(isfinite(sum), RP_ENUM, "differences sum to %g", sum);
    tally t = {.seen = sum / (double)n, .slack = 1e-13 * largest(n, d)};
    const bool is_exact = n < 62 && INT64_C(1) << n <= limit;
    const int64_t all = is_exact ? INT64_C(1) << n : limit;
    for (int64_t r = 0; r < all; r++) {
        rp_random random;
        double s = 0;
        rp_random_start(seed, RP_RANDOM_PERMUTATION_TEST, (uint64_t)r, &random);
        for (int64_t i = 0; i < n; i++) {
            const bool flip = is_exact ? r >> i & 1 : rp_random_u32(&random) >> 31;
            s += flip ? -d[i] : d[i];
        }
        count(&t, s / (double)n);
    }
    conclude(&t, is_exact, out);
    return RP_OK;
}
