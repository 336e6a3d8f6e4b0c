/* io/gzip.c - gzip streams in memory. */
#include "io/gzip_priv.h"

#include <inttypes.h>
#include <string.h>
#include <zlib.h>

enum { GZIP = 16 + MAX_WBITS, PIECE = 1 << 30, TAIL = 1 << 20, LEVEL = 3 };

static uInt piece(int64_t left) { return (uInt)(left < PIECE ? left : PIECE); }

/* Inflates from z (input set) in members and pieces; see rp_gunzip. */
static rp_status inflate_all(const char *name, z_stream *z, int64_t n, bool to_end, int64_t want,
                             char *out, int64_t *got, char *tail)
{
    int64_t fed = 0, extra = 0;
    for (*got = 0;;) {
        if (*got == want && !to_end) return RP_OK;
        if (z->avail_in == 0) {
            z->avail_in = piece(n - fed);
            fed += z->avail_in;
        }
        const bool is_wanted = *got < want;
        const uInt room = is_wanted ? piece(want - *got) : TAIL;
        z->next_out = (Bytef *)(is_wanted ? out + *got : tail);
        z->avail_out = room;
        const int rc = inflate(z, Z_NO_FLUSH);
        const int64_t made = room - z->avail_out;
        *(is_wanted ? got : &extra) += made;
        RP_NEED(extra < TAIL, RP_EDATA, "'%s': more than %" PRId64 " bytes when inflated", name,
                want);
        if (rc == Z_STREAM_END) {
            /* Another member may follow; anything else behind the end is not ours. */
            if (z->avail_in < 2 || z->next_in[0] != 0x1F || z->next_in[1] != 0x8B) return RP_OK;
            RP_NEED(inflateReset(z) == Z_OK, RP_EDATA, "'%s': broken gzip stream", name);
            continue;
        }
        RP_NEED(rc == Z_OK || rc == Z_BUF_ERROR, RP_EDATA, "'%s': broken gzip stream: %s", name,
                z->msg ? z->msg : "it needs a dictionary");
        RP_NEED(made > 0 || z->avail_in > 0 || fed < n, RP_EDATA,
                "'%s': gzip stream ends after %" PRId64 " bytes inflated", name, *got);
    }
}

rp_status rp_gunzip(const char *name, int64_t n, const void *bytes, bool to_end, int64_t want,
                    void *out, int64_t *got)
{
    RP_AUTOFREE char *tail = NULL;
    z_stream z = {.next_in = (Bytef *)(uintptr_t)bytes};
    RP_TRY(rp_alloc_raw(TAIL, 1, &tail));
    RP_NEED(inflateInit2(&z, GZIP) == Z_OK, RP_EMEM, "'%s': no memory to inflate", name);
    const rp_status st = inflate_all(name, &z, n, to_end, want, out, got, tail);
    (void)inflateEnd(&z);
    return st;
}

static rp_status deflate_all(z_stream *z, int64_t n, rp_text *out, char *block)
{
    gz_header header = {.os = 255};
    RP_NEED(deflateSetHeader(z, &header) == Z_OK, RP_EMEM, "no memory to deflate");
    int64_t fed = 0;
    int rc;
    do {
        if (z->avail_in == 0) {
            z->avail_in = piece(n - fed);
            fed += z->avail_in;
        }
        z->next_out = (Bytef *)block;
        z->avail_out = TAIL;
        rc = deflate(z, fed == n ? Z_FINISH : Z_NO_FLUSH);
        RP_NEED(rc == Z_OK || rc == Z_STREAM_END || rc == Z_BUF_ERROR, RP_EBUG, "deflate says %d",
                rc);
        rp_text_add_bytes(out, TAIL - (int64_t)z->avail_out, block);
    } while (rc != Z_STREAM_END && out->status == RP_OK);
    return rp_text_status(out);
}

rp_status rp_gzip(int64_t n, const void *bytes, rp_text *out)
{
    RP_AUTOFREE char *block = NULL;
    z_stream z = {.next_in = (Bytef *)(uintptr_t)bytes};
    RP_TRY(rp_alloc_raw(TAIL, 1, &block));
    RP_NEED(deflateInit2(&z, LEVEL, Z_DEFLATED, GZIP, 9, Z_DEFAULT_STRATEGY) == Z_OK, RP_EMEM,
            "no memory to deflate");
    const rp_status st = deflate_all(&z, n, out, block);
    (void)deflateEnd(&z);
    return st;
}
