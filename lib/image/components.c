/* lib/image/components.c - flood fill with a stack of its own. */
#include "lib/image/components.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef struct flood {
    const int64_t *n;
    const uint8_t *mask;
    int32_t *label;
    int neighbours;
    int64_t count, capacity, *stack;
} flood;

static rp_status push(flood *f, int64_t voxel, int32_t label)
{
    RP_TRY(rp_grow(f->count + 1, sizeof *f->stack, &f->capacity, &f->stack));
    f->label[voxel] = label;
    f->stack[f->count++] = voxel;
    return RP_OK;
}

static rp_status visit(flood *f, int64_t voxel, int32_t label)
{
    const int64_t *n = f->n, x = voxel % n[2], y = voxel / n[2] % n[1], z = voxel / n[2] / n[1];
    for (int64_t dz = -(z > 0); dz <= (z + 1 < n[0]); dz++)
        for (int64_t dy = -(y > 0); dy <= (y + 1 < n[1]); dy++)
            for (int64_t dx = -(x > 0); dx <= (x + 1 < n[2]); dx++) {
                const int64_t i = voxel + (dz * n[1] + dy) * n[2] + dx;
                if (!f->mask[i] || f->label[i]) continue;
                if (llabs(dz) + llabs(dy) + llabs(dx) <= f->neighbours) RP_TRY(push(f, i, label));
            }
    return RP_OK;
}

rp_status rp_components_find(const int64_t n[3], const uint8_t mask[], rp_neighbours neighbours,
                             int32_t label[], int32_t *count)
{
    const int64_t voxels = n[0] * n[1] * n[2];
    RP_NEED(n[0] >= 1 && n[1] >= 1 && n[2] >= 1 && voxels <= INT32_MAX, RP_EARG,
            "components of %" PRId64 " x %" PRId64 " x %" PRId64, n[0], n[1], n[2]);
    flood f = {.n = n, .mask = mask, .label = label, .neighbours = (int)neighbours};
    rp_status st = RP_OK;
    int32_t found = 0;
    memset(label, 0, (size_t)voxels * sizeof *label);
    for (int64_t i = 0; i < voxels && st == RP_OK; i++) {
        if (!mask[i] || label[i]) continue;
        st = push(&f, i, ++found);
        while (st == RP_OK && f.count > 0) st = visit(&f, f.stack[--f.count], found);
    }
    rp_free(f.stack);
    RP_TRY(st);
    *count = found;
    return RP_OK;
}
