/* io/dicom_j2k.c - JPEG 2000 codestreams, by OpenJPEG. */
#include "io/dicom_priv.h"

#include <inttypes.h>
#include <openjpeg.h>
#include <string.h>

typedef struct memory {
    const uint8_t *bytes;
    int64_t n, at;
} memory;

static OPJ_SIZE_T read_some(void *to, OPJ_SIZE_T n, void *arg)
{
    memory *m = arg;
    const int64_t left = m->n - m->at;
    if (left <= 0) return (OPJ_SIZE_T)-1;
    const size_t part = n < (size_t)left ? n : (size_t)left;
    memcpy(to, m->bytes + m->at, part);
    m->at += (int64_t)part;
    return part;
}

static OPJ_OFF_T skip(OPJ_OFF_T n, void *arg)
{
    memory *m = arg;
    const int64_t left = m->n - m->at, part = n < left ? n : left;
    m->at += part;
    return part;
}

static OPJ_BOOL seek(OPJ_OFF_T to, void *arg)
{
    memory *m = arg;
    if (to < 0 || to > m->n) return OPJ_FALSE;
    m->at = to;
    return OPJ_TRUE;
}

static rp_status copy_out(const char *path, const opj_image_t *image, int64_t rows, int64_t columns,
                          int32_t out[])
{
    const opj_image_comp_t *c = image->comps;
    RP_NEED(c->data && c->h == rows && c->w == columns, RP_EDATA,
            "'%s': JPEG 2000 gave %ux%u pixels", path, c->h, c->w);
    memcpy(out, c->data, (size_t)(rows * columns) * sizeof *out);
    return RP_OK;
}

/* codec and stream are set up; image is made here and destroyed by the caller. */
static rp_status decode(const char *path, opj_codec_t *codec, opj_stream_t *stream, int64_t rows,
                        int64_t columns, opj_image_t **image)
{
    opj_dparameters_t parameters;
    opj_set_default_decoder_parameters(&parameters);
    /* Without strict mode a cut stream decodes to wrong pixels and says nothing. */
    RP_NEED(opj_setup_decoder(codec, &parameters) && opj_decoder_set_strict_mode(codec, OPJ_TRUE),
            RP_EMEM, "'%s': JPEG 2000 decoder", path);
    RP_NEED(opj_read_header(stream, codec, image), RP_EDATA, "'%s': damaged JPEG 2000 header",
            path);
    const opj_image_t *i = *image;
    RP_NEED(i->numcomps == 1 && (int64_t)i->y1 - i->y0 == rows && (int64_t)i->x1 - i->x0 == columns,
            RP_EDATA,
            "'%s': stream of %ux%u pixels in %u components, header says %" PRId64 "x%" PRId64, path,
            i->y1 - i->y0, i->x1 - i->x0, i->numcomps, rows, columns);
    RP_NEED(opj_decode(codec, stream, *image) && opj_end_decompress(codec, stream), RP_EDATA,
            "'%s': damaged JPEG 2000 stream", path);
    return RP_OK;
}

rp_status rp_j2k_decode(const char *path, int64_t n, const uint8_t bytes[], int64_t rows,
                        int64_t columns, int32_t out[])
{
    memory m = {.bytes = bytes, .n = n};
    opj_image_t *image = NULL;
    RP_NEED(n >= 4 && memcmp(bytes, "\xFF\x4F\xFF\x51", 4) == 0, RP_EDATA,
            "'%s': pixels are no JPEG 2000 codestream", path);
    opj_codec_t *codec = opj_create_decompress(OPJ_CODEC_J2K);
    opj_stream_t *stream = opj_stream_create(OPJ_J2K_STREAM_CHUNK_SIZE, OPJ_TRUE);
    rp_status st = RP_EMEM;
    if (codec && stream) {
        opj_stream_set_user_data(stream, &m, NULL);
        opj_stream_set_user_data_length(stream, (OPJ_UINT64)n);
        opj_stream_set_read_function(stream, read_some);
        opj_stream_set_skip_function(stream, skip);
        opj_stream_set_seek_function(stream, seek);
        st = decode(path, codec, stream, rows, columns, &image);
        if (st == RP_OK) st = copy_out(path, image, rows, columns, out);
    } else {
        st = rp_error_set(RP_EMEM, __FILE__, __LINE__, __func__, "'%s': JPEG 2000 decoder", path);
    }
    if (image) opj_image_destroy(image);
    if (stream) opj_stream_destroy(stream);
    if (codec) opj_destroy_codec(codec);
    return st;
}
