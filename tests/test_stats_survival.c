/* tests/test_stats_survival.c - lib/stats: times to an event. */
#include "lib/stats/competing.h"
#include "lib/stats/concordance.h"
#include "lib/stats/cox.h"
#include "lib/stats/km.h"
#include "tests/stats_values.h"

static void hold_both(const char *name)
{
    hold_shared(rp_family_survival, "survival", name, "_expected.csv");
    hold_shared(rp_family_survival, "survival", name, "_expected_sksurv.csv");
}

Test(survival, many_ties_equal_R_and_scikit_survival)
{
    hold_both("tiesn300");
}
Test(survival, a_hundred_and_twenty_equal_R_and_scikit_survival)
{
    hold_both("n120");
}
Test(survival, sixty_equal_R_and_scikit_survival)
{
    hold_both("n60");
}
Test(survival, a_thousand_equal_R_and_scikit_survival)
{
    hold_both("n1000");
}
Test(survival, the_small_set_that_comes_along_holds_too)
{
    hold_family(rp_family_survival, "tests/data/stats_n60_input.csv", "tests/data/stats_n60_expected.csv");
}

/* R's survfit (log-log interval) and coxph on log(-log S), fifths of predicted risk by type-7 quantiles. */
Test(survival, calibration_at_the_horizon_equals_survival_of_R)
{
    hold_family(rp_family_survival, "tests/data/stats_n60_input.csv", "tests/data/stats_n60_calibration.csv");
}

/* Pairs one by one: the definition. */
static double slow_c(int n, const double t[], const double e[], const double r[], double *se)
{
    double s = 0, all = 0, u2 = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < n; i++) {
            double mine = 0, pairs = 0;
            for (int j = 0; j < n; j++)
                for (int way = 0; way < 2; way++) {
                    const int a = way ? j : i, b = way ? i : j;
                    if (i == j || !e[a] || !(t[a] < t[b] || (t[a] == t[b] && !e[b]))) continue;
                    const double c = r[a] > r[b] ? 1 : r[a] == r[b] ? 0.5 : 0;
                    mine += c;
                    pairs++;
                }
            if (pass == 0) {
                s += mine / 2;
                all += pairs / 2;
            } else {
                u2 += (mine - s / all * pairs) * (mine - s / all * pairs);
            }
        }
    *se = sqrt(u2) / all;
    return s / all;
}

Test(concordance, trees_count_what_pairs_one_by_one_count)
{
    enum { N = 300 };
    double t[N], e[N], r[N], se;
    for (int i = 0; i < N; i++) {
        t[i] = (i * 7919 % 41) / 4.0;
        e[i] = i * 31 % 5 < 3;
        r[i] = (i * 104729 % 23) - t[i] / 3;
        r[i] = rint(r[i]);
    }
    RP_AUTO(rp_lives) l = NULL;
    rp_concordance c;
    cr_assert_eq(rp_lives_new(N, t, e, &l), RP_OK);
    cr_assert_eq(rp_concordance_find(l, r, NULL, true, &c), RP_OK);
    cr_expect(near(c.c.x, slow_c(N, t, e, r, &se), 1e-14, 0));
    cr_expect(near(c.se.x, se, 1e-12, 0));
}

Test(concordance, without_an_event_it_is_undefined)
{
    const double t[] = {1, 2, 3}, e[] = {0, 0, 0}, r[] = {3, 2, 1};
    RP_AUTO(rp_lives) l = NULL;
    rp_concordance c;
    cr_assert_eq(rp_lives_new(3, t, e, &l), RP_OK);
    cr_assert_eq(rp_concordance_find(l, r, NULL, true, &c), RP_OK);
    cr_expect_eq(c.c.state, RP_VALUE_UNDEFINED);
    cr_expect_str_eq(c.c.reason, "no comparable pair");
}

Test(km, nothing_is_known_beyond_the_last_time_unless_the_curve_is_at_zero)
{
    const double t[] = {1, 2, 3}, alive[] = {1, 1, 0}, dead[] = {1, 1, 1};
    RP_AUTO(rp_lives) a = NULL;
    RP_AUTO(rp_lives) b = NULL;
    RP_AUTO(rp_km) ka = NULL;
    RP_AUTO(rp_km) kb = NULL;
    rp_value area, se;
    cr_assert_eq(rp_lives_new(3, t, alive, &a), RP_OK);
    cr_assert_eq(rp_lives_new(3, t, dead, &b), RP_OK);
    cr_assert_eq(rp_km_new(a, RP_KM_EVENTS, &ka), RP_OK);
    cr_assert_eq(rp_km_new(b, RP_KM_EVENTS, &kb), RP_OK);
    cr_expect_eq(rp_km_read(ka, 4).surv.state, RP_VALUE_UNDEFINED);
    cr_expect_eq(rp_km_read(kb, 4).surv.x, 0.0);
    cr_expect_eq(rp_km_read(kb, 4).se.state, RP_VALUE_UNDEFINED);
    cr_expect_eq(rp_km_read(kb, 0.5).surv.x, 1.0);
    rp_km_area(ka, 4, &area, &se);
    cr_expect_eq(area.state, RP_VALUE_UNDEFINED);
    rp_km_area(kb, 10, &area, &se);
    cr_expect(near(area.x, 2, 1e-15, 0), "mean of 1, 2, 3");
}

Test(cox, a_monotone_likelihood_is_refused_by_name)
{
    const double t[] = {1, 2, 3, 4, 5, 6}, e[] = {1, 1, 1, 0, 0, 0}, x[] = {1, 1, 1, 0, 0, 0};
    const double *const columns[] = {x};
    const rp_cox_data d = {6, t, e, 1, columns, NULL};
    RP_AUTO(rp_cox) fit = NULL;
    cr_expect_eq(rp_cox_fit(&d, RP_COX_EFRON, &fit), RP_ENUM);
    cr_expect_null(fit);
}

Test(cox, equal_columns_and_no_events_are_refused)
{
    const double t[] = {1, 2, 3, 4}, e[] = {1, 0, 1, 1}, none[] = {0, 0, 0, 0}, x[] = {1, 0, 2, 0};
    const double *const columns[] = {x, x};
    RP_AUTO(rp_cox) fit = NULL;
    cr_expect_eq(rp_cox_fit(&(rp_cox_data){4, t, e, 2, columns, NULL}, RP_COX_EFRON, &fit), RP_ENUM);
    cr_expect_eq(rp_cox_fit(&(rp_cox_data){4, t, none, 1, columns, NULL}, RP_COX_EFRON, &fit), RP_EDATA);
}

Test(cox, without_ties_the_three_ways_agree)
{
    const double t[] = {5, 3, 9, 1, 7, 2, 8, 4}, e[] = {1, 1, 0, 1, 1, 0, 1, 1}, x[] = {0.3, 1, -0.2, 0.4, 0, 2, -1, 0.9};
    const double *const columns[] = {x};
    const rp_cox_data d = {8, t, e, 1, columns, NULL};
    double b[3];
    for (int k = 0; k < 3; k++) {
        RP_AUTO(rp_cox) fit = NULL;
        cr_assert_eq(rp_cox_fit(&d, (rp_cox_ties)k, &fit), RP_OK);
        b[k] = rp_cox_get(fit).coefficient[0];
    }
    cr_expect(near(b[0], b[1], 1e-12, 0) && near(b[0], b[2], 1e-12, 0));
}

Test(survival, hostile_tables_are_refused_by_name)
{
    const double t[] = {1, -2}, ok[] = {1, 2}, e[] = {1, 0}, odd[] = {1, 0.5};
    const char *const name[] = {"time", "event"};
    const rp_family_options o = rp_family_defaults();
    RP_ROWS_AUTO rows = {0};
    cr_expect_eq(rp_family_survival(&(rp_columns){2, 2, name, (const double *const[]){t, e}}, &o, &rows), RP_EDATA);
    cr_expect_eq(rp_family_survival(&(rp_columns){2, 2, name, (const double *const[]){ok, odd}}, &o, &rows), RP_EDATA);
    cr_expect_eq(rp_family_survival(&(rp_columns){2, 1, name, (const double *const[]){ok}}, &o, &rows), RP_EDATA);
    cr_expect(strstr(rp_error_message(), "event"));
}

Test(survival, a_table_of_times_and_events_alone_gives_its_curve)
{
    const double t[] = {1, 2, 3, 30}, e[] = {1, 0, 1, 0};
    const char *const name[] = {"time", "event"};
    const rp_family_options o = rp_family_defaults();
    RP_ROWS_AUTO rows = {0};
    cr_assert_eq(rp_family_survival(&(rp_columns){4, 2, name, (const double *const[]){t, e}}, &o, &rows), RP_OK);
    cr_expect(near(rp_rows_find(&rows, "km_surv_t5")->x, 0.375, 1e-15, 0));
    cr_expect_null(rp_rows_find(&rows, "harrell_c"));
}
