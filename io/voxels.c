/* io/voxels.c - stored voxels of foreign files to ours. */
#include "io/voxels_priv.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const struct {
    size_t size;
    rp_dtype as;
    bool is_float;
} foreign[] = {
    [RP_FOREIGN_U8] = {1, RP_U8, false},   [RP_FOREIGN_I8] = {1, RP_I16, false},
    [RP_FOREIGN_U16] = {2, RP_U16, false}, [RP_FOREIGN_I16] = {2, RP_I16, false},
    [RP_FOREIGN_U32] = {4, RP_I32, false}, [RP_FOREIGN_I32] = {4, RP_I32, false},
    [RP_FOREIGN_U64] = {8, RP_I32, false}, [RP_FOREIGN_I64] = {8, RP_I32, false},
    [RP_FOREIGN_F32] = {4, RP_F32, true},  [RP_FOREIGN_F64] = {8, RP_F64, true},
};

size_t rp_foreign_size(rp_foreign type) { return foreign[type].size; }

bool rp_foreign_is_float(rp_foreign type) { return foreign[type].is_float; }

void rp_swap(int64_t n, size_t size, void *data)
{
    uint8_t *p = data;
    for (int64_t i = 0; i < n; i++, p += size)
        for (size_t b = 0; b < size / 2; b++) {
            const uint8_t held = p[b];
            p[b] = p[size - 1 - b];
            p[size - 1 - b] = held;
        }
}

static int64_t count_not_finite(rp_foreign type, int64_t n, const void *data)
{
    int64_t bad = 0;
    if (type == RP_FOREIGN_F32)
        for (int64_t i = 0; i < n; i++) bad += !isfinite(((const float *)data)[i]);
    if (type == RP_FOREIGN_F64)
        for (int64_t i = 0; i < n; i++) bad += !isfinite(((const double *)data)[i]);
    return bad;
}

static rp_status narrow(const char *name, rp_foreign type, int64_t n, const void *data,
                        int32_t out[])
{
    for (int64_t i = 0; i < n; i++) {
        uint64_t u = 0;
        int64_t x = 0;
        switch (type) {
        case RP_FOREIGN_U32: x = ((const uint32_t *)data)[i]; break;
        case RP_FOREIGN_I64: x = ((const int64_t *)data)[i]; break;
        case RP_FOREIGN_U64:
            u = ((const uint64_t *)data)[i];
            x = u > INT64_MAX ? INT64_MAX : (int64_t)u;
            break;
        default: RP_ASSERT(!"a wide integer");
        }
        RP_NEED(x >= INT32_MIN && x <= INT32_MAX, RP_EUNSUP,
                "'%s': voxel %" PRId64 " has value %" PRId64 ", beyond 32 bits", name, i, x);
        out[i] = (int32_t)x;
    }
    return RP_OK;
}

rp_status rp_volume_from_foreign(const char *name, const rp_grid *grid, rp_foreign type,
                                 const void *data, int64_t *not_finite, rp_volume **out)
{
    RP_AUTO(rp_volume) v = NULL;
    RP_TRY(rp_volume_new(grid, foreign[type].as, &v));
    const int64_t n = rp_grid_voxels(grid);
    if (type == RP_FOREIGN_I8)
        for (int64_t i = 0; i < n; i++) /* two's complement of a byte */
            ((int16_t *)v->data)[i] = (int16_t)((((const uint8_t *)data)[i] ^ 0x80) - 128);
    else if (type == RP_FOREIGN_U32 || type == RP_FOREIGN_U64 || type == RP_FOREIGN_I64)
        RP_TRY(narrow(name, type, n, data, v->data));
    else
        memcpy(v->data, data, (size_t)n * foreign[type].size);
    *not_finite = count_not_finite(type, n, data);
    *out = RP_TAKE(v);
    return RP_OK;
}

rp_status rp_grid_from_columns(const char *name, double column[3][3], rp_grid *grid)
{
    for (int a = 0; a < 3; a++) {
        const double *c = column[a];
        const double length = sqrt(c[0] * c[0] + c[1] * c[1] + c[2] * c[2]);
        RP_NEED(isfinite(length) && length > 0, RP_EDATA, "'%s': spacing of %g mm along axis %d",
                name, length, a);
        grid->spacing[a] = length;
        for (int k = 0; k < 3; k++) grid->dir[a][k] = c[k] / length;
    }
    double index[3];
    RP_TRY_IN(rp_grid_check(grid, true), "'%s'", name);
    RP_TRY_IN(rp_grid_index(grid, grid->origin, index), "'%s'", name);
    return RP_OK;
}
