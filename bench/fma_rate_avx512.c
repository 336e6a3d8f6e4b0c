/* bench/fma_rate_avx512.c - multiply-adds with AVX-512. */
#if defined(__AVX512F__)
#define NAME rp_fma_work_avx512
#define VECTOR __m512
#define LANES 16
#define SET1 _mm512_set1_ps
#define FMADD _mm512_fmadd_ps
#include "bench/fma_rate.inc"
#endif
