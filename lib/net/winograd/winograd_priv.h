/* lib/net/winograd/winograd_priv.h - tiles of Winograd's convolution with kernels of 3.
 *
 * F(2, 3) makes 2 outputs of an axis from 4 inputs with 4 products (points 0, 1, -1, infinity),
 * F(4, 3) makes 4 from 6 with 6 (points 0, P, -P, Q, -Q, infinity):
 *   V = B^T d, M = sum over channels U V, y = A^T M, U = G g
 * Row i of A^T holds the points' powers p^i, row p of G is (1, p, p^2) / prod(p - q) over the other
 * points q, row p of B^T the coefficients of prod(x - q).  The usual points 1 and 2 err half as
 * much again as 5/8 and 3/2, whose products are exact in single precision too.
 * A tile has its own number of outputs along z, y and x: 4 4 4 takes 216 products for 64 voxels,
 * where the direct sum takes 1728.
 *
 * The inner loops are written once (winograd_loops.inc) and built for three instruction sets.
 * Source: A. Lavin, S. Gray, arXiv 1509.09308. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define RP_WINOGRAD_P 0.625f
#define RP_WINOGRAD_Q 1.5f

/* Most points of a tile, most columns of a panel (channels side by side in a product). */
enum { RP_WINOGRAD_POINTS = 216, RP_WINOGRAD_COLUMNS = 32 };

/* How a grid is cut in tiles. */
typedef struct rp_tiles {
    int64_t n[3];            /* voxels z y x */
    int out[3], in[3];       /* voxels that a tile writes, reads: 1 1, 2 4 or 4 6 */
    int64_t tiles[3], count; /* tiles z y x, and in all */
    int points;              /* in[0] in[1] in[2] */
} rp_tiles;

/* Arrays of points: [points][tiles of the strip][width], a point every `point` floats, a tile every
 * `width` (channels rounded up, the rest zeros). */
typedef struct rp_points {
    float *data;
    int64_t point, width;
} rp_points;

typedef struct rp_winograd_loops {
    const char *isa;
    int lanes, columns, rows; /* of a vector, of a panel, of a block of a product */

    /* Channels c..c + n - 1, a multiple of lanes but for the last, of tiles first..first + count -
     * 1 of x (channels last, voxel stride xs; x and v->data stand at c already) become V. */
    void (*input)(const rp_tiles *g, int64_t first, int64_t count, int64_t n, const float *x,
                  int64_t xs, const rp_points *v);
    /* The adjoint of the output transform: tiles of dy become Z. */
    void (*adjoint)(const rp_tiles *g, int64_t first, int64_t count, int64_t n, const float *dy,
                    int64_t ys, const rp_points *z);
    /* M becomes tiles of y, plus bias if there is one, added to y if add.  sums, if not NULL (then
     * add is false and first a multiple of rows): [parts of rows tiles][2][channels] of y and y^2,
     * out; it stands at the grid's first part and at y's channel. */
    void (*output)(const rp_tiles *g, int64_t first, int64_t count, int64_t n, const rp_points *m,
                   const float *bias, bool add, float *y, int64_t ys, double *sums,
                   int64_t channels);
    /* m [rows][columns], row length mw, (+)= v [rows][vw] u [k][columns], in sums of chain steps
     * that are added in order: a sum's rounding grows with its length. */
    void (*product)(int64_t rows, int64_t k, int64_t chain, const float *v, int64_t vw,
                    const float *u, float *m, int64_t mw, bool add);
    /* s [rows][columns], row length sw, (+)= v^T z over tiles: v [tiles][vw], z [tiles][zw].  Added
     * to s tile by tile, so that it does not matter where calls divide them. */
    void (*outer)(int64_t rows, int64_t tiles, const float *v, int64_t vw, const float *z,
                  int64_t zw, float *s, int64_t sw, bool add);
} rp_winograd_loops;

/* The widest that this processor has. */
const rp_winograd_loops *rp_winograd_best(void);

extern const rp_winograd_loops rp_winograd_avx512, rp_winograd_avx2, rp_winograd_plain;

/* U = G g: kernels [z][y][x][lanes] of 3 along each axis with out > 1 become points [..][lanes]. */
void rp_winograd_weights(const rp_tiles *g, int lanes, const float *w, float *u);
/* The adjoint: points [..][lanes] become kernels [z][y][x][lanes]; u is overwritten. */
void rp_winograd_gradient(const rp_tiles *g, int lanes, float *u, float *w);
