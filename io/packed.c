/* io/packed.c - a volume's compressed chunks in memory. */
#include "io/chunk_priv.h"
#include "io/h5zstd_codec.h"
#include "io/shard.h"

#include <inttypes.h>
#include <string.h>

enum { GROUP = 16 }; /* chunks compressed by one task: scratch is shared by them */

typedef struct job {
    const rp_chunking *chunking;
    const void *data;
    int64_t chunks;
    size_t bound;   /* room of a chunk in slots */
    uint8_t *slots; /* of one batch of chunks */
    int64_t first;  /* of the batch */
    size_t *made;   /* [chunks] */
} job;

static rp_status pack_group(void *arg, int64_t block)
{
    const job *j = arg;
    RP_AUTOFREE uint8_t *plain = NULL;
    RP_AUTOFREE uint8_t *shuffled = NULL;
    const size_t bytes = rp_chunking_bytes(j->chunking);
    RP_TRY(rp_alloc_raw((int64_t)bytes, 1, &plain));
    RP_TRY(rp_alloc_raw((int64_t)bytes, 1, &shuffled));
    for (int64_t k = block * GROUP; k < (block + 1) * GROUP && j->first + k < j->chunks; k++) {
        rp_chunk_gather(j->chunking, j->first + k, j->data, plain, shuffled);
        j->made[j->first + k] = rp_zstd_compress(RP_ZSTD_LEVEL, bytes, shuffled, j->bound,
                                                 j->slots + (size_t)k * j->bound);
        RP_NEED(j->made[j->first + k] > 0, RP_EMEM, "chunk %" PRId64 " cannot be compressed",
                j->first + k);
    }
    return RP_OK;
}

/* Compresses in batches, so that scratch stays bounded, and strings the results together. */
static rp_status pack_all(job *j, rp_pool *pool, rp_packed *p)
{
    const int64_t groups = pool ? 2 * rp_pool_threads(pool) + 2 : 1, batch = groups * GROUP;
    RP_AUTOFREE uint8_t *slots = NULL;
    RP_AUTOFREE size_t *made = NULL;
    int64_t room = 0, used = 0;
    j->bound = rp_zstd_bound(rp_chunking_bytes(j->chunking));
    const int64_t most = j->chunks < batch ? j->chunks : batch;
    RP_TRY(rp_alloc_raw(most, j->bound, &slots));
    RP_TRY(rp_alloc(j->chunks, sizeof *made, &made));
    j->slots = slots;
    j->made = made;
    for (j->first = 0; j->first < j->chunks; j->first += batch) {
        const int64_t left = j->chunks - j->first, n = left < batch ? left : batch;
        RP_TRY(rp_pool_for(pool, (n + GROUP - 1) / GROUP, pack_group, j));
        for (int64_t k = 0; k < n; k++) {
            const size_t bytes = made[j->first + k];
            RP_TRY(rp_grow(used + (int64_t)bytes, 1, &room, &p->bytes));
            memcpy(p->bytes + used, slots + (size_t)k * j->bound, bytes);
            used += (int64_t)bytes;
            p->start[j->first + k + 1] = used;
        }
    }
    return RP_OK;
}

rp_status rp_chunks_pack(const rp_volume *v, const int64_t chunk[3], rp_pool *pool, rp_packed **out)
{
    RP_AUTO(rp_packed) p = NULL;
    rp_chunking c;
    RP_TRY(rp_chunking_of(v->grid.n, chunk, rp_dtype_size(v->dtype), &c));
    RP_TRY(rp_alloc(1, sizeof *p, &p));
    p->grid = v->grid;
    p->dtype = v->dtype;
    p->scale = v->scale;
    p->offset = v->offset;
    memcpy(p->chunk, c.chunk, sizeof p->chunk);
    p->chunks = rp_chunking_total(&c);
    RP_TRY(rp_alloc(p->chunks + 1, sizeof *p->start, &p->start));
    job j = {.chunking = &c, .data = v->data, .chunks = p->chunks};
    RP_TRY(pack_all(&j, pool, p));
    *out = RP_TAKE(p);
    return RP_OK;
}

void rp_packed_drop(rp_packed **p)
{
    if (!*p) return;
    rp_free((*p)->start);
    rp_free((*p)->bytes);
    rp_free(*p);
    *p = NULL;
}

rp_status rp_packed_unpack(const rp_packed *p, rp_volume **out)
{
    RP_AUTO(rp_volume) v = NULL;
    RP_AUTOFREE uint8_t *shuffled = NULL;
    rp_chunking c;
    RP_TRY(rp_chunking_of(p->grid.n, p->chunk, rp_dtype_size(p->dtype), &c));
    RP_TRY(rp_volume_new(&p->grid, p->dtype, &v));
    v->scale = p->scale;
    v->offset = p->offset;
    RP_TRY(rp_alloc_raw((int64_t)rp_chunking_bytes(&c), 1, &shuffled));
    for (int64_t i = 0; i < p->chunks; i++) {
        const char *why;
        RP_NEED(rp_zstd_expand(NULL, (size_t)(p->start[i + 1] - p->start[i]),
                               p->bytes + p->start[i], rp_chunking_bytes(&c), shuffled, &why),
                RP_EDATA, "chunk %" PRId64 ": %s", i, why);
        rp_chunk_scatter(&c, i, shuffled, (int64_t[3]){0, 0, 0}, p->grid.n, v->data);
    }
    *out = RP_TAKE(v);
    return RP_OK;
}

/* What stands before the starts and the bytes in a record. */
typedef struct record {
    uint32_t magic, dtype;
    rp_grid grid;
    double scale, offset;
    int64_t chunk[3], chunks, bytes;
} record;

void rp_packed_save(const rp_packed *p, rp_text *out)
{
    record r = {.magic = RP_PACKED_MAGIC,
                .dtype = p->dtype,
                .grid = p->grid,
                .scale = p->scale,
                .offset = p->offset,
                .chunks = p->chunks,
                .bytes = p->start[p->chunks]};
    memcpy(r.chunk, p->chunk, sizeof r.chunk);
    rp_text_add_bytes(out, sizeof r, &r);
    rp_text_add_bytes(out, (p->chunks + 1) * (int64_t)sizeof *p->start, p->start);
    rp_text_add_bytes(out, r.bytes, p->bytes);
}

static rp_status check_record(const record *r, int64_t n)
{
    rp_chunking c;
    RP_NEED(r->magic == RP_PACKED_MAGIC && r->dtype < RP_DTYPE_COUNT, RP_EDATA,
            "a record that holds no packed volume");
    const rp_status st = rp_chunking_of(r->grid.n, r->chunk, rp_dtype_size((rp_dtype)r->dtype), &c);
    RP_NEED(st == RP_OK && r->chunks == rp_chunking_total(&c), RP_EDATA,
            "a packed volume of %" PRId64 " chunks", r->chunks);
    const int64_t rest = n - (int64_t)sizeof *r;
    RP_NEED(r->chunks < rest / 8 && r->bytes >= 0 && r->bytes <= rest - (r->chunks + 1) * 8,
            RP_EDATA, "a packed volume of %" PRId64 " bytes in a record of %" PRId64, r->bytes, n);
    return RP_OK;
}

rp_status rp_packed_load(int64_t n, const void *bytes, int64_t *used, rp_packed **out)
{
    RP_AUTO(rp_packed) p = NULL;
    record r;
    RP_NEED(n >= (int64_t)sizeof r, RP_EDATA, "a record of %" PRId64 " bytes for a packed volume",
            n);
    memcpy(&r, bytes, sizeof r);
    RP_TRY(check_record(&r, n));
    RP_TRY(rp_alloc(1, sizeof *p, &p));
    p->grid = r.grid;
    p->dtype = (rp_dtype)r.dtype;
    p->scale = r.scale;
    p->offset = r.offset;
    memcpy(p->chunk, r.chunk, sizeof p->chunk);
    p->chunks = r.chunks;
    RP_TRY(rp_alloc_raw(r.chunks + 1, sizeof *p->start, &p->start));
    RP_TRY(rp_alloc_raw(r.bytes, 1, &p->bytes));
    const char *at = (const char *)bytes + sizeof r;
    memcpy(p->start, at, (size_t)(r.chunks + 1) * sizeof *p->start);
    memcpy(p->bytes, at + (size_t)(r.chunks + 1) * sizeof *p->start, (size_t)r.bytes);
    RP_NEED(p->start[0] == 0 && p->start[r.chunks] == r.bytes, RP_EDATA, "places of packed chunks");
    for (int64_t i = 0; i < r.chunks; i++)
        RP_NEED(p->start[i] < p->start[i + 1], RP_EDATA, "place of packed chunk %" PRId64, i);
    *used = (int64_t)sizeof r + (r.chunks + 1) * (int64_t)sizeof *p->start + r.bytes;
    *out = RP_TAKE(p);
    return RP_OK;
}
