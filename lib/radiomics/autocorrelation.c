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

/* Spectra of the planes of (x - mean)^power over the mask. */
static void field(const setting *s, const rp_fft_padded *f, const int64_t n[3],
                  const double image[], const uint8_t mask[], double mean, int power, double x[])
{
    const int64_t width = rp_fft_padded_row(f);
    for (int64_t z = 0; z < s->n[0]; z++)
        for (int64_t y = 0; y < s->n[1]; y++) {
            const int64_t from = ((z + s->low[0]) * n[1] + y + s->low[1]) * n[2] + s->low[2];
            double *row = x + (z * s->size[1] + y) * width;
            for (int64_t k = 0; k < s->n[2]; k++) {
                const double u = image[from + k] - mean, v = power == 0   ? 1
                                                             : power == 1 ? u
                                                                          : u * u;
                row[k] = mask[from + k] ? v : 0;
            }
        }
    rp_fft_padded_planes(f, x);
}

/* One row of the spectra, along x; what lies behind half columns is not read. */
static double line_sum(int64_t half, const double weight[], const double a[], const double b[])
{
    double inner = 0;
    for (int64_t c = 1; c < half - 1; c++)
        inner += weight[c] * (a[2 * c] * b[2 * c] + a[2 * c + 1] * b[2 * c + 1]);
    const int64_t e = half - 1;
    return 2 * inner + weight[0] * (a[0] * b[0] + a[1] * b[1]) +
           weight[e] * (a[2 * e] * b[2 * e] + a[2 * e + 1] * b[2 * e + 1]);
}

/* Sums over voxels of a.(K*a) and, where b is there, of b.(K*a): over the half spectrum, where
 * inner columns stand for two.  line: scratch of two lines of the spectrum. */
static void pair_sums(const setting *s, const rp_fft_padded *f, const double k[], const double a[],
                      const double b[], double line[], double sum[2])
{
    const int64_t half = s->size[2] / 2 + 1, rows = s->size[1] / 2 + 1,
                  width = rp_fft_padded_row(f);
    double *la = line, *lb = b ? line + s->size[0] * width : la;
    sum[0] = sum[1] = 0;
    for (int64_t y = 0; y < s->size[1]; y++) {
        const int64_t ky = 2 * y <= s->size[1] ? y : s->size[1] - y;
        rp_fft_padded_line(f, a, y, la);
        if (b) rp_fft_padded_line(f, b, y, lb);
        for (int64_t z = 0; z < s->size[0]; z++) {
            const int64_t kz = 2 * z <= s->size[0] ? z : s->size[0] - z;
            const double *weight = k + (kz * rows + ky) * half;
            sum[0] += line_sum(half, weight, la + z * width, la + z * width);
            if (b) sum[1] += line_sum(half, weight, la + z * width, lb + z * width);
        }
    }
    for (int i = 0; i < 2; i++) sum[i] /= (double)(s->size[0] * s->size[1] * s->size[2]);
}

rp_status rp_autocorrelation(const int64_t n[3], const double spacing[3], const double image[],
                             const uint8_t mask[], double *moran, double *geary)
{
    setting s = {{0}, {0}, {0}};
    int64_t high[3], doubles;
    const rp_roi_facts f = rp_mask_facts(n, image, mask);
    *moran = *geary = NAN;
    if (f.count < 2 || f.low == f.high || !rp_mask_box(n, mask, s.low, high)) return RP_OK;
    for (int a = 0; a < 3; a++) {
        s.n[a] = high[a] - s.low[a];
        s.size[a] = 2 * rp_fft_size(s.n[a]);
    }
    RP_AUTO(rp_fft_padded) t = NULL;
    RP_AUTOFREE double *k = NULL, *x = NULL, *q = NULL, *line = NULL;
    RP_TRY(weights(&s, spacing, &k));
    RP_TRY(rp_fft_padded_new(s.n, s.size, &t));
    RP_TRY(rp_product(3, (int64_t[]){s.n[0], s.size[1], rp_fft_padded_row(t)}, &doubles));
    RP_TRY(rp_alloc_raw(2 * s.size[0] * rp_fft_padded_row(t), sizeof *line, &line));
    RP_TRY(rp_alloc_raw(doubles, sizeof *x, &x));
    RP_TRY(rp_alloc_raw(doubles, sizeof *q, &q));
    double all[2], product[2];
    field(&s, t, n, image, mask, f.mean, 0, x);
    field(&s, t, n, image, mask, f.mean, 2, q);
    pair_sums(&s, t, k, x, q, line, all);
    rp_free(RP_TAKE(q));
    field(&s, t, n, image, mask, f.mean, 1, x);
    pair_sums(&s, t, k, x, NULL, line, product);
    const double count = (double)f.count;
    double variance = 0;
    for (int64_t i = 0; i < n[0] * n[1] * n[2]; i++)
        if (mask[i]) variance += (image[i] - f.mean) * (image[i] - f.mean);
    *moran = count * product[0] / (all[0] * variance);
    *geary = (count - 1) * (all[1] - product[0]) / (all[0] * variance);
    return RP_OK;
}
