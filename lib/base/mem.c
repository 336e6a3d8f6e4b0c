/* lib/base/mem.c - memory on 64-byte lines. */
#include "lib/base/mem.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

rp_status rp_bytes(int64_t count, size_t size, size_t *bytes)
{
    size_t product;
    RP_NEED(count >= 0 && !__builtin_mul_overflow((uint64_t)count, size, &product), RP_EARG,
            "%" PRId64 " things of %zu bytes do not fit in memory", count, size);
    *bytes = product;
    return RP_OK;
}

rp_status rp_product(int n, const int64_t count[], int64_t *product)
{
    int64_t p = 1;
    for (int i = 0; i < n; i++)
        RP_NEED(count[i] >= 0 && !__builtin_mul_overflow(p, count[i], &p), RP_EARG,
                "size %d of %d (%" PRId64 ") makes a product that is too large", i + 1, n,
                count[i]);
    *product = p;
    return RP_OK;
}

rp_status rp_alloc_raw(int64_t count, size_t size, void *pointer_to_pointer)
{
    size_t bytes;
    RP_TRY(rp_bytes(count, size, &bytes));
    RP_NEED(bytes <= SIZE_MAX - 64, RP_EARG, "%zu bytes asked for", bytes);
    void *p = aligned_alloc(64, (bytes + 63) / 64 * 64 + (bytes == 0 ? 64 : 0));
    RP_NEED(p, RP_EMEM, "no memory for %zu bytes", bytes);
    memcpy(pointer_to_pointer, &p, sizeof p);
    return RP_OK;
}

rp_status rp_alloc(int64_t count, size_t size, void *pointer_to_pointer)
{
    void *p;
    RP_TRY(rp_alloc_raw(count, size, &p));
    memset(p, 0, (size_t)count * size);
    memcpy(pointer_to_pointer, &p, sizeof p);
    return RP_OK;
}

rp_status rp_grow(int64_t need, size_t size, int64_t *capacity, void *pointer_to_pointer)
{
    if (need <= *capacity) return RP_OK;
    const int64_t more = *capacity > INT64_MAX / 2 || *capacity * 2 < need ? need : *capacity * 2;
    const int64_t count = more < 8 ? 8 : more;
    void *old, *p;
    memcpy(&old, pointer_to_pointer, sizeof old);
    RP_TRY(rp_alloc(count, size, &p));
    if (old) memcpy(p, old, (size_t)*capacity * size);
    free(old);
    memcpy(pointer_to_pointer, &p, sizeof p);
    *capacity = count;
    return RP_OK;
}

rp_status rp_copy_text(const char *text, char **out)
{
    const size_t n = strlen(text) + 1;
    RP_TRY(rp_alloc_raw((int64_t)n, 1, out));
    memcpy(*out, text, n);
    return RP_OK;
}

void rp_free(void *p) { free(p); }

void rp_free_at(void *pointer_to_pointer)
{
    void *p;
    memcpy(&p, pointer_to_pointer, sizeof p);
    free(p);
}
