/* cohort/scan_head.c - headers of files: read, packed for the journey, unpacked.
 *
 * A packed head is the numbers of rp_file_head as they lie in memory, then each text with its 0;
 * the single byte SAME stands for the text of the head before it in the block. */
#include "cohort/scan_priv.h"

#include "io/atomic.h"

#include <stddef.h>
#include <string.h>

enum { LONGEST = 132, SAME = 1, NUMBERS = offsetof(rp_file_head, reason) };

/* The texts of a head, and how many bytes of each are kept, the 0 included. */
static const struct {
    size_t at, size;
} texts[] = {
#define TEXT(field, size)                                                                          \
    {                                                                                              \
        offsetof(rp_file_head, field), size                                                        \
    }
    TEXT(reason, 80),   TEXT(patient, 132),     TEXT(name, 132),       TEXT(birth, 12),
    TEXT(sex, 4),       TEXT(age, 8),           TEXT(study, 68),       TEXT(series, 68),
    TEXT(frame, 68),    TEXT(sop, 68),          TEXT(date, 12),        TEXT(time, 20),
    TEXT(modality, 20), TEXT(units, 20),        TEXT(photometric, 20), TEXT(image_type, 100),
    TEXT(volume, 68),   TEXT(manufacturer, 68), TEXT(model, 68),       TEXT(kernel, 68),
#undef TEXT
};
enum { TEXTS = sizeof texts / sizeof *texts };
_Static_assert(NUMBERS + TEXTS * sizeof(char *) == sizeof(rp_file_head), "a text is not listed");

struct rp_head_packer {
    rp_file_head head; /* its texts point into text, or are literals */
    char text[TEXTS][LONGEST], before[TEXTS][LONGEST];
};

static const char **text_of(rp_file_head *f, int i)
{
    return (const char **)((char *)f + texts[i].at);
}

static void set(rp_head_packer *p, size_t at, const char *value)
{
    for (int i = 0; i < TEXTS; i++)
        if (texts[i].at == at) {
            rp_text_fit(p->text[i], texts[i].size, value);
            *text_of(&p->head, i) = p->text[i];
        }
}
#define SET(p, field, value) set(p, offsetof(rp_file_head, field), value)

static void take_numbers(const rp_dicom_header *h, rp_file_head *f)
{
    f->has_position = h->position.count == 3;
    f->has_orientation = h->orientation.count == 6;
    f->has_spacing = h->pixel_spacing.count == 2;
    f->has_slope = h->slope.count == 1 && h->intercept.count == 1;
    f->has_frame_groups = h->has_frame_groups;
    f->has_lut = h->has_modality_lut;
    if (f->has_position) memcpy(f->position, h->position.value, sizeof f->position);
    if (f->has_orientation) memcpy(f->orientation, h->orientation.value, sizeof f->orientation);
    if (f->has_spacing) memcpy(f->spacing, h->pixel_spacing.value, sizeof f->spacing);
    f->slope = h->slope.count ? h->slope.value[0] : 1;
    f->intercept = h->intercept.count ? h->intercept.value[0] : 0;
    f->slice_thickness = h->slice_thickness.count ? h->slice_thickness.value[0] : 0;
    f->kvp = h->kvp.count ? h->kvp.value[0] : 0;
    f->echo_time = h->echo_time.count ? h->echo_time.value[0] : 0;
    f->repetition_time = h->repetition_time.count ? h->repetition_time.value[0] : 0;
    f->inversion_time = h->inversion_time.count ? h->inversion_time.value[0] : 0;
    f->b_value = h->b_value.count ? h->b_value.value[0] : -1;
    f->trigger_time = h->trigger_time.count ? h->trigger_time.value[0] : -1;
    f->rows = h->rows.value;
    f->columns = h->columns.value;
    f->frames = h->frames.is_set && h->frames.value > 0 ? h->frames.value : 1;
    f->bits_stored = h->bits_stored.value;
    f->sign = h->pixel_representation.value;
    f->series_number = h->series_number.value;
    f->acquisition = h->acquisition_number.value;
    f->instance = h->instance_number.value;
    f->temporal = h->temporal_position.is_set ? h->temporal_position.value : -1;
    f->bytes =
        (double)f->rows * (double)f->columns * (double)f->frames * (f->bits_stored > 8 ? 2 : 1);
}

static void take_header(const rp_dicom_header *h, rp_head_packer *p)
{
    SET(p, patient, h->patient_id);
    SET(p, name, h->patient_name);
    SET(p, birth, h->birth_date);
    SET(p, sex, h->patient_sex);
    SET(p, age, h->patient_age);
    SET(p, study, h->study_uid);
    SET(p, series, h->series_uid);
    SET(p, frame, h->frame_uid);
    SET(p, sop, h->sop_instance);
    SET(p, date, h->study_date);
    SET(p, time, h->study_time);
    SET(p, modality, h->modality);
    SET(p, units, h->units);
    SET(p, photometric, h->photometric);
    SET(p, image_type, h->image_type);
    SET(p, manufacturer, h->manufacturer);
    SET(p, model, h->model);
    SET(p, kernel, h->kernel);
    p->head.is_burned = strcmp(h->burned_in, "YES") == 0;
    p->head.is_lossy = strcmp(h->lossy, "01") == 0;
    take_numbers(h, &p->head);
}

static bool ends_in(const char *path, const char *ending)
{
    const size_t n = strlen(path), m = strlen(ending);
    return n > m && strcmp(path + n - m, ending) == 0;
}

static bool holds_word(const char *path, const char *stem)
{
    static const char *const folders[] = {"/labels", "/masks/", "/segmentations/"};
    static const char *const endings[] = {"_mask", "_seg", "_label", "-mask", "-seg", "-label"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        if (strstr(path, folders[i])) return true;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (ends_in(stem, endings[i])) return true;
    return false;
}

/* nnU-Net's naming: imagesTr/CASE_0000.nii.gz is volume '0000' of CASE, labelsTr/CASE.nii.gz its
 * label map.  What lies in a folder of masks or is called so is a label map of the case of its
 * name, any other file is volume 'image' of a case of its own. */
static void name_of_file(const char *path, rp_head_packer *p)
{
    const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    char stem[132];
    rp_text_fit(stem, sizeof stem, base);
    static const char *const endings[] = {".nii.gz", ".nii", ".nrrd", ".nhdr"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (ends_in(stem, endings[i])) {
            stem[strlen(stem) - strlen(endings[i])] = 0;
            break;
        }
    const bool label = holds_word(path, stem);
    const size_t n = strlen(stem);
    p->head.kind = label ? RP_FILE_MASK : RP_FILE_VOLUME;
    SET(p, volume, label ? "label" : "image");
    if (!label && n > 5 && stem[n - 5] == '_' && strspn(stem + n - 4, "0123456789") == 4) {
        SET(p, volume, stem + n - 4);
        stem[n - 5] = 0;
    }
    SET(p, patient, stem);
    SET(p, modality, "OT");
}

void rp_head_refuse(rp_file_head *f, rp_status st, const char *reason)
{
    f->kind = RP_FILE_SKIPPED;
    f->status = (int32_t)st;
    for (int i = 0; i < TEXTS; i++)
        if (!*text_of(f, i)) *text_of(f, i) = "";
    f->reason = reason;
}

static rp_status read_head(const char *path, rp_head_packer *p)
{
    rp_file_head *f = &p->head;
    rp_path_info info;
    if (ends_in(path, ".nii.gz") || ends_in(path, ".nii") || ends_in(path, ".nrrd") ||
        ends_in(path, ".nhdr")) {
        RP_TRY(rp_path_look(path, true, &info));
        name_of_file(path, p);
        f->bytes = (double)info.bytes;
        return RP_OK;
    }
    RP_AUTOFREE rp_dicom_header *h = NULL;
    RP_TRY(rp_alloc(1, sizeof *h, &h));
    const rp_status st = rp_dicom_header_read(path, h);
    if (st == RP_EUNSUP) {
        rp_head_refuse(f, st, "not a DICOM image");
        return RP_OK;
    }
    if (st == RP_EDATA || st == RP_EARG || st == RP_ENONE) {
        rp_head_refuse(f, st, st == RP_ENONE ? "vanished" : "damaged header");
        return RP_OK;
    }
    RP_TRY(st);
    take_header(h, p);
    if (strcmp(h->modality, "RTSTRUCT") == 0)
        f->kind = RP_FILE_STRUCTS;
    else if (strcmp(h->modality, "SEG") == 0)
        f->kind = RP_FILE_SEG;
    else if (f->rows > 0 && f->columns > 0)
        f->kind = RP_FILE_SLICE;
    else
        rp_head_refuse(f, RP_EUNSUP, "no pixels");
    return RP_OK;
}

rp_status rp_head_packer_new(rp_head_packer **out) { return rp_alloc(1, sizeof **out, out); }

void rp_head_packer_drop(rp_head_packer **p)
{
    rp_free(*p);
    *p = NULL;
}

rp_status rp_head_pack(rp_head_packer *p, const char *path, const char *reason, rp_text *result)
{
    memset(&p->head, 0, sizeof p->head);
    for (int i = 0; i < TEXTS; i++) *text_of(&p->head, i) = "";
    if (reason)
        rp_head_refuse(&p->head, RP_EIO, reason);
    else
        RP_TRY(read_head(path, p));
    rp_text_add_bytes(result, NUMBERS, &p->head);
    for (int i = 0; i < TEXTS; i++) {
        const char *now = *text_of(&p->head, i);
        static const char same[] = {SAME, 0};
        const bool is_same = now[0] && strcmp(now, p->before[i]) == 0;
        /* a text that is the mark itself would be read as the one before: no header means it */
        const char *sent = is_same ? same : now[0] == SAME ? now + 1 : now;
        rp_text_add_bytes(result, (int64_t)strlen(sent) + 1, sent);
        if (!is_same) rp_text_fit(p->before[i], sizeof p->before[i], sent);
    }
    return rp_text_status(result);
}

rp_status rp_head_unpack(int64_t n, const char *bytes, int64_t count, rp_words *words,
                         rp_file_head head[])
{
    const char *at = bytes, *end = bytes + n;
    const char *before[TEXTS];
    for (int i = 0; i < TEXTS; i++) before[i] = "";
    for (int64_t k = 0; k < count; k++) {
        RP_NEED(end - at > NUMBERS, RP_EDATA, "the headers of a block are cut short");
        memcpy(&head[k], at, NUMBERS);
        at += NUMBERS;
        for (int i = 0; i < TEXTS; i++) {
            const size_t length = strnlen(at, (size_t)(end - at));
            RP_NEED(at + length < end, RP_EDATA, "the headers of a block are cut short");
            const bool is_same = at[0] == SAME && length == 1;
            if (is_same)
                *text_of(&head[k], i) = before[i];
            else
                RP_TRY(rp_words_take(words, at, text_of(&head[k], i)));
            before[i] = *text_of(&head[k], i);
            at += length + 1;
        }
    }
    RP_NEED(at == end, RP_EDATA, "the headers of a block have bytes too many");
    return RP_OK;
}
