/* tests/test_stats_trial.c - lib/stats: strata, clusters, pairs, margins, outcomes of examinations. */
#include "lib/stats/clustered.h"
#include "lib/stats/paired.h"
#include "lib/stats/policy.h"
#include "lib/stats/ranks.h"
#include "lib/stats/stratified.h"
#include "lib/stats/trial.h"
#include "tests/stats_values.h"

static double pooled(const char *set, const char *name)
{
    const table *t = table_read("tests/data/stats_trial_pooled.csv");
    for (int r = 0; r < t->rows; r++)
        if (!strcmp(table_text(t, r, "set"), set) && !strcmp(table_text(t, r, "name"), name)) return table_number(t, r, "value");
    cr_assert_fail("no %s of %s", name, set);
    return NAN;
}

static int counts_of(const char *set, rp_counts c[8])
{
    const table *t = table_read("tests/data/stats_trial_strata.csv");
    int k = 0;
    for (int r = 0; r < t->rows; r++)
        if (!strcmp(table_text(t, r, "set"), set))
            c[k++] = (rp_counts){(int64_t)table_number(t, r, "x1"), (int64_t)table_number(t, r, "n1"), (int64_t)table_number(t, r, "x0"), (int64_t)table_number(t, r, "n0")};
    return k;
}

Test(stratified, pooled_ratio_difference_and_test_equal_metafor_and_R)
{
    const char *const set[] = {"sites", "small", "apart"};
    for (int s = 0; s < 3; s++) {
        rp_counts c[8];
        rp_stratified r;
        rp_value q, p;
        int df;
        const int k = counts_of(set[s], c);
        cr_assert_eq(rp_stratified_find(k, c, 0.95, &r), RP_OK);
        cr_assert_eq(rp_ratio_heterogeneity(k, c, &q, &df, &p), RP_OK);
        const double got[] = {r.ratio.x, r.ratio_ci.low.x, r.ratio_ci.high.x, r.difference.x, r.difference_ci.low.x,
                              r.difference_ci.high.x, r.chisq.x, r.p.x, q.x, p.x};
        const char *const name[] = {"ratio", "ratio_low", "ratio_high", "difference", "difference_low", "difference_high", "chisq", "p", "q", "q_p"};
        for (int i = 0; i < 10; i++) cr_expect(near(got[i], pooled(set[s], name[i]), 1e-9, 0), "%s %s: %.12g", set[s], name[i], got[i]);
        cr_expect_eq(df, k - 1);
    }
}

Test(stratified, one_stratum_is_the_plain_comparison_and_empty_arms_are_left_out)
{
    const rp_counts c[] = {{338, 53043, 262, 52872}, {0, 0, 5, 100}};
    rp_stratified r;
    cr_assert_eq(rp_stratified_find(2, c, 0.95, &r), RP_OK);
    const rp_interval katz = rp_ratio_katz(c, 0.95);
    cr_expect_eq(r.strata, 1);
    cr_expect(near(r.ratio_ci.low.x, katz.low.x, 1e-12, 0) && near(r.ratio_ci.high.x, katz.high.x, 1e-12, 0));
    cr_assert_eq(rp_stratified_find(1, c + 1, 0.95, &r), RP_OK);
    cr_expect_eq(r.ratio.state, RP_VALUE_UNDEFINED);
    cr_expect_eq(rp_stratified_find(1, &(rp_counts){5, 4, 1, 2}, 0.95, &r), RP_EARG);
}

/* Ratios: statsmodels' test_proportions_2indep; differences: the likelihood searched by scipy. */
Test(margin, score_tests_equal_statsmodels_and_the_likelihood)
{
    const table *t = table_read("tests/data/stats_trial_margin.csv");
    for (int r = 0; r < t->rows; r++) {
        const rp_counts c = {(int64_t)table_number(t, r, "x1"), (int64_t)table_number(t, r, "n1"), (int64_t)table_number(t, r, "x0"), (int64_t)table_number(t, r, "n0")};
        const double m = table_number(t, r, "margin"), want = table_number(t, r, "p");
        double z, p;
        cr_assert_eq(!strcmp(table_text(t, r, "scale"), "ratio") ? rp_ratio_noninferior(&c, m, &z, &p) : rp_difference_noninferior(&c, m, &z, &p), RP_OK);
        cr_expect(near(p, want, 1e-5, 0), "row %d: %.12g, not %.12g", r, p, want);
    }
}

/* The likelihood is searched to 1e-13 there, its root found to 1e-12. */
Test(paired, differences_have_tangos_interval)
{
    const table *t = table_read("tests/data/stats_trial_paired.csv");
    for (int r = 0; r < t->rows; r++) {
        const rp_pairs c = {(int64_t)table_number(t, r, "both"), (int64_t)table_number(t, r, "only_new"), (int64_t)table_number(t, r, "only_standard"), (int64_t)table_number(t, r, "neither")};
        rp_paired p;
        cr_assert_eq(rp_paired_find(&c, 0.95, &p), RP_OK);
        cr_expect(near(p.difference_ci.low.x, table_number(t, r, "low"), 1e-5, 1e-8), "row %d: %.9g", r, p.difference_ci.low.x);
        cr_expect(near(p.difference_ci.high.x, table_number(t, r, "high"), 1e-5, 1e-8), "row %d: %.9g", r, p.difference_ci.high.x);
    }
}

/* The test at a margin and the interval are one: at the lower bound p is 0.025. */
Test(paired, the_margin_at_the_bound_has_the_p_of_the_level)
{
    const rp_pairs c = {100, 3, 9, 4000};
    rp_paired p;
    double z, q;
    cr_assert_eq(rp_paired_find(&c, 0.95, &p), RP_OK);
    cr_assert_eq(rp_paired_noninferior(&c, -p.difference_ci.low.x, &z, &q), RP_OK);
    cr_expect(near(q, 0.025, 1e-9, 0), "%g", q);
}

/* reference/evaluation.md, section 6: log ratio variance (b + c)/(x1 x0). */
Test(paired, the_ratio_is_that_of_the_marginals_and_clusters_of_one_agree)
{
    const rp_pairs c = {240, 21, 10, 55310};
    rp_paired p;
    rp_clustered r;
    cr_assert_eq(rp_paired_find(&c, 0.95, &p), RP_OK);
    const double half = 1.959963984540054 * sqrt(31.0 / (261.0 * 250));
    cr_expect(near(p.ratio.x, 261.0 / 250, 1e-14, 0));
    cr_expect(near(p.ratio_ci.low.x, 261.0 / 250 * exp(-half), 1e-12, 0));
    const rp_cluster_pattern one[] = {{1, 1, 1, 1, 240}, {1, 1, 0, 1, 21}, {0, 1, 1, 1, 10}, {0, 1, 0, 1, 55310}};
    cr_assert_eq(rp_clustered_find(4, one, 0.95, &r), RP_OK);
    const double n = 240 + 21 + 10 + 55310;
    cr_expect(near(r.log_se.x * r.log_se.x, 31.0 / (261.0 * 250) * n / (n - 1), 1e-10, 0));
    cr_expect(near(p.test.exact_p, 0.0707552, 1e-5, 0), "two-sided binomial of 21 in 31: %g", p.test.exact_p);
    const rp_pairs none = {0, 0, 0, 50};
    cr_assert_eq(rp_paired_find(&none, 0.95, &p), RP_OK);
    cr_expect(p.ratio.state == RP_VALUE_UNDEFINED && p.difference.x == 0 && p.difference_ci.high.x > 0.01);
    cr_expect_eq(rp_paired_find(&(rp_pairs){0, 0, 0, 0}, 0.95, &p), RP_EARG);
}

Test(clustered, a_single_cluster_and_an_arm_without_outcomes_have_no_error)
{
    rp_clustered r;
    cr_assert_eq(rp_clustered_find(1, &(rp_cluster_pattern){3, 10, 2, 10, 1}, 0.95, &r), RP_OK);
    cr_expect(r.log_se.state == RP_VALUE_UNDEFINED && near(r.ratio.x, 1.5, 1e-15, 0));
    cr_assert_eq(rp_clustered_find(2, (rp_cluster_pattern[]){{1, 1, 0, 0, 40}, {0, 0, 0, 1, 40}}, 0.95, &r), RP_OK);
    cr_expect(r.log_se.state == RP_VALUE_UNDEFINED && r.difference.x == 1);
    cr_expect_eq(rp_clustered_find(1, &(rp_cluster_pattern){1, 1, 0, 0, 40}, 0.95, &r), RP_EARG);
}

Test(clustered, one_stratum_is_the_plain_comparison)
{
    const rp_cluster_pattern p[] = {{1, 2, 0, 0, 9}, {0, 1, 0, 0, 70}, {0, 0, 1, 1, 12}, {0, 0, 0, 2, 60}, {1, 1, 1, 2, 3}};
    const rp_cluster_part part[] = {{0, 1, 2, 0, 0}, {0, 0, 1, 0, 0}, {0, 0, 0, 1, 1}, {0, 0, 0, 0, 2}, {0, 1, 1, 1, 2}};
    rp_composition g[5];
    rp_counts c = {0};
    rp_clustered plain, pooled;
    for (int i = 0; i < 5; i++) {
        g[i] = (rp_composition){i, 1, p[i].clusters};
        c.x1 += p[i].x1 * p[i].clusters;
        c.n1 += p[i].n1 * p[i].clusters;
        c.x0 += p[i].x0 * p[i].clusters;
        c.n0 += p[i].n0 * p[i].clusters;
    }
    cr_assert_eq(rp_clustered_find(5, p, 0.95, &plain), RP_OK);
    cr_assert_eq(rp_stratified_robust(1, &c, 5, g, part, 0.95, &pooled), RP_OK);
    cr_expect_eq(pooled.clusters, 154);
    cr_expect(near(pooled.log_se.x, plain.log_se.x, 1e-12, 0) && near(pooled.ratio_p.x, plain.ratio_p.x, 1e-10, 0));
    cr_expect(near(pooled.difference_ci.low.x, plain.difference_ci.low.x, 1e-10, 0));
}

/* Rows in another order give the same compositions in the same order. */
Test(clustered, compositions_do_not_depend_on_the_order_of_rows)
{
    enum { N = 300 };
    static uint8_t of_arm[2][N], of_recall[2][N];
    static int32_t stratum[2][N], cluster[2][N];
    rp_composition *g[2];
    rp_cluster_part *part[2];
    int64_t n[2], m[2];
    for (int i = 0; i < N; i++) {
        const int j = (i * 7 + 3) % N, woman = i / 2 % 90;
        of_arm[0][i] = of_arm[1][j] = woman % 2;
        of_recall[0][i] = of_recall[1][j] = i % 5 == 0;
        stratum[0][i] = stratum[1][j] = (woman + i % 3) % 4;
        cluster[0][i] = cluster[1][j] = woman;
    }
    for (int o = 0; o < 2; o++) {
        rp_exams e = {.rows = N, .arm = of_arm[o]};
        e.flag[RP_EXAM_RECALL] = of_recall[o];
        cr_assert_eq(rp_trial_compositions(&e, rp_endpoint_find("recalls"), RP_MISSING_EXCLUDE, NULL, stratum[o], cluster[o], 90, &g[o], &n[o], &part[o], &m[o]), RP_OK);
    }
    int64_t clusters = 0, exams = 0;
    cr_assert_eq(n[0], n[1]);
    for (int64_t k = 0; k < n[0]; k++) {
        cr_assert(g[0][k].parts == g[1][k].parts && g[0][k].clusters == g[1][k].clusters);
        cr_expect_eq(memcmp(part[0] + g[0][k].first, part[1] + g[1][k].first, (size_t)g[0][k].parts * sizeof *part[0]), 0);
        clusters += g[0][k].clusters;
        for (int64_t j = g[0][k].first; j < g[0][k].first + g[0][k].parts; j++) exams += g[0][k].clusters * (part[0][j].n1 + part[0][j].n0);
    }
    cr_expect(clusters == 90 && exams == N, "%ld clusters, %ld examinations", (long)clusters, (long)exams);
    for (int o = 0; o < 2; o++) {
        rp_free(g[o]);
        rp_free(part[o]);
    }
}

/* A screening table of eight examinations; 2 is missing. */
static const uint8_t arm[] = {1, 1, 1, 1, 0, 0, 0, 0}, recall[] = {1, 1, 0, 2, 1, 0, 0, 0}, cancer[] = {1, 0, 2, 1, 2, 1, 0, 0},
                     later[] = {0, 0, 1, 0, 0, 1, 0, 2}, reader1[] = {1, 0, 0, 0, 1, 0, 0, 0}, reader2[] = {1, 2, 2, 0, 1, 0, 0, 0};
static rp_exams exams(void)
{
    rp_exams e = {.rows = 8, .arm = arm};
    e.flag[RP_EXAM_RECALL] = recall;
    e.flag[RP_EXAM_CANCER] = cancer;
    e.flag[RP_EXAM_INTERVAL] = later;
    e.flag[RP_EXAM_READER1] = reader1;
    e.flag[RP_EXAM_READER2] = reader2;
    return e;
}

static void expect_cell(const char *name, rp_missing rule, int64_t x1, int64_t n1, int64_t x0, int64_t n0, int64_t m1, int64_t m0)
{
    const rp_exams e = exams();
    rp_trial_cell c;
    rp_trial_count(&e, rp_endpoint_find(name), rule, NULL, NULL, 1, &c);
    cr_expect(c.c.x1 == x1 && c.c.n1 == n1 && c.c.x0 == x0 && c.c.n0 == n0 && c.missing1 == m1 && c.missing0 == m0,
              "%s: %ld of %ld against %ld of %ld, missing %ld and %ld", name, (long)c.c.x1, (long)c.c.n1, (long)c.c.x0, (long)c.c.n0, (long)c.missing1, (long)c.missing0);
}

Test(outcomes, follow_from_the_columns_as_masai_prints_them)
{
    expect_cell("recalls", RP_MISSING_EXCLUDE, 2, 3, 1, 4, 1, 0);
    expect_cell("cancers-detected", RP_MISSING_EXCLUDE, 1, 3, 0, 3, 1, 1); /* a cancer not recalled need not be known */
    expect_cell("false-positives", RP_MISSING_EXCLUDE, 1, 3, 0, 3, 1, 1);
    expect_cell("ppv-recall", RP_MISSING_EXCLUDE, 1, 2, 0, 0, 1, 1);
    expect_cell("interval-cancers", RP_MISSING_EXCLUDE, 1, 4, 1, 3, 0, 1);
    expect_cell("sensitivity", RP_MISSING_EXCLUDE, 1, 2, 0, 1, 1, 2);
    expect_cell("specificity", RP_MISSING_EXCLUDE, 0, 1, 1, 1, 1, 2);
    expect_cell("readings", RP_MISSING_EXCLUDE, 6, 4, 8, 4, 0, 0);
}

Test(outcomes, missing_ones_follow_the_rule)
{
    expect_cell("recalls", RP_MISSING_NONE, 2, 4, 1, 4, 1, 0);
    expect_cell("recalls", RP_MISSING_EVENT, 3, 4, 1, 4, 1, 0);
    expect_cell("recalls", RP_MISSING_WORST, 3, 4, 1, 4, 1, 0);
    expect_cell("cancers-detected", RP_MISSING_WORST, 1, 4, 1, 4, 1, 1); /* many is good: new none, control one */
}

/* Patterns of clusters hold each examination once, whatever the order of rows. */
Test(outcomes, clusters_keep_the_counts)
{
    const rp_exams e = exams();
    const int32_t cluster[] = {0, 0, 1, 1, 2, 2, 2, 3};
    RP_AUTOFREE rp_cluster_pattern *p = NULL, *q = NULL;
    int64_t n, m;
    const rp_endpoint *recalls = rp_endpoint_find("recalls");
    cr_assert_eq(rp_trial_patterns(&e, recalls, RP_MISSING_EXCLUDE, NULL, NULL, -1, cluster, 4, &p, &n), RP_OK);
    cr_expect_eq(n, 4);
    cr_expect(p[0].n0 == 1 && p[1].x0 == 1 && p[1].n0 == 3 && p[2].n1 == 1 && p[2].x1 == 0 && p[3].x1 == 2 && p[3].n1 == 2);
    cr_assert_eq(rp_trial_patterns(&e, recalls, RP_MISSING_EXCLUDE, NULL, NULL, -1, NULL, 8, &q, &m), RP_OK);
    int64_t x1 = 0, n1 = 0, x0 = 0, n0 = 0;
    for (int64_t i = 0; i < m; i++) {
        x1 += q[i].x1 * q[i].clusters;
        n1 += q[i].n1 * q[i].clusters;
        x0 += q[i].x0 * q[i].clusters;
        n0 += q[i].n0 * q[i].clusters;
    }
    cr_expect(x1 == 2 && n1 == 3 && x0 == 1 && n0 == 4);
}

/* Lists of two, put together by hand: those of the table of few first, as one counts them. */
Test(clustered, patterns_of_several_merge_in_the_order_of_one)
{
    rp_cluster_pattern p[] = {{0, 1, 0, 0, 5}, {1, 2, 0, 7, 1}, {3, 1, 0, 9, 2}, {9, 200, 1, 1, 1}, {0, 0, 0, 1, 4}, {0, 1, 0, 0, 6}, {3, 1, 0, 9, 3}, {8, 200, 1, 1, 1}};
    const rp_cluster_pattern want[] = {{0, 0, 0, 1, 4}, {0, 1, 0, 0, 11}, {1, 2, 0, 7, 1}, {3, 1, 0, 9, 5}, {8, 200, 1, 1, 1}, {9, 200, 1, 1, 1}};
    cr_assert_eq(rp_patterns_merge(8, p), 6);
    for (int k = 0; k < 6; k++)
        cr_expect(p[k].x1 == want[k].x1 && p[k].n1 == want[k].n1 && p[k].x0 == want[k].x0 && p[k].n0 == want[k].n0 && p[k].clusters == want[k].clusters, "pattern %d", k);
    cr_expect_eq(rp_patterns_merge(0, NULL), 0);
}

Test(stratified, compositions_of_several_merge_by_content)
{
    const rp_cluster_part part[] = {{0, 1, 2, 0, 0}, {1, 0, 1, 0, 0}, {0, 1, 2, 0, 0}, {0, 1, 2, 0, 0}, {1, 0, 1, 0, 0}};
    rp_composition c[] = {{0, 2, 3}, {2, 1, 4}, {3, 2, 5}};
    cr_assert_eq(rp_compositions_merge(3, c, part), 2);
    cr_expect(c[0].parts == 1 && c[0].clusters == 4 && c[1].parts == 2 && c[1].clusters == 8);
}

/* Someone else always has 5. */
static rp_status add_five(void *unused, int64_t n, int64_t x[])
{
    (void)unused;
    for (int64_t k = 0; k < n; k++) x[k] += 5;
    return RP_OK;
}

Test(shared, selection_is_the_sorted_list_s)
{
    const uint64_t x[] = {0, 3, 3, 3, 9, UINT64_MAX - 1};
    const int64_t want[] = {-1, 0, 1, 2, 4, 5, 6, 7};
    const uint64_t is[] = {0, 0, 1, 4, 4, 10, UINT64_MAX, UINT64_MAX};
    uint64_t key[8];
    const rp_shared alone = {NULL, NULL}, two = {add_five, NULL};
    int64_t n = 1;
    cr_assert_eq(rp_shared_select(&alone, 6, x, 8, want, key), RP_OK);
    for (int k = 0; k < 8; k++) cr_expect_eq(key[k], is[k], "want %d: %llu", (int)want[k], (unsigned long long)key[k]);
    cr_assert_eq(rp_shared_sum(&two, 1, &n), RP_OK);
    cr_expect_eq(n, 6);
    cr_expect_eq(rp_shared_verdict(&alone, RP_EMEM), RP_EMEM);
    cr_expect_eq(rp_shared_verdict(&two, RP_OK), RP_EPEER, "others failed, says the sum");
}

Test(shared, keys_order_as_the_doubles_do_and_sort)
{
    const double x[] = {-INFINITY, -1e300, -2, -1e-310, 0, 1e-310, 1, 1.0000000000000002, 1e300};
    uint64_t key[3000];
    for (int k = 0; k < 9; k++) {
        cr_expect_eq(rp_double_of_key(rp_key_of_double(x[k])), x[k]);
        if (k > 0) cr_expect_lt(rp_key_of_double(x[k - 1]), rp_key_of_double(x[k]));
    }
    cr_expect_eq(rp_key_of_double(-0.0), rp_key_of_double(0.0));
    uint64_t sum = 0;
    for (int k = 0; k < 3000; k++) sum += key[k] = (uint64_t)k * k * 0x9E3779B97F4A7C15ULL >> k % 50;
    cr_assert_eq(rp_rank_sort_keys(3000, key), RP_OK);
    for (int k = 0; k < 3000; k++) {
        sum -= key[k];
        cr_assert(k == 0 || key[k - 1] <= key[k]);
    }
    cr_expect_eq(sum, 0);
    cr_expect_eq(rp_rank_sort_keys(0, key), RP_OK);
}
