/* lib/image/resample.c - resizing and resampling of images and masks. */
#include "lib/image/resample.h"

#include <math.h>
#include <string.h>

enum { PAD = 12 }; /* edge voxels that take part in the spline's filter; pole^12 is 1e-7 */

void rp_spline_filter(int64_t n, int64_t stride, double c[])
{
    const double pole = sqrt(3.0) - 2;
    if (n < 2) return;
    for (int64_t i = 0; i < n; i++) c[i * stride] *= 6; /* (1 - pole)(1 - 1/pole) */
    /* Mirror on whole samples: exact sum over the period 2n - 2. */
    double sum = c[0], power = pole;
    const double last = pow(pole, (double)(n - 1));
    sum += last * c[(n - 1) * stride];
    double back = last * last / pole;
    for (int64_t i = 1; i < n - 1; i++) {
        sum += c[i * stride] * (power + back);
        power *= pole;
        back /= pole;
    }
    c[0] = sum / (1 - last * last);
    for (int64_t i = 1; i < n; i++) c[i * stride] += pole * c[(i - 1) * stride];
    const int64_t e = n - 1;
    c[e * stride] = pole / (pole * pole - 1) * (c[e * stride] + pole * c[(e - 1) * stride]);
    for (int64_t i = e - 1; i >= 0; i--)
        c[i * stride] = pole * (c[(i + 1) * stride] - c[i * stride]);
}

static void cubic_weights(double t, double w[4])
{
    const double u = 1 - t;
    w[0] = u * u * u / 6;
    w[1] = 2.0 / 3 - t * t * (2 - t) / 2;
    w[2] = 2.0 / 3 - u * u * (2 - u) / 2;
    w[3] = t * t * t / 6;
}

static int64_t clamp(int64_t i, int64_t n) { return i < 0 ? 0 : i >= n ? n - 1 : i; }

/* One line of n samples to m; c: scratch of n + 2 PAD. */
static void resize_line(int64_t n, const double in[], int64_t m, int order, double c[],
                        double out[])
{
    const double step = (double)n / (double)m;
    if (order == 3) {
        for (int64_t i = 0; i < n + 2 * PAD; i++) c[i] = in[clamp(i - PAD, n)];
        rp_spline_filter(n + 2 * PAD, 1, c);
    }
    for (int64_t i = 0; i < m; i++) {
        const double p = ((double)i + 0.5) * step - 0.5;
        if (order == 0) {
            out[i] = in[clamp((int64_t)floor(p + 0.5), n)];
        } else if (order == 1) {
            const int64_t k = (int64_t)floor(p);
            const double t = p - (double)k;
            out[i] = (1 - t) * in[clamp(k, n)] + t * in[clamp(k + 1, n)];
        } else {
            const int64_t k = (int64_t)floor(p);
            double w[4], s = 0;
            cubic_weights(p - (double)k, w);
            for (int j = 0; j < 4; j++) s += w[j] * c[clamp(k - 1 + j + PAD, n + 2 * PAD)];
            out[i] = s;
        }
    }
}

/* All lines along one axis: in [outer][n][inner] to out [outer][m][inner]. */
static rp_status resize_axis(int64_t outer, int64_t n, int64_t inner, const double in[], int64_t m,
                             int order, double out[])
{
    RP_AUTOFREE double *line = NULL, *c = NULL, *to = NULL;
    RP_TRY(rp_alloc(n, sizeof *line, &line));
    RP_TRY(rp_alloc(n + 2 * PAD, sizeof *c, &c));
    RP_TRY(rp_alloc(m, sizeof *to, &to));
    for (int64_t o = 0; o < outer; o++)
        for (int64_t k = 0; k < inner; k++) {
            for (int64_t i = 0; i < n; i++) line[i] = in[(o * n + i) * inner + k];
            resize_line(n, line, m, order, c, to);
            for (int64_t i = 0; i < m; i++) out[(o * m + i) * inner + k] = to[i];
        }
    return RP_OK;
}

/* All three axes in double; in is used up, *out owned by the caller. */
static rp_status resize_doubles(const int64_t n[3], double **in, const int64_t m[3],
                                const int order[3], double **out)
{
    int64_t now[3] = {n[0], n[1], n[2]};
    double *current = RP_TAKE(*in);
    for (int a = 2; a >= 0; a--) {
        if (now[a] == m[a]) continue; /* the same grid: every order is the identity */
        int64_t outer = 1, inner = 1, voxels;
        for (int k = 0; k < a; k++) outer *= now[k];
        for (int k = a + 1; k < 3; k++) inner *= now[k];
        double *next = NULL;
        rp_status st = rp_product(3, (int64_t[]){outer, m[a], inner}, &voxels);
        if (st == RP_OK) st = rp_alloc_raw(voxels, sizeof *next, &next);
        if (st == RP_OK) st = resize_axis(outer, now[a], inner, current, m[a], order[a], next);
        rp_free(current);
        current = next;
        if (st != RP_OK) {
            rp_free(current);
            return st;
        }
        now[a] = m[a];
    }
    *out = current;
    return RP_OK;
}

rp_status rp_resize(const int64_t n[3], const float in[], const int64_t m[3], const int order[3],
                    float out[])
{
    for (int a = 0; a < 3; a++)
        RP_NEED(order[a] == 0 || order[a] == 1 || order[a] == 3, RP_EARG, "interpolation order %d",
                order[a]);
    const int64_t from = n[0] * n[1] * n[2], to = m[0] * m[1] * m[2];
    RP_AUTOFREE double *x = NULL, *y = NULL;
    RP_TRY(rp_alloc_raw(from, sizeof *x, &x));
    double low = (double)in[0], high = low;
    for (int64_t i = 0; i < from; i++) {
        x[i] = (double)in[i];
        if (x[i] < low) low = x[i];
        if (x[i] > high) high = x[i];
    }
    RP_TRY(resize_doubles(n, &x, m, order, &y));
    for (int64_t i = 0; i < to; i++) out[i] = (float)(y[i] < low ? low : y[i] > high ? high : y[i]);
    return RP_OK;
}

rp_status rp_resize_labels(const int64_t n[3], const uint8_t in[], const int64_t m[3],
                           const int order[3], int labels, uint8_t out[])
{
    const int64_t from = n[0] * n[1] * n[2], to = m[0] * m[1] * m[2];
    memset(out, 0, (size_t)to);
    for (int label = 1; label <= labels; label++) {
        RP_AUTOFREE double *x = NULL, *y = NULL;
        RP_TRY(rp_alloc_raw(from, sizeof *x, &x));
        for (int64_t i = 0; i < from; i++) x[i] = in[i] == label;
        RP_TRY(resize_doubles(n, &x, m, order, &y));
        for (int64_t i = 0; i < to; i++)
            if (y[i] >= 0.5) out[i] = (uint8_t)label;
    }
    return RP_OK;
}

/* Value at a continuous index by linear interpolation, edges going on. */
static double sample_linear(const int64_t n[3], const float in[], const double p[3])
{
    int64_t k[3];
    double t[3], sum = 0;
    for (int a = 0; a < 3; a++) {
        k[a] = (int64_t)floor(p[a]);
        t[a] = p[a] - (double)k[a];
    }
    for (int corner = 0; corner < 8; corner++) {
        int64_t i = 0;
        double w = 1;
        for (int a = 0; a < 3; a++) {
            const int up = corner >> a & 1;
            i = i * n[a] + clamp(k[a] + up, n[a]);
            w *= up ? t[a] : 1 - t[a];
        }
        if (w > 0) sum += w * (double)in[i];
    }
    return sum;
}

static double sample_cubic(const int64_t n[3], const double c[], const double p[3])
{
    double w[3][4];
    int64_t k[3], pad[3];
    for (int a = 0; a < 3; a++) {
        k[a] = (int64_t)floor(p[a]);
        cubic_weights(p[a] - (double)k[a], w[a]);
        pad[a] = n[a] + 2 * PAD;
    }
    double sum = 0;
    for (int z = 0; z < 4; z++)
        for (int y = 0; y < 4; y++) {
            const int64_t row =
                (clamp(k[0] - 1 + z + PAD, pad[0]) * pad[1] + clamp(k[1] - 1 + y + PAD, pad[1])) *
                pad[2];
            for (int x = 0; x < 4; x++)
                sum += w[0][z] * w[1][y] * w[2][x] * c[row + clamp(k[2] - 1 + x + PAD, pad[2])];
        }
    return sum;
}

/* Spline coefficients of the image with PAD edge voxels around it. */
static rp_status spline_coefficients(const int64_t n[3], const float in[], double **out)
{
    const int64_t m[3] = {n[0] + 2 * PAD, n[1] + 2 * PAD, n[2] + 2 * PAD};
    int64_t voxels;
    RP_TRY(rp_product(3, m, &voxels));
    double *c;
    RP_TRY(rp_alloc_raw(voxels, sizeof *c, &c));
    for (int64_t z = 0, i = 0; z < m[0]; z++)
        for (int64_t y = 0; y < m[1]; y++)
            for (int64_t x = 0; x < m[2]; x++, i++)
                c[i] = (double)in[(clamp(z - PAD, n[0]) * n[1] + clamp(y - PAD, n[1])) * n[2] +
                                  clamp(x - PAD, n[2])];
    for (int64_t i = 0; i < m[0] * m[1]; i++) rp_spline_filter(m[2], 1, c + i * m[2]);
    for (int64_t z = 0; z < m[0]; z++)
        for (int64_t x = 0; x < m[2]; x++) rp_spline_filter(m[1], m[2], c + z * m[1] * m[2] + x);
    for (int64_t i = 0; i < m[1] * m[2]; i++) rp_spline_filter(m[0], m[1] * m[2], c + i);
    *out = c;
    return RP_OK;
}

/* Index in the source of voxel (0, 0, 0) of the target and its steps: affine, so four points tell.
 */
static rp_status affine_between(const rp_grid *from, const rp_grid *to, double base[3],
                                double step[3][3])
{
    double lps[3];
    rp_grid_position(to, (const double[3]){0, 0, 0}, lps);
    RP_TRY(rp_grid_index(from, lps, base));
    for (int a = 0; a < 3; a++) {
        double index[3] = {0, 0, 0}, far[3];
        index[a] = 1;
        rp_grid_position(to, index, lps);
        RP_TRY(rp_grid_index(from, lps, far));
        for (int k = 0; k < 3; k++) step[a][k] = far[k] - base[k];
    }
    return RP_OK;
}

rp_status rp_resample(const rp_grid *from, const float in[], const rp_grid *to, int order,
                      float outside, float out[])
{
    RP_NEED(order == 0 || order == 1 || order == 3, RP_EARG, "interpolation order %d", order);
    double base[3], step[3][3];
    RP_TRY(affine_between(from, to, base, step));
    RP_AUTOFREE double *c = NULL;
    if (order == 3) RP_TRY(spline_coefficients(from->n, in, &c));
    for (int64_t z = 0, i = 0; z < to->n[0]; z++)
        for (int64_t y = 0; y < to->n[1]; y++)
            for (int64_t x = 0; x < to->n[2]; x++, i++) {
                double p[3];
                bool inside = true;
                for (int k = 0; k < 3; k++) {
                    p[k] = base[k] + (double)z * step[0][k] + (double)y * step[1][k] +
                           (double)x * step[2][k];
                    if (fabs(p[k] - rint(p[k])) < 1e-9)
                        p[k] = rint(p[k]); /* same grid: same values */
                    inside = inside && p[k] >= -0.5 && p[k] <= (double)from->n[k] - 0.5;
                }
                if (!inside)
                    out[i] = outside;
                else if (order == 3)
                    out[i] = (float)sample_cubic(from->n, c, p);
                else if (order == 1)
                    out[i] = (float)sample_linear(from->n, in, p);
                else {
                    for (int k = 0; k < 3; k++) p[k] = floor(p[k] + 0.5);
                    out[i] = (float)sample_linear(from->n, in, p);
                }
            }
    return RP_OK;
}

int64_t rp_resize_count(int64_t n, double old_spacing, double new_spacing)
{
    const double m = nearbyint((double)n * old_spacing / new_spacing);
    return m < 1 ? 1 : (int64_t)m;
}

static int single_largest(const double s[3])
{
    int a = 0;
    for (int k = 1; k < 3; k++)
        if (s[k] > s[a]) a = k;
    double low = s[0];
    for (int k = 1; k < 3; k++) low = fmin(low, s[k]);
    if (!(s[a] / low > 3)) return -2; /* not anisotropic */
    for (int k = 0; k < 3; k++)
        if (k != a && s[k] == s[a]) return -1;
    return a;
}

int rp_resize_separate_axis(const double current[3], const double target[3])
{
    const int a = single_largest(current);
    if (a != -2) return a;
    const int b = single_largest(target);
    return b < 0 ? -1 : b;
}
