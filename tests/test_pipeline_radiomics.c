/* tests/test_pipeline_radiomics.c - radpipe radiomics, as a user starts it. */
#include "tests/harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PROGRAM build_path("radpipe")

/* Phantoms and their cohort, made once for all tests of this program. */
static const char *cohort(void)
{
    static char folder[1000];
    char out[4000];
    struct stat st;
    snprintf(folder, sizeof folder, "%s/cohort", build_path("scratch/radiomics"));
    char done[1100];
    snprintf(done, sizeof done, "%s/cohort.json", folder);
    if (stat(done, &st) == 0) return folder;
    const char *base = build_path("scratch/radiomics");
    cr_assert_eq(
        run_command(60, out, sizeof out,
                    "rm -rf %s && mkdir -p %s && %s phantom head-neck --patients 3 --out %s/dicom",
                    base, base, PROGRAM, base),
        0, "%s", out);
    cr_assert_eq(run_command(60, out, sizeof out, "%s ingest %s/dicom --out %s --ids keep", PROGRAM,
                             base, folder),
                 0, "%s", out);
    return folder;
}

static const char *write_settings(const char *text)
{
    static char path[1000];
    snprintf(path, sizeof path, "%s/settings.yaml", scratch_folder("radiomics-settings"));
    FILE *f = fopen(path, "w");
    fputs(text, f);
    fclose(f);
    return path;
}

/* Each feature column of features.csv has its row in the dictionary, in order. */
static void expect_dictionary(const char *folder)
{
    char out[4000];
    cr_expect_eq(run_command(20, out, sizeof out,
                             "head -1 %s/features.csv | tr , \"\\n\" | tail -n +6 > %s/columns && "
                             "tail -n +2 %s/features-dictionary.csv | cut -d, -f1 | cmp - %s/columns",
                             folder, folder, folder, folder),
                 0, "%s", out);
    char path[1100];
    snprintf(path, sizeof path, "%s/features-dictionary.csv", folder);
    const table *t = table_read(path);
    for (int r = 0; r < t->rows; r++)
        cr_expect(strcmp(table_text(t, r, "standardised"), "yes") == 0 ||
                  strcmp(table_text(t, r, "standardised"), "no") == 0);
}

Test(radiomics, tables_are_the_same_bytes_on_1_2_3_and_5_ranks, .timeout = 300)
{
    const char *c = cohort(),
               *s =
                   write_settings("base: ct\nregions: 'GTV*'\ninterpolate: {spacing: [3, 3, 3]}\n");
    char out[4000];
    const int ranks[] = {1, 2, 3, 5};
    for (int i = 0; i < 4; i++)
        cr_assert_eq(run_command(100, out, sizeof out,
                                 "rm -rf %s-f%d && mpirun --bind-to none -n %d %s radiomics %s "
                                 "--settings %s --out %s-f%d --quiet",
                                 c, ranks[i], ranks[i], PROGRAM, c, s, c, ranks[i]),
                     0, "%s", out);
    for (int i = 1; i < 4; i++)
        cr_expect_eq(
            run_command(10, out, sizeof out, "diff -r -x journal %s-f1 %s-f%d", c, c, ranks[i]), 0,
            "%s", out);
    char path[1100];
    snprintf(path, sizeof path, "%s-f1/features.csv", c);
    const table *t = table_read(path);
    cr_expect_gt(t->rows, 0);
    for (int r = 0; r < t->rows; r++) {
        cr_expect_gt(table_number(t, r, "morph_volume"), 0);
        cr_expect_eq(strncmp(table_text(t, r, "region"), "GTV", 3), 0);
        cr_expect_leq(table_number(t, r, "stat_max"), 400);
    }
}

/* Extra rows, their ICC, and the same bytes on 1 and 3 ranks. */
Test(radiomics, perturbed_regions_have_rows_and_an_icc, .timeout = 200)
{
    const char *c = cohort(),
               *s = write_settings("base: ct\nregions: 'GTV*'\ninterpolate: {spacing: [3, 3, 3]}\n"
                                   "perturb: {repetitions: 3}\n"
                                   "filter:\n  - {kind: none}\n  - {kind: log, sigma: 6}\n"
                                   "families: {ivh: false, glszm: false, gldzm: false}\n");
    char out[4000], path[1100];
    for (int ranks = 1; ranks <= 3; ranks += 2)
        cr_assert_eq(run_command(100, out, sizeof out,
                                 "rm -rf %s-p%d && mpirun --bind-to none -n %d %s radiomics %s "
                                 "--settings %s --out %s-p%d --quiet",
                                 c, ranks, ranks, PROGRAM, c, s, c, ranks),
                     0, "%s", out);
    cr_expect_eq(run_command(10, out, sizeof out, "diff -r -x journal %s-p1 %s-p3", c, c), 0, "%s",
                 out);
    snprintf(path, sizeof path, "%s-p1/features.csv", c);
    const table *plain = table_read(path);
    snprintf(path, sizeof path, "%s-p1/features-perturbed.csv", c);
    const table *t = table_read(path);
    cr_assert_eq(t->rows, 3 * plain->rows);
    cr_expect_eq(table_number(t, 2, "perturbation"), 2);
    cr_expect_neq(table_number(t, 0, "stat_mean"), table_number(t, 2, "stat_mean"));
    snprintf(path, sizeof path, "%s-p1/features-robust.csv", c);
    const table *r = table_read(path);
    cr_expect_eq(r->rows, 2 * (plain->columns - 5));
    cr_expect_str_eq(table_text(r, 0, "feature"), "morph_volume");
    cr_expect_eq(table_number(r, 0, "subjects"), plain->rows / 2);
    cr_expect_gt(table_number(r, 0, "ICC1"), 0.5, "tumours differ more than their contours");
}

Test(radiomics, features_are_a_step_of_a_job, .timeout = 200)
{
    const char *made = cohort(), *folder = scratch_folder("radiomics-job");
    char out[6000], path[1200];
    snprintf(path, sizeof path, "%s/job.yaml", folder);
    FILE *f = fopen(path, "w");
    cr_assert(f);
    fprintf(f, "cohort: {path: %s}\ninputs: [CT]\nlabels: {tumour: GTVp}\nsplit: %s/dicom/split.csv\nprepare: {spacing: [6, 6, 6]}\nmodel: {features: [4, 8]}\n"
               "train: {iterations: 2, batch: 2, patch: [16, 16, 16]}\nradiomics: {settings: ct}\n", made, build_path("scratch/radiomics"));
    fclose(f);
    cr_assert_eq(run_command(100, out, sizeof out, "mpirun --bind-to none -n 2 %s run %s --out %s/run --quiet", PROGRAM, path, folder), 0, "%s", out);
    cr_assert_eq(run_command(60, out, sizeof out, "%s radiomics %s --settings ct --out %s/alone --quiet", PROGRAM, made, folder), 0, "%s", out);
    cr_expect_eq(run_command(10, out, sizeof out, "cmp %s/run/features.csv %s/alone/features.csv", folder, folder), 0, "%s", out);
    cr_expect_eq(run_command(10, out, sizeof out, "cmp %s/run/features.h5 %s/alone/features.h5", folder, folder), 0, "%s", out);
    cr_expect_eq(run_command(10, out, sizeof out, "grep -c \"What IBSI asks to report\" %s/run/report.html", folder), 0, "%s", out);
    /* a second start leaves them, other settings make them anew, wrong ones are refused before anything is computed */
    cr_expect_eq(run_command(60, out, sizeof out, "touch -d 2020-01-01 %s/run/features.csv && %s run %s --out %s/run --quiet && find %s/run/features.csv ! -newermt 2021-01-01", folder, PROGRAM, path, folder, folder), 0, "%s", out);
    cr_expect(strstr(out, "features.csv\n"), "%s", out);
    cr_expect_eq(run_command(60, out, sizeof out, "%s run %s --out %s/run --quiet --set radiomics.settings=mr && grep -c \"zscore: true\" %s/run/features-settings.yaml", PROGRAM, path, folder, folder), 0, "%s", out);
    cr_expect_eq(run_command(60, out, sizeof out, "%s run %s --out %s/other --quiet --set radiomics.settings=ctt", PROGRAM, path, folder), 4, "%s", out);
    cr_expect(strstr(out, "neither a file nor a preset (") && strstr(out, "pyradiomics"), "%s", out);
}

Test(radiomics, a_filter_names_its_image, .timeout = 60)
{
    const char *c = cohort(), *s = write_settings(
                                  "base: ct\nregions: 'GTVp'\ninterpolate: {spacing: [3, 3, 3]}\n"
                                  "filter: {kind: log, sigma: 6}\nfamilies: {morphology: false}\n");
    char out[4000], path[1100];
    cr_assert_eq(run_command(50, out, sizeof out,
                             "%s radiomics %s --settings %s --out %s-log --quiet", PROGRAM, c, s,
                             c),
                 0, "%s", out);
    snprintf(path, sizeof path, "%s-log/features.csv", c);
    const table *t = table_read(path);
    cr_assert_gt(t->rows, 0);
    cr_expect_str_eq(table_text(t, 0, "image"), "CT.log-sigma-6mm");
    snprintf(path, sizeof path, "%s-log", c);
    expect_dictionary(path);
    cr_expect_lt(fabs(table_number(t, 0, "stat_mean")), 10,
                 "a Laplacian is near 0 where the image is flat");
}

Test(radiomics, h5py_reads_what_the_tables_say, .timeout = 100)
{
    const char *c = cohort(),
               *s = write_settings("base: pet\nregions: '*'\ninterpolate: {spacing: [4, 4, 4]}\n"
                                   "families: {glcm: false, glrlm: false}\n"
                                   "filter:\n  - {kind: none}\n  - {kind: mean}\n");
    char out[4000];
    if (run_command(30, out, sizeof out, "/usr/bin/python3 -c \"import h5py\"") != 0)
        skip_test("h5py is not installed");
    cr_assert_eq(run_command(80, out, sizeof out,
                             "rm -rf %s-h5 && %s radiomics %s --settings %s --out %s-h5 --quiet", c,
                             PROGRAM, c, s, c),
                 0, "%s", out);
    cr_expect_eq(
        run_command(30, out, sizeof out, "/usr/bin/python3 tests/features_check.py %s-h5", c), 0,
        "%s", out);
    cr_expect_gt(atoi(out), 1000, "%s", out);
}

Test(radiomics, a_file_and_its_mask_give_the_values_of_the_standard, .timeout = 60)
{
    if (!shared_path("data/ibsi1/digital_phantom/image.nii.gz"))
        skip_test("IBSI's phantoms are not beside the project");
    char out[4000], path[1000];
    const char *image = shared_path("data/ibsi1/digital_phantom/image.nii.gz"),
               *mask = shared_path("data/ibsi1/digital_phantom/mask.nii.gz");
    const char *folder = scratch_folder("radiomics-file");
    cr_assert_eq(run_command(30, out, sizeof out,
                             "%s radiomics --image %s --mask %s --settings ibsi-digital --out %s",
                             PROGRAM, image, mask, folder),
                 0, "%s", out);
    snprintf(path, sizeof path, "%s/features.csv", folder);
    const table *t = table_read(path);
    cr_assert_eq(t->rows, 1);
    if (run_command(30, out, sizeof out, "/usr/bin/python3 -c \"import h5py\"") == 0)
        cr_expect_eq(run_command(30, out, sizeof out,
                                 "/usr/bin/python3 tests/features_check.py %s", folder),
                     0, "%s", out);
    cr_expect(near(table_number(t, 0, "stat_mean"), 2.15, 0, 0.005));
    cr_expect(near(table_number(t, 0, "cm_joint_max.ITBB"), 0.503, 0, 0.001));
    cr_expect(near(table_number(t, 0, "morph_moran_i"), 0.0397, 0, 0.0003));
    cr_expect_eq(t->columns, 5 + 79 + 25 * 6 + 16 * 6 + 16 * 6 + 5 * 3 + 17 * 3);
    cr_assert_eq(
        run_command(30, out, sizeof out,
                    "%s radiomics --image %s --mask %s --label 7 --settings ibsi-digital --out %s",
                    PROGRAM, image, mask, folder),
        0, "an empty region is no failure: %s", out);
    cr_assert_eq(run_command(5, out, sizeof out, "grep -c empty %s/features-missing.csv", folder),
                 0);
    cr_expect_eq(atoi(out), t->columns - 5);
}

Test(radiomics, pyradiomics_preset_has_its_names_and_values, .timeout = 60)
{
    if (!shared_path("data/pyradiomics/images/brain1_image.nrrd"))
        skip_test("PyRadiomics' images are not beside the project");
    char out[4000], path[1000];
    const char *image = shared_path("data/pyradiomics/images/brain1_image.nrrd"),
               *mask = shared_path("data/pyradiomics/images/brain1_label.nrrd");
    const char *folder = scratch_folder("radiomics-peer");
    cr_assert_eq(
        run_command(50, out, sizeof out,
                    "%s radiomics --image %s --mask %s --label 1 --settings pyradiomics --out %s",
                    PROGRAM, image, mask, folder),
        0, "%s", out);
    snprintf(path, sizeof path, "%s/features.csv", folder);
    const table *t = table_read(path);
    cr_assert_eq(t->columns, 5 + 107);
    expect_dictionary(folder);
    /* Rows of the package's baselines, brain1. */
    cr_expect(near(table_number(t, 0, "original_firstorder_Mean"), 825.235436306502, 1e-9, 0));
    cr_expect(near(table_number(t, 0, "original_shape_VoxelVolume"), 16412.65869140625, 1e-6, 0));
    const char *s = write_settings("base: pyradiomics\n"
                                   "pyradiomics: {force2d: true, weighting: no_weighting}\n");
    cr_assert_eq(
        run_command(50, out, sizeof out,
                    "%s radiomics --image %s --mask %s --label 1 --settings %s --out %s", PROGRAM,
                    image, mask, s, folder),
        0, "%s", out);
    t = table_read(path);
    cr_assert_eq(t->columns, 5 + 116);
    expect_dictionary(folder);
    cr_assert_eq(run_command(5, out, sizeof out, "grep -c slice "
                             "%s/features-missing.csv", folder), 0);
    cr_expect_eq(atoi(out), 9);
}

Test(radiomics, wrong_settings_are_refused_with_their_place, .timeout = 60)
{
    const struct {
        const char *text, *says;
    } wrong[] = {
        {"base: pett\n", ":1:7: base: must be a preset"},
        {"discretise: {bin: 3}\n", "unknown key 'discretise.bin'; did you mean 'discretise.bins'?"},
        {"discretise: {method: fixed}\n", "discretise.method: must be one of none|fbn|fbs"},
        {"interpolate: {spacing: [1, 1]}\n", "interpolate.spacing: must be a list of 3 numbers"},
        {"interpolate: 3\n", "interpolate: must be a map of keys"},
        {"filter: {kind: wavelet, wavelet: db9}\n", "wavelet 'db9': must be haar"},
        {"filter: {kind: mean, support: 4}\n", "box of 4 voxels: must be odd"},
        {"discretise: {bins: 2.5}\n", "2.5 must be a whole number"},
        {"filter:\n  - {kind: log}\n  - {kind: log, cut: 3}\n", "two images are called 'log-sigma-2mm'"},
        {"filter:\n  - {kind: log, sgma: 3}\n", ":2:23: unknown key 'filter.sgma'"},
        {"filter: [log]\n", "filter: each must be a map of keys"},
        {"base: pyradiomics\nfilter: {kind: laws}\n", "PyRadiomics has no such image"},
        {"filter: {kind: log, name: 'a,b'}\n", "filter.name 'a,b': at most 39 letters"},
    };
    char out[4000];
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const char *s = write_settings(wrong[i].text);
        cr_expect_eq(
            run_command(20, out, sizeof out,
                        "%s radiomics --image a.nii --mask b.nii --settings %s --out build/none",
                        PROGRAM, s),
            2, "%s", out);
        cr_expect(strstr(out, wrong[i].says), "%s: %s", wrong[i].text, out);
    }
    cr_expect_eq(run_command(20, out, sizeof out,
                             "%s radiomics --image a.nii --settings ct --out build/none", PROGRAM),
                 2);
}
