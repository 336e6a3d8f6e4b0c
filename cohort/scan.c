/* cohort/scan.c - what lies in a source. */
#include "cohort/scan.h"

#include "io/atomic.h"
#include "lib/base/digest.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { BLOCK = 128, DEPTH_MOST = 64 };

void rp_scan_drop(rp_scan **s)
{
    if (!*s) return;
    rp_free((*s)->path);
    rp_free((*s)->head);
    rp_text_clear(&(*s)->paths);
    rp_free(*s);
    *s = NULL;
}

/* Paths go to the list with a first byte that says what they are: 'f' a file, else a reason. */
typedef struct walk {
    rp_text *out;
    struct {
        uint64_t device, inode;
    } * seen;
    int64_t seen_count, seen_capacity;
} walk;

static void note(walk *w, char what, const char *path)
{
    rp_text_add_bytes(w->out, 1, &what);
    rp_text_add_bytes(w->out, (int64_t)strlen(path) + 1, path);
}

static rp_status first_visit(walk *w, const rp_path_info *info, bool *first)
{
    for (int64_t i = 0; i < w->seen_count; i++)
        if (w->seen[i].device == info->device && w->seen[i].inode == info->inode) {
            *first = false;
            return RP_OK;
        }
    RP_TRY(rp_grow(w->seen_count + 1, sizeof *w->seen, &w->seen_capacity, &w->seen));
    w->seen[w->seen_count].device = info->device;
    w->seen[w->seen_count].inode = info->inode;
    w->seen_count++;
    *first = true;
    return RP_OK;
}

/* Depth is bounded by DEPTH_MOST. */
static rp_status enter(walk *w, const char *path, int depth)
{
    rp_path_info info;
    if (rp_path_look(path, true, &info) != RP_OK) {
        note(w, 'p', path);
        return RP_OK;
    }
    if (info.kind == RP_PATH_FILE) {
        note(w, rp_path_is_readable(path) ? 'f' : 'p', path);
        return rp_text_status(w->out);
    }
    if (info.kind != RP_PATH_FOLDER) {
        note(w, info.kind == RP_PATH_NONE ? 'l' : 'o', path);
        return RP_OK;
    }
    bool first;
    RP_TRY(first_visit(w, &info, &first));
    if (!first || depth > DEPTH_MOST) {
        note(w, first ? 'd' : 's', path);
        return RP_OK;
    }
    RP_AUTO(rp_names) names = NULL;
    if (rp_path_list(path, &names) != RP_OK) {
        note(w, 'p', path);
        return RP_OK;
    }
    for (int64_t i = 0; i < names->count; i++) {
        RP_AUTOFREE char *below = NULL;
        RP_TRY(rp_path_join(path, names->name[i], &below));
        RP_TRY(enter(w, below, depth + 1));
    }
    return RP_OK;
}

static const char *reason_of(char what)
{
    switch (what) {
    case 'p': return "no permission";
    case 'l': return "link to nothing";
    case 'o': return "not a regular file";
    case 's': return "folder seen before";
    default: return "folders nested too deep";
    }
}

static rp_status find_files(int sources, const char *const source[], rp_text *out)
{
    walk w = {.out = out};
    rp_status st = RP_OK;
    for (int i = 0; i < sources && st == RP_OK; i++) {
        rp_path_info info;
        st = rp_path_look(source[i], true, &info);
        if (st == RP_OK && info.kind == RP_PATH_NONE)
            st = rp_error_set(RP_ENONE, __FILE__, __LINE__, __func__, "source '%s' is not there",
                              source[i]);
        if (st == RP_OK) st = enter(&w, source[i], 0);
    }
    rp_free(w.seen);
    return st == RP_OK ? rp_text_status(out) : st;
}

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

static void take_header(const rp_dicom_header *h, rp_file_head *f)
{
    rp_text_fit(f->patient, sizeof f->patient, h->patient_id);
    rp_text_fit(f->name, sizeof f->name, h->patient_name);
    rp_text_fit(f->birth, sizeof f->birth, h->birth_date);
    rp_text_fit(f->sex, sizeof f->sex, h->patient_sex);
    rp_text_fit(f->age, sizeof f->age, h->patient_age);
    rp_text_fit(f->study, sizeof f->study, h->study_uid);
    rp_text_fit(f->series, sizeof f->series, h->series_uid);
    rp_text_fit(f->frame, sizeof f->frame, h->frame_uid);
    rp_text_fit(f->sop, sizeof f->sop, h->sop_instance);
    rp_text_fit(f->date, sizeof f->date, h->study_date);
    rp_text_fit(f->time, sizeof f->time, h->study_time);
    rp_text_fit(f->modality, sizeof f->modality, h->modality);
    rp_text_fit(f->units, sizeof f->units, h->units);
    rp_text_fit(f->photometric, sizeof f->photometric, h->photometric);
    rp_text_fit(f->image_type, sizeof f->image_type, h->image_type);
    rp_text_fit(f->manufacturer, sizeof f->manufacturer, h->manufacturer);
    rp_text_fit(f->model, sizeof f->model, h->model);
    rp_text_fit(f->kernel, sizeof f->kernel, h->kernel);
    f->is_burned = strcmp(h->burned_in, "YES") == 0;
    f->is_lossy = strcmp(h->lossy, "01") == 0;
    take_numbers(h, f);
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
static void name_of_file(const char *path, rp_file_head *f)
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
    f->kind = label ? RP_FILE_MASK : RP_FILE_VOLUME;
    rp_text_fit(f->volume, sizeof f->volume, label ? "label" : "image");
    if (!label && n > 5 && stem[n - 5] == '_' && strspn(stem + n - 4, "0123456789") == 4) {
        rp_text_fit(f->volume, sizeof f->volume, stem + n - 4);
        stem[n - 5] = 0;
    }
    rp_text_fit(f->patient, sizeof f->patient, stem);
    rp_text_fit(f->modality, sizeof f->modality, "OT");
}

static void skip(rp_file_head *f, rp_status st, const char *reason)
{
    f->kind = RP_FILE_SKIPPED;
    f->status = (int32_t)st;
    rp_text_fit(f->reason, sizeof f->reason, reason);
}

static rp_status read_head(const char *path, rp_file_head *f)
{
    rp_path_info info;
    if (ends_in(path, ".nii.gz") || ends_in(path, ".nii") || ends_in(path, ".nrrd") ||
        ends_in(path, ".nhdr")) {
        RP_TRY(rp_path_look(path, true, &info));
        name_of_file(path, f);
        f->bytes = (double)info.bytes;
        return RP_OK;
    }
    RP_AUTOFREE rp_dicom_header *h = NULL;
    RP_TRY(rp_alloc(1, sizeof *h, &h));
    const rp_status st = rp_dicom_header_read(path, h);
    if (st == RP_EUNSUP) {
        skip(f, st, "not a DICOM image");
        return RP_OK;
    }
    if (st == RP_EDATA || st == RP_EARG || st == RP_ENONE) {
        skip(f, st, st == RP_ENONE ? "vanished" : "damaged header");
        return RP_OK;
    }
    RP_TRY(st);
    take_header(h, f);
    if (strcmp(h->modality, "RTSTRUCT") == 0)
        f->kind = RP_FILE_STRUCTS;
    else if (strcmp(h->modality, "SEG") == 0)
        f->kind = RP_FILE_SEG;
    else if (f->rows > 0 && f->columns > 0)
        f->kind = RP_FILE_SLICE;
    else
        skip(f, RP_EUNSUP, "no pixels");
    return RP_OK;
}

static rp_status read_block(void *arg, int64_t task, rp_text *result)
{
    const rp_scan *s = arg;
    RP_AUTOFREE rp_file_head *f = NULL;
    RP_TRY(rp_alloc(1, sizeof *f, &f));
    const int64_t end = (task + 1) * BLOCK < s->files ? (task + 1) * BLOCK : s->files;
    for (int64_t i = task * BLOCK; i < end; i++) {
        memset(f, 0, sizeof *f);
        if (s->path[i][-1] != 'f')
            skip(f, RP_EIO, reason_of(s->path[i][-1]));
        else
            RP_TRY(read_head(s->path[i], f));
        rp_text_add_bytes(result, sizeof *f, f);
    }
    return rp_text_status(result);
}

/* path[i] points behind the byte that says what it is. */
static rp_status index_paths(rp_scan *s)
{
    const char *end = s->paths.at + s->paths.length;
    for (const char *p = s->paths.at; p < end; p += strlen(p) + 1) s->files++;
    RP_NEED(s->files > 0, RP_EUSE, "no file in the sources");
    RP_TRY(rp_alloc(s->files, sizeof *s->path, &s->path));
    RP_TRY(rp_alloc(s->files, sizeof *s->head, &s->head));
    int64_t i = 0;
    for (char *p = s->paths.at; p < end; p += strlen(p) + 1) s->path[i++] = p + 1;
    return RP_OK;
}

static rp_status read_heads(const rp_comm *comm, rp_pool *pool, const char *folder,
                            bool (*stop)(void *arg), void *stop_arg, rp_scan *s)
{
    const int64_t tasks = (s->files + BLOCK - 1) / BLOCK;
    RP_AUTOFREE double *cost = NULL;
    RP_TRY(rp_alloc(tasks, sizeof *cost, &cost));
    for (int64_t i = 0; i < tasks; i++)
        cost[i] = (double)((i + 1) * BLOCK < s->files ? BLOCK : s->files - i * BLOCK);
    uint8_t d[RP_DIGEST_BYTES];
    char hex[RP_DIGEST_TEXT];
    rp_digest_bytes(NULL, (size_t)s->paths.length, s->paths.at, d);
    rp_hex(sizeof d, d, hex);
    const rp_work w = {.comm = comm,
                       .pool = pool,
                       .folder = folder,
                       .phase = "headers",
                       .title = "reading headers",
                       .digest = hex,
                       .tasks = tasks,
                       .cost = cost,
                       .run = read_block,
                       .arg = s,
                       .stop = stop,
                       .stop_arg = stop_arg,
                       .results_everywhere = true};
    RP_AUTO(rp_farm_results) f = NULL;
    RP_TRY(rp_work_run(&w, &f));
    for (int64_t i = 0; i < tasks; i++) {
        const int64_t n = (int64_t)cost[i];
        if (f->result[i].state == RP_FARM_IS_DONE && f->result[i].n == n * (int64_t)sizeof *s->head)
            memcpy(s->head + i * BLOCK, f->result[i].bytes, (size_t)f->result[i].n);
        else
            for (int64_t k = 0; k < n; k++)
                skip(&s->head[i * BLOCK + k], RP_EDATA, "crashes the reader");
    }
    return RP_OK;
}

rp_status rp_scan_sources(const rp_comm *comm, rp_pool *pool, int sources,
                          const char *const source[], const char *folder, bool (*stop)(void *arg),
                          void *stop_arg, rp_scan **out)
{
    RP_AUTO(rp_scan) s = NULL;
    rp_status st = rp_alloc(1, sizeof *s, &s);
    if (st == RP_OK && rp_comm_rank(comm) == 0) st = find_files(sources, source, &s->paths);
    RP_TRY(rp_comm_agree(comm, st));
    RP_TRY(rp_comm_share(comm, 0, &s->paths));
    RP_TRY(rp_comm_agree(comm, index_paths(s)));
    RP_TRY(read_heads(comm, pool, folder, stop, stop_arg, s));
    *out = RP_TAKE(s);
    return RP_OK;
}
