/* tests/test_stats_trials.c - lib/stats: agreement of measurements, arms of trials. */
#include "lib/stats/agreement.h"
#include "lib/stats/two_arm.h"
#include "tests/stats_values.h"

Test(agreement, three_raters_equal_psych_and_epiR)
{
    hold_shared(rp_family_agreement, "agreement", "k3", "_expected.csv");
}
Test(agreement, two_raters_equal_psych_and_epiR)
{
    hold_shared(rp_family_agreement, "agreement", "k2", "_expected.csv");
}
Test(agreement, six_raters_equal_psych_and_epiR)
{
    hold_shared(rp_family_agreement, "agreement", "k6", "_expected.csv");
}
Test(agreement, four_raters_equal_psych_and_epiR)
{
    hold_shared(rp_family_agreement, "agreement", "k4", "_expected.csv");
}
Test(agreement, the_small_set_that_comes_along_holds_too)
{
    hold_family(rp_family_agreement, "tests/data/stats_k6_input.csv", "tests/data/stats_k6_expected.csv");
}

Test(agreement, measurements_without_variance_are_undefined)
{
    const double a[] = {1, 2, 3, 4}, flat[] = {5, 5, 5, 5};
    rp_icc icc[RP_ICC_FORMS];
    cr_assert_eq(rp_icc_find(4, 2, (const double *const[]){a, a}, icc), RP_OK);
    cr_expect_eq(icc[RP_ICC3].value.state, RP_VALUE_UNDEFINED, "no error variance: F has no value");
    cr_assert_eq(rp_icc_find(4, 2, (const double *const[]){flat, flat}, icc), RP_OK);
    cr_expect_eq(icc[RP_ICC1].value.state, RP_VALUE_UNDEFINED);
    cr_expect_eq(rp_ccc_find(4, a, flat).value.state, RP_VALUE_UNDEFINED);
    cr_expect(near(rp_ccc_find(4, a, a).value.x, 1, 1e-15, 0));
    cr_expect_eq(rp_icc_find(1, 2, (const double *const[]){a, a}, icc), RP_EARG);
}

/* Rows of two_arm_expected.csv of one trial and endpoint stand together. */
static int block_end(const table *t, int first)
{
    int last = first;
    while (last < t->rows && !strcmp(table_text(t, last, "trial"), table_text(t, first, "trial")) &&
           !strcmp(table_text(t, last, "endpoint"), table_text(t, first, "endpoint")))
        last++;
    return last;
}

static bool find_row(const table *t, const char *endpoint, const char *trial, const char *name, int *row)
{
    for (*row = 0; *row < t->rows; ++*row)
        if (!strcmp(table_text(t, *row, "trial"), trial) && !strcmp(table_text(t, *row, endpoint), name)) return true;
    return false;
}

static void count_rows(const table *two, const table *one, const char *trial, const char *endpoint, rp_rows *rows)
{
    int r;
    if (find_row(two, "endpoint", trial, endpoint, &r))
        cr_assert_eq(rp_family_two_arm((int64_t)table_number(two, r, "x1"), (int64_t)table_number(two, r, "n1"),
                                       (int64_t)table_number(two, r, "x0"), (int64_t)table_number(two, r, "n0"), rows),
                     RP_OK, "%s", rp_error_message());
    else if (find_row(one, "quantity", trial, endpoint, &r))
        cr_assert_eq(rp_family_one_arm((int64_t)table_number(one, r, "x"), (int64_t)table_number(one, r, "n"), rows), RP_OK);
    else
        cr_assert_fail("no counts of %s, %s", trial, endpoint);
}

static void hold_trials(const char *two_path, const char *one_path, const char *expected)
{
    const table *two = table_read(two_path), *one = table_read(one_path), *t = table_read(expected);
    int held = 0;
    for (int first = 0; first < t->rows;) {
        const int last = block_end(t, first);
        RP_ROWS_AUTO rows = {0};
        count_rows(two, one, table_text(t, first, "trial"), table_text(t, first, "endpoint"), &rows);
        held += hold_rows(&rows, t, first, last, table_text(t, first, "endpoint"));
        first = last;
    }
    fprintf(stderr, "%s: %d of %d rows\n", expected, held, t->rows);
}

Test(trials, every_method_equals_scipy_and_statsmodels)
{
    const char *two = shared_path("data/stats/trials/two_arm.csv");
    if (!two) skip_test("the reference set ../shared/data/stats is not there");
    hold_trials(two, shared_path("data/stats/trials/one_arm.csv"), shared_path("data/stats/trials/two_arm_expected.csv"));
}

Test(trials, the_small_set_that_comes_along_holds_too)
{
    hold_trials("tests/data/stats_two_arm.csv", "tests/data/stats_one_arm.csv", "tests/data/stats_two_arm_expected.csv");
}

/* Does x, with as many decimals as the print has, read as printed? */
static bool prints_as(double x, const char *printed)
{
    char text[40];
    const char *dot = strchr(printed, '.');
    snprintf(text, sizeof text, "%.*f", dot ? (int)strlen(dot + 1) : 0, x);
    return strcmp(text, printed) == 0;
}

Test(trials, published_digits_are_printed_by_the_methods_that_print_them)
{
    const char *path = shared_path("data/stats/trials/method_match.csv");
    if (!path) skip_test("the reference set ../shared/data/stats is not there");
    const table *t = table_read(path), *two = table_read(shared_path("data/stats/trials/two_arm.csv")),
                *one = table_read(shared_path("data/stats/trials/one_arm.csv"));
    for (int r = 0; r < t->rows; r++) {
        RP_ROWS_AUTO rows = {0};
        int at;
        const char *endpoint = table_text(t, r, "endpoint"), *method = table_text(t, r, "method");
        count_rows(two, one, table_text(t, r, "trial"), endpoint, &rows);
        const bool single = find_row(one, "quantity", table_text(t, r, "trial"), endpoint, &at);
        const double unit = !single ? 1 : strcmp(table_text(one, at, "unit"), "per 1000") ? 100 : 1000;
        char name[64];
        bool same;
        if (!strcmp(table_text(t, r, "kind"), "ci")) {
            snprintf(name, sizeof name, "%s_lo", method);
            same = prints_as(rp_rows_find(&rows, name)->x * unit, table_text(t, r, "published"));
            snprintf(name, sizeof name, "%s_hi", method);
            same = same && prints_as(rp_rows_find(&rows, name)->x * unit, table_text(t, r, "published_hi"));
        } else {
            snprintf(name, sizeof name, "p_%s", method);
            same = prints_as(rp_rows_find(&rows, name)->x, table_text(t, r, "published"));
        }
        cr_expect_eq(same, (int)table_number(t, r, "reproduces"), "%s, %s", endpoint, method);
    }
}

/* reference/evaluation.md section 6: the one-sided score p at a ratio of 1.20 is 0.0194. */
Test(trials, interval_cancers_of_MASAI_are_not_inferior_at_a_fifth_more)
{
    double z, p;
    cr_assert_eq(rp_ratio_noninferior(&(rp_counts){82, 53043, 93, 52872}, 1.2, &z, &p), RP_OK);
    cr_expect(prints_as(p, "0.0194"), "%g", p);
}

Test(trials, arms_without_outcomes_have_bounds_that_say_so)
{
    rp_interval ci;
    const rp_counts none1 = {0, 50, 5, 50}, none0 = {5, 50, 0, 50}, none = {0, 50, 0, 50};
    cr_assert_eq(rp_ratio_score(&none1, false, 0.95, &ci), RP_OK, "%s", rp_error_message());
    cr_expect(ci.low.x == 0 && ci.high.x > 0 && ci.high.x < 1);
    const double high = ci.high.x;
    cr_assert_eq(rp_ratio_score(&none0, false, 0.95, &ci), RP_OK);
    cr_expect_eq(ci.high.state, RP_VALUE_INFINITE);
    cr_expect(near(ci.low.x, 1 / high, 1e-12, 0), "arms changed about");
    cr_assert_eq(rp_ratio_score(&none, false, 0.95, &ci), RP_OK);
    cr_expect_eq(ci.low.state, RP_VALUE_UNDEFINED);
    cr_expect_eq(rp_ratio_katz(&none1, 0.95).low.state, RP_VALUE_UNDEFINED);
    cr_expect_eq(rp_two_arm_ratio(&none0).state, RP_VALUE_INFINITE);
    rp_two_arm_p p;
    cr_assert_eq(rp_two_arm_test(&none, &p), RP_OK);
    cr_expect(p.fisher == 1 && p.chi2.state == RP_VALUE_UNDEFINED);
    cr_assert_eq(rp_difference_score(&none, 0.95, &ci), RP_OK, "%s", rp_error_message());
    cr_expect(near(ci.low.x, -ci.high.x, 1e-9, 0) && ci.high.x > 0.05 && ci.high.x < 0.1);
    cr_assert_eq(rp_difference_score(&(rp_counts){20, 20, 35, 35}, 0.95, &ci), RP_OK, "%s", rp_error_message());
    cr_expect(ci.low.x < 0 && ci.low.x > -0.3 && ci.high.x > 0 && ci.high.x < 0.3, "all in both arms: %g to %g", ci.low.x, ci.high.x);
    cr_assert_eq(rp_ratio_score(&(rp_counts){20, 20, 35, 35}, true, 0.95, &ci), RP_OK, "%s", rp_error_message());
    cr_expect(ci.low.x > 0.7 && ci.low.x < 1 && ci.high.x > 1 && ci.high.x < 1.4, "%g to %g", ci.low.x, ci.high.x);
    cr_expect_eq(rp_two_arm_test(&(rp_counts){3, 2, 0, 1}, &p), RP_EARG);
}
