/* io/dicom_seg.c - SEG objects: frames of segments, placed by their positions. */
#include "io/dicom.h"
#include "io/dicom_priv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SEGMENT_SEQUENCE RP_TAG(0x0062, 0x0002)
#define SEGMENT_NUMBER RP_TAG(0x0062, 0x0004)
#define SEGMENT_LABEL RP_TAG(0x0062, 0x0005)
#define SEGMENTATION_TYPE RP_TAG(0x0062, 0x0001)
#define SEGMENT_IDENTIFICATION RP_TAG(0x0062, 0x000A)
#define REFERENCED_SEGMENT RP_TAG(0x0062, 0x000B)
#define MAXIMUM_FRACTION RP_TAG(0x0062, 0x000E)
#define REFERENCED_SERIES RP_TAG(0x0008, 0x1115)
#define SERIES_UID RP_TAG(0x0020, 0x000E)
#define SHARED_GROUPS RP_TAG(0x5200, 0x9229)
#define FRAME_GROUPS RP_TAG(0x5200, 0x9230)

void rp_dicom_seg_drop(rp_dicom_seg **s)
{
    if (!*s) return;
    rp_free((*s)->segment);
    rp_free((*s)->frame);
    rp_free((*s)->frame_segment);
    rp_free((*s)->pixels);
    rp_free(*s);
    *s = NULL;
}

static rp_status read_kind(rp_shim_item *top, rp_dicom_seg *s)
{
    char type[24];
    rp_dicom_whole most = {0};
    const rp_dicom_header *h = &s->header;
    (void)rp_dicom_get_text(top, SEGMENTATION_TYPE, sizeof type, type);
    s->is_fractional = strcmp(type, "FRACTIONAL") == 0;
    RP_NEED(s->is_fractional || strcmp(type, "BINARY") == 0, RP_EUNSUP, "segmentation of type '%s'",
            type);
    RP_TRY(rp_dicom_get_whole(top, MAXIMUM_FRACTION, &most));
    RP_NEED(!s->is_fractional || (most.value >= 1 && most.value <= 255), RP_EDATA,
            "fractional, with a largest value of %" PRId64, most.value);
    s->most = s->is_fractional ? most.value : 1;
    RP_NEED(h->bits_allocated.value == (s->is_fractional ? 8 : 1), RP_EDATA,
            "%s of %" PRId64 " bits a pixel", type, h->bits_allocated.value);
    RP_NEED(h->rows.value >= 1 && h->columns.value >= 1 && h->rows.value <= 65535 &&
                h->columns.value <= 65535 && h->frames.value >= 1 && h->frames.value <= 1000000,
            RP_EDATA, "%" PRId64 " frames of %" PRId64 "x%" PRId64, h->frames.value, h->rows.value,
            h->columns.value);
    s->rows = h->rows.value;
    s->columns = h->columns.value;
    s->frames = h->frames.value;
    return RP_OK;
}

static int by_number(const void *a, const void *b)
{
    const int64_t x = ((const rp_dicom_segment *)a)->number,
                  y = ((const rp_dicom_segment *)b)->number;
    return (x > y) - (x < y);
}

static rp_status read_segments(rp_shim_item *top, rp_dicom_seg *s)
{
    const long n = rp_shim_items(top, SEGMENT_SEQUENCE);
    RP_NEED(n >= 1 && n <= 65535, RP_EDATA, "%ld segments", n);
    RP_TRY(rp_alloc(n, sizeof *s->segment, &s->segment));
    for (long i = 0; i < n; i++) {
        rp_shim_item *item = rp_shim_item_at(top, SEGMENT_SEQUENCE, i);
        rp_dicom_whole number = {0};
        RP_TRY(rp_dicom_get_whole(item, SEGMENT_NUMBER, &number));
        RP_NEED(number.is_set, RP_EDATA, "segment %ld has no number", i);
        s->segment[i].number = number.value;
        (void)rp_dicom_get_text(item, SEGMENT_LABEL, sizeof s->segment[i].label,
                                s->segment[i].label);
    }
    s->segments = n;
    qsort(s->segment, (size_t)n, sizeof *s->segment, by_number);
    for (long i = 1; i < n; i++)
        RP_NEED(s->segment[i].number != s->segment[i - 1].number, RP_EDATA,
                "two segments of number %" PRId64, s->segment[i].number);
    return RP_OK;
}

/* The segment of a frame, from its own groups or the shared ones. */
static rp_status read_frame_segment(rp_shim_item *top, long frame, rp_dicom_seg *s)
{
    rp_shim_item *groups[2] = {rp_shim_item_at(top, FRAME_GROUPS, frame), NULL};
    rp_dicom_whole number = {0};
    if (rp_shim_items(top, SHARED_GROUPS) > 0) groups[1] = rp_shim_item_at(top, SHARED_GROUPS, 0);
    for (int g = 0; g < 2 && !number.is_set; g++)
        if (groups[g] && rp_shim_items(groups[g], SEGMENT_IDENTIFICATION) > 0)
            RP_TRY(rp_dicom_get_whole(rp_shim_item_at(groups[g], SEGMENT_IDENTIFICATION, 0),
                                      REFERENCED_SEGMENT, &number));
    const rp_dicom_segment key = {.number = number.value};
    RP_NEED(number.is_set &&
                bsearch(&key, s->segment, (size_t)s->segments, sizeof *s->segment, by_number),
            RP_EDATA, "frame %ld is of segment %" PRId64 ", which is not there", frame,
            number.value);
    s->frame_segment[frame] = number.value;
    return RP_OK;
}

/* Bits run on from frame to frame, the lowest first. */
static rp_status read_bits(rp_shim *f, rp_dicom_seg *s)
{
    RP_AUTOFREE uint8_t *bytes = NULL;
    char why[RP_SHIM_WHY] = "";
    int64_t pixels;
    RP_TRY(rp_product(3, (int64_t[3]){s->frames, s->rows, s->columns}, &pixels));
    const int64_t want = s->is_fractional ? pixels : (pixels + 7) / 8,
                  have = rp_shim_pixel_bytes(f);
    RP_NEED(have != -1, RP_EUNSUP, "compressed segmentation");
    RP_NEED(have == want || (have == want + 1 && want % 2), RP_EDATA,
            "%" PRId64 " bytes of pixels announced, the file has %" PRId64, want, have);
    RP_TRY(rp_alloc_raw(want, 1, &bytes));
    RP_NEED(rp_shim_pixel_part(f, 0, want, bytes, why), RP_EDATA, "pixels cannot be read: %s", why);
    RP_TRY(rp_alloc_raw(pixels, 1, &s->pixels));
    for (int64_t i = 0; i < pixels; i++) {
        s->pixels[i] = (uint8_t)(s->is_fractional ? bytes[i] : bytes[i / 8] >> i % 8 & 1);
        RP_NEED(s->pixels[i] <= s->most, RP_EDATA,
                "pixel %" PRId64 " is %d, at most %" PRId64 " may be", i, s->pixels[i], s->most);
    }
    return RP_OK;
}

static void read_series(rp_shim_item *top, char series[68])
{
    bool several = false;
    char uid[68];
    for (long i = 0; i < rp_shim_items(top, REFERENCED_SERIES); i++) {
        (void)rp_dicom_get_text(rp_shim_item_at(top, REFERENCED_SERIES, i), SERIES_UID, sizeof uid,
                                uid);
        rp_dicom_add_series(uid, &several, series);
    }
}

static rp_status read_seg(const char *path, rp_shim *f, rp_dicom_seg *s)
{
    rp_shim_item *top = rp_shim_top(f);
    RP_TRY(read_kind(top, s));
    RP_TRY(read_segments(top, s));
    RP_TRY(rp_alloc(s->frames, sizeof *s->frame, &s->frame));
    RP_TRY(rp_alloc(s->frames, sizeof *s->frame_segment, &s->frame_segment));
    RP_TRY(rp_dicom_groups(path, top, s->frames, s->frame));
    for (long i = 0; i < s->frames; i++) RP_TRY(read_frame_segment(top, i, s));
    read_series(top, s->series_uid);
    return read_bits(f, s);
}

rp_status rp_dicom_segmentation(const char *path, rp_dicom_seg **out)
{
    RP_AUTO(rp_shim) f = NULL;
    RP_AUTO(rp_dicom_seg) s = NULL;
    RP_TRY(rp_alloc(1, sizeof *s, &s));
    RP_TRY(rp_dicom_load(path, RP_SHIM_PIXELS, &f, &s->header));
    RP_NEED(!s->header.is_odd, RP_EDATA, "'%s': damaged: %s", path, s->header.warning);
    RP_NEED(strcmp(s->header.sop_class, "1.2.840.10008.5.1.4.1.1.66.4") == 0, RP_EUNSUP,
            "'%s': not a SEG", path);
    RP_TRY_IN(read_seg(path, f, s), "'%s'", path);
    *out = RP_TAKE(s);
    return RP_OK;
}
