/* io/checkpoint_priv.h - what serial and parallel checkpoints share. */
#pragma once
#include "io/checkpoint.h"
#include "io/h5_priv.h"
#include "lib/base/digest.h"

/* Number of blocks of an entry. */
int64_t rp_checkpoint_blocks(int64_t count);
/* Makes the file with all its datasets, their room taken, nothing written.  Under no lock. */
RP_MUST rp_status rp_checkpoint_create(const char *path, int64_t entries,
                                       const rp_checkpoint_entry entry[]);
/* Digests of the blocks of count elements: out [blocks][RP_DIGEST_BYTES]. */
void rp_checkpoint_digest(rp_array_type type, int64_t count, const void *data, uint8_t out[]);
/* Opens "/data/NAME" or "/digests/NAME".  Under the lock. */
RP_MUST rp_status rp_checkpoint_dataset(hid_t file, const char *folder, const char *name,
                                        hid_t *out);
