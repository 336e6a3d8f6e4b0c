/* tests/test_io_radiomics_peer.c - PyRadiomics' features against its own baselines. */
#include "io/csv.h"
#include "io/nrrd.h"
#include "lib/radiomics/maps.h"
#include "lib/radiomics/pyradiomics.h"
#include "tests/harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct subject {
    rp_grid grid;
    double *image;
    uint8_t *mask;
} subject;

static rp_volume *read_nrrd(const char *name, const char *what)
{
    char path[200];
    rp_volume *v = NULL;
    snprintf(path, sizeof path, "data/pyradiomics/images/%s%s_%s.nrrd", name,
             strncmp(name, "lung", 4) == 0 ? "_crop" : "", what);
    cr_assert_eq(rp_nrrd_read(shared_path(path), &v, NULL), RP_OK, "%s", rp_error_message());
    return v;
}

static subject read_subject(const char *name)
{
    rp_volume *image = read_nrrd(name, "image"), *label = read_nrrd(name, "label");
    subject s = {.grid = image->grid};
    const int64_t n = rp_grid_voxels(&s.grid);
    cr_assert_eq(rp_alloc_raw(n, sizeof *s.image, &s.image), RP_OK);
    cr_assert_eq(rp_alloc_raw(n, 1, &s.mask), RP_OK);
    rp_volume_doubles(image, s.image);
    for (int64_t i = 0; i < n; i++) s.mask[i] = rp_volume_value(label, i) == 1;
    rp_volume_drop(&image);
    rp_volume_drop(&label);
    return s;
}

/* (x - mean) / sd of the whole image (sd over N - 1), times 100. */
static void normalise(subject *s)
{
    const int64_t n = rp_grid_voxels(&s->grid);
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < n; i++) sum += s->image[i];
    const double mean = sum / (double)n;
    for (int64_t i = 0; i < n; i++) squares += (s->image[i] - mean) * (s->image[i] - mean);
    const double scale = 100 / sqrt(squares / (double)(n - 1));
    for (int64_t i = 0; i < n; i++) s->image[i] = (s->image[i] - mean) * scale;
}

/* Leaves the slice with the most voxels, the first of equals. */
static void keep_fullest_slice(subject *s)
{
    const int64_t size = s->grid.n[1] * s->grid.n[2];
    int64_t best = 0, most = -1;
    for (int64_t z = 0; z < s->grid.n[0]; z++) {
        int64_t count = 0;
        for (int64_t i = 0; i < size; i++) count += s->mask[z * size + i];
        if (count <= most) continue;
        most = count;
        best = z;
    }
    for (int64_t i = 0; i < rp_grid_voxels(&s->grid); i++)
        if (i / size != best) s->mask[i] = 0;
}

/* Values of a column; false for the columns that need what we do not do, or data that are not
 * there. */
static bool compute(const char *column, double x[RP_PYRADIOMICS_COUNT])
{
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(column, "_"), column);
    const char *suffix = column + strlen(name);
    const bool is_normalised = strcmp(suffix, "_normalization") == 0;
    /* ITK's resampling is not copied; whole-image statistics of the crops are not those of the
     * images. */
    if (strcmp(suffix, "_resampling") == 0 || (is_normalised && strncmp(name, "lung", 4) == 0))
        return false;
    subject s = read_subject(name);
    rp_roi_settings r = rp_roi_settings_default();
    rp_pyradiomics_settings p = {.shift = suffix[0] ? 0 : 2000, .memory = (int64_t)1 << 30};
    r.binning = RP_BIN_FBS_ZERO;
    r.width = is_normalised ? 5 : 25;
    p.is_flat = strcmp(suffix, "_2d") == 0;
    if (strcmp(suffix, "_combined") == 0) p.norm = RP_NORM_PLAIN;
    if (strcmp(suffix, "_shape2D") == 0) {
        p.is_flat = true;
        keep_fullest_slice(&s);
    }
    if (is_normalised) normalise(&s);
    if (strcmp(suffix, "_FBN") == 0) {
        r.binning = RP_BIN_FBN;
        r.bins = 64;
    }
    if (strcmp(suffix, "_flatRegion") == 0) {
        r.width = 5000;
        r.has_range = true;
        r.low = 0;
        r.high = 1e9;
    }
    if (strcmp(suffix, "_resegmentation") == 0) r.outliers = 3;
    rp_roi *roi = NULL;
    cr_assert_eq(rp_roi_new(&s.grid, s.image, s.mask, &r, 5, &roi), RP_OK, "%s",
                 rp_error_message());
    rp_roi_resegment(roi, &r);
    cr_assert_eq(rp_roi_discretise(roi, &r), RP_OK, "%s", rp_error_message());
    cr_assert_eq(rp_pyradiomics(roi, &p, x), RP_OK, "%s", rp_error_message());
    rp_roi_drop(&roi);
    rp_free(s.image);
    rp_free(s.mask);
    return true;
}

/* All rows of a class; returns how many values were compared. */
static int compare(const char *class, double tolerance)
{
    char path[200], prefix[40];
    rp_csv *t;
    int count = 0;
    snprintf(path, sizeof path, "data/pyradiomics/baseline_%s.csv", class);
    if (!shared_path(path)) skip_test("PyRadiomics' baselines are not beside the project");
    cr_assert_eq(rp_csv_read(shared_path(path), ',', &t), RP_OK, "%s", rp_error_message());
    snprintf(prefix, sizeof prefix, "original_%s_", class);
    for (int c = 1; c < rp_csv_columns(t); c++) {
        double x[RP_PYRADIOMICS_COUNT];
        if (!compute(rp_csv_name(t, c), x)) continue;
        for (int64_t r = 0; r < rp_csv_rows(t); r++) {
            const char *row = rp_csv_text(t, r, 0);
            if (strncmp(row, prefix, strlen(prefix)) != 0) continue;
            int i = 0;
            while (i < RP_PYRADIOMICS_COUNT && strcmp(rp_pyradiomics_name(i), row + 9) != 0) i++;
            cr_assert_lt(i, RP_PYRADIOMICS_COUNT, "%s", row);
            const double want = strtod(rp_csv_text(t, r, c), NULL);
            count++;
            cr_expect(near(x[i], want, tolerance, 1e-9), "%s %s: %.10g, baseline %.10g",
                      rp_csv_name(t, c), row + 9, x[i], want);
        }
    }
    rp_csv_drop(&t);
    no_leaks();
    return count;
}

Test(pyradiomics, first_order, .timeout = 100)
{
    cr_expect_eq(compare("firstorder", 1e-6), 18 * 13);
}
Test(pyradiomics, glcm, .timeout = 100) { cr_expect_eq(compare("glcm", 1e-6), 24 * 33); }
Test(pyradiomics, glrlm, .timeout = 100) { cr_expect_eq(compare("glrlm", 1e-6), 16 * 33); }
Test(pyradiomics, glszm, .timeout = 100) { cr_expect_eq(compare("glszm", 1e-6), 16 * 28); }
Test(pyradiomics, gldm, .timeout = 100) { cr_expect_eq(compare("gldm", 1e-6), 14 * 28); }
Test(pyradiomics, ngtdm, .timeout = 100) { cr_expect_eq(compare("ngtdm", 1e-6), 5 * 28); }
Test(pyradiomics, shape2d, .timeout = 100) { cr_expect_eq(compare("shape2D", 1e-6), 9 * 5); }

/* Columns RADIUS/Z/Y/X of the kept maps: every fourth voxel of breast1. */
Test(pyradiomics, voxel_maps, .timeout = 100)
{
    rp_csv *t;
    rp_roi *roi = NULL;
    rp_roi_settings r = rp_roi_settings_default();
    double *out[RP_MAP_COUNT];
    int count = 0, done = 0;
    if (!shared_path("data/pyradiomics/images/breast1_image.nrrd"))
        skip_test("PyRadiomics' images are not beside the project");
    cr_assert_eq(rp_csv_read("tests/data/radiomics_voxels.csv", ',', &t), RP_OK);
    subject s = read_subject("breast1");
    const int64_t n = rp_grid_voxels(&s.grid);
    r.binning = RP_BIN_FBS_ZERO;
    r.width = 5;
    cr_assert_eq(rp_roi_new(&s.grid, s.image, s.mask, &r, -1, &roi), RP_OK);
    cr_assert_eq(rp_roi_discretise(roi, &r), RP_OK);
    for (int i = 0; i < RP_MAP_COUNT; i++) cr_assert_eq(rp_alloc(n, sizeof(double), &out[i]), RP_OK);
    for (int c = 1; c < rp_csv_columns(t); c++) {
        int radius, z, y, x;
        cr_assert_eq(sscanf(rp_csv_name(t, c), "%d/%d/%d/%d", &radius, &z, &y, &x), 4);
        if (radius != done)
            cr_assert_eq(rp_voxel_maps(roi, radius, NULL, out), RP_OK, "%s", rp_error_message());
        done = radius;
        for (int64_t row = 0; row < rp_csv_rows(t); row++) {
            const char *name = rp_csv_text(t, row, 0);
            int i = 0;
            while (i < RP_MAP_COUNT && strcmp(rp_map_name(i), name) != 0) i++;
            if (strcmp(name, "glcm_MCC") == 0) continue;
            cr_assert_lt(i, RP_MAP_COUNT, "%s", name);
            const double got = out[i][(z * s.grid.n[1] + y) * s.grid.n[2] + x],
                         want = strtod(rp_csv_text(t, row, c), NULL);
            if (isnan(want)) /* of a direction without a pair; its SumAverage leaves that one out */
                cr_expect_str_eq(name, "glcm_JointAverage");
            else
                cr_expect(near(got, want, 1e-9, 1e-9), "%s %s: %.12g, PyRadiomics %.12g",
                          rp_csv_name(t, c), name, got, want);
            count++;
        }
    }
    cr_expect_eq(count, 41 * 72);
    /* Threads change no bit. */
    rp_pool *pool;
    double *again[RP_MAP_COUNT] = {NULL};
    cr_assert_eq(rp_alloc(n, sizeof(double), &again[3]), RP_OK);
    cr_assert_eq(rp_alloc(n, sizeof(double), &again[30]), RP_OK);
    cr_assert_eq(rp_pool_new(3, &pool), RP_OK);
    cr_assert_eq(rp_voxel_maps(roi, done, pool, again), RP_OK);
    cr_expect_eq(memcmp(again[3], out[3], (size_t)n * sizeof(double)), 0);
    cr_expect_eq(memcmp(again[30], out[30], (size_t)n * sizeof(double)), 0);
    rp_pool_drop(&pool);
    rp_free(again[3]);
    rp_free(again[30]);
    for (int i = 0; i < RP_MAP_COUNT; i++) rp_free(out[i]);
    rp_roi_drop(&roi);
    rp_free(s.image);
    rp_free(s.mask);
    rp_csv_drop(&t);
    no_leaks();
}

/* Matrices of weighted directions: kept numbers of PyRadiomics itself. */
Test(pyradiomics, weighting_norms, .timeout = 100)
{
    static const char *const norms[] = {"", "no_weighting", "manhattan", "euclidean", "infinity"};
    rp_csv *t;
    int count = 0;
    if (!shared_path("data/pyradiomics/images/brain2_image.nrrd"))
        skip_test("PyRadiomics' images are not beside the project");
    cr_assert_eq(rp_csv_read("tests/data/radiomics_weighting.csv", ',', &t), RP_OK, "%s",
                 rp_error_message());
    for (int c = 1; c < rp_csv_columns(t); c++) {
        char name[64];
        double x[RP_PYRADIOMICS_COUNT];
        const char *norm = strchr(rp_csv_name(t, c), '/') + 1;
        snprintf(name, sizeof name, "%.*s", (int)(norm - 1 - rp_csv_name(t, c)), rp_csv_name(t, c));
        rp_pyradiomics_settings p = {.memory = (int64_t)1 << 30};
        while (strcmp(norms[p.norm], norm) != 0) p.norm++;
        subject s = read_subject(name);
        rp_roi_settings r = rp_roi_settings_default();
        rp_roi *roi = NULL;
        r.binning = RP_BIN_FBS_ZERO;
        r.width = 25;
        cr_assert_eq(rp_roi_new(&s.grid, s.image, s.mask, &r, 5, &roi), RP_OK);
        cr_assert_eq(rp_roi_discretise(roi, &r), RP_OK);
        cr_assert_eq(rp_pyradiomics(roi, &p, x), RP_OK, "%s", rp_error_message());
        for (int64_t row = 0; row < rp_csv_rows(t); row++) {
            int i = 0;
            while (strcmp(rp_pyradiomics_name(i), rp_csv_text(t, row, 0)) != 0) i++;
            const double want = strtod(rp_csv_text(t, row, c), NULL);
            cr_expect(near(x[i], want, 1e-6, 1e-12), "%s %s: %.10g, PyRadiomics %.10g",
                      rp_csv_name(t, c), rp_csv_text(t, row, 0), x[i], want);
            count++;
        }
        rp_roi_drop(&roi);
        rp_free(s.image);
        rp_free(s.mask);
    }
    cr_expect_eq(count, 40 * 8);
    rp_csv_drop(&t);
    no_leaks();
}

Test(pyradiomics, shape, .timeout = 100) { cr_expect_eq(compare("shape", 1e-3), 14 * 5); }
