/* io/checkpoint.c - checkpoints, written and read by one process. */
#include "io/atomic.h"
#include "io/checkpoint_priv.h"
#include "io/sys_priv.h"
#include "lib/base/text.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

enum { MAX_ENTRIES = 100000, FILE_BYTES = 4096, ENTRY_BYTES = 1024 };

struct rp_checkpoint {
    int64_t count, room;
    rp_checkpoint_entry *entry;
};

int64_t rp_checkpoint_blocks(int64_t count)
{
    return (count + RP_CHECKPOINT_BLOCK - 1) / RP_CHECKPOINT_BLOCK;
}

int64_t rp_checkpoint_bytes(int64_t entries, const rp_checkpoint_entry entry[])
{
    int64_t bytes = FILE_BYTES;
    for (int64_t i = 0; i < entries; i++)
        bytes += ENTRY_BYTES + entry[i].count * (int64_t)rp_array_size(entry[i].type) +
                 rp_checkpoint_blocks(entry[i].count) * RP_DIGEST_BYTES;
    return bytes;
}

void rp_checkpoint_digest(rp_array_type type, int64_t count, const void *data, uint8_t out[])
{
    const int64_t size = (int64_t)rp_array_size(type);
    for (int64_t b = 0; b < rp_checkpoint_blocks(count); b++) {
        const int64_t first = b * RP_CHECKPOINT_BLOCK, left = count - first;
        const int64_t n = left < RP_CHECKPOINT_BLOCK ? left : RP_CHECKPOINT_BLOCK;
        rp_digest_bytes(NULL, (size_t)(n * size), (const char *)data + first * size,
                        out + b * RP_DIGEST_BYTES);
    }
}

static rp_status make_dataset(hid_t file, const char *folder, const char *name, hid_t type,
                              int64_t count)
{
    RP_AUTOFREE char *path = NULL;
    RP_TRY(rp_format(&path, "/%s/%s", folder, name));
    RP_TRY(rp_h5_groups(file, path));
    RP_H5_AUTO dcpl = H5Pcreate(H5P_DATASET_CREATE);
    RP_H5(dcpl, RP_EIO, "properties of a dataset");
    RP_H5(H5Pset_obj_track_times(dcpl, false), RP_EIO, "HDF5 times");
    /* Room is taken now, by one process: creating through MPI-IO would undo the reservation. */
    RP_H5(H5Pset_alloc_time(dcpl, H5D_ALLOC_TIME_EARLY), RP_EIO, "room of a dataset");
    RP_H5(H5Pset_fill_time(dcpl, H5D_FILL_TIME_NEVER), RP_EIO, "fill of a dataset");
    RP_H5_AUTO space = H5Screate_simple(1, &(hsize_t){(hsize_t)count}, NULL);
    RP_H5(space, RP_EARG, "'%s' of %" PRId64 " elements", path, count);
    RP_H5_AUTO dataset = H5Dcreate2(file, path, type, space, H5P_DEFAULT, dcpl, H5P_DEFAULT);
    RP_H5(dataset, RP_EARG, "'%s' cannot be made", path);
    return RP_OK;
}

static rp_status make_datasets(const char *path, int64_t entries, const rp_checkpoint_entry entry[])
{
    RP_H5_SCOPE;
    RP_H5_AUTO fapl = -1;
    RP_H5_AUTO file = -1;
    RP_TRY(rp_h5_access(&fapl));
    RP_TRY(rp_h5_file_new(path, fapl, &file));
    for (int64_t i = 0; i < entries; i++) {
        const rp_checkpoint_entry *e = &entry[i];
        RP_NEED(*e->name && !strchr(e->name, '/') && strcmp(e->name, ".") != 0 && e->count >= 0,
                RP_EARG, "entry '%s' of %" PRId64 " elements", e->name, e->count);
        RP_TRY(make_dataset(file, "data", e->name, rp_h5_array_type(e->type), e->count));
        RP_TRY(make_dataset(file, "digests", e->name, H5T_STD_U8LE,
                            rp_checkpoint_blocks(e->count) * RP_DIGEST_BYTES));
    }
    RP_H5(H5Fclose(rp_h5_take(&file)), RP_EIO, "'%s' cannot be closed", path);
    return RP_OK;
}

/* Takes the disk's room for the whole file: a full disk is known before anything is written. */
static rp_status reserve(const char *path)
{
    RP_AUTOCLOSE int fd = open(path, O_RDWR | O_CLOEXEC);
    RP_SYS(fd >= 0, "'%s' cannot be opened again", path);
    const off_t size = lseek(fd, 0, SEEK_END);
    RP_SYS(size >= 0, "'%s' cannot be measured", path);
    const int err = posix_fallocate(fd, 0, size);
    /* Some file systems cannot reserve: they say so, and the writes will tell. */
    errno = err;
    RP_SYS(err == 0 || err == EOPNOTSUPP || err == EINVAL, "'%s': %jd bytes cannot be reserved",
           path, (intmax_t)size);
    return RP_OK;
}

rp_status rp_checkpoint_create(const char *path, int64_t entries, const rp_checkpoint_entry entry[])
{
    RP_TRY(make_datasets(path, entries, entry));
    return reserve(path);
}

rp_status rp_checkpoint_dataset(hid_t file, const char *folder, const char *name, hid_t *out)
{
    RP_AUTOFREE char *path = NULL;
    RP_TRY(rp_format(&path, "/%s/%s", folder, name));
    const hid_t dataset = H5Dopen2(file, path, H5P_DEFAULT);
    RP_H5(dataset, RP_EDATA, "'%s' cannot be opened", path);
    *out = dataset;
    return RP_OK;
}

static rp_status write_entry(hid_t file, const rp_checkpoint_entry *e)
{
    RP_H5_AUTO data = -1;
    RP_H5_AUTO digests = -1;
    RP_AUTOFREE uint8_t *digest = NULL;
    if (e->count == 0) return RP_OK;
    RP_TRY(rp_alloc_raw(rp_checkpoint_blocks(e->count), RP_DIGEST_BYTES, &digest));
    rp_checkpoint_digest(e->type, e->count, e->data, digest);
    RP_TRY(rp_checkpoint_dataset(file, "data", e->name, &data));
    RP_TRY(rp_checkpoint_dataset(file, "digests", e->name, &digests));
    RP_H5(H5Dwrite(data, rp_h5_array_type(e->type), H5S_ALL, H5S_ALL, H5P_DEFAULT, e->data), RP_EIO,
          "'%s' cannot be written", e->name);
    RP_H5(H5Dwrite(digests, H5T_STD_U8LE, H5S_ALL, H5S_ALL, H5P_DEFAULT, digest), RP_EIO,
          "digests of '%s' cannot be written", e->name);
    return RP_OK;
}

static rp_status write_entries(const char *path, int64_t entries, const rp_checkpoint_entry entry[])
{
    RP_H5_SCOPE;
    RP_H5_AUTO fapl = -1;
    RP_TRY(rp_h5_access(&fapl));
    RP_H5_AUTO file = H5Fopen(path, H5F_ACC_RDWR, fapl);
    RP_H5(file, RP_EIO, "'%s' cannot be opened again", path);
    for (int64_t i = 0; i < entries; i++) RP_TRY(write_entry(file, &entry[i]));
    RP_H5(H5Fclose(rp_h5_take(&file)), RP_EIO, "'%s' cannot be closed", path);
    return RP_OK;
}

rp_status rp_checkpoint_write(const char *path, int64_t entries, const rp_checkpoint_entry entry[])
{
    RP_AUTOFREE char *temporary = NULL;
    RP_TRY(rp_atomic_name(path, &temporary));
    rp_status st = rp_checkpoint_create(temporary, entries, entry);
    if (st == RP_OK) st = write_entries(temporary, entries, entry);
    if (st == RP_OK) return rp_atomic_finish(temporary, path);
    (void)unlink(temporary);
    return rp_error_within(st, "checkpoint '%s' (%" PRId64 " bytes)", path,
                           rp_checkpoint_bytes(entries, entry));
}

void rp_checkpoint_drop(rp_checkpoint **c)
{
    if (!*c) return;
    for (int64_t i = 0; i < (*c)->count; i++) {
        rp_free((void *)(uintptr_t)(*c)->entry[i].name);
        rp_free((void *)(uintptr_t)(*c)->entry[i].data);
    }
    rp_free((*c)->entry);
    rp_free(*c);
    *c = NULL;
}

static herr_t add_name(hid_t group, const char *name, const H5L_info_t *info, void *arg)
{
    rp_checkpoint *c = arg;
    char *copy;
    (void)group;
    (void)info;
    if (c->count >= MAX_ENTRIES ||
        rp_grow(c->count + 1, sizeof *c->entry, &c->room, &c->entry) != RP_OK ||
        rp_copy_text(name, &copy) != RP_OK)
        return -1;
    c->entry[c->count++] = (rp_checkpoint_entry){.name = copy};
    return 0;
}

static rp_status find_shape(hid_t data, rp_checkpoint_entry *e)
{
    RP_H5_AUTO type = H5Dget_type(data);
    RP_H5_AUTO space = H5Dget_space(data);
    hsize_t n;
    RP_NEED(H5Sget_simple_extent_ndims(space) == 1 &&
                H5Sget_simple_extent_dims(space, &n, NULL) == 1 && n < (hsize_t)1 << 40,
            RP_EDATA, "shape of '%s'", e->name);
    e->count = (int64_t)n;
    for (int t = 0; t < RP_ARRAY_TYPE_COUNT; t++)
        if (H5Tequal(type, rp_h5_array_type((rp_array_type)t)) > 0) {
            e->type = (rp_array_type)t;
            return RP_OK;
        }
    RP_FAIL(RP_EDATA, "type of '%s'", e->name);
}

static rp_status check_digests(hid_t file, const rp_checkpoint_entry *e)
{
    RP_H5_AUTO digests = -1;
    RP_AUTOFREE uint8_t *want = NULL;
    RP_AUTOFREE uint8_t *have = NULL;
    const int64_t blocks = rp_checkpoint_blocks(e->count);
    RP_TRY(rp_alloc(blocks, RP_DIGEST_BYTES, &want));
    RP_TRY(rp_alloc(blocks, RP_DIGEST_BYTES, &have));
    RP_TRY(rp_checkpoint_dataset(file, "digests", e->name, &digests));
    RP_H5_AUTO space = H5Dget_space(digests);
    RP_NEED(H5Sget_simple_extent_npoints(space) == blocks * RP_DIGEST_BYTES, RP_EDATA,
            "digests of '%s'", e->name);
    RP_H5(H5Dread(digests, H5T_STD_U8LE, H5S_ALL, H5S_ALL, H5P_DEFAULT, want), RP_EDATA,
          "digests of '%s'", e->name);
    rp_checkpoint_digest(e->type, e->count, e->data, have);
    for (int64_t b = 0; b < blocks; b++)
        RP_NEED(memcmp(want + b * RP_DIGEST_BYTES, have + b * RP_DIGEST_BYTES, RP_DIGEST_BYTES) ==
                    0,
                RP_EDATA, "block %" PRId64 " of '%s' is damaged", b, e->name);
    return RP_OK;
}

static rp_status read_entry(hid_t file, int64_t file_bytes, rp_checkpoint_entry *e)
{
    RP_H5_AUTO data = -1;
    void *bytes;
    RP_TRY(rp_checkpoint_dataset(file, "data", e->name, &data));
    RP_TRY(find_shape(data, e));
    RP_NEED(e->count <= file_bytes / (int64_t)rp_array_size(e->type), RP_EDATA,
            "'%s' of %" PRId64 " elements is larger than its file", e->name, e->count);
    RP_TRY(rp_alloc(e->count, rp_array_size(e->type), &bytes));
    e->data = bytes;
    if (e->count == 0) return RP_OK;
    RP_H5(H5Dread(data, rp_h5_array_type(e->type), H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes), RP_EDATA,
          "'%s' cannot be read", e->name);
    return check_digests(file, e);
}

static rp_status read_all(const char *path, rp_checkpoint *c)
{
    rp_path_info info;
    RP_TRY(rp_path_look(path, true, &info));
    RP_NEED(info.kind != RP_PATH_NONE, RP_ENONE, "it is not there");
    RP_H5_SCOPE;
    RP_H5_AUTO fapl = -1;
    RP_TRY(rp_h5_access(&fapl));
    RP_H5_AUTO file = H5Fopen(path, H5F_ACC_RDONLY, fapl);
    RP_H5(file, RP_EDATA, "it cannot be opened");
    RP_H5_AUTO group = H5Gopen2(file, "/data", H5P_DEFAULT);
    RP_H5(group, RP_EDATA, "no data");
    RP_H5(H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, NULL, add_name, c), RP_EDATA, "names");
    for (int64_t i = 0; i < c->count; i++) RP_TRY(read_entry(file, info.bytes, &c->entry[i]));
    return RP_OK;
}

rp_status rp_checkpoint_read(const char *path, rp_checkpoint **out)
{
    RP_AUTO(rp_checkpoint) c = NULL;
    RP_TRY(rp_alloc(1, sizeof *c, &c));
    RP_TRY_IN(read_all(path, c), "checkpoint '%s'", path);
    *out = RP_TAKE(c);
    return RP_OK;
}

int64_t rp_checkpoint_entries(const rp_checkpoint *c) { return c->count; }

const rp_checkpoint_entry *rp_checkpoint_at(const rp_checkpoint *c, int64_t i)
{
    return &c->entry[i];
}

rp_status rp_checkpoint_get(const rp_checkpoint *c, const char *name, rp_array_type type,
                            const rp_checkpoint_entry **out)
{
    for (int64_t i = 0; i < c->count; i++) {
        if (strcmp(c->entry[i].name, name) != 0) continue;
        RP_NEED(c->entry[i].type == type, RP_EDATA, "entry '%s' of the checkpoint has another type",
                name);
        *out = &c->entry[i];
        return RP_OK;
    }
    RP_FAIL(RP_EDATA, "the checkpoint has no entry '%s'", name);
}
