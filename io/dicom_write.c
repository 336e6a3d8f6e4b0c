/* io/dicom_write.c - DICOM files of phantoms: what the header says, nothing else. */
#include "io/atomic.h"
#include "io/dicom.h"
#include "io/dicom_priv.h"
#include "lib/base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The item where a row of the table is written, made if need be, and its tag. */
static rp_status place(rp_shim_item *top, const rp_dicom_tag *t, rp_shim_item **item, uint32_t *tag)
{
    *item = top;
    *tag = RP_TAG(t->group, t->element);
    if (*t->creator) {
        const uint32_t block = RP_TAG(t->group, 0x0010);
        RP_NEED(rp_shim_put_text(top, block, "LO", t->creator), RP_EARG, "private block '%s'",
                t->creator);
        *tag = RP_TAG(t->group, 0x1000u | t->element);
    }
    if (t->inside) {
        *item = rp_shim_items(top, t->inside) > 0 ? rp_shim_item_at(top, t->inside, 0)
                                                  : rp_shim_add_item(top, t->inside);
        RP_NEED(*item, RP_EARG, "sequence of '%s'", t->keyword);
    }
    return RP_OK;
}

static rp_status put(rp_shim_item *top, const rp_dicom_tag *t, const char *vr, const char *value)
{
    rp_shim_item *item;
    uint32_t tag;
    RP_TRY(place(top, t, &item, &tag));
    RP_NEED(rp_shim_put_text(item, tag, vr, value), RP_EARG, "%s cannot be '%s'", t->keyword,
            value);
    return RP_OK;
}

static rp_status put_whole(rp_shim_item *top, const rp_dicom_tag *t, const rp_dicom_header *h,
                           const rp_dicom_whole *x)
{
    char text[32];
    if (!x->is_set) return RP_OK;
    const bool is_padding = t->group == 0x0028 && (t->element | 1) == 0x0121;
    (void)snprintf(text, sizeof text, "%" PRId64, x->value);
    return put(top, t, !is_padding ? NULL : h->pixel_representation.value ? "SS" : "US", text);
}

/* Shortest text of at most 16 bytes, as DS wants, that is nearest to x. */
static void decimal(double x, char out[40])
{
    for (int digits = 17; digits > 0; digits--) {
        (void)snprintf(out, 40, "%.*g", digits, x);
        if (strlen(out) <= 16) return;
    }
}

static rp_status put_reals(rp_shim_item *top, const rp_dicom_tag *t, const rp_dicom_reals *x)
{
    RP_TEXT_AUTO text = {0};
    for (int i = 0; i < x->count; i++) {
        char number[40];
        decimal(x->value[i], number);
        rp_text_add(&text, "%s%s", i ? "\\" : "", number);
    }
    RP_TRY(rp_text_status(&text));
    if (x->count == 0) return RP_OK;
    return put(top, t, *t->creator ? "DS" : NULL, rp_text_get(&text));
}

static rp_status put_header(rp_shim_item *top, const rp_dicom_header *h)
{
    const rp_dicom_tag *t;
    (void)rp_dicom_tags(&t);
    RP_NEED(*h->sop_class && *h->sop_instance, RP_EARG,
            "SOPClassUID and SOPInstanceUID must be given");
    RP_NEED(rp_shim_put_text(top, RP_TAG(0x0008, 0x0005), NULL, "ISO_IR 192"), RP_EARG,
            "character set");
#define RP_TAG_TEXT(field, group, element, size, inside, creator, keyword, reason)                 \
    if (*h->field) RP_TRY(put(top, t, *creator ? "DT" : NULL, h->field));                          \
    t++;
#define RP_TAG_WHOLE(field, group, element, size, inside, creator, keyword, reason)                \
    RP_TRY(put_whole(top, t++, h, &h->field));
#define RP_TAG_REALS(field, group, element, size, inside, creator, keyword, reason)                \
    RP_TRY(put_reals(top, t++, &h->field));
#include "io/dicom_tags.inc"
#undef RP_TAG_TEXT
#undef RP_TAG_WHOLE
#undef RP_TAG_REALS
    return RP_OK;
}

static rp_status put_pixels(rp_shim_item *top, const rp_dicom_header *h, const int32_t pixels[])
{
    const int64_t frames = h->frames.is_set ? h->frames.value : 1;
    int64_t n;
    RP_NEED(h->bits_allocated.value == 8 || h->bits_allocated.value == 16, RP_EARG,
            "%" PRId64 " bits allocated", h->bits_allocated.value);
    RP_TRY(rp_product(3, (int64_t[3]){frames, h->rows.value, h->columns.value}, &n));
    RP_AUTOFREE uint16_t *words = NULL;
    RP_TRY(rp_alloc(n + 1, sizeof *words, &words));
    bool ok;
    if (h->bits_allocated.value == 8) {
        uint8_t *bytes = (uint8_t *)words;
        for (int64_t i = 0; i < n; i++) bytes[i] = (uint8_t)pixels[i];
        ok = rp_shim_put_pixels8(top, (size_t)(n + n % 2), bytes);
    } else {
        for (int64_t i = 0; i < n; i++) words[i] = (uint16_t)pixels[i];
        ok = rp_shim_put_pixels16(top, (size_t)n, words);
    }
    RP_NEED(ok, RP_EARG, "pixels cannot be put");
    return RP_OK;
}

static rp_status save(const char *path, rp_shim *f)
{
    RP_AUTOFREE char *temporary = NULL;
    char why[RP_SHIM_WHY] = "";
    RP_TRY(rp_atomic_name(path, &temporary));
    if (!rp_shim_save(f, temporary, why)) {
        (void)unlink(temporary);
        RP_FAIL(RP_EIO, "'%s' cannot be written: %s", path, why);
    }
    return rp_atomic_finish(temporary, path);
}

rp_status rp_dicom_write_slice(const char *path, const rp_dicom_header *header,
                               const int32_t pixels[])
{
    RP_AUTO(rp_shim) f = rp_shim_new();
    RP_NEED(f, RP_EMEM, "'%s': no memory", path);
    RP_TRY_IN(put_header(rp_shim_top(f), header), "'%s'", path);
    if (pixels) RP_TRY_IN(put_pixels(rp_shim_top(f), header, pixels), "'%s'", path);
    return save(path, f);
}

static rp_status add_text(rp_shim_item *item, uint32_t tag, const char *value)
{
    RP_NEED(rp_shim_put_text(item, tag, NULL, value), RP_EARG, "(%04x,%04x) cannot be '%.40s'",
            tag >> 16, tag & 0xFFFF, value);
    return RP_OK;
}

static rp_status add_number(rp_shim_item *item, uint32_t tag, int64_t value)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%" PRId64, value);
    return add_text(item, tag, text);
}

static rp_status add_item(rp_shim_item *item, uint32_t tag, rp_shim_item **out)
{
    *out = rp_shim_add_item(item, tag);
    RP_NEED(*out, RP_EARG, "item of (%04x,%04x)", tag >> 16, tag & 0xFFFF);
    return RP_OK;
}

static rp_status put_contour(rp_shim_item *roi, const rp_contour *c)
{
    static const char *const types[] = {[RP_CONTOUR_CLOSED] = "CLOSED_PLANAR",
                                        [RP_CONTOUR_XOR] = "CLOSEDPLANAR_XOR",
                                        [RP_CONTOUR_INTERPOLATED] = "INTERPOLATED_PLANAR",
                                        [RP_CONTOUR_POINT] = "POINT",
                                        [RP_CONTOUR_OPEN] = "OPEN_PLANAR"};
    RP_TEXT_AUTO data = {0};
    rp_shim_item *item;
    RP_NEED(c->kind <= RP_CONTOUR_OPEN, RP_EARG, "a contour of unknown type");
    RP_TRY(add_item(roi, RP_TAG(0x3006, 0x0040), &item));
    RP_TRY(add_text(item, RP_TAG(0x3006, 0x0042), types[c->kind]));
    RP_TRY(add_number(item, RP_TAG(0x3006, 0x0046), c->points));
    for (int64_t i = 0; i < 3 * c->points; i++) {
        char number[40];
        decimal(c->lps[i], number);
        rp_text_add(&data, "%s%s", i ? "\\" : "", number);
    }
    RP_TRY(rp_text_status(&data));
    return add_text(item, RP_TAG(0x3006, 0x0050), rp_text_get(&data));
}

static rp_status put_roi(rp_shim_item *top, const rp_dicom_roi *r)
{
    rp_shim_item *item;
    RP_TRY(add_item(top, RP_TAG(0x3006, 0x0020), &item));
    RP_TRY(add_number(item, RP_TAG(0x3006, 0x0022), r->number));
    RP_TRY(add_text(item, RP_TAG(0x3006, 0x0024), r->frame_uid));
    RP_TRY(add_text(item, RP_TAG(0x3006, 0x0026), r->name));
    RP_TRY(add_item(top, RP_TAG(0x3006, 0x0039), &item));
    RP_TRY(add_number(item, RP_TAG(0x3006, 0x0084), r->number));
    for (int64_t i = 0; i < r->contours; i++) RP_TRY(put_contour(item, &r->contour[i]));
    return RP_OK;
}

static rp_status put_structs(rp_shim_item *top, const rp_dicom_structs *s)
{
    rp_shim_item *frame, *study, *series;
    RP_TRY(put_header(top, &s->header));
    RP_TRY(add_text(top, RP_TAG(0x3006, 0x0002), "RTSTRUCT"));
    RP_TRY(add_item(top, RP_TAG(0x3006, 0x0010), &frame));
    RP_TRY(add_text(frame, RP_TAG(0x0020, 0x0052), s->header.frame_uid));
    RP_TRY(add_item(frame, RP_TAG(0x3006, 0x0012), &study));
    RP_TRY(add_text(study, RP_TAG(0x0008, 0x1155), s->header.study_uid));
    RP_TRY(add_item(study, RP_TAG(0x3006, 0x0014), &series));
    RP_TRY(add_text(series, RP_TAG(0x0020, 0x000E), s->series_uid));
    for (int64_t i = 0; i < s->rois; i++) RP_TRY(put_roi(top, &s->roi[i]));
    return RP_OK;
}

rp_status rp_dicom_write_rtstruct(const char *path, const rp_dicom_structs *s)
{
    RP_AUTO(rp_shim) f = rp_shim_new();
    RP_NEED(f, RP_EMEM, "'%s': no memory", path);
    RP_TRY_IN(put_structs(rp_shim_top(f), s), "'%s'", path);
    return save(path, f);
}
