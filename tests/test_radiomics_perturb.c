/* tests/test_radiomics_perturb.c - perturbed images and masks: turns, shifts, noise, contours; masks
 * on another grid. */
#include "lib/base/random.h"
#include "lib/radiomics/families.h"
#include "lib/radiomics/perturb.h"
#include "lib/radiomics/regrid.h"
#include "lib/radiomics/supervoxels.h"
#include "tests/harness.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { Z = 9, SIDE = 41, VOXELS = Z * SIDE * SIDE };

/* Noise, and an ellipsoid of odd sides in the middle of it. */
static rp_grid phantom(double image[VOXELS], uint8_t mask[VOXELS])
{
    rp_random r;
    rp_random_start(3, RP_RANDOM_TEST, 0, &r);
    for (int i = 0; i < VOXELS; i++) {
        const double z = i / (SIDE * SIDE) - 4, y = i / SIDE % SIDE - 20, x = i % SIDE - 20;
        image[i] = floor(100 * rp_random_unit(&r));
        mask[i] = z * z / 9 + y * y / 100 + x * x / 36 <= 1;
    }
    return rp_grid_axial(Z, SIDE, SIDE, 3, 1, 1);
}

static rp_values values_of(rp_roi *roi, const rp_roi_settings *s)
{
    rp_values v = {0};
    rp_family_choice all;
    const rp_texture_settings t = rp_texture_settings_default();
    memset(&all, 1, sizeof all);
    rp_roi_resegment(roi, s);
    cr_assert_eq(rp_roi_discretise(roi, s), RP_OK, "%s", rp_error_message());
    cr_assert_eq(rp_families(roi, &all, &t, &v), RP_OK, "%s", rp_error_message());
    return v;
}

/* A quarter turn moves voxels onto voxels: no feature knows. */
Test(perturb, a_quarter_turn_changes_no_feature)
{
    static double image[VOXELS];
    static uint8_t mask[VOXELS];
    const rp_grid g = phantom(image, mask);
    const rp_roi_settings s = rp_roi_settings_default();
    rp_roi *plain = NULL, *turned = NULL;
    cr_assert_eq(rp_roi_new(&g, image, mask, &s, 3, &plain), RP_OK);
    cr_assert_eq(rp_roi_perturbed(&g, image, mask, &s, &(rp_perturbation){.angle = 90}, 3, &turned),
                 RP_OK, "%s", rp_error_message());
    rp_values a = values_of(plain, &s), b = values_of(turned, &s);
    cr_assert_eq(a.count, b.count);
    cr_expect_neq(memcmp(plain->value, turned->value, 100 * sizeof(double)), 0, "it did turn");
    for (int64_t i = 0; i < a.count; i++) {
        /* the smallest ellipsoid is found by turns to 1e-3 */
        const rp_feature *f = &rp_features[a.item[i].feature];
        cr_expect(near(a.item[i].value, b.item[i].value, f->is_standardised ? 1e-9 : 1e-3, 1e-12),
                  "%s: %g, turned %g", f->tag, a.item[i].value, b.item[i].value);
    }
    rp_values_clear(&a);
    rp_values_clear(&b);
    rp_roi_drop(&plain);
    rp_roi_drop(&turned);
    no_leaks();
}

/* A shift by whole voxels, too; by half a voxel a linear image changes by half its slope. */
Test(perturb, a_shift_is_a_shift)
{
    static double image[VOXELS];
    static uint8_t mask[VOXELS];
    const rp_grid g = phantom(image, mask);
    rp_roi_settings s = rp_roi_settings_default();
    rp_roi *r = NULL;
    for (int i = 0; i < VOXELS; i++) image[i] = i % SIDE;
    cr_assert_eq(rp_roi_perturbed(&g, image, mask, &s, &(rp_perturbation){.shift = {0, 0, 0.25}}, 3,
                                  &r),
                 RP_OK);
    cr_assert_eq(rp_roi_discretise(r, &s), RP_OK);
    for (int64_t i = 0; i < r->count; i++)
        cr_expect(near(r->value[i] - floor(r->value[i]), 0.25, 0, 1e-5), "%g", r->value[i]);
    rp_roi_drop(&r);
}

Test(perturb, noise_is_found_and_added)
{
    static double image[SIDE * SIDE * 3], noisy[VOXELS];
    static uint8_t mask[VOXELS];
    const int64_t n[3] = {3, SIDE, SIDE};
    rp_random r;
    double sd;
    rp_random_start(5, RP_RANDOM_TEST, 0, &r);
    /* A steep plane with noise of 4: the plane must not count.  5043 details; the median's own error
     * is about 2 %. */
    for (int i = 0; i < 3 * SIDE * SIDE; i++) image[i] = i % SIDE * 7.0 + 4 * rp_random_normal(&r);
    cr_assert_eq(rp_noise_level(n, image, &sd), RP_OK);
    cr_expect(near(sd, 4, 0.06, 0), "%g", sd);
    const rp_grid g = phantom(noisy, mask);
    const rp_roi_settings s = rp_roi_settings_default();
    rp_perturbation p = {.noise = 2, .seed = 1, .repetition = 1};
    rp_roi *a = NULL, *b = NULL, *wide = NULL;
    for (int i = 0; i < VOXELS; i++) noisy[i] = rp_random_normal(&r);
    cr_assert_eq(rp_roi_new(&g, noisy, mask, &s, -1, &a), RP_OK);
    cr_assert_eq(rp_roi_perturbed(&g, noisy, mask, &s, &p, -1, &wide), RP_OK);
    double squares = 0;
    for (int i = 0; i < VOXELS; i++)
        squares += (wide->image[i] - a->image[i]) * (wide->image[i] - a->image[i]);
    cr_expect(near(sqrt(squares / VOXELS), 2, 0.1, 0), "twice the noise: %g",
              sqrt(squares / VOXELS));
    /* The same numbers whatever margin is asked for. */
    cr_assert_eq(rp_roi_perturbed(&g, noisy, mask, &s, &p, 2, &b), RP_OK);
    cr_assert_eq(rp_roi_discretise(b, &s), RP_OK);
    cr_assert_eq(rp_roi_discretise(wide, &s), RP_OK);
    cr_assert_eq(b->count, wide->count);
    cr_expect_eq(memcmp(b->value, wide->value, (size_t)b->count * sizeof(double)), 0);
    rp_roi_drop(&a);
    rp_roi_drop(&b);
    rp_roi_drop(&wide);
    no_leaks();
}

/* Two plateaus: supervoxels do not cross from one to the other. */
Test(perturb, supervoxels_follow_edges_and_fill_the_box)
{
    static double image[VOXELS];
    static int32_t label[VOXELS];
    const int64_t n[3] = {Z, SIDE, SIDE};
    const double spacing[3] = {3, 1, 1};
    int32_t count;
    static int seen[10000][2];
    for (int i = 0; i < VOXELS; i++) image[i] = i % SIDE < 18 ? 0 : 100;
    cr_assert_eq(rp_supervoxels(n, spacing, image, 216, label, &count), RP_OK);
    cr_assert(count > 20 && count < 10000, "%d", count);
    for (int i = 0; i < VOXELS; i++) {
        cr_assert(label[i] >= 0 && label[i] < count);
        seen[label[i]][i % SIDE >= 18]++;
    }
    int mixed = 0;
    for (int k = 0; k < count; k++) mixed += seen[k][0] > 0 && seen[k][1] > 0;
    cr_expect_eq(mixed, 0, "%d of %d", mixed, count);
    /* About the volume that was asked for: 216 mm3 are 72 voxels. */
    cr_expect(near(VOXELS / (double)count, 72, 0.4, 0), "%g voxels", VOXELS / (double)count);
    no_leaks();
}

Test(perturb, contours_take_supervoxels_whole_by_their_share)
{
    enum { COUNT = 5, EACH = 100, DRAWS = 2000 };
    static int32_t label[COUNT * EACH];
    static uint8_t mask[COUNT * EACH], out[COUNT * EACH];
    const double share[COUNT] = {0.95, 0.7, 0.4, 0.15, 0}, chance[COUNT] = {1, 0.7, 0.4, 0, 0};
    int in[COUNT] = {0};
    for (int i = 0; i < COUNT * EACH; i++) {
        label[i] = i / EACH;
        mask[i] = i % EACH < share[i / EACH] * EACH;
    }
    for (int d = 0; d < DRAWS; d++) {
        cr_assert_eq(rp_contour_randomise(COUNT * EACH, COUNT, label, mask, 7, (uint64_t)d, out),
                     RP_OK);
        for (int k = 0; k < COUNT; k++) {
            in[k] += out[k * EACH];
            for (int i = 1; i < EACH; i++) cr_assert_eq(out[k * EACH + i], out[k * EACH]);
        }
    }
    /* 2000 draws: four standard errors are 0.045 */
    for (int k = 0; k < COUNT; k++)
        cr_expect(near(in[k] / (double)DRAWS, chance[k], 0, 0.045), "%d: %d", k, in[k]);
    no_leaks();
}

Test(perturb, draws_differ_by_region_and_repetition_and_stay_in_range)
{
    const rp_perturb_settings s = {.rotation = 10, .translation = 0.5, .seed = 1};
    const uint64_t a = rp_perturb_key("a", "bc"), b = rp_perturb_key("ab", "c");
    cr_expect_neq(a, b);
    const rp_perturbation p = rp_perturbation_draw(&s, a, 1), q = rp_perturbation_draw(&s, a, 2),
                          r = rp_perturbation_draw(&s, b, 1), again = rp_perturbation_draw(&s, a, 1);
    cr_expect_neq(p.angle, q.angle);
    cr_expect_neq(p.angle, r.angle);
    cr_expect_eq(p.angle, again.angle);
    for (int i = 0; i < 1000; i++) {
        const rp_perturbation t = rp_perturbation_draw(&s, a, i);
        cr_assert(fabs(t.angle) <= 10 && fabs(t.shift[0]) <= 0.5 && fabs(t.shift[2]) <= 0.5);
    }
}

/* A sphere drawn on a fine grid, put on a coarse, turned and shifted one: it keeps its volume. */
Test(radiomics_regrid, a_mask_on_another_grid_keeps_its_volume)
{
    static uint8_t mask[40 * 40 * 40], out[24 * 24 * 24];
    const rp_grid from = rp_grid_axial(40, 40, 40, 1, 1, 1);
    rp_grid to = rp_grid_axial(24, 24, 24, 2, 2, 2);
    int64_t drawn = 0, found = 0;
    for (int i = 0; i < 40 * 40 * 40; i++) {
        const double z = i / 1600 - 19.5, y = i / 40 % 40 - 19.5, x = i % 40 - 19.5;
        mask[i] = z * z + y * y + x * x <= 15 * 15;
        drawn += mask[i];
    }
    to.dir[1][0] = -sin(0.3);
    to.dir[1][1] = to.dir[2][0] = cos(0.3);
    to.dir[2][1] = sin(0.3);
    double centre[3];
    rp_grid_position(&to, (const double[3]){11.5, 11.5, 11.5}, centre);
    for (int k = 0; k < 3; k++) to.origin[k] = 19.5 - centre[k];
    cr_assert_eq(rp_regrid_mask(&from, mask, &to, out), RP_OK, "%s", rp_error_message());
    for (int i = 0; i < 24 * 24 * 24; i++) found += out[i];
    cr_expect(near(8.0 * (double)found, (double)drawn, 0.01, 0), "%g, drawn %g",
              8.0 * (double)found, (double)drawn);
    /* Its own grid: itself. */
    static uint8_t same[40 * 40 * 40];
    cr_assert_eq(rp_regrid_mask(&from, mask, &from, same), RP_OK);
    cr_expect_eq(memcmp(same, mask, sizeof mask), 0);
    to.origin[0] += 12;
    cr_expect_eq(rp_regrid_mask(&from, mask, &to, out), RP_EDATA);
    cr_expect(strstr(rp_error_message(), "voxels beyond the image"), "%s", rp_error_message());
}
