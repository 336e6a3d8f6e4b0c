/* cohort/volume_read.c - the voxels of a planned volume. */
#include "cohort/volume_read.h"

#include "io/nifti.h"
#include "io/nrrd.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Stored values of all slices with each slice's slope and intercept. */
typedef struct stack {
    rp_grid grid;
    int32_t *stored;           /* [voxels] */
    double *slope, *intercept; /* [n z] */
    rp_read_volume *out;
} stack;

static void stack_clear(stack *s)
{
    rp_free(s->stored);
    rp_free(s->slope);
    rp_free(s->intercept);
}

static const char *unit_of(const rp_file_head *h)
{
    if (strcmp(h->modality, "CT") == 0) return "HU";
    if (strcmp(h->modality, "PT") != 0) return "1";
    if (strcmp(h->units, "GML") == 0) return "SUVbw";
    return strcmp(h->units, "BQML") == 0 ? "Bq/ml" : "counts";
}

/* Turns MONOCHROME1, and sets what is padding to air. */
static rp_status mend_slice(const rp_dicom_header *h, int64_t n, double slope, double intercept,
                            int32_t v[], rp_read_volume *out)
{
    const bool ct = strcmp(h->modality, "CT") == 0, is_signed = h->pixel_representation.value == 1;
    if (strcmp(h->photometric, "MONOCHROME1") == 0) {
        RP_NEED(!ct, RP_EUNSUP, "a CT in MONOCHROME1");
        const int32_t sum = is_signed ? -1 : (int32_t)((INT64_C(1) << h->bits_stored.value) - 1);
        for (int64_t i = 0; i < n; i++) v[i] = sum - v[i];
        out->is_inverted = true;
    }
    if (!ct || !h->padding.is_set) return RP_OK;
    int64_t low = h->padding.value, high = h->padding_limit.is_set ? h->padding_limit.value : low;
    if (is_signed && low > 32767) low -= 65536;
    if (is_signed && high > 32767) high -= 65536;
    if (low > high) {
        const int64_t t = low;
        low = high;
        high = t;
    }
    const int32_t air = (int32_t)lround((-1000 - intercept) / slope);
    for (int64_t i = 0; i < n; i++)
        if (v[i] >= low && v[i] <= high) {
            v[i] = air;
            out->padded++;
        }
    return RP_OK;
}

static rp_status read_slices(const rp_scan *scan, const rp_plan *plan, const rp_series *s, stack *k)
{
    const int64_t plane = k->grid.n[1] * k->grid.n[2];
    for (int64_t z = 0; z < s->count; z++) {
        const char *path = scan->path[plan->slice[s->first + z].file];
        RP_AUTO(rp_dicom_file) f = NULL;
        RP_TRY(rp_dicom_open(path, &f));
        const rp_dicom_header *h = rp_dicom_file_header(f);
        RP_NEED(h->rows.value == k->grid.n[1] && h->columns.value == k->grid.n[2], RP_EDATA,
                "'%s' changed while it was read", path);
        k->slope[z] = h->slope.count ? h->slope.value[0] : 1;
        k->intercept[z] = h->intercept.count ? h->intercept.value[0] : 0;
        RP_TRY(rp_dicom_file_pixels(f, 0, plane, k->stored + z * plane));
        RP_TRY(mend_slice(h, plane, k->slope[z], k->intercept[z], k->stored + z * plane, k->out));
    }
    return RP_OK;
}

typedef struct frame_place {
    int64_t frame;
    double place;
} frame_place;

static int by_place(const void *a, const void *b)
{
    const frame_place *p = a, *q = b;
    return p->place != q->place ? (p->place < q->place ? -1 : 1)
                                : (p->frame > q->frame) - (p->frame < q->frame);
}

/* Grid of an enhanced multi-frame object; order: frames from bottom to top. */
static rp_status frames_grid(const rp_dicom_frame f[], int64_t n, const rp_dicom_header *h,
                             frame_place order[], rp_grid *g)
{
    RP_NEED(n >= 2, RP_EDATA, "an enhanced object of %" PRId64 " frames", n);
    for (int64_t i = 0; i < n; i++) {
        RP_NEED(f[i].position.count == 3 && f[i].orientation.count == 6 &&
                    f[i].pixel_spacing.count == 2,
                RP_EDATA, "frame %" PRId64 " has no geometry", i + 1);
        for (int k = 0; k < 6; k++)
            RP_NEED(fabs(f[i].orientation.value[k] - f[0].orientation.value[k]) <= 1e-3, RP_EUNSUP,
                    "frames of several orientations");
    }
    const double *o = f[0].orientation.value;
    const double normal[3] = {o[1] * o[5] - o[2] * o[4], o[2] * o[3] - o[0] * o[5],
                              o[0] * o[4] - o[1] * o[3]};
    for (int64_t i = 0; i < n; i++) {
        order[i].frame = i;
        order[i].place = 0;
        for (int k = 0; k < 3; k++) order[i].place += normal[k] * f[i].position.value[k];
    }
    qsort(order, (size_t)n, sizeof *order, by_place);
    const double mean = (order[n - 1].place - order[0].place) / (double)(n - 1);
    for (int64_t i = 1; i < n; i++) {
        const double gap = order[i].place - order[i - 1].place;
        RP_NEED(gap > 1e-3, RP_EUNSUP, "several frames at one position: a 4D object");
        RP_NEED(fabs(gap - mean) <= 0.05 * mean + 0.1, RP_EDATA,
                "uneven spacing: %.3f mm, mean %.3f", gap, mean);
    }
    *g = (rp_grid){.n = {n, h->rows.value, h->columns.value},
                   .spacing = {mean, f[0].pixel_spacing.value[0], f[0].pixel_spacing.value[1]}};
    for (int k = 0; k < 3; k++) {
        g->origin[k] = f[order[0].frame].position.value[k];
        g->dir[0][k] = normal[k];
        g->dir[1][k] = o[3 + k];
        g->dir[2][k] = o[k];
    }
    return rp_grid_check(g, false);
}

static rp_status stack_new(int64_t nz, const rp_grid *g, stack *k)
{
    int64_t voxels;
    k->grid = *g;
    RP_TRY(rp_product(3, g->n, &voxels));
    RP_TRY(rp_alloc_raw(voxels, sizeof *k->stored, &k->stored));
    RP_TRY(rp_alloc(nz, sizeof *k->slope, &k->slope));
    return rp_alloc(nz, sizeof *k->intercept, &k->intercept);
}

static rp_status read_enhanced(const char *path, stack *k)
{
    RP_AUTOFREE rp_dicom_frame *frame = NULL;
    RP_AUTOFREE frame_place *order = NULL;
    RP_AUTO(rp_dicom_file) f = NULL;
    int64_t n;
    rp_grid g;
    RP_TRY(rp_dicom_frames(path, &n, &frame));
    RP_TRY(rp_dicom_open(path, &f));
    const rp_dicom_header *h = rp_dicom_file_header(f);
    RP_TRY(rp_alloc(n, sizeof *order, &order));
    RP_TRY_IN(frames_grid(frame, n, h, order, &g), "'%s'", path);
    RP_TRY(stack_new(n, &g, k));
    const int64_t plane = g.n[1] * g.n[2];
    for (int64_t z = 0; z < n; z++) {
        const rp_dicom_frame *one = &frame[order[z].frame];
        k->slope[z] = one->slope.count ? one->slope.value[0]
                      : h->slope.count ? h->slope.value[0]
                                       : 1;
        k->intercept[z] = one->intercept.count ? one->intercept.value[0]
                          : h->intercept.count ? h->intercept.value[0]
                                               : 0;
        RP_NEED(isfinite(k->slope[z]) && k->slope[z] != 0, RP_EDATA, "'%s': rescale slope 0", path);
        RP_TRY(rp_dicom_file_pixels(f, order[z].frame, plane, k->stored + z * plane));
        RP_TRY(mend_slice(h, plane, k->slope[z], k->intercept[z], k->stored + z * plane, k->out));
    }
    return RP_OK;
}

/* Stored numbers in the smallest type that holds them. */
static rp_status keep_stored(const stack *k, rp_volume **out)
{
    const int64_t n = rp_grid_voxels(&k->grid);
    int32_t low = k->stored[0], high = low;
    for (int64_t i = 0; i < n; i++) {
        if (k->stored[i] < low) low = k->stored[i];
        if (k->stored[i] > high) high = k->stored[i];
    }
    RP_NEED(low != high, RP_EDATA, "all voxels have the value %d", low);
    const rp_dtype type = low >= INT16_MIN && high <= INT16_MAX ? RP_I16
                          : low >= 0 && high <= UINT16_MAX      ? RP_U16
                                                                : RP_I32;
    RP_AUTO(rp_volume) v = NULL;
    RP_TRY(rp_volume_new(&k->grid, type, &v));
    v->scale = k->slope[0];
    v->offset = k->intercept[0];
    for (int64_t i = 0; i < n; i++) {
        if (type == RP_I16)
            ((int16_t *)v->data)[i] = (int16_t)k->stored[i];
        else if (type == RP_U16)
            ((uint16_t *)v->data)[i] = (uint16_t)k->stored[i];
        else
            ((int32_t *)v->data)[i] = k->stored[i];
    }
    *out = RP_TAKE(v);
    return RP_OK;
}

static rp_status keep_values(const stack *k, rp_volume **out)
{
    const int64_t plane = k->grid.n[1] * k->grid.n[2];
    RP_AUTO(rp_volume) v = NULL;
    RP_TRY(rp_volume_new(&k->grid, RP_F32, &v));
    float *x = v->data;
    bool varies = false;
    for (int64_t z = 0, i = 0; z < k->grid.n[0]; z++)
        for (int64_t j = 0; j < plane; j++, i++) {
            x[i] = (float)(k->slope[z] * (double)k->stored[i] + k->intercept[z]);
            varies = varies || x[i] != x[0];
        }
    RP_NEED(varies, RP_EDATA, "all voxels have the value %g", (double)x[0]);
    *out = RP_TAKE(v);
    return RP_OK;
}

static rp_status from_stack(const stack *k, rp_volume **out)
{
    for (int64_t z = 1; z < k->grid.n[0]; z++)
        if (k->slope[z] != k->slope[0] || k->intercept[z] != k->intercept[0])
            return keep_values(k, out);
    return keep_stored(k, out);
}

static rp_status read_file(const char *path, rp_volume **out)
{
    const size_t n = strlen(path);
    RP_AUTO(rp_volume) v = NULL;
    int64_t not_finite;
    if (n > 5 && (strcmp(path + n - 5, ".nrrd") == 0 || strcmp(path + n - 5, ".nhdr") == 0)) {
        rp_nrrd_info info;
        RP_TRY(rp_nrrd_read(path, &v, &info));
        not_finite = info.not_finite;
    } else {
        rp_nifti_info info;
        RP_TRY(rp_nifti_read(path, &v, &info));
        not_finite = info.not_finite;
    }
    RP_NEED(not_finite == 0, RP_EDATA, "'%s': %" PRId64 " voxels are not finite", path, not_finite);
    if (v->dtype == RP_F64) { /* the field works in single precision */
        RP_AUTO(rp_volume) f = NULL;
        RP_TRY(rp_volume_new(&v->grid, RP_F32, &f));
        rp_volume_floats(v, f->data);
        *out = RP_TAKE(f);
        return RP_OK;
    }
    *out = RP_TAKE(v);
    return RP_OK;
}

rp_status rp_volume_read(const rp_scan *scan, const rp_plan *plan, const rp_series *s,
                         rp_read_volume *out)
{
    rp_read_volume r = {.unit = unit_of(s->head)};
    const char *path = scan->path[plan->slice[s->first].file];
    if (s->is_file) {
        RP_TRY(read_file(path, &r.volume));
        *out = r;
        return RP_OK;
    }
    stack k = {.out = &r};
    rp_status st = RP_OK;
    if (s->is_enhanced)
        st = read_enhanced(path, &k);
    else {
        st = stack_new(s->count, &s->grid, &k);
        if (st == RP_OK) st = read_slices(scan, plan, s, &k);
    }
    if (st == RP_OK) st = from_stack(&k, &r.volume);
    stack_clear(&k);
    RP_TRY(st);
    *out = r;
    return RP_OK;
}
