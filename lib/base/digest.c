/* lib/base/digest.c - BLAKE2b and SHA-256 by libsodium. */
#include "lib/base/digest.h"

#include <sodium.h>
#include <string.h>

struct rp_digest {
    crypto_generichash_state state;
};

rp_status rp_digest_new(const uint8_t *key, rp_digest **out)
{
    rp_digest *d;
    RP_TRY(rp_alloc(1, sizeof *d, &d));
    (void)crypto_generichash_init(&d->state, key, key ? RP_KEY_BYTES : 0, RP_DIGEST_BYTES);
    *out = d;
    return RP_OK;
}

void rp_digest_add(rp_digest *d, size_t n, const void *bytes)
{
    (void)crypto_generichash_update(&d->state, bytes, n);
}

void rp_digest_end(rp_digest *d, uint8_t out[RP_DIGEST_BYTES])
{
    (void)crypto_generichash_final(&d->state, out, RP_DIGEST_BYTES);
}

void rp_digest_drop(rp_digest **d)
{
    rp_free(*d);
    *d = NULL;
}

void rp_digest_bytes(const uint8_t *key, size_t n, const void *bytes, uint8_t out[RP_DIGEST_BYTES])
{
    (void)crypto_generichash(out, RP_DIGEST_BYTES, bytes, n, key, key ? RP_KEY_BYTES : 0);
}

void rp_sha256(size_t n, const void *bytes, uint8_t out[RP_DIGEST_BYTES])
{
    (void)crypto_hash_sha256(out, bytes, n);
}

void rp_hex(size_t n, const uint8_t bytes[], char out[])
{
    (void)sodium_bin2hex(out, 2 * n + 1, bytes, n);
}

bool rp_hex_read(const char *text, size_t n, uint8_t bytes[])
{
    size_t got;
    return strlen(text) == 2 * n && sodium_hex2bin(bytes, n, text, 2 * n, NULL, &got, NULL) == 0 &&
           got == n;
}

void rp_key_make(uint8_t key[RP_KEY_BYTES])
{
    if (sodium_init() < 0) RP_ASSERT(!"libsodium starts");
    randombytes_buf(key, RP_KEY_BYTES);
}
