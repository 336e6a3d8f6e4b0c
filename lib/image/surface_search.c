/* lib/image/surface_search.c - nearest border voxels by rows. */
#include "lib/image/surface_search.h"

#include "lib/base/order.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Rows in the disc that a voxel looks at, about; rows looked at in all, a voxel of the box, before
 * distance maps are the cheaper way. */
enum { ROWS_LOOKED_AT = 3000, ROWS_A_VOXEL = 8 };

typedef struct box {
    int64_t low[3], m[3]; /* first voxel, voxels a side, z, y, x; m[0] = 0: nothing there */
} box;

/* Border voxels: those of row (z, y) of the box are x[start[z * m[1] + y]] on, ascending. */
typedef struct border {
    int64_t count, capacity;
    int64_t *start; /* [rows + 1] */
    int32_t *x;
} border;

typedef struct offset {
    int64_t dz, dy;
    double z2, y2; /* mm2 */
} offset;

static void widen(box *b, int64_t high[3], int64_t z, int64_t y, int64_t first, int64_t last)
{
    const int64_t from[3] = {z, y, first}, to[3] = {z, y, last};
    for (int k = 0; k < 3; k++) {
        if (from[k] < b->low[k]) b->low[k] = from[k];
        if (to[k] > high[k]) high[k] = to[k];
    }
}

static box bounding_box(const int64_t n[3], const uint8_t a[], const uint8_t b[], uint8_t label)
{
    box q = {{n[0], n[1], n[2]}, {0, 0, 0}};
    int64_t high[3] = {-1, -1, -1};
    const uint8_t *const masks[] = {a, b};
    for (int k = 0; k < 2; k++)
        for (int64_t z = 0; z < n[0]; z++)
            for (int64_t y = 0; y < n[1]; y++) {
                const uint8_t *row = masks[k] + (z * n[1] + y) * n[2];
                const uint8_t *first = memchr(row, label, (size_t)n[2]);
                if (!first) continue;
                const uint8_t *last = memrchr(row, label, (size_t)n[2]);
                widen(&q, high, z, y, first - row, last - row);
            }
    for (int k = 0; k < 3 && high[0] >= 0; k++) q.m[k] = high[k] - q.low[k] + 1;
    return q;
}

/* edge[x] = 1 where row has the label and one of its six neighbours has not. */
static void mark_row(const int64_t n[3], const box *b, const uint8_t mask[], uint8_t label,
                     int64_t z, int64_t y, uint8_t edge[])
{
    const int64_t pz = b->low[0] + z, py = b->low[1] + y, px = b->low[2], m = b->m[2];
    const uint8_t *row = mask + (pz * n[1] + py) * n[2] + px;
    const bool inner = pz > 0 && pz + 1 < n[0] && py > 0 && py + 1 < n[1];
    if (!inner) {
        for (int64_t x = 0; x < m; x++) edge[x] = row[x] == label;
        return;
    }
    const uint8_t *up = row - n[1] * n[2], *down = row + n[1] * n[2], *north = row - n[2],
                  *south = row + n[2];
    for (int64_t x = 0; x < m; x++)
        edge[x] = (row[x] == label) & ((up[x] != label) | (down[x] != label) | (north[x] != label) |
                                       (south[x] != label));
    /* The ends of the box have no neighbour with the label beyond them. */
    for (int64_t x = 1; x + 1 < m; x++)
        edge[x] |= (row[x] == label) & ((row[x - 1] != label) | (row[x + 1] != label));
    edge[0] = row[0] == label;
    edge[m - 1] = row[m - 1] == label;
}

static rp_status find_border(const int64_t n[3], const box *b, const uint8_t mask[], uint8_t label,
                             border *out)
{
    RP_AUTOFREE uint8_t *edge = NULL;
    RP_TRY(rp_alloc_raw(b->m[2], 1, &edge));
    RP_TRY(rp_alloc(b->m[0] * b->m[1] + 1, sizeof *out->start, &out->start));
    for (int64_t z = 0, r = 0; z < b->m[0]; z++)
        for (int64_t y = 0; y < b->m[1]; y++, r++) {
            out->start[r] = out->count;
            mark_row(n, b, mask, label, z, y, edge);
            RP_TRY(rp_grow(out->count + b->m[2], sizeof *out->x, &out->capacity, &out->x));
            const uint8_t *at = edge, *end = edge + b->m[2];
            while (at < end && (at = memchr(at, 1, (size_t)(end - at))))
                out->x[out->count++] = (int32_t)(at++ - edge);
            out->start[r + 1] = out->count;
        }
    return RP_OK;
}

static int nearer(const void *a, const void *b)
{
    const offset *p = a, *q = b;
    const double x = p->y2 + p->z2, y = q->y2 + q->z2;
    if (x != y) return x < y ? -1 : 1;
    return p->dz != q->dz ? (p->dz > q->dz) - (p->dz < q->dz) : (p->dy > q->dy) - (p->dy < q->dy);
}

/* Rows about a row, from near to far; all within *reach2 mm2 are there. */
static rp_status find_offsets(const box *b, const double spacing[3], offset **out, int64_t *count,
                              double *reach2)
{
    const double r2 = ROWS_LOOKED_AT * spacing[0] * spacing[1] / M_PI, r = sqrt(r2);
    const int64_t nz = (int64_t)fmin(r / spacing[0], (double)b->m[0]);
    const int64_t ny = (int64_t)fmin(r / spacing[1], (double)b->m[1]);
    RP_TRY(rp_alloc_raw((2 * nz + 1) * (2 * ny + 1), sizeof **out, out));
    *count = 0;
    for (int64_t dz = -nz; dz <= nz; dz++)
        for (int64_t dy = -ny; dy <= ny; dy++) {
            const double z2 = spacing[0] * spacing[0] * (double)(dz * dz);
            const double y2 = spacing[1] * spacing[1] * (double)(dy * dy);
            if (y2 + z2 <= r2) (*out)[(*count)++] = (offset){dz, dy, z2, y2};
        }
    qsort(*out, (size_t)*count, sizeof **out, nearer);
    *reach2 = r2;
    return RP_OK;
}

/* Distance along x, in voxels, to the nearest of ascending at[n], n >= 1. */
static int64_t nearest(int64_t n, const int32_t at[], int64_t x)
{
    int64_t low = 0, high = n; /* at[low - 1] < x <= at[high] */
    while (low < high) {
        const int64_t mid = low + (high - low) / 2;
        if (at[mid] < x)
            low = mid + 1;
        else
            high = mid;
    }
    const int64_t after = low < n ? at[low] - x : INT64_MAX,
                  before = low > 0 ? x - at[low - 1] : INT64_MAX;
    return after < before ? after : before;
}

typedef struct search {
    const box *b;
    const border *to;
    const offset *offsets;
    int64_t count;
    double spacing2, reach2;
    int64_t left; /* rows that may still be looked at */
} search;

/* Squared distance from (z, y, x) to the border; INFINITY when it may lie beyond reach, or when
 * too many rows were looked at. */
static double look_around(search *s, int64_t z, int64_t y, int64_t x)
{
    double best = INFINITY;
    for (int64_t k = 0; k < s->count && s->left > 0; k++, s->left--) {
        const offset *o = &s->offsets[k];
        if (o->y2 + o->z2 > best) return best;
        const int64_t pz = z + o->dz, py = y + o->dy;
        if (pz < 0 || py < 0 || pz >= s->b->m[0] || py >= s->b->m[1]) continue;
        const int64_t r = pz * s->b->m[1] + py, from = s->to->start[r],
                      n = s->to->start[r + 1] - from;
        if (n == 0) continue;
        const int64_t d = nearest(n, s->to->x + from, x);
        const double d2 =
            s->spacing2 * (double)(d * d) + o->y2 + o->z2; /* as distance maps add it up */
        if (d2 < best) best = d2;
    }
    return s->left > 0 && best <= s->reach2 ? best : INFINITY;
}

/* Distances of all voxels of from, ascending; *done false if one was not found. */
static rp_status search_all(search *s, const border *from, double **out, bool *done)
{
    RP_TRY(rp_alloc_raw(from->count, sizeof **out, out));
    int64_t k = 0;
    *done = true;
    for (int64_t z = 0, r = 0; z < s->b->m[0]; z++)
        for (int64_t y = 0; y < s->b->m[1]; y++, r++)
            for (int64_t i = from->start[r]; i < from->start[r + 1]; i++, k++) {
                const double d2 = look_around(s, z, y, from->x[i]);
                if (isinf(d2)) {
                    *done = false;
                    return RP_OK;
                }
                (*out)[k] = sqrt(d2);
            }
    qsort(*out, (size_t)from->count, sizeof **out, rp_ascending);
    return RP_OK;
}

static rp_status run(const int64_t n[3], const double spacing[3], const uint8_t reference[],
                     const uint8_t prediction[], uint8_t label, border edge[2],
                     rp_surface_distances *s, bool *done)
{
    const box b = bounding_box(n, reference, prediction, label);
    RP_AUTOFREE offset *offsets = NULL;
    search q = {.b = &b,
                .spacing2 = spacing[2] * spacing[2],
                .left = ROWS_A_VOXEL * b.m[0] * b.m[1] * b.m[2]};
    *done = false;
    if (b.m[0] == 0) return RP_OK;
    RP_TRY(find_border(n, &b, reference, label, &edge[0]));
    RP_TRY(find_border(n, &b, prediction, label, &edge[1]));
    if (edge[0].count == 0 || edge[1].count == 0) return RP_OK;
    RP_TRY(find_offsets(&b, spacing, &offsets, &q.count, &q.reach2));
    q.offsets = offsets;
    s->n_reference = edge[0].count;
    s->n_prediction = edge[1].count;
    q.to = &edge[1];
    RP_TRY(search_all(&q, &edge[0], &s->to_prediction, done));
    q.to = &edge[0];
    return *done ? search_all(&q, &edge[1], &s->to_reference, done) : RP_OK;
}

rp_status rp_surface_distances_search(const int64_t n[3], const double spacing[3],
                                      const uint8_t reference[], const uint8_t prediction[],
                                      uint8_t label, rp_surface_distances *out)
{
    border edge[2] = {{0}};
    rp_surface_distances s = {0};
    bool done = false;
    const rp_status st = run(n, spacing, reference, prediction, label, edge, &s, &done);
    for (int k = 0; k < 2; k++) {
        rp_free(edge[k].start);
        rp_free(edge[k].x);
    }
    if (st == RP_OK && done) {
        *out = s;
        return RP_OK;
    }
    rp_surface_distances_clear(&s);
    RP_TRY(st);
    return rp_surface_distances_find(n, spacing, reference, prediction, label, out);
}
