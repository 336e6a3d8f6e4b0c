/* io/shard_priv.h - what the writer, the index and the readers of shards share. */
#pragma once
#include "io/chunk_priv.h"
#include "io/h5_priv.h"
#include "io/shard.h"

enum { RP_SHARD_SCHEMA = 1 };

/* The last bytes of a shard; numbers little endian. */
typedef struct rp_shard_trailer {
    char magic[8]; /* "RPSHARD1" */
    int64_t bytes; /* before the trailer */
    uint8_t digest[32];
} rp_shard_trailer;

typedef struct rp_shard_place {
    int64_t at;              /* byte of the file, -1 if the chunk was never written */
    uint32_t bytes, skipped; /* filters skipped: must be 0 */
} rp_shard_place;

typedef struct rp_shard_attribute {
    char *name, *text;
    int count;
    double *value;
} rp_shard_attribute;

/* One dataset, or something that is damaged: then damage says how. */
typedef struct rp_shard_entry {
    char *dataset, *damage;
    rp_shard_info info;
    rp_chunking chunking;
    rp_shard_place *place; /* [info.chunks] */
    int attributes;
    rp_shard_attribute *attribute;
} rp_shard_entry;

struct rp_shard {
    char *path;
    int fd;
    hid_t file; /* open through MPI-IO, else -1 */
    int64_t count, room;
    rp_shard_entry *entry; /* in byte order of names */
};

/* Makes the shard's entries from an open file.  Under the lock. */
RP_MUST rp_status rp_shard_index(hid_t file, rp_shard *s);
/* A shard without a file yet.  Owned by the caller. */
RP_MUST rp_status rp_shard_new(const char *path, rp_shard **out);
/* What reading chunks needs: buffers that grow, zstd's own memory.  One a thread. */
typedef struct rp_shard_scratch {
    int64_t room, shuffled_room;
    uint8_t *stored, *shuffled;
    void *reader;
} rp_shard_scratch;
#define RP_SHARD_SCRATCH __attribute__((cleanup(rp_shard_scratch_clear))) rp_shard_scratch
void rp_shard_scratch_clear(rp_shard_scratch *s);
/* Decompresses chunk k of entry i into scratch->shuffled. */
RP_MUST rp_status rp_shard_fetch(const rp_shard *s, int64_t i, int64_t k,
                                 rp_shard_scratch *scratch);
/* File types of HDF5; owned by the caller. */
RP_MUST rp_status rp_h5_dtype(rp_dtype t, hid_t *type);
