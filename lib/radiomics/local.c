/* lib/radiomics/local.c - local and global intensity peak. */
#include "lib/radiomics/families.h"

#include <math.h>

/* One row of the sphere around a voxel: offset in z and y, and how far it reaches along x. */
typedef struct chord {
    int64_t dz, dy, reach;
} chord;

/* Radius in mm of a sphere of 1 cm3. */
static double peak_radius(void) { return 10 * cbrt(3 / (4 * acos(-1.0))); }

static rp_status chords_of(const double spacing[3], int64_t *count, chord **out)
{
    const double r2 = peak_radius() * peak_radius() * (1 + 1e-12);
    const int64_t nz = (int64_t)(peak_radius() / spacing[0]) + 1,
                  ny = (int64_t)(peak_radius() / spacing[1]) + 1;
    RP_AUTOFREE chord *c = NULL;
    RP_TRY(rp_alloc_raw((2 * nz + 1) * (2 * ny + 1), sizeof *c, &c));
    int64_t k = 0;
    for (int64_t dz = -nz; dz <= nz; dz++)
        for (int64_t dy = -ny; dy <= ny; dy++) {
            const double z = (double)dz * spacing[0], y = (double)dy * spacing[1],
                         left = r2 - z * z - y * y;
            if (left >= 0) c[k++] = (chord){dz, dy, (int64_t)floor(sqrt(left) / spacing[2])};
        }
    *count = k;
    *out = RP_TAKE(c);
    return RP_OK;
}

/* Sums of the image along x: prefix[row * (nx + 1) + x] = sum of the row's first x voxels. */
static rp_status prefix_sums(const int64_t n[3], const double image[], double **out)
{
    double *p;
    RP_TRY(rp_alloc_raw(n[0] * n[1] * (n[2] + 1), sizeof *p, &p));
    for (int64_t r = 0; r < n[0] * n[1]; r++) {
        double *to = p + r * (n[2] + 1);
        to[0] = 0;
        for (int64_t x = 0; x < n[2]; x++) to[x + 1] = to[x] + image[r * n[2] + x];
    }
    *out = p;
    return RP_OK;
}

/* Adds one row's chord to sums and counts of the voxels from..to of another row. */
static void add_chord(const double prefix[], int64_t nx, int64_t reach, int64_t from, int64_t to,
                      double sum[], double count[])
{
    int64_t x = from;
    for (; x < to && x < reach; x++) {
        const int64_t end = x + reach + 1 < nx ? x + reach + 1 : nx;
        sum[x] += prefix[end];
        count[x] += (double)end;
    }
    const int64_t inner = to < nx - reach ? to : nx - reach;
    const double full = (double)(2 * reach + 1);
    for (; x < inner; x++) {
        sum[x] += prefix[x + reach + 1] - prefix[x - reach];
        count[x] += full;
    }
    for (; x < to; x++) {
        const int64_t start = x - reach > 0 ? x - reach : 0;
        sum[x] += prefix[nx] - prefix[start];
        count[x] += (double)(nx - start);
    }
}

typedef struct peaks {
    double highest, local, global;
} peaks;

/* The voxels from..to of row (z, y): their spheres' means against the peaks. */
static void visit_row(const rp_roi *roi, const double image[], const double prefix[],
                      int64_t chords, const chord c[], int64_t z, int64_t y, double sum[],
                      double count[], peaks *p)
{
    const int64_t *n = roi->grid.n, row = z * n[1] + y;
    const uint8_t *mask = roi->mask + row * n[2];
    int64_t from = 0, to = n[2];
    while (from < to && !mask[from]) from++;
    while (to > from && !mask[to - 1]) to--;
    if (from == to) return;
    for (int64_t x = from; x < to; x++) sum[x] = count[x] = 0;
    for (int64_t k = 0; k < chords; k++) {
        const int64_t oz = z + c[k].dz, oy = y + c[k].dy;
        if (oz < 0 || oz >= n[0] || oy < 0 || oy >= n[1]) continue;
        add_chord(prefix + (oz * n[1] + oy) * (n[2] + 1), n[2], c[k].reach, from, to, sum, count);
    }
    for (int64_t x = from; x < to; x++) {
        if (!mask[x]) continue;
        const double mean = sum[x] / count[x], here = image[row * n[2] + x];
        p->global = fmax(p->global, mean);
        if (here > p->highest || (here == p->highest && mean > p->local)) p->local = mean;
        p->highest = fmax(p->highest, here);
    }
}

rp_status rp_local_intensity(const rp_roi *roi, rp_values *out)
{
    if (roi->count == 0) return rp_values_add_missing(out, RP_LOCAL, RP_DHQ4, RP_MISSING_EMPTY);
    const double *image = roi->response ? roi->response : roi->image;
    const int64_t *n = roi->grid.n;
    RP_AUTOFREE double *prefix = NULL, *sum = NULL, *count = NULL;
    RP_AUTOFREE chord *c = NULL;
    int64_t chords;
    RP_TRY(chords_of(roi->grid.spacing, &chords, &c));
    RP_TRY(prefix_sums(n, image, &prefix));
    RP_TRY(rp_alloc_raw(n[2], sizeof *sum, &sum));
    RP_TRY(rp_alloc_raw(n[2], sizeof *count, &count));
    peaks p = {-INFINITY, -INFINITY, -INFINITY};
    for (int64_t z = 0; z < n[0]; z++)
        for (int64_t y = 0; y < n[1]; y++)
            visit_row(roi, image, prefix, chords, c, z, y, sum, count, &p);
    return rp_values_add_family(out, RP_LOCAL, RP_DHQ4, (double[]){p.local, p.global});
}
