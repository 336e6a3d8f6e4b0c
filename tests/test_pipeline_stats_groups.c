/* tests/test_pipeline_stats_groups.c - 'radpipe stats --by' for marks, detection maps and masks. */
#include "tests/stats_rows.h"

static const char *need(const char *rel)
{
    const char *path = shared_path(text_of("data/stats/%s", rel));
    if (!path) skip_test("the reference set ../shared/data/stats is not there");
    return path;
}

/* Every row of `alone` stands in t behind these keys, with the same value and state; returns how many. */
static int expect_rows(const table *t, int keys, const char *const key[], const char *const of[], const table *alone, const char *but)
{
    int held = 0;
    for (int r = 0; r < alone->rows; r++) {
        const char *column[4] = {"name"}, *value[4] = {table_text(alone, r, "name")};
        int row;
        if (but && !strcmp(value[0], but)) continue;
        for (int k = 0; k < keys; k++) {
            column[k + 1] = key[k];
            value[k + 1] = of[k] ? of[k] : table_text(alone, r, key[k]);
        }
        cr_assert(row_of(t, keys + 1, column, value, &row), "no row %s %s", value[1], value[0]);
        cr_expect_str_eq(table_text(t, row, "value"), table_text(alone, r, "value"), "%s %s", value[1], value[0]);
        cr_expect_str_eq(table_text(t, row, "state"), table_text(alone, r, "state"), "%s %s", value[1], value[0]);
        held++;
    }
    return held;
}

/* Exit code of 'radpipe stats ARGS'; what it said goes to out. */
static int tried(char *out, size_t size, const char *args)
{
    return run_command(60, out, size, "%s stats %s", build_path("radpipe"), args);
}

static const char *marks_of(const char *folder, const char *scans, const char *more)
{
    return text_of("detection --candidates %s/candidates.csv --lesions %s/lesions.csv --irrelevant %s/irrelevant.csv --scans %s %s", folder, folder, folder, scans, more);
}

/* North: one of two lesions at 0.9, one false positive at 0.8 in two scans: 1/2 at every rate.  South: the lesion at 0.5, a
 * mark on an irrelevant finding is no false positive: 1.  All: by scores 1/3, a false positive in three scans, 2/3: at 1/8 and
 * 1/4 a third, then two thirds. */
static const char *three_scans(const char *name)
{
    const char *folder = scratch_folder(name);
    put_file(folder, "scans.csv", "scan,centre\n007,North\n8,South\n9,North\n7,North\n");
    put_file(folder, "lesions.csv", "scan,x,y,z,diameter_mm\n7,0,0,0,8\n8,0,0,0,8\n9,0,0,0,8\n5,0,0,0,8\n");
    put_file(folder, "irrelevant.csv", "scan,x,y,z,diameter_mm\n8,50,0,0,8\n");
    put_file(folder, "candidates.csv", "scan,x,y,z,score\n7,1,0,0,0.9\n9,30,0,0,0.8\n8,50,1,0,0.7\n8,0,1,0,0.5\n");
    return folder;
}

Test(groups, marks_of_a_group_are_set_against_its_own_scans)
{
    const char *folder = three_scans("by-marks");
    const table *t = stats("by-marks-out", marks_of(folder, text_of("%s/scans.csv", folder), "--by centre"));
    static const struct {
        const char *group, *name;
        double value;
    } want[] = {{"all", "scans", 3}, {"all", "lesions", 3}, {"all", "cpm", 4.0 / 7}, {"all", "sens_at_fp0.25", 1.0 / 3}, {"all", "rows_of_other_scans", 1},
                {"North", "scans", 2}, {"North", "lesions", 2}, {"North", "candidates", 2}, {"North", "false_positives", 1}, {"North", "cpm", 0.5},
                {"South", "scans", 1}, {"South", "lesions", 1}, {"South", "candidates", 2}, {"South", "false_positives", 0}, {"South", "cpm", 1}};
    for (size_t k = 0; k < sizeof want / sizeof *want; k++)
        cr_expect(near(value_of(t, "centre", want[k].group, want[k].name), want[k].value, 1e-14, 0), "%s %s: %g", want[k].group, want[k].name, value_of(t, "centre", want[k].group, want[k].name));
    int row, south;
    cr_expect(!row_of(t, 2, (const char *const[]){"centre", "name"}, (const char *const[]){"South", "rows_of_other_scans"}, &row), "other scans are nobody's");
    cr_assert(row_of(t, 1, (const char *const[]){"centre"}, (const char *const[]){"North"}, &row));
    cr_assert(row_of(t, 1, (const char *const[]){"centre"}, (const char *const[]){"South"}, &south));
    cr_expect(!strcmp(table_text(t, 0, "centre"), "all") && row < south);
}

/* Scans of the synthetic cohort in groups of unequal size: a group's rows are those of a list that names its scans alone. */
Test(groups, synthetic_marks_by_group_equal_runs_on_lists_of_the_group)
{
    const char *root = text_of("%s", need("detection/synthetic/d40_lesions.csv")), *folder = scratch_folder("by-d40");
    const int n = (int)(strrchr(root, '/') - root);
    static const char *const group[] = {"scanner 2", "scanner 10", "unknown"};
    char list[2000] = "scan,scanner\n", own[3][1000] = {"scan\n", "scan\n", "scan\n"};
    const char *args = text_of("detection --candidates %.*s/d40_candidates.csv --lesions %s --irrelevant %.*s/d40_irrelevant.csv --scans", n, root, root, n, root);
    for (int k = 0; k < 40; k++) {
        const int g = k % 7 == 0 ? 2 : k % 3 == 0;
        snprintf(list + strlen(list), sizeof list - strlen(list), "%d,%s\n", k, group[g]);
        snprintf(own[g] + strlen(own[g]), sizeof own[g] - strlen(own[g]), "%d\n", k);
    }
    put_file(folder, "list.csv", list);
    const table *t = stats("by-d40-out", text_of("%s %s/list.csv --by scanner", args, folder));
    cr_expect_gt(expect_rows(t, 1, (const char *const[]){"scanner"}, (const char *const[]){"all"}, stats("by-d40-all", text_of("%s 40", args)), NULL), 15);
    for (int g = 0; g < 3; g++) {
        put_file(folder, "own.csv", own[g]);
        const table *alone = stats("by-d40-own", text_of("%s %s/own.csv", args, folder));
        cr_expect_gt(expect_rows(t, 1, (const char *const[]){"scanner"}, &group[g], alone, "rows_of_other_scans"), 15, "%s", group[g]);
    }
}

Test(groups, lists_of_scans_that_give_no_groups_are_refused)
{
    char out[4000];
    const char *folder = three_scans("by-refused");
    cr_expect_eq(tried(out, sizeof out, marks_of(folder, "9", "--by centre")), 2);
    cr_expect(strstr(out, "--scans must be a file with that column"), "%s", out);
    cr_expect_eq(tried(out, sizeof out, marks_of(folder, text_of("%s/scans.csv", folder), "--by scanner")), 3);
    cr_expect(strstr(out, "scans.csv:1: no column") && strstr(out, "scanner"), "%s", out);
    put_file(folder, "two.csv", "scan,centre\n7,North\n8,South\n007,South\n");
    cr_expect_eq(tried(out, sizeof out, marks_of(folder, text_of("%s/two.csv", folder), "--by centre")), 3);
    cr_expect(strstr(out, "two.csv:4: scan") && strstr(out, "stands in two groups"), "%s", out);
    put_file(folder, "all.csv", "scan,centre\n7,all\n8,South\n");
    cr_expect_eq(tried(out, sizeof out, marks_of(folder, text_of("%s/all.csv", folder), "--by centre")), 3);
    cr_expect(strstr(out, "a group is called"), "%s", out);
    put_file(folder, "value.csv", "scan,value\n7,a\n8,b\n9,b\n");
    cr_expect_eq(tried(out, sizeof out, marks_of(folder, text_of("%s/value.csv", folder), "--by value")), 2, "%s", out);
}

Test(groups, marks_and_scans_of_another_length_are_left_out_where_asked)
{
    static char out[20000];
    const char *folder = three_scans("by-bad-marks");
    put_file(folder, "scans.csv", "scan,centre\n7,North\n8,South\n6\n9,North\n");
    put_file(folder, "candidates.csv", "scan,x,y,z,score\n7,1,0,0,0.9\n9,30,0,0\n9,30,0,0,0.8\n8,0,1,0,0.5\n8,0,1,x,0.5\n");
    const char *list = text_of("%s/scans.csv", folder);
    cr_expect_eq(tried(out, sizeof out, marks_of(folder, list, "--by centre")), 3);
    cr_expect(strstr(out, "candidates.csv:3"), "%s", out);
    cr_expect_eq(tried(out, sizeof out, marks_of(folder, list, "--by centre --bad-rows skip")), 0, "%s", out);
    cr_expect(strstr(out, "all,rows_left_out,3,ok") && strstr(out, "all,scans,3,ok") && strstr(out, "North,false_positives,1,ok"), "%s", out);
}

/* Pairs of picai's ten cases: even ones in a group, odd ones in another. */
static const char *picai_pairs(const char *folder, const char *name, int parity)
{
    const char *maps = need("detection/picai/maps");
    char text[6000] = "case,centre,reference,prediction\n";
    for (int k = 0; k < 10; k++)
        if (parity < 0 || k % 2 == parity)
            strcat(text, text_of("case-%d,%s,%s/case-%d_label.nii.gz,%s/case-%d_detection_map.nii.gz\n", k, k % 2 ? "odd" : "even", maps, k, maps, k));
    put_file(folder, name, text);
    return text_of("%s/%s", folder, name);
}

Test(groups, sums_of_detection_maps_equal_runs_on_the_group, .timeout = 60)
{
    const char *folder = scratch_folder("by-maps");
    const char *const key[] = {"centre", "case"}, *const group[] = {"even", "odd"};
    const table *t = stats("by-maps-out", text_of("detection --pairs %s --by centre", picai_pairs(folder, "all.csv", -1)));
    int before = -1, rows = 0;
    for (int g = 0; g < 2; g++) {
        const table *alone = stats("by-maps-own", text_of("detection --pairs %s", picai_pairs(folder, "own.csv", g)));
        rows += expect_rows(t, 2, key, (const char *const[]){group[g], NULL}, alone, NULL);
    }
    const table *whole = stats("by-maps-all", text_of("detection --pairs %s", picai_pairs(folder, "all.csv", -1)));
    int sums = 0;
    for (int r = 0; r < whole->rows; r++) {
        const char *const column[] = {"case", "name"}, *const value[] = {table_text(whole, r, "case"), table_text(whole, r, "name")};
        int row;
        if (strcmp(value[0], "all") == 0) {
            const char *const of[] = {"all", "all", value[1]}, *const in[] = {"centre", "case", "name"};
            cr_assert(row_of(t, 3, in, of, &row));
            sums++;
        } else
            cr_assert(row_of(t, 2, column, value, &row));
        cr_expect_str_eq(table_text(t, row, "value"), table_text(whole, r, "value"));
        cr_expect(row > before, "rows stand in the order of a run without groups");
        before = row;
    }
    cr_expect_eq(t->rows, rows + sums, "nothing more is said");
}

/* Five pairs of masks: one prediction is empty (distances infinite), one pair has neither (undefined). */
static const char *mask_pairs(const char *folder, const char *name, const char *only)
{
    static const char *const mask[] = {"shift", "noisy", "empty_pred", "both_empty", "border"}, *const site[] = {"b", "a", "b", "b", "b"};
    const char *masks = need("segmentation");
    char text[6000] = "case,reference,prediction,site\n";
    for (int k = 0; k < 5; k++)
        if (!only || !strcmp(only, site[k])) strcat(text, text_of("%s,%s/s_%s_ref.nii.gz,%s/s_%s_pred.nii.gz,%s\n", mask[k], masks, mask[k], masks, mask[k], site[k]));
    put_file(folder, name, text);
    return text_of("%s/%s", folder, name);
}

static double cell(const table *t, const char *site, const char *cas, const char *name, const char **state)
{
    int row;
    cr_assert(row_of(t, 3, (const char *const[]){"site", "case", "name"}, (const char *const[]){site, cas, name}, &row), "no row %s %s %s", site, cas, name);
    if (state) *state = table_text(t, row, "state");
    return table_text(t, row, "value")[0] ? table_number(t, row, "value") : NAN;
}

/* Statistics of three values by their definition. */
static void expect_three(const table *t, const char *site, const char *name, const double x[3])
{
    const double mean = (x[0] + x[1] + x[2]) / 3, low = fmin(x[0], fmin(x[1], x[2])), high = fmax(x[0], fmax(x[1], x[2]));
    const double squares = pow(x[0] - mean, 2) + pow(x[1] - mean, 2) + pow(x[2] - mean, 2);
    const struct {
        const char *cas;
        double value;
    } want[] = {{"n", 3}, {"mean", mean}, {"sd", sqrt(squares / 2)}, {"median", x[0] + x[1] + x[2] - low - high}, {"min", low}, {"max", high}};
    for (int k = 0; k < 6; k++) {
        const double got = cell(t, site, want[k].cas, name, NULL);
        cr_expect(near(got, want[k].value, 1e-12, 0), "%s %s of %s: %.17g, not %.17g", site, want[k].cas, name, got, want[k].value);
    }
}

Test(groups, masks_have_summaries_of_all_and_of_each_group, .timeout = 60)
{
    const char *folder = scratch_folder("by-masks"), *state;
    const table *t = stats("by-masks-out", text_of("segmentation --pairs %s --by site", mask_pairs(folder, "all.csv", NULL)));
    double dice[3], hd[3];
    static const char *const of_b[] = {"shift", "border", "empty_pred"};
    for (int k = 0; k < 3; k++) dice[k] = cell(t, "b", of_b[k], "dice", NULL);
    for (int k = 0; k < 2; k++) hd[k] = cell(t, "b", of_b[k], "hd95_maxdir", NULL);
    hd[2] = cell(t, "a", "noisy", "hd95_maxdir", NULL);
    cr_expect(dice[2] == 0 && dice[0] > 0 && hd[2] > 0);
    expect_three(t, "b", "dice", dice);
    expect_three(t, "all", "hd95_maxdir", hd);
    cr_expect(cell(t, "all", "all", "num_cases", NULL) == 5 && cell(t, "b", "all", "num_cases", NULL) == 4 && cell(t, "a", "all", "num_cases", NULL) == 1);
    cr_expect(cell(t, "b", "undefined", "dice", NULL) == 1 && cell(t, "b", "infinite", "dice", NULL) == 0);
    cr_expect(cell(t, "all", "undefined", "hd95_maxdir", NULL) == 1 && cell(t, "all", "infinite", "hd95_maxdir", NULL) == 1);
    cr_expect(cell(t, "a", "mean", "dice", NULL) == cell(t, "a", "noisy", "dice", NULL));
    cr_expect(isnan(cell(t, "a", "sd", "dice", &state)) && !strncmp(state, "undefined", 9));
    const table *alone = stats("by-masks-own", text_of("segmentation --pairs %s --by site", mask_pairs(folder, "own.csv", "b")));
    int own = 0;
    for (int r = 0; r < t->rows; r++) own += !strcmp(table_text(t, r, "site"), "b");
    int held = 0;
    for (int r = 0; r < alone->rows; r++) {
        if (strcmp(table_text(alone, r, "site"), "b") != 0) continue;
        const double got = cell(t, "b", table_text(alone, r, "case"), table_text(alone, r, "name"), &state);
        cr_expect_str_eq(state, table_text(alone, r, "state"));
        cr_expect(table_text(alone, r, "value")[0] ? got == table_number(alone, r, "value") : isnan(got));
        held++;
    }
    cr_expect(held == own && own > 9 * 40, "%d of %d rows", held, own);
}

Test(groups, malformed_pairs_are_left_out_and_files_that_cannot_be_read_stop, .timeout = 60)
{
    static char out[60000];
    const char *folder = scratch_folder("by-bad-pairs"), *masks = need("segmentation");
    put_file(folder, "bad.csv", text_of("case,reference,prediction,site\na,%s/s_same_ref.nii.gz,%s/s_same_pred.nii.gz,x\nb,one\nc,,%s/s_same_pred.nii.gz,x\nd,\"e\"f,g,x\n", masks, masks, masks));
    const char *args = text_of("segmentation --pairs %s/bad.csv", folder);
    cr_expect_eq(tried(out, sizeof out, args), 3);
    cr_expect(strstr(out, "bad.csv:3"), "%s", out);
    cr_expect_eq(tried(out, sizeof out, text_of("%s --bad-rows skip", args)), 0, "%s", out);
    cr_expect(strstr(out, "\nall,rows_left_out,3,ok") && strstr(out, "a,dice,1,ok"), "%s", out);
    cr_expect_eq(tried(out, sizeof out, text_of("%s --bad-rows skip --by site", args)), 0, "%s", out);
    cr_expect(strstr(out, "\nall,all,rows_left_out,3,ok") && strstr(out, "x,mean,dice,1,ok") && strstr(out, "x,all,num_cases,1,ok"), "%s", out);
    put_file(folder, "empty.csv", text_of("case,reference,prediction\nc,,%s/s_same_pred.nii.gz\n", masks));
    cr_expect_eq(tried(out, sizeof out, text_of("detection --pairs %s/empty.csv", folder)), 3);
    cr_expect(strstr(out, "empty.csv:2: column") && strstr(out, "reference"), "%s", out);
    put_file(folder, "absent.csv", text_of("case,reference,prediction\nc,%s/none.nii.gz,%s/s_same_pred.nii.gz\n", masks, masks));
    for (int k = 0; k < 2; k++) {
        cr_expect_eq(tried(out, sizeof out, text_of("%s --pairs %s/absent.csv --bad-rows skip", k ? "detection" : "segmentation", folder)), 4, "%s", out);
        cr_expect(strstr(out, "none.nii.gz"), "%s", out);
    }
}

Test(groups, of_pairs_that_cannot_be_are_refused)
{
    char out[4000];
    const char *folder = scratch_folder("by-refused-pairs");
    put_file(folder, "p.csv", "case,reference,prediction,site\nmean,a,b,x\n");
    cr_expect_eq(tried(out, sizeof out, text_of("segmentation --pairs %s/p.csv --by site", folder)), 3);
    cr_expect(strstr(out, "p.csv:2: case") && strstr(out, "mean"), "%s", out);
    cr_expect_eq(tried(out, sizeof out, text_of("segmentation --pairs %s/p.csv --by case", folder)), 2, "%s", out);
    cr_expect_eq(tried(out, sizeof out, text_of("detection --pairs %s/p.csv --by scanner", folder)), 3);
    cr_expect(strstr(out, "p.csv:1: no column"), "%s", out);
    cr_expect_eq(tried(out, sizeof out, "segmentation --reference a --prediction b --by site"), 2, "%s", out);
    put_file(folder, "counts.csv", "trial,endpoint,both,only_new,only_standard,neither,site\nt,e,5,3,2,90,x\n");
    cr_expect_eq(tried(out, sizeof out, text_of("paired --input %s/counts.csv --by site", folder)), 2, "%s", out);
}

/* radpipe evaluate tells the same groups the same: its Dice and ours agree where a label is 1. */
Test(groups, evaluate_and_stats_sum_the_same_cases_up, .timeout = 60)
{
    static char out[20000], text[8000];
    const char *folder = scratch_folder("by-evaluate"), *pairs = mask_pairs(folder, "all.csv", NULL);
    const table *t = stats("by-evaluate-out", text_of("segmentation --pairs %s --by site", pairs));
    snprintf(text, sizeof text, "%sz,y\n", file_read(pairs, NULL));
    put_file(folder, "bad.csv", text);
    cr_assert_eq(run_command(60, out, sizeof out, "%s evaluate --pairs %s/bad.csv --by site --out %s/rows.csv --bad-rows skip", build_path("radpipe"), folder, folder), 0, "%s", out);
    cr_expect(strstr(out, "1 malformed rows left out"), "%s", out);
    const char *groups = strstr(out, "  site");
    cr_assert(groups, "%s", out);
    const char *line = strstr(groups, "\n  b");
    double n, mean;
    cr_assert(line && sscanf(line, " b 1 dice %lf %lf", &n, &mean) == 2, "%s", groups);
    cr_expect(n == cell(t, "b", "n", "dice", NULL) && near(mean, cell(t, "b", "mean", "dice", NULL), 0, 5.1e-4));
    cr_expect_eq(run_command(60, out, sizeof out, "%s evaluate --pairs %s/bad.csv --out %s/rows.csv", build_path("radpipe"), folder, folder), 3, "%s", out);
}
