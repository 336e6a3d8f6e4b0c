/* lib/radiomics/filter_recursive.c - PyRadiomics' Laplacian of Gaussian: ITK's recursive filters.
 *
 * 1. A Gaussian or its second derivative along a line is the sum of a causal and an anticausal
 *    recursion of fourth order; the response has no end.
 * 2. The edge's value goes on beyond the image for ever; the recursions start in the state that
 *    this leaves.
 * 3. Scaled by sigma^2, and each pass rounded to single precision, as ITK does it.
 * Source: R. Deriche, Recursively implementing the Gaussian and its derivatives, INRIA RR-1893
 *         (1993); G. Farneback, C.-F. Westin, J. Math. Imaging Vis. 26 (2006) 293; ITK 5,
 *         RecursiveGaussianImageFilter and LaplacianRecursiveGaussianImageFilter. */
#include "lib/radiomics/filter_priv.h"

#include <math.h>
#include <string.h>

enum { LANES = 16 }; /* lines that are done together */

typedef struct recursion {
    double n[4], m[4];   /* feed forward: causal of x[i - k], anticausal of x[i + 1 + k] */
    double d[4];         /* feedback of y one to four places back */
    double bn[4], bm[4]; /* the same where y would lie beyond the edge, times the edge's value */
} recursion;

/* Sum, first and second moment of a polynomial's coefficients. */
typedef struct moments {
    double s, d, e;
} moments;

/* Weights of cosine and sine, frequencies and decays of the two terms (Farneback and Westin). */
static const double w1 = 0.6681, l1 = -1.3932, w2 = 2.0787, l2 = -1.3732;
static const double smooth[4] = {1.3530, 1.8151, -0.3531, 0.0902}; /* a1, b1, a2, b2 */
static const double second[4] = {-1.3563, 5.2318, 0.3446, -2.2355};

static moments denominator(double sigma, double d[4])
{
    const double c1 = cos(w1 / sigma), c2 = cos(w2 / sigma), e1 = exp(l1 / sigma),
                 e2 = exp(l2 / sigma);
    d[0] = -2 * (e2 * c2 + e1 * c1);
    d[1] = 4 * c2 * c1 * e1 * e2 + e1 * e1 + e2 * e2;
    d[2] = -2 * c1 * e1 * e2 * e2 - 2 * c2 * e2 * e1 * e1;
    d[3] = e1 * e1 * e2 * e2;
    return (moments){1 + d[0] + d[1] + d[2] + d[3], d[0] + 2 * d[1] + 3 * d[2] + 4 * d[3],
                     d[0] + 4 * d[1] + 9 * d[2] + 16 * d[3]};
}

static moments numerator(double sigma, const double k[4], double n[4])
{
    const double a1 = k[0], b1 = k[1], a2 = k[2], b2 = k[3];
    const double s1 = sin(w1 / sigma), s2 = sin(w2 / sigma), c1 = cos(w1 / sigma),
                 c2 = cos(w2 / sigma), e1 = exp(l1 / sigma), e2 = exp(l2 / sigma);
    n[0] = a1 + a2;
    n[1] = e2 * (b2 * s2 - (a2 + 2 * a1) * c2) + e1 * (b1 * s1 - (a1 + 2 * a2) * c1);
    n[2] = 2 * e1 * e2 * ((a1 + a2) * c2 * c1 - b1 * c2 * s1 - b2 * c1 * s2) + a2 * e1 * e1 +
           a1 * e2 * e2;
    n[3] = e2 * e1 * e1 * (b2 * s2 - a2 * c2) + e1 * e2 * e2 * (b1 * s1 - a1 * c1);
    return (moments){n[0] + n[1] + n[2] + n[3], n[1] + 2 * n[2] + 3 * n[3],
                     n[1] + 4 * n[2] + 9 * n[3]};
}

/* sigma in voxels; scale: of the second derivative. */
static recursion recursion_of(double sigma, bool is_second, double scale)
{
    recursion r = {{0}, {0}, {0}, {0}, {0}};
    const moments d = denominator(sigma, r.d), n0 = numerator(sigma, smooth, r.n);
    double alpha = 2 * n0.s / d.s - r.n[0];
    if (is_second) {
        double n2[4];
        const moments m2 = numerator(sigma, second, n2);
        /* beta makes the response to a constant nothing, alpha that to x^2 / 2 one. */
        const double beta = -(2 * m2.s - d.s * n2[0]) / (2 * n0.s - d.s * r.n[0]);
        for (int k = 0; k < 4; k++) r.n[k] = n2[k] + beta * r.n[k];
        const moments n = {m2.s + beta * n0.s, m2.d + beta * n0.d, m2.e + beta * n0.e};
        alpha = (n.e * d.s * d.s - d.e * n.s * d.s - 2 * n.d * d.d * d.s + 2 * d.d * d.d * n.s) /
                (d.s * d.s * d.s);
    }
    double sn = 0, sm = 0;
    for (int k = 0; k < 4; k++) sn += r.n[k] *= scale / alpha;
    for (int k = 0; k < 4; k++) sm += r.m[k] = (k < 3 ? r.n[k + 1] : 0) - r.d[k] * r.n[0];
    for (int k = 0; k < 4; k++) {
        r.bn[k] = r.d[k] * sn / d.s;
        r.bm[k] = r.d[k] * sm / d.s;
    }
    return r;
}

/* out = causal + anticausal part of n samples of LANES lines. */
static void run_lanes(const recursion *r, int64_t n, const double (*in)[LANES],
                      double (*out)[LANES], double (*back)[LANES])
{
    for (int64_t i = 0; i < n; i++)
        for (int v = 0; v < LANES; v++) {
            double x = 0, y = 0;
            for (int k = 0; k < 4; k++) x += in[i > k ? i - k : 0][v] * r->n[k];
            for (int k = 0; k < 4; k++)
                y += i > k ? out[i - 1 - k][v] * r->d[k] : in[0][v] * r->bn[k];
            out[i][v] = x - y;
        }
    for (int64_t i = n - 1; i >= 0; i--)
        for (int v = 0; v < LANES; v++) {
            double x = 0, y = 0;
            for (int k = 0; k < 4; k++) x += in[i + 1 + k < n ? i + 1 + k : n - 1][v] * r->m[k];
            for (int k = 0; k < 4; k++)
                y += i + 1 + k < n ? back[i + 1 + k][v] * r->d[k] : in[n - 1][v] * r->bm[k];
            back[i][v] = x - y;
        }
    for (int64_t i = 0; i < n; i++)
        for (int v = 0; v < LANES; v++) out[i][v] += back[i][v];
}

/* One pass along axis a (0 z, 1 y, 2 x); in and out may be the same. */
static rp_status pass(const int64_t n[3], int a, const recursion *r, const double in[],
                      double out[])
{
    const int64_t stride[3] = {n[1] * n[2], n[2], 1}, lines = n[0] * n[1] * n[2] / n[a];
    const int u = a == 2 ? 1 : 2, w = a == 0 ? 1 : 0; /* lines are counted along u, then w */
    RP_AUTOFREE double(*memory)[LANES] = NULL;
    RP_TRY(rp_alloc(3 * n[a], sizeof *memory, &memory));
    double(*x)[LANES] = memory, (*y)[LANES] = memory + n[a];
    for (int64_t first = 0; first < lines; first += LANES) {
        const int width = (int)(lines - first < LANES ? lines - first : LANES);
        int64_t at[LANES];
        for (int v = 0; v < width; v++)
            at[v] = (first + v) % n[u] * stride[u] + (first + v) / n[u] * stride[w];
        for (int64_t i = 0; i < n[a]; i++)
            for (int v = 0; v < width; v++) x[i][v] = in[at[v] + i * stride[a]];
        run_lanes(r, n[a], (const double(*)[LANES])x, y, memory + 2 * n[a]);
        for (int64_t i = 0; i < n[a]; i++)
            for (int v = 0; v < width; v++) out[at[v] + i * stride[a]] = (double)(float)y[i][v];
    }
    return RP_OK;
}

rp_status rp_filter_recursive(const rp_filter *f, const rp_grid *grid, const double in[],
                              double out[])
{
    const int64_t voxels = rp_grid_voxels(grid);
    RP_NEED(f->sigma > 0, RP_EARG, "sigma of %g mm", f->sigma);
    for (int a = 0; a < 3; a++)
        RP_NEED(grid->n[a] >= 4 && (double)grid->n[a] >= ceil(f->sigma / grid->spacing[a]) + 1,
                RP_EUNSUP, "the image is too small for a Laplacian of %g mm", f->sigma);
    RP_AUTOFREE double *term = NULL;
    RP_TRY(rp_alloc_raw(voxels, sizeof *term, &term));
    memset(out, 0, (size_t)voxels * sizeof *out);
    for (int a = 2; a >= 0; a--) {
        const double s = grid->spacing[a];
        const recursion r = recursion_of(f->sigma / s, true, f->sigma * f->sigma);
        RP_TRY(pass(grid->n, a, &r, in, term));
        for (int k = 2; k >= 0; k--) {
            const recursion g = recursion_of(f->sigma / grid->spacing[k], false, 1);
            if (k != a) RP_TRY(pass(grid->n, k, &g, term, term));
        }
        for (int64_t i = 0; i < voxels; i++)
            out[i] = (double)(float)(out[i] + term[i] * (1 / (s * s)));
    }
    return RP_OK;
}
