/* lib/radiomics/filter_spectral.c - filters in Fourier space: Simoncelli's band-pass, Riesz
 * transforms. */
#include "lib/radiomics/filter_priv.h"

#include "lib/image/fft.h"

#include <math.h>
#include <string.h>

/* Simoncelli's frequencies of an axis in units of Nyquist's: N points from -1 to 1, the reference's
 * own grid, in the order of the transform.  With the transform's frequencies levels 2 and 3 miss
 * the reference maps by 2.5 and 8 % of their range. */
static double spread_frequency(int64_t k, int64_t n)
{
    const int64_t i = (k + n / 2) % n;
    return n > 1 ? ((double)i - (double)(n - 1) / 2) / ((double)(n - 1) / 2) : 0;
}

/* Frequencies of the transform itself, in cycles a voxel. */
static double own_frequency(int64_t k, int64_t n)
{
    return (double)(2 * k < n ? k : k - n) / (double)n;
}

static double band_pass(double nu, double highest)
{
    if (nu < highest / 4 || nu > highest) return 0;
    return cos(acos(-1.0) / 2 * log2(2 * nu / highest));
}

/* real -> complex pairs. */
static void widen(int64_t n, const double real[], double complex[])
{
    for (int64_t i = 0; i < n; i++) {
        complex[2 * i] = real[i];
        complex[2 * i + 1] = 0;
    }
}

static void multiply_band(const int64_t n[3], double highest, double x[])
{
    for (int64_t z = 0, i = 0; z < n[0]; z++)
        for (int64_t y = 0; y < n[1]; y++)
            for (int64_t w = 0; w < n[2]; w++, i++) {
                const double fz = spread_frequency(z, n[0]), fy = spread_frequency(y, n[1]),
                             fx = spread_frequency(w, n[2]);
                const double g = band_pass(sqrt(fz * fz + fy * fy + fx * fx), highest);
                x[2 * i] *= g;
                x[2 * i + 1] *= g;
            }
}

rp_status rp_filter_simoncelli(const rp_filter *f, const rp_grid *grid, const double in[],
                               double out[])
{
    RP_NEED(f->level >= 1 && f->level <= 10, RP_EARG, "Simoncelli level %d: must be 1 to 10",
            f->level);
    /* In 2D each slice is an image of its own. */
    const int64_t n[3] = {f->is_flat ? 1 : grid->n[0], grid->n[1], grid->n[2]},
                  voxels = n[0] * n[1] * n[2];
    RP_AUTOFREE double *x = NULL;
    RP_TRY(rp_alloc_raw(2 * voxels, sizeof *x, &x));
    for (int64_t s = 0; s < rp_grid_voxels(grid); s += voxels) {
        widen(voxels, in + s, x);
        RP_TRY(rp_fft_complex(n, -1, x));
        multiply_band(n, exp2(1 - f->level), x);
        RP_TRY(rp_fft_complex(n, 1, x));
        for (int64_t i = 0; i < voxels; i++) out[s + i] = x[2 * i] / (double)voxels;
    }
    return RP_OK;
}

static double factorial(int n) { return n < 2 ? 1 : tgamma(n + 1.0); }

rp_status rp_filter_riesz(const rp_filter *f, const rp_grid *grid, double real[])
{
    const int64_t *n = grid->n, voxels = rp_grid_voxels(grid);
    const int *l = f->riesz, order = l[0] + l[1] + l[2];
    RP_NEED(l[0] >= 0 && l[1] >= 0 && l[2] >= 0 && order <= 8, RP_EARG, "Riesz order %d %d %d",
            l[0], l[1], l[2]);
    RP_AUTOFREE double *x = NULL;
    RP_TRY(rp_alloc_raw(2 * voxels, sizeof *x, &x));
    widen(voxels, real, x);
    RP_TRY(rp_fft_complex(n, -1, x));
    const double norm =
        sqrt(factorial(order) / (factorial(l[0]) * factorial(l[1]) * factorial(l[2]))) /
        (double)voxels;
    for (int64_t z = 0, i = 0; z < n[0]; z++)
        for (int64_t y = 0; y < n[1]; y++)
            for (int64_t w = 0; w < n[2]; w++, i++) {
                const double fx = own_frequency(w, n[2]), fy = own_frequency(y, n[1]),
                             fz = own_frequency(z, n[0]);
                const double r = sqrt(fx * fx + fy * fy + fz * fz);
                const double g =
                    r > 0 ? norm * pow(fx / r, l[0]) * pow(fy / r, l[1]) * pow(fz / r, l[2]) : 0;
                const double re = x[2 * i] * g, im = x[2 * i + 1] * g;
                /* (-j)^order: a quarter turn back for each. */
                x[2 * i] = order % 4 == 0 ? re : order % 4 == 1 ? im : order % 4 == 2 ? -re : -im;
                x[2 * i + 1] = order % 4 == 0   ? im
                               : order % 4 == 1 ? -re
                               : order % 4 == 2 ? -im
                                                : re;
            }
    RP_TRY(rp_fft_complex(n, 1, x));
    for (int64_t i = 0; i < voxels; i++) real[i] = x[2 * i];
    return RP_OK;
}
