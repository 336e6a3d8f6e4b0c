/* tests/test_pipeline_features.c - radpipe features, as a user starts it. */
#include "io/csv.h"
#include "tests/harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROGRAM build_path("radpipe")

static const char *folder(void)
{
    static char name[200];
    snprintf(name, sizeof name, "features-%s", criterion_current_test->name);
    return scratch_folder(name);
}

static const char *put(const char *dir, const char *name, const char *text)
{
    static char path[8][1200];
    static int turn;
    char *to = path[turn++ % 8];
    snprintf(to, sizeof path[0], "%s/%s", dir, name);
    FILE *f = fopen(to, "w");
    fputs(text, f);
    fclose(f);
    return to;
}

/* Four subjects on two images; "noise" is not the same twice, "twin" says what "same" says. */
static const char test[] = "case,region,image,voxels,warning,same,twin,noise,flat\n"
                           "a,GTV,CT,100,,1,10.5,5,7\n"
                           "b,GTV,CT,100,,2,20,1,7\n"
                           "c,GTV,CT,100,,3,30.5,4,7\n"
                           "d,GTV,CT,100,,4,40,2,7\n"
                           "a,GTV,CT.log-sigma-2mm,100,,4,1,5,7\n"
                           "b,GTV,CT.log-sigma-2mm,100,,1,2,1,7\n"
                           "c,GTV,CT.log-sigma-2mm,100,,3,1,4,7\n"
                           "d,GTV,CT.log-sigma-2mm,100,,2,,2,7\n";
static const char retest[] = "case,region,image,voxels,warning,same,twin,noise,flat\n"
                             "d,GTV,CT,100,,4.01,40.3,5,7\n"
                             "c,GTV,CT,100,,3.02,30,1,7\n"
                             "b,GTV,CT,100,,2.01,20.4,4,7\n"
                             "a,GTV,CT,100,,1.02,10,2,7\n"
                             "a,GTV,CT.log-sigma-2mm,100,,4,1,2,7\n"
                             "b,GTV,CT.log-sigma-2mm,100,,1.1,2,5,7\n"
                             "c,GTV,CT.log-sigma-2mm,100,,3,1.1,1,7\n"
                             "d,GTV,CT.log-sigma-2mm,100,,2,3,4,7\n";

Test(features, robust_then_pruned_then_selected, .timeout = 60)
{
    char out[8000], path[1200];
    const char *dir = folder(), *a = put(dir, "a.csv", test), *b = put(dir, "b.csv", retest);
    cr_assert_eq(run_command(20, out, sizeof out,
                             "%s features robust %s %s --form ICC3 --out %s/robust.csv", PROGRAM, a,
                             b, dir),
                 0, "%s", out);
    snprintf(path, sizeof path, "%s/robust.csv", dir);
    const table *t = table_read(path);
    cr_assert_eq(t->rows, 8);
    const char *robust[] = {"yes", "yes", "no", "no", "yes", "yes", "no", "no"};
    for (int r = 0; r < 8; r++) {
        cr_expect_str_eq(table_text(t, r, "image"), r < 4 ? "CT" : "CT.log-sigma-2mm");
        cr_expect_str_eq(table_text(t, r, "robust"), robust[r], "row %d", r);
    }
    /* numpy: MSR 3.326683333333333, MSE 1.6666666667468875e-05; rows are matched by name. */
    cr_expect(near(table_number(t, 0, "ICC3"), 0.9999899800603195, 1e-10, 0), "%s",
              table_text(t, 0, "ICC3"));
    cr_expect_str_eq(table_text(t, 0, "class"), "excellent");
    cr_expect_str_eq(table_text(t, 3, "reason"), "no variance between cases or none within");
    cr_expect_eq(table_number(t, 5, "subjects"), 3, "an empty cell takes its subject out");
    cr_assert_eq(run_command(20, out, sizeof out,
                             "%s features prune %s --robust %s --form ICC3 --out %s/prune.csv",
                             PROGRAM, a, path, dir),
                 0, "%s", out);
    snprintf(path, sizeof path, "%s/prune.csv", dir);
    t = table_read(path);
    cr_expect_str_eq(table_text(t, 0, "kept"), "yes");
    cr_expect_str_eq(table_text(t, 1, "kept"), "no");
    cr_expect_str_eq(table_text(t, 1, "like_feature"), "same");
    cr_expect_str_eq(table_text(t, 2, "reason"), "not robust");
    cr_assert_eq(run_command(20, out, sizeof out,
                             "%s features select %s --chosen %s --out %s/selected.csv", PROGRAM, a,
                             path, dir),
                 0, "%s", out);
    snprintf(path, sizeof path, "%s/selected.csv", dir);
    t = table_read(path);
    cr_assert_eq(t->rows, 4);
    cr_assert_eq(t->columns, 4);
    cr_expect_eq(table_number(t, 2, "CT_same"), 3);
    cr_expect_eq(table_number(t, 0, "CT.log-sigma-2mm_same"), 4);
}

/* A case of the test part has no say in what is robust. */
Test(features, only_training_cases_decide, .timeout = 60)
{
    char out[8000], path[1200];
    const char *dir = folder();
    const char *a = put(dir, "a.csv", "case,region,image,f\na,r,CT,1\nb,r,CT,2\nc,r,CT,3\nx_1,r,CT,50\n");
    const char *b = put(dir, "b.csv", "case,region,image,f\na,r,CT,1.1\nb,r,CT,2\nc,r,CT,3\nx_1,r,CT,0\n");
    const char *s = put(dir, "split.csv", "patient,split\na,train\nb,train\nc,train\nx,test\n");
    cr_assert_eq(run_command(20, out, sizeof out,
                             "%s features robust %s %s --split %s --out %s/robust.csv", PROGRAM, a,
                             b, s, dir),
                 0, "%s", out);
    snprintf(path, sizeof path, "%s/robust.csv", dir);
    const table *t = table_read(path);
    cr_expect_eq(table_number(t, 0, "subjects"), 3);
    cr_expect_gt(table_number(t, 0, "ICC1"), 0.99);
    s = put(dir, "split.csv", "patient,split\na,train\nb,train\nc,train\n");
    cr_expect_eq(run_command(20, out, sizeof out, "%s features robust %s %s --split %s", PROGRAM, a,
                             b, s),
                 3);
    cr_expect(strstr(out, "does not know the case 'x_1'"), "%s", out);
}

/* The samples of the library's test, as tables. */
Test(features, harmonised_on_training_cases_and_applied_to_others, .timeout = 60)
{
    char out[8000], path[1200];
    const char *dir = folder();
    const table *in = table_read("tests/data/radiomics_combat_input.csv");
    char features[16000] = "case,region,image,f1,f2,f3,f4,f5,f6,f7,f8,f9,f10,f11,f12\n";
    char batches[4000] = "case,batch,sex\n", split[4000] = "case,split\n";
    int seen[3] = {0};
    for (int r = 0; r < in->rows; r++) {
        const char *name = table_text(in, r, "case"), *batch = table_text(in, r, "batch");
        sprintf(features + strlen(features), "%s,GTV,CT", name);
        for (int f = 0; f < 12; f++) {
            char column[16];
            snprintf(column, sizeof column, "f%d", f + 1);
            sprintf(features + strlen(features), ",%s", table_text(in, r, column));
        }
        strcat(features, "\n");
        sprintf(batches + strlen(batches), "%s,%s,%s\n", name, batch, table_text(in, r, "sex"));
        sprintf(split + strlen(split), "%s,%s\n", name,
                seen[batch[0] - 'A']++ < 6 ? "train" : "test");
    }
    const char *x = put(dir, "x.csv", features), *b = put(dir, "b.csv", batches),
               *s = put(dir, "s.csv", split);
    cr_assert_eq(run_command(20, out, sizeof out,
                             "%s features harmonise %s --batches %s --split %s --model %s/m.json "
                             "--out %s/y.csv",
                             PROGRAM, x, b, s, dir, dir),
                 0, "%s", out);
    snprintf(path, sizeof path, "%s/y.csv", dir);
    const table *y = table_read(path),
                *want = table_read("tests/data/radiomics_combat_expected.csv");
    int compared = 0;
    for (int r = 0; r < want->rows; r++) {
        if (strcmp(table_text(want, r, "variant"), "training") != 0) continue;
        const int i = atoi(table_text(want, r, "case") + 1) - 1;
        cr_expect(near(table_number(y, i, "f7"), table_number(want, r, "f7"), 1e-9, 0));
        compared++;
    }
    cr_expect_eq(compared, 30);
    /* The model file gives the same bytes as the fit. */
    cr_assert_eq(run_command(20, out, sizeof out,
                             "%s features harmonise %s --batches %s --apply %s/m.json --out "
                             "%s/z.csv && cmp %s/y.csv %s/z.csv",
                             PROGRAM, x, b, dir, dir, dir, dir),
                 0, "%s", out);
    cr_assert_eq(run_command(20, out, sizeof out,
                             "%s features harmonise %s --batches %s --covariates sex --reference B "
                             "--model %s/n.json --out %s/w.csv",
                             PROGRAM, x, b, dir, dir),
                 0, "%s", out);
    snprintf(path, sizeof path, "%s/w.csv", dir);
    y = table_read(path);
    for (int r = 0; r < in->rows; r++)
        if (table_text(in, r, "batch")[0] == 'B')
            cr_expect_eq(table_number(y, r, "f1"), table_number(in, r, "f1"));
    b = put(dir, "b2.csv", "case,batch\nc1,A\n");
    x = put(dir, "x2.csv", "case,region,image,f1\nc1,GTV,CT,3\n");
    cr_expect_eq(run_command(20, out, sizeof out,
                             "%s features harmonise %s --batches %s --apply %s/m.json", PROGRAM, x,
                             b, dir),
                 3);
    cr_expect(strstr(out, "the model has 12 features, the table 1"), "%s", out);
}

Test(features, wrong_use_is_refused, .timeout = 60)
{
    const char *dir = folder(), *a = put(dir, "a.csv", test);
    const struct {
        const char *task, *rest, *says;
    } wrong[] = {
        {"robst", "", "unknown task 'robst'; did you mean 'robust'?"},
        {"robust", "", "give two tables"},
        {"robust", "--form ICC4", "must be ICC1, ICC2"},
        {"prune", "--limit 2", "--limit"},
        {"select", "", "--chosen names the table"},
        {"harmonise", "", "--batches names the table"},
    };
    char out[4000];
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        cr_expect_eq(run_command(20, out, sizeof out, "%s features %s %s %s", PROGRAM,
                                 wrong[i].task, a, wrong[i].rest),
                     2, "%s: %s", wrong[i].task, out);
        cr_expect(strstr(out, wrong[i].says), "%s: %s", wrong[i].task, out);
    }
    const char *twice = put(dir, "b.csv", "case,region,image,f\na,r,CT,1\na,r,CT,2\n");
    cr_expect_eq(run_command(20, out, sizeof out, "%s features prune %s", PROGRAM, twice), 3);
    cr_expect(strstr(out, ":3: case 'a', region 'r', image 'CT' again"), "%s", out);
}
