/* tests/test_image_surface.c - lib/image: components, numbers from surfaces, surface pieces. */
#include "lib/image/components.h"
#include "lib/image/lesion_metrics.h"
#include "lib/image/skeleton.h"
#include "lib/image/surface_metrics.h"
#include "lib/image/surface_search.h"
#include "lib/image/surfels.h"
#include "tests/harness.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { N = 6, VOXELS = N * N * N };
static const int64_t size[3] = {N, N, N};

static int64_t at(int z, int y, int x)
{
    return (z * N + y) * N + x;
}

Test(components, neighbours_by_face_edge_and_corner_join_what_they_touch)
{
    uint8_t mask[VOXELS] = {0};
    int32_t label[VOXELS], count;
    mask[at(0, 0, 0)] = mask[at(0, 0, 1)] = 1; /* by a face */
    mask[at(0, 1, 2)] = 1;                     /* by an edge */
    mask[at(1, 2, 3)] = 1;                     /* by a corner */
    mask[at(5, 5, 5)] = 1;
    cr_assert_eq(rp_components_find(size, mask, RP_NEIGHBOURS_6, label, &count), RP_OK);
    cr_expect_eq(count, 4);
    cr_assert_eq(rp_components_find(size, mask, RP_NEIGHBOURS_18, label, &count), RP_OK);
    cr_expect_eq(count, 3);
    cr_assert_eq(rp_components_find(size, mask, RP_NEIGHBOURS_26, label, &count), RP_OK);
    cr_expect_eq(count, 2);
    cr_expect_eq(label[at(0, 0, 0)], 1);
    cr_expect_eq(label[at(1, 2, 3)], 1);
    cr_expect_eq(label[at(5, 5, 5)], 2);
    cr_expect_eq(label[at(3, 3, 3)], 0);
}

Test(components, nothing_has_none_and_all_is_one)
{
    uint8_t mask[VOXELS] = {0};
    int32_t label[VOXELS], count = 7;
    cr_assert_eq(rp_components_find(size, mask, RP_NEIGHBOURS_26, label, &count), RP_OK);
    cr_expect_eq(count, 0);
    memset(mask, 1, sizeof mask);
    cr_assert_eq(rp_components_find(size, mask, RP_NEIGHBOURS_6, label, &count), RP_OK);
    cr_expect_eq(count, 1);
    cr_expect_eq(rp_components_find((int64_t[]){0, 1, 1}, mask, RP_NEIGHBOURS_6, label, &count), RP_EARG);
}

Test(surface, two_voxels_are_as_far_as_they_are)
{
    uint8_t a[VOXELS] = {0}, b[VOXELS] = {0};
    a[at(1, 1, 1)] = 1;
    b[at(1, 3, 4)] = 1;
    rp_surface_distances s;
    rp_surface_metrics m;
    cr_assert_eq(rp_surface_distances_find(size, (double[]){5, 2, 1}, a, b, 1, &s), RP_OK);
    cr_assert_eq(rp_surface_metrics_find(&s, &m), RP_OK);
    cr_expect(near(m.hd, 5, 1e-15, 0) && near(m.hd95_pooled, 5, 1e-15, 0) && near(m.assd_pooled, 5, 1e-15, 0));
    double nsd;
    cr_assert_eq(rp_surface_nsd(&s, 5, &nsd), RP_OK);
    cr_expect_eq(nsd, 1.0, "within is <=");
    cr_assert_eq(rp_surface_nsd(&s, 4.999, &nsd), RP_OK);
    cr_expect_eq(nsd, 0.0);
    rp_surface_distances_clear(&s);
}

Test(surface, what_is_not_there_is_told)
{
    uint8_t a[VOXELS] = {0}, b[VOXELS] = {0};
    double nsd = 7, mm;
    rp_surface_distances s;
    rp_surface_metrics m;
    cr_assert_eq(rp_surface_distances_find(size, (double[]){1, 1, 1}, a, b, 1, &s), RP_OK);
    cr_expect_eq(rp_surface_metrics_find(&s, &m), RP_ENONE);
    cr_expect_eq(rp_surface_nsd(&s, 1, &nsd), RP_ENONE);
    rp_surface_distances_clear(&s);
    a[at(2, 2, 2)] = 1;
    cr_assert_eq(rp_surface_distances_find(size, (double[]){1, 1, 1}, a, b, 1, &s), RP_OK);
    cr_expect_eq(rp_surface_metrics_find(&s, &m), RP_ENONE);
    cr_assert_eq(rp_surface_nsd(&s, 1, &nsd), RP_OK);
    cr_expect_eq(nsd, 0.0);
    rp_surface_distances_clear(&s);
    cr_expect_eq(rp_region_mean_distance(size, (double[]){1, 1, 1}, a, b, &mm), RP_ENONE);
}

/* A voxel is an octahedron of eight corner triangles with sides of sqrt(1/2). */
Test(surfels, one_voxel_has_the_area_of_its_octahedron)
{
    uint8_t a[VOXELS] = {0}, none[VOXELS] = {0};
    rp_surfels s;
    a[at(0, 0, 0)] = 1; /* at the corner of the image: outside is background */
    cr_assert_eq(rp_surfels_find(size, (double[]){1, 1, 1}, a, none, &s), RP_OK);
    cr_expect_eq(s.n_reference, 8);
    cr_expect(near(s.area_reference, sqrt(3), 1e-14, 0));
    cr_expect_eq(rp_surfels_nsd(&s, 100), 0.0);
    cr_expect(isinf(rp_surfels_mean(&s, true)));
    rp_surfels_clear(&s);
}

/* A block of a x b x c voxels with its edges cut at half voxels: faces, bevels and corners add up. */
Test(surfels, a_block_has_the_area_of_its_bevelled_box)
{
    uint8_t a[VOXELS] = {0};
    rp_surfels s;
    const double p = 3, q = 2, r = 4, z = 3, y = 0.7, x = 0.9; /* voxels, mm */
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 2; j++)
            for (int k = 0; k < 4; k++) a[at(i + 1, j + 1, k + 1)] = 1;
    cr_assert_eq(rp_surfels_find(size, (double[]){z, y, x}, a, a, &s), RP_OK);
    const double faces = 2 * ((p - 1) * (q - 1) * z * y + (p - 1) * (r - 1) * z * x + (q - 1) * (r - 1) * y * x);
    const double bevels = 4 * ((p - 1) * z * 0.5 * hypot(y, x) + (q - 1) * y * 0.5 * hypot(z, x) + (r - 1) * x * 0.5 * hypot(z, y));
    const double corners = 8 * 0.125 * sqrt(z * z * y * y + z * z * x * x + y * y * x * x);
    cr_expect(near(s.area_reference, faces + bevels + corners, 1e-13, 0));
    cr_expect_eq(rp_surfels_hausdorff(&s, 1), 0.0);
    cr_expect_eq(rp_surfels_nsd(&s, 0), 1.0);
    rp_surfels_clear(&s);
}

Test(surfels, inside_and_outside_may_change_places)
{
    uint8_t a[VOXELS] = {0}, b[VOXELS];
    rp_surfels s;
    uint32_t state = 7;
    for (int z = 1; z < N - 1; z++)
        for (int y = 1; y < N - 1; y++)
            for (int x = 1; x < N - 1; x++) a[at(z, y, x)] = (state = state * 1664525u + 1013904223u) >> 31;
    double box = 0;
    for (int i = 0; i < VOXELS; i++) b[i] = !a[i];
    cr_assert_eq(rp_surfels_find(size, (double[]){1, 2, 3}, a, b, &s), RP_OK);
    memset(a, 1, sizeof a);
    rp_surfels whole;
    cr_assert_eq(rp_surfels_find(size, (double[]){1, 2, 3}, a, a, &whole), RP_OK);
    box = whole.area_reference;
    cr_expect(near(s.area_prediction, s.area_reference + box, 1e-12, 0));
    rp_surfels_clear(&s);
    rp_surfels_clear(&whole);
}

static void hold_search(const int64_t n[3], const double spacing[3], const uint8_t a[], const uint8_t b[])
{
    rp_surface_distances s, t;
    cr_assert_eq(rp_surface_distances_find(n, spacing, a, b, 1, &s), RP_OK);
    cr_assert_eq(rp_surface_distances_search(n, spacing, a, b, 1, &t), RP_OK);
    cr_assert_eq(s.n_reference, t.n_reference);
    cr_assert_eq(s.n_prediction, t.n_prediction);
    for (int64_t i = 0; i < s.n_reference; i++) cr_assert(s.to_prediction[i] == t.to_prediction[i] || near(s.to_prediction[i], t.to_prediction[i], 1e-15, 0));
    for (int64_t i = 0; i < s.n_prediction; i++) cr_assert(s.to_reference[i] == t.to_reference[i] || near(s.to_reference[i], t.to_reference[i], 1e-15, 0));
    rp_surface_distances_clear(&s);
    rp_surface_distances_clear(&t);
}

Test(surface, looking_around_gives_the_distances_of_the_maps)
{
    const int64_t n[3] = {14, 19, 23};
    static uint8_t a[14 * 19 * 23], b[14 * 19 * 23];
    uint32_t state = 3;
    for (int dense = 1; dense < 60; dense += 6) {
        for (size_t i = 0; i < sizeof a; i++) {
            a[i] = (state = state * 1664525u + 1013904223u) >> 24 < (uint32_t)dense;
            b[i] = (state = state * 1664525u + 1013904223u) >> 24 < (uint32_t)(60 - dense);
        }
        hold_search(n, (double[]){3, 0.7, 0.9}, a, b);
        hold_search(n, (double[]){1, 1, 1}, a, b);
    }
}

Test(surface, far_and_missing_surfaces_are_told_as_by_the_maps)
{
    static uint8_t a[2 * 3 * 4000], b[2 * 3 * 4000];
    const int64_t n[3] = {2, 4000, 3};
    hold_search(n, (double[]){1, 1, 1}, a, b);
    a[1] = 1;
    hold_search(n, (double[]){1, 1, 1}, a, b);
    b[3 * 3999 + 2] = 1; /* 3999 rows away: beyond what is looked at */
    hold_search(n, (double[]){1, 1, 1}, a, b);
    hold_search(n, (double[]){1, 1, 1}, b, a);
}

Test(lesions, found_missed_and_invented_ones_are_counted)
{
    uint8_t a[VOXELS] = {0}, b[VOXELS] = {0};
    rp_lesion_counts c;
    for (int x = 0; x < 4; x++) a[at(0, 0, x)] = 1;          /* of 4: 3 shared of 5, IoU 0.6 */
    for (int x = 1; x < 5; x++) b[at(0, 0, x)] = 1;
    a[at(2, 2, 2)] = a[at(2, 2, 3)] = b[at(2, 2, 3)] = 1;     /* IoU 1/2: found, but no match */
    a[at(4, 4, 4)] = 1;                                      /* missed */
    b[at(5, 0, 5)] = 1;                                      /* invented */
    cr_assert_eq(rp_lesions_count(size, a, b, &c), RP_OK);
    cr_expect(c.reference == 3 && c.prediction == 3 && c.found == 2 && c.false_positives == 1 && c.matched == 1);
    cr_expect(near(c.iou_sum, 0.6, 1e-15, 0));
}

Test(lesions, one_blob_over_two_lesions_matches_neither)
{
    uint8_t a[VOXELS] = {0}, b[VOXELS] = {0};
    rp_lesion_counts c;
    for (int x = 0; x < 6; x++) {
        a[at(0, 0, x)] = x != 2 && x != 3;
        b[at(0, 0, x)] = 1;
    }
    cr_assert_eq(rp_lesions_count(size, a, b, &c), RP_OK);
    cr_expect(c.reference == 2 && c.prediction == 1 && c.found == 2 && c.false_positives == 0 && c.matched == 0);
}

/* Cubes of 6 and 4 in the image of 6: rims of one voxel are 6^3 - 4^3 and 4^3 - 2^3, and share nothing. */
Test(boundary, rims_of_nested_cubes_meet_only_when_wide)
{
    uint8_t a[VOXELS], b[VOXELS] = {0};
    double iou;
    memset(a, 1, sizeof a);
    for (int z = 1; z < 5; z++)
        for (int y = 1; y < 5; y++)
            for (int x = 1; x < 5; x++) b[at(z, y, x)] = 1;
    cr_assert_eq(rp_boundary_iou(size, (double[]){1, 1, 1}, a, b, 1, &iou), RP_OK);
    cr_expect_eq(iou, 0.0);
    cr_assert_eq(rp_boundary_iou(size, (double[]){1, 1, 1}, a, b, 2, &iou), RP_OK);
    cr_expect(near(iou, 56.0 / (208 + 8), 1e-15, 0), "%g", iou);
    cr_assert_eq(rp_boundary_iou(size, (double[]){1, 1, 1}, a, a, 1, &iou), RP_OK);
    cr_expect_eq(iou, 1.0);
    memset(a, 0, sizeof a);
    cr_expect_eq(rp_boundary_iou(size, (double[]){1, 1, 1}, a, a, 1, &iou), RP_ENONE);
}

Test(skeleton, thinning_equals_scikit_image_voxel_by_voxel)
{
    const table *t = table_read("tests/data/stats_skeleton.csv");
    const int64_t n[3] = {9, 10, 11};
    static uint8_t mask[990], want[990], got[990];
    cr_assert_eq(t->rows, 990);
    for (int k = 0; k < 5; k++) {
        char m[8], s[8];
        snprintf(m, sizeof m, "m%d", k);
        snprintf(s, sizeof s, "s%d", k);
        for (int i = 0; i < 990; i++) {
            mask[i] = (uint8_t)table_number(t, i, m);
            want[i] = (uint8_t)table_number(t, i, s);
        }
        cr_assert_eq(rp_skeleton_find(n, mask, got), RP_OK);
        cr_expect_eq(memcmp(got, want, sizeof got), 0, "mask %d", k);
    }
}

Test(skeleton, a_thin_line_stays_and_clDice_asks_for_its_course)
{
    uint8_t line[VOXELS] = {0}, thick[VOXELS] = {0}, none[VOXELS] = {0}, s[VOXELS];
    double d;
    for (int x = 0; x < N; x++)
        for (int z = 1; z < 4; z++)
            for (int y = 1; y < 4; y++) {
                thick[at(z, y, x)] = 1;
                line[at(2, 2, x)] = 1;
            }
    cr_assert_eq(rp_skeleton_find(size, line, s), RP_OK);
    cr_expect_eq(memcmp(s, line, sizeof s), 0);
    cr_assert_eq(rp_cldice(size, thick, line, &d), RP_OK);
    cr_expect_eq(d, 1.0, "thickness does not matter");
    cr_assert_eq(rp_cldice(size, thick, none, &d), RP_OK);
    cr_expect_eq(d, 0.0);
    cr_expect_eq(rp_cldice(size, none, none, &d), RP_ENONE);
}
