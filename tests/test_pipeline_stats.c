/* tests/test_pipeline_stats.c - 'radpipe stats' on the reference set's files as they stand. */
#include "tests/stats_rows.h"

static bool is_p_value(const char *name)
{
    const size_t n = strlen(name);
    return strstr(name, "_p_") || strstr(name, "p-value") || !strncmp(name, "p_", 2) || !strncmp(name, "gray_p", 6) ||
           (n > 2 && !strcmp(name + n - 2, "_p"));
}

/* The tolerance classes of the reference set's README. */
static bool holds(const table *t, int row, const char *name, const char *value, const char *tol)
{
    const char *got = table_text(t, row, "value"), *state = table_text(t, row, "state");
    if (!strcmp(tol, "convention")) return true; /* what other tools do where nothing is defined */
    if (!strcmp(value, "NA") || !strcmp(value, "nan")) return !got[0] && !strncmp(state, "undefined", 9);
    const double want = strtod(value, NULL);
    if (isinf(want)) return !strcmp(state, "infinite");
    if (strcmp(state, "ok")) return false;
    const double x = strtod(got, NULL);
    if (!strcmp(tol, "loose")) return near(x, want, 1e-2, 0);
    const double e = !strcmp(tol, "closed") ? 1e-9 : !strcmp(tol, "fit") ? 1e-7 : !strcmp(tol, "float32") ? 2e-6 : 1e-6;
    return is_p_value(name) ? near(x, want, e, 0) : fabs(x - want) <= e * fmax(1, fabs(want));
}

static void hold(const table *got, const char *expected, int keys, const char *const key[])
{
    const table *t = table_read(expected);
    int held = 0;
    for (int r = 0; r < t->rows; r++) {
        const char *column[4], *value[4];
        int row;
        for (int k = 0; k < keys; k++) column[k] = key[k];
        column[keys] = "name";
        for (int k = 0; k <= keys; k++) value[k] = table_text(t, r, column[k]);
        const bool found = row_of(got, keys + 1, column, value, &row);
        const bool ok = found && holds(got, row, value[keys], table_text(t, r, "value"), table_text(t, r, "tol"));
        cr_expect(ok, "%s %s: %s (%s), not %s", value[0], value[keys], found ? table_text(got, row, "value") : "no row",
                  found ? table_text(got, row, "state") : "", table_text(t, r, "value"));
        held += ok;
    }
    fprintf(stderr, "%s: %d of %d rows\n", expected, held, t->rows);
}

static const char *need(const char *rel)
{
    char whole[400];
    snprintf(whole, sizeof whole, "data/stats/%s", rel);
    const char *path = shared_path(whole);
    if (!path) skip_test("the reference set ../shared/data/stats is not there");
    return path;
}

static void hold_table(const char *family, const char *folder, const char *name, const char *suffix)
{
    char rel[300], args[800];
    snprintf(rel, sizeof rel, "%s/%s_input.csv", folder, name);
    snprintf(args, sizeof args, "%s --input %s", family, need(rel));
    snprintf(rel, sizeof rel, "%s/%s%s", folder, name, suffix);
    hold(stats(name, args), need(rel), 0, NULL);
}

Test(stats, classification_tables_as_they_stand)
{
    const char *const name[] = {"cont400", "ties150", "rare2000", "small30"};
    for (int k = 0; k < 4; k++) hold_table("classification", "classification", name[k], "_expected.csv");
}
Test(stats, studies_of_readers_as_they_stand)
{
    const char *const name[] = {"mrmc_r4", "mrmc_r6", "mrmc_vandyke"};
    for (int k = 0; k < 3; k++) hold_table("mrmc", "classification", name[k], "_expected.csv");
}
Test(stats, survival_tables_as_they_stand)
{
    const char *const name[] = {"tiesn300", "n120", "n60", "n1000"};
    for (int k = 0; k < 4; k++) {
        hold_table("survival", "survival", name[k], "_expected.csv");
        hold_table("survival", "survival", name[k], "_expected_sksurv.csv");
    }
}
Test(stats, tables_of_raters_as_they_stand)
{
    const char *const name[] = {"k2", "k3", "k4", "k6"};
    for (int k = 0; k < 4; k++) hold_table("agreement", "agreement", name[k], "_expected.csv");
}

Test(stats, detection_tables_as_they_stand)
{
    const char *const name[] = {"d15", "d40", "d120"};
    const int scans[] = {15, 40, 120};
    for (int k = 0; k < 3; k++) {
        char rel[200], args[2000];
        snprintf(rel, sizeof rel, "detection/synthetic/%s_expected.csv", name[k]);
        const char *expected = need(rel);
        const int root = (int)(strrchr(expected, '/') - expected);
        snprintf(args, sizeof args, "detection --candidates %.*s/%s_candidates.csv --lesions %.*s/%s_lesions.csv --irrelevant %.*s/%s_irrelevant.csv --scans %d",
                 root, expected, name[k], root, expected, name[k], root, expected, name[k], scans[k]);
        hold(stats(name[k], args), expected, 0, NULL);
    }
}

Test(stats, luna16_tables_give_the_score_that_the_paper_prints)
{
    char args[2000];
    const char *list = need("detection/luna16/seriesuids.csv");
    const int root = (int)(strrchr(list, '/') - list);
    snprintf(args, sizeof args, "detection --candidates %.*s/predictions.csv --lesions %.*s/annotations.csv --irrelevant %.*s/annotations_excluded.csv --scans %s",
             root, list, root, list, root, list, list);
    const table *t = stats("luna16", args);
    int row;
    cr_assert(row_of(t, 1, (const char *const[]){"name"}, (const char *const[]){"cpm"}, &row));
    cr_expect(near(table_number(t, row, "value"), 0.841966, 0, 5e-7));
    cr_assert(row_of(t, 1, (const char *const[]){"name"}, (const char *const[]){"sens_at_fp0.125"}, &row));
    cr_expect(near(table_number(t, row, "value"), 0.692243, 0, 5e-7));
}

/* Writes case,reference,prediction rows for names and endings of files in a folder. */
static const char *write_pairs(const char *name, const char *folder, int n, const char *const cases[], const char *reference,
                               const char *prediction)
{
    const char *path = text_of("%s/pairs.csv", scratch_folder(name));
    FILE *f = fopen(path, "w");
    cr_assert(f);
    fprintf(f, "case,reference,prediction\n");
    for (int k = 0; k < n; k++) fprintf(f, "%s,%s/%s%s,%s/%s%s\n", cases[k], folder, cases[k], reference, folder, cases[k], prediction);
    fclose(f);
    return path;
}

static void hold_masks(const char *prefix)
{
    const char *const stem[] = {"shift", "noisy", "border", "voxels", "slice", "multi", "outlier", "iso", "same", "inside", "empty_pred", "empty_ref", "both_empty"};
    const char *cases[13], *folder = need("segmentation");
    char rel[100], args[600], name[40];
    for (int k = 0; k < 13; k++) cases[k] = text_of("%s_%s", prefix, stem[k]);
    snprintf(name, sizeof name, "masks_%s_pairs", prefix);
    snprintf(args, sizeof args, "segmentation --pairs %s", write_pairs(name, folder, 13, cases, "_ref.nii.gz", "_pred.nii.gz"));
    snprintf(rel, sizeof rel, "segmentation/%s_expected.csv", prefix);
    const table *got = stats(prefix, args);
    hold(got, need(rel), 1, (const char *const[]){"case"});
    int row;
    cr_assert(row_of(got, 2, (const char *const[]){"case", "name"}, (const char *const[]){cases[10], "hd95_maxdir"}, &row));
    cr_expect_str_eq(table_text(got, row, "state"), "infinite", "an empty prediction is infinitely far");
    cr_assert(row_of(got, 2, (const char *const[]){"case", "name"}, (const char *const[]){cases[12], "dice"}, &row));
    cr_expect(!strncmp(table_text(got, row, "state"), "undefined", 9), "nothing against nothing");
}

Test(stats, pairs_of_masks_equal_seven_tools)
{
    hold_masks("s");
    hold_masks("t");
}

/* metrics-full-expected.json of picai_eval: figures read from there. */
Test(stats, ten_cases_of_detection_maps_equal_picai)
{
    static const struct {
        const char *key, *name;
        double value;
    } want[] = {
        {"all", "auroc", 0.75}, {"all", "AP", 0.2777777777777778}, {"all", "num_cases", 10}, {"all", "num_lesions", 10},
        {"all", "true_positives", 5}, {"all", "false_positives", 4}, {"all", "false_negatives", 5},
        {"case-0", "case_confidence", 0}, {"case-0", "case_target", 0}, {"case-1", "lesion1_confidence", 0},
        {"case-2", "false_positive1_confidence", 1}, {"case-2", "case_target", 0}, {"case-3", "lesion1_confidence", 0},
        {"case-3", "false_positive1_confidence", 1}, {"case-4", "lesion1_overlap", 1.0 / 3}, {"case-5", "lesion1_overlap", 9.0 / 41},
        {"case-5", "false_positive1_confidence", 2}, {"case-5", "case_confidence", 2}, {"case-6", "lesion1_overlap", 1.0 / 3},
        {"case-6", "lesion1_confidence", 1}, {"case-6", "case_confidence", 2}, {"case-7", "lesion1_overlap", 1.0 / 3},
        {"case-7", "lesion2_confidence", 0}, {"case-8", "lesion1_overlap", 5.0 / 11}, {"case-8", "lesion2_confidence", 0},
        {"case-9", "lesion1_confidence", 0}, {"case-9", "false_positive1_confidence", 1}};
    const char *cases[10], *folder = need("detection/picai/maps");
    char args[600];
    for (int k = 0; k < 10; k++) cases[k] = text_of("case-%d", k);
    snprintf(args, sizeof args, "detection --pairs %s", write_pairs("picai_pairs", folder, 10, cases, "_label.nii.gz", "_detection_map.nii.gz"));
    const table *t = stats("picai", args);
    for (size_t k = 0; k < sizeof want / sizeof *want; k++) {
        int row;
        cr_assert(row_of(t, 2, (const char *const[]){"case", "name"}, (const char *const[]){want[k].key, want[k].name}, &row), "%s %s", want[k].key, want[k].name);
        cr_expect(near(table_number(t, row, "value"), want[k].value, 1e-9, 0), "%s %s", want[k].key, want[k].name);
    }
    int row;
    cr_expect(!row_of(t, 2, (const char *const[]){"case", "name"}, (const char *const[]){"case-6", "false_positive1_confidence"}, &row),
              "who overlaps in vain is no false positive");
}

Test(stats, trials_as_they_stand)
{
    char args[600];
    const char *const keys[] = {"trial", "endpoint"};
    snprintf(args, sizeof args, "trials --input %s", need("trials/two_arm.csv"));
    const table *two = stats("two_arm", args);
    snprintf(args, sizeof args, "trials --input %s", need("trials/one_arm.csv"));
    const table *one = stats("one_arm", args), *t = table_read(need("trials/two_arm_expected.csv"));
    int held = 0;
    for (int r = 0; r < t->rows; r++) {
        const char *const column[] = {keys[0], keys[1], "name"};
        const char *const value[] = {table_text(t, r, "trial"), table_text(t, r, "endpoint"), table_text(t, r, "name")};
        int row;
        const table *from = row_of(two, 3, column, value, &row) ? two : one;
        cr_assert(row_of(from, 3, column, value, &row), "%s %s", value[1], value[2]);
        held += holds(from, row, value[2], table_text(t, r, "value"), table_text(t, r, "tol"));
    }
    cr_expect_eq(held, t->rows);
}

static int run_bad(const char *name, const char *text, const char *more, char *out, size_t size)
{
    char path[600];
    snprintf(path, sizeof path, "%s/bad.csv", scratch_folder(name));
    FILE *f = fopen(path, "w");
    fputs(text, f);
    fclose(f);
    return run_command(30, out, size, "%s stats classification --input %s %s", build_path("radpipe"), path, more);
}

Test(stats, a_malformed_row_is_named_by_line_or_left_out_and_counted)
{
    char out[20000];
    const char *text = "y,score1\n0,0.1\n1,x\n1,0.9\n0,0.2\n1,0.7\n";
    cr_expect_eq(run_bad("bad_row", text, "", out, sizeof out), 3);
    cr_expect(strstr(out, "bad.csv:3"), "%s", out);
    cr_expect_eq(run_bad("bad_row", text, "--bad-rows skip", out, sizeof out), 0);
    cr_expect(strstr(out, "rows_left_out,1,ok") && strstr(out, "auc1,1,ok"), "%s", out);
}

Test(stats, counts_and_marks_leave_malformed_rows_out_where_asked)
{
    static char out[40000];
    const char *folder = scratch_folder("bad-marks"), *program = build_path("radpipe");
    put_file(folder, "trials.csv", "trial,endpoint,x1,n1,x0,n0\nA,r,5,100,3,100\nA,b,x,100,3,100\nA,c,500,100,3,100\n");
    cr_expect_eq(run_command(20, out, sizeof out, "%s stats trials --input %s/trials.csv", program, folder), 3);
    cr_expect(strstr(out, "trials.csv:3"), "%s", out);
    cr_expect_eq(run_command(20, out, sizeof out, "%s stats trials --input %s/trials.csv --bad-rows skip", program, folder), 0, "%s", out);
    cr_expect(strstr(out, "all,all,rows_left_out,2,ok") && strstr(out, "A,r,") && !strstr(out, "A,c,"), "%s", out);
    put_file(folder, "lesions.csv", "scan,x,y,z,diameter_mm\na,0,0,0,8\nb,10,0,0,6\n");
    put_file(folder, "candidates.csv", "scan,x,y,z,score\na,1,0,0,0.9\nb,10,0,?,0.8\nb,40,0,0,0.7\n");
#define DETECT "%s stats detection --candidates %s/candidates.csv --lesions %s/lesions.csv --scans 2 %s"
    cr_expect_eq(run_command(20, out, sizeof out, DETECT, program, folder, folder, ""), 3);
    cr_expect(strstr(out, "candidates.csv:3"), "%s", out);
    cr_expect_eq(run_command(20, out, sizeof out, DETECT, program, folder, folder, "--bad-rows skip"), 0, "%s", out);
    cr_expect(strstr(out, "rows_left_out,1,ok"), "%s", out);
}

Test(stats, a_bootstrap_prints_the_same_digits_twice)
{
    const table *a = stats("boot_a", "classification --input tests/data/stats_small30_input.csv --bootstrap 200 --seed 4");
    const table *b = stats("boot_b", "classification --input tests/data/stats_small30_input.csv --bootstrap 200 --seed 4");
    int row;
    cr_assert(row_of(a, 1, (const char *const[]){"name"}, (const char *const[]){"auc2_lo_boot_bca"}, &row));
    cr_expect_str_eq(table_text(a, row, "value"), table_text(b, row, "value"));
    cr_expect(table_number(a, row, "value") > 0.5 && table_number(a, row, "value") < 0.8);
}

/* 401 replicates do not divide by 2, 3 or 4. */
Test(stats, a_bootstrap_has_the_same_digits_on_any_number_of_ranks, .timeout = 120)
{
    char out[4000];
    const char *folder = scratch_folder("boot_ranks");
    size_t size;
    const char *args = "stats classification --input tests/data/stats_small30_input.csv --bootstrap 401 --seed 9";
    cr_assert_eq(run_command(60, out, sizeof out, "%s %s --out %s/0.csv", build_path("radpipe"), args, folder), 0, "%s", out);
    char *alone = file_read(text_of("%s/0.csv", folder), &size);
    for (int n = 1; n <= 4; n++) {
        cr_assert_eq(run_command(60, out, sizeof out, "mpirun --bind-to none -n %d %s %s --out %s/%d.csv", n, build_path("radpipe"), args, folder, n), 0, "%s", out);
        cr_expect_str_eq(file_read(text_of("%s/%d.csv", folder, n), &size), alone, "%d ranks", n);
    }
    cr_expect_eq(run_command(60, out, sizeof out, "mpirun --bind-to none -n 2 %s stats classification --input none.csv --bootstrap 20", build_path("radpipe")), 4, "%s", out);
}

Test(stats, wrong_use_is_told_from_bad_tables)
{
    char out[4000];
    cr_expect_eq(run_bad("no_column", "y,score\n0,0.1\n1,0.2\n", "", out, sizeof out), 3);
    cr_expect(strstr(out, "score1"), "%s", out);
    cr_expect_eq(run_command(30, out, sizeof out, "%s stats clasification --input x", build_path("radpipe")), 2);
    cr_expect(strstr(out, "did you mean"), "%s", out);
    cr_expect_eq(run_command(30, out, sizeof out, "%s stats survival", build_path("radpipe")), 2);
    cr_expect_eq(run_bad("no_option", "y,score1\n0,0.1\n", "--cut=high", out, sizeof out), 2);
}

/* Two centres: the rows of each are those of its cases alone, and one row of text is malformed. */
Test(stats, groups_of_a_column_get_rows_of_their_own)
{
    const table *t = stats("by", "classification --input tests/data/stats_multiclass_input.csv --by centre");
    const table *input = table_read("tests/data/stats_multiclass_input.csv");
    char text[20000] = "id,y,p0,p1,p2,p3\n";
    int south = 0;
    for (int r = 0; r < input->rows; r++) {
        if (strcmp(table_text(input, r, "centre"), "S") != 0) continue;
        south++;
        strcat(text, text_of("%s,%s,%s,%s,%s,%s\n", table_text(input, r, "id"), table_text(input, r, "y"), table_text(input, r, "p0"),
                             table_text(input, r, "p1"), table_text(input, r, "p2"), table_text(input, r, "p3")));
    }
    const table *alone = stats("alone", text_of("classification --input %s", file_of("south", text)));
    cr_expect_eq(value_of(t, "centre", "all", "n"), 150);
    cr_expect_eq(value_of(t, "centre", "S", "n"), south);
    for (int r = 0; r < alone->rows; r++) {
        const char *name = table_text(alone, r, "name");
        int row;
        cr_assert(row_of(t, 2, (const char *const[]){"centre", "name"}, (const char *const[]){"S", name}, &row), "%s", name);
        cr_expect_str_eq(table_text(t, row, "value"), table_text(alone, r, "value"), "%s", name);
    }
    char out[4000];
    cr_expect_eq(run_command(30, out, sizeof out, "%s stats classification --input tests/data/stats_multiclass_input.csv --by scanner", build_path("radpipe")), 3);
    cr_expect_eq(run_command(30, out, sizeof out, "%s stats power --by centre", build_path("radpipe")), 2);
}

Test(stats, a_group_too_small_for_the_family_says_so)
{
    const table *t = stats("small", text_of("agreement --input %s --by site", file_of("raters", "case,site,r1,r2\n1,a,1,2\n2,a,3,3\n3,a,2,2\n4,b,1,1\n")));
    int row;
    cr_assert(row_of(t, 2, (const char *const[]){"site", "name"}, (const char *const[]){"b", "not_computed"}, &row));
    cr_expect(!strncmp(table_text(t, row, "state"), "undefined: agreement of 2 raters on 1 cases", 40), "%s", table_text(t, row, "state"));
    cr_expect(value_of(t, "site", "a", "ICC1_value") < 1);
}

Test(stats, rows_of_another_length_are_malformed_too)
{
    char out[20000];
    const char *text = "y,score1\n0,0.1\n1\n1,0.9\n0,0.2,7\n1,0.7\n";
    cr_expect_eq(run_bad("bad_shape", text, "", out, sizeof out), 3);
    cr_expect(strstr(out, "bad.csv:3: 1 cells, the header has 2"), "%s", out);
    cr_expect_eq(run_bad("bad_shape", text, "--bad-rows skip", out, sizeof out), 0);
    cr_expect(strstr(out, "rows_left_out,2,ok") && strstr(out, "auc1,1,ok"), "%s", out);
    cr_expect_eq(run_bad("bad_shape", text, "--bad-rows maybe", out, sizeof out), 2);
}

/* The summary of a group is that of its cases: one case alone has its own Dice as mean. */
Test(evaluate, groups_of_a_column_get_summaries_of_their_own, .timeout = 60)
{
    const char *folder = need("segmentation"), *csv = text_of("%s/rows.csv", scratch_folder("evaluate_by"));
    const char *pairs = file_of("evaluate_pairs", text_of("case,prediction,reference,centre\na,%s/s_shift_pred.nii.gz,%s/s_shift_ref.nii.gz,north\n"
        "b,%s/s_noisy_pred.nii.gz,%s/s_noisy_ref.nii.gz,south\nc,%s/s_iso_pred.nii.gz,%s/s_iso_ref.nii.gz,north\n", folder, folder, folder, folder, folder, folder));
    char out[20000], want[80];
    cr_assert_eq(run_command(60, out, sizeof out, "%s evaluate --pairs %s --out %s --by centre", build_path("radpipe"), pairs, csv), 0, "%s", out);
    const table *t = table_read(csv);
    snprintf(want, sizeof want, "%.3f", table_number(t, 1, "dice"));
    const char *south = strstr(out, "south");
    cr_assert(south && strstr(out, "north"), "%s", out);
    cr_expect(strstr(south, want) && strstr(south, want) < strchr(south, '\n'), "%s is not in '%.80s'", want, south);
    cr_expect_eq(run_command(60, out, sizeof out, "%s evaluate --pairs %s --out %s --by scanner", build_path("radpipe"), pairs, csv), 3);
    cr_expect(strstr(out, "no column 'scanner'"), "%s", out);
}
