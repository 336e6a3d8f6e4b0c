/* tests/test_pipeline_trial.c - radpipe trial. */
#include "tests/harness.h"

#include <stdio.h>
#include <string.h>

#define PROGRAM build_path("radpipe")

/* MASAI's cancers detected as printed in 2025: 338 of 53,043 against 262 of 52,872, ratio 1.29
 * (95 % interval 1.09 to 1.51), p 0.0021 (DOI 10.1016/S2589-7500(24)00267-X). */
Test(trial, masai_is_reproduced_to_the_printed_digits, .timeout = 60)
{
    char out[8000];
    const char *folder = scratch_folder("trial");
    cr_assert_eq(run_command(20, out, sizeof out, "%s trial --counts tests/data/stats_two_arm.csv --out %s", PROGRAM, folder), 0, "%s", out);
    char path[600];
    snprintf(path, sizeof path, "%s/trial.csv", folder);
    const table *t = table_read(path);
    cr_assert_str_eq(table_text(t, 0, "endpoint"), "cancers detected");
    cr_expect(near(table_number(t, 0, "ratio"), 1.29, 0, 0.005));
    cr_expect(near(table_number(t, 0, "ratio_low"), 1.09, 0, 0.005));
    cr_expect(near(table_number(t, 0, "ratio_high"), 1.51, 0, 0.005));
    cr_expect(near(table_number(t, 0, "fisher_p"), 0.0021, 0, 0.00005));
    cr_expect(near(table_number(t, 0, "new_per_1000"), 6.4, 0, 0.05));
    cr_expect(near(table_number(t, 0, "control_per_1000"), 5.0, 0, 0.05));
}

Test(trial, noninferiority_looks_from_the_side_that_the_margin_says, .timeout = 60)
{
    char out[8000], path[600];
    const char *folder = scratch_folder("trial-margin");
    cr_assert_eq(run_command(20, out, sizeof out, "%s trial --counts tests/data/stats_two_arm.csv --margin 0.8 --out %s", PROGRAM, folder), 0, "%s", out);
    snprintf(path, sizeof path, "%s/trial.csv", folder);
    const table *t = table_read(path);
    cr_expect_lt(table_number(t, 0, "noninferiority_p"), 1e-6, "detection is far above 0.8 of the control");
    cr_assert_eq(run_command(20, out, sizeof out, "%s trial --counts tests/data/stats_two_arm.csv --margin 1.2 --out %s", PROGRAM, folder), 0, "%s", out);
    t = table_read(path);
    cr_expect_gt(table_number(t, 0, "noninferiority_p"), 0.5, "a ratio of 1.29 is not below 1.2");
}

Test(trial, impossible_counts_are_named_by_line, .timeout = 60)
{
    char out[4000];
    const char *folder = scratch_folder("trial-bad");
    cr_expect_eq(run_command(20, out, sizeof out, "printf \"trial,endpoint,x1,n1,x0,n0\\na,b,5,4,1,2\\n\" > %s/c.csv; %s trial --counts %s/c.csv", folder, PROGRAM, folder), 3, "%s", out);
    cr_expect(strstr(out, "c.csv:2: counts must be 0 <= x <= n") != NULL, "%s", out);
}

/* MASAI's row between rows that are malformed in every way; katz's interval of the row itself is the printed one. */
Test(trial, malformed_counts_stop_by_line_or_are_left_out_and_counted, .timeout = 60)
{
    static const char text[] = "trial,endpoint,x1,n1,x0,n0\na,b,5,4,1,2\nMASAI,detected,338,53043,262,52872\na,b,1,2\na,b,one,2,1,2\na,b\"c,1,2,1,2\n";
    char out[8000], path[600];
    const char *folder = scratch_folder("trial-skip");
    put_file(folder, "c.csv", text);
    cr_expect_eq(run_command(20, out, sizeof out, "%s trial --counts %s/c.csv --bad-rows stop", PROGRAM, folder), 3, "%s", out);
    cr_expect(strstr(out, "c.csv:2: counts must be 0 <= x <= n"), "%s", out);
    cr_assert_eq(run_command(20, out, sizeof out, "%s trial --counts %s/c.csv --bad-rows skip --out %s", PROGRAM, folder, folder), 0, "%s", out);
    cr_expect(strstr(out, "WARNING: 4 malformed rows left out, the first: ") && strstr(out, "c.csv:2: counts must be"), "%s", out);
    snprintf(path, sizeof path, "%s/trial.csv", folder);
    const table *t = table_read(path);
    cr_assert_eq(t->rows, 1);
    cr_expect(near(table_number(t, 0, "ratio_low"), 1.09, 0, 0.005) && near(table_number(t, 0, "ratio_high"), 1.51, 0, 0.005));
    put_file(folder, "none.csv", "trial,endpoint,x1,n1,x0,n0\na,b,5,4,1,2\n");
    cr_expect_eq(run_command(20, out, sizeof out, "%s trial --counts %s/none.csv --bad-rows skip", PROGRAM, folder), 3, "%s", out);
    cr_expect(strstr(out, "no row is left of 1, all malformed; the first: "), "%s", out);
    cr_expect_eq(run_command(20, out, sizeof out, "%s trial --counts %s/c.csv --bad-rows ignore", PROGRAM, folder), 2, "%s", out);
}
