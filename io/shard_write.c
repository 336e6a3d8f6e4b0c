/* io/shard_write.c - making shards. */
#include "io/atomic.h"
#include "io/h5zstd_codec.h"
#include "io/shard_priv.h"
#include "io/sys_priv.h"

#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

struct rp_shard_writer {
    char *path, *temporary;
    hid_t file;
};

static rp_status half_type(hid_t *out)
{
    RP_H5_AUTO t = H5Tcopy(H5T_IEEE_F32LE);
    RP_H5(t, RP_EIO, "type float16");
    RP_H5(H5Tset_fields(t, 15, 10, 5, 0, 10), RP_EIO, "type float16");
    RP_H5(H5Tset_size(t, 2), RP_EIO, "type float16");
    RP_H5(H5Tset_ebias(t, 15), RP_EIO, "type float16");
    *out = rp_h5_take(&t);
    return RP_OK;
}

rp_status rp_h5_dtype(rp_dtype t, hid_t *out)
{
    hid_t id = -1;
    switch (t) {
    case RP_U8: id = H5T_STD_U8LE; break;
    case RP_I16: id = H5T_STD_I16LE; break;
    case RP_U16: id = H5T_STD_U16LE; break;
    case RP_I32: id = H5T_STD_I32LE; break;
    case RP_F32: id = H5T_IEEE_F32LE; break;
    case RP_F64: id = H5T_IEEE_F64LE; break;
    case RP_F16: return half_type(out);
    case RP_DTYPE_COUNT: break;
    }
    const hid_t copy = H5Tcopy(id);
    RP_H5(copy, RP_EIO, "type %d", (int)t);
    *out = copy;
    return RP_OK;
}

void rp_shard_writer_drop(rp_shard_writer **w)
{
    if (!*w) return;
    RP_H5_SCOPE;
    rp_h5_close_at(&(*w)->file);
    if ((*w)->temporary) (void)unlink((*w)->temporary);
    rp_free((*w)->temporary);
    rp_free((*w)->path);
    rp_free(*w);
    *w = NULL;
}

static rp_status open_new(rp_shard_writer *w)
{
    RP_H5_SCOPE;
    RP_H5_AUTO fapl = -1;
    RP_TRY(rp_h5_access(&fapl));
    RP_TRY(rp_h5_file_new(w->temporary, fapl, &w->file));
    return RP_OK;
}

rp_status rp_shard_create(const char *path, rp_shard_writer **out)
{
    RP_AUTO(rp_shard_writer) w = NULL;
    RP_TRY(rp_alloc(1, sizeof *w, &w));
    w->file = -1;
    RP_TRY(rp_copy_text(path, &w->path));
    RP_TRY(rp_atomic_name(path, &w->temporary));
    /* HDF5 keeps no errno: what cannot be made is named by a plain open first. */
    RP_AUTOCLOSE int fd = open(w->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    RP_SYS(fd >= 0, "shard '%s' cannot be made", path);
    RP_TRY(open_new(w));
    *out = RP_TAKE(w);
    return RP_OK;
}

static rp_status put_attribute(hid_t dataset, const char *name, hid_t type, int rank,
                               const hsize_t n[], const void *data)
{
    RP_H5_AUTO space = rank ? H5Screate_simple(rank, n, NULL) : H5Screate(H5S_SCALAR);
    RP_H5(space, RP_EIO, "attribute '%s'", name);
    RP_H5_AUTO a = H5Acreate2(dataset, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    RP_H5(a, RP_EARG, "attribute '%s'", name);
    RP_H5(H5Awrite(a, type, data), RP_EIO, "attribute '%s'", name);
    return RP_OK;
}

static rp_status put_text(hid_t dataset, const char *name, const char *text)
{
    RP_H5_AUTO type = H5Tcopy(H5T_C_S1);
    RP_H5(type, RP_EIO, "attribute '%s'", name);
    /* Of fixed length: texts of any length would lie in a heap without checksum. */
    RP_H5(H5Tset_size(type, *text ? strlen(text) : 1), RP_EIO, "attribute '%s'", name);
    RP_H5(H5Tset_strpad(type, H5T_STR_NULLPAD), RP_EIO, "attribute '%s'", name);
    RP_H5(H5Tset_cset(type, H5T_CSET_UTF8), RP_EIO, "attribute '%s'", name);
    return put_attribute(dataset, name, type, 0, NULL, text);
}

static rp_status put_more(hid_t dataset, int n, const rp_attribute a[])
{
    for (int i = 0; i < n; i++) {
        if (a[i].count > 0)
            RP_TRY(put_attribute(dataset, a[i].name, H5T_IEEE_F64LE, 1,
                                 (hsize_t[]){(hsize_t)a[i].count}, a[i].value));
        else
            RP_TRY(put_text(dataset, a[i].name, a[i].text));
    }
    return RP_OK;
}

static rp_status put_standard(hid_t dataset, const rp_packed *p, const rp_shard_about *about)
{
    const hsize_t three[2] = {3, 3};
    RP_TRY(put_attribute(dataset, "schema_version", H5T_STD_I32LE, 0, NULL,
                         &(int32_t){RP_SHARD_SCHEMA}));
    RP_TRY(put_text(dataset, "name", about->name ? about->name : ""));
    RP_TRY(put_text(dataset, "modality", about->modality ? about->modality : ""));
    RP_TRY(put_text(dataset, "unit", about->unit ? about->unit : ""));
    RP_TRY(put_attribute(dataset, "spacing_mm", H5T_IEEE_F64LE, 1, three, p->grid.spacing));
    RP_TRY(put_attribute(dataset, "origin_mm", H5T_IEEE_F64LE, 1, three, p->grid.origin));
    RP_TRY(put_attribute(dataset, "direction", H5T_IEEE_F64LE, 2, three, p->grid.dir));
    RP_TRY(put_attribute(dataset, "scale", H5T_IEEE_F64LE, 0, NULL, &p->scale));
    RP_TRY(put_attribute(dataset, "offset", H5T_IEEE_F64LE, 0, NULL, &p->offset));
    return put_more(dataset, about->attributes, about->attribute);
}

/* How a dataset is stored: chunks, shuffle, zstd, no times; contiguous when there is nothing in it.
 */
static rp_status layout(int rank, const hsize_t chunk[], size_t size, hid_t *out)
{
    RP_H5_AUTO dcpl = H5Pcreate(H5P_DATASET_CREATE);
    RP_H5(dcpl, RP_EIO, "properties of a dataset");
    RP_H5(H5Pset_obj_track_times(dcpl, false), RP_EIO, "HDF5 times");
    /* Attributes stay in the object's header, which has a checksum. */
    RP_H5(H5Pset_attr_phase_change(dcpl, 1000, 500), RP_EIO, "HDF5 attributes");
    if (chunk) {
        hsize_t bytes = size;
        for (int i = 0; i < rank; i++) bytes *= chunk[i];
        const unsigned cd[2] = {RP_ZSTD_LEVEL, (unsigned)bytes};
        RP_H5(H5Pset_chunk(dcpl, rank, chunk), RP_EIO, "chunks of a dataset");
        RP_H5(H5Pset_fill_time(dcpl, H5D_FILL_TIME_NEVER), RP_EIO, "fill of a dataset");
        if (size > 1) RP_H5(H5Pset_shuffle(dcpl), RP_EIO, "shuffle filter");
        RP_H5(H5Pset_filter(dcpl, RP_ZSTD_FILTER, H5Z_FLAG_MANDATORY, 2, cd), RP_EIO,
              "zstd filter");
    }
    *out = rp_h5_take(&dcpl);
    return RP_OK;
}

static rp_status make_dataset(const rp_shard_writer *w, const char *name, hid_t type, int rank,
                              const hsize_t n[], const hsize_t chunk[], hid_t *out)
{
    RP_H5_AUTO dcpl = -1;
    RP_TRY(rp_h5_groups(w->file, name));
    RP_TRY(layout(rank, chunk, H5Tget_size(type), &dcpl));
    RP_H5_AUTO space = H5Screate_simple(rank, n, NULL);
    RP_H5(space, RP_EARG, "size of dataset '%s'", name);
    RP_NEED(H5Lexists(w->file, name, H5P_DEFAULT) == 0, RP_EARG,
            "shard '%s': dataset '%s' is there already", w->path, name);
    const hid_t dataset = H5Dcreate2(w->file, name, type, space, H5P_DEFAULT, dcpl, H5P_DEFAULT);
    RP_H5(dataset, RP_EIO, "dataset '%s'", name);
    *out = dataset;
    return RP_OK;
}

static rp_status put_chunks(const rp_shard_writer *w, const char *name, hid_t dataset, int rank,
                            const rp_chunking *c, int64_t chunks, const int64_t start[],
                            const uint8_t *bytes)
{
    for (int64_t i = 0; i < chunks; i++) {
        int64_t at[3] = {0};
        hsize_t offset[3] = {0};
        rp_chunking_origin(c, i, at);
        for (int a = 0; a < rank; a++) offset[a] = (hsize_t)at[3 - rank + a];
        RP_H5(H5Dwrite_chunk(dataset, H5P_DEFAULT, 0, offset, (size_t)(start[i + 1] - start[i]),
                             bytes + start[i]),
              RP_EIO, "shard '%s': dataset '%s': %" PRId64 " bytes cannot be written", w->path,
              name, start[chunks]);
    }
    return RP_OK;
}

rp_status rp_shard_put(rp_shard_writer *w, const char *name, const rp_packed *p,
                       const rp_shard_about *about)
{
    RP_H5_SCOPE;
    RP_H5_AUTO type = -1;
    RP_H5_AUTO dataset = -1;
    rp_chunking c;
    hsize_t n[3], chunk[3];
    RP_TRY(rp_chunking_of(p->grid.n, p->chunk, rp_dtype_size(p->dtype), &c));
    RP_NEED(p->chunks == rp_chunking_total(&c), RP_EARG, "dataset '%s' of %" PRId64 " chunks", name,
            p->chunks);
    for (int a = 0; a < 3; a++) {
        n[a] = (hsize_t)c.n[a];
        chunk[a] = (hsize_t)c.chunk[a];
    }
    RP_TRY(rp_h5_dtype(p->dtype, &type));
    RP_TRY(make_dataset(w, name, type, 3, n, chunk, &dataset));
    RP_TRY_IN(put_standard(dataset, p, about), "shard '%s': dataset '%s'", w->path, name);
    return put_chunks(w, name, dataset, 3, &c, p->chunks, p->start, p->bytes);
}

/* The array as one compressed chunk. */
static rp_status pack_array(const rp_array *a, const rp_chunking *c, int64_t start[2],
                            uint8_t **bytes)
{
    RP_AUTOFREE uint8_t *plain = NULL;
    RP_AUTOFREE uint8_t *shuffled = NULL;
    const size_t n = rp_chunking_bytes(c), bound = rp_zstd_bound(n);
    RP_TRY(rp_alloc_raw((int64_t)n, 1, &plain));
    RP_TRY(rp_alloc_raw((int64_t)n, 1, &shuffled));
    RP_TRY(rp_alloc_raw((int64_t)bound, 1, bytes));
    rp_chunk_gather(c, 0, a->data, plain, shuffled);
    start[0] = 0;
    start[1] = (int64_t)rp_zstd_compress(RP_ZSTD_LEVEL, n, shuffled, bound, *bytes);
    RP_NEED(start[1] > 0, RP_EMEM, "an array of %zu bytes cannot be compressed", n);
    return RP_OK;
}

rp_status rp_shard_put_array(rp_shard_writer *w, const char *name, const rp_array *a,
                             int attributes, const rp_attribute attribute[])
{
    RP_H5_SCOPE;
    RP_H5_AUTO dataset = -1;
    RP_AUTOFREE uint8_t *bytes = NULL;
    RP_NEED(a->rank == 1 || a->rank == 2, RP_EARG, "dataset '%s' of %d dimensions", name, a->rank);
    const hid_t type = rp_h5_array_type(a->type);
    const hsize_t n[2] = {(hsize_t)a->n[0], (hsize_t)a->n[1]};
    const int64_t three[3] = {1, a->rank == 2 ? a->n[0] : 1, a->rank == 2 ? a->n[1] : a->n[0]};
    if (three[1] == 0 || three[2] == 0) {
        RP_TRY(make_dataset(w, name, type, a->rank, n, NULL, &dataset));
        return put_more(dataset, attributes, attribute);
    }
    rp_chunking c;
    int64_t start[2];
    RP_TRY(rp_chunking_of(three, three, rp_array_size(a->type), &c));
    RP_TRY(pack_array(a, &c, start, &bytes));
    RP_TRY(make_dataset(w, name, type, a->rank, n, n, &dataset));
    RP_TRY_IN(put_more(dataset, attributes, attribute), "shard '%s': dataset '%s'", w->path, name);
    return put_chunks(w, name, dataset, a->rank, &c, 1, start, bytes);
}

static rp_status close_file(rp_shard_writer *w)
{
    RP_H5_SCOPE;
    const hid_t file = w->file;
    w->file = -1;
    RP_H5(H5Fclose(file), RP_EIO, "shard '%s' cannot be closed", w->path);
    return RP_OK;
}

static rp_status add_trailer(const rp_shard_writer *w)
{
    rp_shard_trailer t = {.magic = {'R', 'P', 'S', 'H', 'A', 'R', 'D', '1'}};
    rp_path_info info;
    RP_TRY(rp_path_look(w->temporary, false, &info));
    t.bytes = info.bytes;
    RP_TRY(rp_file_digest(w->temporary, t.digest));
    RP_AUTOCLOSE int fd = open(w->temporary, O_WRONLY | O_APPEND | O_CLOEXEC);
    RP_SYS(fd >= 0, "shard '%s' cannot be opened again", w->path);
    return rp_write_all(fd, w->path, sizeof t, &t);
}

rp_status rp_shard_close(rp_shard_writer **w)
{
    if (!*w) return RP_OK;
    RP_AUTO(rp_shard_writer) mine = RP_TAKE(*w);
    RP_TRY(close_file(mine));
    RP_TRY(add_trailer(mine));
    RP_TRY(rp_atomic_finish(mine->temporary, mine->path));
    rp_free(mine->temporary);
    mine->temporary = NULL;
    return RP_OK;
}
