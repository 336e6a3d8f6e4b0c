/* lib/net/kernels_priv.h - what the kernel rows share. */
#pragma once
#include "lib/net/kernels.h"

rp_status rp_onednn_plan(rp_op op, const rp_conv_shape *shape, int threads, rp_kernel **out);
void rp_onednn_version(char out[], size_t size);
rp_status rp_winograd_plan(rp_op op, const rp_conv_shape *shape, int threads, rp_kernel **out);
rp_status rp_winograd_avx2_plan(rp_op op, const rp_conv_shape *shape, int threads, rp_kernel **out);
rp_status rp_winograd_plain_plan(rp_op op, const rp_conv_shape *shape, int threads,
                                 rp_kernel **out);
void rp_winograd_version(char out[], size_t size);
rp_status rp_direct_plan(rp_op op, const rp_conv_shape *shape, int threads, rp_kernel **out);
rp_status rp_direct_avx2_plan(rp_op op, const rp_conv_shape *shape, int threads, rp_kernel **out);
rp_status rp_direct_plain_plan(rp_op op, const rp_conv_shape *shape, int threads, rp_kernel **out);
void rp_direct_version(char out[], size_t size);
rp_status rp_blas_plan(rp_op op, const rp_conv_shape *shape, int threads, rp_kernel **out);
void rp_blas_version(char out[], size_t size);
rp_status rp_reference_plan(rp_op op, const rp_conv_shape *shape, int threads, rp_kernel **out);
void rp_reference_version(char out[], size_t size);

int64_t rp_conv_taps(const rp_conv_shape *s);
/* Weights of the map: small channels * big channels * taps. */
int64_t rp_conv_weights(const rp_conv_shape *s);
int64_t rp_grid_size(const int64_t n[3]);
/* Kernel = stride without padding: the taps of two small voxels never meet. */
bool rp_conv_is_disjoint(const rp_conv_shape *s);
/* Stride 1, odd kernel, padding that keeps the grid: the transposed map is a convolution with the
 * flipped weights. */
bool rp_conv_is_same(const rp_conv_shape *s);

/* C = A B + beta C in row-major order: C [m][n] with row length ldc, A [m][k] or, if ta, [k][m].
 * Runs in the calling thread alone. */
typedef rp_status rp_gemm(bool ta, int64_t m, int64_t n, int64_t k, const float a[], int64_t lda,
                          const float b[], int64_t ldb, float beta, float c[], int64_t ldc);

/* Operations by matrix products over gathered voxels (lib/net/matmul.c): any shape. */
rp_status rp_matmul_plan(const char *row, rp_gemm *gemm, rp_op op, const rp_conv_shape *shape,
                         int threads, rp_kernel **out);
