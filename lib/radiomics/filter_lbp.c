/* lib/radiomics/filter_lbp.c - local binary patterns, in slices and in volumes.
 *
 * 2D: eight samples on a circle of one pixel, bilinear, 0 beyond the slice.  A pattern whose bits,
 * read once round without closing the circle, change at most twice is coded by its ones, others by
 * 9 (method "uniform").
 * 3D: 42 samples on a sphere of one voxel (an icosahedron, cut once), by the cubic spline, 0 beyond
 * the image.  What is at least the centre is 1.  m1, m2: size of the part of degree 0, 1 of that
 * pattern in spherical harmonics; k: excess kurtosis of the samples, -3 where they are all the
 * same.  The harmonics' angles are exchanged, as PyRadiomics has them.
 * Source: T. Ojala, M. Pietikainen, T. Maenpaa, IEEE Trans. PAMI 24 (2002) 971; scikit-image,
 *         local_binary_pattern; J. Banerjee et al., ACCV 2012, LNCS 7728, 26; PyRadiomics 3. */
#include "lib/image/resample.h"
#include "lib/radiomics/filter_priv.h"

#include <math.h>
#include <string.h>

enum { CIRCLE = 8, SPHERE = 42 };

static double pixel(const int64_t n[3], const double slice[], int64_t y, int64_t x)
{
    return y < 0 || y >= n[1] || x < 0 || x >= n[2] ? 0 : slice[y * n[2] + x];
}

/* The order of operations is scikit-image's: on flat ground rounding decides the bits. */
static double bilinear(const int64_t n[3], const double slice[], double y, double x)
{
    const int64_t y0 = (int64_t)floor(y), x0 = (int64_t)floor(x), y1 = (int64_t)ceil(y),
                  x1 = (int64_t)ceil(x);
    const double dy = y - (double)y0, dx = x - (double)x0;
    const double top = (1 - dx) * pixel(n, slice, y0, x0) + dx * pixel(n, slice, y0, x1);
    const double bottom = (1 - dx) * pixel(n, slice, y1, x0) + dx * pixel(n, slice, y1, x1);
    return (1 - dy) * top + dy * bottom;
}

static double pattern(const int64_t n[3], const double slice[], int64_t y, int64_t x,
                      const double offset[CIRCLE][2])
{
    int ones = 0, changes = 0, before = 0;
    for (int p = 0; p < CIRCLE; p++) {
        const double sample =
            bilinear(n, slice, (double)y + offset[p][0], (double)x + offset[p][1]);
        const int bit = sample - slice[y * n[2] + x] >= 0;
        ones += bit;
        if (p > 0) changes += bit != before;
        before = bit;
    }
    return changes <= 2 ? ones : CIRCLE + 1;
}

rp_status rp_filter_lbp2d(const rp_filter *f, const rp_grid *grid, const double in[], double out[])
{
    (void)f;
    const int64_t *n = grid->n;
    double offset[CIRCLE][2];
    for (int p = 0; p < CIRCLE; p++) { /* five digits, as scikit-image rounds them */
        const double angle = 2 * acos(-1.0) * p / CIRCLE;
        offset[p][0] = rint(-sin(angle) * 1e5) / 1e5;
        offset[p][1] = rint(cos(angle) * 1e5) / 1e5;
    }
    for (int64_t z = 0; z < n[0]; z++) {
        const double *slice = in + z * n[1] * n[2];
        for (int64_t y = 0; y < n[1]; y++)
            for (int64_t x = 0; x < n[2]; x++)
                out[(z * n[1] + y) * n[2] + x] =
                    pattern(n, slice, y, x, (const double(*)[2])offset);
    }
    return RP_OK;
}

/* Corners of an icosahedron and the middles of its edges, on the unit sphere. */
static void sphere_of(double at[SPHERE][3])
{
    const double golden = (1 + sqrt(5.0)) / 2, size = sqrt(1 + golden * golden);
    int count = 0;
    for (int axis = 0; axis < 3; axis++)
        for (int sign = 0; sign < 4; sign++, count++) {
            at[count][axis] = 0;
            at[count][(axis + 1) % 3] = (sign & 1 ? -1 : 1) / size;
            at[count][(axis + 2) % 3] = (sign & 2 ? -golden : golden) / size;
        }
    for (int i = 0; i < 12; i++)
        for (int j = i + 1; j < 12; j++) {
            double middle[3], d2 = 0, length = 0;
            for (int a = 0; a < 3; a++) {
                middle[a] = (at[i][a] + at[j][a]) / 2;
                d2 += (at[i][a] - at[j][a]) * (at[i][a] - at[j][a]);
                length += middle[a] * middle[a];
            }
            if (d2 > 1.5) continue; /* neighbours are 1.05 apart, others 1.7 and 2 */
            for (int a = 0; a < 3; a++) at[count][a] = middle[a] / sqrt(length);
            count++;
        }
}

/* Weights of the four coefficients around each sample's place, along one axis. */
typedef struct taps {
    int64_t first;
    double weight[4];
} taps;

static taps taps_of(double p)
{
    const int64_t k = (int64_t)floor(p);
    const double t = p - (double)k, u = 1 - t;
    return (taps){k - 1,
                  {u * u * u / 6, 2.0 / 3 - t * t * (2 - t) / 2, 2.0 / 3 - u * u * (2 - u) / 2,
                   t * t * t / 6}};
}

/* Beyond the image coefficients go on as in a mirror on the edge's voxel. */
static int64_t mirror(int64_t i, int64_t n)
{
    if (n == 1) return 0;
    const int64_t r = ((i % (2 * n - 2)) + 2 * n - 2) % (2 * n - 2);
    return r < n ? r : 2 * n - 2 - r;
}

static rp_status coefficients(const int64_t n[3], const double in[], double **out)
{
    RP_TRY(rp_alloc_raw(n[0] * n[1] * n[2], sizeof **out, out));
    memcpy(*out, in, (size_t)(n[0] * n[1] * n[2]) * sizeof **out);
    for (int64_t r = 0; r < n[0] * n[1]; r++) rp_spline_filter(n[2], 1, *out + r * n[2]);
    for (int64_t z = 0; z < n[0]; z++)
        for (int64_t x = 0; x < n[2]; x++) rp_spline_filter(n[1], n[2], *out + z * n[1] * n[2] + x);
    for (int64_t i = 0; i < n[1] * n[2]; i++) rp_spline_filter(n[0], n[1] * n[2], *out + i);
    return RP_OK;
}

/* Samples of one row for one place on the sphere: to[n[2]]. */
static void sample_row(const int64_t n[3], const double c[], int64_t z, int64_t y,
                       const double place[3], bool is_integer, double to[])
{
    const double pz = (double)z + place[0], py = (double)y + place[1];
    for (int64_t x = 0; x < n[2]; x++) to[x] = 0;
    if (pz < 0 || pz > (double)(n[0] - 1) || py < 0 || py > (double)(n[1] - 1)) return;
    const taps tz = taps_of(pz), ty = taps_of(py), tx = taps_of(place[2]);
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++) {
            const double *row =
                c + (mirror(tz.first + i, n[0]) * n[1] + mirror(ty.first + j, n[1])) * n[2];
            for (int k = 0; k < 4; k++) {
                const double w = tz.weight[i] * ty.weight[j] * tx.weight[k];
                const int64_t shift = tx.first + k;
                int64_t from = shift < 0 ? -shift : 0, end = shift > 0 ? n[2] - shift : n[2];
                if (w == 0) continue;
                from = from < n[2] ? from : n[2];
                end = end > from ? end : from;
                for (int64_t x = 0; x < from; x++) to[x] += w * row[mirror(x + shift, n[2])];
                for (int64_t x = from; x < end; x++) to[x] += w * row[x + shift];
                for (int64_t x = end; x < n[2]; x++) to[x] += w * row[mirror(x + shift, n[2])];
            }
        }
    for (int64_t x = 0; x < n[2]; x++) {
        const double px = (double)x + place[2];
        if (px < 0 || px > (double)(n[2] - 1)) to[x] = 0;
        if (is_integer) to[x] = round(to[x]);
    }
}

/* What the maps are made of: the three functions of degree 1 (up to a factor) at each place, and
 * their products summed over places. */
typedef struct harmonics {
    double at[SPHERE][3], product[3][3];
} harmonics;

static harmonics harmonics_of(const double place[SPHERE][3])
{
    harmonics h = {.product = {{0}}};
    for (int v = 0; v < SPHERE; v++) {
        const double theta = acos(place[v][2]), phi = atan2(place[v][1], place[v][0]);
        h.at[v][0] = fabs(sin(phi)) * cos(theta);
        h.at[v][1] = fabs(sin(phi)) * sin(theta);
        h.at[v][2] = cos(phi);
        for (int a = 0; a < 3; a++)
            for (int b = 0; b < 3; b++) h.product[a][b] += h.at[v][a] * h.at[v][b];
    }
    return h;
}

/* Size of the pattern's part of degree 1.  Sums of the pattern over harmonics are those of the
 * conjugate functions: the second one changes sign. */
static double degree_one(const harmonics *h, const double sum[3])
{
    const double c[3] = {sum[0], -sum[1], sum[2]};
    double q = 0;
    for (int a = 0; a < 3; a++)
        for (int b = 0; b < 3; b++) q += c[a] * c[b] * h->product[a][b];
    return 3 / (4 * acos(-1.0)) * sqrt(q > 0 ? q : 0);
}

static double kurtosis(int64_t stride, const double sample[])
{
    double mean = 0, s2 = 0, s4 = 0;
    for (int v = 0; v < SPHERE; v++) mean += sample[v * stride];
    mean /= SPHERE;
    for (int v = 0; v < SPHERE; v++) {
        const double d = sample[v * stride] - mean;
        s2 += d * d;
        s4 += d * d * d * d;
    }
    /* 1e-15: what rounding leaves of samples that are all the same */
    return s2 / SPHERE > 1e-30 * mean * mean ? s4 * SPHERE / (s2 * s2) - 3 : -3;
}

rp_status rp_filter_lbp3d(const rp_filter *f, const rp_grid *grid, const double in[], double out[])
{
    const int64_t *n = grid->n;
    double place[SPHERE][3];
    RP_NEED(f->map >= 0 && f->map <= 2, RP_EARG, "map %d of a local binary pattern", f->map);
    RP_AUTOFREE double *c = NULL, *sample = NULL;
    RP_TRY(rp_alloc_raw(SPHERE * n[2], sizeof *sample, &sample));
    RP_TRY(coefficients(n, in, &c));
    sphere_of(place);
    const harmonics h = harmonics_of((const double(*)[3])place);
    for (int64_t r = 0; r < n[0] * n[1]; r++) {
        for (int v = 0; v < SPHERE; v++)
            sample_row(n, c, r / n[1], r % n[1], place[v], f->is_integer, sample + v * n[2]);
        for (int64_t x = 0; x < n[2]; x++) {
            double ones = 0, sum[3] = {0};
            for (int v = 0; v < SPHERE; v++) {
                if (!(sample[v * n[2] + x] >= in[r * n[2] + x])) continue;
                ones++;
                for (int a = 0; a < 3; a++) sum[a] += h.at[v][a];
            }
            out[r * n[2] + x] = f->map == 0   ? sqrt(SPHERE) / (4 * acos(-1.0)) * ones
                                : f->map == 1 ? degree_one(&h, sum)
                                              : kurtosis(n[2], sample + x);
        }
    }
    return RP_OK;
}
