/* io/shard.h - shards: one HDF5 file with many volumes, read by any HDF5 program and, chunk by
 * chunk, without HDF5.
 *
 * 1. HDF5 1.10 format (checksummed metadata), no times; datasets chunked, byte shuffle, then zstd
 *    (filter 32015) with content checksum.  The same calls give the same bytes.
 * 2. The file ends in a trailer of 48 bytes: the digest of all before it.  HDF5 programs do not see
 * it.
 * 3. Names are "/CASE/VOLUME" or deeper; groups are made as needed. */
#pragma once
#include "io/array.h"
#include "lib/base/pool.h"
#include "lib/base/text.h"
#include "lib/image/volume.h"

/* Packed chunks of one volume, in memory. */
typedef struct rp_packed {
    rp_grid grid;
    rp_dtype dtype;
    double scale, offset;
    int64_t chunk[3]; /* voxels of a chunk along z, y, x; at most the volume's */
    int64_t chunks;
    int64_t *start; /* [chunks + 1]: where a chunk's bytes start in bytes; z slowest */
    uint8_t *bytes;
} rp_packed;

/* Compresses v: chunks of the shape given (cut to the volume's), edge chunks padded with zeros.
 * The bytes do not depend on the pool.  pool NULL: on the caller.  Owned by the caller. */
RP_MUST rp_status rp_chunks_pack(const rp_volume *v, const int64_t chunk[3], rp_pool *pool,
                                 rp_packed **out);
void rp_packed_drop(rp_packed **p);
/* The volume again.  Errors: RP_EDATA naming the chunk. */
RP_MUST rp_status rp_packed_unpack(const rp_packed *p, rp_volume **out);
/* Appends p to a record; failures stay in the text.  The record has its own digest (journal). */
void rp_packed_save(const rp_packed *p, rp_text *record);
/* Reads one packed volume from the front of n bytes; used: bytes taken.  Errors: RP_EDATA. */
RP_MUST rp_status rp_packed_load(int64_t n, const void *bytes, int64_t *used, rp_packed **out);

/* ---- writing: one process, in order ---- */
typedef struct rp_shard_writer rp_shard_writer;
/* Starts path under a temporary name. */
RP_MUST rp_status rp_shard_create(const char *path, rp_shard_writer **out);
typedef struct rp_shard_about {
    const char *name, *modality, *unit; /* "CT", "CT", "HU"; NULL is "" */
    int attributes;                     /* more of them, beside the standard ones */
    const rp_attribute *attribute;
} rp_shard_about;
/* Adds a volume with its grid as attributes.  Errors: RP_EARG (name taken or not a path), RP_EIO.
 */
RP_MUST rp_status rp_shard_put(rp_shard_writer *w, const char *dataset, const rp_packed *p,
                               const rp_shard_about *about);
/* Adds a plain array (one chunk).  n may be 0. */
RP_MUST rp_status rp_shard_put_array(rp_shard_writer *w, const char *dataset, const rp_array *a,
                                     int attributes, const rp_attribute attribute[]);
/* Closes, adds the trailer, flushes, renames.  *w is NULL afterwards, whatever the result; on
 * failure nothing is left.  Errors: RP_ESPACE, RP_EIO. */
RP_MUST rp_status rp_shard_close(rp_shard_writer **w);
/* Gives up: removes the temporary file. */
void rp_shard_writer_drop(rp_shard_writer **w);

/* ---- reading ---- */
typedef struct rp_shard rp_shard;
typedef struct rp_shard_info {
    const char *dataset; /* "/CASE/VOLUME" */
    bool is_volume;      /* else an array */
    rp_grid grid;        /* volumes; n alone for arrays, leading 1s */
    rp_dtype dtype;      /* volumes */
    rp_array_type type;  /* arrays */
    int rank;            /* arrays: 1 or 2 */
    double scale, offset;
    const char *name, *modality, *unit;
    int64_t chunk[3], chunks, stored_bytes;
} rp_shard_info;

/* Opens and indexes all datasets; HDF5 is left again before it returns.  A dataset whose metadata
 * are damaged is known as such: asking for it fails, the others can be read. Errors: RP_EDATA (not
 * a shard, truncated, damaged at the root), RP_ENONE, RP_EIO. */
RP_MUST rp_status rp_shard_open(const char *path, rp_shard **out);
void rp_shard_drop(rp_shard **s);
int64_t rp_shard_datasets(const rp_shard *s);
/* By number, in byte order of names.  Lent until the shard is dropped.  Errors: RP_EDATA (damaged).
 */
RP_MUST rp_status rp_shard_at(const rp_shard *s, int64_t i, const rp_shard_info **out);
/* By name.  Errors: RP_ENONE; RP_EDATA if it or a group above it is damaged. */
RP_MUST rp_status rp_shard_dataset(const rp_shard *s, const char *dataset, int64_t *i);
/* Attributes beyond the standard ones.  Errors: RP_ENONE; RP_EDATA if it has other than count
 * numbers. */
RP_MUST rp_status rp_shard_numbers(const rp_shard *s, int64_t i, const char *name, int count,
                                   double out[]);
RP_MUST rp_status rp_shard_text(const rp_shard *s, int64_t i, const char *name, const char **out);

/* Stored values (scale not applied) of a box: out [size z][size y][size x] of the dataset's type.
 * Reads, checks and decompresses only the chunks touched, on the calling thread, without HDF5; any
 * number of threads.  Equal to rp_shard_read_hdf5 bit for bit.
 * Errors: RP_EARG (box not inside), RP_EDATA naming shard, dataset and chunk (checksum, beyond the
 * end of the file, wrong size, filter skipped), RP_EIO (a system call failed), RP_EMEM. */
RP_MUST rp_status rp_shard_read_box(const rp_shard *s, int64_t i, const int64_t origin[3],
                                    const int64_t size[3], void *out);
/* The whole volume.  Owned by the caller. */
RP_MUST rp_status rp_shard_read_volume(const rp_shard *s, int64_t i, rp_volume **out);
/* The whole array.  Owned by the caller (rp_array_drop). */
RP_MUST rp_status rp_shard_read_array(const rp_shard *s, int64_t i, rp_array **out);
/* The same box through H5Dread, under the room's lock (or through MPI-IO, see io/h5_mpio.h). */
RP_MUST rp_status rp_shard_read_hdf5(const rp_shard *s, int64_t i, const int64_t origin[3],
                                     const int64_t size[3], void *out);

/* Reads every byte.  Where the digest of the file does not fit, every chunk is decoded to find the
 * place: damage is called once for each finding, with a line that names file, dataset and chunk, or
 * says that the bytes lie outside chunks; findings counts them.  A damaged or truncated file is
 * RP_OK with findings > 0.  Errors: RP_ENONE, RP_EIO, RP_EMEM. */
typedef void rp_damage_fn(void *arg, const char *line);
RP_MUST rp_status rp_shard_verify(const char *path, rp_damage_fn *damage, void *arg,
                                  int64_t *findings);
