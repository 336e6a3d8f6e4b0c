/* tests/test_image.c - lib/image: grids, overlap, distances, resampling. */
#include "lib/image/distance.h"
#include "lib/image/overlap.h"
#include "lib/image/resample.h"
#include "tests/harness.h"

#include <math.h>
#include <string.h>

Test(grid, index_and_position_are_inverse)
{
    rp_grid g = rp_grid_axial(5, 6, 7, 3, 2, 1);
    const double c = cos(0.3), s = sin(0.3);
    memcpy(g.dir, (double[3][3]){{0, -s, c}, {0, c, s}, {1, 0, 0}}, sizeof g.dir);
    memcpy(g.origin, (double[3]){-10, 20, 30}, sizeof g.origin);
    cr_assert_eq(rp_grid_check(&g, false), RP_OK);
    double lps[3], index[3];
    rp_grid_position(&g, (double[3]){1, 2.5, 3}, lps);
    cr_assert_eq(rp_grid_index(&g, lps, index), RP_OK);
    cr_expect(near(index[0], 1, 0, 1e-12) && near(index[1], 2.5, 0, 1e-12) && near(index[2], 3, 0, 1e-12));
    rp_grid h = g;
    cr_expect_lt(rp_grid_difference(&g, &h), 1e-12);
    h.origin[0] += 0.5;
    cr_expect(near(rp_grid_difference(&g, &h), 0.5, 0, 1e-9));
    h.n[0]++;
    cr_expect(isinf(rp_grid_difference(&g, &h)));
    h.dir[0][0] = 0.5;
    cr_expect_eq(rp_grid_check(&h, false), RP_EDATA);
}

Test(half, every_half_returns_from_float)
{
    for (uint32_t h = 0; h < 65536; h++) {
        const float f = rp_half_to_float((uint16_t)h);
        if (isnan(f)) continue;
        cr_expect_eq(rp_half_from_float(f), (uint16_t)h);
    }
    cr_expect_eq(rp_half_from_float(1e9f), 0x7C00);
    cr_expect_eq(rp_half_from_float(1.0f + 0x1p-11f), 0x3C00, "ties go to even");
    cr_expect_eq(rp_half_from_float(1.0f + 0x1.8p-10f), 0x3C02);
}

Test(overlap, dice_counts_and_both_empty_is_undefined)
{
    const uint8_t r[] = {1, 1, 1, 0, 0, 2}, p[] = {0, 1, 1, 1, 0, 0};
    rp_overlap o = rp_overlap_count(6, r, p, 1);
    double dice = 7;
    cr_assert_eq(rp_overlap_dice(&o, &dice), RP_OK);
    cr_expect(near(dice, 2.0 / 3, 1e-15, 0));
    o = rp_overlap_count(6, r, p, 3);
    dice = 7;
    cr_expect_eq(rp_overlap_dice(&o, &dice), RP_ENONE);
    cr_expect_eq(dice, 7);
}

Test(distance, map_equals_search_over_all_voxels)
{
    enum { Z = 5, Y = 7, X = 6, N = Z * Y * X };
    const int64_t n[3] = {Z, Y, X};
    const double s[3] = {3, 0.7, 1.1};
    uint8_t mask[N] = {0};
    double d2[N];
    mask[17] = mask[60] = mask[61] = mask[150] = 1;
    cr_assert_eq(rp_distance_map(n, s, mask, d2), RP_OK);
    for (int i = 0; i < N; i++) {
        double best = INFINITY;
        for (int j = 0; j < N; j++) {
            if (!mask[j]) continue;
            const double dz = s[0] * (i / (Y * X) - j / (Y * X)), dy = s[1] * (i / X % Y - j / X % Y),
                         dx = s[2] * (i % X - j % X);
            best = fmin(best, dz * dz + dy * dy + dx * dx);
        }
        cr_expect(near(d2[i], best, 1e-12, 1e-12), "voxel %d: %g, not %g", i, d2[i], best);
    }
    memset(mask, 0, sizeof mask);
    cr_assert_eq(rp_distance_map(n, s, mask, d2), RP_OK);
    cr_expect(isinf(d2[0]) && isinf(d2[N - 1]));
}

Test(distance, hausdorff_of_shifted_boxes_is_the_shift)
{
    enum { N = 20 };
    const int64_t n[3] = {N, N, N};
    const double s[3] = {2, 1, 1};
    static uint8_t a[N * N * N], b[N * N * N];
    for (int z = 0; z < N; z++)
        for (int y = 0; y < N; y++)
            for (int x = 0; x < N; x++) {
                a[(z * N + y) * N + x] = z >= 4 && z < 10 && y >= 4 && y < 10 && x >= 4 && x < 10;
                b[(z * N + y) * N + x] = z >= 6 && z < 12 && y >= 4 && y < 10 && x >= 4 && x < 10;
            }
    rp_surface_distances d;
    double mm;
    cr_assert_eq(rp_surface_distances_find(n, s, a, b, 1, &d), RP_OK);
    cr_assert_eq(rp_surface_hausdorff(&d, 1, &mm), RP_OK);
    cr_expect_eq(mm, 4);
    cr_expect_eq(d.n_reference, 6 * 6 * 6 - 4 * 4 * 4);
    rp_surface_distances_clear(&d);
    memset(b, 0, sizeof b);
    cr_assert_eq(rp_surface_distances_find(n, s, a, b, 1, &d), RP_OK);
    cr_assert_eq(rp_surface_hausdorff(&d, 0.95, &mm), RP_OK);
    cr_expect(isinf(mm));
    rp_surface_distances_clear(&d);
    cr_assert_eq(rp_surface_distances_find(n, s, a, b, 9, &d), RP_OK);
    cr_expect_eq(rp_surface_hausdorff(&d, 0.95, &mm), RP_ENONE);
    rp_surface_distances_clear(&d);
    no_leaks();
}

/* The impulse of reference/frameworks.md, measured with scikit-image's resize. */
Test(resize, impulse_gives_the_measured_values)
{
    const float in[8] = {0, 0, 0, 1, 0, 0, 0, 0};
    const double cubic[16] = {0, .018212, .032995, 0, 0, .269291, .881430, .881430,
                              .269291, 0, 0, .032995, .018212, 0, 0, .002369};
    const double linear[16] = {0, 0, 0, 0, 0, .25, .75, .75, .25, 0, 0, 0, 0, 0, 0, 0};
    const int64_t n[3] = {1, 1, 8}, m[3] = {1, 1, 16};
    float out[16];
    cr_assert_eq(rp_resize(n, in, m, (int[]){3, 3, 3}, out), RP_OK);
    for (int i = 0; i < 16; i++) cr_expect(near(out[i], cubic[i], 0, 6e-7), "%d: %.7f", i, out[i]);
    cr_assert_eq(rp_resize(n, in, m, (int[]){1, 1, 1}, out), RP_OK);
    for (int i = 0; i < 16; i++) cr_expect(near(out[i], linear[i], 0, 1e-7), "%d: %.7f", i, out[i]);
}

Test(resize, same_size_is_the_identity)
{
    float in[24], out[24];
    for (int i = 0; i < 24; i++) in[i] = (float)(i * 37 % 11);
    const int64_t n[3] = {2, 3, 4};
    cr_assert_eq(rp_resize(n, in, n, (int[]){3, 3, 3}, out), RP_OK);
    cr_expect_arr_eq(in, out, sizeof in);
    cr_expect_eq(rp_resize(n, in, n, (int[]){2, 3, 3}, out), RP_EARG);
}

Test(resize, labels_keep_their_shape)
{
    const uint8_t in[4] = {0, 2, 2, 1};
    uint8_t out[8];
    cr_assert_eq(rp_resize_labels((int64_t[]){1, 1, 4}, in, (int64_t[]){1, 1, 8}, (int[]){1, 1, 1}, 2, out), RP_OK);
    const uint8_t want[8] = {0, 0, 2, 2, 2, 2, 1, 1};
    cr_expect_arr_eq(out, want, sizeof want);
}

Test(resize, separate_axis_follows_the_rule)
{
    cr_expect_eq(rp_resize_separate_axis((double[]){5, 1, 1}, (double[]){1, 1, 1}), 0);
    cr_expect_eq(rp_resize_separate_axis((double[]){3, 1, 1}, (double[]){1, 1, 1}), -1);
    cr_expect_eq(rp_resize_separate_axis((double[]){1, 1, 1}, (double[]){1, 1, 4}), 2);
    cr_expect_eq(rp_resize_separate_axis((double[]){5, 5, 1}, (double[]){1, 1, 1}), -1);
    cr_expect_eq(rp_resize_count(5, 1, 2), 2);
    cr_expect_eq(rp_resize_count(1, 1, 9), 1);
}

Test(resample, straight_line_is_kept_on_a_turned_grid)
{
    rp_grid from = rp_grid_axial(24, 24, 24, 1, 1, 1), to = rp_grid_axial(3, 3, 3, 1.3, 0.9, 1.1);
    static float in[24 * 24 * 24];
    float out[27];
    for (int z = 0; z < 24; z++)
        for (int y = 0; y < 24; y++)
            for (int x = 0; x < 24; x++) in[(z * 24 + y) * 24 + x] = (float)(2 * z - y + 3 * x);
    const double c = cos(0.4), s = sin(0.4);
    memcpy(to.dir, (double[3][3]){{0, -s, c}, {0, c, s}, {1, 0, 0}}, sizeof to.dir);
    memcpy(to.origin, (double[3]){10, 10, 10}, sizeof to.origin);
    for (int order = 1; order <= 3; order += 2) {
        cr_assert_eq(rp_resample(&from, in, &to, order, -9, out), RP_OK);
        for (int i = 0; i < 27; i++) {
            double lps[3];
            rp_grid_position(&to, (double[]){i / 9, i / 3 % 3, i % 3}, lps);
            cr_expect(near(out[i], 2 * lps[2] - lps[1] + 3 * lps[0], 0, 2e-5),
                      "order %d voxel %d: %g", order, i, out[i]);
        }
    }
    to.origin[0] = 100;
    cr_assert_eq(rp_resample(&from, in, &to, 1, -9, out), RP_OK);
    cr_expect_eq(out[0], -9.0f);
}

#include "lib/image/orient.h"

Test(orient, every_turn_of_the_axes_is_undone_and_keeps_positions)
{
    static const int order[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (int turn = 0; turn < 48; turn++) {
        rp_grid g = rp_grid_axial(3, 4, 5, 3, 2, 1);
        memset(g.dir, 0, sizeof g.dir);
        for (int a = 0; a < 3; a++) g.dir[a][order[turn / 8][a]] = turn >> a & 1 ? -1 : 1;
        const rp_orient o = rp_orient_canonical(&g);
        const rp_grid c = rp_orient_grid(&g, &o);
        for (int a = 0; a < 3; a++) cr_expect(near(c.dir[a][2 - a], 1, 0, 1e-12), "turn %d", turn);
        int32_t in[60], mid[60], back[60];
        for (int i = 0; i < 60; i++) in[i] = i;
        rp_orient_apply(&g, &o, sizeof *in, in, mid);
        rp_orient_undo(&g, &o, sizeof *in, mid, back);
        cr_expect_arr_eq(in, back, sizeof in);
        for (int i = 0; i < 60; i++) { /* the voxel that lies at a place is the one that lay there */
            double lps[3], index[3];
            rp_grid_position(&c, (double[]){(double)(i / (c.n[1] * c.n[2])), (double)(i / c.n[2] % c.n[1]), (double)(i % c.n[2])}, lps);
            cr_assert_eq(rp_grid_index(&g, lps, index), RP_OK);
            cr_expect_eq(mid[i], (int)lround(index[0]) * 20 + (int)lround(index[1]) * 5 + (int)lround(index[2]));
        }
    }
}
