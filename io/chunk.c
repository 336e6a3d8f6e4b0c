/* io/chunk.c - boxes, chunks and their shuffled bytes. */
#include "io/chunk_priv.h"

#include <inttypes.h>
#include <string.h>

rp_status rp_chunking_of(const int64_t n[3], const int64_t chunk[3], size_t size, rp_chunking *out)
{
    rp_chunking c = {.size = size};
    int64_t voxels;
    for (int a = 0; a < 3; a++) {
        RP_NEED(n[a] >= 1 && chunk[a] >= 1, RP_EARG,
                "chunks of %" PRId64 " for %" PRId64 " elements along axis %d", chunk[a], n[a], a);
        c.n[a] = n[a];
        c.chunk[a] = chunk[a] < n[a] ? chunk[a] : n[a];
        c.count[a] = (n[a] - 1) / c.chunk[a] + 1;
    }
    RP_TRY(rp_product(3, c.chunk, &voxels));
    RP_NEED(voxels <= (int64_t)(UINT32_MAX / size), RP_EARG, "a chunk of %" PRId64 " elements",
            voxels);
    RP_TRY(rp_product(3, c.count, &voxels));
    *out = c;
    return RP_OK;
}

int64_t rp_chunking_total(const rp_chunking *c) { return c->count[0] * c->count[1] * c->count[2]; }

size_t rp_chunking_bytes(const rp_chunking *c)
{
    return (size_t)(c->chunk[0] * c->chunk[1] * c->chunk[2]) * c->size;
}

void rp_chunking_origin(const rp_chunking *c, int64_t i, int64_t origin[3])
{
    origin[2] = i % c->count[2] * c->chunk[2];
    origin[1] = i / c->count[2] % c->count[1] * c->chunk[1];
    origin[0] = i / c->count[2] / c->count[1] * c->chunk[0];
}

/* Byte b of every element together, as the plain loops that compilers turn into vector code. */
static void shuffle(int64_t n, size_t size, const uint8_t *restrict from, uint8_t *restrict to)
{
    if (size == 1) memcpy(to, from, (size_t)n);
    for (size_t b = 0; size > 1 && b < size; b++)
        for (int64_t i = 0; i < n; i++)
            to[(int64_t)b * n + i] = from[i * (int64_t)size + (int64_t)b];
}

void rp_chunk_gather(const rp_chunking *c, int64_t i, const void *data, void *plain, void *shuffled)
{
    int64_t at[3], n[3];
    rp_chunking_origin(c, i, at);
    for (int a = 0; a < 3; a++)
        n[a] = c->n[a] - at[a] < c->chunk[a] ? c->n[a] - at[a] : c->chunk[a];
    memset(plain, 0, rp_chunking_bytes(c));
    const size_t row = (size_t)n[2] * c->size;
    for (int64_t z = 0; z < n[0]; z++)
        for (int64_t y = 0; y < n[1]; y++) {
            const int64_t from = ((at[0] + z) * c->n[1] + at[1] + y) * c->n[2] + at[2];
            const int64_t to = (z * c->chunk[1] + y) * c->chunk[2];
            memcpy((char *)plain + (size_t)to * c->size,
                   (const char *)data + (size_t)from * c->size, row);
        }
    shuffle((int64_t)(rp_chunking_bytes(c) / c->size), c->size, plain, shuffled);
}

/* n elements whose bytes lie plane apart, put together. */
static void unshuffle(int64_t n, size_t size, int64_t plane, const uint8_t *restrict from,
                      uint8_t *restrict to)
{
    switch (size) {
    case 1: memcpy(to, from, (size_t)n); break;
    case 2:
        for (int64_t i = 0; i < n; i++) {
            to[2 * i] = from[i];
            to[2 * i + 1] = from[plane + i];
        }
        break;
    case 4:
        for (int64_t i = 0; i < n; i++) {
            to[4 * i] = from[i];
            to[4 * i + 1] = from[plane + i];
            to[4 * i + 2] = from[2 * plane + i];
            to[4 * i + 3] = from[3 * plane + i];
        }
        break;
    default:
        for (size_t b = 0; b < size; b++)
            for (int64_t i = 0; i < n; i++)
                to[i * (int64_t)size + (int64_t)b] = from[(int64_t)b * plane + i];
    }
}

void rp_chunk_scatter(const rp_chunking *c, int64_t i, const void *shuffled,
                      const int64_t origin[3], const int64_t size[3], void *out)
{
    int64_t at[3], low[3], high[3];
    rp_chunking_origin(c, i, at);
    for (int a = 0; a < 3; a++) { /* the box in the chunk's own indices */
        low[a] = origin[a] > at[a] ? origin[a] - at[a] : 0;
        high[a] =
            origin[a] + size[a] - at[a] < c->chunk[a] ? origin[a] + size[a] - at[a] : c->chunk[a];
    }
    const int64_t plane = (int64_t)(rp_chunking_bytes(c) / c->size);
    for (int64_t z = low[0]; z < high[0]; z++)
        for (int64_t y = low[1]; y < high[1]; y++) {
            const int64_t from = (z * c->chunk[1] + y) * c->chunk[2] + low[2];
            const int64_t to =
                ((at[0] + z - origin[0]) * size[1] + at[1] + y - origin[1]) * size[2] + at[2] +
                low[2] - origin[2];
            unshuffle(high[2] - low[2], c->size, plane, (const uint8_t *)shuffled + from,
                      (uint8_t *)out + (size_t)to * c->size);
        }
}
