/* lib/radiomics/zones.c - grey level size zones and distance zones.
 *
 * 1. A zone is a connected set of voxels of one level: 26 neighbours in a volume, 8 in a slice.
 * 2. Its root is its first voxel in raster order, so zones come slice by slice.
 * 3. A voxel's distance is the number of steps through faces (4 in a slice, 6 in a volume) that
 * leave the morphological mask: 1 at its border. */
#include "lib/radiomics/texture_priv.h"

#include <string.h>

typedef struct zone_list {
    int64_t count;
    uint16_t *code;
    int32_t *size, *distance;
    int64_t *end; /* [slices] zones whose root lies in slices up to this one */
} zone_list;

static void zone_list_clear(zone_list *z)
{
    rp_free(z->code);
    rp_free(z->size);
    rp_free(z->distance);
    rp_free(z->end);
    *z = (zone_list){0};
}

static int32_t find_root(int32_t *parent, int32_t i)
{
    while (parent[i] != i) {
        parent[i] = parent[parent[i]];
        i = parent[i];
    }
    return i;
}

/* Bits of the directions whose neighbour before a voxel is like it, for each voxel of a row. */
static void find_alike(const uint16_t row[], int64_t n, int directions, const int64_t offset[],
                       uint16_t alike[])
{
    for (int64_t x = 0; x < n; x++) alike[x] = 0;
    for (int d = 0; d < directions; d++) {
        const uint16_t *other = row - offset[d], bit = (uint16_t)(1 << d);
        for (int64_t x = 0; x < n; x++)
            alike[x] = (uint16_t)(alike[x] | (row[x] == other[x] ? bit : 0));
    }
}

/* Joins each voxel with its neighbours before it; the lower root wins. */
static void join(const rp_levels *l, int directions, uint16_t alike[], int32_t *parent)
{
    /* All neighbours before a voxel touch the one right above it (in a slice: right before its
     * row), so if that one is like it, it has joined them already. */
    const int above = directions == RP_DIRECTIONS_2D ? 1 : 4;
    int64_t offset[RP_DIRECTIONS];
    for (int d = 0; d < directions; d++)
        offset[d] = rp_direction[d][0] * l->stride[0] + rp_direction[d][1] * l->stride[1] +
                    rp_direction[d][2];
    for (int64_t z = 0; z < l->n[0]; z++)
        for (int64_t y = 0; y < l->n[1]; y++) {
            const int64_t row = rp_levels_row(l, z, y);
            find_alike(l->code + row, l->n[2], directions, offset, alike);
            for (int64_t x = 0; x < l->n[2]; x++) {
                const int64_t i = row + x;
                if (l->code[i] == 0) continue;
                int32_t own = (int32_t)i;
                unsigned left = alike[x] >> above & 1 ? 1U << above : alike[x];
                parent[i] = own;
                for (; left; left &= left - 1) {
                    const int d = __builtin_ctz(left);
                    const int32_t other = find_root(parent, (int32_t)(i - offset[d]));
                    if (other == own) continue;
                    const int32_t low = other < own ? other : own;
                    parent[other] = parent[own] = low;
                    own = low;
                }
            }
        }
}

static rp_status list_zones(const rp_levels *l, int directions, const uint16_t distance[],
                            zone_list *out)
{
    RP_AUTOFREE int32_t *parent = NULL;
    RP_AUTOFREE uint16_t *alike = NULL;
    RP_TRY(rp_alloc_raw(l->voxels, sizeof *parent, &parent));
    RP_TRY(rp_alloc_raw(l->n[2], sizeof *alike, &alike));
    join(l, directions, alike, parent);
    out->count = 0;
    RP_TRY(rp_alloc_raw(l->n[0], sizeof *out->end, &out->end));
    for (int64_t z = 0; z < l->n[0]; z++) {
        for (int64_t y = 0; y < l->n[1]; y++) {
            const int64_t row = rp_levels_row(l, z, y);
            for (int64_t i = row; i < row + l->n[2]; i++)
                out->count += l->code[i] && parent[i] == i;
        }
        out->end[z] = out->count;
    }
    RP_TRY(rp_alloc_raw(out->count, sizeof *out->code, &out->code));
    RP_TRY(rp_alloc(out->count, sizeof *out->size, &out->size));
    RP_TRY(rp_alloc_raw(out->count, sizeof *out->distance, &out->distance));
    int32_t k = 0;
    /* A voxel's parent comes before it, so by then the parent's entry is its zone: ~zone. */
    for (int64_t z = 0; z < l->n[0]; z++)
        for (int64_t y = 0; y < l->n[1]; y++) {
            const int64_t row = rp_levels_row(l, z, y);
            for (int64_t i = row; i < row + l->n[2]; i++) {
                if (l->code[i] == 0) continue;
                if (parent[i] == i) {
                    out->code[k] = l->code[i];
                    out->distance[k] = distance[i];
                    parent[i] = ~k++;
                } else {
                    parent[i] = parent[parent[i]];
                }
                const int32_t zone = ~parent[i];
                out->size[zone]++;
                if (distance[i] < out->distance[zone]) out->distance[zone] = distance[i];
            }
        }
    return RP_OK;
}

/* Is voxel (z, y, x) of the roi in the morphological mask? */
static bool is_inside(const rp_roi *roi, int64_t z, int64_t y, int64_t x)
{
    const int64_t *n = roi->grid.n;
    return z >= 0 && z < n[0] && y >= 0 && y < n[1] && x >= 0 && x < n[2] &&
           roi->morph[(z * n[1] + y) * n[2] + x];
}

static uint16_t least(uint16_t a, uint32_t b) { return b < a ? (uint16_t)b : a; }

/* Two sweeps over the box of the morphological mask (padded by one): exact for city-block steps.
 * axes: 3, or 2 for each slice alone. */
static rp_status distances(const rp_roi *roi, const rp_levels *l, int axes, uint16_t *out)
{
    int64_t low[3], high[3];
    (void)rp_mask_box(roi->grid.n, roi->morph, low, high);
    const int64_t m[3] = {high[0] - low[0], high[1] - low[1], high[2] - low[2]};
    const int64_t step[3] = {(m[1] + 2) * (m[2] + 2), m[2] + 2, 1}, voxels = (m[0] + 2) * step[0];
    RP_AUTOFREE uint16_t *d = NULL;
    RP_TRY(rp_alloc(voxels, sizeof *d, &d));
    for (int64_t i = step[0]; i < voxels - step[0]; i++) {
        const int64_t z = i / step[0] - 1 + low[0], y = i % step[0] / step[1] - 1 + low[1],
                      x = i % step[1] - 1 + low[2];
        if (!is_inside(roi, z, y, x) || z < low[0] || y < low[1] || x < low[2]) continue;
        uint16_t here = UINT16_MAX;
        for (int a = 3 - axes; a < 3; a++) here = least(here, d[i - step[a]] + 1U);
        d[i] = here;
    }
    for (int64_t i = voxels - step[0] - 1; i >= step[0]; i--)
        for (int a = 3 - axes; a < 3 && d[i]; a++) d[i] = least(d[i], d[i + step[a]] + 1U);
    for (int64_t z = 0; z < l->n[0]; z++)
        for (int64_t y = 0; y < l->n[1]; y++) {
            const int64_t to = rp_levels_row(l, z, y),
                          from = (z + l->origin[0] - low[0] + 1) * step[0] +
                                 (y + l->origin[1] - low[1] + 1) * step[1] + l->origin[2] - low[2] +
                                 1;
            memcpy(out + to, d + from, (size_t)l->n[2] * sizeof *out);
        }
    return RP_OK;
}

/* One list's features as zones of a size and zones at a distance. */
static rp_status add_lists(const rp_levels *l, int64_t from, int64_t to, double voxels,
                           const zone_list *z, rp_mean *size, rp_mean *distance)
{
    double x[17];
    if (to == from) return RP_OK;
    RP_AUTO(rp_sized) s = NULL, *d = NULL;
    RP_TRY(rp_sized_list(l, to - from, z->code + from, z->size + from, &s));
    if (rp_sized_features(s, voxels, x)) rp_mean_add(size, 16, x);
    RP_TRY(rp_sized_list(l, to - from, z->code + from, z->distance + from, &d));
    if (rp_sized_features(d, voxels, x)) rp_mean_add(distance, 16, x);
    return RP_OK;
}

static rp_status flat_zones(const rp_levels *l, const rp_roi *roi, uint16_t *distance,
                            rp_mean size[], rp_mean dist[], zone_list *z)
{
    RP_TRY(distances(roi, l, 2, distance));
    RP_TRY(list_zones(l, RP_DIRECTIONS_2D, distance, z));
    for (int64_t k = 0, from = 0; k < l->n[0]; from = z->end[k++])
        RP_TRY(add_lists(l, from, z->end[k], (double)l->in_slice[k], z, &size[RP_8QNN],
                         &dist[RP_8QNN]));
    return add_lists(l, 0, z->count, (double)l->count, z, &size[RP_62GR], &dist[RP_62GR]);
}

static rp_status volume_zones(const rp_levels *l, const rp_roi *roi, uint16_t *distance,
                              rp_mean size[], rp_mean dist[], zone_list *z)
{
    RP_TRY(distances(roi, l, 3, distance));
    RP_TRY(list_zones(l, RP_DIRECTIONS, distance, z));
    return add_lists(l, 0, z->count, (double)l->count, z, &size[RP_KOBO], &dist[RP_KOBO]);
}

rp_status rp_zones(const rp_levels *l, const rp_roi *roi, const rp_texture_settings *s,
                   rp_values *out)
{
    RP_AUTOFREE uint16_t *distance = NULL;
    rp_mean size[RP_AGGREGATION_COUNT] = {0}, dist[RP_AGGREGATION_COUNT] = {0};
    zone_list z = {0};
    RP_NEED(l->voxels < INT32_MAX, RP_EUNSUP, "a region of more than 2^31 voxels");
    RP_TRY(rp_alloc(l->voxels, sizeof *distance, &distance));
    rp_status st = RP_OK;
    if (s->aggregation[RP_8QNN] || s->aggregation[RP_62GR])
        st = flat_zones(l, roi, distance, size, dist, &z);
    zone_list_clear(&z);
    if (st == RP_OK && s->aggregation[RP_KOBO]) st = volume_zones(l, roi, distance, size, dist, &z);
    zone_list_clear(&z);
    for (int a = RP_8QNN; a <= RP_KOBO && st == RP_OK; a++)
        if (s->aggregation[a]) st = rp_mean_put(&size[a], RP_GLSZM, (rp_aggregation)a, out);
    for (int a = RP_8QNN; a <= RP_KOBO && st == RP_OK; a++)
        if (s->aggregation[a]) st = rp_mean_put(&dist[a], RP_GLDZM, (rp_aggregation)a, out);
    return st;
}
