/* tests/test_pipeline_trial_ranks.c - radpipe trial over ranks: byte for byte what one rank writes. */
#include "tests/stats_rows.h"

static char out[1 << 17];

/* Runs 'radpipe trial ARGS' on so many ranks; files go to FOLDER/RANKS, standard output beside them. */
static int launch(const char *folder, int ranks, const char *args)
{
    const char *start = ranks > 1 ? text_of("mpirun --bind-to none --oversubscribe -np %d ", ranks) : "";
    return run_command(100, out, sizeof out, QUIET_LEAKS "%s%s trial %s --out %s/%d > %s/%d.txt", start, build_path("radpipe"), args, folder, ranks, folder, ranks);
}

/* Files and standard output on 2, 3 and 5 ranks are those of one.  Hands back the folder of one. */
static const char *expect_same(const char *name, const char *args)
{
    static const int ranks[] = {2, 3, 5};
    const char *folder = scratch_folder(name);
    cr_assert_eq(launch(folder, 1, args), 0, "%s: %s", args, out);
    for (int k = 0; k < 3; k++) {
        cr_assert_eq(launch(folder, ranks[k], args), 0, "%s on %d ranks: %s", args, ranks[k], out);
        cr_expect_eq(run_command(20, out, sizeof out, "diff -r %s/1 %s/%d && cmp %s/1.txt %s/%d.txt", folder, folder, ranks[k], folder, folder, ranks[k]), 0,
                     "%s on %d ranks: %.2000s", args, ranks[k], out);
    }
    return text_of("%s/1", folder);
}

static unsigned state;
static int draw(int n)
{
    state = state * 1664525 + 1013904223;
    return (int)((state >> 8) % (unsigned)n);
}

enum { ROWS = 5000, WOMEN = 3600 };
static const char header[] = "id,woman,arm,site,age,density,reader,reader1,reader2,ai_raw,risk_score,consensus,consensus_recall,recall,cancer,interval_cancer,"
                             "interval_months,linked,interval_if_missed,invasive,exclusion,deviation\n";

/* One examination.  Sites have quotes, commas and ends of lines in their names; women come again anywhere
 * in the file. */
static void put_row(FILE *f, int i, int woman, int arm, int recall, int cancer)
{
    static const char *const site[] = {"A", "\"St. \"\"Mary\"\", North\"", "\"two\nlines\"", "", "\"7\""}, *const density[] = {"a", "b", "NA", "c"};
    static const char *const reason[] = {"", "", "", "", "", "", "withdrew", "\"moved, \nfar\"", "NA"}, *const late[] = {"", "", "", "", "late", "other view"};
    const int interval = !recall && draw(60) == 0, score = draw(40);
    fprintf(f, "%d,\"w%d\",%s,%s,", i, woman, arm ? "AI" : "control", site[woman % 5]);
    fprintf(f, draw(30) ? "%d," : "NA,", 40 + draw(35));
    fprintf(f, "%s,r%d,%d,%d,%.2f,%d,", density[draw(4)], draw(7), recall, recall && draw(3), score / 40.0, 1 + score / 4);
    fprintf(f, "%d,%d,%d,%d,%d,", recall || draw(30) == 0, recall, recall, cancer, interval);
    fprintf(f, interval ? "%d," : ",", 1 + draw(40));
    fprintf(f, "%d,%d,%s,%s,%s\n", draw(25) > 0, draw(2), cancer && draw(5) ? "1" : "", reason[draw(9)], late[draw(6)]);
}

/* sums: recalls and examinations of the new arm, then of the other. */
static const char *exams(const char *name, int sums[4])
{
    const char *path = text_of("%s/exams.csv", scratch_folder(name));
    FILE *f = fopen(path, "w");
    cr_assert(f);
    state = 5;
    memset(sums, 0, 4 * sizeof *sums);
    fputs(header, f);
    for (int i = 0; i < ROWS; i++) {
        const int woman = i < WOMEN ? i * 7 % WOMEN : draw(WOMEN), arm = woman * 31 % 11 % 2, recall = draw(arm ? 12 : 15) == 0, cancer = draw(recall ? 6 : 200) == 0;
        put_row(f, i, woman, arm, recall, cancer);
        sums[arm ? 0 : 2] += recall;
        sums[arm ? 1 : 3] += 1;
    }
    fclose(f);
    return path;
}

static const char sap[] = "title: Ranks\nprimary: interval-cancers\nmargin: 1.4\nstrata: [site, age]\nsubgroups: [density, age, site]\nbands: {age: '50,60'}\n"
                          "population: %s\nmissing: %s\ncluster: %s\norder: [interval-cancers noninferiority, recalls superiority]\n";

static const char *plan(const char *population, const char *missing, const char *cluster)
{
    const char *folder = scratch_folder(text_of("plan_%s_%s", population, cluster));
    put_file(folder, "plan.yaml", text_of(sap, population, missing, cluster));
    return text_of("%s/plan.yaml", folder);
}

Test(trial_ranks, women_who_come_again_are_one_cluster_wherever_their_rows_are, .timeout = 120)
{
    int sums[4], row;
    const char *path = exams("women", sums);
    const table *t = table_read(text_of("%s/trial.csv", expect_same("women_out", text_of("--table %s", path))));
    cr_assert(row_of(t, 2, (const char *const[]){"endpoint", "part"}, (const char *const[]){"recalls", "all"}, &row));
    cr_expect(table_number(t, row, "x1") == sums[0] && table_number(t, row, "n1") == sums[1] && table_number(t, row, "x0") == sums[2] && table_number(t, row, "n0") == sums[3]);
    cr_expect_eq(table_number(t, row, "clusters"), WOMEN, "%s", table_text(t, row, "clusters"));
}

Test(trial_ranks, strata_subgroups_populations_and_reasons, .timeout = 200)
{
    int sums[4];
    const char *path = exams("strata", sums);
    const char *one = expect_same("strata_out", text_of("--table %s --sap %s", path, plan("per-protocol", "worst", "woman")));
    cr_assert_eq(run_command(10, out, sizeof out, "cat %s/flow.csv", one), 0);
    cr_expect(strstr(out, "excluded,\"moved, \nfar\",") && strstr(out, "deviation,other view,"), "%s", out);
    (void)expect_same("strata_readers", text_of("--table %s --sap %s", path, plan("modified-itt", "exclude", "reader")));
    (void)expect_same("strata_none", text_of("--table %s --sap %s", path, plan("randomised", "event", "none")));
}

Test(trial_ranks, blinded_arms_are_the_same_ones, .timeout = 200)
{
    int sums[4], row;
    const char *path = exams("blind", sums);
    (void)expect_same("blind_women", text_of("--table %s --blind 7", path));
    (void)expect_same("blind_readers", text_of("--table %s --blind 7 --set cluster=reader", path));
    const table *t = table_read(text_of("%s/trial.csv", expect_same("blind_rows", text_of("--table %s --blind 8 --set cluster=none", path))));
    cr_assert(row_of(t, 2, (const char *const[]){"endpoint", "part"}, (const char *const[]){"recalls", "all"}, &row));
    cr_expect(table_number(t, row, "n1") == sums[1] && table_number(t, row, "n0") == sums[3], "each arm keeps its size");
    cr_expect(table_number(t, row, "x1") + table_number(t, row, "x0") == sums[0] + sums[2] && table_number(t, row, "x1") != sums[0]);
}

/* Shares and a safety net of tied scores: 40 different ones. */
Test(trial_ranks, policies_find_their_thresholds_over_all_rows, .timeout = 200)
{
    int sums[4];
    const char *path = exams("policies", sums), *folder = scratch_folder("policy_files");
    put_file(folder, "share.yaml", "name: share\nbands: {score: ai_raw, by: share, cuts: [0.31, 0.9, 1], readers: [0, 1, 2, 2]}\nsafety: {score: risk_score, share: 0.0333}\n");
    put_file(folder, "ai.yaml", "name: ai\nai: {role: agree, score: ai_raw, threshold: 0.8}\nbands: {readers: [1]}\nsafety: {score: ai_raw, share: 0.01}\n");
    const char *policies = text_of("--policy %s/share.yaml --policy %s/ai.yaml", folder, folder);
    (void)expect_same("policies_out", text_of("--table %s %s", path, policies));
    const table *t = table_read(text_of("%s/policies.csv", expect_same("policies_chance", text_of("--table %s %s --unseen 0.3 --set cluster=none", path, policies))));
    int row;
    cr_assert(row_of(t, 3, (const char *const[]){"policy", "unseen", "arm"}, (const char *const[]){"ai", "0.3", "all"}, &row));
    cr_expect_eq(table_number(t, row, "examinations"), ROWS);
    cr_expect(row_of(t, 3, (const char *const[]){"policy", "unseen", "arm"}, (const char *const[]){"share", "never", "AI"}, &row));
}

/* Six rows of the highest score, of which the net takes the three that stand first in the file: two of the
 * first part's women.  Computed by hand: of rows 2, 4, 5 consensus recalls 4 and 5. */
Test(trial_ranks, ties_of_a_safety_net_go_to_the_lower_row, .timeout = 60)
{
    static const char text[] = "woman,reader1,reader2,ai_raw,consensus_recall,cancer\na,0,0,0.1,1,0\nb,0,0,0.9,0,0\nc,0,0,0.2,1,0\nd,0,0,0.9,1,1\na,0,0,0.9,1,0\n"
                               "b,0,0,0.9,1,0\nd,0,0,0.9,1,1\ne,0,0,0.9,0,0\nf,0,0,0.3,1,1\ng,0,0,0.1,1,1\n";
    const char *folder = scratch_folder("net");
    put_file(folder, "net.yaml", "name: net\nbands: {readers: [1]}\nsafety: {score: ai_raw, share: 0.3}\n");
    const table *t = table_read(text_of("%s/policies.csv", expect_same("net_out", text_of("--table %s --policy %s/net.yaml", file_of("net_table", text), folder))));
    cr_expect(table_number(t, 0, "consensus") == 3 && table_number(t, 0, "recalls") == 2 && table_number(t, 0, "cancers_detected") == 1, "%s", table_text(t, 0, "recalls"));
}

Test(trial_ranks, more_ranks_than_rows, .timeout = 60)
{
    const char *folder = scratch_folder("few"), *path = file_of("few_table", "woman,arm,recall,exclusion\na,AI,1,\nb,control,0,moved\na,AI,0,\nc,control,1,");
    const char *args = text_of("--table %s --set population=modified-itt", path);
    cr_assert_eq(launch(folder, 1, args), 0, "%s", out);
    cr_assert_eq(launch(folder, 7, args), 0, "%s", out);
    cr_expect_eq(run_command(20, out, sizeof out, "diff -r %s/1 %s/7 && cmp %s/1.txt %s/7.txt", folder, folder, folder, folder), 0, "%s", out);
    const table *t = table_read(text_of("%s/7/trial.csv", folder));
    cr_expect(table_number(t, 0, "x1") == 1 && table_number(t, 0, "n1") == 2 && table_number(t, 0, "x0") == 1 && table_number(t, 0, "n0") == 1);
    cr_expect_eq(launch(folder, 3, text_of("--table %s", file_of("empty", "arm,recall\n"))), 3, "%s", out);
    cr_expect(strstr(out, "no examination in the table"), "%s", out);
}

static int times(const char *what)
{
    int n = 0;
    for (const char *p = out; (p = strstr(p, what)); p++) n++;
    return n;
}

/* Exit code and message of one rank; on more it is there once too. */
static void expect_failure(int code, const char *args, const char *says)
{
    for (int ranks = 1; ranks <= 4; ranks++) {
        const char *folder = scratch_folder("fails");
        cr_expect_eq(launch(folder, ranks, args), code, "%s on %d ranks: %s", args, ranks, out);
        cr_expect(times(says) == 1 && times("radpipe: ") == 1, "%d ranks: %s, not %s", ranks, out, says);
    }
}

/* 1,200 rows; row k (from 1) is on line 2 k, since each site's name has two lines.  What is put in its place is
 * one line with nothing behind it, so rows behind it stand one line higher. */
static const char *spoilt(const char *name, int a, const char *row_a, int b, const char *row_b)
{
    const char *path = text_of("%s/spoilt.csv", scratch_folder(name));
    FILE *f = fopen(path, "w");
    cr_assert(f);
    fputs("woman,arm,site,recall\n", f);
    for (int k = 1; k <= 1200; k++)
        if (k == a || k == b)
            fprintf(f, "%s\n", k == a ? row_a : row_b);
        else
            fprintf(f, "w%d,%s,\"site\n%d\",%d\n", k % 900, k % 2 ? "AI" : "control", k % 7, k % 9 == 0);
    fclose(f);
    return path;
}

Test(trial_ranks, the_first_malformed_line_of_the_file_is_named_once, .timeout = 200)
{
    expect_failure(3, text_of("--table %s", spoilt("last", 1190, "w1,AI,x,maybe", 0, "")), "spoilt.csv:2380: column 'recall': 'maybe' is neither 0 nor 1");
    expect_failure(3, text_of("--table %s", spoilt("both", 1195, "w1,AI,x", 20, "w1,placebo,x,1")), "spoilt.csv:40: column 'arm': 'placebo' is no arm");
    expect_failure(3, text_of("--table %s", spoilt("quote", /* ends at the next row's quote */ 900, "w1,AI,\"x,1", 1000, "w1,none,x,1")), "spoilt.csv:1800: ");
    /* To the end of the file: nothing behind it can be read. */
    expect_failure(3, text_of("--table %s --bad-rows skip", spoilt("open", 1200, "w1,AI,x,\"1", 0, "")), "spoilt.csv:2400: a quote without its end");
}

Test(trial_ranks, malformed_rows_are_counted_and_the_first_is_named, .timeout = 100)
{
    const char *path = spoilt("skipped", 1195, "w1,AI,x", 20, "w1,placebo,x,1"), *one = expect_same("skipped_out", text_of("--table %s --bad-rows skip", path));
    cr_assert_eq(run_command(10, out, sizeof out, "cat %s.txt", one), 0);
    cr_expect(strstr(out, "WARNING: 2 malformed rows left out, the first: ") && strstr(out, "spoilt.csv:40: column 'arm': 'placebo'"), "%s", out);
    const table *t = table_read(text_of("%s/trial.csv", one));
    /* 600 in each arm; rows 20 (control) and 1195 (AI) are left out */
    cr_expect(table_number(t, 0, "n1") == 599 && table_number(t, 0, "n0") == 599, "%s %s", table_text(t, 0, "n1"), table_text(t, 0, "n0"));
}

/* Values count over ranks: the 1,001st different one is on line 1,002, whoever reads it. */
Test(trial_ranks, a_column_of_too_many_values_is_named_where_one_too_many_stands, .timeout = 100)
{
    char *text = malloc(100000), *at = text;
    at += sprintf(at, "arm,recall,site\n");
    for (int k = 1; k <= 1400; k++) at += sprintf(at, "%s,%d,s%d\n", k % 2 ? "AI" : "control", k % 3 == 0, k);
    const char *path = file_of("levels", text);
    expect_failure(2, text_of("--table %s --set subgroups=[site]", path), "table.csv:1002: column 'site' has over 1000 different values");
    memcpy(strstr(text, "AI,0,s1201\n"), "AI,7", 4);
    expect_failure(2, text_of("--table %s --set subgroups=[site]", file_of("levels_first", text)), "table.csv:1002: ");
    memcpy(strstr(text, "AI,0,s901\n"), "AI,7", 4);
    expect_failure(3, text_of("--table %s --set subgroups=[site]", file_of("levels_last", text)), "table.csv:902: column 'recall': '7'");
    free(text);
}

Test(trial_ranks, what_a_policy_lacks_is_named_by_its_lowest_row, .timeout = 100)
{
    char *text = malloc(100000), *at = text;
    at += sprintf(at, "woman,reader1,reader2,consensus_recall,cancer\n");
    for (int k = 1; k <= 300; k++) at += sprintf(at, "w%d,0,%s,0,0\n", k * 7 % 100, k == 170 || k == 201 || k == 290 ? "" : "0");
    expect_failure(3, text_of("--table %s --policy jobs/policies/double.yaml", file_of("holes", text)), "row 170: no 'reader2'");
    free(text);
}

Test(trial_ranks, counts_and_wrong_use_are_told_once, .timeout = 100)
{
    (void)expect_same("counts", "--counts tests/data/stats_two_arm.csv");
    expect_failure(2, "--table tests/data/stats_trial_exams.csv --set endpoints=[recall]", "unknown endpoint 'recall'");
    expect_failure(4, "--table build/no-such-table.csv", "no-such-table.csv");
    expect_failure(3, "--table tests/data/stats_trial_exams.csv --set strata=[scanner]", "no column 'scanner'");
}
