/* lib/net/winograd/winograd_plain.c - Winograd's loops for any processor: 4 lanes that the compiler
 * maps to what there is, 4 x 8 sums, each product and sum rounded. */
#include "lib/net/winograd/winograd_priv.h"

#include <string.h>

#define LOOPS rp_winograd_plain
#define ISA "plain"
enum { LANES = 4, ROWS = 4 };
typedef float vec __attribute__((vector_size(16)));
typedef double wide __attribute__((vector_size(16)));

static inline vec all(float f) { return (vec){f, f, f, f}; }
static inline vec spread(const float *p) { return all(*p); }
static inline vec fma_(vec a, vec b, vec c) { return a * b + c; }
static inline vec load_part(const float *p, int n)
{
    vec a = {0};
    memcpy(&a, p, (size_t)n * sizeof *p);
    return a;
}
static inline wide low(vec a) { return (wide){(double)a[0], (double)a[1]}; }
static inline wide high(vec a) { return (wide){(double)a[2], (double)a[3]}; }
static inline void store_part(float *p, vec a, int n) { memcpy(p, &a, (size_t)n * sizeof *p); }
static inline vec load(const float *p) { return load_part(p, LANES); }
static inline void store(float *p, vec a) { store_part(p, a, LANES); }

#include "lib/net/winograd/winograd_loops.inc"
