/* io/h5zstd_codec.c - zstd as a filter of HDF5 (id 32015) and for chunks in memory. */
#include "io/h5zstd_codec.h"

#include <stdlib.h>
#include <zstd.h>

size_t rp_zstd_bound(size_t n) { return ZSTD_compressBound(n) + 4; /* and the checksum */ }

size_t rp_zstd_compress(int level, size_t n, const void *from, size_t room, void *to)
{
    ZSTD_CCtx *c = ZSTD_createCCtx();
    if (!c) return 0;
    size_t made = 0;
    if (!ZSTD_isError(ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel, level)) &&
        !ZSTD_isError(ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1)))
        made = ZSTD_compress2(c, to, room, from, n);
    ZSTD_freeCCtx(c);
    return ZSTD_isError(made) ? 0 : made;
}

void *rp_zstd_reader_new(void) { return ZSTD_createDCtx(); }

void rp_zstd_reader_free(void *reader) { ZSTD_freeDCtx(reader); }

bool rp_zstd_expand(void *reader, size_t n, const void *from, size_t want, void *to,
                    const char **why)
{
    const unsigned long long content = ZSTD_getFrameContentSize(from, n);
    if (content != want) {
        *why =
            content == ZSTD_CONTENTSIZE_ERROR ? "no zstd frame" : "another size than the chunk's";
        return false;
    }
    const size_t made = reader ? ZSTD_decompressDCtx(reader, to, want, from, n)
                               : ZSTD_decompress(to, want, from, n);
    if (ZSTD_isError(made)) {
        *why = ZSTD_getErrorName(made);
        return false;
    }
    *why = "fewer bytes than the chunk's";
    return made == want;
}

static size_t decode(const unsigned cd[], size_t cds, size_t bytes, void **to)
{
    /* HDF5 chunks are below 4 GiB; the frame's word for its size is not believed beyond that. */
    const unsigned long long content = ZSTD_getFrameContentSize(*to, bytes);
    if (content == ZSTD_CONTENTSIZE_UNKNOWN || content == ZSTD_CONTENTSIZE_ERROR || content == 0 ||
        content > 0xFFFFFFFFull || (cds > 1 && cd[1] != 0 && content != cd[1]))
        return 0;
    const char *why;
    void *out = malloc((size_t)content);
    if (!out) return 0;
    if (!rp_zstd_expand(NULL, bytes, *to, (size_t)content, out, &why)) {
        free(out);
        return 0;
    }
    free(*to);
    *to = out;
    return (size_t)content;
}

static size_t encode(const unsigned cd[], size_t cds, size_t bytes, void **to, size_t *room)
{
    const size_t bound = rp_zstd_bound(bytes);
    void *out = malloc(bound);
    if (!out) return 0;
    const size_t made =
        rp_zstd_compress(cds > 0 ? (int)cd[0] : RP_ZSTD_LEVEL, bytes, *to, bound, out);
    if (made == 0) {
        free(out);
        return 0;
    }
    free(*to);
    *to = out;
    *room = bound;
    return made;
}

static size_t filter(unsigned flags, size_t cds, const unsigned cd[], size_t bytes, size_t *room,
                     void **buffer)
{
    if (!(flags & H5Z_FLAG_REVERSE)) return encode(cd, cds, bytes, buffer, room);
    const size_t made = decode(cd, cds, bytes, buffer);
    if (made) *room = made;
    return made;
}

const H5Z_class2_t rp_h5zstd_class = {
    .version = H5Z_CLASS_T_VERS,
    .id = RP_ZSTD_FILTER,
    .encoder_present = 1,
    .decoder_present = 1,
    .name = "zstd",
    .filter = filter,
};
