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

/* out += x */
static void add(int64_t n, const double x[], double out[])
{
    for (int64_t i = 0; i < n; i++) out[i] += x[i];
}

/* The kernel is a sum over axes of a second derivative D along that axis, smoothed (S) along the
 * others: Sz (Sy Dx + Dy Sx) + Dz Sy Sx, so that smoothed images are made once. */
static rp_status laplacian(const rp_filter *f, const rp_grid *g, const double in[], double out[])
{
    const int64_t n = rp_grid_voxels(g), *size = g->n;
    const rp_boundary b = f->boundary;
    rp_kernel s[3], d[3]; /* along z, y, x */
    RP_AUTOFREE double *sx = NULL, *p = NULL, *q = NULL;
    RP_TRY(rp_alloc_raw(n, sizeof *sx, &sx));
    RP_TRY(rp_alloc_raw(n, sizeof *p, &p));
    RP_TRY(rp_alloc_raw(n, sizeof *q, &q));
    for (int a = f->is_flat ? 1 : 0; a < 3; a++) {
        RP_TRY(gaussian(f->sigma / g->spacing[a], f->cut, false, &s[a]));
        RP_TRY(gaussian(f->sigma / g->spacing[a], f->cut, true, &d[a]));
    }
    double *const flat = f->is_flat ? out : q;
    RP_TRY(rp_convolve(size, 2, &s[2], false, b, in, sx));
    RP_TRY(rp_convolve(size, 2, &d[2], false, b, in, p));
    RP_TRY(rp_convolve(size, 1, &s[1], false, b, p, flat));
    RP_TRY(rp_convolve(size, 1, &d[1], false, b, sx, p));
    add(n, p, flat);
    if (f->is_flat) return RP_OK;
    RP_TRY(rp_convolve(size, 0, &s[0], false, b, flat, out));
    RP_TRY(rp_convolve(size, 1, &s[1], false, b, sx, p));
    RP_TRY(rp_convolve(size, 0, &d[0], false, b, p, q));
    add(n, q, out);
    return RP_OK;
}

static rp_status log_of(const rp_filter *f, const rp_grid *g, const double in[], double out[])
{
    return f->as_pyradiomics ? rp_filter_recursive(f, g, in, out) : laplacian(f, g, in, out);
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
    [RP_FILTER_NONE] = copy,
    [RP_FILTER_MEAN] = mean,
    [RP_FILTER_LOG] = log_of,
    [RP_FILTER_LAWS] = laws,
    [RP_FILTER_GABOR] = rp_filter_gabor,
    [RP_FILTER_WAVELET] = wavelet,
    [RP_FILTER_SIMONCELLI] = rp_filter_simoncelli,
    [RP_FILTER_SQUARE] = rp_filter_square,
    [RP_FILTER_ROOT] = rp_filter_root,
    [RP_FILTER_LOGARITHM] = rp_filter_logarithm,
    [RP_FILTER_EXPONENTIAL] = rp_filter_exponential,
    [RP_FILTER_GRADIENT] = rp_filter_gradient,
    [RP_FILTER_LBP2D] = rp_filter_lbp2d,
    [RP_FILTER_LBP3D] = rp_filter_lbp3d,
};

rp_status rp_filter_apply(const rp_filter *f, const rp_grid *grid, const double in[], double out[])
{
    RP_TRY(filters[f->kind](f, grid, in, out));
    return f->riesz[0] || f->riesz[1] || f->riesz[2] ? rp_filter_riesz(f, grid, out) : RP_OK;
}

double rp_filter_reach(const rp_filter *f, const rp_grid *grid)
{
    double step = 0;
    for (int a = f->is_flat ? 1 : 0; a < 3; a++) step = fmax(step, grid->spacing[a]);
    if (f->riesz[0] || f->riesz[1] || f->riesz[2]) return INFINITY;
    switch (f->kind) {
    case RP_FILTER_GABOR: return rp_gabor_reach(f);
    case RP_FILTER_MEAN: return step * f->support;
    /* The slower recursion has decayed to 1e-12 there. */
    case RP_FILTER_LOG: return f->sigma * (f->as_pyradiomics ? 20 : f->cut) + step;
    case RP_FILTER_LAWS: return step * (3 + f->energy);
    case RP_FILTER_WAVELET: return step * 8 * (1 << f->level);
    case RP_FILTER_GRADIENT: return step;
    case RP_FILTER_LBP3D: return step * 20; /* the spline's filter has died down to 1e-10 */
    case RP_FILTER_SIMONCELLI:
    case RP_FILTER_SQUARE:
    case RP_FILTER_ROOT:
    case RP_FILTER_LOGARITHM:
    case RP_FILTER_EXPONENTIAL:
    case RP_FILTER_LBP2D: return INFINITY;
    case RP_FILTER_NONE:
    case RP_FILTER_COUNT: break;
    }
    return 0;
}

double rp_filter_margin(const rp_filter *f, const rp_grid *from, const uint8_t mask[],
                        const rp_grid *to, double extra)
{
    const double margin = extra + rp_filter_reach(f, to);
    int64_t low[3], high[3];
    const bool has_boundary = f->kind == RP_FILTER_MEAN || f->kind == RP_FILTER_LAWS ||
                              f->kind == RP_FILTER_GABOR || f->kind == RP_FILTER_WAVELET ||
                              (f->kind == RP_FILTER_LOG && !f->as_pyradiomics);
    if (!has_boundary || (f->boundary != RP_EDGE_PERIODIC && f->boundary != RP_EDGE_WRAP))
        return margin;
    if (isinf(margin) || !rp_mask_box(from->n, mask, low, high)) return margin;
    for (int a = 0; a < 3; a++) {
        /* two voxels more, since interpolation may move the box by one */
        const double reach = margin / from->spacing[a] + 2 * to->spacing[a] / from->spacing[a] + 2;
        if ((double)low[a] < reach || (double)(from->n[a] - high[a]) < reach) return INFINITY;
    }
    return margin;
}

/* "2-0" as PyRadiomics writes a size. */
static void dashed(double x, char out[24])
{
    (void)snprintf(out, 24, "%.10g%s", x, x == rint(x) ? "-0" : "");
    for (char *p = out; *p; p++)
        if (*p == '.') *p = '-';
}

static void name_as_pyradiomics(const rp_filter *f, char out[64])
{
    char sigma[24];
    if (f->kind == RP_FILTER_LOG) {
        dashed(f->sigma, sigma);
        (void)snprintf(out, 64, "log-sigma-%s-mm-3D", sigma);
    }
    if (f->kind == RP_FILTER_WAVELET) (void)snprintf(out, 64, "wavelet-%s", f->band);
}

static const char *const plain_names[RP_FILTER_COUNT] = {
    [RP_FILTER_SQUARE] = "square",       [RP_FILTER_ROOT] = "squareroot",
    [RP_FILTER_LOGARITHM] = "logarithm", [RP_FILTER_EXPONENTIAL] = "exponential",
    [RP_FILTER_GRADIENT] = "gradient",   [RP_FILTER_LBP2D] = "lbp-2D",
    [RP_FILTER_LBP3D] = "lbp-3D",
};

void rp_filter_name(const rp_filter *f, char out[64])
{
    static const char *const maps[3] = {"-m1", "-m2", "-k"};
    char name[64] = "", riesz[24] = "";
    if (f->name[0] || f->kind == RP_FILTER_NONE) {
        (void)snprintf(out, 64, "%s", f->kind == RP_FILTER_NONE ? "" : f->name);
        return;
    }
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
    default:
        (void)snprintf(name, sizeof name, "%s%s", plain_names[f->kind] ? plain_names[f->kind] : "",
                       f->kind == RP_FILTER_LBP3D ? maps[f->map] : "");
    }
    if (f->as_pyradiomics) name_as_pyradiomics(f, name);
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
