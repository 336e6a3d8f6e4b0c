/* lib/radiomics/autocorrelation.c - Moran's I and Geary's C of a region, over all pairs of voxels.
 *
 * With m the mask, u = (x - mean) m, q = u^2 and K the weights: sum over pairs of w = m.(K*m),
 * of w u u' = u.(K*u), of w (u - u')^2 = 2 (q.(K*m) - u.(K*u)).  Each is a sum over frequencies. */
#include "lib/radiomics/autocorrelation.h"

#include "lib/image/fft.h"
#include "lib/radiomics/roi.h"

#include <math.h>
#include <string.h>

typedef struct setting {
    int64_t low[3], n[3]; /* box of the mask */
    int64_t size[3];      /* of the transform: no pair wraps around */
    int64_t half;
} setting;

/* Spectrum of the weights: they are even along each axis, so an eighth of them stands for all. */
static rp_status weights(const setting *s, const double spacing[3], double **spectrum)
{
    const int64_t m[3] = {s->size[0] / 2 + 1, s->size[1] / 2 + 1, s->size[2] / 2 + 1};
    RP_TRY(rp_alloc_raw(m[0] * m[1] * m[2], sizeof **spectrum, spectrum));
    for (int64_t z = 0, i = 0; z < m[0]; z++)
        for (int64_t y = 0; y < m[1]; y++)
            for (int64_t x = 0; x < m[2]; x++, i++) {
                const double dz = (double)z * spacing[0], dy = (double)y * spacing[1],
                             dx = (double)x * spacing[2];
                const double d2 = dz * dz + dy * dy + dx * dx;
                (*spectrum)[i] = d2 > 0 ? 1 / sqrt(d2) : 0;
            }
    return rp_fft_even(s->size, *spectrum);
}

/* Transform of (x - mean)^power over the mask. */
static rp_status field(const setting *s, const int64_t n[3], const double image[],
                       const uint8_t mask[], double mean, int power, double real[],
                       double **spectrum)
{
    memset(real, 0, (size_t)(s->size[0] * s->size[1] * s->size[2]) * sizeof *real);
    for (int64_t z = 0; z < s->n[0]; z++)
        for (int64_t y = 0; y < s->n[1]; y++) {
            const int64_t from = ((z + s->low[0]) * n[1] + y + s->low[1]) * n[2] + s->low[2];
            double *row = real + (z * s->size[1] + y) * s->size[2];
            for (int64_t x = 0; x < s->n[2]; x++) {
                const double u = image[from + x] - mean;
                if (mask[from + x]) row[x] = power == 0 ? 1 : power == 1 ? u : u * u;
            }
        }
    RP_TRY(rp_alloc_raw(2 * s->half, sizeof **spectrum, spectrum));
    return rp_fft_real(s->size, real, *spectrum);
}

/* sum over voxels of a.(K*b): over the half spectrum, where inner columns stand for two. */
static double pair_sum(const setting *s, const double k[], const double a[], const double b[])
{
    const int64_t columns = s->size[2] / 2 + 1, rows = s->size[1] / 2 + 1;
    double sum = 0;
    for (int64_t z = 0; z < s->size[0]; z++)
        for (int64_t y = 0; y < s->size[1]; y++) {
            const int64_t kz = 2 * z <= s->size[0] ? z : s->size[0] - z,
                          ky = 2 * y <= s->size[1] ? y : s->size[1] - y;
            const double *weight = k + (kz * rows + ky) * columns;
            const int64_t row = 2 * (z * s->size[1] + y) * columns;
            double line = 0;
            for (int64_t c = 0; c < columns; c++) {
                const int64_t i = row + 2 * c;
                const double twice = c == 0 || 2 * c == s->size[2] ? 1 : 2;
                line += twice * weight[c] * (a[i] * b[i] + a[i + 1] * b[i + 1]);
            }
            sum += line;
        }
    return sum / (double)(s->size[0] * s->size[1] * s->size[2]);
}

rp_status rp_autocorrelation(const int64_t n[3], const double spacing[3], const double image[],
                             const uint8_t mask[], double *moran, double *geary)
{
    setting s = {{0}, {0}, {0}, 0};
    int64_t high[3], voxels;
    const rp_roi_facts f = rp_mask_facts(n, image, mask);
    *moran = *geary = NAN;
    if (f.count < 2 || f.low == f.high || !rp_mask_box(n, mask, s.low, high)) return RP_OK;
    for (int a = 0; a < 3; a++) {
        s.n[a] = high[a] - s.low[a];
        s.size[a] = 2 * rp_fft_size(s.n[a]);
    }
    s.half = rp_fft_half(s.size);
    RP_TRY(rp_product(3, s.size, &voxels));
    RP_AUTOFREE double *real = NULL, *k = NULL, *m = NULL, *u = NULL, *q = NULL;
    RP_TRY(rp_alloc_raw(voxels, sizeof *real, &real));
    RP_TRY(weights(&s, spacing, &k));
    RP_TRY(field(&s, n, image, mask, f.mean, 0, real, &m));
    RP_TRY(field(&s, n, image, mask, f.mean, 2, real, &q));
    const double all = pair_sum(&s, k, m, m), squares = pair_sum(&s, k, q, m);
    rp_free(RP_TAKE(m));
    rp_free(RP_TAKE(q));
    RP_TRY(field(&s, n, image, mask, f.mean, 1, real, &u));
    const double products = pair_sum(&s, k, u, u), count = (double)f.count;
    double variance = 0;
    for (int64_t i = 0; i < n[0] * n[1] * n[2]; i++)
        if (mask[i]) variance += (image[i] - f.mean) * (image[i] - f.mean);
    *moran = count * products / (all * variance);
    *geary = (count - 1) * (squares - products) / (all * variance);
    return RP_OK;
}
