/* lib/net/tensor.c - tensors: shape, views, copies. */
#include "lib/net/tensor.h"

rp_tensor rp_tensor_make(float *data, int64_t channels, const int64_t size[3])
{
    return (rp_tensor){.space = RP_SPACE_HOST,
                       .shape = {1, channels, size[0], size[1], size[2]},
                       .stride = channels,
                       .data = data};
}

rp_tensor rp_tensor_slice(const rp_tensor *t, int64_t first, int64_t channels)
{
    RP_ASSERT(first >= 0 && channels >= 1 && first + channels <= t->shape[1]);
    rp_tensor s = *t;
    s.shape[1] = channels;
    s.data = t->data ? t->data + first : NULL;
    return s;
}

int64_t rp_tensor_voxels(const rp_tensor *t) { return t->shape[2] * t->shape[3] * t->shape[4]; }

int64_t rp_tensor_count(const rp_tensor *t)
{
    return t->shape[0] * t->shape[1] * rp_tensor_voxels(t);
}

/* Blocks of voxels keep the strided side of the transposition in the cache. */
enum { BLOCK = 256 };

rp_status rp_tensor_write(const rp_tensor *t, const float plain[])
{
    RP_NEED(t->space == RP_SPACE_HOST, RP_EUNSUP, "tensor in memory space %d", (int)t->space);
    const int64_t n = rp_tensor_voxels(t), c = t->shape[1];
    for (int64_t b = 0; b < t->shape[0]; b++)
        for (int64_t v0 = 0; v0 < n; v0 += BLOCK)
            for (int64_t k = 0; k < c; k++)
                for (int64_t v = v0; v < n && v < v0 + BLOCK; v++)
                    t->data[(b * n + v) * t->stride + k] = plain[(b * c + k) * n + v];
    return RP_OK;
}

rp_status rp_tensor_read(const rp_tensor *t, float plain[])
{
    RP_NEED(t->space == RP_SPACE_HOST, RP_EUNSUP, "tensor in memory space %d", (int)t->space);
    const int64_t n = rp_tensor_voxels(t), c = t->shape[1];
    for (int64_t b = 0; b < t->shape[0]; b++)
        for (int64_t v0 = 0; v0 < n; v0 += BLOCK)
            for (int64_t k = 0; k < c; k++)
                for (int64_t v = v0; v < n && v < v0 + BLOCK; v++)
                    plain[(b * c + k) * n + v] = t->data[(b * n + v) * t->stride + k];
    return RP_OK;
}
