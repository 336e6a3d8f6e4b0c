/* lib/net/norm_act.h - instance norm with scale and shift, then leaky ReLU, in one pass.
 *
 *   xhat = (x - mean) rstd, z = gamma xhat + beta, y = z > 0 ? z : slope z
 * with mean and variance (divided by n) over the voxels of a channel, rstd = 1 / sqrt(var + eps).
 * Sums run in double over chunks of RP_NORM_CHUNK voxels (or the parts of the layer before),
 * chunks added in order: the bits do not depend on threads, nor on the instruction set but for the
 * parts.  The team is the caller's (omp_set_num_threads).
 * Source: Ulyanov et al., arXiv 1607.08022; constants as PyTorch's InstanceNorm and LeakyReLU. */
#pragma once
#include "lib/net/tensor.h"

enum { RP_NORM_CHUNK = 2048 };

typedef struct rp_norm_act {
    const float *gamma, *beta; /* [channels] */
    double slope, eps;
    float *stat; /* [3 * channels]: mean, rstd, gamma rstd; forward writes, the others read */
    /* forward: [parts][2][channels], sums of x and x^2 that came with x, to be added in order;
     * parts 0: there are none, x is read for them */
    int64_t parts;
    const double *sums;
    void *scratch; /* rp_norm_act_scratch bytes; not for rp_norm_act_again */
} rp_norm_act;

size_t rp_norm_act_scratch(int64_t voxels, int64_t channels);

/* y: out, may be x itself; y2: a second out (the same values), data NULL if not wanted.  Views are
 * possible. */
void rp_norm_act_forward(const rp_norm_act *n, const rp_tensor *x, const rp_tensor *y,
                         const rp_tensor *y2);
/* y: out, as forward made it. */
void rp_norm_act_again(const rp_norm_act *n, const rp_tensor *x, const rp_tensor *y);
/* dx, dgamma [channels], dbeta [channels]: out, overwritten; dx may be dy itself.  y is not needed.
 */
void rp_norm_act_backward(const rp_norm_act *n, const rp_tensor *x, const rp_tensor *dy,
                          const rp_tensor *dx, float dgamma[], float dbeta[]);

/* sum [channels] = sum over voxels of x; scratch as above. */
void rp_channel_sums(const rp_tensor *x, void *scratch, float sum[]);
/* to = from over all voxels and channels. */
void rp_tensor_copy(const rp_tensor *from, const rp_tensor *to);
