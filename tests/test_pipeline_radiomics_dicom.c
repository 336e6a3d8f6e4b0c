/* tests/test_pipeline_radiomics_dicom.c - IBSI's CT phantom from DICOM and its structure set, through
 * ingest and 'radpipe radiomics': configurations A to E. */
#include "tests/harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROGRAM build_path("radpipe")

/* The phantom's cohort, made once for all tests of this program. */
static const char *cohort(void)
{
    static char folder[1000];
    char out[4000];
    const char *base = build_path("scratch/ibsi-dicom");
    const char *archive = shared_path("data/ibsi1/ct_phantom_dicom.tar.xz");
    if (!archive) skip_test("IBSI's phantoms are not beside the project");
    snprintf(folder, sizeof folder, "%s/cohort", base);
    cr_assert_eq(run_command(60, out, sizeof out, "test -e %s/cohort.json || (rm -rf %s && mkdir -p %s/source && tar xf %s -C %s/source)",
                             folder, base, base, archive, base), 0, "%s", out);
    cr_assert_eq(run_command(100, out, sizeof out, "test -e %s/cohort.json || %s ingest %s/source --out %s --ids keep --quiet", folder, PROGRAM, base, folder), 0, "%s", out);
    return folder;
}

/* The value of a feature: its column carries the aggregation where there are several. */
static const char *value_of(const table *t, const char *tag, const char *aggregation)
{
    char name[200];
    snprintf(name, sizeof name, "%s.%s", tag, aggregation);
    for (int c = 0; c < t->columns; c++)
        if (strcmp(t->name[c], name) == 0 || strcmp(t->name[c], tag) == 0) return t->cell[c];
    return NULL;
}

static double rounded(double x)
{
    char text[40];
    snprintf(text, sizeof text, "%.3g", x);
    return atof(text);
}

/* Rounded to three digits, within the tolerance: as the consortium compares. */
static void check(char letter, int rows)
{
    const char *made = cohort(), *folder = scratch_folder("ibsi-dicom-features");
    char out[4000], config[12];
    snprintf(config, sizeof config, "config_%c", letter - 'A' + 'a');
    cr_assert_eq(run_command(100, out, sizeof out, "%s radiomics %s --settings ibsi-%c --out %s --quiet", PROGRAM, made, letter, folder), 0, "%s", out);
    snprintf(out, sizeof out, "%s/features.csv", folder);
    const table *got = table_read(out), *want = table_read(shared_path("data/ibsi1/reference_values.csv"));
    cr_assert_eq(got->rows, 1);
    cr_expect_eq(table_number(got, 0, "voxels") > 1000, 1);
    int found = 0;
    for (int r = 0; r < want->rows; r++) {
        const char *tag = table_text(want, r, "tag"), *how = table_text(want, r, "aggregation_code");
        if (strcmp(table_text(want, r, "config"), config) != 0 || !table_text(want, r, "value")[0]) continue;
        const char *cell = value_of(got, tag, how);
        const double reference = table_number(want, r, "value"), tolerance = table_number(want, r, "tolerance");
        cr_expect(cell && cell[0], "%s %s is missing", tag, how);
        if (!cell || !cell[0]) continue;
        cr_expect_leq(fabs(rounded(atof(cell)) - reference), tolerance + 1e-12 * fabs(reference), "%s %s: %s, reference %g +- %g", tag, how, cell, reference, tolerance);
        found++;
    }
    cr_expect_eq(found, rows, "%d of %d values", found, rows);
}

Test(ibsi1_dicom, configuration_a_has_all_346_values, .timeout = 200) { check('A', 346); }
Test(ibsi1_dicom, configuration_b_has_all_346_values, .timeout = 200) { check('B', 346); }
Test(ibsi1_dicom, configuration_c_has_its_209_values, .timeout = 200) { check('C', 209); }
Test(ibsi1_dicom, configuration_d_has_all_210_values, .timeout = 200) { check('D', 210); }
Test(ibsi1_dicom, configuration_e_has_all_210_values, .timeout = 200) { check('E', 210); }

Test(ibsi1_dicom, the_contours_make_the_published_mask, .timeout = 200)
{
    char path[1100];
    snprintf(path, sizeof path, "%s/regions.csv", cohort());
    const table *t = table_read(path);
    cr_assert_eq(t->rows, 1);
    cr_expect_eq(table_number(t, 0, "voxels"), 125256);
}
