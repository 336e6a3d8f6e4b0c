/* lib/net/winograd/winograd_priv.h - tiles of Winograd's convolution F(2, 3) along each axis.
 *
 * A tile of 2 outputs an axis comes from 4 inputs by 4 products instead of 6:
 *   V = B^T d, M = sum over channels U V, y = A^T M, U = G g
 *   B^T = 1 0 -1 0 | 0 1 1 0 | 0 -1 1 0 | 0 1 0 -1     A^T = 1 1 1 0 | 0 1 -1 -1
 *   G = 1 0 0 | 1/2 1/2 1/2 | 1/2 -1/2 1/2 | 0 0 1
 * in z, y and x (64 points), or in y and x alone where the kernel is flat (16 points).
 * Source: A. Lavin, S. Gray, arXiv 1509.09308. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { RP_WINOGRAD_POINTS = 64, RP_WINOGRAD_COLUMNS = 32, RP_WINOGRAD_ROWS = 12 };

/* The tiles of a grid, and a run of them. */
typedef struct rp_tiles {
    int64_t n[3];     /* voxels z y x */
    int64_t tiles[3]; /* tiles z y x */
    bool deep;        /* transforms along z too */
} rp_tiles;

/* Arrays of points: [points][tiles of the strip][width], a point every `point` floats, a tile every
 * `width` (channels rounded up to 32, the rest zeros). */
typedef struct rp_points {
    float *data;
    int64_t point, width;
} rp_points;

/* Tiles first..first + count - 1 of x (channels last, voxel stride xs) become V. */
void rp_winograd_input_avx512(const rp_tiles *g, int64_t first, int64_t count, int64_t channels,
                              const float *x, int64_t xs, const rp_points *v);
/* The adjoint of the output transform: tiles of dy become Z. */
void rp_winograd_adjoint_avx512(const rp_tiles *g, int64_t first, int64_t count, int64_t channels,
                                const float *dy, int64_t ys, const rp_points *z);
/* M becomes tiles of y (+ bias), added to y if add. */
void rp_winograd_output_avx512(const rp_tiles *g, int64_t first, int64_t count, int64_t channels,
                               const rp_points *m, const float *bias, bool add, float *y,
                               int64_t ys);
/* m [rows][mw] = v [rows][vw] u, u [panels of 32 columns][k][32]. */
void rp_winograd_product_avx512(int64_t rows, int64_t k, const float *v, int64_t vw, int64_t panels,
                                const float *u, float *m, int64_t mw);
/* s [rows][zw] += v^T z over tiles: v [tiles][vw], z [tiles][zw], zw a multiple of 32. */
void rp_winograd_outer_avx512(int64_t rows, int64_t tiles, const float *v, int64_t vw,
                              const float *z, int64_t zw, float *s);
