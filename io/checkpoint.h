/* io/checkpoint.h - checkpoints: named arrays in one HDF5 file, a digest for each block of each.
 *
 * /data/NAME is one-dimensional, contiguous; /digests/NAME holds BLAKE2b-256 of each block of
 * RP_CHECKPOINT_BLOCK elements.  Metadata are checksummed by the 1.10 format. */
#pragma once
#include "io/array.h"
#include <stdbool.h>

enum { RP_CHECKPOINT_BLOCK = 65536 };

typedef struct rp_checkpoint_entry {
    const char *name; /* no '/' */
    rp_array_type type;
    int64_t count; /* elements, may be 0 */
    const void *data;
} rp_checkpoint_entry;

/* Bytes of the file that these entries make, closely: for the plan. */
int64_t rp_checkpoint_bytes(int64_t entries, const rp_checkpoint_entry entry[]);

/* Writes path atomically.  Local: one process, all data here.  Errors: RP_EARG (names), RP_ESPACE,
 * RP_EIO. */
RP_MUST rp_status rp_checkpoint_write(const char *path, int64_t entries,
                                      const rp_checkpoint_entry entry[]);

typedef struct rp_checkpoint rp_checkpoint;
/* Reads and verifies the whole file.  Owned by the caller.
 * Errors: RP_EDATA naming the entry and block that is damaged, or what else is; RP_ENONE; RP_EIO.
 */
RP_MUST rp_status rp_checkpoint_read(const char *path, rp_checkpoint **out);
void rp_checkpoint_drop(rp_checkpoint **c);
int64_t rp_checkpoint_entries(const rp_checkpoint *c);
/* By number, in byte order of names.  Lent until c is dropped. */
const rp_checkpoint_entry *rp_checkpoint_at(const rp_checkpoint *c, int64_t i);
/* By name and type.  Errors: RP_EDATA if it is not there or of another type. */
RP_MUST rp_status rp_checkpoint_get(const rp_checkpoint *c, const char *name, rp_array_type type,
                                    const rp_checkpoint_entry **out);
