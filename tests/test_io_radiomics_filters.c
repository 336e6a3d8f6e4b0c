/* tests/test_io_radiomics_filters.c - filters against IBSI's second chapter: 33 response maps, 323
 * values. */
#include "io/csv.h"
#include "io/nifti.h"
#include "lib/radiomics/families.h"
#include "lib/radiomics/filter.h"
#include "tests/harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct map_case {
    const char *id, *phantom;
    rp_filter filter;
} map_case;

#define LOG(s, b) .kind = RP_FILTER_LOG, .sigma = s, .cut = 4, .boundary = b
#define LAWS(k, b) .kind = RP_FILTER_LAWS, .laws = k, .boundary = b
#define GABOR(s, g, l, b)                                                                          \
    .kind = RP_FILTER_GABOR, .sigma = s, .gamma = g, .lambda = l, .boundary = b
#define WAVELET(w, d, l, b)                                                                        \
    .kind = RP_FILTER_WAVELET, .wavelet = w, .band = d, .level = l, .boundary = b
#define ZERO RP_EDGE_ZERO
#define MIRROR RP_EDGE_MIRROR
#define PERIODIC RP_EDGE_PERIODIC

static const map_case maps[] = {
    {"1_a_1", "checkerboard", {.kind = RP_FILTER_MEAN, .support = 15, .boundary = ZERO}},
    {"1_a_2", "checkerboard", {.kind = RP_FILTER_MEAN, .support = 15, .boundary = RP_EDGE_NEAREST}},
    {"1_a_3", "checkerboard", {.kind = RP_FILTER_MEAN, .support = 15, .boundary = PERIODIC}},
    {"1_a_4", "checkerboard", {.kind = RP_FILTER_MEAN, .support = 15, .boundary = MIRROR}},
    {"1_b_1",
     "impulse",
     {.kind = RP_FILTER_MEAN, .support = 15, .is_flat = true, .boundary = ZERO}},
    {"2_a", "impulse", {LOG(3, ZERO)}},
    {"2_b", "checkerboard", {LOG(5, MIRROR)}},
    {"2_c", "checkerboard", {LOG(5, MIRROR), .is_flat = true}},
    {"3_a_1", "impulse", {LAWS("E5L5S5", ZERO)}},
    {"3_a_2", "impulse", {LAWS("E5L5S5", ZERO), .pooling = RP_POOL_MAX}},
    {"3_a_3", "impulse", {LAWS("E5L5S5", ZERO), .pooling = RP_POOL_MAX, .energy = 7}},
    {"3_b_1", "checkerboard", {LAWS("E3W5R5", MIRROR)}},
    {"3_b_2", "checkerboard", {LAWS("E3W5R5", MIRROR), .pooling = RP_POOL_MAX}},
    {"3_b_3", "checkerboard", {LAWS("E3W5R5", MIRROR), .pooling = RP_POOL_MAX, .energy = 7}},
    {"3_c_1", "checkerboard", {LAWS("L5S5", MIRROR), .is_flat = true}},
    {"3_c_2", "checkerboard", {LAWS("L5S5", MIRROR), .is_flat = true, .pooling = RP_POOL_MAX}},
    {"3_c_3",
     "checkerboard",
     {LAWS("L5S5", MIRROR), .is_flat = true, .pooling = RP_POOL_MAX, .energy = 7}},
    {"4_a_1", "impulse", {GABOR(10, 0.5, 4, ZERO), .theta = 60}},
    {"4_a_2",
     "impulse",
     {GABOR(10, 0.5, 4, ZERO), .step = 45, .pooling = RP_POOL_MEAN, .all_planes = true}},
    {"4_b_1", "sphere", {GABOR(20, 2.5, 8, MIRROR), .theta = 225}},
    {"4_b_2",
     "sphere",
     {GABOR(20, 2.5, 8, MIRROR), .step = 22.5, .pooling = RP_POOL_MEAN, .all_planes = true}},
    {"5_a_1", "impulse", {WAVELET("db2", "LHL", 1, ZERO)}},
    {"5_a_2", "impulse", {WAVELET("db2", "LHL", 1, ZERO), .pooling = RP_POOL_MEAN}},
    {"6_a_1", "sphere", {WAVELET("coif1", "HHL", 1, PERIODIC)}},
    {"6_a_2", "sphere", {WAVELET("coif1", "HHL", 1, PERIODIC), .pooling = RP_POOL_MEAN}},
    {"7_a_1", "checkerboard", {WAVELET("haar", "LLL", 2, MIRROR), .pooling = RP_POOL_MEAN}},
    {"7_a_2", "checkerboard", {WAVELET("haar", "HHH", 2, MIRROR), .pooling = RP_POOL_MEAN}},
    {"8_a_1", "checkerboard", {.kind = RP_FILTER_SIMONCELLI, .level = 1, .boundary = PERIODIC}},
    {"8_a_2", "checkerboard", {.kind = RP_FILTER_SIMONCELLI, .level = 2, .boundary = PERIODIC}},
    {"8_a_3", "checkerboard", {.kind = RP_FILTER_SIMONCELLI, .level = 3, .boundary = PERIODIC}},
    {"9_a", "impulse", {LOG(3, ZERO), .riesz = {1, 0, 0}}},
    {"9_b_1", "sphere", {LOG(3, ZERO), .riesz = {0, 2, 0}}},
    {"10_b_1",
     "pattern_1",
     {.kind = RP_FILTER_SIMONCELLI, .level = 1, .boundary = PERIODIC, .riesz = {0, 2, 0}}},
};
enum { MAPS = sizeof maps / sizeof *maps };

static double *read_values(const char *path, rp_grid *grid)
{
    rp_volume *v = NULL;
    double *x = NULL;
    cr_assert_eq(rp_nifti_read(path, &v, NULL), RP_OK, "%s", rp_error_message());
    cr_assert_eq(rp_alloc_raw(rp_grid_voxels(&v->grid), sizeof *x, &x), RP_OK);
    rp_volume_doubles(v, x);
    *grid = v->grid;
    rp_volume_drop(&v);
    return x;
}

static void check_map(const map_case *m, const char *folder)
{
    char path[600];
    rp_grid g, h;
    snprintf(path, sizeof path, "data/ibsi2/phantoms/%s.nii.gz", m->phantom);
    double *in = read_values(shared_path(path), &g), *out = NULL;
    snprintf(path, sizeof path, "%s/%s-ValidCRM.nii", folder, m->id);
    double *want = read_values(path, &h);
    const int64_t n = rp_grid_voxels(&g);
    cr_assert_eq(rp_grid_voxels(&h), n);
    cr_assert_eq(rp_alloc_raw(n, sizeof *out, &out), RP_OK);
    cr_assert_eq(rp_filter_apply(&m->filter, &g, in, out), RP_OK, "%s", rp_error_message());
    double low = INFINITY, high = -INFINITY, worst = 0;
    for (int64_t i = 0; i < n; i++) {
        low = fmin(low, want[i]);
        high = fmax(high, want[i]);
        worst = fmax(worst, fabs(out[i] - want[i]));
    }
    cr_expect_leq(worst, 0.01 * (high - low), "map %s: %.3g %% of its range", m->id,
                  100 * worst / (high - low));
    rp_free(in);
    rp_free(out);
    rp_free(want);
}

Test(ibsi2, all_33_response_maps_are_within_1_percent_of_their_range, .timeout = 200)
{
    const char *archive = shared_path("data/ibsi2/response_maps.tar.xz");
    if (!archive) skip_test("IBSI's response maps are not beside the project");
    const char *folder = scratch_folder("ibsi2");
    char out[1000];
    cr_assert_eq(run_command(60, out, sizeof out, "tar -C %s -xJf %s", folder, archive), 0, "%s",
                 out);
    cr_expect_eq(MAPS, 33);
    for (int i = 0; i < MAPS; i++) check_map(&maps[i], folder);
    no_leaks();
}

/* Filters of phase 2; 'is_flat', 'all_planes' and the letters of Laws and wavelets differ between A
 * and B. */
static rp_filter phase2_filter(int number, bool is_flat)
{
    const rp_filter f[10] = {
        [2] = {.kind = RP_FILTER_MEAN, .support = 5},
        [3] = {LOG(1.5, MIRROR)},
        [4] = {.kind = RP_FILTER_LAWS, .pooling = RP_POOL_MAX, .energy = 7},
        [5] = {GABOR(5, 1.5, 2, MIRROR), .step = 22.5, .pooling = RP_POOL_MEAN,
               .all_planes = !is_flat},
        [6] = {.kind = RP_FILTER_WAVELET, .wavelet = "db3", .level = 1, .pooling = RP_POOL_MEAN},
        [7] = {.kind = RP_FILTER_WAVELET, .wavelet = "db3", .level = 2, .pooling = RP_POOL_MEAN},
        [8] = {.kind = RP_FILTER_SIMONCELLI, .level = 1},
        [9] = {.kind = RP_FILTER_SIMONCELLI, .level = 2},
    };
    rp_filter x = f[number];
    x.is_flat = is_flat;
    if (number == 4) strcpy(x.laws, is_flat ? "L5E5" : "L5E5E5");
    if (number == 6) strcpy(x.band, is_flat ? "LH" : "LLH");
    if (number == 7) strcpy(x.band, is_flat ? "HH" : "HHH");
    return x;
}

/* Compares the rows of one filter; returns how many there are. */
static int compare(const char *id, const rp_values *v)
{
    rp_csv *t;
    int rows = 0;
    cr_assert_eq(rp_csv_read(shared_path("data/ibsi2/phase2_features.csv"), ';', &t), RP_OK, "%s",
                 rp_error_message());
    for (int64_t r = 0; r < rp_csv_rows(t); r++) {
        const char *value = rp_csv_text(t, r, rp_csv_find(t, "consensus_value")),
                   *tag = rp_csv_text(t, r, rp_csv_find(t, "feature_tag"));
        if (strcmp(rp_csv_text(t, r, rp_csv_find(t, "filter_id")), id) != 0 || !*value) continue;
        const double want = strtod(value, NULL),
                     tolerance = strtod(rp_csv_text(t, r, rp_csv_find(t, "tolerance")), NULL);
        const rp_value_of *got = rp_values_find(v, rp_feature_find(tag), RP_DHQ4);
        rows++;
        cr_assert(got, "%s", tag);
        cr_expect_leq(fabs(got->value - want), tolerance * (1 + 1e-9),
                      "%s %s: %g, reference %g +- %g", id, tag, got->value, want, tolerance);
    }
    rp_csv_drop(&t);
    return rows;
}

/* All filters on the 2D (A) or 3D (B) configuration; returns the number of values. */
static int phase2(char letter)
{
    const bool is_flat = letter == 'A';
    rp_grid g, h;
    double *image = read_values(shared_path("data/ibsi1/ct_phantom/image.nii.gz"), &g);
    double *inside = read_values(shared_path("data/ibsi1/ct_phantom/mask.nii.gz"), &h);
    uint8_t *mask = NULL;
    cr_assert_eq(rp_alloc_raw(rp_grid_voxels(&g), 1, &mask), RP_OK);
    for (int64_t i = 0; i < rp_grid_voxels(&g); i++) mask[i] = inside[i] >= 0.5;
    rp_roi_settings s = rp_roi_settings_default();
    s.is_integer = s.has_range = true;
    s.low = -1000;
    s.high = 400;
    s.image_order = 3;
    for (int a = 0; a < 3 && !is_flat; a++) s.spacing[a] = 1;
    int rows = 0;
    for (int k = 1; k <= 9; k++) {
        const rp_filter f = phase2_filter(k, is_flat);
        const rp_grid to = is_flat ? g : (rp_grid){.spacing = {1, 1, 1}};
        const double reach = rp_filter_reach(&f, &to);
        rp_roi *roi = NULL;
        rp_values v = {0};
        char id[8];
        cr_assert_eq(rp_roi_new(&g, image, mask, &s, isinf(reach) ? -1 : reach, &roi), RP_OK, "%s",
                     rp_error_message());
        if (k > 1) cr_assert_eq(rp_roi_filter(roi, &f), RP_OK, "%s", rp_error_message());
        rp_roi_resegment(roi, &s);
        cr_assert_eq(rp_roi_discretise(roi, &s), RP_OK, "%s", rp_error_message());
        cr_assert_eq(rp_statistics(roi, &v), RP_OK);
        snprintf(id, sizeof id, "%d.%c", k, letter);
        rows += compare(id, &v);
        rp_values_clear(&v);
        rp_roi_drop(&roi);
    }
    rp_free(image);
    rp_free(inside);
    rp_free(mask);
    return rows;
}

Test(ibsi2, configuration_a_has_all_162_values, .timeout = 200)
{
    if (!shared_path("data/ibsi2/phase2_features.csv"))
        skip_test("IBSI's values are not beside the project");
    cr_expect_eq(phase2('A'), 162);
    no_leaks();
}

Test(ibsi2, configuration_b_has_all_161_values, .timeout = 200)
{
    if (!shared_path("data/ibsi2/phase2_features.csv"))
        skip_test("IBSI's values are not beside the project");
    cr_expect_eq(phase2('B'), 161);
    no_leaks();
}
