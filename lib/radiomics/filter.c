/* lib/radiomics/filter.c - filters in space: mean, Laplacian of Gaussian, Laws, wavelets. */
#include "lib/radiomics/filter.h"

#include "lib/radiomics/filter_priv.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static rp_status box(const int64_t n[3], int width, bool is_flat, rp_boundary b, const double in[],
                     double out[])
{
    RP_NEED(width >= 1 && width < RP_TAPS_MAX && width % 2 == 1, RP_EARG,
            "box of %d voxels: must be odd and below %d", width, RP_TAPS_MAX);
    rp_kernel k = {.count = width};
    for (int j = 0; j < width; j++) k.tap[j] = 1.0 / width;
    const rp_chain c = {.steps = 1, .is_flat = is_flat, .kernel = {{&k, &k, &k}}};
    return rp_convolve_chain(n, &c, RP_POOL_NONE, b, in, out);
}

static rp_status mean(const rp_filter *f, const rp_grid *g, const double in[], double out[])
{
    return box(g->n, f->support, f->is_flat, f->boundary, in, out);
}

/* A Gaussian along one axis, or its second derivative. */
static rp_status gaussian(double sigma, double cut, bool is_second, rp_kernel *k)
{
    const int radius = (int)floor(cut * sigma + 0.5);
    RP_NEED(sigma > 0 && cut > 0 && 2 * radius + 1 < RP_TAPS_MAX, RP_EARG,
            "sigma of %g voxels, cut at %g sigma", sigma, cut);
    k->count = 2 * radius + 1;
    for (int j = 0; j < k->count; j++) {
        const double x = j - radius,
                     g = exp(-x * x / (2 * sigma * sigma)) / sqrt(2 * acos(-1.0) * sigma * sigma);
        k->tap[j] = is_second ? g * (x * x / (sigma * sigma) - 1) / (sigma * sigma) : g;
    }
    return RP_OK;
}

/* The kernel is a sum over axes of a second derivative along that axis, smoothed along the others.
 */
static rp_status laplacian(const rp_filter *f, const rp_grid *g, const double in[], double out[])
{
    const int axes = f->is_flat ? 2 : 3;
    const int64_t voxels = rp_grid_voxels(g);
    rp_kernel smooth[3], second[3];
    RP_AUTOFREE double *term = NULL;
    RP_TRY(rp_alloc_raw(voxels, sizeof *term, &term));
    for (int a = 0; a < axes; a++) {
        RP_TRY(gaussian(f->sigma / g->spacing[2 - a], f->cut, false, &smooth[a]));
        RP_TRY(gaussian(f->sigma / g->spacing[2 - a], f->cut, true, &second[a]));
    }
    for (int a = 0; a < axes; a++) {
        rp_chain c = {.steps = 1, .is_flat = f->is_flat};
        for (int k = 0; k < axes; k++) c.kernel[0][k] = k == a ? &second[k] : &smooth[k];
        RP_TRY(rp_convolve_chain(g->n, &c, RP_POOL_NONE, f->boundary, in, a == 0 ? out : term));
        for (int64_t i = 0; i < voxels && a > 0; i++) out[i] += term[i];
    }
    return RP_OK;
}

static rp_status laws(const rp_filter *f, const rp_grid *g, const double in[], double out[])
{
    const int axes = f->is_flat ? 2 : 3;
    rp_kernel k[3];
    RP_NEED((int)strlen(f->laws) == 2 * axes, RP_EARG, "Laws kernels '%s': one for each of %d axes",
            f->laws, axes);
    for (int a = 0; a < axes; a++) RP_TRY(rp_kernel_laws(f->laws + 2 * a, &k[a]));
    const rp_chain c = {.steps = 1, .is_flat = f->is_flat, .kernel = {{&k[0], &k[1], &k[2]}}};
    RP_TRY(rp_convolve_chain(g->n, &c, f->pooling, f->boundary, in, out));
    if (f->energy == 0) return RP_OK;
    const int64_t voxels = rp_grid_voxels(g);
    RP_AUTOFREE double *size = NULL;
    RP_TRY(rp_alloc_raw(voxels, sizeof *size, &size));
    for (int64_t i = 0; i < voxels; i++) size[i] = fabs(out[i]);
    return box(g->n, 2 * f->energy + 1, f->is_flat, f->boundary, size, out);
}

/* Low-pass at every level below, then the band. */
static rp_status wavelet(const rp_filter *f, const rp_grid *g, const double in[], double out[])
{
    const int axes = f->is_flat ? 2 : 3;
    rp_kernel low[RP_CHAIN_MAX], band[3];
    RP_NEED(f->level >= 1 && f->level <= 5, RP_EARG, "wavelet level %d: must be 1 to 5", f->level);
    RP_NEED((int)strlen(f->band) == axes && strspn(f->band, "LH") == strlen(f->band), RP_EARG,
            "band '%s': L or H for each of %d axes", f->band, axes);
    rp_chain c = {.steps = f->level, .is_flat = f->is_flat};
    for (int s = 0; s < f->level - 1; s++) {
        RP_TRY(rp_kernel_wavelet(f->wavelet, false, s + 1, &low[s]));
        for (int a = 0; a < 3; a++) c.kernel[s][a] = &low[s];
    }
    for (int a = 0; a < axes; a++) {
        RP_TRY(rp_kernel_wavelet(f->wavelet, f->band[a] == 'H', f->level, &band[a]));
        c.kernel[f->level - 1][a] = &band[a];
    }
    return rp_convolve_chain(g->n, &c, f->pooling, f->boundary, in, out);
}

static rp_status copy(const rp_filter *f, const rp_grid *g, const double in[], double out[])
{
    (void)f;
    memcpy(out, in, (size_t)rp_grid_voxels(g) * sizeof *out);
    return RP_OK;
}

typedef rp_status filter_fn(const rp_filter *f, const rp_grid *g, const double in[], double out[]);
static filter_fn *const filters[RP_FILTER_COUNT] = {
    copy, mean, laplacian, laws, rp_filter_gabor, wavelet, rp_filter_simoncelli};

rp_status rp_filter_apply(const rp_filter *f, const rp_grid *grid, const double in[], double out[])
{
    RP_TRY(filters[f->kind](f, grid, in, out));
    return f->riesz[0] || f->riesz[1] || f->riesz[2] ? rp_filter_riesz(f, grid, out) : RP_OK;
}

double rp_filter_reach(const rp_filter *f, const rp_grid *grid)
{
    double step = 0;
    for (int a = f->is_flat ? 1 : 0; a < 3; a++) step = fmax(step, grid->spacing[a]);
    if (f->kind == RP_FILTER_SIMONCELLI || f->riesz[0] || f->riesz[1] || f->riesz[2])
        return INFINITY;
    if (f->kind == RP_FILTER_GABOR) return rp_gabor_reach(f);
    if (f->kind == RP_FILTER_MEAN) return step * f->support;
    if (f->kind == RP_FILTER_LOG) return f->sigma * f->cut + step;
    if (f->kind == RP_FILTER_LAWS) return step * (3 + f->energy);
    return f->kind == RP_FILTER_WAVELET ? step * 8 * (1 << f->level) : 0;
}

void rp_filter_name(const rp_filter *f, char out[64])
{
    char name[64] = "", riesz[24] = "";
    switch (f->kind) {
    case RP_FILTER_MEAN: (void)snprintf(name, sizeof name, "mean-%d", f->support); break;
    case RP_FILTER_LOG: (void)snprintf(name, sizeof name, "log-sigma-%gmm", f->sigma); break;
    case RP_FILTER_LAWS: (void)snprintf(name, sizeof name, "laws-%s", f->laws); break;
    case RP_FILTER_GABOR:
        (void)snprintf(name, sizeof name, "gabor-sigma-%gmm-lambda-%gmm", f->sigma, f->lambda);
        break;
    case RP_FILTER_WAVELET:
        (void)snprintf(name, sizeof name, "wavelet-%s-%s-%d", f->wavelet, f->band, f->level);
        break;
    case RP_FILTER_SIMONCELLI: (void)snprintf(name, sizeof name, "simoncelli-%d", f->level); break;
    case RP_FILTER_NONE:
    case RP_FILTER_COUNT: break;
    }
    if (f->riesz[0] || f->riesz[1] || f->riesz[2])
        (void)snprintf(riesz, sizeof riesz, "-riesz-%d%d%d", f->riesz[0], f->riesz[1], f->riesz[2]);
    (void)snprintf(out, 64, "%.40s%.20s", name, riesz);
}

rp_status rp_roi_filter(rp_roi *roi, const rp_filter *f)
{
    RP_NEED(!roi->response, RP_EARG, "a region is filtered twice");
    RP_AUTOFREE double *response = NULL;
    RP_TRY(rp_alloc_raw(rp_grid_voxels(&roi->grid), sizeof *response, &response));
    RP_TRY(rp_filter_apply(f, &roi->grid, roi->image, response));
    roi->response = RP_TAKE(response);
    return RP_OK;
}
