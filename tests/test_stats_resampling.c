/* tests/test_stats_resampling.c - lib/stats: bootstrap, permutation, multiplicity, planning. */
#include "lib/stats/bootstrap.h"
#include "lib/stats/multiplicity.h"
#include "lib/stats/roc.h"
#include "lib/stats/sample_size.h"
#include "tests/stats_values.h"

static double expected(const char *name)
{
    const table *t = table_read("tests/data/stats_bootstrap_expected.csv");
    for (int r = 0; r < t->rows; r++)
        if (!strcmp(table_text(t, r, "name"), name)) return table_number(t, r, "value");
    cr_assert_fail("no row %s", name);
    return NAN;
}

static const double *column(const char *path, int64_t *n)
{
    const rp_columns c = columns_of(table_read(path));
    *n = c.rows;
    return c.value[0];
}

Test(bootstrap, intervals_of_given_replicates_equal_scipy)
{
    int64_t n, count;
    const double *x = column("tests/data/stats_bootstrap_data.csv", &n);
    const double *value = column("tests/data/stats_bootstrap_replicates.csv", &count);
    double jackknife[18], mean = 0;
    bool defined[499];
    cr_assert(n == 18 && count == 499);
    for (int i = 0; i < 18; i++) mean += x[i] / 18;
    for (int i = 0; i < 18; i++) jackknife[i] = (18 * mean - x[i]) / 17;
    for (int k = 0; k < 499; k++) defined[k] = true;
    rp_bootstrap_result r;
    cr_assert_eq(rp_bootstrap_interval(mean, count, value, defined, n, jackknife, 0.95, &r), RP_OK);
    cr_expect(near(r.percentile.low.x, expected("percentile_lo"), 1e-12, 0));
    cr_expect(near(r.percentile.high.x, expected("percentile_hi"), 1e-12, 0));
    cr_expect(near(r.bca.low.x, expected("BCa_lo"), 1e-9, 0), "%.17g", r.bca.low.x);
    cr_expect(near(r.bca.high.x, expected("BCa_hi"), 1e-9, 0), "%.17g", r.bca.high.x);
    cr_expect(near(r.se.x, expected("se"), 1e-12, 0));
}

enum { CASES = 200 };
static double y[CASES], score[CASES];

static void make_scores(void)
{
    for (int i = 0; i < CASES; i++) {
        y[i] = i % 3 == 0;
        score[i] = ((i * 7919) % 101 + 25 * y[i]) / 40;
        score[i] = rint(score[i] * 10) / 10; /* ties */
    }
}

Test(bootstrap, the_weighted_area_is_that_of_the_cases_repeated)
{
    double weight[CASES], value, yy[4 * CASES], ss[4 * CASES];
    int n = 0;
    bool defined;
    make_scores();
    RP_AUTO(rp_auc_order) o = NULL;
    RP_AUTO(rp_roc) roc = NULL;
    cr_assert_eq(rp_auc_order_new(CASES, y, score, &o), RP_OK);
    for (int i = 0; i < CASES; i++) {
        weight[i] = i * 31 % 4;
        for (int k = 0; k < weight[i]; k++, n++) {
            yy[n] = y[i];
            ss[n] = score[i];
        }
    }
    cr_assert_eq(rp_auc_weighted(CASES, weight, o, &value, &defined), RP_OK);
    cr_assert_eq(rp_roc_new(n, yy, ss, &roc), RP_OK);
    cr_expect(defined && near(value, rp_roc_auc(roc).x, 1e-14, 0));
    memset(weight, 0, sizeof weight);
    cr_assert_eq(rp_auc_weighted(CASES, weight, o, &value, &defined), RP_OK);
    cr_expect(!defined);
}

Test(bootstrap, replicates_do_not_depend_on_how_they_are_shared_out)
{
    double all[40], part[40];
    bool defined[40];
    make_scores();
    RP_AUTO(rp_auc_order) o = NULL;
    cr_assert_eq(rp_auc_order_new(CASES, y, score, &o), RP_OK);
    const rp_bootstrap_plan plan = {3, CASES, NULL, NULL};
    cr_assert_eq(rp_bootstrap_run(&plan, 0, 40, rp_auc_weighted, o, all, defined), RP_OK);
    for (int k = 0; k < 40; k += 8) cr_assert_eq(rp_bootstrap_run(&plan, k, 8, rp_auc_weighted, o, part + k, defined), RP_OK);
    cr_expect_eq(memcmp(all, part, sizeof all), 0);
}

/* value: a weighted count that the test looks at */
typedef struct seen {
    double sum[2], total;
    const int64_t *stratum, *cluster;
    bool apart; /* two cases of a cluster had other weights */
} seen;

static rp_status look(int64_t n, const double weight[], const void *context, double *value, bool *defined)
{
    seen *s = (seen *)context;
    s->sum[0] = s->sum[1] = 0;
    for (int64_t i = 0; i < n; i++) {
        s->sum[s->stratum[i]] += weight[i];
        for (int64_t j = 0; s->cluster && j < i; j++) s->apart |= s->cluster[i] == s->cluster[j] && weight[i] != weight[j];
    }
    *value = s->sum[0];
    *defined = true;
    return RP_OK;
}

Test(bootstrap, strata_keep_their_sizes_and_clusters_stay_together)
{
    int64_t stratum[60], cluster[60], split[60];
    double value[20];
    bool defined[20];
    for (int i = 0; i < 60; i++) {
        stratum[i] = i >= 40;
        cluster[i] = i / 4;
        split[i] = i % 30;
    }
    seen s = {.stratum = stratum};
    cr_assert_eq(rp_bootstrap_run(&(rp_bootstrap_plan){1, 60, stratum, NULL}, 0, 20, look, &s, value, defined), RP_OK);
    for (int k = 0; k < 20; k++) cr_expect_eq(value[k], 40.0);
    s.cluster = cluster;
    cr_assert_eq(rp_bootstrap_run(&(rp_bootstrap_plan){1, 60, stratum, cluster}, 0, 20, look, &s, value, defined), RP_OK);
    for (int k = 0; k < 20; k++) cr_expect_eq(value[k], 40.0, "ten clusters of four");
    cr_expect(!s.apart);
    cr_expect_eq(rp_bootstrap_run(&(rp_bootstrap_plan){1, 60, stratum, split}, 0, 20, look, &s, value, defined), RP_EDATA);
}

/* The bootstrap's spread of an area is DeLong's standard error, up to the noise of 2000 replicates (2 %). */
Test(bootstrap, an_area_spreads_as_DeLong_says)
{
    double v[CASES], auc;
    rp_bootstrap_result r;
    make_scores();
    cr_assert_eq(rp_auc_bootstrap(CASES, y, score, 11, 2000, 0.95, NULL, &r), RP_OK);
    cr_assert_eq(rp_delong_components(CASES, y, score, v, &auc), RP_OK);
    const double se = sqrt(rp_delong_covariance(CASES, y, v, v));
    cr_expect(near(r.se.x, se, 0.06, 0), "%g and %g", r.se.x, se);
    cr_expect(r.bca.low.x < auc && auc < r.bca.high.x);
    cr_expect_eq(r.undefined, 0);
}

typedef struct halves {
    const double *x;
    int64_t first;
    double shift;
} halves;

static double mean_difference(int64_t n, const int64_t order[], const void *context)
{
    const halves *h = context;
    double a = 0, b = 0;
    for (int64_t i = 0; i < n; i++) {
        const double v = h->x[order[i]] + (order[i] >= h->first ? h->shift : 0);
        *(i < h->first ? &a : &b) += v;
    }
    return a / h->first - b / (double)(n - h->first);
}

static double signed_mean(int64_t n, const double sign[], const void *context)
{
    const halves *h = context;
    double s = 0;
    for (int64_t i = 0; i < n; i++) s += sign[i] * (h->x[i] - h->x[i + h->first] - h->shift);
    return s / (double)n;
}

/* 20000 permutations know a p of 0.1 to 0.0021 (one sigma); four of those. */
Test(permutation, p_values_are_those_of_all_permutations_up_to_chance)
{
    int64_t n;
    const halves h = {column("tests/data/stats_bootstrap_data.csv", &n), 6, 0.7};
    double p, q;
    cr_assert_eq(rp_permutation_test(5, n, 20000, mean_difference, &h, &p), RP_OK);
    q = expected("permutation_p");
    cr_expect(fabs(p - q) < 4 * sqrt(q * (1 - q) / 20000), "%g and %g", p, q);
    const halves pairs = {h.x, 9, 0.3};
    cr_assert_eq(rp_sign_test(5, 9, 20000, signed_mean, &pairs, &p), RP_OK);
    q = expected("signs_p");
    cr_expect(fabs(p - q) < 4 * sqrt(q * (1 - q) / 20000), "%g and %g", p, q);
}

/* The 15 p values of Benjamini and Hochberg (1995), section 3.3: at 0.05 their procedure rejects four,
 * Bonferroni's and Hochberg's three. */
Test(multiplicity, the_example_of_Benjamini_and_Hochberg_rejects_four)
{
    const double p[] = {0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344,
                        0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000};
    const int want[] = {3, 3, 3, 4};
    double q[15];
    for (int m = 0; m < 4; m++) {
        int rejected = 0;
        cr_assert_eq(rp_adjust((rp_adjustment)m, 15, p, q), RP_OK);
        for (int i = 0; i < 15; i++) rejected += q[i] <= 0.05;
        cr_expect_eq(rejected, want[m], "method %d", m);
    }
    cr_assert_eq(rp_adjust(RP_ADJUST_HOLM, 15, p, q), RP_OK);
    cr_expect(near(q[0], 0.0015, 1e-12, 0) && near(q[3], 12 * 0.0095, 1e-12, 0) && q[14] == 1);
    const double bad[] = {0.5, 1.5};
    cr_expect_eq(rp_adjust(RP_ADJUST_HOLM, 2, bad, q), RP_EARG);
}

Test(multiplicity, order_does_not_matter_and_nothing_shrinks)
{
    const double p[] = {0.04, 0.01, 0.03, 0.01, 0.6}, r[] = {0.6, 0.01, 0.03, 0.01, 0.04};
    double a[5], b[5];
    for (int m = 0; m <= RP_ADJUST_BENJAMINI_YEKUTIELI; m++) {
        cr_assert_eq(rp_adjust((rp_adjustment)m, 5, p, a), RP_OK);
        cr_assert_eq(rp_adjust((rp_adjustment)m, 5, r, b), RP_OK);
        cr_expect(a[0] == b[4] && a[4] == b[0] && a[1] == b[1] && a[1] == a[3]);
        for (int i = 0; i < 5; i++) cr_expect(a[i] >= p[i] && a[i] <= 1);
    }
}

/* R's manual of power.prop.test: p1 = 0.50, p2 = 0.75, power 0.90 needs n = 76.7 an arm. */
Test(sample_size, two_proportions_equal_the_manual_of_R)
{
    double n, power;
    cr_assert_eq(rp_size_two_proportions(0.75, 0.5, 0.05, 0.9, &n), RP_OK);
    cr_expect(near(n, 76.7, 0, 0.05), "%g", n);
    cr_assert_eq(rp_power_two_proportions(0.75, 0.5, 0.05, n, &power), RP_OK);
    cr_expect(near(power, 0.9, 1e-12, 0));
    cr_expect_eq(rp_size_two_proportions(0.5, 0.5, 0.05, 0.9, &n), RP_EARG);
}

/* z sums by hand: z(0.025) = 1.959964, z(0.1) = 1.281552, z(0.2) = 0.841621. */
Test(sample_size, formulas_give_what_they_say)
{
    double n;
    cr_assert_eq(rp_size_events(0.5, 0.5, 0.05, 0.9, &n), RP_OK);
    cr_expect(near(n, 4 * 3.241516 * 3.241516 / (0.693147 * 0.693147), 1e-5, 0));
    cr_assert_eq(rp_size_noninferior(0.1, 0.1, 0.05, 0.025, 0.8, &n), RP_OK);
    cr_expect(near(n, 2.801585 * 2.801585 * 0.18 / 0.0025, 1e-5, 0));
    cr_assert_eq(rp_size_paired(0.2, 0.1, 0.05, 0.8, &n), RP_OK);
    cr_expect(near(n, pow(1.959964 * sqrt(0.2) + 0.841621 * sqrt(0.19), 2) / 0.01, 1e-5, 0));
    cr_assert_eq(rp_size_precision(0.5, 0.1, 0.95, &n), RP_OK);
    cr_expect(near(n, 96.0365, 1e-5, 0));
    cr_assert_eq(rp_auc_planned_se(0.5, 50, 50, &n), RP_OK);
    cr_expect(near(n, sqrt(101.0 / (12 * 2500)), 1e-12, 0), "at 0.5 it is Wilcoxon's");
    cr_assert_eq(rp_size_cluster_factor(2, 0.3, &n), RP_OK);
    cr_expect(near(n, 1.3, 1e-15, 0));
    cr_expect_eq(rp_size_noninferior(0.2, 0.1, 0.05, 0.025, 0.8, &n), RP_EARG);
}

/* Jennison and Turnbull's tables, and the note on evaluation (section 6): K = 2, 3, 5 at 0.05. */
Test(sequential, bounds_equal_the_tables)
{
    double z[RP_LOOKS_MAX];
    cr_assert_eq(rp_sequential_bounds(RP_OBRIEN_FLEMING, 2, NULL, 0.05, z, NULL), RP_OK);
    cr_expect(near(z[0], 2.7965, 0, 1e-4) && near(z[1], 1.97743, 0, 1e-5));
    cr_assert_eq(rp_sequential_bounds(RP_OBRIEN_FLEMING, 3, NULL, 0.05, z, NULL), RP_OK);
    cr_expect(near(z[0], 3.4711, 0, 1e-4) && near(z[1], 2.4544, 0, 1e-4) && near(z[2], 2.00404, 0, 1e-5));
    cr_assert_eq(rp_sequential_bounds(RP_POCOCK, 4, NULL, 0.05, z, NULL), RP_OK);
    cr_expect(near(z[0], 2.36130, 0, 1e-5) && z[3] == z[0]);
    cr_assert_eq(rp_sequential_bounds(RP_LAN_DEMETS, 3, NULL, 0.05, z, NULL), RP_OK);
    cr_expect(near(z[0], 3.3948, 0, 1e-4) && near(z[1], 2.4067, 0, 1e-4) && near(z[2], 2.0152, 0, 1e-4), "%g %g %g", z[0], z[1], z[2]);
    cr_assert_eq(rp_sequential_bounds(RP_OBRIEN_FLEMING, 1, NULL, 0.05, z, NULL), RP_OK);
    cr_expect(near(z[0], 1.959964, 0, 1e-6));
    cr_expect_eq(rp_sequential_bounds(RP_POCOCK, 0, NULL, 0.05, z, NULL), RP_EARG);
}
