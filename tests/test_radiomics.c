/* tests/test_radiomics.c - lib/radiomics: the digital phantom of IBSI, plain shapes, hostile
 * regions. */
#include "lib/base/random.h"
#include "lib/image/fft.h"
#include "lib/image/hull.h"
#include "lib/radiomics/autocorrelation.h"
#include "lib/radiomics/ellipsoid.h"
#include "lib/radiomics/families.h"
#include "lib/radiomics/filter.h"
#include "lib/radiomics/mesh.h"
#include "lib/radiomics/order.h"
#include "lib/radiomics/regrid.h"
#include "tests/harness.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static rp_family_choice all_families(void)
{
    rp_family_choice c;
    memset(&c, 1, sizeof c);
    return c;
}

/* All values of an image and mask. */
static rp_values values_of(const rp_grid *g, const double image[], const uint8_t mask[],
                           const rp_roi_settings *s)
{
    rp_roi *roi = NULL;
    rp_values v = {0};
    const rp_texture_settings t = rp_texture_settings_default();
    const rp_family_choice all = all_families();
    cr_assert_eq(rp_roi_new(g, image, mask, s, -1, &roi), RP_OK, "%s", rp_error_message());
    rp_roi_resegment(roi, s);
    cr_assert_eq(rp_roi_discretise(roi, s), RP_OK, "%s", rp_error_message());
    cr_assert_eq(rp_families(roi, &all, &t, &v), RP_OK, "%s", rp_error_message());
    rp_roi_drop(&roi);
    return v;
}

static double value(const rp_values *v, int feature, rp_aggregation a)
{
    const rp_value_of *x = rp_values_find(v, feature, a);
    cr_assert(x, "%s is not there", rp_features[feature].tag);
    return x->missing == RP_PRESENT ? x->value : NAN;
}

Test(radiomics, digital_phantom_has_all_482_values)
{
    const table *p = table_read("tests/data/radiomics_phantom.csv"),
                *t = table_read("tests/data/radiomics_phantom_values.csv");
    rp_grid g = rp_grid_axial(4, 4, 5, 2, 2, 2);
    double image[80];
    uint8_t mask[80];
    for (int i = 0; i < 80; i++) {
        image[i] = table_number(p, i, "intensity");
        mask[i] = (uint8_t)table_number(p, i, "mask");
    }
    rp_roi_settings s = rp_roi_settings_default();
    s.binning = RP_BIN_NONE;
    rp_values v = values_of(&g, image, mask, &s);
    cr_assert_eq(t->rows, 482);
    for (int r = 0; r < t->rows; r++) {
        int a = 0;
        while (a < RP_AGGREGATION_COUNT &&
               strcmp(rp_aggregation_code((rp_aggregation)a), table_text(t, r, "aggregation")) != 0)
            a++;
        const double want = table_number(t, r, "value"),
                     tolerance = table_number(t, r, "tolerance");
        const double x = value(&v, rp_feature_find(table_text(t, r, "tag")), (rp_aggregation)a);
        char digits[32];
        (void)snprintf(digits, sizeof digits, "%.2e", x);
        cr_expect_leq(fabs(strtod(digits, NULL) - want), tolerance + 1e-12 * fabs(want),
                      "%s: %g, reference %g", table_text(t, r, "tag"), x, want);
    }
    rp_values_clear(&v);
    no_leaks();
}

Test(radiomics, every_feature_of_the_table_is_computed_somewhere)
{
    rp_grid g = rp_grid_axial(6, 7, 8, 3, 2, 1);
    double image[336];
    uint8_t mask[336];
    rp_random r;
    rp_random_start(7, RP_RANDOM_TEST, 0, &r);
    for (int i = 0; i < 336; i++) {
        image[i] = rp_random_range(&r, 10, 200);
        mask[i] = rp_random_unit(&r) < 0.8;
    }
    const rp_roi_settings s = rp_roi_settings_default();
    rp_values v = values_of(&g, image, mask, &s);
    cr_expect_eq(RP_FEATURE_COUNT, 174);
    cr_expect_eq(v.count,
                 29 + 2 + 18 + 23 + 7 + 25 * 6 + 16 * 6 + 16 * 3 + 16 * 3 + 5 * 3 + 17 * 3);
    for (int f = 0; f < RP_FEATURE_COUNT; f++) {
        bool is_present = false;
        for (int64_t i = 0; i < v.count; i++)
            is_present |= v.item[i].feature == f && v.item[i].missing == RP_PRESENT;
        cr_expect(is_present, "%s", rp_features[f].tag);
    }
    /* Identities that hold for any symmetric matrix. */
    for (int a = RP_BTW3; a <= RP_IAZD; a++) {
        cr_expect(near(value(&v, RP_cm_sum_avg, (rp_aggregation)a),
                       2 * value(&v, RP_cm_joint_avg, (rp_aggregation)a), 1e-12, 0));
        cr_expect(near(value(&v, RP_cm_diff_avg, (rp_aggregation)a),
                       value(&v, RP_cm_dissimilarity, (rp_aggregation)a), 1e-12, 0));
        cr_expect(near(value(&v, RP_cm_clust_tend, (rp_aggregation)a),
                       value(&v, RP_cm_sum_var, (rp_aggregation)a), 1e-12, 0));
    }
    rp_values_clear(&v);
    no_leaks();
}

Test(radiomics, empty_region_gives_typed_missing_values)
{
    rp_grid g = rp_grid_axial(4, 4, 4, 1, 1, 1);
    double image[64] = {0};
    uint8_t mask[64] = {0};
    const rp_roi_settings s = rp_roi_settings_default();
    rp_values v = values_of(&g, image, mask, &s);
    cr_expect_eq(v.count, 487);
    for (int64_t i = 0; i < v.count; i++) cr_expect_eq(v.item[i].missing, RP_MISSING_EMPTY);
    rp_values_clear(&v);
}

Test(radiomics, one_voxel_and_one_grey_level_are_no_failure)
{
    rp_grid g = rp_grid_axial(5, 5, 5, 1, 1, 1);
    double image[125];
    uint8_t mask[125] = {0};
    for (int i = 0; i < 125; i++) image[i] = 40;
    mask[62] = 1;
    const rp_roi_settings s = rp_roi_settings_default();
    rp_values one = values_of(&g, image, mask, &s);
    cr_expect_eq(value(&one, RP_stat_mean, RP_DHQ4), 40);
    cr_expect_eq(value(&one, RP_stat_kurt, RP_DHQ4), 0);
    cr_expect_eq(rp_values_find(&one, RP_cm_contrast, RP_IAZD)->missing, RP_MISSING_NO_MATRIX);
    cr_expect_eq(rp_values_find(&one, RP_morph_moran_i, RP_DHQ4)->missing, RP_MISSING_UNDEFINED);
    cr_expect_eq(value(&one, RP_szm_z_perc, RP_KOBO), 1);
    /* An octahedron with its corners half a voxel from the centre. */
    cr_expect(near(value(&one, RP_morph_volume, RP_DHQ4), 1.0 / 6, 1e-12, 0));
    cr_expect(near(value(&one, RP_morph_diam, RP_DHQ4), 1, 1e-12, 0));
    cr_expect(near(value(&one, RP_morph_vol_dens_conv_hull, RP_DHQ4), 1, 1e-12, 0));
    rp_values_clear(&one);
    memset(mask, 1, sizeof mask);
    rp_values flat = values_of(&g, image, mask, &s);
    cr_expect_eq(value(&flat, RP_ih_entropy, RP_DHQ4), 0);
    cr_expect_eq(value(&flat, RP_cm_contrast, RP_IAZD), 0);
    cr_expect_eq(value(&flat, RP_cm_corr, RP_ITBB), 1);
    cr_expect_eq(value(&flat, RP_ngt_coarseness, RP_KOBO), 1e6);
    cr_expect_eq(value(&flat, RP_szm_lze, RP_KOBO), 125.0 * 125);
    rp_values_clear(&flat);
    no_leaks();
}

Test(radiomics, too_many_levels_and_too_little_memory_are_said)
{
    rp_grid g = rp_grid_axial(1, 1, 4, 1, 1, 1);
    const double image[4] = {0, 1e9, 5, 7};
    const uint8_t mask[4] = {1, 1, 1, 1};
    rp_roi_settings s = rp_roi_settings_default();
    s.binning = RP_BIN_FBS;
    s.width = 1e-3;
    rp_values v = values_of(&g, image, mask, &s);
    cr_expect_eq(rp_values_find(&v, RP_cm_contrast, RP_IAZD)->missing, RP_MISSING_NO_LEVELS);
    cr_expect_eq(rp_values_find(&v, RP_ivh_v10, RP_DHQ4)->missing, RP_MISSING_TOO_LARGE);
    rp_values_clear(&v);
    rp_roi *roi = NULL;
    s = rp_roi_settings_default();
    rp_texture_settings t = rp_texture_settings_default();
    t.memory = 100;
    const rp_family_choice textures = {.is_wanted = {[RP_GLCM] = true}};
    cr_assert_eq(rp_roi_new(&g, image, mask, &s, -1, &roi), RP_OK);
    cr_assert_eq(rp_roi_discretise(roi, &s), RP_OK);
    cr_assert_eq(rp_texture(roi, &textures, &t, &v), RP_OK);
    cr_expect_eq(rp_values_find(&v, RP_cm_contrast, RP_IAZD)->missing, RP_MISSING_TOO_LARGE);
    cr_expect_null(rp_values_find(&v, RP_ngt_coarseness, RP_KOBO), "a family that is not wanted");
    rp_values_clear(&v);
    rp_roi_drop(&roi);
}

Test(radiomics, nan_in_the_image_is_refused)
{
    rp_grid g = rp_grid_axial(1, 1, 3, 1, 1, 1);
    const double image[3] = {0, NAN, 5};
    const uint8_t mask[3] = {1, 0, 1};
    const rp_roi_settings s = rp_roi_settings_default();
    rp_roi *roi = NULL;
    cr_expect_eq(rp_roi_new(&g, image, mask, &s, -1, &roi), RP_ENUM);
    cr_expect_null(roi);
}

Test(regrid, keeps_the_centre_and_a_straight_line)
{
    rp_grid g = rp_grid_axial(1, 1, 10, 1, 1, 3);
    double x[10], *y = NULL, lps[3];
    for (int i = 0; i < 10; i++) x[i] = 3 * i;
    const rp_grid h = rp_regrid(&g, (double[3]){0, 0, 2});
    const rp_regrid_part whole = rp_regrid_whole(&g, &h);
    cr_assert_eq(h.n[2], 15);
    rp_grid_position(&h, (double[3]){0, 0, 7}, lps);
    cr_expect(near(lps[0], 13.5, 1e-12, 0));
    for (int order = 1; order <= 3; order += 2) {
        cr_assert_eq(rp_regrid_image(&g, &h, &whole, x, order, &y), RP_OK);
        for (int i = 3; i < 12; i++)
            cr_expect(near(y[i], 13.5 + 2 * (i - 7), 1e-2, 0), "%d: %g", i, y[i]);
        rp_free(y);
    }
    cr_expect_eq(rp_regrid_image(&g, &h, &whole, x, 2, &y), RP_EARG);
}

Test(hull, corners_of_a_cube_hold_all_its_points)
{
    int32_t p[343][3];
    int n = 0;
    for (int i = 0; i < 343; i++)
        for (int a = 0, q = i; a < 3; a++, q /= 7) p[i][a] = q % 7, n = i + 1;
    rp_hull *h = NULL;
    cr_assert_eq(rp_hull_new(n, (const int32_t(*)[3])p, &h), RP_OK);
    cr_expect_eq(h->vertices, 8);
    cr_expect_eq(h->faces, 12);
    rp_hull_drop(&h);
    for (int i = 0; i < 343; i++) p[i][0] = 3;
    cr_expect_eq(rp_hull_new(n, (const int32_t(*)[3])p, &h), RP_EDATA, "a plane has no volume");
    cr_expect_eq(rp_hull_new(3, (const int32_t(*)[3])p, &h), RP_EDATA);
    p[0][0] = 1 << 20;
    cr_expect_eq(rp_hull_new(n, (const int32_t(*)[3])p, &h), RP_EARG);
}

Test(hull, no_point_lies_outside)
{
    enum { N = 500 };
    int32_t p[N][3];
    rp_random r;
    rp_random_start(3, RP_RANDOM_TEST, 0, &r);
    for (int i = 0; i < N; i++)
        for (int a = 0; a < 3; a++) p[i][a] = (int32_t)rp_random_below(&r, 40);
    rp_hull *h = NULL;
    cr_assert_eq(rp_hull_new(N, (const int32_t(*)[3])p, &h), RP_OK);
    for (int64_t f = 0; f < h->faces; f++) {
        const int32_t *a = p[h->face[f][0]], *b = p[h->face[f][1]], *c = p[h->face[f][2]];
        for (int i = 0; i < N; i++) {
            int64_t det = 0;
            for (int k = 0; k < 3; k++) {
                const int u = (k + 1) % 3, v = (k + 2) % 3;
                det += (int64_t)(p[i][k] - a[k]) * ((int64_t)(b[u] - a[u]) * (c[v] - a[v]) -
                                                    (int64_t)(b[v] - a[v]) * (c[u] - a[u]));
            }
            cr_expect_leq(det, 0);
        }
    }
    cr_expect_eq(h->faces, 2 * h->vertices - 4,
                 "Euler's relation, where every coplanar corner counts");
    rp_hull_drop(&h);
}

Test(fft, forth_and_back_is_the_identity_times_n)
{
    const int64_t n[3] = {3, 5, 8};
    double x[120], y[120], f[2 * 3 * 5 * 5];
    rp_random r;
    rp_random_start(5, RP_RANDOM_TEST, 0, &r);
    for (int i = 0; i < 120; i++) x[i] = rp_random_normal(&r);
    cr_assert_eq(rp_fft_real(n, x, f), RP_OK);
    cr_assert_eq(rp_fft_real_back(n, f, y), RP_OK);
    for (int i = 0; i < 120; i++) cr_expect(near(y[i], 120 * x[i], 1e-12, 1e-12));
    cr_expect_eq(rp_fft_size(199), 200);
    cr_expect_eq(rp_fft_size(1), 1);
    cr_expect_eq(rp_fft_size(11), 12);
}

Test(autocorrelation, is_the_sum_over_all_pairs)
{
    const int64_t n[3] = {4, 5, 6};
    const double spacing[3] = {3, 2, 1};
    double x[120], mean = 0, var = 0, w = 0, wuu = 0, wd = 0, moran, geary;
    uint8_t m[120];
    rp_random r;
    rp_random_start(9, RP_RANDOM_TEST, 0, &r);
    int count = 0;
    for (int i = 0; i < 120; i++) {
        x[i] = rp_random_range(&r, -1000, -900);
        m[i] = rp_random_unit(&r) < 0.7;
        count += m[i];
        mean += m[i] ? x[i] : 0;
    }
    mean /= count;
    for (int i = 0; i < 120; i++) {
        if (!m[i]) continue;
        var += (x[i] - mean) * (x[i] - mean);
        for (int j = 0; j < 120; j++) {
            if (!m[j] || i == j) continue;
            const double dz = 3 * (i / 30 - j / 30), dy = 2 * (i / 6 % 5 - j / 6 % 5),
                         dx = i % 6 - j % 6, k = 1 / sqrt(dz * dz + dy * dy + dx * dx);
            w += k;
            wuu += k * (x[i] - mean) * (x[j] - mean);
            wd += k * (x[i] - x[j]) * (x[i] - x[j]);
        }
    }
    cr_assert_eq(rp_autocorrelation(n, spacing, x, m, &moran, &geary), RP_OK);
    cr_expect(near(moran, count * wuu / (w * var), 1e-10, 0));
    cr_expect(near(geary, (count - 1) * wd / (2 * w * var), 1e-10, 0));
}

Test(shapes, ellipsoids_follow_the_standard)
{
    const double pi = acos(-1.0);
    cr_expect(near(rp_ellipsoid_area(2, 2, 2), 16 * pi, 1e-12, 0));
    /* b = c: the polynomials are 1, and the series is a sum of powers. */
    double sum = 0;
    for (int k = 20; k >= 0; k--) sum += pow(0.75, k) / (1 - 4.0 * k * k);
    cr_expect(near(rp_ellipsoid_area(2, 1, 1), 8 * pi * sum, 1e-12, 0));
    const double corner[8][3] = {{-1, -1, -1}, {1, -1, -1}, {-1, 1, -1}, {1, 1, -1},
                                 {-1, -1, 1},  {1, -1, 1},  {-1, 1, 1},  {1, 1, 1}};
    double axis[3], side[3];
    cr_assert_eq(rp_enclosing_ellipsoid(8, corner, axis), RP_OK);
    for (int a = 0; a < 3; a++) cr_expect(near(axis[a], sqrt(3.0), 1e-3, 0), "%g", axis[a]);
    const double normal[2][3] = {{1, 0, 0}, {1, 1, 0}};
    cr_assert_eq(rp_enclosing_box(8, corner, 2, normal, NULL, side), RP_OK);
    for (int a = 0; a < 3; a++) cr_expect(near(side[a], 2, 1e-12, 0));
}

Test(shapes, mesh_of_a_box_has_cut_edges)
{
    const int64_t n[3] = {3, 4, 5};
    uint8_t mask[60];
    double volume, area;
    memset(mask, 1, sizeof mask);
    rp_mesh_measure(n, (double[3]){1, 1, 1}, mask, &volume, &area);
    /* Each edge of the box loses a prism of 1/8 a voxel, each corner 1/8 less the octahedron's
     * share. */
    cr_expect_lt(volume, 60);
    cr_expect_gt(volume, 60 - 4 * (3 + 4 + 5) / 8.0 - 1);
    cr_expect_lt(area, 2 * (12 + 15 + 20));
}

Test(order, sorts_integers_and_others)
{
    double x[5] = {3, -1, 2, 2, 0}, y[5] = {0.5, -3e10, 1e-300, -0.25, INFINITY};
    cr_assert_eq(rp_sort_doubles(5, x), RP_OK);
    cr_assert_eq(rp_sort_doubles(5, y), RP_OK);
    for (int i = 0; i < 4; i++) cr_expect(x[i] <= x[i + 1] && y[i] <= y[i + 1]);
    cr_expect_eq(rp_quantile_sorted(5, x, 0.5), 2);
    cr_expect_eq(rp_quantile_sorted(5, x, 0.125), -0.5);
}

/* Applies a filter to n0 n1 n2 voxels of 1 mm. */
static rp_status apply(rp_filter f, const int64_t n[3], const double in[], double out[])
{
    const rp_grid g = rp_grid_axial(n[0], n[1], n[2], 1, 1, 1);
    return rp_filter_apply(&f, &g, in, out);
}

Test(radiomics_filter, an_image_of_zeros_has_finite_responses)
{
    enum { SIDE = 8, VOXELS = SIDE * SIDE * SIDE };
    double in[VOXELS] = {0}, out[VOXELS];
    for (int kind = RP_FILTER_SQUARE; kind < RP_FILTER_COUNT; kind++) {
        const rp_filter f = {.kind = (rp_filter_kind)kind, .map = 2};
        const double want = kind == RP_FILTER_EXPONENTIAL ? 1
                            : kind == RP_FILTER_LBP2D     ? 8
                            : kind == RP_FILTER_LBP3D     ? -3
                                                          : 0;
        cr_assert_eq(apply(f, (int64_t[]){SIDE, SIDE, SIDE}, in, out), RP_OK);
        for (int i = 0; i < VOXELS; i++)
            cr_expect_eq(out[i], want, "kind %d: %g at %d", kind, out[i], i);
    }
}

/* The second derivative of x^2 / 2 is 1; scaled by sigma^2. */
Test(radiomics_filter, recursive_laplacian_of_a_parabola_is_flat)
{
    enum { SIDE = 64, FLAT = 4 };
    static double in[FLAT * FLAT * SIDE], out[FLAT * FLAT * SIDE];
    const rp_filter f = {.kind = RP_FILTER_LOG, .sigma = 2, .as_pyradiomics = true};
    for (int i = 0; i < FLAT * FLAT * SIDE; i++) in[i] = (i % SIDE - 32) * (i % SIDE - 32) / 2.0;
    cr_assert_eq(apply(f, (int64_t[]){FLAT, FLAT, SIDE}, in, out), RP_OK);
    for (int x = 28; x < 36; x++) cr_expect(near(out[x], 4, 1e-4, 0), "%g at %d", out[x], x);
    cr_expect_eq(apply(f, (int64_t[]){FLAT, 3, SIDE}, in, out), RP_EUNSUP,
                 "three voxels are too few for its recursions");
}

/* A region near the edge: its part of the image must not be taken for the period. */
Test(radiomics_filter, margin_of_a_periodic_filter_is_the_image_near_its_edge)
{
    const rp_grid g = rp_grid_axial(40, 40, 40, 1, 1, 1);
    static uint8_t mask[40 * 40 * 40];
    rp_filter f = {.kind = RP_FILTER_WAVELET,
                   .wavelet = "haar",
                   .band = "HHH",
                   .level = 1,
                   .boundary = RP_EDGE_PERIODIC};
    mask[20 * 1600 + 20 * 40 + 30] = 1;
    cr_expect(isinf(rp_filter_margin(&f, &g, mask, &g, 0)));
    f.boundary = RP_EDGE_MIRROR;
    cr_expect_eq(rp_filter_margin(&f, &g, mask, &g, 1), 17);
    mask[20 * 1600 + 20 * 40 + 30] = 0;
    f.boundary = RP_EDGE_WRAP;
    cr_expect_eq(rp_boundary_index(5, 5, RP_EDGE_WRAP), 0);
    cr_expect_eq(rp_boundary_index(6, 5, RP_EDGE_WRAP), 0);
    cr_expect_eq(rp_boundary_index(7, 5, RP_EDGE_WRAP), 1);
    cr_expect_eq(rp_boundary_index(-1, 5, RP_EDGE_WRAP), 0);
    cr_expect_eq(rp_boundary_index(-2, 5, RP_EDGE_WRAP), 4);
}
