/* io/dicom_pixels.c - stored values of DICOM frames, from any transfer syntax that we read. */
#include "io/dicom.h"
#include "io/dicom_priv.h"

#include <inttypes.h>
#include <string.h>

struct rp_dicom_file {
    char *path;
    rp_shim *shim;
    rp_dicom_header header;
};

typedef struct layout {
    int64_t pixels, frames;
    int allocated, stored, shift;
    bool is_signed;
} layout;

void rp_dicom_file_drop(rp_dicom_file **f)
{
    if (!*f) return;
    rp_shim_drop(&(*f)->shim);
    rp_free((*f)->path);
    rp_free(*f);
    *f = NULL;
}

rp_status rp_dicom_open(const char *path, rp_dicom_file **out)
{
    RP_AUTO(rp_dicom_file) f = NULL;
    RP_TRY(rp_alloc(1, sizeof *f, &f));
    RP_TRY(rp_copy_text(path, &f->path));
    RP_TRY(rp_dicom_load(path, RP_SHIM_PIXELS, &f->shim, &f->header));
    *out = RP_TAKE(f);
    return RP_OK;
}

const rp_dicom_header *rp_dicom_file_header(const rp_dicom_file *f) { return &f->header; }

/* What the header says about the pixels, checked. */
static rp_status read_layout(const rp_dicom_file *f, layout *out)
{
    const rp_dicom_header *h = &f->header;
    const char *path = f->path;
    const int64_t allocated = h->bits_allocated.value, stored = h->bits_stored.value;
    const int64_t high = h->high_bit.is_set ? h->high_bit.value : stored - 1;
    RP_NEED(!h->samples.is_set || h->samples.value == 1, RP_EUNSUP,
            "'%s': %" PRId64 " samples a pixel (%s)", path, h->samples.value, h->photometric);
    RP_NEED(strncmp(h->photometric, "MONOCHROME", 10) == 0, RP_EUNSUP, "'%s': pixels are '%s'",
            path, h->photometric);
    RP_NEED(h->rows.value >= 1 && h->rows.value <= 65535 && h->columns.value >= 1 &&
                h->columns.value <= 65535,
            RP_EDATA, "'%s': %" PRId64 " rows, %" PRId64 " columns", path, h->rows.value,
            h->columns.value);
    RP_NEED(allocated == 8 || allocated == 16 || allocated == 32, RP_EUNSUP,
            "'%s': %" PRId64 " bits allocated", path, allocated);
    RP_NEED(stored >= 1 && stored <= allocated && high >= stored - 1 && high < allocated, RP_EDATA,
            "'%s': %" PRId64 " bits stored up to bit %" PRId64 " of %" PRId64, path, stored, high,
            allocated);
    RP_NEED(h->pixel_representation.is_set && (h->pixel_representation.value | 1) == 1, RP_EDATA,
            "'%s': PixelRepresentation is absent or neither 0 nor 1", path);
    RP_NEED(!h->frames.is_set || (h->frames.value >= 1 && h->frames.value < (int64_t)1 << 31),
            RP_EDATA, "'%s': %" PRId64 " frames", path, h->frames.value);
    *out = (layout){.pixels = h->rows.value * h->columns.value,
                    .frames = h->frames.is_set ? h->frames.value : 1,
                    .allocated = (int)allocated,
                    .stored = (int)stored,
                    .shift = (int)(high + 1 - stored),
                    .is_signed = h->pixel_representation.value == 1};
    return RP_OK;
}

/* Shift, mask and sign of one word. */
static int64_t value_of(uint32_t word, const layout *l)
{
    const uint32_t mask = l->stored == 32 ? UINT32_MAX : (1u << l->stored) - 1;
    const uint32_t bits = word >> l->shift & mask;
    const bool is_negative = l->is_signed && bits >> (l->stored - 1);
    return is_negative ? (int64_t)bits - ((int64_t)mask + 1) : (int64_t)bits;
}

/* Words of size bytes to values. */
static rp_status unpack(const char *path, const layout *l, int size, const uint8_t *bytes,
                        int32_t out[])
{
    for (int64_t i = 0; i < l->pixels; i++) {
        uint16_t half;
        uint32_t word;
        if (size == 1) {
            word = bytes[i];
        } else if (size == 2) {
            memcpy(&half, bytes + 2 * i, sizeof half);
            word = half;
        } else {
            memcpy(&word, bytes + 4 * i, sizeof word);
        }
        const int64_t x = value_of(word, l);
        RP_NEED(x <= INT32_MAX, RP_EUNSUP, "'%s': pixel %" PRId64 " is %" PRId64 ", beyond 31 bits",
                path, i, x);
        out[i] = (int32_t)x;
    }
    return RP_OK;
}

static rp_status read_native(rp_dicom_file *f, const layout *l, int64_t frame, int64_t have,
                             int32_t out[])
{
    RP_AUTOFREE uint8_t *bytes = NULL;
    char why[RP_SHIM_WHY] = "";
    const int size = l->allocated / 8;
    int64_t want;
    RP_TRY(rp_product(3, (int64_t[3]){l->pixels, l->frames, size}, &want));
    /* An odd number of bytes is followed by one of padding. */
    RP_NEED(have == want || (have == want + 1 && want % 2 == 1), RP_EDATA,
            "'%s': %" PRId64 " bytes of pixels announced, the file has %" PRId64, f->path, want,
            have);
    RP_NEED(size < 4 || strcmp(f->header.transfer_syntax, "1.2.840.10008.1.2.2") != 0, RP_EUNSUP,
            "'%s': 32 bits in big endian", f->path);
    RP_TRY(rp_alloc_raw(l->pixels, (size_t)size, &bytes));
    RP_NEED(rp_shim_pixel_part(f->shim, frame * l->pixels * size, l->pixels * size, bytes, why),
            RP_EDATA, "'%s': pixels cannot be read: %s", f->path, why);
    return unpack(f->path, l, size, bytes, out);
}

/* Does a fragment start a JPEG, JPEG-LS or JPEG 2000 stream? */
static bool starts_stream(size_t n, const uint8_t *bytes)
{
    return n >= 4 && bytes[0] == 0xFF &&
           (bytes[1] == 0xD8 || (bytes[1] == 0x4F && bytes[2] == 0xFF));
}

/* Place of a frame by the offset table; false if the table does not serve. */
static bool find_by_table(rp_dicom_file *f, const layout *l, int64_t frame, long fragments,
                          long *first, long *end)
{
    const uint8_t *table, *bytes;
    size_t n, length;
    if (!rp_shim_fragment(f->shim, 0, &table, &n) || n != (size_t)l->frames * 4) return false;
    uint32_t want, next = UINT32_MAX;
    memcpy(&want, table + 4 * frame, 4);
    if (frame + 1 < l->frames) memcpy(&next, table + 4 * (frame + 1), 4);
    *first = -1;
    *end = fragments;
    uint64_t at = 0;
    for (long i = 1; i < fragments; i++, at += 8 + length) {
        if (at == want) *first = i;
        if (at == next) *end = i;
        if (!rp_shim_fragment(f->shim, i, &bytes, &length)) return false;
    }
    return *first > 0 && *end > *first && (next == UINT32_MAX || *end < fragments);
}

/* Fragments [first, end) of a frame. */
static rp_status find_frame(rp_dicom_file *f, const layout *l, int64_t frame, long *first,
                            long *end)
{
    const long fragments = rp_shim_fragments(f->shim);
    const uint8_t *bytes;
    size_t n;
    RP_NEED(fragments - 1 >= l->frames, RP_EDATA, "'%s': %ld fragments for %" PRId64 " frames",
            f->path, fragments - 1, l->frames);
    *first = 1;
    *end = fragments;
    if (l->frames == 1) return RP_OK;
    if (fragments - 1 == l->frames) {
        *first = (long)frame + 1;
        *end = *first + 1;
        return RP_OK;
    }
    if (find_by_table(f, l, frame, fragments, first, end)) return RP_OK;
    int64_t found = 0;
    *first = *end = 0;
    for (long i = 1; i < fragments; i++) {
        if (!rp_shim_fragment(f->shim, i, &bytes, &n) || !starts_stream(n, bytes)) continue;
        if (found == frame) *first = i;
        if (found == frame + 1) *end = i;
        found++;
    }
    if (*end == 0) *end = fragments;
    RP_NEED(found == l->frames && *first > 0, RP_EDATA,
            "'%s': %ld fragments without a table cannot be told apart into %" PRId64 " frames",
            f->path, fragments - 1, l->frames);
    return RP_OK;
}

static rp_status join(rp_dicom_file *f, long first, long end, int64_t *n, uint8_t **out)
{
    RP_AUTOFREE uint8_t *joined = NULL;
    const uint8_t *bytes;
    size_t length;
    int64_t total = 0, at = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (long i = first; i < end; i++) {
            RP_NEED(rp_shim_fragment(f->shim, i, &bytes, &length), RP_EDATA,
                    "'%s': fragment %ld of the pixels cannot be read", f->path, i);
            if (pass && length) memcpy(joined + at, bytes, length);
            if (pass) at += (int64_t)length;
            if (!pass) total += (int64_t)length;
        }
        if (!pass) RP_TRY(rp_alloc_raw(total, 1, &joined));
    }
    *n = total;
    *out = RP_TAKE(joined);
    return RP_OK;
}

static rp_status decode_jpeg(rp_dicom_file *f, const layout *l, int64_t frame, long first,
                             int64_t n, const uint8_t *bytes, int32_t out[])
{
    RP_AUTOFREE uint8_t *words = NULL;
    char why[RP_SHIM_WHY] = "";
    rp_jpeg_size size;
    RP_TRY(rp_jpeg_look(f->path, n, bytes, &size));
    RP_NEED(size.rows == f->header.rows.value && size.columns == f->header.columns.value &&
                size.components == 1,
            RP_EDATA,
            "'%s': stream of %" PRId64 "x%" PRId64 " pixels, header says %" PRId64 "x%" PRId64,
            f->path, size.rows, size.columns, f->header.rows.value, f->header.columns.value);
    RP_NEED(size.precision <= l->allocated, RP_EDATA, "'%s': stream of %d bits, %d allocated",
            f->path, size.precision, l->allocated);
    /* The codecs give bytes up to 8 bits, words above, whatever is allocated. */
    const int width = size.precision > 8 ? 2 : 1;
    const int64_t room = (l->pixels * width + 1) / 2 * 2;
    RP_TRY(rp_alloc(room, 1, &words));
    RP_NEED(rp_shim_decode(f->shim, (long)frame, first, (size_t)room, words, why), RP_EDATA,
            "'%s': pixels cannot be decoded: %s", f->path, why);
    return unpack(f->path, l, width, words, out);
}

static rp_status decode_rle(rp_dicom_file *f, const layout *l, int64_t frame, long first, int64_t n,
                            const uint8_t *bytes, int32_t out[])
{
    RP_AUTOFREE uint8_t *words = NULL;
    (void)frame;
    (void)first;
    RP_TRY(rp_alloc_raw(l->pixels, (size_t)l->allocated / 8, &words));
    RP_TRY(rp_rle_decode(f->path, n, bytes, l->pixels, l->allocated / 8, words));
    return unpack(f->path, l, l->allocated / 8, words, out);
}

static rp_status decode_j2k(rp_dicom_file *f, const layout *l, int64_t frame, long first, int64_t n,
                            const uint8_t *bytes, int32_t out[])
{
    (void)frame;
    (void)first;
    RP_TRY(rp_j2k_decode(f->path, n, bytes, f->header.rows.value, f->header.columns.value, out));
    for (int64_t i = 0; i < l->pixels; i++) {
        const int64_t x = value_of((uint32_t)out[i], l);
        RP_NEED(x <= INT32_MAX, RP_EUNSUP, "'%s': pixel %" PRId64 " is beyond 31 bits", f->path, i);
        out[i] = (int32_t)x;
    }
    return RP_OK;
}

typedef rp_status decode_fn(rp_dicom_file *f, const layout *l, int64_t frame, long first, int64_t n,
                            const uint8_t *bytes, int32_t out[]);

/* Encapsulated transfer syntaxes, by what follows 1.2.840.10008.1.2. */
static const struct {
    const char *tail;
    decode_fn *decode;
} syntaxes[] = {
    {"4.50", decode_jpeg}, {"4.51", decode_jpeg}, {"4.53", decode_jpeg}, {"4.55", decode_jpeg},
    {"4.57", decode_jpeg}, {"4.70", decode_jpeg}, {"4.80", decode_jpeg}, {"4.81", decode_jpeg},
    {"4.90", decode_j2k},  {"4.91", decode_j2k},  {"5", decode_rle},
};

static decode_fn *find_decoder(const char *uid)
{
    static const char front[] = "1.2.840.10008.1.2.";
    if (strncmp(uid, front, sizeof front - 1) != 0) return NULL;
    for (size_t i = 0; i < sizeof syntaxes / sizeof *syntaxes; i++)
        if (strcmp(uid + sizeof front - 1, syntaxes[i].tail) == 0) return syntaxes[i].decode;
    return NULL;
}

static rp_status read_encapsulated(rp_dicom_file *f, const layout *l, int64_t frame, int32_t out[])
{
    RP_AUTOFREE uint8_t *bytes = NULL;
    int64_t n;
    long first, end;
    decode_fn *decode = find_decoder(f->header.transfer_syntax);
    RP_NEED(decode, RP_EUNSUP, "'%s': transfer syntax %s (%s)", f->path, f->header.transfer_syntax,
            rp_shim_syntax_name(f->shim));
    /* A cut stream may decode to something: what the library did not read whole is not decoded. */
    RP_NEED(!f->header.is_odd, RP_EDATA, "'%s': damaged: %s", f->path, f->header.warning);
    RP_TRY(find_frame(f, l, frame, &first, &end));
    RP_TRY(join(f, first, end, &n, &bytes));
    return decode(f, l, frame, first, n, bytes, out);
}

rp_status rp_dicom_file_pixels(rp_dicom_file *f, int64_t frame, int64_t n, int32_t out[])
{
    layout l;
    RP_TRY(read_layout(f, &l));
    RP_NEED(n == l.pixels && frame >= 0 && frame < l.frames, RP_EARG,
            "'%s': frame %" PRId64 " of %" PRId64 ", %" PRId64 " pixels of %" PRId64, f->path,
            frame, l.frames, n, l.pixels);
    rp_shim_item *top = rp_shim_top(f->shim);
    RP_NEED(!rp_shim_has(top, RP_TAG(0x7FE0, 0x0008)) && !rp_shim_has(top, RP_TAG(0x7FE0, 0x0009)),
            RP_EUNSUP, "'%s': float pixels", f->path);
    const int64_t have = rp_shim_pixel_bytes(f->shim);
    RP_NEED(have != -2, RP_EDATA, "'%s': no pixels%s%s", f->path, f->header.is_odd ? ": " : "",
            f->header.is_odd ? f->header.warning : "");
    /* Deflated values are never left in the file. */
    RP_NEED(!f->header.is_odd || strcmp(f->header.transfer_syntax, "1.2.840.10008.1.2.1.99") != 0,
            RP_EDATA, "'%s': damaged: %s", f->path, f->header.warning);
    if (have >= 0) return read_native(f, &l, frame, have, out);
    return read_encapsulated(f, &l, frame, out);
}

