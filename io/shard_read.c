/* io/shard_read.c - reading shards past HDF5: one pread and one decompression a chunk. */
#include "io/h5zstd_codec.h"
#include "io/shard_priv.h"
#include "io/sys_priv.h"

#include <inttypes.h>
#include <stdlib.h>

static rp_status open_index(rp_shard *s)
{
    RP_H5_SCOPE;
    RP_H5_AUTO fapl = -1;
    RP_TRY(rp_h5_access(&fapl));
    RP_H5_AUTO file = H5Fopen(s->path, H5F_ACC_RDONLY, fapl);
    RP_H5(file, RP_EDATA, "shard '%s' cannot be opened", s->path);
    return rp_shard_index(file, s);
}

rp_status rp_shard_open(const char *path, rp_shard **out)
{
    RP_AUTO(rp_shard) s = NULL;
    RP_TRY(rp_shard_new(path, &s));
    RP_TRY(open_index(s));
    *out = RP_TAKE(s);
    return RP_OK;
}


int64_t rp_shard_datasets(const rp_shard *s) { return s->count; }

static rp_status need_whole(const rp_shard *s, const rp_shard_entry *e)
{
    RP_NEED(!e->damage, RP_EDATA, "shard '%s': '%s' is damaged: %s", s->path, e->dataset,
            e->damage);
    return RP_OK;
}

rp_status rp_shard_at(const rp_shard *s, int64_t i, const rp_shard_info **out)
{
    RP_NEED(i >= 0 && i < s->count, RP_EARG, "shard '%s': dataset %" PRId64 " of %" PRId64, s->path,
            i, s->count);
    RP_TRY(need_whole(s, &s->entry[i]));
    *out = &s->entry[i].info;
    return RP_OK;
}

static int compare_name(const void *name, const void *entry)
{
    return strcmp(name, ((const rp_shard_entry *)entry)->dataset);
}

static const rp_shard_entry *find(const rp_shard *s, const char *name)
{
    return s->count ? bsearch(name, s->entry, (size_t)s->count, sizeof *s->entry, compare_name)
                    : NULL;
}

rp_status rp_shard_dataset(const rp_shard *s, const char *name, int64_t *i)
{
    RP_AUTOFREE char *part = NULL;
    const rp_shard_entry *e = find(s, name);
    if (e) {
        RP_TRY(need_whole(s, e));
        *i = e - s->entry;
        return RP_OK;
    }
    RP_TRY(rp_copy_text(name, &part)); /* a group above it may be what is damaged */
    for (char *cut; (cut = strrchr(part, '/')) && cut != part;) {
        *cut = 0;
        if ((e = find(s, part))) RP_TRY(need_whole(s, e));
    }
    RP_FAIL(RP_ENONE, "shard '%s': no dataset '%s'", s->path, name);
}

void rp_shard_scratch_clear(rp_shard_scratch *s)
{
    rp_free(s->stored);
    rp_free(s->shuffled);
    rp_zstd_reader_free(s->reader);
}

static rp_status prepare(rp_shard_scratch *scratch, int64_t stored, int64_t bytes)
{
    RP_TRY(rp_grow(stored, 1, &scratch->room, &scratch->stored));
    RP_TRY(rp_grow(bytes, 1, &scratch->shuffled_room, &scratch->shuffled));
    if (!scratch->reader) scratch->reader = rp_zstd_reader_new();
    RP_NEED(scratch->reader, RP_EMEM, "no memory to decompress");
    return RP_OK;
}

rp_status rp_shard_fetch(const rp_shard *s, int64_t i, int64_t k, rp_shard_scratch *scratch)
{
    const rp_shard_entry *e = &s->entry[i];
    const rp_shard_place *p = &e->place[k];
    const size_t bytes = rp_chunking_bytes(&e->chunking);
    const char *why = NULL;
    int64_t got = 0;
    if (p->at < 0)
        why = "it was never written";
    else if (p->skipped)
        why = "a filter was skipped";
    else if (p->bytes == 0 || p->bytes > rp_zstd_bound(bytes))
        why = "an impossible size";
    if (!why) {
        RP_TRY(prepare(scratch, p->bytes, (int64_t)bytes));
        RP_TRY(rp_read_at(s->fd, s->path, p->at, p->bytes, scratch->stored, &got));
        if (got < p->bytes)
            why = "it lies beyond the end of the file";
        else if (rp_zstd_expand(scratch->reader, p->bytes, scratch->stored, bytes,
                                scratch->shuffled, &why))
            return RP_OK;
    }
    RP_FAIL(RP_EDATA, "shard '%s': dataset '%s': chunk %" PRId64 " is damaged: %s", s->path,
            e->dataset, k, why);
}

static rp_status check_box(const rp_shard *s, int64_t i, const int64_t origin[3],
                           const int64_t size[3])
{
    RP_NEED(i >= 0 && i < s->count, RP_EARG, "shard '%s': dataset %" PRId64 " of %" PRId64, s->path,
            i, s->count);
    RP_TRY(need_whole(s, &s->entry[i]));
    for (int a = 0; a < 3; a++) {
        const int64_t n = s->entry[i].info.grid.n[a];
        RP_NEED(size[a] >= 1 && origin[a] >= 0 && origin[a] < n && size[a] <= n - origin[a],
                RP_EARG,
                "shard '%s': dataset '%s': box %" PRId64 "+%" PRId64 " on axis %d of %" PRId64,
                s->path, s->entry[i].dataset, origin[a], size[a], a, n);
    }
    return RP_OK;
}

rp_status rp_shard_read_box(const rp_shard *s, int64_t i, const int64_t origin[3],
                            const int64_t size[3], void *out)
{
    RP_SHARD_SCRATCH scratch = {0};
    int64_t first[3], last[3];
    RP_TRY(check_box(s, i, origin, size));
    const rp_chunking *c = &s->entry[i].chunking;
    for (int a = 0; a < 3; a++) {
        first[a] = origin[a] / c->chunk[a];
        last[a] = (origin[a] + size[a] - 1) / c->chunk[a];
    }
    for (int64_t z = first[0]; z <= last[0]; z++)
        for (int64_t y = first[1]; y <= last[1]; y++)
            for (int64_t x = first[2]; x <= last[2]; x++) {
                const int64_t k = (z * c->count[1] + y) * c->count[2] + x;
                RP_TRY(rp_shard_fetch(s, i, k, &scratch));
                rp_chunk_scatter(c, k, scratch.shuffled, origin, size, out);
            }
    return RP_OK;
}

rp_status rp_shard_read_volume(const rp_shard *s, int64_t i, rp_volume **out)
{
    RP_AUTO(rp_volume) v = NULL;
    const rp_shard_info *info;
    RP_TRY(rp_shard_at(s, i, &info));
    RP_NEED(info->is_volume, RP_EARG, "shard '%s': '%s' is no volume", s->path, info->dataset);
    RP_TRY(rp_volume_new(&info->grid, info->dtype, &v));
    v->scale = info->scale;
    v->offset = info->offset;
    RP_TRY(rp_shard_read_box(s, i, (int64_t[3]){0, 0, 0}, info->grid.n, v->data));
    *out = RP_TAKE(v);
    return RP_OK;
}

rp_status rp_shard_read_array(const rp_shard *s, int64_t i, rp_array **out)
{
    RP_AUTO(rp_array) a = NULL;
    const rp_shard_info *info;
    RP_TRY(rp_shard_at(s, i, &info));
    RP_NEED(!info->is_volume, RP_EARG, "shard '%s': '%s' is no array", s->path, info->dataset);
    RP_TRY(rp_array_new(info->type, info->rank, info->grid.n + 3 - info->rank, &a));
    if (info->chunks) RP_TRY(rp_shard_read_box(s, i, (int64_t[3]){0, 0, 0}, info->grid.n, a->data));
    *out = RP_TAKE(a);
    return RP_OK;
}

static rp_status read_selected(const rp_shard *s, hid_t file, int64_t i, const int64_t origin[3],
                               const int64_t size[3], void *out)
{
    const rp_shard_entry *e = &s->entry[i];
    const int rank = e->info.rank;
    hsize_t at[3], n[3];
    for (int a = 0; a < rank; a++) {
        at[a] = (hsize_t)origin[3 - rank + a];
        n[a] = (hsize_t)size[3 - rank + a];
    }
    RP_H5_AUTO dataset = H5Dopen2(file, e->dataset, H5P_DEFAULT);
    RP_H5(dataset, RP_EDATA, "shard '%s': dataset '%s'", s->path, e->dataset);
    RP_H5_AUTO type = H5Dget_type(dataset);
    RP_H5_AUTO from = H5Dget_space(dataset);
    RP_H5_AUTO to = H5Screate_simple(rank, n, NULL);
    RP_H5(H5Sselect_hyperslab(from, H5S_SELECT_SET, at, NULL, n, NULL), RP_EDATA,
          "shard '%s': dataset '%s'", s->path, e->dataset);
    RP_H5(H5Dread(dataset, type, to, from, H5P_DEFAULT, out), RP_EDATA, "shard '%s': dataset '%s'",
          s->path, e->dataset);
    return RP_OK;
}

rp_status rp_shard_read_hdf5(const rp_shard *s, int64_t i, const int64_t origin[3],
                             const int64_t size[3], void *out)
{
    RP_TRY(check_box(s, i, origin, size));
    RP_H5_SCOPE;
    if (s->file >= 0) return read_selected(s, s->file, i, origin, size, out);
    RP_H5_AUTO fapl = -1;
    RP_TRY(rp_h5_access(&fapl));
    RP_H5_AUTO file = H5Fopen(s->path, H5F_ACC_RDONLY, fapl);
    RP_H5(file, RP_EDATA, "shard '%s' cannot be opened", s->path);
    return read_selected(s, file, i, origin, size, out);
}
