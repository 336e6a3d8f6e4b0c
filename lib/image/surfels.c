/* lib/image/surfels.c - surface pieces between voxels.
 *
 * A corner of the lattice stands between eight voxels; corner (z, y, x) has voxel (z, y, x) as its last
 * one, so a box of voxels low..high has corners low..high + 1.
 * Patterns with five and more voxels inside take the area of their complement: inside and outside
 * change places without changing the surface. */
#include "lib/image/surfels.h"

#include "lib/image/distance.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PATTERNS = 256, CORNERS = 8 };

static const char *const triangles[PATTERNS] = {
#include "lib/image/surfel_triangles.inc"
};

/* Corners of the cube (x, y, z) and the pairs that edges join, as the table numbers them. */
static const int corner[CORNERS][3] = {{0, 0, 0}, {1, 0, 0}, {1, 1, 0}, {0, 1, 0},
                                       {0, 0, 1}, {1, 0, 1}, {1, 1, 1}, {0, 1, 1}};
static const int edge[12][2] = {{0, 1}, {1, 2}, {2, 3}, {3, 0}, {4, 5}, {5, 6},
                                {6, 7}, {7, 4}, {0, 4}, {1, 5}, {2, 6}, {3, 7}};

static double triangle_area(const char *edges, const double spacing[3])
{
    double p[3][3], u[3], v[3];
    for (int k = 0; k < 3; k++) {
        const int e = edges[k] <= '9' ? edges[k] - '0' : edges[k] - 'a' + 10;
        for (int a = 0; a < 3; a++) /* spacing is z, y, x */
            p[k][a] = 0.5 * (corner[edge[e][0]][a] + corner[edge[e][1]][a]) * spacing[2 - a];
    }
    for (int a = 0; a < 3; a++) {
        u[a] = p[1][a] - p[0][a];
        v[a] = p[2][a] - p[0][a];
    }
    const double x = u[1] * v[2] - u[2] * v[1], y = u[2] * v[0] - u[0] * v[2],
                 z = u[0] * v[1] - u[1] * v[0];
    return 0.5 * sqrt(x * x + y * y + z * z);
}

static void pattern_areas(const double spacing[3], double area[PATTERNS])
{
    for (int c = 0; c < PATTERNS; c++) {
        const char *t = triangles[__builtin_popcount((unsigned)c) > 4 ? PATTERNS - 1 - c : c];
        area[c] = 0;
        for (size_t k = 0; k + 2 < strlen(t); k += 3) area[c] += triangle_area(t + k, spacing);
    }
}

typedef struct box {
    int64_t low[3], m[3], corners; /* first corner, corners a side, all */
} box;

/* Box of the corners about both masks; corners 0 where both are empty. */
static box bounds(const int64_t n[3], const uint8_t a[], const uint8_t b[])
{
    int64_t low[3] = {n[0], n[1], n[2]}, high[3] = {-1, -1, -1};
    for (int64_t z = 0, i = 0; z < n[0]; z++)
        for (int64_t y = 0; y < n[1]; y++)
            for (int64_t x = 0; x < n[2]; x++, i++) {
                if (!a[i] && !b[i]) continue;
                const int64_t at[3] = {z, y, x};
                for (int k = 0; k < 3; k++) {
                    if (at[k] < low[k]) low[k] = at[k];
                    if (at[k] > high[k]) high[k] = at[k];
                }
            }
    box q = {{low[0], low[1], low[2]}, {0, 0, 0}, 0};
    if (high[0] < 0) return q;
    for (int k = 0; k < 3; k++) q.m[k] = high[k] - low[k] + 2;
    q.corners = q.m[0] * q.m[1] * q.m[2];
    return q;
}

/* Pattern of each corner of the box; returns how many are a piece of surface. */
static int64_t find_patterns(const int64_t n[3], const box *b, const uint8_t mask[],
                             uint8_t pattern[])
{
    int64_t count = 0, i = 0;
    for (int64_t z = 0; z < b->m[0]; z++)
        for (int64_t y = 0; y < b->m[1]; y++)
            for (int64_t x = 0; x < b->m[2]; x++, i++) {
                int c = 0;
                for (int k = 0; k < CORNERS; k++) {
                    const int64_t pz = b->low[0] + z - 1 + corner[k][2],
                                  py = b->low[1] + y - 1 + corner[k][1];
                    const int64_t px = b->low[2] + x - 1 + corner[k][0];
                    if (pz < 0 || py < 0 || px < 0 || pz >= n[0] || py >= n[1] || px >= n[2])
                        continue;
                    c |= (mask[(pz * n[1] + py) * n[2] + px] != 0) << k;
                }
                pattern[i] = (uint8_t)c;
                count += c != 0 && c != PATTERNS - 1;
            }
    return count;
}

static int by_distance(const void *a, const void *b)
{
    const rp_surfel *x = a, *y = b;
    if (x->distance != y->distance) return x->distance < y->distance ? -1 : 1;
    return (x->area > y->area) - (x->area < y->area);
}

/* Pieces of pattern with their distance to those of other. */
static rp_status collect(const box *b, const double spacing[3], const double area[],
                         const uint8_t pattern[], const uint8_t other[], int64_t count,
                         rp_surfel **out, double *total)
{
    RP_AUTOFREE uint8_t *target = NULL;
    RP_AUTOFREE double *d2 = NULL;
    RP_TRY(rp_alloc_raw(b->corners, 1, &target));
    RP_TRY(rp_alloc_raw(b->corners, sizeof *d2, &d2));
    for (int64_t i = 0; i < b->corners; i++) target[i] = other[i] != 0 && other[i] != PATTERNS - 1;
    RP_TRY(rp_distance_map(b->m, spacing, target, d2));
    RP_TRY(rp_alloc_raw(count, sizeof **out, out));
    for (int64_t i = 0, k = 0; i < b->corners; i++)
        if (pattern[i] != 0 && pattern[i] != PATTERNS - 1)
            (*out)[k++] = (rp_surfel){sqrt(d2[i]), area[pattern[i]]};
    qsort(*out, (size_t)count, sizeof **out, by_distance);
    *total = 0;
    for (int64_t k = 0; k < count; k++) *total += (*out)[k].area;
    return RP_OK;
}

static rp_status find(const int64_t n[3], const double spacing[3], const uint8_t reference[],
                      const uint8_t prediction[], rp_surfels *s)
{
    const box b = bounds(n, reference, prediction);
    if (b.corners == 0) return RP_OK;
    double area[PATTERNS];
    RP_AUTOFREE uint8_t *r = NULL, *p = NULL;
    pattern_areas(spacing, area);
    RP_TRY(rp_alloc_raw(b.corners, 1, &r));
    RP_TRY(rp_alloc_raw(b.corners, 1, &p));
    s->n_reference = find_patterns(n, &b, reference, r);
    s->n_prediction = find_patterns(n, &b, prediction, p);
    RP_TRY(collect(&b, spacing, area, r, p, s->n_reference, &s->reference, &s->area_reference));
    return collect(&b, spacing, area, p, r, s->n_prediction, &s->prediction, &s->area_prediction);
}

rp_status rp_surfels_find(const int64_t n[3], const double spacing[3], const uint8_t reference[],
                          const uint8_t prediction[], rp_surfels *out)
{
    rp_surfels s = {0};
    const rp_status st = find(n, spacing, reference, prediction, &s);
    if (st != RP_OK)
        rp_surfels_clear(&s);
    else
        *out = s;
    return st;
}

void rp_surfels_clear(rp_surfels *s)
{
    rp_free(s->reference);
    rp_free(s->prediction);
    *s = (rp_surfels){0};
}

static double reached(int64_t n, const rp_surfel s[], double total, double q)
{
    double sum = 0;
    for (int64_t k = 0; k < n; k++) {
        sum += s[k].area;
        if (sum / total >= q) return s[k].distance;
    }
    return s[n - 1].distance;
}

double rp_surfels_hausdorff(const rp_surfels *s, double q)
{
    return fmax(reached(s->n_reference, s->reference, s->area_reference, q),
                reached(s->n_prediction, s->prediction, s->area_prediction, q));
}

double rp_surfels_mean(const rp_surfels *s, bool from_reference)
{
    const rp_surfel *x = from_reference ? s->reference : s->prediction;
    const int64_t n = from_reference ? s->n_reference : s->n_prediction;
    double sum = 0;
    for (int64_t k = 0; k < n; k++) sum += x[k].distance * x[k].area;
    return sum / (from_reference ? s->area_reference : s->area_prediction);
}

static double area_within(int64_t n, const rp_surfel s[], double tolerance)
{
    double sum = 0;
    for (int64_t k = 0; k < n && s[k].distance <= tolerance; k++) sum += s[k].area;
    return sum;
}

double rp_surfels_nsd(const rp_surfels *s, double tolerance)
{
    return (area_within(s->n_reference, s->reference, tolerance) +
            area_within(s->n_prediction, s->prediction, tolerance)) /
           (s->area_reference + s->area_prediction);
}
