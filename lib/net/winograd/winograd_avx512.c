/* lib/net/winograd/winograd_avx512.c - Winograd tiles with AVX-512: 16 channels at a time.
 *
 * Voxels outside the grid are masked out: read as zeros, never written.  Products use FMA; each sum
 * runs over its channels (or tiles) in order, so neither strips nor threads bear on its bits. */
#include "lib/net/winograd/winograd_priv.h"

#if defined(__AVX512F__)
#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))

/* First voxel of a tile's outputs. */
static void tile_at(const rp_tiles *g, int64_t tile, int64_t at[3])
{
    at[0] = tile / (g->tiles[1] * g->tiles[2]) * (g->deep ? 2 : 1);
    at[1] = tile / g->tiles[2] % g->tiles[1] * 2;
    at[2] = tile % g->tiles[2] * 2;
}

/* The box of voxels that a tile reads or writes: side points along y and x (and z), from `before`
 * the tile's first output on. */
typedef struct boxes {
    const rp_tiles *g;
    int side, before, depth, before_z;
    int64_t stride;                       /* floats a voxel */
    int64_t relative[RP_WINOGRAD_POINTS]; /* floats from the box's first voxel to each point */
    int64_t
        offset[RP_WINOGRAD_POINTS]; /* of the present tile, from the tensor's data or its base */
    uint16_t inside[RP_WINOGRAD_POINTS]; /* masks: all lanes or none */
} boxes;

static boxes boxes_of(const rp_tiles *g, int side, int before, int64_t stride)
{
    boxes b = {.g = g,
               .side = side,
               .before = before,
               .depth = g->deep ? side : 1,
               .before_z = g->deep ? before : 0,
               .stride = stride};
    for (int i = 0; i < b.depth * side * side; i++)
        b.relative[i] =
            ((i / (side * side) * g->n[1] + i / side % side) * g->n[2] + i % side) * stride;
    return b;
}

/* Moves on to a tile; returns floats from the tensor's data to what offsets count from.  Points
 * outside the grid get offset 0, which is not looked at. */
static int64_t move(boxes *b, int64_t tile)
{
    const rp_tiles *g = b->g;
    int64_t at[3];
    tile_at(g, tile, at);
    at[0] -= b->before_z;
    at[1] -= b->before;
    at[2] -= b->before;
    const int points = b->depth * b->side * b->side;
    const int64_t base = ((at[0] * g->n[1] + at[1]) * g->n[2] + at[2]) * b->stride;
    if (at[0] >= 0 && at[0] + b->depth <= g->n[0] && at[1] >= 0 && at[1] + b->side <= g->n[1] &&
        at[2] >= 0 && at[2] + b->side <= g->n[2]) {
        for (int i = 0; i < points; i++) b->offset[i] = b->relative[i];
        for (int i = 0; i < points; i++) b->inside[i] = 0xffff;
        return base;
    }
    for (int i = 0; i < points; i++) {
        const int64_t z = at[0] + i / (b->side * b->side), y = at[1] + i / b->side % b->side;
        const int64_t x = at[2] + i % b->side;
        const bool in = z >= 0 && z < g->n[0] && y >= 0 && y < g->n[1] && x >= 0 && x < g->n[2];
        b->offset[i] = in ? base + b->relative[i] : 0;
        b->inside[i] = in ? 0xffff : 0;
    }
    return 0;
}

/* The lanes of channels c..c + 15 that exist. */
static __mmask16 lanes(int64_t channels, int64_t c)
{
    const int64_t left = channels > c ? channels - c : 0;
    return (__mmask16)(left >= 16 ? 0xffffu : (1u << left) - 1);
}

/* B^T of four, in place with a stride. */
INLINE void forward4(__m512 *d, int s)
{
    const __m512 d0 = d[0], d1 = d[s], d2 = d[2 * s], d3 = d[3 * s];
    d[0] = _mm512_sub_ps(d0, d2);
    d[s] = _mm512_add_ps(d1, d2);
    d[2 * s] = _mm512_sub_ps(d2, d1);
    d[3 * s] = _mm512_sub_ps(d1, d3);
}

/* A^T of four into two, in place. */
INLINE void inverse4(__m512 *m, int s)
{
    const __m512 m0 = m[0], m1 = m[s], m2 = m[2 * s], m3 = m[3 * s];
    m[0] = _mm512_add_ps(_mm512_add_ps(m0, m1), m2);
    m[s] = _mm512_sub_ps(_mm512_sub_ps(m1, m2), m3);
}

/* A of two into four, in place. */
INLINE void adjoint4(__m512 *y, int s)
{
    const __m512 y0 = y[0], y1 = y[s];
    y[s] = _mm512_add_ps(y0, y1);
    y[2 * s] = _mm512_sub_ps(y0, y1);
    y[3 * s] = _mm512_sub_ps(_mm512_setzero_ps(), y1);
}

/* 16 channels of one tile. */
INLINE void input16(bool deep, const int64_t offset[], const uint16_t inside[], const float *x,
                    __mmask16 mask, float *v, int64_t point)
{
    __m512 plane[16], all[RP_WINOGRAD_POINTS];
    const int depth = deep ? 4 : 1;
    for (int z = 0; z < depth; z++) {
        for (int i = 0; i < 16; i++)
            plane[i] = _mm512_maskz_loadu_ps((__mmask16)(inside[z * 16 + i] & mask),
                                             x + offset[z * 16 + i]);
        for (int i = 0; i < 4; i++) forward4(plane + 4 * i, 1);
        for (int i = 0; i < 4; i++) forward4(plane + i, 4);
        for (int i = 0; i < 16; i++) all[z * 16 + i] = plane[i];
    }
    for (int i = 0; i < 16; i++) {
        if (deep) forward4(all + i, 16);
        for (int z = 0; z < depth; z++) _mm512_storeu_ps(v + (z * 16 + i) * point, all[z * 16 + i]);
    }
}

void rp_winograd_input_avx512(const rp_tiles *g, int64_t first, int64_t count, int64_t channels,
                              const float *x, int64_t xs, const rp_points *v)
{
    boxes b = boxes_of(g, 4, 1, xs);
    for (int64_t t = 0; t < count; t++) {
        const float *from = x + move(&b, first + t);
        float *to = v->data + t * v->width;
        for (int64_t c = 0; c < v->width; c += 16) {
            const __mmask16 mask = lanes(channels, c);
            if (g->deep)
                input16(true, b.offset, b.inside, from + c, mask, to + c, v->point);
            else
                input16(false, b.offset, b.inside, from + c, mask, to + c, v->point);
        }
    }
}

INLINE void adjoint16(bool deep, const int64_t offset[], const uint16_t inside[], const float *dy,
                      __mmask16 mask, float *to, int64_t point)
{
    __m512 all[RP_WINOGRAD_POINTS];
    const int depth = deep ? 2 : 1, depth_out = deep ? 4 : 1;
    for (int z = 0; z < depth; z++) {
        __m512 *plane = all + z * 16;
        for (int i = 0; i < 4; i++)
            plane[i / 2 * 4 + i % 2] = _mm512_maskz_loadu_ps((__mmask16)(inside[z * 4 + i] & mask),
                                                             dy + offset[z * 4 + i]);
        for (int i = 0; i < 2; i++) adjoint4(plane + 4 * i, 1);
        for (int i = 0; i < 4; i++) adjoint4(plane + i, 4);
    }
    for (int i = 0; i < 16; i++) {
        if (deep) adjoint4(all + i, 16);
        for (int z = 0; z < depth_out; z++)
            _mm512_storeu_ps(to + (z * 16 + i) * point, all[z * 16 + i]);
    }
}

void rp_winograd_adjoint_avx512(const rp_tiles *g, int64_t first, int64_t count, int64_t channels,
                                const float *dy, int64_t ys, const rp_points *z)
{
    boxes b = boxes_of(g, 2, 0, ys);
    for (int64_t t = 0; t < count; t++) {
        const float *from = dy + move(&b, first + t);
        float *to = z->data + t * z->width;
        for (int64_t c = 0; c < z->width; c += 16) {
            const __mmask16 mask = lanes(channels, c);
            if (g->deep)
                adjoint16(true, b.offset, b.inside, from + c, mask, to + c, z->point);
            else
                adjoint16(false, b.offset, b.inside, from + c, mask, to + c, z->point);
        }
    }
}

INLINE void output16(bool deep, const int64_t offset[], const uint16_t inside[], const float *m,
                     int64_t point, __m512 bias, bool add, __mmask16 mask, float *y)
{
    __m512 all[RP_WINOGRAD_POINTS];
    const int depth = deep ? 4 : 1, depth_out = deep ? 2 : 1;
    for (int i = 0; i < 16; i++) {
        for (int z = 0; z < depth; z++) all[z * 16 + i] = _mm512_loadu_ps(m + (z * 16 + i) * point);
        if (deep) inverse4(all + i, 16);
    }
    for (int z = 0; z < depth_out; z++) {
        __m512 *plane = all + z * 16;
        for (int i = 0; i < 4; i++) inverse4(plane + i, 4);
        for (int i = 0; i < 2; i++) inverse4(plane + 4 * i, 1);
        for (int i = 0; i < 4; i++) {
            float *to = y + offset[z * 4 + i];
            const __mmask16 k = (__mmask16)(inside[z * 4 + i] & mask);
            __m512 r = _mm512_add_ps(plane[i / 2 * 4 + i % 2], bias);
            if (add) r = _mm512_add_ps(_mm512_maskz_loadu_ps(k, to), r);
            _mm512_mask_storeu_ps(to, k, r);
        }
    }
}

void rp_winograd_output_avx512(const rp_tiles *g, int64_t first, int64_t count, int64_t channels,
                               const rp_points *m, const float *bias, bool add, float *y,
                               int64_t ys)
{
    boxes b = boxes_of(g, 2, 0, ys);
    for (int64_t t = 0; t < count; t++) {
        float *to = y + move(&b, first + t);
        const float *from = m->data + t * m->width;
        for (int64_t c = 0; c < channels; c += 16) {
            const __mmask16 mask = lanes(channels, c);
            const __m512 k = bias ? _mm512_maskz_loadu_ps(mask, bias + c) : _mm512_setzero_ps();
            if (g->deep)
                output16(true, b.offset, b.inside, from + c, m->point, k, add, mask, to + c);
            else
                output16(false, b.offset, b.inside, from + c, m->point, k, add, mask, to + c);
        }
    }
}

/* rows x 32 accumulators: row r's factor of step k is v[r * row + k * step]. */
INLINE void block(int rows, int64_t k, const float *v, int64_t row, int64_t step, const float *u,
                  int64_t us, float *m, int64_t mw, bool add)
{
    __m512 a[RP_WINOGRAD_ROWS][2];
    for (int r = 0; r < rows; r++)
        for (int j = 0; j < 2; j++)
            a[r][j] = add ? _mm512_loadu_ps(m + r * mw + 16 * j) : _mm512_setzero_ps();
    for (int64_t i = 0; i < k; i++) {
        const __m512 u0 = _mm512_loadu_ps(u + i * us), u1 = _mm512_loadu_ps(u + i * us + 16);
        for (int r = 0; r < rows; r++) {
            const __m512 f = _mm512_set1_ps(v[r * row + i * step]);
            a[r][0] = _mm512_fmadd_ps(f, u0, a[r][0]);
            a[r][1] = _mm512_fmadd_ps(f, u1, a[r][1]);
        }
    }
    for (int r = 0; r < rows; r++)
        for (int j = 0; j < 2; j++) _mm512_storeu_ps(m + r * mw + 16 * j, a[r][j]);
}

/* The same with a number of rows that the compiler knows. */
INLINE void block_of(int64_t rows, int64_t k, const float *v, int64_t row, int64_t step,
                     const float *u, int64_t us, float *m, int64_t mw, bool add)
{
    if (rows >= RP_WINOGRAD_ROWS) {
        block(12, k, v, row, step, u, us, m, mw, add);
        return;
    }
    for (; rows >= 4; rows -= 4, v += 4 * row, m += 4 * mw)
        block(4, k, v, row, step, u, us, m, mw, add);
    for (; rows >= 1; rows--, v += row, m += mw) block(1, k, v, row, step, u, us, m, mw, add);
}

void rp_winograd_product_avx512(int64_t rows, int64_t k, const float *v, int64_t vw, int64_t panels,
                                const float *u, float *m, int64_t mw)
{
    for (int64_t p = 0; p < panels; p++)
        for (int64_t r = 0; r < rows; r += RP_WINOGRAD_ROWS)
            block_of(rows - r, k, v + r * vw, vw, 1, u + p * k * RP_WINOGRAD_COLUMNS,
                     RP_WINOGRAD_COLUMNS, m + r * mw + p * RP_WINOGRAD_COLUMNS, mw, false);
}

void rp_winograd_outer_avx512(int64_t rows, int64_t tiles, const float *v, int64_t vw,
                              const float *z, int64_t zw, float *s)
{
    for (int64_t c = 0; c < zw; c += RP_WINOGRAD_COLUMNS)
        for (int64_t r = 0; r < rows; r += RP_WINOGRAD_ROWS)
            block_of(rows - r, tiles, v + r, 1, vw, z + c, zw, s + r * zw + c, zw, true);
}
#endif
