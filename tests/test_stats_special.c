/* tests/test_stats_special.c - lib/stats: distributions, ranks, sums, roots, small matrices. */
#include "lib/base/random.h"
#include "lib/stats/dense.h"
#include "lib/stats/ranks.h"
#include "lib/stats/root.h"
#include "lib/stats/special.h"
#include "lib/stats/sums.h"
#include "lib/stats/value.h"
#include "tests/harness.h"

#include <math.h>
#include <string.h>

static double compute(const char *name, double a, double b, double c)
{
    double x = NAN;
    if (!strcmp(name, "normal_upper")) return rp_normal_upper(a);
    if (!strcmp(name, "normal_quantile")) return rp_normal_quantile(a);
    if (!strcmp(name, "chi2_upper")) return rp_chi2_upper(a, b);
    if (!strcmp(name, "t_two_sided")) return rp_t_two_sided(a, b);
    if (!strcmp(name, "f_upper")) return rp_f_upper(a, b, c);
    if (!strcmp(name, "binomial_mass")) return rp_binomial_mass(a, b, c, 1 - c);
    rp_status st = RP_EARG;
    if (!strcmp(name, "beta_quantile")) st = rp_beta_quantile(a, b, c, &x);
    if (!strcmp(name, "t_two_sided_quantile")) st = rp_t_two_sided_quantile(a, b, &x);
    if (!strcmp(name, "f_quantile_upper")) st = rp_f_quantile_upper(a, b, c, &x);
    if (!strcmp(name, "chi2_quantile_upper")) st = rp_chi2_quantile_upper(a, b, &x);
    cr_assert_eq(st, RP_OK, "%s", name);
    return x;
}

/* 1e-12: what is left of log and exp at the far ends. */
Test(special, tails_and_quantiles_equal_sixty_digits)
{
    const table *t = table_read("tests/data/stats_special.csv");
    for (int i = 0; i < t->rows; i++) {
        const char *name = table_text(t, i, "name");
        const double a = table_number(t, i, "a"), b = table_number(t, i, "b"), c = table_number(t, i, "c");
        const double want = table_number(t, i, "value"), got = compute(name, a, b, c);
        cr_expect(near(got, want, 1e-12, 0), "%s(%g, %g, %g) = %.17g, not %.17g", name, a, b, c, got, want);
    }
}

Test(special, a_quantile_out_of_range_is_refused)
{
    double x = 7;
    cr_expect_eq(rp_beta_quantile(0, 1, 1, &x), RP_EARG);
    cr_expect_eq(rp_t_two_sided_quantile(0.5, -1, &x), RP_EARG);
    cr_expect_eq(x, 7.0);
}

Test(ranks, order_is_stable_and_midranks_share_ties)
{
    const double x[] = {2, -1, 2, 0, -0.0, 1e300, -1e300, 2};
    int64_t order[8];
    double rank[8];
    cr_assert_eq(rp_rank_order(8, x, order), RP_OK);
    const int64_t want[] = {6, 1, 3, 4, 0, 2, 7, 5};
    for (int i = 0; i < 8; i++) cr_expect_eq(order[i], want[i]);
    cr_assert_eq(rp_rank_mid(8, x, rank), RP_OK);
    const double mid[] = {6, 2, 6, 3.5, 3.5, 8, 1, 6};
    for (int i = 0; i < 8; i++) cr_expect_eq(rank[i], mid[i]);
}

Test(ranks, a_nan_is_refused)
{
    const double x[] = {1, NAN};
    int64_t order[2];
    cr_expect_eq(rp_rank_order(2, x, order), RP_ENUM);
}

Test(ranks, a_hundred_thousand_random_numbers_come_out_ascending)
{
    enum { N = 100000 };
    static double x[N], y[N];
    rp_random r;
    rp_random_start(1, RP_RANDOM_TEST, 0, &r);
    for (int i = 0; i < N; i++) x[i] = rp_random_normal(&r) * pow(10, (double)(i % 40) - 20);
    cr_assert_eq(rp_rank_sort(N, x, y), RP_OK);
    for (int i = 1; i < N; i++) cr_assert_leq(y[i - 1], y[i]);
}

Test(sums, a_pairwise_sum_is_good_to_the_last_bits)
{
    static double x[100000];
    for (int i = 0; i < 100000; i++) x[i] = 0.1;
    cr_expect(near(rp_sum(100000, x), 10000, 7e-15, 0));
    cr_expect(near(rp_sum_deviation(100000, x, x), 0, 0, 1e-18));
}

static double cubic(double x, const void *c)
{
    return x * x * x - *(const double *)c;
}

Test(root, finds_a_cube_root_and_refuses_a_bracket_without_one)
{
    const double two = 2;
    double x = 7;
    cr_assert_eq(rp_root_find(cubic, &two, 0, 2, &x), RP_OK);
    cr_expect(near(x, cbrt(2), 1e-15, 0));
    cr_expect_eq(rp_root_find(cubic, &two, 2, 3, &x), RP_ENUM);
}

Test(dense, inverse_times_matrix_is_one)
{
    const double a[] = {4, 1, 2, 1, 3, 0.5, 2, 0.5, 5};
    double b[9];
    cr_assert_eq(rp_spd_inverse(3, a, b), RP_OK);
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            double s = 0;
            for (int k = 0; k < 3; k++) s += a[i * 3 + k] * b[k * 3 + j];
            cr_expect(near(s, i == j, 0, 1e-15));
        }
    const double singular[] = {1, 1, 1, 1}, u[] = {2, 2};
    cr_expect_eq(rp_spd_inverse(2, singular, b), RP_ENUM);
    double q;
    int rank;
    rp_quadratic_form(2, singular, u, &q, &rank);
    cr_expect(near(q, 4, 1e-15, 0) && rank == 1);
}

Test(value, nothing_undefined_is_a_number)
{
    cr_expect_eq(rp_value_of(NAN).state, RP_VALUE_UNDEFINED);
    cr_expect_eq(rp_value_of(INFINITY).state, RP_VALUE_INFINITE);
    cr_expect_str_eq(rp_value_ratio(1, 0, "no cases").reason, "no cases");
    RP_ROWS_AUTO rows = {0};
    rp_rows_put(&rows, 0.5, "auc%d", 1);
    cr_expect_eq(rp_rows_find(&rows, "auc1")->x, 0.5);
    cr_expect_null(rp_rows_find(&rows, "auc2"));
}
