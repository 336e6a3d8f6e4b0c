/* lib/radiomics/convolve.h - convolution with separable kernels, turned by right angles. */
#pragma once
#include "lib/base/mem.h"
#include <stdbool.h>

/* What lies beyond the image: d c b a | a b c d | d c b a is mirror; a b c | a | a b c is wrap. */
typedef enum rp_boundary {
    RP_EDGE_MIRROR,
    RP_EDGE_ZERO,
    RP_EDGE_NEAREST,
    RP_EDGE_PERIODIC,
    RP_EDGE_WRAP /* periodic, after an axis of odd length has got its first voxel once more at its
                    end: what PyRadiomics does before its wavelets */
} rp_boundary;
/* Index in 0..n-1 that stands for i, -1 for a zero. */
int64_t rp_boundary_index(int64_t i, int64_t n, rp_boundary b);

enum { RP_TAPS_MAX = 256 };
typedef struct rp_kernel {
    int count;
    double tap[RP_TAPS_MAX];
} rp_kernel;

/* y[i] = sum over j of tap[j] x[i + count / 2 - j] along one axis (0 z, 1 y, 2 x) of n[0] n[1] n[2]
 * voxels; is_flipped: the mirror image of that, which is its kernel reversed about the same place.
 * x and y must not overlap.  Errors: RP_EMEM. */
RP_MUST rp_status rp_convolve(const int64_t n[3], int axis, const rp_kernel *k, bool is_flipped,
                              rp_boundary b, const double x[], double y[]);

/* A chain of separable filters: step s has kernel[s][0] along x, [1] along y, [2] along z. */
enum { RP_CHAIN_MAX = 6 };
typedef struct rp_chain {
    int steps;
    bool is_flat; /* each slice alone: no kernel along z */
    const rp_kernel *kernel[RP_CHAIN_MAX][3];
} rp_chain;
typedef enum rp_pooling { RP_POOL_NONE, RP_POOL_MEAN, RP_POOL_MAX } rp_pooling;
/* The chain's response; with pooling over all 24 turns of its kernels by right angles (4 in
 * slices), voxel by voxel, in a fixed order.  out must not overlap in.  Errors: RP_EMEM. */
RP_MUST rp_status rp_convolve_chain(const int64_t n[3], const rp_chain *c, rp_pooling pooling,
                                    rp_boundary b, const double in[], double out[]);
