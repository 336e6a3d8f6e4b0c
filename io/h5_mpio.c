/* io/h5_mpio.c - HDF5 through MPI-IO: the one file of the room that sees MPI.
 *
 * A rank that fails alone still makes every collective call, with nothing to write, so that the
 * others do not wait; what failed is told by agree. */
#include "io/h5_mpio.h"
#include "io/atomic.h"
#include "io/checkpoint_priv.h"
#include "io/shard_priv.h"
#include "io/sys_priv.h"

#include <inttypes.h>
#include <mpi.h>
#include <unistd.h>

static rp_status mpi_ok(int rc, const char *what)
{
    RP_NEED(rc == MPI_SUCCESS, RP_EIO, "%s: MPI error %d", what, rc);
    return RP_OK;
}

/* Own status, or RP_EPEER if another rank failed.  Collective. */
static rp_status agree(MPI_Comm comm, rp_status mine)
{
    int failed = mine != RP_OK, any = 1;
    const rp_status st =
        mpi_ok(MPI_Allreduce(&failed, &any, 1, MPI_INT, MPI_MAX, comm), "agreement");
    if (mine != RP_OK) return mine;
    RP_TRY(st);
    RP_NEED(!any, RP_EPEER, "another rank failed in parallel HDF5");
    return RP_OK;
}

static rp_status mpio_access(MPI_Comm comm, hid_t *fapl)
{
    RP_TRY(rp_h5_access(fapl));
    RP_H5(H5Pset_fapl_mpio(*fapl, comm, MPI_INFO_NULL), RP_EIO, "MPI-IO access");
    return RP_OK;
}

static rp_status open_mpio(const char *path, MPI_Comm comm, unsigned flags, hid_t *out)
{
    RP_H5_AUTO fapl = -1;
    /* Opening is collective: all ranks come to it, or none. */
    RP_TRY(agree(comm, mpio_access(comm, &fapl)));
    const hid_t file = H5Fopen(path, flags, fapl);
    RP_H5(file, flags == H5F_ACC_RDONLY ? RP_EDATA : RP_EIO, "'%s' cannot be opened through MPI-IO",
          path);
    *out = file;
    return RP_OK;
}

rp_status rp_shard_open_mpio(const char *path, int comm, rp_shard **out)
{
    const MPI_Comm c = MPI_Comm_f2c(comm);
    rp_shard *s = NULL;
    rp_status st = agree(c, rp_shard_new(path, &s));
    if (st == RP_OK) {
        RP_H5_SCOPE;
        st = agree(c, open_mpio(path, c, H5F_ACC_RDONLY, &s->file));
        /* A file that only some ranks could open cannot be closed: closing is collective. */
        if (st != RP_OK)
            s->file = -1;
        else
            st = agree(c, rp_shard_index(s->file, s));
    }
    if (st == RP_OK)
        *out = s;
    else
        rp_shard_drop(&s);
    return st;
}

/* What one rank writes of one entry: its elements strung together, and where they go. */
typedef struct share {
    int64_t elements, blocks;
    uint8_t *data, *digest;
    hid_t data_space, digest_space; /* of the file, selected */
} share;

static void share_clear(share *s)
{
    rp_free(s->data);
    rp_free(s->digest);
    rp_h5_close_at(&s->data_space);
    rp_h5_close_at(&s->digest_space);
}

static rp_status select_more(hid_t space, int64_t first, int64_t count)
{
    const hsize_t at = (hsize_t)first, n = (hsize_t)count;
    RP_H5(H5Sselect_hyperslab(space, H5S_SELECT_OR, &at, NULL, &n, NULL), RP_EARG, "selection");
    return RP_OK;
}

static rp_status empty_space(hid_t dataset, hid_t *out)
{
    *out = H5Dget_space(dataset);
    RP_H5(*out, RP_EIO, "shape");
    RP_H5(H5Sselect_none(*out), RP_EIO, "selection");
    return RP_OK;
}

static rp_status check_part(const rp_checkpoint_entry *e, const rp_checkpoint_part *p)
{
    RP_NEED(p->first >= 0 && p->count >= 1 && p->count <= e->count - p->first &&
                p->first % RP_CHECKPOINT_BLOCK == 0 &&
                (p->count % RP_CHECKPOINT_BLOCK == 0 || p->first + p->count == e->count),
            RP_EARG, "part %" PRId64 "+%" PRId64 " of '%s' (%" PRId64 ")", p->first, p->count,
            e->name, e->count);
    return RP_OK;
}

static rp_status gather(int64_t number, const rp_checkpoint_entry *e, int64_t parts,
                        const rp_checkpoint_part part[], hid_t data, hid_t digests, share *s)
{
    const int64_t size = (int64_t)rp_array_size(e->type);
    int64_t elements = 0, blocks = 0;
    RP_TRY(empty_space(data, &s->data_space));
    RP_TRY(empty_space(digests, &s->digest_space));
    for (int64_t i = 0; i < parts; i++) {
        if (part[i].entry != number) continue;
        RP_TRY(check_part(e, &part[i]));
        elements += part[i].count;
        blocks += rp_checkpoint_blocks(part[i].count);
    }
    RP_TRY(rp_alloc_raw(elements, (size_t)size, &s->data));
    RP_TRY(rp_alloc_raw(blocks, RP_DIGEST_BYTES, &s->digest));
    for (int64_t i = 0; i < parts; i++) {
        const rp_checkpoint_part *p = &part[i];
        if (p->entry != number) continue;
        RP_TRY(select_more(s->data_space, p->first, p->count));
        RP_TRY(select_more(s->digest_space, p->first / RP_CHECKPOINT_BLOCK * RP_DIGEST_BYTES,
                           rp_checkpoint_blocks(p->count) * RP_DIGEST_BYTES));
        memcpy(s->data + s->elements * size, p->data, (size_t)(p->count * size));
        rp_checkpoint_digest(e->type, p->count, p->data, s->digest + s->blocks * RP_DIGEST_BYTES);
        s->elements += p->count;
        s->blocks += rp_checkpoint_blocks(p->count);
    }
    return RP_OK;
}

/* One collective write of n strung elements, or of none. */
static rp_status write_all(hid_t dataset, hid_t type, hid_t space, int64_t n, const void *bytes)
{
    RP_H5_AUTO dxpl = H5Pcreate(H5P_DATASET_XFER);
    const hsize_t elements = n ? (hsize_t)n : 1;
    RP_H5_AUTO memory = H5Screate_simple(1, &elements, NULL);
    if (n == 0) (void)H5Sselect_none(memory);
    (void)H5Pset_dxpl_mpio(dxpl, H5FD_MPIO_COLLECTIVE);
    static const char nothing[8];
    RP_H5(H5Dwrite(dataset, type, memory, space, dxpl, n ? bytes : nothing), RP_EIO,
          "collective write");
    return RP_OK;
}

static rp_status write_entry(hid_t file, int64_t number, const rp_checkpoint_entry *e,
                             int64_t parts, const rp_checkpoint_part part[])
{
    __attribute__((cleanup(share_clear))) share s = {.data_space = -1, .digest_space = -1};
    RP_H5_AUTO data = -1;
    RP_H5_AUTO digests = -1;
    if (e->count == 0) return RP_OK;
    RP_TRY(rp_checkpoint_dataset(file, "data", e->name, &data));
    RP_TRY(rp_checkpoint_dataset(file, "digests", e->name, &digests));
    const rp_status st = gather(number, e, parts, part, data, digests, &s);
    if (st != RP_OK) { /* join with nothing */
        s.elements = s.blocks = 0;
        if (s.data_space >= 0) (void)H5Sselect_none(s.data_space);
        if (s.digest_space >= 0) (void)H5Sselect_none(s.digest_space);
    }
    const rp_status a =
        write_all(data, rp_h5_array_type(e->type), s.data_space, s.elements, s.data);
    const rp_status b =
        write_all(digests, H5T_STD_U8LE, s.digest_space, s.blocks * RP_DIGEST_BYTES, s.digest);
    return st != RP_OK ? st : a != RP_OK ? a : b;
}

/* Datasets that open on this rank now will open again: their metadata are then in its cache. */
static rp_status try_all(hid_t file, int64_t entries, const rp_checkpoint_entry entry[])
{
    for (int64_t i = 0; i < entries; i++) {
        RP_H5_AUTO data = -1;
        RP_H5_AUTO digests = -1;
        RP_TRY(rp_checkpoint_dataset(file, "data", entry[i].name, &data));
        RP_TRY(rp_checkpoint_dataset(file, "digests", entry[i].name, &digests));
    }
    return RP_OK;
}

static rp_status write_file(const char *path, MPI_Comm comm, int64_t entries,
                            const rp_checkpoint_entry entry[], int64_t parts,
                            const rp_checkpoint_part part[])
{
    RP_H5_SCOPE;
    hid_t file = -1;
    /* A file that only some ranks could open cannot be closed: closing is collective. */
    RP_TRY(agree(comm, open_mpio(path, comm, H5F_ACC_RDWR, &file)));
    rp_status st = agree(comm, try_all(file, entries, entry));
    const bool is_open = st == RP_OK;
    for (int64_t i = 0; is_open && i < entries; i++) {
        const rp_status one = write_entry(file, i, &entry[i], parts, part);
        if (st == RP_OK) st = one;
    }
    const herr_t closed = H5Fclose(file); /* collective: always reached */
    if (st == RP_OK) RP_H5(closed, RP_EIO, "'%s' cannot be closed", path);
    return st;
}

/* The lowest rank's temporary name, on all ranks.  Owned by the caller. */
static rp_status share_name(const char *path, MPI_Comm comm, int rank, char **out)
{
    RP_AUTOFREE char *name = NULL;
    int64_t n = 0;
    rp_status st = rank == 0 ? rp_atomic_name(path, &name) : RP_OK;
    if (name) n = (int64_t)strlen(name) + 1;
    RP_TRY(agree(comm, st));
    RP_TRY(mpi_ok(MPI_Bcast(&n, 1, MPI_INT64_T, 0, comm), "name of a checkpoint"));
    if (rank != 0) st = rp_alloc(n, 1, &name);
    RP_TRY(agree(comm, st));
    RP_TRY(mpi_ok(MPI_Bcast(name, (int)n, MPI_CHAR, 0, comm), "name of a checkpoint"));
    *out = RP_TAKE(name);
    return RP_OK;
}

rp_status rp_checkpoint_write_parallel(const char *path, int comm, int64_t entries,
                                       const rp_checkpoint_entry entry[], int64_t parts,
                                       const rp_checkpoint_part part[])
{
    const MPI_Comm c = MPI_Comm_f2c(comm);
    RP_AUTOFREE char *temporary = NULL;
    int rank = 0;
    RP_TRY(mpi_ok(MPI_Comm_rank(c, &rank), "rank"));
    RP_TRY(share_name(path, c, rank, &temporary));
    rp_status st = agree(c, rank == 0 ? rp_checkpoint_create(temporary, entries, entry) : RP_OK);
    if (st == RP_OK) st = agree(c, write_file(temporary, c, entries, entry, parts, part));
    if (st != RP_OK) {
        if (rank == 0) (void)unlink(temporary);
        return rp_error_within(st, "checkpoint '%s' (%" PRId64 " bytes)", path,
                               rp_checkpoint_bytes(entries, entry));
    }
    return agree(c, rank == 0 ? rp_atomic_finish(temporary, path) : RP_OK);
}
