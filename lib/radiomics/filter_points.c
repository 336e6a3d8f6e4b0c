/* lib/radiomics/filter_points.c - square, square root, logarithm, exponential of each voxel, and
 * the gradient's size.
 *
 * The first four are scaled so that the largest |x| of the whole image stays the largest: their
 * value at a voxel depends on the brightest voxel, wherever it lies.  An image of zeros stays
 * zero (exponential: one).
 * Source: PyRadiomics 3, imageoperations.py; J. J. M. van Griethuysen et al., Cancer Res. 77 (2017)
 *         e104, DOI 10.1158/0008-5472.CAN-17-0339. */
#include "lib/radiomics/filter_priv.h"

#include <math.h>

static double largest(int64_t n, const double x[])
{
    double m = 0;
    for (int64_t i = 0; i < n; i++) m = fabs(x[i]) > m ? fabs(x[i]) : m;
    return m;
}

/* (c x)^2, c = 1 / sqrt(max |x|) */
rp_status rp_filter_square(const rp_filter *f, const rp_grid *grid, const double in[], double out[])
{
    (void)f;
    const int64_t n = rp_grid_voxels(grid);
    const double m = largest(n, in), c = m > 0 ? 1 / sqrt(m) : 0;
    for (int64_t i = 0; i < n; i++) out[i] = (c * in[i]) * (c * in[i]);
    return RP_OK;
}

/* sqrt(m |x|) with the sign of x, m = max |x| */
rp_status rp_filter_root(const rp_filter *f, const rp_grid *grid, const double in[], double out[])
{
    (void)f;
    const int64_t n = rp_grid_voxels(grid);
    const double m = largest(n, in);
    for (int64_t i = 0; i < n; i++) out[i] = copysign(sqrt(fabs(in[i]) * m), in[i]);
    return RP_OK;
}

/* c log(|x| + 1) with the sign of x, c = m / log(m + 1), m = max |x| */
rp_status rp_filter_logarithm(const rp_filter *f, const rp_grid *grid, const double in[],
                              double out[])
{
    (void)f;
    const int64_t n = rp_grid_voxels(grid);
    const double m = largest(n, in), c = m > 0 ? m / log(m + 1) : 0;
    for (int64_t i = 0; i < n; i++) out[i] = copysign(log(fabs(in[i]) + 1), in[i]) * c;
    return RP_OK;
}

/* exp(c x), c = log(m) / m, m = max |x| */
rp_status rp_filter_exponential(const rp_filter *f, const rp_grid *grid, const double in[],
                                double out[])
{
    (void)f;
    const int64_t n = rp_grid_voxels(grid);
    const double m = largest(n, in), c = m > 0 ? log(m) / m : 0;
    for (int64_t i = 0; i < n; i++) out[i] = exp(c * in[i]);
    return RP_OK;
}

/* Adds the squares of central differences along one axis, the edge's value going on beyond it. */
static void add_slopes(const int64_t n[3], int axis, double spacing, const double in[],
                       double sum[])
{
    int64_t outer = 1, inner = 1;
    for (int a = 0; a < axis; a++) outer *= n[a];
    for (int a = axis + 1; a < 3; a++) inner *= n[a];
    for (int64_t o = 0; o < outer; o++)
        for (int64_t i = 0; i < n[axis]; i++) {
            const double *line = in + o * n[axis] * inner;
            const double *below = line + (i > 0 ? i - 1 : i) * inner,
                         *above = line + (i + 1 < n[axis] ? i + 1 : i) * inner;
            double *to = sum + (o * n[axis] + i) * inner;
            for (int64_t k = 0; k < inner; k++) {
                const double slope = (above[k] - below[k]) * (0.5 / spacing);
                to[k] += slope * slope;
            }
        }
}

/* Per mm.  Source: ITK 5, GradientMagnitudeImageFilter. */
rp_status rp_filter_gradient(const rp_filter *f, const rp_grid *grid, const double in[],
                             double out[])
{
    const int64_t n = rp_grid_voxels(grid);
    for (int64_t i = 0; i < n; i++) out[i] = 0;
    for (int a = 2; a >= (f->is_flat ? 1 : 0); a--)
        add_slopes(grid->n, a, grid->spacing[a], in, out);
    for (int64_t i = 0; i < n; i++) out[i] = sqrt(out[i]);
    if (f->as_pyradiomics)
        for (int64_t i = 0; i < n; i++) out[i] = (double)(float)out[i];
    return RP_OK;
}
