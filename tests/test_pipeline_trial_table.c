/* tests/test_pipeline_trial_table.c - radpipe trial --table: plans, populations, robust errors. */
#include "tests/stats_rows.h"

#define EXAMS "tests/data/stats_trial_exams.csv"

/* Runs 'radpipe trial ARGS --out FOLDER', expects its exit code and hands its output to out. */
static const char *trial(const char *name, int exit_code, char *out, size_t size, const char *args)
{
    const char *folder = scratch_folder(name);
    const int rc = run_command(60, out, size, "%s trial %s --out %s", build_path("radpipe"), args, folder);
    cr_assert_eq(rc, exit_code, "trial %s: exit %d: %s", args, rc, out);
    return folder;
}

static const table *rows_of(const char *name, const char *args)
{
    char out[60000];
    return table_read(text_of("%s/trial.csv", trial(name, 0, out, sizeof out, args)));
}

static int row_at(const table *t, const char *endpoint, const char *part, const char *column, const char *level)
{
    int row;
    cr_assert(row_of(t, 4, (const char *const[]){"endpoint", "part", "column", "level"}, (const char *const[]){endpoint, part, column, level}, &row),
              "no row %s %s %s %s", endpoint, part, column, level);
    return row;
}

static void expect_counts(const table *t, int row, double x1, double n1, double x0, double n0)
{
    cr_expect(table_number(t, row, "x1") == x1 && table_number(t, row, "n1") == n1 && table_number(t, row, "x0") == x0 && table_number(t, row, "n0") == n0,
              "%s: %s of %s, %s of %s", table_text(t, row, "endpoint"), table_text(t, row, "x1"), table_text(t, row, "n1"), table_text(t, row, "x0"), table_text(t, row, "n0"));
}

/* statsmodels' GLM (Poisson with log link for the ratio, identity for the difference), errors by woman
 * (260 clusters) and by reader (6: t with 5 degrees of freedom). */
Test(trial_table, robust_errors_equal_statsmodels)
{
    const table *want = table_read("tests/data/stats_trial_robust.csv");
    const table *by_woman = rows_of("woman", "--table " EXAMS);
    const table *by_reader = rows_of("reader", "--table " EXAMS " --set cluster=reader");
    for (int r = 0; r < want->rows; r++) {
        const bool woman = !strcmp(table_text(want, r, "cluster"), "woman");
        const table *t = woman ? by_woman : by_reader;
        const int row = row_at(t, table_text(want, r, "endpoint"), "all", "", "");
        const double per = table_number(t, row, "per");
        const char *const column[] = {"clusters", "ratio_low", "ratio_high", "p", "difference_low", "difference_high"};
        for (int k = 0; k < 6; k++)
            cr_expect(near(table_number(t, row, column[k]) / (k > 3 ? per : 1), table_number(want, r, column[k]), 1e-8, 0), "%s by %s, %s: %s",
                      table_text(want, r, "endpoint"), table_text(want, r, "cluster"), column[k], table_text(t, row, column[k]));
        cr_expect_str_eq(table_text(t, row, "p_method"), woman ? "robust-wald" : "robust-wald-t");
    }
}

static const char *strata_by(const char *cluster)
{
    const char *path = text_of("%s/plan.yaml", scratch_folder(text_of("strata_by_%s", cluster)));
    FILE *f = fopen(path, "w");
    cr_assert(f);
    fprintf(f, "strata: [site, age]\nbands: {age: '50,60,70'}\ncluster: %s\n", cluster);
    fclose(f);
    return path;
}

/* Residuals row by row (numpy).  Leaving out one woman after the other gives nearly the same: a tenth more,
 * for with 29 examinations a stratum its shares are fitted to few. */
Test(trial_table, pooled_strata_heed_clusters)
{
    const table *want = table_read("tests/data/stats_trial_stratified.csv");
    const table *by_woman = rows_of("strata_woman", text_of("--table " EXAMS " --sap %s", strata_by("woman")));
    const table *by_reader = rows_of("strata_reader", text_of("--table " EXAMS " --sap %s", strata_by("reader")));
    for (int r = 0; r < want->rows; r++) {
        const bool woman = !strcmp(table_text(want, r, "cluster"), "woman");
        const table *t = woman ? by_woman : by_reader;
        const int row = row_at(t, table_text(want, r, "endpoint"), "stratified", "", "");
        const double per = table_number(t, row, "per"), q = woman ? 1.959963984540054 : 2.570581835636314; /* t with 5 df */
        const double log_se = log(table_number(t, row, "ratio_high") / table_number(t, row, "ratio_low")) / (2 * q);
        const double se = (table_number(t, row, "difference_high") - table_number(t, row, "difference_low")) / (2 * q * per);
        const char *endpoint = table_text(want, r, "endpoint");
        cr_expect(near(table_number(t, row, "ratio"), table_number(want, r, "ratio"), 1e-10, 0), "%s", endpoint);
        cr_expect(near(table_number(t, row, "difference") / per, table_number(want, r, "difference"), 1e-10, 0), "%s", endpoint);
        cr_expect(near(log_se, table_number(want, r, "log_se"), 1e-9, 0), "%s: %.12g", endpoint, log_se);
        cr_expect(near(se, table_number(want, r, "difference_se"), 1e-9, 0), "%s: %.12g", endpoint, se);
        if (woman && strcmp(endpoint, "ppv-recall")) cr_expect(near(log_se, table_number(want, r, "jackknife_log_se"), 0.1, 0), "%s", endpoint);
    }
}

Test(trial_table, few_clusters_are_warned_of)
{
    char out[60000];
    (void)trial("few", 0, out, sizeof out, "--table " EXAMS " --set cluster=reader");
    cr_expect(strstr(out, "WARNING: rows of fewer than 30 clusters"), "%s", out);
    (void)trial("many", 0, out, sizeof out, "--table " EXAMS " --set endpoints=[recalls]");
    cr_expect(!strstr(out, "WARNING"), "%s", out);
}

/* Without repeats the effective number is the number there is, up to CR1's G/(G - 1); with women who come
 * twice and share their risk it is smaller, so that the interval of a share is wider (Korn and Graubard). */
Test(trial_table, shares_of_women_who_come_twice_have_wider_intervals)
{
    const table *robust = rows_of("robust", "--table " EXAMS " --set endpoints=[recalls]"), *plain = rows_of("plain_shares", "--table " EXAMS " --set endpoints=[recalls] --set cluster=none");
    const table *alone = rows_of("alone", "--table " EXAMS " --set endpoints=[recalls] --set cluster=id");
    const int row = row_at(plain, "recalls", "all", "", "");
    cr_expect_str_eq(table_text(robust, row, "rate_method"), "korn-graubard");
    cr_expect_lt(table_number(robust, row, "new_low"), table_number(plain, row, "new_low"));
    cr_expect_gt(table_number(robust, row, "control_high"), table_number(plain, row, "control_high"));
    /* R: qbeta(0.025, 44, 134), qbeta(0.975, 45, 133) */
    cr_expect(near(table_number(plain, row, "new_low"), 1000 * 0.186803979532027, 1e-9, 0) && near(table_number(plain, row, "new_high"), 1000 * 0.318992546226887, 1e-9, 0));
    cr_expect_str_eq(table_text(alone, row, "new_low"), table_text(plain, row, "new_low"), "every examination its own");
}

/* The policy cohort's double reading is what its arms did: trials/policy_reference.csv. */
Test(trial_table, the_policy_cohort_as_it_stands_has_its_counts)
{
    const char *path = shared_path("data/stats/trials/policy_cohort.csv");
    if (!path) skip_test("the reference set ../shared/data/stats is not there");
    const table *t = rows_of("cohort", text_of("--table %s", path));
    expect_counts(t, row_at(t, "recalls", "all", "", ""), 273, 9849, 271, 10151);
    expect_counts(t, row_at(t, "cancers-detected", "all", "", ""), 60, 9849, 59, 10151);
    expect_counts(t, row_at(t, "false-positives", "all", "", ""), 213, 9849, 212, 10151);
    expect_counts(t, row_at(t, "invasive-detected", "all", "", ""), 47, 9849, 45, 10151);
    expect_counts(t, row_at(t, "interval-cancers", "all", "", ""), 12, 9849, 9, 10151);
    expect_counts(t, row_at(t, "readings", "all", "", ""), 19698, 9849, 20302, 10151);
    expect_counts(t, row_at(t, "consensus", "all", "", ""), 597, 9849, 642, 10151);
    /* as MASAI prints it, not over all cancers present (section 6 of the note on evaluation) */
    expect_counts(t, row_at(t, "sensitivity", "all", "", ""), 60, 72, 59, 68);
}

/* MASAI's table of 2025, one row an examination: the same digits as from its counts. */
Test(trial_table, masai_from_examinations_prints_what_its_counts_print)
{
    const char *path = text_of("%s/exams.csv", scratch_folder("masai"));
    FILE *f = fopen(path, "w");
    cr_assert(f);
    fprintf(f, "arm,recall,cancer\n");
    static const int count[2][3] = {{262, 765, 52872}, {338, 772, 53043}};
    for (int a = 0; a < 2; a++)
        for (int i = 0; i < count[a][2]; i++)
            fprintf(f, "%s,%d,%d\n", a ? "AI" : "control", i < count[a][0] + count[a][1], i < count[a][0]);
    fclose(f);
    char out[8000];
    const table *t = table_read(text_of("%s/trial.csv", trial("masai_out", 0, out, sizeof out, text_of("--table %s", path))));
    const int row = row_at(t, "cancers-detected", "all", "", ""), recalls = row_at(t, "recalls", "all", "", "");
    cr_expect(near(table_number(t, row, "ratio_low"), 1.0948230983955147, 1e-9, 0));
    cr_expect(near(table_number(t, row, "ratio_high"), 1.510365950533997, 1e-9, 0));
    cr_expect(near(table_number(t, row, "p"), 0.0021, 0, 0.00005));
    cr_expect(near(table_number(t, row, "new_rate"), 6.37, 0, 0.005) && !strcmp(table_text(t, row, "rate_method"), "clopper-pearson"));
    cr_expect(near(table_number(t, recalls, "p"), 0.084, 0, 0.0005), "only Fisher's prints 0.084");
    cr_expect(strstr(out, "1.29 (1.09 to 1.51)") && strstr(out, "0.0021"), "%s", out);
    cr_expect_str_eq(table_text(t, row, "p_method"), "fisher", "no woman comes twice");
}

static const char sap[] = "title: A trial\nversion: 3\ndate: 2026-01-15\nprimary: recalls\nmargin: %s\n"
                          "order: [recalls noninferiority, cancers-detected superiority]\nstrata: [site, age]\n"
                          "subgroups: [site]\nbands: {age: '50,60,70'}\nendpoints: [recalls, ppv-recall]\n";

static const char *plan(const char *name, const char *margin)
{
    const char *path = text_of("%s/plan.yaml", scratch_folder(name));
    FILE *f = fopen(path, "w");
    cr_assert(f);
    fprintf(f, sap, margin);
    fclose(f);
    return path;
}

Test(trial_table, a_plan_decides_what_is_tested_and_its_digest_is_printed)
{
    char out[60000], digest[200];
    const char *path = plan("plan", "1.5");
    const char *folder = trial("planned", 0, out, sizeof out, text_of("--table " EXAMS " --sap %s", path));
    cr_assert_eq(run_command(10, digest, sizeof digest, "sha256sum %s | cut -c1-64", path), 0);
    digest[64] = 0;
    cr_expect(strstr(out, digest) && strstr(out, "dated 2026-01-15"), "%s", out);
    const table *t = table_read(text_of("%s/tests.csv", folder)), *rows = table_read(text_of("%s/trial.csv", folder));
    cr_expect_str_eq(table_text(t, 0, "test"), "noninferiority");
    cr_expect_str_eq(table_text(t, 0, "result"), "met");
    cr_expect_str_eq(table_text(t, 1, "result"), "not met");
    /* z = (log R - log 1.5)/SE, one-sided */
    const int row = row_at(rows, "recalls", "all", "", "");
    const double se = log(table_number(rows, row, "ratio_high") / table_number(rows, row, "ratio_low")) / (2 * 1.959963984540054);
    const double z = log(table_number(rows, row, "ratio") / 1.5) / se;
    cr_expect(near(table_number(t, 0, "p"), 0.5 * erfc(-z / sqrt(2)), 1e-8, 0));
    cr_expect(row_at(rows, "recalls", "stratum", "", "site N / age <50") >= 0 && row_at(rows, "ppv-recall", "interaction", "site", "") >= 0);
    /* What was not met closes what stands behind it. */
    folder = trial("closed", 0, out, sizeof out, text_of("--table " EXAMS " --sap %s", plan("plan2", "1.01")));
    t = table_read(text_of("%s/tests.csv", folder));
    cr_expect_str_eq(table_text(t, 0, "result"), "not met");
    cr_expect_str_eq(table_text(t, 1, "result"), "not tested");
}

Test(trial_table, a_wrong_plan_is_named_by_place)
{
    static const struct {
        const char *text, *says;
    } bad[] = {{"marjin: 1.2\n", ": unknown key 'marjin'; did you mean 'margin'?"},
               {"primary: recall\n", "unknown endpoint 'recall'; did you mean 'recalls'?"},
               {"primary: recalls\nmargin: 0.9\n", "a ratio above 1"},
               {"primary: cancers-detected\nmargin: 1.2\n", "a ratio below 1"},
               {"margin: 1.2\n", "belongs to a primary endpoint"},
               {"order: [recalls equivalence]\n", "must be 'ENDPOINT noninferiority'"},
               {"order: [recalls noninferiority]\n", "only the primary endpoint has a margin"},
               {"bands: {age: '50,60'}\n", "neither among the strata nor the subgroups"},
               {"strata: [age]\nbands: {age: '60,50'}\n", "does not rise"},
               {"population: per_protocol\n", "one of randomised|modified-itt|per-protocol"},
               {"alpha: 0.9\n", "from 1e-06 to 0.5"}};
    char out[4000];
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        const char *path = text_of("%s/plan.yaml", scratch_folder("bad_plan"));
        FILE *f = fopen(path, "w");
        fputs(bad[k].text, f);
        fclose(f);
        (void)trial("bad_out", 2, out, sizeof out, text_of("--table " EXAMS " --sap %s", path));
        cr_expect(strstr(out, bad[k].says), "%s: %s", bad[k].text, out);
    }
    (void)trial("bad_out", 2, out, sizeof out, text_of("--table " EXAMS " --sap %s --set alpha=0.01", plan("fixed", "1.2")));
    cr_expect(strstr(out, "a plan is fixed"), "%s", out);
    (void)trial("bad_out", 3, out, sizeof out, "--table " EXAMS " --set strata=[scanner]");
    cr_expect(strstr(out, "no column 'scanner'"), "%s", out);
    (void)trial("bad_out", 3, out, sizeof out, "--table " EXAMS " --set population=modified-itt");
    cr_expect(strstr(out, "no column 'exclusion'"), "%s", out);
}

static const char flow[] =
    "arm,recall,cancer,interval_cancer,interval_months,linked,exclusion,deviation\n"
    "AI,1,1,0,,1,,\nAI,0,,1,12,1,,\nAI,0,,1,30,1,,\nAI,0,,0,,0,,\nAI,1,1,0,,1,withdrew,\nAI,0,,0,,1,,wrong view\n"
    "control,1,0,0,,1,,\ncontrol,0,,1,24,1,,\ncontrol,0,,0,,1,symptoms,\ncontrol,0,,,,1,,\ncontrol,0,NA,0,,1,withdrew,late\n";

Test(trial_table, populations_windows_and_women_who_are_not_linked)
{
    char out[20000];
    const char *path = file_of("flow", flow);
    const table *t = rows_of("all", text_of("--table %s", path));
    expect_counts(t, row_at(t, "recalls", "all", "", ""), 2, 6, 1, 5);
    /* 30 months is the next round's; one of each arm is not known */
    expect_counts(t, row_at(t, "interval-cancers", "all", "", ""), 1, 5, 1, 4);
    cr_expect_eq(table_number(t, row_at(t, "interval-cancers", "all", "", ""), "missing1"), 1);
    t = rows_of("wide", text_of("--table %s --set window=36 --set missing=worst", path));
    expect_counts(t, row_at(t, "interval-cancers", "all", "", ""), 3, 6, 1, 5);
    t = rows_of("mitt", text_of("--table %s --set population=modified-itt", path));
    expect_counts(t, row_at(t, "recalls", "all", "", ""), 1, 5, 1, 3);
    const char *folder = trial("protocol", 0, out, sizeof out, text_of("--table %s --set population=per-protocol", path));
    t = table_read(text_of("%s/trial.csv", folder));
    expect_counts(t, row_at(t, "recalls", "all", "", ""), 1, 4, 1, 3);
    t = table_read(text_of("%s/flow.csv", folder));
    static const struct {
        const char *step, *reason, *now, *control;
    } want[] = {{"randomised", "", "6", "5"}, {"excluded", "symptoms", "0", "1"}, {"excluded", "withdrew", "1", "1"}, {"deviation", "late", "0", "0"},
                {"deviation", "wrong view", "1", "0"}, {"analysed", "per-protocol", "4", "3"}, {"analysed", "interval cancers not known (not linked)", "1", "1"}};
    cr_assert_eq(t->rows, 7);
    for (int r = 0; r < 7; r++)
        cr_expect(!strcmp(table_text(t, r, "step"), want[r].step) && !strcmp(table_text(t, r, "reason"), want[r].reason) &&
                      !strcmp(table_text(t, r, "new"), want[r].now) && !strcmp(table_text(t, r, "control"), want[r].control),
                  "row %d: %s %s %s %s", r, table_text(t, r, "step"), table_text(t, r, "reason"), table_text(t, r, "new"), table_text(t, r, "control"));
    (void)trial("stops", 3, out, sizeof out, text_of("--table %s --set missing=stop", path));
    cr_expect(strstr(out, "outcomes are missing, and the plan stops there"), "%s", out);
}

Test(trial_table, blinding_permutes_women_and_says_so)
{
    char out[60000];
    const table *plain = rows_of("plain", "--table " EXAMS), *a = rows_of("blind", "--table " EXAMS " --blind 7"), *b = rows_of("blind2", "--table " EXAMS " --blind 7");
    (void)trial("blind3", 0, out, sizeof out, "--table " EXAMS " --blind 7");
    cr_expect(strstr(out, "BLINDED: arms are permuted (seed 7)"), "%s", out);
    const int row = row_at(plain, "recalls", "all", "", "");
    cr_expect_str_eq(table_text(a, row, "ratio"), table_text(b, row, "ratio"));
    cr_expect_str_neq(table_text(a, row, "ratio"), table_text(plain, row, "ratio"));
    cr_expect_eq(table_number(a, row, "x1") + table_number(a, row, "x0"), table_number(plain, row, "x1") + table_number(plain, row, "x0"));
}

Test(trial_table, malformed_rows_stop_by_line_or_are_counted)
{
    char out[20000];
    const char *path = file_of("malformed", "arm,recall\nAI,1\nAI,yes\ncontrol,0\ncontrol\nplacebo,1\ncontrol,1\n");
    (void)trial("stop", 3, out, sizeof out, text_of("--table %s", path));
    cr_expect(strstr(out, "table.csv:3: column 'recall': 'yes' is neither 0 nor 1"), "%s", out);
    const char *folder = trial("skip", 0, out, sizeof out, text_of("--table %s --bad-rows skip", path));
    cr_expect(strstr(out, "WARNING: 3 malformed rows left out") && strstr(out, "table.csv:3:"), "%s", out);
    const table *t = table_read(text_of("%s/trial.csv", folder));
    expect_counts(t, row_at(t, "recalls", "all", "", ""), 1, 1, 1, 2);
    (void)trial("word", 2, out, sizeof out, text_of("--table %s --bad-rows ignore", path));
}

Test(trial_table, the_plan_that_ships_is_one_and_runs)
{
    const char *path = shared_path("data/stats/trials/policy_cohort.csv");
    if (!path) skip_test("the reference set ../shared/data/stats is not there");
    char out[60000];
    const char *folder = trial("shipped", 0, out, sizeof out, text_of("--table %s --sap jobs/plans/screening.yaml", path));
    const table *t = table_read(text_of("%s/tests.csv", folder));
    cr_assert_eq(t->rows, 3);
    cr_expect_str_eq(table_text(t, 0, "result"), "not met", "21 interval cancers show nothing");
    cr_expect_str_eq(table_text(t, 1, "result"), "not tested");
}

/* The program in trial.R recomputes every row with base R's own functions. */
Test(trial_table, r_recomputes_every_row, .timeout = 120)
{
    char out[60000];
    if (run_command(20, out, sizeof out, "Rscript --version") != 0) skip_test("no Rscript");
    const char *folder = trial("for_r", 0, out, sizeof out, text_of("--table " EXAMS " --sap %s", plan("plan_r", "1.5")));
    cr_expect_eq(run_command(60, out, sizeof out, "cd %s && Rscript trial.R", folder), 0, "%s", out);
    folder = trial("for_r_plain", 0, out, sizeof out, "--table " EXAMS " --set cluster=none --set methods.ratio=mn --set methods.difference=mn --set methods.test=chi2 --set subgroups=[site]");
    cr_expect_eq(run_command(60, out, sizeof out, "cd %s && Rscript trial.R", folder), 0, "%s", out);
}

/* A row an examination of x1 of n1 against x0 of n0 recalled. */
static const char *recalls_of(const char *name, int x1, int n1, int x0, int n0)
{
    const char *path = text_of("%s/exams.csv", scratch_folder(name));
    FILE *f = fopen(path, "w");
    cr_assert(f);
    fprintf(f, "arm,recall,cancer\n");
    for (int i = 0; i < n1; i++) fprintf(f, "AI,%d,%d\n", i < x1, i < x1);
    for (int i = 0; i < n0; i++) fprintf(f, "control,%d,%d\n", i < x0, i < x0);
    fclose(f);
    return path;
}

static double first_p(const char *name, const char *args)
{
    char out[20000];
    const table *t = table_read(text_of("%s/tests.csv", trial(name, 0, out, sizeof out, args)));
    cr_assert_str_eq(table_text(t, 0, "test"), "noninferiority");
    return table_number(t, 0, "p");
}

/* tests/data/stats_trial_margin.csv: 30 of 500 against 20 of 480. */
Test(trial_table, margins_of_ratios_and_differences_have_the_score_p)
{
    const char *path = recalls_of("margin", 30, 500, 20, 480);
    const double ratio = first_p("ratio", text_of("--table %s --set primary=recalls --set margin=1.2", path));
    const double difference = first_p("difference", text_of("--table %s --set primary=recalls --set margin=0.02 --set scale=difference", path));
    cr_expect(near(ratio, 0.741796258716453, 1e-9, 0), "%.12g", ratio);
    cr_expect(near(difference, 0.452663194086623, 1e-6, 0), "%.12g", difference);
}

/* Detection should be high: a margin of 0.8 looks from the other side, as it does for counts. */
Test(trial_table, a_margin_below_one_is_for_outcomes_that_should_be_many)
{
    char out[8000];
    const double p = first_p("many", text_of("--table %s --set primary=cancers-detected --set margin=0.8", recalls_of("many_table", 30, 500, 20, 480)));
    const char *counts = file_of("many_counts", "trial,endpoint,x1,n1,x0,n0\na,b,30,500,20,480\n"), *folder = scratch_folder("many_out");
    cr_assert_eq(run_command(30, out, sizeof out, "%s trial --counts %s --margin 0.8 --out %s", build_path("radpipe"), counts, folder), 0, "%s", out);
    const table *t = table_read(text_of("%s/trial.csv", folder));
    cr_expect(near(p, table_number(t, 0, "noninferiority_p"), 1e-12, 0) && p < 0.1, "%g", p);
}

Test(trial_table, help_lists_every_endpoint_and_key)
{
    char out[20000];
    static const char *const said[] = {"cancers-detected", "invasive-detected", "in-situ-detected", "recalls", "false-positives", "ppv-recall", "interval-cancers",
                                       "sensitivity", "specificity", "consensus", "readings", "methods.ratio", "subgroups", "bands", "window"};
    cr_assert_eq(run_command(30, out, sizeof out, "%s help sap", build_path("radpipe")), 0);
    for (size_t k = 0; k < sizeof said / sizeof *said; k++) cr_expect(strstr(out, said[k]), "%s", said[k]);
    cr_assert_eq(run_command(30, out, sizeof out, "%s help policy", build_path("radpipe")), 0);
    cr_expect(strstr(out, "safety.share") && strstr(out, "minutes.consensus"), "%s", out);
    cr_assert_eq(run_command(30, out, sizeof out, "%s help planning", build_path("radpipe")), 0);
    cr_expect(strstr(out, "non-inferiority") && strstr(out, "lan-demets"), "%s", out);
}
