/* lib/radiomics/filter_gabor.c - Gabor filters: complex waves under a Gaussian, plane by plane.
 *
 * 1. The kernel spans the slice (its larger side, made odd); beyond 7 standard deviations it is
 * below 1e-10 and left out.
 * 2. The kernel at theta + 180 degrees is the conjugate of that at theta, and images are real:
 * opposite angles give the same modulus, so half a circle stands for a whole one. */
#include "lib/radiomics/filter_priv.h"

#include "lib/image/fft.h"

#include <math.h>
#include <string.h>

enum { MOST_ANGLES = 64 };

typedef struct plane {
    int row, column, through;                 /* axes (0 z, 1 y, 2 x) */
    int64_t rows, columns, slices, stride[3]; /* stride of row, column, through */
    int64_t reach, size[3];                   /* of the kernel; of the transform */
} plane;

static plane plane_of(const rp_grid *g, int through, double reach)
{
    plane p = {.through = through, .row = through == 0 ? 1 : 0, .column = through == 2 ? 1 : 2};
    const int64_t stride[3] = {g->n[1] * g->n[2], g->n[2], 1};
    p.rows = g->n[p.row];
    p.columns = g->n[p.column];
    p.slices = g->n[through];
    p.stride[0] = stride[p.row];
    p.stride[1] = stride[p.column];
    p.stride[2] = stride[through];
    const int64_t half = (p.rows > p.columns ? p.rows : p.columns) / 2;
    p.reach = (double)half < reach ? half : (int64_t)ceil(reach);
    p.size[0] = 1;
    p.size[1] = rp_fft_size(p.rows + 2 * p.reach);
    p.size[2] = rp_fft_size(p.columns + 2 * p.reach);
    return p;
}

/* Spectrum of the kernel at angle theta (radians), its centre at the transform's origin. */
static rp_status kernel_spectrum(const rp_filter *f, const plane *p, double spacing, double theta,
                                 double k[])
{
    const double sigma = f->sigma / spacing, lambda = f->lambda / spacing, pi = acos(-1.0),
                 c = cos(theta), s = sin(theta);
    memset(k, 0, (size_t)(2 * p->size[1] * p->size[2]) * sizeof *k);
    for (int64_t y = -p->reach; y <= p->reach; y++)
        for (int64_t x = -p->reach; x <= p->reach; x++) {
            const double u = (double)x * c + (double)y * s, v = (double)y * c - (double)x * s;
            const double g = exp(-(u * u + f->gamma * f->gamma * v * v) / (2 * sigma * sigma));
            const int64_t row = (y + p->size[1]) % p->size[1],
                          column = (x + p->size[2]) % p->size[2],
                          i = 2 * (row * p->size[2] + column);
            k[i] = g * cos(2 * pi * u / lambda);
            k[i + 1] = g * sin(2 * pi * u / lambda);
        }
    return rp_fft_complex(p->size, -1, k);
}

/* One slice with its surroundings, as complex numbers. */
static void take_slice(const plane *p, rp_boundary b, const double in[], double x[])
{
    memset(x, 0, (size_t)(2 * p->size[1] * p->size[2]) * sizeof *x);
    for (int64_t r = 0; r < p->rows + 2 * p->reach; r++) {
        const int64_t from = rp_boundary_index(r - p->reach, p->rows, b);
        for (int64_t c = 0; c < p->columns + 2 * p->reach && from >= 0; c++) {
            const int64_t column = rp_boundary_index(c - p->reach, p->columns, b);
            if (column >= 0)
                x[2 * (r * p->size[2] + c)] = in[from * p->stride[0] + column * p->stride[1]];
        }
    }
}

/* Adds |response| / scale of one slice to out, or keeps the larger. */
static void pool_slice(const plane *p, const double y[], double scale, bool is_max, double out[])
{
    for (int64_t r = 0; r < p->rows; r++)
        for (int64_t c = 0; c < p->columns; c++) {
            const int64_t i = 2 * ((r + p->reach) * p->size[2] + c + p->reach);
            const double size = sqrt(y[i] * y[i] + y[i + 1] * y[i + 1]) / scale;
            double *to = out + r * p->stride[0] + c * p->stride[1];
            *to = is_max ? fmax(*to, size) : *to + size;
        }
}

static rp_status filter_planes(const rp_filter *f, const plane *p, double spacing, int angles,
                               const double theta[], double share, const double in[], double out[])
{
    const int64_t cells = p->size[1] * p->size[2];
    RP_AUTOFREE double *kernel = NULL, *x = NULL, *y = NULL;
    RP_TRY(rp_alloc_raw(2 * cells * angles, sizeof *kernel, &kernel));
    RP_TRY(rp_alloc_raw(2 * cells, sizeof *x, &x));
    RP_TRY(rp_alloc_raw(2 * cells, sizeof *y, &y));
    for (int a = 0; a < angles; a++)
        RP_TRY(kernel_spectrum(f, p, spacing, theta[a], kernel + 2 * cells * a));
    for (int64_t s = 0; s < p->slices; s++) {
        take_slice(p, f->boundary, in + s * p->stride[2], x);
        RP_TRY(rp_fft_complex(p->size, -1, x));
        for (int a = 0; a < angles; a++) {
            const double *k = kernel + 2 * cells * a;
            for (int64_t i = 0; i < 2 * cells; i += 2) {
                y[i] = x[i] * k[i] - x[i + 1] * k[i + 1];
                y[i + 1] = x[i] * k[i + 1] + x[i + 1] * k[i];
            }
            RP_TRY(rp_fft_complex(p->size, 1, y));
            pool_slice(p, y, (double)cells * share, f->pooling == RP_POOL_MAX,
                       out + s * p->stride[2]);
        }
    }
    return RP_OK;
}

double rp_gabor_reach(const rp_filter *f) { return 7 * f->sigma * fmax(1, 1 / f->gamma); }

rp_status rp_filter_gabor(const rp_filter *f, const rp_grid *grid, const double in[], double out[])
{
    RP_NEED(f->sigma > 0 && f->lambda > 0 && f->gamma > 0, RP_EARG,
            "Gabor sigma %g, lambda %g, gamma %g: must be positive", f->sigma, f->lambda, f->gamma);
    double theta[MOST_ANGLES] = {f->theta * acos(-1.0) / 180};
    int angles = 1;
    if (f->step > 0) {
        const double half = 180 / f->step;
        RP_NEED(fabs(half - rint(half)) < 1e-9 && half >= 1 && half <= MOST_ANGLES, RP_EARG,
                "Gabor step of %g degrees: must divide 180", f->step);
        angles = (int)rint(half);
        for (int a = 0; a < angles; a++) theta[a] = a * f->step * acos(-1.0) / 180;
    }
    memset(out, 0, (size_t)rp_grid_voxels(grid) * sizeof *out);
    const int planes = f->all_planes ? 3 : 1;
    const double share = f->pooling == RP_POOL_MAX ? 1 : angles * planes;
    for (int through = 0; through < planes; through++) {
        const int column = through == 2 ? 1 : 2;
        const double spacing = grid->spacing[column];
        const plane p = plane_of(grid, through, rp_gabor_reach(f) / spacing);
        RP_TRY(filter_planes(f, &p, spacing, angles, theta, share, in, out));
    }
    return RP_OK;
}
