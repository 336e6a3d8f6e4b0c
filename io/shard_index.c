/* io/shard_index.c - what a shard holds, and where: read once, when it is opened. */
#include "io/h5zstd_codec.h"
#include "io/shard_priv.h"
#include "io/sys_priv.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

enum { MAX_OBJECTS = 4000000, MAX_DEPTH = 8, MAX_ATTRIBUTES = 1000, MAX_VALUES = 100000 };

typedef struct links {
    rp_status status;
    int64_t count, room;
    char **name;
    bool is_foreign; /* a soft or external link */
} links;

static void links_clear(links *l)
{
    for (int64_t i = 0; i < l->count; i++) rp_free(l->name[i]);
    rp_free(l->name);
    *l = (links){0};
}

static herr_t add_link(hid_t group, const char *name, const H5L_info_t *info, void *arg)
{
    links *l = arg;
    (void)group;
    if (info->type != H5L_TYPE_HARD) l->is_foreign = true;
    l->status = rp_grow(l->count + 1, sizeof *l->name, &l->room, &l->name);
    if (l->status == RP_OK) l->status = rp_copy_text(name, &l->name[l->count]);
    if (l->status == RP_OK) l->count++;
    return l->status == RP_OK && l->count < MAX_OBJECTS ? 0 : -1;
}

static rp_status add_entry(rp_shard *s, const char *name, rp_shard_entry **out)
{
    RP_NEED(s->count < MAX_OBJECTS, RP_EDATA, "shard '%s': more than %d objects", s->path,
            MAX_OBJECTS);
    RP_TRY(rp_grow(s->count + 1, sizeof *s->entry, &s->room, &s->entry));
    rp_shard_entry *e = &s->entry[s->count];
    *e = (rp_shard_entry){0};
    RP_TRY(rp_copy_text(name, &e->dataset));
    e->info.dataset = e->dataset;
    s->count++;
    *out = e;
    return RP_OK;
}

static rp_status find_type(hid_t dataset, rp_shard_entry *e, bool is_volume)
{
    RP_H5_AUTO type = H5Dget_type(dataset);
    RP_H5(type, RP_EDATA, "type");
    for (int t = 0; is_volume && t < RP_DTYPE_COUNT; t++) {
        RP_H5_AUTO ours = -1;
        RP_TRY(rp_h5_dtype((rp_dtype)t, &ours));
        if (H5Tequal(type, ours) <= 0) continue;
        e->info.dtype = (rp_dtype)t;
        e->chunking.size = rp_dtype_size((rp_dtype)t);
        return RP_OK;
    }
    for (int t = 0; !is_volume && t < RP_ARRAY_TYPE_COUNT; t++)
        if (H5Tequal(type, rp_h5_array_type((rp_array_type)t)) > 0) {
            e->info.type = (rp_array_type)t;
            e->chunking.size = rp_array_size((rp_array_type)t);
            return RP_OK;
        }
    RP_FAIL(RP_EDATA, "a type that shards do not have");
}

static rp_status find_shape(hid_t dataset, rp_shard_entry *e, int *rank)
{
    RP_H5_AUTO space = H5Dget_space(dataset);
    RP_H5(space, RP_EDATA, "shape");
    hsize_t n[3];
    *rank = H5Sget_simple_extent_ndims(space);
    RP_NEED(*rank >= 1 && *rank <= 3, RP_EDATA, "%d dimensions", *rank);
    RP_H5(H5Sget_simple_extent_dims(space, n, NULL), RP_EDATA, "shape");
    int64_t sides[3] = {1, 1, 1}, product;
    for (int a = 0; a < *rank; a++) sides[3 - *rank + a] = n[a] > INT64_MAX ? -1 : (int64_t)n[a];
    RP_TRY(rp_product(3, sides, &product));
    memcpy(e->info.grid.n, sides, sizeof sides);
    e->info.rank = *rank;
    return RP_OK;
}

/* Chunked by shuffle and zstd, as we write, else nothing can be read past HDF5. */
static rp_status check_filters(hid_t dcpl, size_t size)
{
    const int want = size > 1 ? 2 : 1;
    RP_NEED(H5Pget_nfilters(dcpl) == want, RP_EDATA, "other filters than shuffle and zstd");
    for (int i = 0; i < want; i++) {
        unsigned flags, config;
        size_t values = 0;
        const H5Z_filter_t id =
            H5Pget_filter2(dcpl, (unsigned)i, &flags, &values, NULL, 0, NULL, &config);
        RP_NEED(id == (i + 1 == want ? RP_ZSTD_FILTER : H5Z_FILTER_SHUFFLE), RP_EDATA,
                "filter %d where shuffle and zstd should be", (int)id);
    }
    return RP_OK;
}

static rp_status find_chunks(hid_t dataset, rp_shard_entry *e, int rank)
{
    RP_H5_AUTO dcpl = H5Dget_create_plist(dataset);
    RP_H5(dcpl, RP_EDATA, "layout");
    if (e->info.grid.n[1] == 0 || e->info.grid.n[2] == 0) return RP_OK;
    hsize_t shape[3];
    int64_t chunk[3] = {1, 1, 1};
    RP_NEED(H5Pget_layout(dcpl) == H5D_CHUNKED && H5Pget_chunk(dcpl, 3, shape) == rank, RP_EDATA,
            "it is not in chunks");
    for (int a = 0; a < rank; a++) chunk[3 - rank + a] = (int64_t)shape[a];
    RP_TRY(rp_chunking_of(e->info.grid.n, chunk, e->chunking.size, &e->chunking));
    RP_TRY(check_filters(dcpl, e->chunking.size));
    memcpy(e->info.chunk, e->chunking.chunk, sizeof e->info.chunk);
    const int64_t total = rp_chunking_total(&e->chunking);
    RP_TRY(rp_alloc(total, sizeof *e->place, &e->place));
    e->info.chunks = total;
    for (int64_t i = 0; i < total; i++) {
        int64_t at[3];
        hsize_t offset[3], bytes = 0;
        haddr_t address = HADDR_UNDEF;
        rp_chunking_origin(&e->chunking, i, at);
        for (int a = 0; a < rank; a++) offset[a] = (hsize_t)at[3 - rank + a];
        RP_H5(H5Dget_chunk_info_by_coord(dataset, offset, &e->place[i].skipped, &address, &bytes),
              RP_EDATA, "place of chunk %" PRId64, i);
        e->place[i].at = address == HADDR_UNDEF || address > INT64_MAX ? -1 : (int64_t)address;
        e->place[i].bytes = bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)bytes;
        e->info.stored_bytes += e->place[i].bytes;
    }
    return RP_OK;
}

static rp_status read_attribute(hid_t a, rp_shard_attribute *out)
{
    char name[256];
    RP_H5(H5Aget_name(a, sizeof name, name), RP_EDATA, "name of an attribute");
    RP_TRY(rp_copy_text(name, &out->name));
    RP_H5_AUTO type = H5Aget_type(a);
    RP_H5(type, RP_EDATA, "attribute '%s'", name);
    if (H5Tget_class(type) == H5T_STRING) {
        const size_t n = H5Tget_size(type);
        RP_NEED(H5Tis_variable_str(type) == 0 && n < MAX_VALUES, RP_EDATA, "text of attribute '%s'",
                name);
        RP_TRY(rp_alloc((int64_t)n + 1, 1, &out->text));
        RP_H5(H5Aread(a, type, out->text), RP_EDATA, "attribute '%s'", name);
        return RP_OK;
    }
    RP_H5_AUTO space = H5Aget_space(a);
    RP_H5(space, RP_EDATA, "attribute '%s'", name);
    const hssize_t n = H5Sget_simple_extent_npoints(space);
    RP_NEED(n >= 1 && n <= MAX_VALUES, RP_EDATA, "attribute '%s' of %lld numbers", name,
            (long long)n);
    RP_TRY(rp_alloc(n, sizeof *out->value, &out->value));
    RP_H5(H5Aread(a, H5T_NATIVE_DOUBLE, out->value), RP_EDATA, "attribute '%s'", name);
    out->count = (int)n;
    return RP_OK;
}

static rp_status read_attributes(hid_t dataset, rp_shard_entry *e)
{
    H5O_info_t info;
    RP_H5(H5Oget_info2(dataset, &info, H5O_INFO_NUM_ATTRS), RP_EDATA, "attributes");
    RP_NEED(info.num_attrs <= MAX_ATTRIBUTES, RP_EDATA, "more than %d attributes", MAX_ATTRIBUTES);
    RP_TRY(rp_alloc((int64_t)info.num_attrs, sizeof *e->attribute, &e->attribute));
    for (hsize_t i = 0; i < info.num_attrs; i++) {
        RP_H5_AUTO a =
            H5Aopen_by_idx(dataset, ".", H5_INDEX_NAME, H5_ITER_INC, i, H5P_DEFAULT, H5P_DEFAULT);
        RP_H5(a, RP_EDATA, "attribute %d", (int)i);
        e->attributes++;
        RP_TRY(read_attribute(a, &e->attribute[i]));
    }
    return RP_OK;
}

static const rp_shard_attribute *attribute(const rp_shard_entry *e, const char *name)
{
    for (int i = 0; i < e->attributes; i++)
        if (strcmp(e->attribute[i].name, name) == 0) return &e->attribute[i];
    return NULL;
}

static rp_status numbers(const rp_shard_entry *e, const char *name, int count, double out[])
{
    const rp_shard_attribute *a = attribute(e, name);
    RP_NEED(a && a->count == count, RP_EDATA, "attribute '%s' is not %d numbers", name, count);
    memcpy(out, a->value, (size_t)count * sizeof *out);
    return RP_OK;
}

static rp_status words(const rp_shard_entry *e, const char *name, const char **out)
{
    const rp_shard_attribute *a = attribute(e, name);
    RP_NEED(a && a->text, RP_EDATA, "attribute '%s' is no text", name);
    *out = a->text;
    return RP_OK;
}

static rp_status read_standard(rp_shard_entry *e)
{
    rp_shard_info *i = &e->info;
    double schema;
    RP_TRY(numbers(e, "schema_version", 1, &schema));
    RP_NEED(schema == RP_SHARD_SCHEMA, RP_EUNSUP, "schema version %g, this program reads %d",
            schema, RP_SHARD_SCHEMA);
    RP_TRY(numbers(e, "spacing_mm", 3, i->grid.spacing));
    RP_TRY(numbers(e, "origin_mm", 3, i->grid.origin));
    RP_TRY(numbers(e, "direction", 9, &i->grid.dir[0][0]));
    RP_TRY(numbers(e, "scale", 1, &i->scale));
    RP_TRY(numbers(e, "offset", 1, &i->offset));
    RP_TRY(words(e, "name", &i->name));
    RP_TRY(words(e, "modality", &i->modality));
    RP_TRY(words(e, "unit", &i->unit));
    return rp_grid_check(&i->grid, true);
}

static rp_status read_dataset(hid_t dataset, rp_shard_entry *e)
{
    int rank = 0;
    RP_TRY(read_attributes(dataset, e));
    e->info.is_volume = attribute(e, "spacing_mm") != NULL;
    e->info.name = e->info.modality = e->info.unit = "";
    e->info.scale = 1;
    RP_TRY(find_type(dataset, e, e->info.is_volume));
    RP_TRY(find_shape(dataset, e, &rank));
    RP_NEED((rank == 3) == e->info.is_volume, RP_EDATA, "%d dimensions", rank);
    RP_TRY(find_chunks(dataset, e, rank));
    return e->info.is_volume ? read_standard(e) : RP_OK;
}

static rp_status list_group(hid_t group, rp_shard *s, const char *path, links *pending)
{
    __attribute__((cleanup(links_clear))) links found = {0};
    const herr_t rc = H5Literate(group, H5_INDEX_NAME, H5_ITER_NATIVE, NULL, add_link, &found);
    RP_TRY(found.status);
    RP_H5(rc, RP_EDATA, "names");
    RP_NEED(!found.is_foreign, RP_EDATA, "a link that leads elsewhere");
    RP_NEED(pending->count + s->count + found.count < MAX_OBJECTS, RP_EDATA, "more than %d objects",
            MAX_OBJECTS);
    for (int64_t i = 0; i < found.count; i++) {
        RP_TRY(rp_grow(pending->count + 1, sizeof *pending->name, &pending->room, &pending->name));
        RP_TRY(rp_format(&pending->name[pending->count], "%s/%s", path, found.name[i]));
        pending->count++;
    }
    return RP_OK;
}

static int depth_of(const char *path)
{
    int n = 0;
    for (; *path; path++) n += *path == '/';
    return n;
}

/* A group's names go to the list, a dataset to the index. */
static rp_status visit(hid_t file, rp_shard *s, const char *path, links *pending)
{
    RP_H5_AUTO object = H5Oopen(file, *path ? path : "/", H5P_DEFAULT);
    RP_H5(object, RP_EDATA, "it cannot be opened");
    const H5I_type_t kind = H5Iget_type(object);
    if (kind == H5I_GROUP) {
        RP_NEED(depth_of(path) < MAX_DEPTH, RP_EDATA, "groups within groups");
        return list_group(object, s, path, pending);
    }
    RP_NEED(kind == H5I_DATASET, RP_EDATA, "neither group nor dataset");
    rp_shard_entry *e;
    RP_TRY(add_entry(s, path, &e));
    return read_dataset(object, e);
}

/* Keeps the reason why an object cannot be used; the others can. */
static rp_status note_damage(rp_shard *s, const char *path, int64_t before)
{
    RP_AUTOFREE char *why = NULL;
    rp_shard_entry *e;
    RP_TRY(rp_copy_text(rp_error_message(), &why));
    if (s->count == before) RP_TRY(add_entry(s, path, &e));
    s->entry[before].damage = RP_TAKE(why);
    return RP_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const rp_shard_entry *)a)->dataset, ((const rp_shard_entry *)b)->dataset);
}

static rp_status walk(hid_t file, rp_shard *s, links *pending)
{
    RP_TRY_IN(visit(file, s, "", pending), "shard '%s'", s->path);
    while (pending->count > 0) {
        RP_AUTOFREE char *path = pending->name[--pending->count];
        const int64_t before = s->count;
        const rp_status st = visit(file, s, path, pending);
        if (st == RP_EDATA || st == RP_EUNSUP || st == RP_EARG)
            RP_TRY(note_damage(s, path, before));
        else
            RP_TRY(st);
    }
    return RP_OK;
}

rp_status rp_shard_index(hid_t file, rp_shard *s)
{
    __attribute__((cleanup(links_clear))) links pending = {0};
    RP_TRY(walk(file, s, &pending));
    if (s->count) qsort(s->entry, (size_t)s->count, sizeof *s->entry, by_name);
    return RP_OK;
}

rp_status rp_shard_new(const char *path, rp_shard **out)
{
    RP_AUTO(rp_shard) s = NULL;
    RP_TRY(rp_alloc(1, sizeof *s, &s));
    s->fd = -1;
    s->file = -1;
    RP_TRY(rp_copy_text(path, &s->path));
    s->fd = open(path, O_RDONLY | O_CLOEXEC);
    RP_SYS(s->fd >= 0, "shard '%s' cannot be opened", path);
    *out = RP_TAKE(s);
    return RP_OK;
}

static void entry_clear(rp_shard_entry *e)
{
    for (int i = 0; i < e->attributes; i++) {
        rp_free(e->attribute[i].name);
        rp_free(e->attribute[i].text);
        rp_free(e->attribute[i].value);
    }
    rp_free(e->attribute);
    rp_free(e->place);
    rp_free(e->damage);
    rp_free(e->dataset);
}

void rp_shard_drop(rp_shard **s)
{
    if (!*s) return;
    if ((*s)->file >= 0) {
        RP_H5_SCOPE;
        rp_h5_close_at(&(*s)->file);
    }
    rp_close_at(&(*s)->fd);
    for (int64_t i = 0; i < (*s)->count; i++) entry_clear(&(*s)->entry[i]);
    rp_free((*s)->entry);
    rp_free((*s)->path);
    rp_free(*s);
    *s = NULL;
}

rp_status rp_shard_numbers(const rp_shard *s, int64_t i, const char *name, int count, double out[])
{
    RP_NEED(attribute(&s->entry[i], name), RP_ENONE, "dataset '%s': no attribute '%s'",
            s->entry[i].dataset, name);
    RP_TRY_IN(numbers(&s->entry[i], name, count, out), "shard '%s': dataset '%s'", s->path,
              s->entry[i].dataset);
    return RP_OK;
}

rp_status rp_shard_text(const rp_shard *s, int64_t i, const char *name, const char **out)
{
    RP_NEED(attribute(&s->entry[i], name), RP_ENONE, "dataset '%s': no attribute '%s'",
            s->entry[i].dataset, name);
    RP_TRY_IN(words(&s->entry[i], name, out), "shard '%s': dataset '%s'", s->path,
              s->entry[i].dataset);
    return RP_OK;
}
