/* io/chunk_priv.h - boxes, chunks and their shuffled bytes. */
#pragma once
#include "lib/base/mem.h"
#include <stdbool.h>

enum { RP_PACKED_MAGIC = 0x4B435052 }; /* "RPCK", little endian */

/* The chunks of an array: z slowest. */
typedef struct rp_chunking {
    int64_t n[3], chunk[3], count[3];
    size_t size; /* bytes of an element */
} rp_chunking;
/* Errors: RP_EARG (sizes, chunks of 4 GiB and more). */
RP_MUST rp_status rp_chunking_of(const int64_t n[3], const int64_t chunk[3], size_t size,
                                 rp_chunking *out);
int64_t rp_chunking_total(const rp_chunking *c);
/* Bytes of a chunk before compression. */
size_t rp_chunking_bytes(const rp_chunking *c);
/* First element of chunk i. */
void rp_chunking_origin(const rp_chunking *c, int64_t i, int64_t origin[3]);

/* Chunk i of the whole array data, padded with zeros, its bytes shuffled as HDF5's filter does. */
void rp_chunk_gather(const rp_chunking *c, int64_t i, const void *data, void *plain,
                     void *shuffled);
/* Of the shuffled chunk i, what lies in the box, into the box's array. */
void rp_chunk_scatter(const rp_chunking *c, int64_t i, const void *shuffled,
                      const int64_t origin[3], const int64_t size[3], void *out);
