/* lib/net/blas/blas_rows.c - the row `blas`: matrix products by CBLAS. */
#include "lib/net/kernels_priv.h"

#include <cblas.h>
#include <limits.h>
#include <stdio.h>

static rp_status gemm(bool ta, int64_t m, int64_t n, int64_t k, const float a[], int64_t lda,
                      const float b[], int64_t ldb, float beta, float c[], int64_t ldc)
{
    RP_NEED(m <= INT_MAX && n <= INT_MAX && k <= INT_MAX && lda <= INT_MAX && ldb <= INT_MAX &&
                ldc <= INT_MAX,
            RP_EUNSUP, "matrix product that is too large for CBLAS");
    /* Debian's serial OpenBLAS shares its work memory between threads without a lock: two calls at
     * once give wrong numbers (measured).  Threads gather side by side and multiply in turn. */
#pragma omp critical(rp_blas)
    cblas_sgemm(CblasRowMajor, ta ? CblasTrans : CblasNoTrans, CblasNoTrans, (int)m, (int)n, (int)k,
                1, a, (int)lda, b, (int)ldb, beta, c, (int)ldc);
    return RP_OK;
}

rp_status rp_blas_plan(rp_op op, const rp_conv_shape *shape, int threads, rp_kernel **out)
{
    return rp_matmul_plan("blas", gemm, op, shape, threads, out);
}

void rp_blas_version(char out[], size_t size)
{
#if defined(OPENBLAS_VERSION)
    (void)snprintf(out, size, "%s, core %s", openblas_get_config(), openblas_get_corename());
#else
    (void)snprintf(out, size, "CBLAS");
#endif
}
