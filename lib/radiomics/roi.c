/* lib/radiomics/roi.c - an image and its masks on the way to features: the processing steps of
 * IBSI. */
#include "lib/radiomics/roi.h"

#include "lib/radiomics/regrid.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* What sums of weights may lack of the threshold: a voxel half covered is covered. */
static const double slack = 1e-6;

rp_roi_settings rp_roi_settings_default(void)
{
    return (rp_roi_settings){.image_order = 1,
                             .mask_order = 1,
                             .mask_threshold = 0.5,
                             .binning = RP_BIN_FBN,
                             .bins = 32,
                             .ivh = RP_IVH_NONE,
                             .ivh_width = 1,
                             .max_levels = 4096};
}

void rp_roi_drop(rp_roi **roi)
{
    if (!*roi) return;
    rp_roi *r = *roi;
    rp_free(r->image);
    rp_free(r->response);
    rp_free(r->morph);
    rp_free(r->mask);
    rp_free(r->value);
    rp_free(r->level);
    rp_free(r->ivh);
    rp_free(r);
    *roi = NULL;
}

void rp_roi_renew(rp_roi *r)
{
    rp_free(RP_TAKE(r->response));
    rp_free(RP_TAKE(r->value));
    rp_free(RP_TAKE(r->level));
    rp_free(RP_TAKE(r->ivh));
    r->count = 0;
    r->levels = 0;
    memcpy(r->mask, r->morph, (size_t)rp_grid_voxels(&r->grid));
}

bool rp_mask_box(const int64_t n[3], const uint8_t mask[], int64_t low[3], int64_t high[3])
{
    for (int a = 0; a < 3; a++) {
        low[a] = n[a];
        high[a] = 0;
    }
    for (int64_t z = 0; z < n[0]; z++)
        for (int64_t y = 0; y < n[1]; y++) {
            const uint8_t *row = mask + (z * n[1] + y) * n[2];
            const uint8_t *first = memchr(row, 1, (size_t)n[2]),
                          *last = memrchr(row, 1, (size_t)n[2]);
            if (!first) continue;
            const int64_t from[3] = {z, y, first - row}, to[3] = {z + 1, y + 1, last - row + 1};
            for (int a = 0; a < 3; a++) {
                if (from[a] < low[a]) low[a] = from[a];
                if (to[a] > high[a]) high[a] = to[a];
            }
        }
    return high[0] > 0;
}

rp_roi_facts rp_mask_facts(const int64_t n[3], const double image[], const uint8_t mask[])
{
    rp_roi_facts f = {0};
    int64_t low[3], high[3];
    if (!rp_mask_box(n, mask, low, high)) return f;
    for (int a = 0; a < 3; a++) f.size[a] = high[a] - low[a];
    f.low = INFINITY;
    f.high = -INFINITY;
    double sum = 0;
    for (int64_t i = 0; i < n[0] * n[1] * n[2]; i++) {
        if (!mask[i]) continue;
        f.count++;
        sum += image[i];
        if (image[i] < f.low) f.low = image[i];
        if (image[i] > f.high) f.high = image[i];
    }
    f.mean = sum / (double)f.count;
    return f;
}

static void round_all(int64_t n, double x[])
{
    for (int64_t i = 0; i < n; i++) x[i] = rint(x[i]);
}

/* The part of the image and of the mask (as 0.0 and 1.0) that is read. */
static rp_status take_part(const rp_grid *grid, const rp_regrid_part *p, const double image[],
                           const uint8_t mask[], double values[], double inside[])
{
    int64_t k = 0;
    for (int64_t z = 0; z < p->in_n[0]; z++)
        for (int64_t y = 0; y < p->in_n[1]; y++) {
            const int64_t row =
                ((z + p->in_low[0]) * grid->n[1] + y + p->in_low[1]) * grid->n[2] + p->in_low[2];
            for (int64_t x = 0; x < p->in_n[2]; x++, k++) {
                RP_NEED(isfinite(image[row + x]), RP_ENUM,
                        "an intensity of the image is not finite (voxel %" PRId64 ")", row + x);
                values[k] = image[row + x];
                inside[k] = mask[row + x] != 0;
            }
        }
    return RP_OK;
}

static rp_regrid_part part_of(const rp_grid *grid, const uint8_t mask[], const rp_grid *to,
                              double margin, int order)
{
    int64_t low[3], high[3];
    if (margin < 0) return rp_regrid_whole(grid, to);
    /* Without a mask a single voxel stands for the image. */
    if (!rp_mask_box(grid->n, mask, low, high))
        for (int a = 0; a < 3; a++) high[a] = (low[a] = 0) + 1;
    return rp_regrid_around(grid, to, low, high, margin, order);
}

/* (x - mean) / sd over the mask; a constant region keeps its differences of 0. */
static void zscore(int64_t n, const uint8_t mask[], double x[])
{
    double sum = 0, squares = 0;
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++)
        if (mask[i]) {
            sum += x[i];
            count++;
        }
    if (count == 0) return;
    const double mean = sum / (double)count;
    for (int64_t i = 0; i < n; i++)
        if (mask[i]) squares += (x[i] - mean) * (x[i] - mean);
    const double sd = sqrt(squares / (double)count), scale = sd > 0 ? 1 / sd : 1;
    for (int64_t i = 0; i < n; i++) x[i] = (x[i] - mean) * scale;
}

/* Image and masks on the roi's grid, of which only the part is made. */
static rp_status interpolate(const rp_grid *grid, const rp_regrid_part *p, const rp_roi_settings *s,
                             double values[], double inside[], rp_roi *roi)
{
    RP_AUTOFREE double *there = NULL;
    const int64_t n = p->in_n[0] * p->in_n[1] * p->in_n[2],
                  m = p->out_n[0] * p->out_n[1] * p->out_n[2];
    if (s->is_integer) round_all(n, values);
    RP_TRY(rp_regrid_image(grid, &roi->grid, p, values, s->image_order, &roi->image));
    if (s->is_integer) round_all(m, roi->image);
    RP_TRY(rp_regrid_image(grid, &roi->grid, p, inside, s->mask_order, &there));
    RP_TRY(rp_alloc_raw(m, 1, &roi->morph));
    RP_TRY(rp_alloc_raw(m, 1, &roi->mask));
    for (int64_t i = 0; i < m; i++) roi->morph[i] = there[i] >= s->mask_threshold - slack;
    return RP_OK;
}

rp_status rp_roi_new(const rp_grid *grid, const double image[], const uint8_t mask[],
                     const rp_roi_settings *s, double margin, rp_roi **out)
{
    RP_NEED(s->mask_order == 0 || s->mask_order == 1, RP_EARG, "interpolation order %d of a mask",
            s->mask_order);
    RP_NEED(s->mask_threshold > 0 && s->mask_threshold <= 1, RP_EARG, "mask threshold %g",
            s->mask_threshold);
    RP_AUTO(rp_roi) roi = NULL;
    RP_AUTOFREE double *values = NULL, *inside = NULL;
    RP_TRY(rp_alloc(1, sizeof *roi, &roi));
    roi->grid = rp_regrid(grid, s->spacing);
    const rp_regrid_part p = part_of(grid, mask, &roi->grid, margin, s->image_order);
    const int64_t n = p.in_n[0] * p.in_n[1] * p.in_n[2], m = p.out_n[0] * p.out_n[1] * p.out_n[2];
    RP_TRY(rp_alloc_raw(n, sizeof *values, &values));
    RP_TRY(rp_alloc_raw(n, sizeof *inside, &inside));
    RP_TRY(take_part(grid, &p, image, mask, values, inside));
    RP_TRY(interpolate(grid, &p, s, values, inside, roi));
    if (s->has_zscore) zscore(m, roi->morph, roi->image);
    memcpy(roi->mask, roi->morph, (size_t)m);
    const double index[3] = {(double)p.out_low[0], (double)p.out_low[1], (double)p.out_low[2]};
    double origin[3];
    rp_grid_position(&roi->grid, index, origin);
    memcpy(roi->grid.origin, origin, sizeof origin);
    memcpy(roi->grid.n, p.out_n, sizeof roi->grid.n);
    *out = RP_TAKE(roi);
    return RP_OK;
}

rp_status rp_roi_take(const rp_grid *grid, double **image, uint8_t **mask, const rp_roi_settings *s,
                      rp_roi **out)
{
    RP_AUTO(rp_roi) roi = NULL;
    const int64_t n = rp_grid_voxels(grid);
    RP_TRY(rp_alloc(1, sizeof *roi, &roi));
    RP_TRY(rp_alloc_raw(n, 1, &roi->mask));
    roi->grid = *grid;
    roi->image = RP_TAKE(*image);
    roi->morph = RP_TAKE(*mask);
    if (s->has_zscore) zscore(n, roi->morph, roi->image);
    memcpy(roi->mask, roi->morph, (size_t)n);
    *out = RP_TAKE(roi);
    return RP_OK;
}

void rp_roi_resegment(rp_roi *roi, const rp_roi_settings *s)
{
    const int64_t n = rp_grid_voxels(&roi->grid);
    double low = s->has_range ? s->low : -INFINITY, high = s->has_range ? s->high : INFINITY;
    if (s->outliers > 0) {
        double sum = 0, squares = 0;
        int64_t count = 0;
        for (int64_t i = 0; i < n; i++)
            if (roi->mask[i]) {
                sum += roi->image[i];
                count++;
            }
        const double mean = count ? sum / (double)count : 0;
        for (int64_t i = 0; i < n; i++)
            if (roi->mask[i]) squares += (roi->image[i] - mean) * (roi->image[i] - mean);
        const double reach = count ? s->outliers * sqrt(squares / (double)count) : 0;
        low = fmax(low, mean - reach);
        high = fmin(high, mean + reach);
    }
    for (int64_t i = 0; i < n; i++)
        if (roi->mask[i] && !(roi->image[i] >= low && roi->image[i] <= high)) roi->mask[i] = 0;
}

/* Bin of x for bins of width w from low; the quotient of decimal widths is put right first. */
static double bin_of(double x, double low, double w)
{
    const double q = (x - low) / w, near = rint(q);
    return (fabs(q - near) < 1e-9 * fmax(1, fabs(near)) ? near : floor(q)) + 1;
}

static double bin_fixed_number(double x, double low, double high, int bins)
{
    if (!(high > low) || x >= high) return high > low ? bins : 1;
    return floor(bins * (x - low) / (high - low)) + 1;
}

static rp_status collect(rp_roi *roi, double *low, double *high)
{
    const int64_t n = rp_grid_voxels(&roi->grid);
    const double *from = roi->response ? roi->response : roi->image;
    for (int64_t i = 0; i < n; i++) roi->count += roi->mask[i] != 0;
    RP_TRY(rp_alloc_raw(roi->count, sizeof *roi->value, &roi->value));
    *low = INFINITY;
    *high = -INFINITY;
    int64_t k = 0;
    for (int64_t i = 0; i < n; i++) {
        if (!roi->mask[i]) continue;
        RP_NEED(isfinite(from[i]), RP_ENUM, "an intensity in the region is not finite");
        roi->value[k++] = from[i];
        *low = fmin(*low, from[i]);
        *high = fmax(*high, from[i]);
    }
    return RP_OK;
}

/* Where bin 1 begins. */
static double bin_origin(const rp_roi *roi, const rp_roi_settings *s, double low)
{
    if (s->binning == RP_BIN_FBS_ZERO) return s->width * floor(low / s->width);
    return s->has_range && !roi->response ? s->low : low;
}

/* Grey levels; levels stays 0 where the image has none or too many. */
static rp_status find_levels(rp_roi *roi, const rp_roi_settings *s, double low, double high)
{
    const double from = bin_origin(roi, s, low);
    const bool is_sized = s->binning == RP_BIN_FBS || s->binning == RP_BIN_FBS_ZERO;
    const double top = is_sized                   ? bin_of(high, from, s->width)
                       : s->binning == RP_BIN_FBN ? s->bins
                                                  : high;
    if (top > (double)s->max_levels || top > UINT16_MAX) return RP_OK;
    RP_TRY(rp_alloc_raw(roi->count, sizeof *roi->level, &roi->level));
    for (int64_t i = 0; i < roi->count; i++) {
        const double x = roi->value[i];
        const double level = is_sized                   ? bin_of(x, from, s->width)
                             : s->binning == RP_BIN_FBN ? bin_fixed_number(x, low, high, s->bins)
                                                        : x;
        if (level < 1 || level != floor(level)) {
            rp_free(roi->level);
            roi->level = NULL;
            return RP_OK;
        }
        roi->level[i] = (uint16_t)level;
    }
    roi->levels = (int)top;
    return RP_OK;
}

static rp_status find_ivh(rp_roi *roi, const rp_roi_settings *s, double low, double high)
{
    const bool has_range = s->has_range && !roi->response;
    const double from = has_range ? s->low : low, to = has_range ? s->high : high;
    roi->ivh_low = from;
    roi->ivh_high = to;
    roi->ivh_step = s->ivh_width;
    if (s->ivh == RP_IVH_FBN) {
        roi->ivh_low = roi->ivh_step = 1;
        roi->ivh_high = s->ivh_bins;
    } else if (s->ivh == RP_IVH_FBS) {
        const double last = has_range
                                ? to - s->ivh_width / 2
                                : from + (bin_of(to, from, s->ivh_width) - 0.5) * s->ivh_width;
        roi->ivh_low = from + s->ivh_width / 2;
        roi->ivh_high = last;
    }
    if (s->ivh == RP_IVH_NONE) return RP_OK;
    RP_TRY(rp_alloc_raw(roi->count, sizeof *roi->ivh, &roi->ivh));
    for (int64_t i = 0; i < roi->count; i++) {
        const double x = roi->value[i];
        roi->ivh[i] = s->ivh == RP_IVH_FBN
                          ? bin_fixed_number(x, low, high, s->ivh_bins)
                          : from + (bin_of(x, from, s->ivh_width) - 0.5) * s->ivh_width;
    }
    return RP_OK;
}

rp_status rp_roi_discretise(rp_roi *roi, const rp_roi_settings *s)
{
    RP_NEED(s->binning != RP_BIN_FBN || s->bins >= 1, RP_EARG, "%d bins", s->bins);
    RP_NEED((s->binning != RP_BIN_FBS && s->binning != RP_BIN_FBS_ZERO) || s->width > 0, RP_EARG,
            "bin width %g", s->width);
    RP_NEED(s->ivh == RP_IVH_FBN ? s->ivh_bins >= 1 : s->ivh_width > 0, RP_EARG,
            "%d bins or width %g of the IVH", s->ivh_bins, s->ivh_width);
    RP_NEED(!roi->value, RP_EARG, "a region is discretised twice");
    double low, high;
    RP_TRY(collect(roi, &low, &high));
    if (roi->count == 0) return RP_OK;
    RP_TRY(find_levels(roi, s, low, high));
    return find_ivh(roi, s, low, high);
}
