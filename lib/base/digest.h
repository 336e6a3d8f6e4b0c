/* lib/base/digest.h - digests: BLAKE2b (plain for files, keyed for pseudonyms) and SHA-256.
 * Source: RFC 7693 (BLAKE2b), FIPS 180-4 (SHA-256), both by libsodium. */
#pragma once
#include "lib/base/mem.h"
#include <stdbool.h>

enum { RP_DIGEST_BYTES = 32, RP_DIGEST_TEXT = 65, RP_KEY_BYTES = 32 };

/* BLAKE2b-256 of a stream. */
typedef struct rp_digest rp_digest;
/* key: RP_KEY_BYTES bytes, or NULL for the plain digest. */
RP_MUST rp_status rp_digest_new(const uint8_t *key, rp_digest **out);
void rp_digest_add(rp_digest *d, size_t n, const void *bytes);
/* Ends the stream; the digest may only be dropped then. */
void rp_digest_end(rp_digest *d, uint8_t out[RP_DIGEST_BYTES]);
void rp_digest_drop(rp_digest **d);

/* BLAKE2b-256 of one block. */
void rp_digest_bytes(const uint8_t *key, size_t n, const void *bytes, uint8_t out[RP_DIGEST_BYTES]);
/* SHA-256 of one block. */
void rp_sha256(size_t n, const void *bytes, uint8_t out[RP_DIGEST_BYTES]);
/* Lower-case hexadecimal of the first n bytes; out has 2n + 1. */
void rp_hex(size_t n, const uint8_t bytes[], char out[]);
/* n bytes from hexadecimal; false if the text is anything else. */
bool rp_hex_read(const char *text, size_t n, uint8_t bytes[]);
/* Random key from the operating system, for a new key file: the one number that is not Philox's. */
void rp_key_make(uint8_t key[RP_KEY_BYTES]);
