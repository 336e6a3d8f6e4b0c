/* tests/test_io_contour.c - contours to masks: the counts of plain shapes, and the published masks
 * of 66 structure sets. */
#include "io/atomic.h"
#include "io/dicom.h"
#include "io/nifti.h"
#include "tests/harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Grid of 64x64 pixels of 1 mm, 9 slices of 3 mm, voxel centres at half millimetres around 0. */
static rp_grid field(void)
{
    rp_grid g = rp_grid_axial(9, 64, 64, 3, 1, 1);
    g.origin[0] = g.origin[1] = -31.5;
    return g;
}

static rp_contour circle(double r, double x, double y, double z, int points)
{
    rp_contour c = {.kind = RP_CONTOUR_CLOSED,
                    .points = points,
                    .lps = calloc(3 * (size_t)points, sizeof(double))};
    for (int i = 0; i < points; i++) {
        const double a = 2 * 3.14159265358979323846 * i / points;
        c.lps[3 * i] = x + r * cos(a), c.lps[3 * i + 1] = y + r * sin(a), c.lps[3 * i + 2] = z;
    }
    return c;
}

static rp_contour square(double low, double high, double z)
{
    const double v[12] = {low, low, z, high, low, z, high, high, z, low, high, z};
    rp_contour c = {.kind = RP_CONTOUR_CLOSED, .points = 4, .lps = malloc(sizeof v)};
    memcpy(c.lps, v, sizeof v);
    return c;
}

static int64_t count(int64_t n, const rp_contour c[], rp_contour_report *report)
{
    const rp_grid g = field();
    uint8_t *mask = malloc((size_t)rp_grid_voxels(&g));
    cr_assert_eq(rp_contour_fill(&g, n, c, mask, report), RP_OK, "%s", rp_error_message());
    int64_t sum = 0;
    for (int64_t i = 0; i < rp_grid_voxels(&g); i++) sum += mask[i];
    free(mask);
    return sum;
}

/* Counts of the even-odd rule at centres, made with other code (see tests/data/SOURCES). */
Test(contour, plain_shapes_have_the_counts_of_the_rule)
{
    rp_contour_report r;
    rp_contour one[3];
    one[0] = circle(10, 0, 0, 12, 360);
    cr_expect_eq(count(1, one, NULL), 316);
    one[0] = square(-10, 10, 12);
    cr_expect_eq(count(1, one, NULL), 400);
    one[0] = square(-9.5, 10.5, 12);
    cr_expect_eq(count(1, one, NULL), 400, "vertices on voxel centres");
    one[0] = circle(15, 0, 0, 12, 360);
    one[1] = circle(7, 0, 0, 12, 360);
    cr_expect_eq(count(2, one, NULL), 560, "a hole");
    one[0].kind = one[1].kind = RP_CONTOUR_XOR;
    cr_expect_eq(count(2, one, NULL), 560);
    one[2] = circle(3, 0, 0, 12, 360);
    cr_expect_eq(count(3, one, NULL), 592, "an island in the hole");
    one[0] = circle(0.4, 0, 0, 12, 60);
    cr_expect_eq(count(1, one, &r), 0);
    cr_expect_eq(r.empty, 1);
}

Test(contour, a_keyhole_equals_its_two_contours)
{
    rp_contour outer = circle(15, 0, 0, 12, 360), inner = circle(7, 0, 0, 12, 360);
    rp_contour key = {
        .kind = RP_CONTOUR_CLOSED, .points = 722, .lps = calloc(722 * 3, sizeof(double))};
    memcpy(key.lps, outer.lps, 360 * 3 * sizeof(double));
    memcpy(key.lps + 360 * 3, outer.lps, 3 * sizeof(double));
    for (int i = 0; i <= 360; i++)
        memcpy(key.lps + (361 + i) * 3, inner.lps + (360 - i) % 360 * 3, 3 * sizeof(double));
    cr_expect_eq(count(1, &key, NULL), 560);
}

Test(contour, planes_are_the_nearest_slices_and_what_lies_beyond_is_counted)
{
    rp_contour_report r;
    rp_contour c[6] = {square(-10, 10, 13),   square(-10, 10, 4.5), square(-10, 10, -1.6),
                       square(-10, 10, 25.5), square(20, 40, 0),    square(-10, 10, -1.5)};
    cr_expect_eq(count(1, c, &r), 400);
    cr_expect(r.off_plane == 1 && fabs(r.worst_off_mm - 1) < 1e-9);
    const rp_grid g = field();
    uint8_t *mask = malloc((size_t)rp_grid_voxels(&g));
    cr_assert_eq(rp_contour_fill(&g, 1, c + 1, mask, &r), RP_OK);
    cr_expect_eq(mask[(2 * 64 + 32) * 64 + 32], 1, "a tie goes up");
    cr_expect_eq(count(6, c, &r), 400 + 400 + 12 * 12 + 400);
    cr_expect(r.contours == 4 && r.dropped == 2 && r.outside == 1 && r.skipped == 0);
    c[0].kind = RP_CONTOUR_POINT;
    c[1].points = 2;
    cr_expect_eq(count(2, c, &r), 0);
    cr_expect_eq(r.skipped, 2);
    rp_contour upright = square(-10, 10, 12);
    for (int i = 0; i < 4; i++) upright.lps[3 * i + 2] = 3 * i;
    cr_expect_eq(rp_contour_fill(&g, 1, &upright, mask, &r), RP_EUNSUP);
    upright.lps[4] = NAN;
    cr_expect_eq(rp_contour_fill(&g, 1, &upright, mask, &r), RP_EDATA);
    free(mask);
}

static int64_t compare(const char *struct_path, const char *mask_path, int64_t *voxels)
{
    rp_dicom_structs *s = NULL;
    rp_volume *want = NULL;
    cr_assert_eq(rp_dicom_rtstruct(struct_path, &s), RP_OK, "%s", rp_error_message());
    cr_assert_eq(rp_nifti_read(mask_path, &want, NULL), RP_OK, "%s", rp_error_message());
    cr_assert_eq(s->rois, 1);
    cr_expect_str_empty(s->roi[0].problem);
    const int64_t n = rp_grid_voxels(&want->grid);
    uint8_t *mask = malloc((size_t)n);
    rp_contour_report r;
    cr_assert_eq(rp_contour_fill(&want->grid, s->roi[0].contours, s->roi[0].contour, mask, &r),
                 RP_OK, "%s", rp_error_message());
    int64_t differ = 0;
    *voxels = 0;
    for (int64_t i = 0; i < n; i++) {
        differ += mask[i] != (rp_volume_value(want, i) != 0);
        *voxels += mask[i];
    }
    free(mask);
    rp_volume_drop(&want);
    rp_dicom_structs_drop(&s);
    return differ;
}

Test(contour, the_published_masks_of_66_structure_sets_are_met_voxel_for_voxel, .timeout = 300)
{
    if (!shared_path("data/sts/CT.tar.xz")) skip_test("the shared data are not here");
    const char *folder = scratch_folder("io_sts");
    static const char *const archives[] = {"CT", "PET", "MR_T1"};
    char out[2000], structs[4400], mask[4400];
    int found = 0;
    cr_assert_eq(rp_dicom_start(), RP_OK);
    for (int a = 0; a < 3; a++) {
        cr_assert_eq(run_command(200, out, sizeof out,
                                 "tar -xJf %s/%s.tar.xz -C %s --wildcards \"*/mask/RS.dcm\"",
                                 shared_path("data/sts"), archives[a], folder),
                     0, "%s", out);
        for (int p = 1; p <= 40; p++) {
            snprintf(structs, sizeof structs, "%s/dicom/STS_%03d/%s/mask/RS.dcm", folder, p,
                     archives[a]);
            snprintf(mask, sizeof mask, "%s/STS_%03d_%s_mask.nii.gz", shared_path("data/sts/masks"),
                     p, archives[a]);
            rp_path_info info;
            cr_assert_eq(rp_path_look(structs, true, &info), RP_OK);
            if (info.kind == RP_PATH_NONE) continue;
            int64_t voxels;
            const int64_t differ = compare(structs, mask, &voxels);
            cr_expect_eq(differ, 0, "STS_%03d %s: %d of %d voxels differ", p, archives[a],
                         (int)differ, (int)voxels);
            /* Counts of the reference note. */
            if (p == 1) cr_expect_eq(voxels, a == 1 ? 5095 : 117145);
            if (p == 5) cr_expect_eq(voxels, a == 1 ? 5985 : 187576);
            found++;
        }
    }
    cr_expect_eq(found, 66);
    rp_dicom_end();
}
