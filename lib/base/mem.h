/* lib/base/mem.h - memory on 64-byte lines, sizes that cannot overflow, things that clean
 * themselves. */
#pragma once
#include "lib/base/status.h"
#include <stdint.h>

/* bytes = count * size.  Errors: RP_EARG if count < 0 or the product overflows size_t. */
RP_MUST rp_status rp_bytes(int64_t count, size_t size, size_t *bytes);
/* product of n counts, each >= 0.  Errors: RP_EARG on overflow or a negative count. */
RP_MUST rp_status rp_product(int n, const int64_t count[], int64_t *product);

/* count things of size bytes on a 64-byte line, zeroed.  Owned by the caller, freed by rp_free.
 * count 0 gives a pointer that may be freed.  Errors: RP_EARG (overflow), RP_EMEM. */
RP_MUST rp_status rp_alloc(int64_t count, size_t size, void *pointer_to_pointer);
/* As rp_alloc, contents undefined: for buffers that are written whole before they are read. */
RP_MUST rp_status rp_alloc_raw(int64_t count, size_t size, void *pointer_to_pointer);
/* Grows an array of *capacity things to hold at least need (doubling); keeps its contents.
 * On failure the array is as it was. */
RP_MUST rp_status rp_grow(int64_t need, size_t size, int64_t *capacity, void *pointer_to_pointer);
/* Copy of a text.  Owned by the caller. */
RP_MUST rp_status rp_copy_text(const char *text, char **out);
void rp_free(void *p);

/* RP_AUTO(rp_volume) v = NULL;  calls rp_volume_drop(&v) at the end of the scope. */
#define RP_AUTO(T) __attribute__((cleanup(T##_drop))) T *
#define RP_TAKE(p)                                                                                 \
    (__extension__({                                                                               \
        __typeof__(p) rp_p_ = (p);                                                                 \
        (p) = NULL;                                                                                \
        rp_p_;                                                                                     \
    }))
/* RP_AUTOFREE float *x = NULL;  calls rp_free(x) at the end of the scope. */
#define RP_AUTOFREE __attribute__((cleanup(rp_free_at)))
void rp_free_at(void *pointer_to_pointer);
