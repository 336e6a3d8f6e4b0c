/* lib/net/winograd/winograd_avx2.c - Winograd's loops with AVX2 and FMA: 8 lanes, 6 x 16 sums in 12
 * of 16 registers. */
#include "lib/net/winograd/winograd_priv.h"

#if defined(__AVX2__)
#include <immintrin.h>

#define LOOPS rp_winograd_avx2
#define ISA "avx2"
enum { LANES = 8, ROWS = 6 };
typedef __m256 vec;
typedef __m256d wide;

static inline vec all(float f) { return _mm256_set1_ps(f); }
static inline vec spread(const float *p) { return _mm256_broadcast_ss(p); }
static inline vec fma_(vec a, vec b, vec c) { return _mm256_fmadd_ps(a, b, c); }
static inline vec load(const float *p) { return _mm256_loadu_ps(p); }
static inline void store(float *p, vec a) { _mm256_storeu_ps(p, a); }
static inline wide low(vec a) { return _mm256_cvtps_pd(_mm256_castps256_ps128(a)); }
static inline wide high(vec a) { return _mm256_cvtps_pd(_mm256_extractf128_ps(a, 1)); }
static inline __m256i first_lanes(int n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
static inline vec load_part(const float *p, int n) { return _mm256_maskload_ps(p, first_lanes(n)); }
static inline void store_part(float *p, vec a, int n) { _mm256_maskstore_ps(p, first_lanes(n), a); }

#include "lib/net/winograd/winograd_loops.inc"
#endif
