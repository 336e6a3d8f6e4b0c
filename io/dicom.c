/* io/dicom.c - headers of DICOM files, by the white list. */
#include "io/dicom.h"
#include "io/dicom_priv.h"
#include "io/sys_priv.h"
#include "lib/base/text.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PREAMBLE = 128, MAX_FRAMES = 10000000 };

rp_status rp_dicom_start(void)
{
    RP_NEED(rp_shim_start(), RP_ENONE,
            "the data dictionary of DCMTK was not found (DCMDICTPATH names its file)");
    return RP_OK;
}

void rp_dicom_end(void) { rp_shim_end(); }

void rp_shim_drop(rp_shim **f)
{
    if (*f) rp_shim_free(*f);
    *f = NULL;
}

static const rp_dicom_tag tags[] = {
#define RP_TAG_TEXT(field, group, element, size, inside, creator, keyword, reason)                 \
    {group, element, inside, creator, keyword, reason},
#define RP_TAG_WHOLE RP_TAG_TEXT
#define RP_TAG_REALS RP_TAG_TEXT
#include "io/dicom_tags.inc"
#undef RP_TAG_TEXT
#undef RP_TAG_WHOLE
#undef RP_TAG_REALS
};

int rp_dicom_tags(const rp_dicom_tag **out)
{
    *out = tags;
    return (int)(sizeof tags / sizeof *tags);
}

/* Does it start like DICOM: the mark behind the preamble, or an element of group 0002 or 0008? */
static rp_status sniff(const char *path, bool *is_bare)
{
    RP_AUTOCLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    RP_SYS(fd >= 0, "'%s' cannot be opened", path);
    struct stat info;
    RP_SYS(fstat(fd, &info) == 0, "'%s' cannot be looked at", path);
    RP_NEED(S_ISREG(info.st_mode), RP_EARG, "'%s' is not a regular file", path);
    uint8_t first[PREAMBLE + 4] = {0};
    int64_t got;
    RP_TRY(rp_read_at(fd, path, 0, sizeof first, first, &got));
    *is_bare = got < PREAMBLE + 4 || memcmp(first + PREAMBLE, "DICM", 4) != 0;
    if (!*is_bare) return RP_OK;
    const bool little = (first[0] == 8 || first[0] == 2) && first[1] == 0 && first[3] == 0;
    const bool big = first[0] == 0 && (first[1] == 8 || first[1] == 2) && first[2] == 0;
    RP_NEED(got >= 16 && (little || big), RP_EUNSUP, "'%s': not DICOM", path);
    return RP_OK;
}

static void warn(rp_dicom_header *h, const char *text)
{
    const size_t used = strlen(h->warning);
    (void)snprintf(h->warning + used, sizeof h->warning - used, "%s%s", used ? "; " : "", text);
}

/* The item and tag where a row of the table stands; false if it is not there. */
static bool locate(rp_shim_item *top, const rp_dicom_tag *t, rp_shim_item **item, uint32_t *tag)
{
    *item = top;
    *tag = RP_TAG(t->group, t->element);
    if (*t->creator) *tag = rp_shim_private(top, t->group, t->creator, (uint8_t)t->element);
    if (*tag == 0) return false;
    if (t->inside == 0) return true;
    if (rp_shim_items(top, t->inside) < 1) return false;
    *item = rp_shim_item_at(top, t->inside, 0);
    return *item != NULL;
}

/* A number that cannot be read: of pixels and geometry it is an error, else a warning. */
static rp_status judge(rp_status st, const rp_dicom_tag *t, rp_dicom_header *h)
{
    if (st != RP_EDATA) return st;
    (void)rp_error_within(st, "%s", t->keyword);
    if (t->group == 0x0020 || t->group == 0x0028) return st;
    warn(h, rp_error_message());
    return RP_OK;
}

static void fill_text(rp_shim_item *top, const rp_dicom_tag *t, size_t size, char out[],
                      rp_dicom_header *h)
{
    rp_shim_item *item;
    uint32_t tag;
    char line[80];
    if (!locate(top, t, &item, &tag)) return;
    if (rp_dicom_get_text(item, tag, size, out)) return;
    (void)snprintf(line, sizeof line, "%s is cut to %zu bytes", t->keyword, strlen(out));
    warn(h, line);
}

static rp_status fill_whole(rp_shim_item *top, const rp_dicom_tag *t, rp_dicom_whole *out,
                            rp_dicom_header *h)
{
    rp_shim_item *item;
    uint32_t tag;
    if (!locate(top, t, &item, &tag)) return RP_OK;
    return judge(rp_dicom_get_whole(item, tag, out), t, h);
}

static rp_status fill_reals(rp_shim_item *top, const rp_dicom_tag *t, int size, rp_dicom_reals *out,
                            rp_dicom_header *h)
{
    rp_shim_item *item;
    uint32_t tag;
    if (!locate(top, t, &item, &tag)) return RP_OK;
    return judge(rp_dicom_get_reals(item, tag, size, out), t, h);
}

static rp_status fill(rp_shim *f, rp_dicom_header *h)
{
    rp_shim_item *top = rp_shim_top(f);
    const rp_dicom_tag *t = tags;
#define RP_TAG_TEXT(field, group, element, size, inside, creator, keyword, reason)                 \
    fill_text(top, t++, sizeof h->field, h->field, h);
#define RP_TAG_WHOLE(field, group, element, size, inside, creator, keyword, reason)                \
    RP_TRY(fill_whole(top, t++, &h->field, h));
#define RP_TAG_REALS(field, group, element, size, inside, creator, keyword, reason)                \
    RP_TRY(fill_reals(top, t++, size, &h->field, h));
#include "io/dicom_tags.inc"
#undef RP_TAG_TEXT
#undef RP_TAG_WHOLE
#undef RP_TAG_REALS
    (void)snprintf(h->transfer_syntax, sizeof h->transfer_syntax, "%s", rp_shim_syntax(f));
    h->has_modality_lut = rp_shim_items(top, RP_TAG(0x0028, 0x3000)) > 0;
    h->has_frame_groups = rp_shim_items(top, RP_TAG(0x5200, 0x9230)) > 0;
    /* In implicit VR the padding comes as unsigned, whatever the pixels are. */
    if (h->pixel_representation.value == 1) {
        if (h->padding.value > INT16_MAX) h->padding.value -= 65536;
        if (h->padding_limit.value > INT16_MAX) h->padding_limit.value -= 65536;
    }
    return RP_OK;
}

rp_status rp_dicom_load(const char *path, rp_shim_depth depth, rp_shim **file, rp_dicom_header *out)
{
    RP_AUTO(rp_shim) f = NULL;
    RP_AUTOFREE rp_dicom_header *h = NULL;
    char why[RP_SHIM_WHY];
    bool is_bare = false;
    RP_TRY(sniff(path, &is_bare));
    RP_TRY(rp_dicom_scan(path, is_bare));
    f = rp_shim_load(path, depth, why);
    RP_NEED(f && (!*why || depth != RP_SHIM_HEADER), is_bare ? RP_EUNSUP : RP_EDATA, "'%s': %s: %s",
            path, is_bare ? "not DICOM" : "damaged header", why);
    RP_TRY(rp_alloc(1, sizeof *h, &h));
    h->is_bare = is_bare;
    if (is_bare) warn(h, "no preamble");
    if (*why) warn(h, why);
    h->is_odd = *why != 0;
    RP_NEED(rp_shim_items(rp_shim_top(f), RP_TAG(0x0004, 0x1220)) < 0, RP_EUNSUP,
            "'%s': a DICOMDIR", path);
    RP_TRY_IN(fill(f, h), "'%s'", path);
    RP_NEED(*h->sop_class || !is_bare, RP_EUNSUP, "'%s': not DICOM", path);
    RP_NEED(*h->sop_class && *h->sop_instance, RP_EDATA, "'%s': no SOPClassUID or SOPInstanceUID",
            path);
    *out = *h;
    *file = RP_TAKE(f);
    return RP_OK;
}

rp_status rp_dicom_header_read(const char *path, rp_dicom_header *out)
{
    RP_AUTO(rp_shim) f = NULL;
    return rp_dicom_load(path, RP_SHIM_HEADER, &f, out);
}

/* First item of a sequence within the frame's groups, else within the shared ones. */
static rp_shim_item *macro(rp_shim_item *frame, rp_shim_item *shared, uint32_t sequence)
{
    if (frame && rp_shim_items(frame, sequence) > 0) return rp_shim_item_at(frame, sequence, 0);
    if (shared && rp_shim_items(shared, sequence) > 0) return rp_shim_item_at(shared, sequence, 0);
    return NULL;
}

static rp_status read_frame(rp_shim_item *frame, rp_shim_item *shared, rp_dicom_frame *out)
{
    const struct {
        uint32_t sequence, tag;
        int size;
        rp_dicom_reals *to;
    } rows[] = {
        {RP_TAG(0x0020, 0x9113), RP_TAG(0x0020, 0x0032), 3, &out->position},
        {RP_TAG(0x0020, 0x9116), RP_TAG(0x0020, 0x0037), 6, &out->orientation},
        {RP_TAG(0x0028, 0x9110), RP_TAG(0x0028, 0x0030), 2, &out->pixel_spacing},
        {RP_TAG(0x0028, 0x9145), RP_TAG(0x0028, 0x1053), 1, &out->slope},
        {RP_TAG(0x0028, 0x9145), RP_TAG(0x0028, 0x1052), 1, &out->intercept},
        {RP_TAG(0x0018, 0x9117), RP_TAG(0x0018, 0x9087), 1, &out->b_value},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        rp_shim_item *item = macro(frame, shared, rows[i].sequence);
        if (item) RP_TRY(rp_dicom_get_reals(item, rows[i].tag, rows[i].size, rows[i].to));
    }
    rp_shim_item *content = macro(frame, shared, RP_TAG(0x0020, 0x9111));
    if (content)
        RP_TRY(rp_dicom_get_whole(content, RP_TAG(0x0020, 0x9128), &out->temporal_position));
    return RP_OK;
}

rp_status rp_dicom_groups(const char *path, rp_shim_item *top, int64_t frames, rp_dicom_frame out[])
{
    const uint32_t shared_tag = RP_TAG(0x5200, 0x9229), frame_tag = RP_TAG(0x5200, 0x9230);
    const long items = rp_shim_items(top, frame_tag);
    rp_shim_item *shared =
        rp_shim_items(top, shared_tag) > 0 ? rp_shim_item_at(top, shared_tag, 0) : NULL;
    RP_NEED(items == frames, RP_EDATA,
            "'%s': functional groups of %ld frames, the file has %" PRId64, path, items, frames);
    for (int64_t i = 0; i < frames; i++)
        RP_TRY_IN(read_frame(rp_shim_item_at(top, frame_tag, i), shared, &out[i]),
                  "'%s': frame %" PRId64, path, i);
    return RP_OK;
}

rp_status rp_dicom_frames(const char *path, int64_t *frames, rp_dicom_frame **out)
{
    RP_AUTO(rp_shim) f = NULL;
    RP_AUTOFREE rp_dicom_header *h = NULL;
    RP_AUTOFREE rp_dicom_frame *found = NULL;
    RP_TRY(rp_alloc(1, sizeof *h, &h));
    RP_TRY(rp_dicom_load(path, RP_SHIM_HEADER, &f, h));
    const int64_t n = h->frames.is_set ? h->frames.value : 1;
    RP_NEED(n >= 1 && n <= MAX_FRAMES, RP_EDATA, "'%s': %" PRId64 " frames", path, n);
    RP_TRY(rp_alloc(n, sizeof *found, &found));
    RP_TRY(rp_dicom_groups(path, rp_shim_top(f), n, found));
    *frames = n;
    *out = RP_TAKE(found);
    return RP_OK;
}

void rp_dicom_add_series(const char *found, bool *several, char series[68])
{
    if (!*found || *several || strcmp(found, series) == 0) return;
    *several = *series != 0;
    (void)snprintf(series, 68, "%s", *several ? "" : found);
}
