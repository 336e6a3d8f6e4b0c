/* io/h5_mpio.h - HDF5 through MPI-IO.  Communicators come as MPI_Fint, an int, so that no header
 * carries MPI upwards.
 *
 * All of it belongs to the driver thread and blocks; see the runtime's page on checkpoints for why
 * that is allowed where it is used. */
#pragma once
#include "io/checkpoint.h"
#include "io/shard.h"

/* Opens a shard on all ranks of comm; boxes are then read by rp_shard_read_hdf5, independently.
 * rp_shard_drop of it is collective too.
 * Collective, same path on all ranks.  Errors: as rp_shard_open, RP_EPEER if it failed elsewhere.
 */
RP_MUST rp_status rp_shard_open_mpio(const char *path, int comm, rp_shard **out);

/* Elements [first, first + count) of an entry, held by this rank.  first and, but for the entry's
 * end, count are multiples of RP_CHECKPOINT_BLOCK. */
typedef struct rp_checkpoint_part {
    int64_t entry, first, count;
    const void *data;
} rp_checkpoint_part;

/* Writes a checkpoint of which every rank holds parts; together they cover each entry once.
 *   entry  [entries]  same on all ranks; data is not looked at
 *   part   [parts]    this rank's, ordered by entry, then first
 * The file has the same bytes as rp_checkpoint_write of the whole.  Temporary name, flush, rename.
 * Collective.  Errors: RP_ESPACE, RP_EIO (alike or RP_EPEER on the other ranks; nothing is left).
 */
RP_MUST rp_status rp_checkpoint_write_parallel(const char *path, int comm, int64_t entries,
                                               const rp_checkpoint_entry entry[], int64_t parts,
                                               const rp_checkpoint_part part[]);
