/* lib/base/random.c - Philox4x32-10. */
#include "lib/base/random.h"

#include <math.h>

static void mul(uint32_t a, uint32_t b, uint32_t *high, uint32_t *low)
{
    const uint64_t p = (uint64_t)a * b;
    *high = (uint32_t)(p >> 32);
    *low = (uint32_t)p;
}

void rp_philox(const uint32_t key[2], const uint32_t counter[4], uint32_t out[4])
{
    uint32_t k0 = key[0], k1 = key[1];
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    for (int round = 0; round < 10; round++) {
        uint32_t h0, l0, h1, l1;
        mul(0xD2511F53u, c0, &h0, &l0);
        mul(0xCD9E8D57u, c2, &h1, &l1);
        c0 = h1 ^ c1 ^ k0;
        c1 = l1;
        c2 = h0 ^ c3 ^ k1;
        c3 = l0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

void rp_random_start(uint64_t seed, rp_purpose purpose, uint64_t sample, rp_random *r)
{
    /* The key has 64 bits for seed and purpose: fold the seed's high word in, so that seeds below
     * 2^32 (all that a job file allows) never meet. */
    r->key[0] = (uint32_t)seed ^ ((uint32_t)(seed >> 32) * 0x9E3779B9u);
    r->key[1] = (uint32_t)purpose;
    r->counter[0] = (uint32_t)sample;
    r->counter[1] = (uint32_t)(sample >> 32);
    r->counter[2] = r->counter[3] = 0;
    r->used = 4;
}

uint32_t rp_random_u32(rp_random *r)
{
    if (r->used == 4) {
        rp_philox(r->key, r->counter, r->block);
        if (++r->counter[2] == 0) r->counter[3]++;
        r->used = 0;
    }
    return r->block[r->used++];
}

uint64_t rp_random_u64(rp_random *r)
{
    const uint64_t high = rp_random_u32(r);
    return high << 32 | rp_random_u32(r);
}

double rp_random_unit(rp_random *r) { return (double)(rp_random_u64(r) >> 11) * 0x1p-53; }

double rp_random_range(rp_random *r, double low, double high)
{
    return low + (high - low) * rp_random_unit(r);
}

int64_t rp_random_below(rp_random *r, int64_t n)
{
    const uint64_t m = (uint64_t)n, limit = UINT64_MAX - UINT64_MAX % m;
    uint64_t x;
    do x = rp_random_u64(r);
    while (x >= limit);
    return (int64_t)(x % m);
}

double rp_random_normal(rp_random *r)
{
    const double u = 1 - rp_random_unit(r), v = rp_random_unit(r);
    return sqrt(-2 * log(u)) * cos(6.283185307179586476925 * v);
}

void rp_random_permute(rp_random *r, int64_t n, int64_t order[])
{
    for (int64_t i = 0; i < n; i++) order[i] = i;
    for (int64_t i = n - 1; i > 0; i--) {
        const int64_t j = rp_random_below(r, i + 1), t = order[i];
        order[i] = order[j];
        order[j] = t;
    }
}
