/* lib/image/contour.c - planar contours to a mask, voxel centres by the even-odd rule. */
#include "lib/image/contour.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* A contour in the grid's indices. */
typedef struct outline {
    int64_t points;
    double *index; /* [points][3]: z, y, x */
    double z, low, high;
} outline;

static rp_status map(const rp_grid *g, int64_t number, const rp_contour *c, outline *out)
{
    double sum = 0;
    out->low = INFINITY;
    out->high = -INFINITY;
    out->points = c->points;
    for (int64_t i = 0; i < c->points; i++) {
        const double *p = c->lps + 3 * i;
        double *q = out->index + 3 * i;
        RP_NEED(isfinite(p[0] + p[1] + p[2]), RP_EDATA,
                "contour %" PRId64 ": vertex %" PRId64 " is not finite", number, i);
        RP_TRY(rp_grid_index(g, p, q));
        sum += q[0];
        out->low = fmin(out->low, q[0]);
        out->high = fmax(out->high, q[0]);
    }
    out->z = sum / (double)c->points;
    RP_NEED(out->high - out->low <= 1, RP_EUNSUP,
            "contour %" PRId64 " spans %g slices: it is not in the plane of the slices", number,
            out->high - out->low);
    return RP_OK;
}

/* flips[y][x]: parity changes for all voxels of row y left of x.  One edge of the outline. */
static void add_edge(const rp_grid *g, const double a[3], const double b[3], uint8_t *flips)
{
    const double low = fmin(a[1], b[1]), high = fmax(a[1], b[1]);
    if (high < 0 || low >= (double)g->n[1]) return;
    const int64_t last = (int64_t)fmin(ceil(high), (double)(g->n[1] - 1));
    for (int64_t y = (int64_t)fmax(floor(low), 0); y <= last; y++) {
        const double row = (double)y;
        if ((a[1] > row) == (b[1] > row)) continue;
        const double x = a[2] + (row - a[1]) / (b[1] - a[1]) * (b[2] - a[2]);
        /* Voxels with column < x, so columns 0 .. ceil(x) - 1. */
        const double end = ceil(x);
        if (end <= 0) continue;
        const int64_t column = end > (double)g->n[2] ? g->n[2] : (int64_t)end;
        flips[y * (g->n[2] + 1) + column] ^= 1;
    }
}

/* Turns the slice's voxels that the outline holds; returns how many. */
static int64_t toggle(const rp_grid *g, const outline *o, uint8_t *flips, uint8_t *slice)
{
    const int64_t ny = g->n[1], nx = g->n[2];
    int64_t inside = 0;
    memset(flips, 0, (size_t)(ny * (nx + 1)));
    for (int64_t i = 0, j = o->points - 1; i < o->points; j = i++)
        add_edge(g, o->index + 3 * j, o->index + 3 * i, flips);
    for (int64_t y = 0; y < ny; y++) {
        uint8_t parity = 0;
        for (int64_t x = nx; x >= 1; x--) {
            parity ^= flips[y * (nx + 1) + x];
            slice[y * nx + x - 1] ^= parity;
            inside += parity;
        }
    }
    return inside;
}

static bool is_outside(const rp_grid *g, const outline *o)
{
    for (int64_t i = 0; i < o->points; i++)
        for (int a = 1; a < 3; a++) {
            const double q = o->index[3 * i + a];
            if (q < -0.5 || q > (double)g->n[a] - 0.5) return true;
        }
    return false;
}

static rp_status fill_one(const rp_grid *g, int64_t number, const rp_contour *c, uint8_t *flips,
                          uint8_t mask[], rp_contour_report *r)
{
    RP_AUTOFREE double *index = NULL;
    if (c->kind > RP_CONTOUR_INTERPOLATED || c->points < 3) {
        r->skipped++;
        return RP_OK;
    }
    RP_TRY(rp_alloc_raw(3 * c->points, sizeof *index, &index));
    outline o = {.index = index};
    RP_TRY(map(g, number, c, &o));
    const double slice = floor(o.z + 0.5);
    if (slice < 0 || slice > (double)(g->n[0] - 1)) {
        r->dropped++;
        return RP_OK;
    }
    const double off = fabs(o.z - slice);
    r->contours++;
    r->off_plane += off > 0.1;
    r->worst_off_mm = fmax(r->worst_off_mm, off * g->spacing[0]);
    r->outside += is_outside(g, &o);
    r->empty += toggle(g, &o, flips, mask + (int64_t)slice * g->n[1] * g->n[2]) == 0;
    return RP_OK;
}

rp_status rp_contour_fill(const rp_grid *grid, int64_t n, const rp_contour contour[],
                          uint8_t mask[], rp_contour_report *report)
{
    RP_AUTOFREE uint8_t *flips = NULL;
    rp_contour_report r = {0};
    RP_TRY(rp_grid_check(grid, true));
    RP_TRY(rp_alloc_raw(grid->n[1], (size_t)(grid->n[2] + 1), &flips));
    memset(mask, 0, (size_t)rp_grid_voxels(grid));
    for (int64_t i = 0; i < n; i++) RP_TRY(fill_one(grid, i, &contour[i], flips, mask, &r));
    if (report) *report = r;
    return RP_OK;
}
