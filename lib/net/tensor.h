/* lib/net/tensor.h - an array of activations that kernels work on.
 *
 * Logical axes are n c d h w; in memory channels come last (n d h w c), so a voxel's channels lie
 * side by side.  A view into a wider tensor (one half of a concatenation) has a voxel stride that
 * is larger than its channels.  Only kernel rows look at the data: everybody else copies through
 * rp_tensor_read and rp_tensor_write, because the memory need not be the host's. */
#pragma once
#include "lib/base/mem.h"
#include <stdbool.h>

/* Where the data lie.  Rows for accelerators add theirs here. */
typedef enum rp_space { RP_SPACE_HOST } rp_space;

enum { RP_TENSOR_AXES = 5 };

typedef struct rp_tensor {
    rp_space space;
    int64_t shape[RP_TENSOR_AXES]; /* n c d h w, each >= 1; a 2D tensor has d = 1 */
    int64_t stride;                /* floats from a voxel to the next one, >= shape[1] */
    float *data;                   /* lent: the engine's arena or the caller's array */
} rp_tensor;

/* A dense tensor of one sample on data (n = 1, stride = channels).  Local. */
rp_tensor rp_tensor_make(float *data, int64_t channels, const int64_t size[3]);
/* Channels first, first + 1, ... of t.  Local. */
rp_tensor rp_tensor_slice(const rp_tensor *t, int64_t first, int64_t channels);
/* d h w multiplied; floats of a dense tensor of this shape. */
int64_t rp_tensor_voxels(const rp_tensor *t);
int64_t rp_tensor_count(const rp_tensor *t);

/* plain [n][c][d][h][w] into t, and back.  Local.  Bits are copied as they are.
 * Errors: RP_EUNSUP for a memory space that this build does not know. */
RP_MUST rp_status rp_tensor_write(const rp_tensor *t, const float plain[]);
RP_MUST rp_status rp_tensor_read(const rp_tensor *t, float plain[]);
