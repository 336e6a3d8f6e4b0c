/* tests/test_io_radiomics.c - features against every reference value of IBSI's first chapter.
 *
 * A value agrees when its rounding to three digits lies within the reference's tolerance, as the
 * consortium compares.  The phantoms lie beside the project. */
#include "io/csv.h"
#include "io/nifti.h"
#include "lib/radiomics/families.h"
#include "tests/harness.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct configuration {
    const char *name, *phantom;
    rp_roi_settings roi;
    bool in_slices; /* 2D and 2.5D aggregations */
    bool in_volume; /* 3D */
} configuration;

static rp_roi_settings settings(double z, double yx, int order)
{
    rp_roi_settings s = rp_roi_settings_default();
    s.is_integer = true;
    s.spacing[0] = z;
    s.spacing[1] = s.spacing[2] = yx;
    s.image_order = order;
    return s;
}

static rp_roi_settings with_range(rp_roi_settings s, double low, double high)
{
    s.has_range = true;
    s.low = low;
    s.high = high;
    return s;
}

static configuration configuration_of(char letter)
{
    configuration c = {.phantom = "ct_phantom",
                       .in_volume = letter >= 'c' || letter == 'p',
                       .in_slices = letter < 'c' || letter == 'p'};
    switch (letter) {
    case 'p':
        c.name = "dig_phantom";
        c.phantom = "digital_phantom";
        c.roi = settings(0, 0, 1);
        c.roi.binning = RP_BIN_NONE;
        break;
    case 'a':
        c.name = "config_a";
        c.roi = with_range(settings(0, 0, 1), -500, 400);
        c.roi.binning = RP_BIN_FBS;
        c.roi.width = 25;
        break;
    case 'b':
        c.name = "config_b";
        c.roi = with_range(settings(0, 2, 1), -500, 400);
        break;
    case 'c':
        c.name = "config_c";
        c.roi = with_range(settings(2, 2, 1), -1000, 400);
        c.roi.binning = RP_BIN_FBS;
        c.roi.width = 25;
        c.roi.ivh = RP_IVH_FBS;
        c.roi.ivh_width = 2.5;
        break;
    case 'd':
        c.name = "config_d";
        c.roi = settings(2, 2, 1);
        c.roi.outliers = 3;
        break;
    default:
        c.name = "config_e";
        c.roi = with_range(settings(2, 2, 3), -1000, 400);
        c.roi.outliers = 3;
        c.roi.ivh = RP_IVH_FBN;
        c.roi.ivh_bins = 1000;
        break;
    }
    return c;
}

typedef struct phantom {
    rp_grid grid;
    double *image;
    uint8_t *mask;
} phantom;

static phantom read_phantom(const char *name)
{
    char path[256];
    rp_volume *image, *mask;
    (void)snprintf(path, sizeof path, "data/ibsi1/%s/image.nii.gz", name);
    cr_assert_eq(rp_nifti_read(shared_path(path), &image, NULL), RP_OK, "%s", rp_error_message());
    (void)snprintf(path, sizeof path, "data/ibsi1/%s/mask.nii.gz", name);
    cr_assert_eq(rp_nifti_read(shared_path(path), &mask, NULL), RP_OK, "%s", rp_error_message());
    phantom p = {.grid = image->grid};
    const int64_t n = rp_grid_voxels(&p.grid);
    cr_assert_eq(rp_alloc_raw(n, sizeof *p.image, &p.image), RP_OK);
    cr_assert_eq(rp_alloc_raw(n, 1, &p.mask), RP_OK);
    rp_volume_doubles(image, p.image);
    for (int64_t i = 0; i < n; i++) p.mask[i] = rp_volume_value(mask, i) >= 0.5;
    rp_volume_drop(&image);
    rp_volume_drop(&mask);
    return p;
}

static const char *const axes[3] = {"z", "y", "x"};

typedef struct fact {
    char tag[64];
    double value;
} fact;
typedef struct facts {
    int count;
    fact item[64];
} facts;

static void put(facts *f, double value, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void put(facts *f, double value, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(f->item[f->count].tag, sizeof f->item->tag, fmt, args);
    va_end(args);
    f->item[f->count++].value = value;
}

static void image_facts(const rp_grid *g, const double image[], const char *stage, facts *f)
{
    const int64_t n = rp_grid_voxels(g);
    double low = INFINITY, high = -INFINITY, sum = 0;
    for (int64_t i = 0; i < n; i++) {
        low = fmin(low, image[i]);
        high = fmax(high, image[i]);
        sum += image[i];
    }
    for (int a = 0; a < 3; a++) {
        put(f, (double)g->n[a], "img_dim_%s_%s_img", axes[a], stage);
        put(f, g->spacing[a], "vox_dim_%s_%s_img", axes[a], stage);
    }
    put(f, sum / (double)n, "mean_int_%s_img", stage);
    put(f, low, "min_int_%s_img", stage);
    put(f, high, "max_int_%s_img", stage);
}

static void mask_facts(const rp_grid *g, const double image[], const uint8_t mask[],
                       const uint8_t morph[], const char *stage, facts *f)
{
    const rp_roi_facts inner = rp_mask_facts(g->n, image, mask),
                       outer = rp_mask_facts(g->n, image, morph);
    for (int a = 0; a < 3; a++) {
        put(f, (double)g->n[a], "int_mask_dim_%s_%s_roi", axes[a], stage);
        put(f, (double)inner.size[a], "int_mask_bb_dim_%s_%s_roi", axes[a], stage);
        put(f, (double)outer.size[a], "morph_mask_bb_dim_%s_%s_roi", axes[a], stage);
    }
    put(f, (double)inner.count, "int_mask_vox_count_%s_roi", stage);
    put(f, (double)outer.count, "morph_mask_vox_count_%s_roi", stage);
    put(f, inner.mean, "int_mask_mean_int_%s_roi", stage);
    put(f, inner.low, "int_mask_min_int_%s_roi", stage);
    put(f, inner.high, "int_mask_max_int_%s_roi", stage);
}

/* Three significant digits. */
static double rounded(double x)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%.2e", x);
    return strtod(text, NULL);
}

static rp_aggregation aggregation_of(const char *code)
{
    for (int a = 0; a < RP_AGGREGATION_COUNT; a++)
        if (strcmp(rp_aggregation_code((rp_aggregation)a), code) == 0) return (rp_aggregation)a;
    return RP_DHQ4;
}

static int column(const rp_csv *t, const char *name) { return rp_csv_find(t, name); }

/* Compares all rows of a configuration; returns how many there are. */
static int compare(const char *name, const rp_values *v)
{
    rp_csv *t;
    int rows = 0;
    cr_assert_eq(rp_csv_read(shared_path("data/ibsi1/reference_values.csv"), ',', &t), RP_OK, "%s",
                 rp_error_message());
    for (int64_t r = 0; r < rp_csv_rows(t); r++) {
        const char *value = rp_csv_text(t, r, column(t, "value")),
                   *tag = rp_csv_text(t, r, column(t, "tag"));
        if (strcmp(rp_csv_text(t, r, column(t, "config")), name) != 0 || !*value) continue;
        const char *how = rp_csv_text(t, r, column(t, "aggregation_code"));
        const double want = strtod(value, NULL),
                     tolerance = strtod(rp_csv_text(t, r, column(t, "tolerance")), NULL);
        const rp_value_of *got = rp_values_find(v, rp_feature_find(tag), aggregation_of(how));
        rows++;
        cr_expect(got && got->missing == RP_PRESENT, "%s %s %s is missing", name, tag, how);
        if (got)
            cr_expect_leq(fabs(rounded(got->value) - want), tolerance + 1e-12 * fabs(want),
                          "%s %s %s: %g, reference %g +- %g", name, tag, how, got->value, want,
                          tolerance);
    }
    rp_csv_drop(&t);
    return rows;
}

static int compare_facts(const char *name, const facts *f)
{
    rp_csv *t;
    int rows = 0;
    cr_assert_eq(rp_csv_read(shared_path("data/ibsi1/diagnostics.csv"), ',', &t), RP_OK, "%s",
                 rp_error_message());
    for (int64_t r = 0; r < rp_csv_rows(t); r++) {
        if (strcmp(rp_csv_text(t, r, column(t, "config")), name) != 0) continue;
        const char *tag = rp_csv_text(t, r, column(t, "tag"));
        const double want = strtod(rp_csv_text(t, r, column(t, "value")), NULL),
                     tolerance = strtod(rp_csv_text(t, r, column(t, "tolerance")), NULL);
        int k = 0;
        while (k < f->count && strcmp(f->item[k].tag, tag) != 0) k++;
        rows++;
        cr_expect_lt(k, f->count, "%s is not known", tag);
        if (k == f->count) continue;
        /* Counts stand in full, means in three digits. */
        const double got = f->item[k].value;
        cr_expect(fabs(got - want) <= tolerance ||
                      fabs(rounded(got) - want) <= tolerance + 1e-12 * fabs(want),
                  "%s %s: %g, reference %g +- %g", name, tag, got, want, tolerance);
    }
    rp_csv_drop(&t);
    return rows;
}

static void check_steps(char letter)
{
    if (!shared_path("data/ibsi1/diagnostics.csv"))
        skip_test("IBSI's phantoms are not beside the project");
    const configuration c = configuration_of(letter);
    phantom p = read_phantom(c.phantom);
    rp_roi *roi = NULL;
    facts f = {0};
    cr_assert_eq(rp_roi_new(&p.grid, p.image, p.mask, &c.roi, -1, &roi), RP_OK, "%s",
                 rp_error_message());
    image_facts(&p.grid, p.image, "init", &f);
    mask_facts(&p.grid, p.image, p.mask, p.mask, "init", &f);
    image_facts(&roi->grid, roi->image, "interp", &f);
    mask_facts(&roi->grid, roi->image, roi->mask, roi->morph, "interp", &f);
    rp_roi_resegment(roi, &c.roi);
    mask_facts(&roi->grid, roi->image, roi->mask, roi->morph, "reseg", &f);
    cr_expect_eq(compare_facts(c.name, &f), 60);
    rp_roi_drop(&roi);
    rp_free(p.image);
    rp_free(p.mask);
    no_leaks();
}

Test(ibsi1_steps, configuration_a_has_all_60_facts) { check_steps('a'); }
Test(ibsi1_steps, configuration_b_has_all_60_facts) { check_steps('b'); }
Test(ibsi1_steps, configuration_c_has_all_60_facts) { check_steps('c'); }
Test(ibsi1_steps, configuration_d_has_all_60_facts) { check_steps('d'); }
Test(ibsi1_steps, configuration_e_has_all_60_facts) { check_steps('e'); }

static void check(char letter, int rows)
{
    if (!shared_path("data/ibsi1/reference_values.csv"))
        skip_test("IBSI's phantoms are not beside the project");
    const configuration c = configuration_of(letter);
    phantom p = read_phantom(c.phantom);
    rp_roi *roi = NULL;
    rp_values v = {0};
    rp_texture_settings t = rp_texture_settings_default();
    for (int a = RP_BTW3; a < RP_AGGREGATION_COUNT; a++)
        t.aggregation[a] = a == RP_ITBB || a == RP_IAZD || a == RP_KOBO ? c.in_volume : c.in_slices;
    rp_family_choice all;
    memset(&all, 1, sizeof all);
    cr_assert_eq(rp_roi_new(&p.grid, p.image, p.mask, &c.roi, 10, &roi), RP_OK, "%s",
                 rp_error_message());
    rp_roi_resegment(roi, &c.roi);
    cr_assert_eq(rp_roi_discretise(roi, &c.roi), RP_OK, "%s", rp_error_message());
    cr_assert_eq(rp_families(roi, &all, &t, &v), RP_OK, "%s", rp_error_message());
    cr_expect_eq(compare(c.name, &v), rows);
    rp_values_clear(&v);
    rp_roi_drop(&roi);
    rp_free(p.image);
    rp_free(p.mask);
    no_leaks();
}

Test(ibsi1, digital_phantom_has_all_482_values) { check('p', 482); }
Test(ibsi1, configuration_a_has_all_346_values) { check('a', 346); }
Test(ibsi1, configuration_b_has_all_346_values) { check('b', 346); }
Test(ibsi1, configuration_c_has_its_209_values) { check('c', 209); }
Test(ibsi1, configuration_d_has_all_210_values) { check('d', 210); }
Test(ibsi1, configuration_e_has_all_210_values) { check('e', 210); }
