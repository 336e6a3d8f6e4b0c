/* tests/test_pipeline_inference.c - radpipe stats permutation, multiplicity, power, sequential. */
#include "tests/stats_rows.h"

/* R 4.2: power.prop.test to its root's tolerance (print: 1e-6), roots of the power functions. */
Test(planning, sizes_and_powers_equal_those_of_R)
{
    const table *t = table_read("tests/data/stats_planning.csv");
    cr_assert_eq(t->rows, 13);
    for (int r = 0; r < t->rows; r++) {
        const table *got = stats("planning", text_of("power %s", table_text(t, r, "args")));
        const double x = value_of(got, NULL, NULL, table_text(t, r, "name")), want = table_number(t, r, "value");
        cr_expect(near(x, want, 1e-7, 0), "%s: %.12g, not %.12g", table_text(t, r, "args"), x, want);
    }
}

Test(planning, clusters_and_dropout_raise_the_number_and_lower_the_power)
{
    const char *design = "power --design paired --discordant 0.2 --difference 0.1";
    const double plain = value_of(stats("plain", design), NULL, NULL, "n_pairs");
    const table *t = stats("spread", text_of("%s --cluster-size 2 --icc 0.3 --dropout 0.2", design));
    cr_expect(near(value_of(t, NULL, NULL, "n_pairs"), plain * 1.3 / 0.8, 1e-12, 0));
    cr_expect(near(value_of(t, NULL, NULL, "design_effect"), 1.3, 1e-12, 0));
    t = stats("back", text_of("%s --cluster-size 2 --icc 0.3 --dropout 0.2 --n %.17g", design, plain * 1.3 / 0.8));
    cr_expect(near(value_of(t, NULL, NULL, "power"), 0.8, 1e-9, 0), "the planned number has the planned power");
    /* Hanley and McNeil at 0.5 is Wilcoxon's variance (m + n + 1) / 12 m n. */
    t = stats("auc", "power --design auc --auc 0.5 --positives 50 --negatives 50");
    cr_expect(near(value_of(t, NULL, NULL, "se"), sqrt(101.0 / (12 * 2500)), 1e-12, 0));
}

Test(planning, what_a_design_does_not_take_is_refused)
{
    static const struct {
        const char *args, *says;
    } bad[] = {{"power", "--design"},
               {"power --design two-proportion", "did you mean 'two-proportions'"},
               {"power --design two-proportions --p1 0.2", "needs --p0"},
               {"power --design two-proportions --p1 0.2 --p0 0.2", "equal shares"},
               {"power --design paired --discordant 0.2 --difference 0.1 --margin 0.1", "no use for --margin"},
               {"power --design paired --discordant 0.2 --difference 0.3", "discordant 0.2"},
               {"power --design log-rank --hazard-ratio 0.5 --n 100 --power 0.8", "--n or --power"},
               {"sequential", "--looks"},
               {"sequential --looks 2 --bounds pockock", "did you mean 'pocock'"},
               {"sequential --fractions 0.5,0.4,1", "rise"},
               {"sequential --fractions 0.5,0.9", "share 0.9"}};
    char out[4000];
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        cr_expect_eq(run_command(30, out, sizeof out, "%s stats %s", build_path("radpipe"), bad[k].args), 2, "%s: %s", bad[k].args, out);
        cr_expect(strstr(out, bad[k].says), "%s: %s", bad[k].args, out);
    }
}

/* scipy's multivariate normal distribution: another way to the same bounds.  Recursive integration
 * and scipy's sampling of the rectangle are each good to 1e-5. */
Test(sequential, bounds_of_unequal_looks_equal_rectangles_of_the_normal_distribution)
{
    const table *t = table_read("tests/data/stats_sequential.csv");
    cr_assert_gt(t->rows, 25);
    for (int r = 0; r < t->rows; r++) {
        char fractions[60];
        snprintf(fractions, sizeof fractions, "%s", table_text(t, r, "fractions"));
        for (char *c = fractions; *c; c++) *c = *c == ';' ? ',' : *c;
        const table *got = stats("looks", text_of("sequential --bounds %s --fractions %s --alpha %s", table_text(t, r, "bounds"),
                                                  fractions, table_text(t, r, "alpha")));
        const double z = value_of(got, "look", table_text(t, r, "look"), "z");
        cr_expect(near(z, table_number(t, r, "z"), 0, 3e-5), "%s %s look %s: %.7g, not %s", table_text(t, r, "bounds"), fractions,
                  table_text(t, r, "look"), z, table_text(t, r, "z"));
    }
}

Test(sequential, alpha_is_spent_look_by_look)
{
    const table *t = stats("spent", "sequential --looks 2");
    cr_expect(near(value_of(t, "look", "2", "alpha_spent"), 0.05, 1e-9, 0));
    cr_expect(near(value_of(t, "look", "1", "alpha_spent"), value_of(t, "look", "1", "nominal_p"), 1e-12, 0));
    t = stats("spending", "sequential --bounds lan-demets --fractions 0.8");
    cr_expect_lt(value_of(t, "look", "1", "alpha_spent"), 0.05, "a fifth of the information is still to come");
}

Test(multiplicity, every_method_equals_p_adjust_of_R)
{
    const table *want = table_read("tests/data/stats_adjusted.csv");
    char text[2000] = "name,p\n";
    for (int r = 0; r < want->rows && !strcmp(table_text(want, r, "name"), "bonferroni"); r++) {
        strcat(text, text_of("%s,%s\n", table_text(want, r, "test"), table_text(want, r, "p")));
    }
    const table *got = stats("adjusted", text_of("multiplicity --input %s", file_of("adjust", text)));
    cr_assert_eq(want->rows, 60);
    for (int r = 0; r < want->rows; r++) {
        const double x = value_of(got, "test", table_text(want, r, "test"), table_text(want, r, "name"));
        cr_expect(near(x, table_number(want, r, "value"), 1e-12, 0), "%s %s", table_text(want, r, "test"), table_text(want, r, "name"));
    }
}

Test(multiplicity, what_is_no_p_value_is_named_by_line)
{
    char out[4000];
    const char *path = file_of("no_p", "name,p\na,0.01\nb,1.5\nc,0.04\n");
    cr_expect_eq(run_command(30, out, sizeof out, "%s stats multiplicity --input %s", build_path("radpipe"), path), 3);
    cr_expect(strstr(out, "table.csv:3: '1.5' is no p value"), "%s", out);
    const table *t = stats("without", text_of("multiplicity --input %s --bad-rows skip", path));
    cr_expect(near(value_of(t, "test", "a", "holm"), 0.02, 1e-15, 0), "two tests are left");
    cr_expect_eq(value_of(t, "test", "all", "rows_left_out"), 1);
}

/* scipy.stats.permutation_test over all arrangements. */
static void hold_permutation(const table *got, const char *kind)
{
    const table *t = table_read("tests/data/stats_permutation.csv");
    for (int r = 0; r < t->rows; r++) {
        if (strcmp(table_text(t, r, "kind"), kind) != 0) continue;
        const char *name = table_text(t, r, "name");
        cr_expect(near(value_of(got, NULL, NULL, name), table_number(t, r, "value"), 1e-12, 0), "%s %s", kind, name);
    }
    cr_expect_eq(value_of(got, NULL, NULL, "exact"), 1);
}

static const char groups[] = "value,group\n88.5,a\n91.2,a\n79.0,a\n95.1,a\n90.4,a\n84.7,a\n90.4,a\n"
                             "81.0,b\n85.5,b\n90.4,b\n76.3,b\n80.9,b\n78.8,b\n";

Test(permutation, all_arrangements_of_two_groups_equal_scipy)
{
    const table *t = stats("groups", text_of("permutation --input %s", file_of("two_groups", groups)));
    hold_permutation(t, "groups");
    cr_expect_eq(value_of(t, NULL, NULL, "arrangements"), 1716, "13 over 7");
}

Test(permutation, all_signs_of_pairs_equal_scipy)
{
    const table *t = stats("pairs", text_of("permutation --input %s", file_of("six_pairs",
        "value1,value2\n88.5,81.0\n91.2,85.5\n79.0,90.4\n95.1,76.3\n90.4,80.9\n84.7,78.8\n")));
    hold_permutation(t, "pairs");
    cr_expect_eq(value_of(t, NULL, NULL, "arrangements"), 64);
}

/* 1500 of 1716 arrangements' worth of draws know p = 0.0536 to 0.0058 (one sigma); four of those. */
Test(permutation, drawn_arrangements_come_near_and_repeat_with_the_seed)
{
    const char *args = text_of("permutation --permutations 1500 --seed 3 --input %s", file_of("drawn", groups));
    const table *a = stats("drawn_a", args), *b = stats("drawn_b", args);
    cr_expect_eq(value_of(a, NULL, NULL, "exact"), 0);
    cr_expect(fabs(value_of(a, NULL, NULL, "p") - 0.0536) < 4 * 0.0058, "%g", value_of(a, NULL, NULL, "p"));
    cr_expect_eq(value_of(a, NULL, NULL, "p_less"), value_of(b, NULL, NULL, "p_less"));
}

Test(permutation, three_groups_are_refused)
{
    char out[4000];
    const char *path = file_of("three", "value,group\n1,a\n2,b\n3,c\n");
    cr_expect_eq(run_command(30, out, sizeof out, "%s stats permutation --input %s", build_path("radpipe"), path), 3);
    cr_expect(strstr(out, "has 3 values, not two"), "%s", out);
}

/* ScreenTrustCAD's marginals (261 against 250 of 55,581) with an overlap of 240, which no paper prints.
 * R 4.2: mcnemar.test with and without correction, binom.test(21, 31). */
Test(paired, counts_have_the_tests_of_r_and_the_ratio_of_the_marginals)
{
    const char *path = file_of("screentrust", "trial,endpoint,both,only_new,only_standard,neither\nScreenTrustCAD,cancers,240,21,10,55310\n");
    const table *t = stats("counts", text_of("paired --input %s --margin 0.0001", path));
    cr_expect(near(value_of(t, "endpoint", "cancers", "mcnemar_chisq"), 3.90322580645161, 1e-12, 0));
    cr_expect(near(value_of(t, "endpoint", "cancers", "mcnemar_p"), 0.048193488293191, 1e-12, 0));
    cr_expect(near(value_of(t, "endpoint", "cancers", "mcnemar_cc_p"), 0.0724860850868464, 1e-12, 0));
    cr_expect(near(value_of(t, "endpoint", "cancers", "mcnemar_exact_p"), 0.0707555459812283, 1e-10, 0));
    const double half = 1.959963984540054 * sqrt(31.0 / (261 * 250));
    cr_expect(near(value_of(t, "endpoint", "cancers", "ratio"), 1.044, 1e-14, 0));
    cr_expect(near(value_of(t, "endpoint", "cancers", "ratio_lo"), 1.044 * exp(-half), 1e-12, 0));
    cr_expect_eq(value_of(t, "endpoint", "cancers", "n"), 55581);
    cr_expect(value_of(t, "endpoint", "cancers", "noninferiority_p") < 0.025, "the difference's lower bound is above -0.0001");
}

Test(paired, a_table_is_split_by_cancer_and_robust_for_clusters)
{
    const char *path = file_of("pairs_table", "id,new,standard,cancer,cluster\n1,1,1,1,a\n2,1,0,1,a\n3,0,1,1,b\n4,1,0,1,c\n5,1,0,0,d\n6,0,0,0,d\n7,0,1,0,e\n8,0,0,0,f\n");
    const table *t = stats("split", text_of("paired --input %s", path));
    cr_expect_eq(value_of(t, NULL, NULL, "n"), 8);
    cr_expect(value_of(t, NULL, NULL, "cancers_gained") == 2 && value_of(t, NULL, NULL, "cancers_lost") == 1 && value_of(t, NULL, NULL, "cancers_n") == 4);
    cr_expect(value_of(t, NULL, NULL, "others_new") == 1 && value_of(t, NULL, NULL, "others_standard") == 1);
    cr_expect_eq(value_of(t, NULL, NULL, "clusters"), 6);
    /* By definition: u = sum of (new - p1)/(8 p1) - (standard - p0)/(8 p0) in each cluster, CR1, t with 5 df. */
    const double u[6] = {1.0 / 4 - 1.0 / 3 + 1.0 / 4, -1.0 / 3, 1.0 / 4, 1.0 / 4, -1.0 / 3, 0};
    double s = 0;
    for (int g = 0; g < 6; g++) s += u[g] * u[g];
    const double se = sqrt(s * 6 / 5), t5 = 2.570581835636314;
    cr_expect(near(value_of(t, NULL, NULL, "ratio_robust_hi"), 4.0 / 3 * exp(t5 * se), 1e-9, 0));
    char out[4000];
    cr_expect_eq(run_command(30, out, sizeof out, "%s stats paired --input %s", build_path("radpipe"), file_of("bad_pairs", "new,standard\n1,2\n")), 3);
    cr_expect(strstr(out, "column 'standard'"), "%s", out);
}
