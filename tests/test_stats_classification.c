/* tests/test_stats_classification.c - lib/stats: curves, proportions, calibration, readers. */
#include "lib/stats/proportion.h"
#include "lib/stats/roc.h"
#include "tests/stats_values.h"

Test(classification, continuous_scores_equal_pROC_and_R)
{
    hold_shared(rp_family_classification, "classification", "cont400", "_expected.csv");
}
Test(classification, tied_scores_equal_pROC_and_R)
{
    hold_shared(rp_family_classification, "classification", "ties150", "_expected.csv");
}
Test(classification, a_rare_class_equals_pROC_and_R)
{
    hold_shared(rp_family_classification, "classification", "rare2000", "_expected.csv");
}
Test(classification, a_small_set_equals_pROC_and_R_where_they_define_it)
{
    hold_shared(rp_family_classification, "classification", "small30", "_expected.csv");
}
Test(classification, the_small_set_that_comes_along_holds_too)
{
    hold_family(rp_family_classification, "tests/data/stats_small30_input.csv", "tests/data/stats_small30_expected.csv");
}

Test(mrmc, four_readers_equal_MRMCaov)
{
    hold_shared(rp_family_mrmc, "classification", "mrmc_r4", "_expected.csv");
}
Test(mrmc, six_readers_equal_MRMCaov)
{
    hold_shared(rp_family_mrmc, "classification", "mrmc_r6", "_expected.csv");
}
Test(mrmc, van_dyke_equals_MRMCaov)
{
    hold_shared(rp_family_mrmc, "classification", "mrmc_vandyke", "_expected.csv");
}

static rp_status run_small(int64_t n, const double y[], const double s[], rp_rows *rows)
{
    const char *const name[] = {"y", "score1"};
    const double *const value[] = {y, s};
    const rp_family_options o = rp_family_defaults();
    return rp_family_classification(&(rp_columns){n, 2, name, value}, &o, rows);
}

Test(classification, one_class_alone_is_undefined_and_says_why)
{
    const double y[] = {1, 1, 1}, s[] = {0.2, 0.4, 0.9};
    RP_ROWS_AUTO rows = {0};
    cr_assert_eq(run_small(3, y, s, &rows), RP_OK);
    cr_expect_eq(rp_rows_find(&rows, "auc1")->state, RP_VALUE_UNDEFINED);
    cr_expect_str_eq(rp_rows_find(&rows, "auc1")->reason, "one class is absent");
    cr_expect_eq(rp_rows_find(&rows, "auc1_var_delong")->state, RP_VALUE_UNDEFINED);
    cr_expect_eq(rp_rows_find(&rows, "spec1_0.5")->state, RP_VALUE_UNDEFINED);
    cr_expect_eq(rp_rows_find(&rows, "sens1_0.5")->state, RP_VALUE_OK);
}

Test(classification, separated_classes_have_no_calibration_slope)
{
    const double y[] = {0, 0, 0, 1, 1, 1}, s[] = {0.1, 0.2, 0.3, 0.6, 0.7, 0.8};
    RP_ROWS_AUTO rows = {0};
    cr_assert_eq(run_small(6, y, s, &rows), RP_OK);
    cr_expect_eq(rp_rows_find(&rows, "calibration_slope1")->state, RP_VALUE_UNDEFINED);
    cr_expect_eq(rp_rows_find(&rows, "auc1")->x, 1.0);
    cr_expect_eq(rp_rows_find(&rows, "auc1_lo_delong")->state, RP_VALUE_UNDEFINED, "an interval of no width");
}

Test(classification, certain_and_wrong_costs_an_infinite_log_loss)
{
    const double y[] = {0, 1, 0, 1}, s[] = {1, 0.5, 0.2, 0.9};
    RP_ROWS_AUTO rows = {0};
    cr_assert_eq(run_small(4, y, s, &rows), RP_OK);
    cr_expect_eq(rp_rows_find(&rows, "logloss1")->state, RP_VALUE_INFINITE);
    cr_expect_eq(rp_rows_find(&rows, "calibration_slope1")->state, RP_VALUE_UNDEFINED);
}

Test(classification, hostile_columns_are_refused_by_name)
{
    RP_ROWS_AUTO rows = {0};
    const double y[] = {0, 2}, s[] = {0.1, 0.2}, ok[] = {0, 1}, wide[] = {0.1, 7}, bad[] = {0.1, NAN};
    cr_expect_eq(run_small(2, y, s, &rows), RP_EDATA);
    cr_expect(strstr(rp_error_message(), "'y'"));
    cr_expect_eq(run_small(2, ok, wide, &rows), RP_EDATA, "a probability of 7");
    cr_expect_eq(run_small(2, ok, bad, &rows), RP_ENUM);
    cr_expect_eq(run_small(0, ok, s, &rows), RP_EDATA);
}

Test(proportion, no_events_and_all_events_touch_the_ends)
{
    rp_interval ci;
    cr_assert_eq(rp_proportion_interval(RP_CLOPPER_PEARSON, 0, 10, 0.95, &ci), RP_OK);
    cr_expect_eq(ci.low.x, 0.0);
    cr_expect(near(ci.high.x, 1 - pow(0.025, 0.1), 1e-13, 0));
    cr_assert_eq(rp_proportion_interval(RP_CLOPPER_PEARSON, 10, 10, 0.95, &ci), RP_OK);
    cr_expect(near(ci.low.x, pow(0.025, 0.1), 1e-13, 0) && ci.high.x == 1);
    cr_assert_eq(rp_proportion_interval(RP_WILSON, 0, 0, 0.95, &ci), RP_OK);
    cr_expect_eq(ci.low.state, RP_VALUE_UNDEFINED);
    cr_expect_eq(rp_proportion_interval(RP_WILSON, 3, 2, 0.95, &ci), RP_EARG);
}

Test(roc, sensitivity_and_specificity_read_one_curve_both_ways)
{
    const double y[] = {0, 0, 1, 0, 1, 1}, s[] = {1, 2, 3, 4, 5, 6};
    RP_AUTO(rp_roc) roc = NULL;
    cr_assert_eq(rp_roc_new(6, y, s, &roc), RP_OK);
    cr_expect(near(rp_roc_sensitivity_at(roc, 1).x, 2.0 / 3, 1e-15, 0));
    cr_expect(near(rp_roc_sensitivity_at(roc, 0.5).x, 1, 1e-15, 0));
    cr_expect(near(rp_roc_specificity_at(roc, 1).x, 2.0 / 3, 1e-15, 0));
    cr_expect(near(rp_roc_specificity_at(roc, 0.5).x, 1, 1e-15, 0));
}

Test(mrmc, a_case_that_one_reader_missed_is_refused)
{
    const double reader[] = {1, 1, 2}, test[] = {1, 1, 1}, cas[] = {1, 2, 1}, truth[] = {0, 1, 0}, rating[] = {1, 2, 1};
    const char *const name[] = {"reader", "test", "case", "truth", "rating"};
    const double *const value[] = {reader, test, cas, truth, rating};
    const rp_family_options o = rp_family_defaults();
    RP_ROWS_AUTO rows = {0};
    cr_expect_eq(rp_family_mrmc(&(rp_columns){3, 5, name, value}, &o, &rows), RP_EDATA);
}
