/* lib/net/winograd/winograd_avx512.c - Winograd's loops with AVX-512: 16 lanes, 12 x 32 sums in 24
 * of 32 registers. */
#include "lib/net/winograd/winograd_priv.h"

#if defined(__AVX512F__)
#include <immintrin.h>

#define LOOPS rp_winograd_avx512
#define ISA "avx512"
enum { LANES = 16, ROWS = 12 };
typedef __m512 vec;
typedef __m512d wide;

static inline vec all(float f) { return _mm512_set1_ps(f); }
static inline vec spread(const float *p) { return _mm512_set1_ps(*p); }
static inline vec fma_(vec a, vec b, vec c) { return _mm512_fmadd_ps(a, b, c); }
static inline vec load(const float *p) { return _mm512_loadu_ps(p); }
static inline void store(float *p, vec a) { _mm512_storeu_ps(p, a); }
static inline wide low(vec a) { return _mm512_cvtps_pd(_mm512_castps512_ps256(a)); }
static inline wide high(vec a) { return _mm512_cvtps_pd(_mm512_extractf32x8_ps(a, 1)); }
static inline __mmask16 first_lanes(int n) { return (__mmask16)((1u << n) - 1); }
static inline vec load_part(const float *p, int n)
{
    return _mm512_maskz_loadu_ps(first_lanes(n), p);
}
static inline void store_part(float *p, vec a, int n)
{
    _mm512_mask_storeu_ps(p, first_lanes(n), a);
}

#include "lib/net/winograd/winograd_loops.inc"
#endif
