/* bench/bench_radiomics.c - features, filters and maps of one region, as servers for tools/bench.
 *
 * usage: bench_radiomics ROW [FOLDER]     FOLDER: image.nii and mask.nii are written there, for peers
 *        bench_radiomics table            CPU seconds of each row, best of five
 *
 * The region is a box of 100^3 in 120^3 voxels of 1 mm: int16 noise smoothed once, sd 108, 32 levels
 * (large: an ellipsoid of 5.2 million voxels).  Filters run on 64^3, maps on a region of 16^3 (of 20^3
 * beside PyRadiomics). */
#include "bench/harness.h"
#include "io/nifti.h"
#include "lib/base/clock.h"
#include "lib/base/random.h"
#include "lib/radiomics/autocorrelation.h"
#include "lib/radiomics/families.h"
#include "lib/radiomics/filter.h"
#include "lib/radiomics/maps.h"
#include "lib/radiomics/pyradiomics.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct data {
    rp_roi *roi;
    rp_filter filter;
    double *map[RP_MAP_COUNT];
    double *out;
} data;

/* Smoothed noise, rounded; sd about 108. */
static rp_status make_image(const int64_t n[3], double **out)
{
    const int64_t voxels = n[0] * n[1] * n[2];
    RP_AUTOFREE double *noise = NULL, *image = NULL;
    const rp_filter box = {.kind = RP_FILTER_MEAN, .support = 3, .boundary = RP_EDGE_MIRROR};
    const rp_grid g = rp_grid_axial(n[0], n[1], n[2], 1, 1, 1);
    rp_random r;
    RP_TRY(rp_alloc_raw(voxels, sizeof *noise, &noise));
    RP_TRY(rp_alloc_raw(voxels, sizeof *image, &image));
    rp_random_start(1, RP_RANDOM_TEST, 0, &r);
    for (int64_t i = 0; i < voxels; i++) noise[i] = 108 * sqrt(27) * rp_random_normal(&r);
    RP_TRY(rp_filter_apply(&box, &g, noise, image));
    for (int64_t i = 0; i < voxels; i++) image[i] = rint(image[i]);
    *out = RP_TAKE(image);
    return RP_OK;
}

/* A region in the middle: a box of side voxels along each axis, or the ellipsoid in it. */
static rp_status make_region(int64_t whole, int64_t side, bool is_round, const rp_roi_settings *s,
                             const char *folder, rp_roi **out)
{
    const int64_t n[3] = {whole, whole, whole}, low = (whole - side) / 2;
    const rp_grid g = rp_grid_axial(whole, whole, whole, 1, 1, 1);
    RP_AUTOFREE double *image = NULL;
    RP_AUTOFREE uint8_t *mask = NULL;
    RP_AUTO(rp_roi) roi = NULL;
    RP_TRY(make_image(n, &image));
    RP_TRY(rp_alloc(rp_grid_voxels(&g), 1, &mask));
    for (int64_t i = 0; i < rp_grid_voxels(&g); i++) {
        const int64_t p[3] = {i / (whole * whole), i / whole % whole, i % whole};
        double r2 = 0;
        bool is_in = true;
        for (int a = 0; a < 3; a++) {
            const double d = ((double)(p[a] - low) + 0.5) / (double)side * 2 - 1;
            is_in = is_in && p[a] >= low && p[a] < low + side;
            r2 += d * d;
        }
        mask[i] = is_in && (!is_round || r2 <= 1);
    }
    if (folder) {
        RP_AUTO(rp_volume) v = NULL, *m = NULL;
        char path[600];
        RP_TRY(rp_volume_new(&g, RP_I16, &v));
        RP_TRY(rp_volume_new(&g, RP_U8, &m));
        for (int64_t i = 0; i < rp_grid_voxels(&g); i++) ((int16_t *)v->data)[i] = (int16_t)image[i];
        memcpy(m->data, mask, (size_t)rp_grid_voxels(&g));
        (void)snprintf(path, sizeof path, "%s-image.nii", folder);
        RP_TRY(rp_nifti_write(path, v));
        (void)snprintf(path, sizeof path, "%s-mask.nii", folder);
        RP_TRY(rp_nifti_write(path, m));
    }
    RP_TRY(rp_roi_new(&g, image, mask, s, 8, &roi));
    RP_TRY(rp_roi_discretise(roi, s));
    *out = RP_TAKE(roi);
    return RP_OK;
}

/* One value stands for all: their sum over those that are there, sizes squashed. */
static double squash(const rp_values *v)
{
    double sum = 0;
    for (int64_t i = 0; i < v->count; i++)
        if (v->item[i].missing == RP_PRESENT) sum += atan(v->item[i].value);
    return sum;
}

static rp_status run_families(const data *d, const rp_family_choice *c, double *value)
{
    rp_values v = {0};
    rp_texture_settings t = rp_texture_settings_default();
    const bool of[RP_AGGREGATION_COUNT] = {[RP_DHQ4] = true, [RP_ITBB] = true, [RP_IAZD] = true,
                                           [RP_KOBO] = true};
    memcpy(t.aggregation, of, sizeof of);
    const rp_status st = rp_families(d->roi, c, &t, &v);
    *value = squash(&v);
    rp_values_clear(&v);
    return st;
}

static rp_status statistics(void *arg, double *value)
{
    const rp_family_choice c = {
        .is_wanted = {[RP_STATISTICS] = true, [RP_HISTOGRAM] = true, [RP_IVH] = true}};
    return run_families(arg, &c, value);
}

static rp_status local(void *arg, double *value)
{
    const rp_family_choice c = {.is_wanted = {[RP_LOCAL] = true}};
    return run_families(arg, &c, value);
}

/* Without Moran's I and Geary's C: a region without intensities has none. */
static rp_status morphology(void *arg, double *value)
{
    data *d = arg;
    const int64_t count = d->roi->count;
    const rp_family_choice c = {.is_wanted = {[RP_MORPHOLOGY] = true}};
    d->roi->count = 0;
    const rp_status st = run_families(d, &c, value);
    d->roi->count = count;
    return st;
}

static rp_status moran(void *arg, double *value)
{
    const data *d = arg;
    double geary;
    return rp_autocorrelation(d->roi->grid.n, d->roi->grid.spacing, d->roi->image, d->roi->mask,
                              value, &geary);
}

static rp_status texture(void *arg, double *value)
{
    rp_family_choice c = {{false}};
    for (int f = RP_GLCM; f <= RP_NGLDM; f++) c.is_wanted[f] = true;
    return run_families(arg, &c, value);
}

/* All but Moran's I and Geary's C, in all aggregations. */
static rp_status values(void *arg, double *value)
{
    data *d = arg;
    double form;
    rp_values v = {0};
    const rp_texture_settings t = rp_texture_settings_default();
    rp_family_choice c;
    memset(&c, 1, sizeof c);
    c.is_wanted[RP_MORPHOLOGY] = false;
    RP_TRY(morphology(d, &form));
    const rp_status st = rp_families(d->roi, &c, &t, &v);
    *value = form + squash(&v);
    rp_values_clear(&v);
    return st;
}

static rp_status everything(void *arg, double *value)
{
    rp_family_choice c;
    memset(&c, 1, sizeof c);
    return run_families(arg, &c, value);
}

/* The 93 features of PyRadiomics but shape; its GLCM contrast. */
static rp_status peer(void *arg, double *value)
{
    const data *d = arg;
    double x[RP_PYRADIOMICS_COUNT];
    const rp_pyradiomics_settings s = {.is_response = true, .memory = (int64_t)1 << 30};
    RP_TRY(rp_pyradiomics(d->roi, &s, x));
    for (int i = 0; i < RP_PYRADIOMICS_COUNT; i++)
        if (strcmp(rp_pyradiomics_name(i), "glcm_Contrast") == 0) *value = x[i];
    return RP_OK;
}

/* All GLCM maps of radius 1; the mean of the contrast. */
static rp_status maps(void *arg, double *value)
{
    data *d = arg;
    const int64_t n = rp_grid_voxels(&d->roi->grid);
    RP_TRY(rp_voxel_maps(d->roi, 1, NULL, d->map));
    *value = 0;
    for (int i = 0; i < RP_MAP_COUNT; i++)
        if (strcmp(rp_map_name(i), "glcm_Contrast") == 0)
            for (int64_t k = 0; k < n; k++) *value += d->map[i][k] / (double)d->roi->count;
    return RP_OK;
}

static rp_status filter(void *arg, double *value)
{
    data *d = arg;
    RP_TRY(rp_filter_apply(&d->filter, &d->roi->grid, d->roi->image, d->out));
    *value = d->out[0];
    return RP_OK;
}

/* All eight bands. */
static rp_status wavelet(void *arg, double *value)
{
    data *d = arg;
    for (int b = 0; b < 8; b++) {
        for (int a = 0; a < 3; a++) d->filter.band[a] = b >> a & 1 ? 'H' : 'L';
        RP_TRY(filter(d, value));
    }
    return RP_OK;
}

static const struct row {
    const char *name;
    rp_bench_step *step;
    int whole, side;
    bool is_round, has_width; /* PyRadiomics' bins of 25 instead of 32 levels */
    rp_filter filter;
} rows[] = {
    {"statistics", statistics, 120, 100, false, false, {0}},
    {"local", local, 120, 100, false, false, {0}},
    {"morphology", morphology, 120, 100, false, false, {0}},
    {"moran", moran, 120, 100, false, false, {0}},
    {"texture", texture, 120, 100, false, false, {0}},
    {"values", values, 120, 100, false, false, {0}},
    {"peer", peer, 120, 100, false, true, {0}},
    {"maps", maps, 32, 16, false, true, {0}},
    {"maps-peer", maps, 36, 20, false, true, {0}},
    {"log", filter, 64, 64, false, false, {.kind = RP_FILTER_LOG, .sigma = 1.5, .cut = 4}},
    {"wavelet", wavelet, 64, 64, false, false,
     {.kind = RP_FILTER_WAVELET, .wavelet = "coif1", .level = 1}},
    {"laws", filter, 64, 64, false, false,
     {.kind = RP_FILTER_LAWS, .laws = "E5L5S5", .energy = 7, .pooling = RP_POOL_MAX}},
    {"gabor", filter, 64, 64, false, false,
     {.kind = RP_FILTER_GABOR, .sigma = 5, .lambda = 4, .gamma = 1, .step = 45,
      .pooling = RP_POOL_MEAN, .all_planes = true}},
    {"large", everything, 240, 215, true, false, {0}},
};
enum { ROWS = sizeof rows / sizeof *rows };

static rp_status start(const struct row *r, const char *folder, data *d)
{
    rp_roi_settings s = rp_roi_settings_default();
    memset(d, 0, sizeof *d);
    d->filter = r->filter;
    s.is_integer = true;
    if (r->has_width) {
        s.binning = RP_BIN_FBS_ZERO;
        s.width = 25;
    }
    RP_TRY(make_region(r->whole, r->side, r->is_round, &s, folder, &d->roi));
    const int64_t n = rp_grid_voxels(&d->roi->grid);
    RP_TRY(rp_alloc(n, sizeof *d->out, &d->out));
    for (int i = 0; i < RP_MAP_COUNT && r->step == maps; i++)
        if (strncmp(rp_map_name(i), "glcm", 4) == 0)
            RP_TRY(rp_alloc(n, sizeof **d->map, &d->map[i]));
    return RP_OK;
}

static void end(data *d)
{
    rp_roi_drop(&d->roi);
    rp_free(d->out);
    for (int i = 0; i < RP_MAP_COUNT; i++) rp_free(d->map[i]);
}

static rp_status print_table(void)
{
    for (int i = 0; i < ROWS; i++) {
        data d;
        double best = INFINITY, value;
        RP_TRY(start(&rows[i], NULL, &d));
        for (int k = 0; k < 5; k++) {
            const double from = rp_clock_cpu();
            RP_TRY(rows[i].step(&d, &value));
            best = fmin(best, rp_clock_cpu() - from);
        }
        printf("%-12s %8.1f ms  peak %.0f MiB\n", rows[i].name, best * 1e3, rp_bench_peak());
        (void)fflush(stdout);
        end(&d);
    }
    return RP_OK;
}

int main(int argc, char **argv)
{
    rp_thread_flush_denormals();
    if (argc == 2 && strcmp(argv[1], "table") == 0) {
        const rp_status st = print_table();
        return st == RP_OK ? 0 : rp_bench_fail(st);
    }
    for (int i = 0; i < ROWS && argc >= 2 && argc <= 3; i++) {
        data d;
        if (strcmp(rows[i].name, argv[1]) != 0) continue;
        const rp_status st = start(&rows[i], argc == 3 ? argv[2] : NULL, &d);
        const int code = st == RP_OK ? rp_bench_serve(rows[i].step, &d) : rp_bench_fail(st);
        end(&d);
        return code;
    }
    (void)fprintf(stderr, "usage: bench_radiomics ROW [FOLDER] | table; rows:");
    for (int i = 0; i < ROWS; i++) (void)fprintf(stderr, " %s", rows[i].name);
    (void)fprintf(stderr, "\n");
    return 2;
}
