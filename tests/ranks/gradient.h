/* tests/ranks/gradient.h - gradients that the test and its ranks make alike, and who is void. */
#pragma once
#include "lib/base/digest.h"
#include "lib/base/random.h"
#include <math.h>
#include <string.h>

enum { PARAMS = 140001 }; /* three blocks, the last one short */

/* Magnitudes differ by 2^32 between units and parameters, so that every other order of additions
 * gives other bits. */
static inline void make_gradient(int unit, float g[])
{
    for (int i = 0; i < PARAMS; i++) {
        const uint32_t key[2] = {7, RP_RANDOM_TEST}, counter[4] = {(uint32_t)i, (uint32_t)unit, 0, 0};
        uint32_t x[4];
        rp_philox(key, counter, x);
        g[i] = ldexpf((float)(int32_t)x[0] * 0x1p-31f, (int)(x[1] % 32) - 16);
    }
}

/* Void patterns: none, every third, the first half, all but the last, all. */
enum { PATTERNS = 5 };
static inline bool unit_is_void(int pattern, int unit, int units)
{
    switch (pattern) {
    case 1: return unit % 3 == 1;
    case 2: return unit < units / 2;
    case 3: return unit != units - 1;
    case 4: return true;
    default: return false;
    }
}

/* Samples of a unit: 1 or 2. */
static inline int unit_valid(int unit)
{
    return 1 + unit % 2;
}

static inline void hash_floats(const float x[], char out[17])
{
    uint8_t digest[RP_DIGEST_BYTES];
    rp_digest_bytes(NULL, PARAMS * sizeof(float), x, digest);
    rp_hex(8, digest, out);
}
