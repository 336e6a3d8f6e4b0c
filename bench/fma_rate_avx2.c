/* bench/fma_rate_avx2.c - multiply-adds with AVX2. */
#if defined(__AVX2__)
#define NAME rp_fma_work_avx2
#define VECTOR __m256
#define LANES 8
#define SET1 _mm256_set1_ps
#define FMADD _mm256_fmadd_ps
#include "bench/fma_rate.inc"
#endif
