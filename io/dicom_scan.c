/* io/dicom_scan.c - a look through a file's elements before the DICOM library reads it.
 *
 * The library reads nested sequences by recursion, keeps elements in a list and inflates what it is
 * told to: a file of 400 kB made it overflow its stack, one of 2 MB took 1.9 GB (measured).  Here
 * the same elements are walked with a stack of our own and limits on depth, elements and inflated
 * bytes. What cannot be walked is left to the library, which stops there too. Source: DICOM PS3.5
 * section 7 (elements, sequences), annex A (transfer syntaxes). */
#include "io/dicom_priv.h"
#include "io/sys_priv.h"

#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>
#include <zlib.h>

enum {
    MAX_DEPTH = 64,
    MAX_ELEMENTS = 50000, /* of one item */
    BLOCK = 1 << 16,
    PREAMBLE = 128,
};
#define UNDEFINED UINT32_MAX
#define ITEM 0xFFFEE000u
#define ITEM_END 0xFFFEE00Du
#define SEQUENCE_END 0xFFFEE0DDu
#define PIXELS 0x7FE00010u
/* Inflated bytes beside the pixels that the header announces. */
static const int64_t inflated_most = 256 << 20;

typedef struct level {
    int64_t end; /* byte behind it, -1 if a delimiter ends it */
    int64_t elements;
    bool is_explicit, is_sequence;
} level;

typedef struct scan {
    const char *path;
    int fd;
    int64_t offset;      /* of the file, behind what is in packed or bytes */
    int64_t at;          /* bytes of the data set passed */
    int64_t have, start; /* in bytes: how many, and where they start */
    bool is_explicit, is_big, is_deflated, is_over;
    bool has_stream;
    z_stream z;
    int64_t rows, columns, samples, bits, frames;
    uint8_t bytes[BLOCK], packed[BLOCK];
} scan;

static rp_status fill_plain(scan *s)
{
    int64_t got;
    RP_TRY(rp_read_at(s->fd, s->path, s->offset, BLOCK - s->have, s->bytes + s->have, &got));
    s->offset += got;
    s->have += got;
    s->is_over = got == 0;
    return RP_OK;
}

static rp_status fill_deflated(scan *s)
{
    int64_t got = 0;
    if (s->z.avail_in == 0) {
        RP_TRY(rp_read_at(s->fd, s->path, s->offset, BLOCK, s->packed, &got));
        s->offset += got;
        s->z.next_in = s->packed;
        s->z.avail_in = (uInt)got;
    }
    s->z.next_out = s->bytes + s->have;
    s->z.avail_out = (uInt)(BLOCK - s->have);
    const int rc = inflate(&s->z, Z_NO_FLUSH);
    const int64_t made = BLOCK - s->have - (int64_t)s->z.avail_out;
    s->have += made;
    s->is_over = rc != Z_OK || (made == 0 && got == 0);
    return RP_OK;
}

/* n bytes (at most a block) at the front; NULL if the file has no more. */
static rp_status peek(scan *s, int64_t n, const uint8_t **out)
{
    while (s->have - s->start < n && !s->is_over) {
        memmove(s->bytes, s->bytes + s->start, (size_t)(s->have - s->start));
        s->have -= s->start;
        s->start = 0;
        RP_TRY(s->is_deflated ? fill_deflated(s) : fill_plain(s));
    }
    *out = s->have - s->start < n ? NULL : s->bytes + s->start;
    return RP_OK;
}

static int64_t most_inflated(const scan *s)
{
    int64_t pixels;
    const int64_t sides[5] = {s->rows, s->columns, s->samples, s->frames, (s->bits + 7) / 8};
    if (rp_product(5, sides, &pixels) != RP_OK || pixels > (int64_t)1 << 40) return inflated_most;
    return pixels + inflated_most;
}

static rp_status skip(scan *s, int64_t n)
{
    s->at += n;
    RP_NEED(!s->is_deflated || s->at <= most_inflated(s), RP_EDATA,
            "'%s': more than %" PRId64 " bytes when inflated", s->path, most_inflated(s));
    const int64_t held = s->have - s->start;
    if (n <= held) {
        s->start += n;
        return RP_OK;
    }
    s->start = s->have = 0;
    n -= held;
    if (!s->is_deflated) {
        s->offset += n;
        return RP_OK;
    }
    while (n > 0 && !s->is_over) {
        s->have = 0;
        RP_TRY(fill_deflated(s));
        s->start = n < s->have ? n : s->have;
        n -= s->start;
    }
    return RP_OK;
}

static uint32_t number(const scan *s, const uint8_t *p, int size)
{
    uint32_t x = 0;
    for (int i = 0; i < size; i++) x = x << 8 | p[s->is_big ? i : size - 1 - i];
    return x;
}

static bool is_long(const uint8_t vr[2])
{
    static const char names[][3] = {"OB", "OD", "OF", "OL", "OV", "OW", "SQ",
                                    "SV", "UC", "UN", "UR", "UT", "UV"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (memcmp(vr, names[i], 2) == 0) return true;
    return false;
}

typedef struct element {
    uint32_t tag, length;
    bool is_sequence, is_unknown; /* by VR: SQ, UN */
} element;

/* The head of the next element; *ok false where nothing sensible follows. */
static rp_status read_head(scan *s, bool is_explicit, element *e, bool *ok)
{
    const uint8_t *p;
    *ok = false;
    RP_TRY(peek(s, 8, &p));
    if (!p) return RP_OK;
    *e = (element){.tag = number(s, p, 2) << 16 | number(s, p + 2, 2)};
    int head = 8;
    if (!is_explicit || e->tag >> 16 == 0xFFFE) {
        e->length = number(s, p + 4, 4);
    } else {
        if (p[4] < 'A' || p[4] > 'Z' || p[5] < 'A' || p[5] > 'Z') return RP_OK;
        e->is_sequence = memcmp(p + 4, "SQ", 2) == 0;
        e->is_unknown = memcmp(p + 4, "UN", 2) == 0;
        e->length = number(s, p + 6, 2);
        if (is_long(p + 4)) {
            head = 12;
            RP_TRY(peek(s, 12, &p));
            if (!p) return RP_OK;
            e->length = number(s, p + 8, 4);
        }
    }
    *ok = true;
    return skip(s, head);
}

/* Sizes of the pixels, which bound what may be inflated. */
static rp_status note_size(scan *s, const element *e)
{
    const uint8_t *p;
    if (e->length < 1 || e->length > 16) return RP_OK;
    RP_TRY(peek(s, e->length, &p));
    if (!p) return RP_OK;
    const int64_t word = e->length >= 2 ? number(s, p, 2) : 0;
    switch (e->tag) {
    case RP_TAG(0x0028, 0x0002): s->samples = word; break;
    case RP_TAG(0x0028, 0x0010): s->rows = word; break;
    case RP_TAG(0x0028, 0x0011): s->columns = word; break;
    case RP_TAG(0x0028, 0x0100): s->bits = word; break;
    case RP_TAG(0x0028, 0x0008):
        s->frames = 0;
        for (uint32_t i = 0; i < e->length && p[i] >= '0' && p[i] <= '9'; i++)
            s->frames = s->frames < 100000000 ? s->frames * 10 + (p[i] - '0') : s->frames;
        break;
    default: break;
    }
    return RP_OK;
}

static rp_status skip_fragments(scan *s)
{
    element e;
    bool ok;
    for (;;) {
        RP_TRY(read_head(s, false, &e, &ok));
        if (!ok || e.tag != ITEM || e.length == UNDEFINED) return RP_OK;
        RP_TRY(skip(s, e.length));
    }
}

/* In implicit VR a sequence shows by the item that it starts with. */
static rp_status starts_with_item(scan *s, const element *e, bool *yes)
{
    const uint8_t *p = NULL;
    *yes = false;
    if (e->length < 8 || e->tag == PIXELS) return RP_OK;
    RP_TRY(peek(s, 4, &p));
    *yes = p && (number(s, p, 2) << 16 | number(s, p + 2, 2)) == ITEM;
    return RP_OK;
}

/* Goes into e, or over it. */
static rp_status enter(scan *s, level stack[], int *depth, const element *e)
{
    const level *top = &stack[*depth];
    bool goes_in = e->tag == ITEM || e->is_sequence || e->length == UNDEFINED;
    if (!goes_in && (!top->is_explicit || e->is_unknown)) RP_TRY(starts_with_item(s, e, &goes_in));
    if (!goes_in) {
        if (*depth == 0 && e->tag >> 16 == 0x0028) RP_TRY(note_size(s, e));
        return skip(s, e->length);
    }
    RP_NEED(*depth + 1 < MAX_DEPTH, RP_EDATA, "'%s': sequences nested deeper than %d", s->path,
            MAX_DEPTH / 2);
    stack[++*depth] = (level){.end = e->length == UNDEFINED ? -1 : s->at + e->length,
                              .is_explicit = top->is_explicit && !e->is_unknown,
                              .is_sequence = e->tag != ITEM};
    return RP_OK;
}

static rp_status walk(scan *s)
{
    level stack[MAX_DEPTH] = {{.end = -1, .is_explicit = s->is_explicit}};
    int depth = 0;
    for (;;) {
        element e;
        bool ok;
        while (depth > 0 && stack[depth].end >= 0 && s->at >= stack[depth].end) depth--;
        RP_TRY(read_head(s, stack[depth].is_explicit, &e, &ok));
        if (!ok) return RP_OK;
        if (e.tag == ITEM_END || e.tag == SEQUENCE_END) {
            if (depth == 0) return RP_OK;
            depth--;
            continue;
        }
        RP_NEED(stack[depth].is_sequence || ++stack[depth].elements <= MAX_ELEMENTS, RP_EDATA,
                "'%s': more than %d elements in one item", s->path, MAX_ELEMENTS);
        if (depth == 0 && e.tag == PIXELS && e.length == UNDEFINED)
            RP_TRY(skip_fragments(s));
        else
            RP_TRY(enter(s, stack, &depth, &e));
    }
}

/* The transfer syntax, from the meta group (explicit little endian). */
static rp_status read_meta(scan *s)
{
    const uint8_t *p;
    element e;
    bool ok;
    RP_TRY(skip(s, PREAMBLE + 4));
    s->is_explicit = true;
    for (;;) {
        RP_TRY(peek(s, 2, &p));
        if (!p || number(s, p, 2) != 2) break;
        RP_TRY(read_head(s, true, &e, &ok));
        if (!ok || e.length == UNDEFINED) break;
        if (e.tag == RP_TAG(0x0002, 0x0010) && e.length <= 64) {
            char uid[68];
            RP_TRY(peek(s, e.length, &p));
            if (!p) break;
            (void)rp_dicom_clean(e.length, (const char *)p, sizeof uid, uid);
            s->is_explicit = strcmp(uid, "1.2.840.10008.1.2") != 0;
            s->is_big = strcmp(uid, "1.2.840.10008.1.2.2") == 0;
            s->is_deflated = strcmp(uid, "1.2.840.10008.1.2.1.99") == 0;
        }
        /* The meta group itself is little endian. */
        const bool is_big = s->is_big, is_deflated = s->is_deflated;
        s->is_deflated = false;
        RP_TRY(skip(s, e.length));
        s->is_deflated = is_deflated;
        RP_TRY(peek(s, 2, &p));
        if (p && (p[0] | p[1] << 8) == 2) continue;
        s->is_big = is_big;
        break;
    }
    return RP_OK;
}

/* From here on bytes come inflated: what is held goes back. */
static rp_status start_inflating(scan *s)
{
    s->offset -= s->have - s->start;
    s->start = s->have = s->at = 0;
    s->is_over = false;
    RP_NEED(inflateInit2(&s->z, -MAX_WBITS) == Z_OK, RP_EMEM, "'%s': no memory to inflate",
            s->path);
    s->has_stream = true;
    return RP_OK;
}

/* Without a meta group: little or big endian by the first group, explicit by its letters. */
static rp_status guess(scan *s)
{
    const uint8_t *p;
    RP_TRY(peek(s, 8, &p));
    if (!p) return RP_OK;
    s->is_big = p[0] == 0;
    s->is_explicit = p[4] >= 'A' && p[4] <= 'Z' && p[5] >= 'A' && p[5] <= 'Z';
    return RP_OK;
}

static void scan_close(scan **s)
{
    if (!*s) return;
    if ((*s)->has_stream) (void)inflateEnd(&(*s)->z);
    rp_close_at(&(*s)->fd);
    rp_free(*s);
}

rp_status rp_dicom_scan(const char *path, bool is_bare)
{
    __attribute__((cleanup(scan_close))) scan *s = NULL;
    RP_TRY(rp_alloc(1, sizeof *s, &s));
    s->path = path;
    s->samples = s->frames = 1;
    s->fd = open(path, O_RDONLY | O_CLOEXEC);
    RP_SYS(s->fd >= 0, "'%s' cannot be opened", path);
    if (is_bare)
        RP_TRY(guess(s));
    else
        RP_TRY(read_meta(s));
    if (s->is_deflated) RP_TRY(start_inflating(s));
    return walk(s);
}
