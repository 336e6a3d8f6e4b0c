/* tests/test_pipeline_trial_policy.c - radpipe trial --policy: reading policies replayed. */
#include "tests/stats_rows.h"

static const char *replay(const char *name, int exit_code, char *out, size_t size, const char *args)
{
    const char *folder = scratch_folder(name);
    const int rc = run_command(60, out, size, "%s trial %s --out %s", build_path("radpipe"), args, folder);
    cr_assert_eq(rc, exit_code, "trial %s: exit %d: %s", args, rc, out);
    return folder;
}

static int row_at(const table *t, const char *policy, const char *unseen, const char *arm, const char *measure)
{
    int row;
    const char *const column[] = {"policy", "unseen", "arm", "measure"}, *const value[] = {policy, unseen, arm, measure};
    cr_assert(row_of(t, measure ? 4 : 3, column, value, &row), "no row %s %s %s %s", policy, unseen, arm, measure ? measure : "");
    return row;
}

/* Counts by plain loops over rows: trials/make_policy.py. */
Test(policy, seven_policies_have_the_counts_of_the_reference)
{
    const char *path = shared_path("data/stats/trials/policy_cohort.csv");
    if (!path) skip_test("the reference set ../shared/data/stats is not there");
    char out[60000];
    const char *folder = replay("seven", 0, out, sizeof out,
        text_of("--table %s --policy jobs/policies/double.yaml --policy jobs/policies/masai.yaml --policy jobs/policies/aitic.yaml "
                "--policy jobs/policies/ai_second_reader.yaml --policy jobs/policies/single_plus_ai.yaml "
                "--policy jobs/policies/threshold_triage.yaml --policy jobs/policies/safety_net.yaml", path));
    const table *got = table_read(text_of("%s/policies.csv", folder)), *want = table_read(shared_path("data/stats/trials/policy_reference.csv"));
    static const char *const column[] = {"examinations", "readings", "consensus", "recalls", "cancers_detected", "false_positives", "invasive_detected", "cancers_missed", "interval_cancers"};
    cr_assert_eq(want->rows, 21);
    for (int r = 0; r < want->rows; r++) {
        const int row = row_at(got, table_text(want, r, "policy"), "observed", table_text(want, r, "arm"), NULL);
        for (int c = 0; c < 9; c++)
            cr_expect_str_eq(table_text(got, row, column[c]), table_text(want, r, column[c]), "%s %s %s", table_text(want, r, "policy"), table_text(want, r, "arm"), column[c]);
    }
    cr_expect(strstr(out, "cannot show how a computer changes readers"), "%s", out);
}

/* Six examinations: flagged by one, by both, by none; cancers among each. */
static const char six[] = "reader1,reader2,ai_raw,risk_score,consensus_recall,cancer,invasive\n"
                          "1,0,0.9,10,1,1,1\n0,1,0.8,9,1,1,0\n1,1,0.7,8,1,0,0\n0,0,0.95,10,1,1,1\n0,0,0.2,2,0,0,0\n0,0,0.1,1,0,0,0\n";

static const char *yaml(const char *name, const char *text)
{
    const char *folder = scratch_folder(name);
    put_file(folder, "policy.yaml", text);
    return text_of("%s/policy.yaml", folder);
}

Test(policy, gains_and_losses_are_counted_on_the_same_examinations)
{
    char out[20000];
    const char *folder = replay("pairs", 0, out, sizeof out, text_of("--table %s --policy %s", file_of("six", six),
                                yaml("one", "name: one\nbands: {readers: [1]}\nsafety: {score: ai_raw, share: 0.17}\n")));
    const table *t = table_read(text_of("%s/comparison.csv", folder)), *c = table_read(text_of("%s/policies.csv", folder));
    /* One reader loses the second examination, the net (the highest of six) gains the fourth. */
    int row = row_at(t, "one", "observed", "all", "cancers_detected");
    cr_expect(table_number(t, row, "new") == 2 && table_number(t, row, "standard") == 2 && table_number(t, row, "gained") == 1 && table_number(t, row, "lost") == 1);
    cr_expect_eq(table_number(t, row, "p"), 1, "McNemar, exact");
    const double half = 1.959963984540054 * sqrt(2.0 / 4);
    cr_expect(near(table_number(t, row, "ratio_high"), exp(half), 1e-12, 0), "log ratio variance (b + c)/(x1 x0)");
    row = row_at(c, "one", "observed", "all", NULL);
    cr_expect(table_number(c, row, "readings") == 6 && table_number(c, row, "consensus") == 3 && table_number(c, row, "consensus_unseen") == 1);
    row = row_at(c, "one", "never", "all", NULL);
    cr_expect_eq(table_number(c, row, "cancers_detected"), 1, "a bound: consensus recalls nobody it was not asked about");
}

Test(policy, a_probability_lies_between_its_bounds_and_bounds_are_always_shown)
{
    char out[20000];
    const char *net = yaml("net", "name: net\nbands: {readers: [2]}\nsafety: {share: 0.5, score: ai_raw}\n");
    const char *folder = replay("p", 0, out, sizeof out, text_of("--table %s --policy %s --unseen 0.25", file_of("unseen", six), net));
    const table *t = table_read(text_of("%s/policies.csv", folder));
    const double never = table_number(t, row_at(t, "net", "never", "all", NULL), "recalls"), always = table_number(t, row_at(t, "net", "always", "all", NULL), "recalls");
    cr_expect(never == 3 && always == 4, "%g and %g", never, always);
    cr_expect(near(table_number(t, row_at(t, "net", "0.25", "all", NULL), "recalls"), 3.25, 1e-12, 0));
}

/* The cohort's risk score is 1 + the tenths of it with lower scores: score 10 is the top tenth by share. */
Test(policy, the_top_tenth_by_share_is_risk_ten)
{
    const char *path = shared_path("data/stats/trials/policy_cohort.csv");
    if (!path) skip_test("the reference set ../shared/data/stats is not there");
    char out[20000];
    const char *share = yaml("share", "name: top\nbands: {score: ai_raw, by: share, cuts: [0.9], readers: [1, 2]}\n");
    const char *folder = replay("tenth", 0, out, sizeof out, text_of("--table %s --policy %s --policy jobs/policies/masai.yaml", path, share));
    const table *t = table_read(text_of("%s/policies.csv", folder));
    static const char *const arm[] = {"all", "AI", "control"}, *const column[] = {"readings", "consensus", "recalls", "cancers_detected"};
    for (int a = 0; a < 3; a++)
        for (int c = 0; c < 4; c++)
            cr_expect_str_eq(table_text(t, row_at(t, "top", "observed", arm[a], NULL), column[c]), table_text(t, row_at(t, "masai", "observed", arm[a], NULL), column[c]), "%s %s", arm[a], column[c]);
}

Test(policy, costs_and_hours_follow_from_the_counts)
{
    char out[20000];
    const char *costs = text_of("%s/costs.yaml", scratch_folder("costs"));
    FILE *f = fopen(costs, "w");
    fputs("reading: 4\nconsensus: 10\nrecall: 200\nai: 1\nminutes: {reading: 0.5, consensus: 6}\n", f);
    fclose(f);
    const char *folder = replay("priced", 0, out, sizeof out, text_of("--table %s --policy jobs/policies/masai.yaml --costs %s", file_of("priced_table", six), costs));
    const table *t = table_read(text_of("%s/policies.csv", folder));
    /* risk 10 twice read: 8 readings; flags of reader 1, and of both at risk 10: 2 in consensus, 2 recalled, 1 cancer */
    const int row = row_at(t, "masai", "observed", "all", NULL);
    cr_expect(table_number(t, row, "readings") == 8 && table_number(t, row, "consensus") == 2 && table_number(t, row, "recalls") == 2);
    cr_expect_eq(table_number(t, row, "cost"), 4 * 8 + 10 * 2 + 200 * 2 + 6);
    cr_expect(near(table_number(t, row, "cost_per_examination"), 458.0 / 6, 1e-12, 0) && table_number(t, row, "cost_per_cancer") == 458);
    cr_expect(near(table_number(t, row, "hours_saved"), ((12 - 8) * 0.5 + (3 - 2) * 6) / 60, 1e-12, 0), "%s", table_text(t, row, "hours_saved"));
}

Test(policy, without_complete_follow_up_no_missed_cancer_is_counted)
{
    char out[20000];
    const char *folder = replay("follow", 0, out, sizeof out, text_of("--table %s --policy jobs/policies/aitic.yaml --against jobs/policies/masai.yaml",
        file_of("follow_table", "reader1,reader2,risk_score,consensus_recall,cancer\n1,0,10,1,1\n0,1,9,1,\n0,0,2,0,\n")));
    const table *t = table_read(text_of("%s/policies.csv", folder));
    const int row = row_at(t, "aitic", "observed", "all", NULL);
    cr_expect_str_eq(table_text(t, row, "cancers_missed"), "");
    cr_expect(table_number(t, row, "unverified") == 1 && table_number(t, row, "false_positives") == 0);
    cr_expect(strstr(out, "Follow-up is not complete") && strstr(out, "against masai"), "%s", out);
}

Test(policy, wrong_files_and_missing_columns_are_named)
{
    static const struct {
        const char *text, *says;
        int code;
    } bad[] = {{"name: x\nband: {readers: [2]}\n", "unknown key 'band'", 2},
               {"name: x\nbands: {cuts: [3, 2], readers: [0, 1, 2]}\n", "do not rise", 2},
               {"name: x\nbands: {cuts: [3], readers: [1]}\n", "1 numbers for 1 cuts", 2},
               {"name: x\nbands: {readers: [3]}\n", "from 0 to 2", 2},
               {"bands: {readers: [2]}\n", "'name' is missing", 2},
               {"name: x\nai: {role: second-reader, score: ai_raw, threshold: 0.3}\n", "needs the column 'ai_raw'", 3}};
    char out[4000];
    const char *path = file_of("no_scores", "reader1,reader2,consensus_recall,cancer\n1,0,1,1\n0,0,0,0\n");
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        (void)replay("bad", bad[k].code, out, sizeof out, text_of("--table %s --policy %s", path, yaml("bad_policy", bad[k].text)));
        cr_expect(strstr(out, bad[k].says), "%s: %s", bad[k].text, out);
    }
    (void)replay("bad", 2, out, sizeof out, text_of("--table %s --policy jobs/policies/double.yaml --unseen maybe", path));
    (void)replay("bad", 2, out, sizeof out, text_of("--table %s --unseen never", path));
    (void)replay("bad", 3, out, sizeof out, text_of("--table %s --policy jobs/policies/double.yaml", file_of("hole", "reader1,reader2,consensus_recall,cancer\n1,,1,1\n")));
    cr_expect(strstr(out, "row 1: no 'reader2'"), "%s", out);
}
