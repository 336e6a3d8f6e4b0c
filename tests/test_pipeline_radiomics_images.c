/* tests/test_pipeline_radiomics_images.c - features of filtered images against PyRadiomics, as a
 * user of the preset starts them. */
#include "io/csv.h"
#include "io/nifti.h"
#include "tests/harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROGRAM build_path("radpipe")

/* A folder of its own for each test: they may run at the same time. */
static const char *scratch_name(void)
{
    static char name[200];
    snprintf(name, sizeof name, "radiomics-%s", criterion_current_test->name);
    return name;
}

/* Runs the settings on an image of PyRadiomics; NULL if the images are not there. */
static rp_csv *run_peer(const char *name, const char *settings)
{
    char path[1200], image[400], mask[400], out[4000];
    rp_csv *t = NULL;
    snprintf(path, sizeof path, "data/pyradiomics/images/%s_image.nrrd", name);
    if (!shared_path(path)) return NULL;
    snprintf(image, sizeof image, "%s", shared_path(path));
    snprintf(path, sizeof path, "data/pyradiomics/images/%s_label.nrrd", name);
    snprintf(mask, sizeof mask, "%s", shared_path(path));
    const char *folder = scratch_folder(scratch_name());
    snprintf(path, sizeof path, "%s/settings.yaml", folder);
    FILE *f = fopen(path, "w");
    fputs(settings, f);
    fclose(f);
    cr_assert_eq(run_command(100, out, sizeof out,
                             "%s radiomics --image %s --mask %s --label 1 --settings %s --out %s",
                             PROGRAM, image, mask, path, folder),
                 0, "%s", out);
    snprintf(path, sizeof path, "%s/features.csv", folder);
    cr_assert_eq(rp_csv_read(path, ',', &t), RP_OK, "%s", rp_error_message());
    return t;
}

static const char filters[] = "base: pyradiomics\n"
                              "intensity: {integer: true}\n"
                              "filter:\n"
                              "  - {kind: none}\n"
                              "  - {kind: log, sigma: 1}\n"
                              "  - {kind: log, sigma: 2.5}\n"
                              "  - {kind: wavelet, band: all}\n"
                              "  - {kind: square}\n"
                              "  - {kind: squareroot}\n"
                              "  - {kind: logarithm}\n"
                              "  - {kind: exponential}\n"
                              "  - {kind: gradient}\n"
                              "  - {kind: lbp2d, width: 1}\n"
                              "  - {kind: lbp3d, width: 0.3}\n";

/* Every value of the columns 'NAME/IMAGE' of tests/data/radiomics_images.csv. */
static void compare_images(const char *name)
{
    rp_csv *want, *got = run_peer(name, filters);
    if (!got) skip_test("PyRadiomics' images are not beside the project");
    cr_assert_eq(rp_csv_read("tests/data/radiomics_images.csv", ',', &want), RP_OK, "%s",
                 rp_error_message());
    cr_assert_eq(rp_csv_rows(got), 1, "a row holds all images under PyRadiomics' names");
    const size_t length = strlen(name);
    int compared = 0;
    for (int c = 1; c < rp_csv_columns(want); c++) {
        const char *image = rp_csv_name(want, c) + length + 1;
        if (strncmp(rp_csv_name(want, c), name, length) != 0 || image[-1] != '/') continue;
        for (int64_t r = 0; r < rp_csv_rows(want); r++) {
            char column[200];
            double x;
            snprintf(column, sizeof column, "%s_%s", image, rp_csv_text(want, r, 0));
            const int at = rp_csv_find(got, column);
            cr_assert_geq(at, 0, "no column %s", column);
            const double y = strtod(rp_csv_text(want, r, c), NULL);
            compared++;
            cr_assert_eq(rp_csv_double(got, 0, at, &x), RP_OK, "%s", rp_error_message());
            /* MCC: PyRadiomics adds 2.2e-16 to what it divides by, and asks for eigenvalues */
            const bool is_mcc = strcmp(rp_csv_text(want, r, 0), "glcm_MCC") == 0;
            cr_expect(near(x, y, is_mcc ? 1e-6 : 1e-10, 1e-10), "%s %s: %.10g, PyRadiomics %.10g",
                      name, column, x, y);
        }
    }
    cr_expect_eq(compared, 93 * 19, "%d values", compared);
    rp_csv_drop(&want);
    rp_csv_drop(&got);
}

Test(radiomics_images, equal_pyradiomics_on_breast1, .timeout = 120) { compare_images("breast1"); }
Test(radiomics_images, equal_pyradiomics_on_brain2, .timeout = 120) { compare_images("brain2"); }
Test(radiomics_images, equal_pyradiomics_on_lung2, .timeout = 120) { compare_images("lung2_crop"); }

Test(radiomics_images, have_a_row_each_under_the_names_of_ibsi, .timeout = 60)
{
    rp_csv *t = run_peer("breast1", "discretise: {method: fbs, width: 10}\n"
                                    "min_voxels: 0\n"
                                    "filter:\n"
                                    "  - {kind: none}\n"
                                    "  - {kind: log, sigma: 2}\n"
                                    "  - {kind: wavelet, wavelet: haar, band: all, slices: true}\n"
                                    "  - {kind: gabor, sigma: 3, name: stripes}\n");
    if (!t) skip_test("PyRadiomics' images are not beside the project");
    static const char *const image[] = {"image",
                                        "image.log-sigma-2mm",
                                        "image.wavelet-haar-HH-1",
                                        "image.wavelet-haar-HL-1",
                                        "image.wavelet-haar-LH-1",
                                        "image.wavelet-haar-LL-1",
                                        "image.stripes"};
    cr_assert_eq(rp_csv_rows(t), 7);
    double volume, mean[7];
    for (int i = 0; i < 7; i++) {
        cr_expect_str_eq(rp_csv_text(t, i, 2), image[i]);
        cr_assert_eq(rp_csv_double(t, i, rp_csv_find(t, "stat_mean"), &mean[i]), RP_OK);
        cr_assert_eq(rp_csv_double(t, i, rp_csv_find(t, "morph_volume"), &volume), RP_OK);
        cr_expect_gt(volume, 0, "shape is that of the mask on every image");
    }
    /* The low band of a Haar wavelet in a slice is twice the mean of four pixels. */
    cr_expect(near(mean[5], 2 * mean[0], 0.05, 0), "%g, %g", mean[5], mean[0]);
    rp_csv_drop(&t);
}

Test(radiomics_images, maps_are_nifti_on_the_image, .timeout = 60)
{
    char path[1200];
    rp_csv *t = run_peer("breast1", "base: pyradiomics\nmaps: {radius: 1, features: '*Mean'}\n"
                                    "filter:\n  - {kind: none}\n  - {kind: square}\n");
    if (!t) skip_test("PyRadiomics' images are not beside the project");
    static const char *const files[] = {"original_firstorder_Mean", "square_firstorder_Mean"};
    for (int k = 0; k < 2; k++) {
        rp_volume *v = NULL;
        snprintf(path, sizeof path, "%s/%s/maps/%s.nii.gz", build_path("scratch"), scratch_name(),
                 files[k]);
        cr_assert_eq(rp_nifti_read(path, &v, NULL), RP_OK, "%s", rp_error_message());
        int64_t inside = 0;
        double voxels;
        for (int64_t i = 0; i < rp_grid_voxels(&v->grid); i++) inside += rp_volume_value(v, i) != 0;
        cr_assert_eq(rp_csv_double(t, 0, rp_csv_find(t, "voxels"), &voxels), RP_OK);
        cr_expect_eq((double)inside, voxels);
        rp_volume_drop(&v);
    }
    rp_csv_drop(&t);
}

/* A filter's values do not depend on which others stand in the list. */
Test(radiomics_images, are_the_same_alone_and_in_a_list, .timeout = 60)
{
    rp_csv *alone = run_peer("brain2", "base: pyradiomics\nfilter: {kind: wavelet, band: LHL}\n");
    rp_csv *many = run_peer("brain2", "base: pyradiomics\nfilter:\n  - {kind: square}\n"
                                      "  - {kind: wavelet, band: LHL}\n");
    if (!alone || !many) skip_test("PyRadiomics' images are not beside the project");
    int compared = 0;
    for (int c = 0; c < rp_csv_columns(alone); c++) {
        const char *name = rp_csv_name(alone, c);
        if (strncmp(name, "wavelet-LHL_", 12) != 0) continue;
        cr_expect_str_eq(rp_csv_text(alone, 0, c), rp_csv_text(many, 0, rp_csv_find(many, name)));
        compared++;
    }
    cr_expect_eq(compared, 93);
    rp_csv_drop(&alone);
    rp_csv_drop(&many);
}

/* settings.yaml, read again, gives itself. */
Test(radiomics_images, resolved_settings_are_settings, .timeout = 60)
{
    char path[1200];
    rp_csv *t = run_peer("breast1", filters);
    if (!t) skip_test("PyRadiomics' images are not beside the project");
    rp_csv_drop(&t);
    snprintf(path, sizeof path, "%s/%s/settings.yaml", build_path("scratch"), scratch_name());
    size_t size;
    char *first = file_read(path, &size);
    t = run_peer("breast1", first);
    rp_csv_drop(&t);
    cr_expect_str_eq(file_read(path, &size), first);
}

enum { COARSE = 12, FINE = 36 };

/* A cube of 8 voxels of 3 mm, and an image of 1 mm whose values are x: the mean over the cube is
 * that of its place. */
static void write_case(const char *folder, const char *name, bool has_second)
{
    char path[1200];
    for (int k = 0; k < (has_second ? 3 : 2); k++) {
        const int side = k == 2 ? FINE : COARSE;
        const double step = k == 2 ? 1 : 3;
        rp_grid g = rp_grid_axial(side, side, side, step, step, step);
        for (int a = 0; a < 3; a++) g.origin[a] = step / 2;
        rp_volume *v = NULL;
        cr_assert_eq(rp_volume_new(&g, k == 1 ? RP_U8 : RP_F32, &v), RP_OK);
        for (int i = 0; i < side * side * side; i++) {
            const int x = i % side, y = i / side % side, z = i / side / side;
            if (k == 1)
                ((uint8_t *)v->data)[i] = x >= 2 && x < 10 && y >= 2 && y < 10 && z >= 2 && z < 10;
            else
                ((float *)v->data)[i] = (float)(k == 2 ? x : 1000);
        }
        snprintf(path, sizeof path, "%s/%s/%s%s.nii.gz", folder, k == 1 ? "labelsTr" : "imagesTr",
                 name, k == 1 ? "" : k == 0 ? "_0000" : "_0001");
        cr_assert_eq(rp_nifti_write(path, v), RP_OK, "%s", rp_error_message());
        rp_volume_drop(&v);
    }
}

Test(radiomics_images, features_of_another_volume_than_the_one_drawn_on, .timeout = 60)
{
    char out[4000], path[1200];
    const char *folder = scratch_folder(scratch_name());
    run_command(5, out, sizeof out, "mkdir -p %s/in/imagesTr %s/in/labelsTr", folder, folder);
    snprintf(path, sizeof path, "%s/in", folder);
    write_case(path, "both", true);
    write_case(path, "alone", false);
    snprintf(path, sizeof path, "%s/settings.yaml", folder);
    FILE *f = fopen(path, "w");
    fputs("read: '0001'\nfamilies: {glcm: false, glrlm: false, glszm: false, gldzm: false}\n", f);
    fclose(f);
    cr_assert_eq(run_command(30, out, sizeof out, "%s ingest %s/in --out %s/cohort --ids keep",
                             PROGRAM, folder, folder),
                 0, "%s", out);
    cr_assert_eq(run_command(30, out, sizeof out,
                             "%s radiomics %s/cohort --settings %s --out %s/f --quiet", PROGRAM,
                             folder, path, folder),
                 0, "%s", out);
    snprintf(path, sizeof path, "%s/f/features.csv", folder);
    const table *t = table_read(path);
    cr_assert_eq(t->rows, 1);
    cr_expect_str_eq(table_text(t, 0, "image"), "0001");
    /* A voxel at an edge of the cube is covered by 2/3 along two axes: 4/9 in all, and out. */
    cr_expect_eq(table_number(t, 0, "voxels"), 24 * 24 * 24 - 12 * 22 - 8);
    cr_expect_eq(table_number(t, 0, "stat_min"), 6);
    cr_expect_eq(table_number(t, 0, "stat_max"), 29);
    cr_expect_eq(table_number(t, 0, "stat_mean"), 17.5);
    snprintf(path, sizeof path, "%s/f/lost.csv", folder);
    cr_expect(strstr(file_read(path, NULL), "the case has no volume '0001'"));
    /* As files: refused without --resample. */
    cr_expect_eq(run_command(30, out, sizeof out,
                             "%s radiomics --image %s/in/imagesTr/both_0001.nii.gz --mask "
                             "%s/in/labelsTr/both.nii.gz --settings ct --out %s/g",
                             PROGRAM, folder, folder, folder),
                 3);
    cr_expect(strstr(out, "--resample puts it there"), "%s", out);
    cr_expect_eq(run_command(30, out, sizeof out,
                             "%s radiomics --image %s/in/imagesTr/both_0001.nii.gz --mask "
                             "%s/in/labelsTr/both.nii.gz --settings ct --out %s/g --resample",
                             PROGRAM, folder, folder, folder),
                 0, "%s", out);
}
