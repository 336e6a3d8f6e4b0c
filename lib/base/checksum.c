/* lib/base/checksum.c - a fast 64-bit checksum. */
#include "lib/base/checksum.h"

#include <endian.h>
#include <string.h>

static uint64_t mix(uint64_t lane, uint64_t word)
{
    const uint64_t x = (lane ^ word) * 0x9E3779B97F4A7C15u; /* odd: 2^64 / golden ratio */
    return x << 29 | x >> 35;
}

static uint64_t word_at(const unsigned char *p, size_t n)
{
    uint64_t w = 0;
    memcpy(&w, p, n);
    return le64toh(w);
}

uint64_t rp_checksum(size_t n, const void *bytes)
{
    const unsigned char *p = bytes;
    uint64_t lane[4] = {1, 2, 3, 4};
    size_t left = n;
    for (; left >= 32; left -= 32, p += 32)
        for (int i = 0; i < 4; i++) lane[i] = mix(lane[i], word_at(p + 8 * i, 8));
    for (int i = 0; left > 0; i++) {
        const size_t k = left < 8 ? left : 8;
        lane[i] = mix(lane[i], word_at(p, k));
        p += k;
        left -= k;
    }
    uint64_t sum = n;
    for (int i = 0; i < 4; i++) sum = mix(sum, lane[i]);
    return mix(sum, n);
}
