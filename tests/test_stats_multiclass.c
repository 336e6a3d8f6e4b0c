/* tests/test_stats_multiclass.c - lib/stats: more than two classes. */
#include "lib/stats/multiclass.h"
#include "lib/stats/roc.h"
#include "tests/stats_values.h"

/* The input without its column of text.  Lives until the process ends. */
static rp_columns input(void)
{
    enum { ROWS = 150, COLUMNS = 6 };
    static const char *const name[] = {"id", "y", "p0", "p1", "p2", "p3"};
    static double number[COLUMNS][ROWS];
    static const double *const value[] = {number[0], number[1], number[2], number[3], number[4], number[5]};
    const table *t = table_read("tests/data/stats_multiclass_input.csv");
    cr_assert_eq(t->rows, ROWS);
    for (int c = 0; c < COLUMNS; c++)
        for (int r = 0; r < ROWS; r++) number[c][r] = table_number(t, r, name[c]);
    return (rp_columns){ROWS, COLUMNS, name, value};
}

Test(multiclass, every_score_equals_scikit_learn)
{
    RP_ROWS_AUTO rows = {0};
    const rp_columns c = input();
    const rp_family_options o = rp_family_defaults();
    const table *t = table_read("tests/data/stats_multiclass_expected.csv");
    cr_assert_eq(rp_family_classification(&c, &o, &rows), RP_OK, "%s", rp_error_message());
    cr_expect_eq(hold_rows(&rows, t, 0, t->rows, "multiclass"), t->rows);
    cr_assert_gt(t->rows, 40);
}

/* Definition: pairs of cases one by one. */
Test(multiclass, hand_and_till_is_the_share_of_pairs_in_order)
{
    const rp_columns c = input();
    const double *y = c.value[1], *const *p = &c.value[2];
    double s = 0;
    rp_value got;
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++) {
            double right = 0, pairs = 0;
            for (int64_t a = 0; a < c.rows && i != j; a++)
                for (int64_t b = 0; b < c.rows; b++)
                    if (y[a] == i && y[b] == j) {
                        pairs++;
                        right += p[i][a] > p[i][b] ? 1 : p[i][a] == p[i][b] ? 0.5 : 0;
                    }
            if (i != j) s += right / pairs;
        }
    cr_assert_eq(rp_auc_hand_till(c.rows, 4, y, p, &got), RP_OK);
    cr_expect(near(got.x, s / 12, 1e-13, 0));
}

Test(multiclass, a_class_that_is_absent_or_never_said_is_undefined_not_zero)
{
    /* class 2 is never there, class 1 never said */
    const int64_t confusion[] = {5, 0, 1, 2, 0, 0, 0, 0, 0};
    rp_multiclass_scores s;
    cr_assert_eq(rp_multiclass_score(3, confusion, &s), RP_OK);
    cr_expect(s.precision[1].state == RP_VALUE_UNDEFINED && s.recall[2].state == RP_VALUE_UNDEFINED);
    cr_expect(s.recall[1].x == 0 && s.f1[1].x == 0 && s.f1[2].x == 0);
    cr_expect(near(s.accuracy.x, 5.0 / 8, 1e-15, 0) && near(s.balanced.x, (5.0 / 6 + 0) / 2, 1e-15, 0));
    const double y[] = {0, 0, 1, 1}, a[] = {0.5, 0.4, 0.2, 0.1}, b[] = {0.3, 0.3, 0.6, 0.5}, d[] = {0.2, 0.3, 0.2, 0.4};
    rp_value v;
    cr_assert_eq(rp_auc_hand_till(4, 3, y, (const double *const[]){a, b, d}, &v), RP_OK);
    cr_expect_eq(v.state, RP_VALUE_UNDEFINED);
    cr_expect_eq(rp_multiclass_score(1, confusion, &s), RP_EARG);
}

Test(multiclass, probabilities_that_are_none_are_named_by_row)
{
    const double y[] = {0, 1, 2}, a[] = {0.5, 0.4, 0.2}, b[] = {0.3, 0.3, 0.6}, d[] = {0.2, 0.5, 0.2};
    const char *const name[] = {"y", "p0", "p1", "p2"};
    const double *const value[] = {y, a, b, d};
    const rp_family_options o = rp_family_defaults();
    RP_ROWS_AUTO rows = {0};
    cr_expect_eq(rp_family_classification(&(rp_columns){3, 4, name, value}, &o, &rows), RP_EDATA);
    cr_expect(strstr(rp_error_message(), "row 2: p0 to p2 add up to 1.2"), "%s", rp_error_message());
    cr_expect_eq(rp_family_classification(&(rp_columns){3, 1, name, value}, &o, &rows), RP_EDATA);
    cr_expect(strstr(rp_error_message(), "predicted"), "%s", rp_error_message());
}
