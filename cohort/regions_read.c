/* cohort/regions_read.c - regions of structure sets, segmentations and label maps as masks. */
#include "cohort/volume_read.h"

#include "io/nifti.h"
#include "io/nrrd.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

void rp_regions_clear(rp_regions *r)
{
    for (int64_t i = 0; i < r->count; i++) rp_free(r->region[i].mask);
    rp_free(r->region);
    *r = (rp_regions){0};
}

/* A region's name without identifiers of its patient; two of one name are told apart by a number.
 */
static rp_status add_region(const char *name, const rp_file_head *head, const rp_naming *naming,
                            rp_regions *out, rp_region **added)
{
    RP_TRY(rp_grow(out->count + 1, sizeof *out->region, &out->capacity, &out->region));
    rp_region *r = &out->region[out->count];
    memset(r, 0, sizeof *r);
    rp_clean_name(name, r->name);
    const bool names_patient =
        !naming->keep &&
        (rp_holds_identifier(name, head->patient) || rp_holds_identifier(name, head->name) ||
         rp_holds_identifier(name, head->birth) || rp_holds_identifier(name, head->date));
    if (names_patient) (void)snprintf(r->name, sizeof r->name, "region%" PRId64, out->count + 1);
    const size_t length = strlen(r->name);
    for (int number = 2;; number++) {
        bool taken = false;
        for (int64_t i = 0; i < out->count; i++)
            taken = taken || strcmp(out->region[i].name, r->name) == 0;
        if (!taken) break;
        (void)snprintf(r->name + length, sizeof r->name - length, "_%d", number);
    }
    out->count++;
    *added = r;
    return RP_OK;
}

static void report_contours(const rp_contour_report *c, rp_region *r)
{
    if (c->off_plane || c->dropped || c->outside || c->empty || c->skipped)
        (void)snprintf(r->warning, sizeof r->warning,
                       "%" PRId64 " contours: %" PRId64 " off plane (%.2f mm); %" PRId64
                       " dropped; %" PRId64 " clipped; %" PRId64 " empty; %" PRId64 " not filled",
                       c->contours, c->off_plane, c->worst_off_mm, c->dropped, c->outside, c->empty,
                       c->skipped);
}

static void count_voxels(int64_t n, rp_region *r)
{
    for (int64_t i = 0; i < n; i++) r->voxels += r->mask[i];
    if (r->voxels == 0 && !r->warning[0]) (void)snprintf(r->warning, sizeof r->warning, "no voxel");
}

static rp_status read_structs(const char *path, const rp_grid *grid, const char *frame,
                              const rp_naming *naming, rp_regions *out)
{
    RP_AUTO(rp_dicom_structs) s = NULL;
    RP_TRY(rp_dicom_rtstruct(path, &s));
    const rp_file_head head = {.patient = s->header.patient_id,
                               .name = s->header.patient_name,
                               .birth = s->header.birth_date,
                               .date = s->header.study_date};
    const int64_t voxels = rp_grid_voxels(grid);
    for (int64_t i = 0; i < s->rois; i++) {
        const rp_dicom_roi *roi = &s->roi[i];
        rp_region *r;
        RP_TRY(add_region(roi->name, &head, naming, out, &r));
        if (roi->frame_uid[0] && frame[0] && strcmp(roi->frame_uid, frame) != 0)
            (void)snprintf(r->problem, sizeof r->problem, "another frame of reference");
        else if (roi->problem[0])
            (void)snprintf(r->problem, sizeof r->problem, "contours that cannot be used");
        else if (roi->contours == 0)
            (void)snprintf(r->problem, sizeof r->problem, "no contours");
        if (r->problem[0]) continue;
        rp_contour_report c;
        RP_TRY(rp_alloc_raw(voxels, 1, &r->mask));
        const rp_status st = rp_contour_fill(grid, roi->contours, roi->contour, r->mask, &c);
        if (st == RP_EDATA || st == RP_EUNSUP) {
            (void)snprintf(r->problem, sizeof r->problem, "%s",
                           st == RP_EDATA ? "contours not finite" : "contours across slices");
            rp_free(r->mask);
            r->mask = NULL;
            continue;
        }
        RP_TRY(st);
        report_contours(&c, r);
        count_voxels(voxels, r);
    }
    return RP_OK;
}

/* Places one frame of a segmentation on the grid; false if it does not lie on a slice. */
static rp_status place_frame(const rp_dicom_seg *s, int64_t k, const rp_grid *grid, uint8_t mask[],
                             bool *fits)
{
    const rp_dicom_frame *f = &s->frame[k];
    *fits = false;
    if (f->position.count != 3 || f->orientation.count != 6 || f->pixel_spacing.count != 2)
        return RP_OK;
    rp_grid own = {.n = {1, s->rows, s->columns},
                   .spacing = {1, f->pixel_spacing.value[0], f->pixel_spacing.value[1]}};
    for (int i = 0; i < 3; i++) {
        own.origin[i] = f->position.value[i];
        own.dir[1][i] = f->orientation.value[3 + i];
        own.dir[2][i] = f->orientation.value[i];
    }
    for (int a = 0; a < 2; a++) { /* both corners of the frame must be voxels of one slice */
        double lps[3], index[3];
        rp_grid_position(
            &own,
            (const double[]){0, a ? (double)(s->rows - 1) : 0, a ? (double)(s->columns - 1) : 0},
            lps);
        RP_TRY(rp_grid_index(grid, lps, index));
        const double want[3] = {index[0], a ? (double)(s->rows - 1) : 0,
                                a ? (double)(s->columns - 1) : 0};
        if (s->rows != grid->n[1] || s->columns != grid->n[2] || fabs(index[1] - want[1]) > 0.1 ||
            fabs(index[2] - want[2]) > 0.1 || fabs(index[0] - rint(index[0])) > 0.1)
            return RP_OK;
        const int64_t z = (int64_t)rint(index[0]);
        if (z < 0 || z >= grid->n[0]) return RP_OK;
        if (a == 0) continue;
        const int64_t plane = s->rows * s->columns;
        for (int64_t i = 0; i < plane; i++)
            if (2 * (int64_t)s->pixels[k * plane + i] >= s->most && s->pixels[k * plane + i])
                mask[z * plane + i] = 1;
    }
    *fits = true;
    return RP_OK;
}

static rp_status read_segments(const char *path, const rp_file_head *head, const rp_grid *grid,
                               const rp_naming *naming, rp_regions *out)
{
    RP_AUTO(rp_dicom_seg) s = NULL;
    RP_TRY(rp_dicom_segmentation(path, &s));
    const int64_t voxels = rp_grid_voxels(grid);
    for (int64_t i = 0; i < s->segments; i++) {
        rp_region *r;
        int64_t misplaced = 0;
        RP_TRY(add_region(s->segment[i].label, head, naming, out, &r));
        RP_TRY(rp_alloc(voxels, 1, &r->mask));
        for (int64_t k = 0; k < s->frames; k++) {
            bool fits = true;
            if (s->frame_segment[k] == s->segment[i].number)
                RP_TRY(place_frame(s, k, grid, r->mask, &fits));
            misplaced += !fits;
        }
        count_voxels(voxels, r);
        if (misplaced) {
            (void)snprintf(r->problem, sizeof r->problem, "%" PRId64 " frames off the image's grid",
                           misplaced);
            rp_free(r->mask);
            r->mask = NULL;
        }
    }
    return RP_OK;
}

/* A label map: a region a label; a mask of 0 and 1 is one region 'label1'. */
static rp_status read_label_map(const char *path, const rp_file_head *head, const rp_grid *grid,
                                const rp_naming *naming, rp_regions *out)
{
    RP_AUTO(rp_volume) v = NULL;
    const size_t n = strlen(path);
    if (n > 5 && (strcmp(path + n - 5, ".nrrd") == 0 || strcmp(path + n - 5, ".nhdr") == 0))
        RP_TRY(rp_nrrd_read(path, &v, NULL));
    else
        RP_TRY(rp_nifti_read(path, &v, NULL));
    const double off = rp_grid_difference(grid, &v->grid);
    RP_NEED(off <= 0.1, RP_EDATA, "label map of another geometry: %g voxels off", off);
    const int64_t voxels = rp_grid_voxels(grid);
    bool seen[256] = {false};
    for (int64_t i = 0; i < voxels; i++) {
        const double x = rp_volume_value(v, i);
        RP_NEED(x >= 0 && x <= 255 && x == rint(x), RP_EDATA,
                "label map holds %g: labels are 0 to 255", x);
        seen[(int)x] = true;
    }
    for (int label = 1; label < 256; label++) {
        if (!seen[label]) continue;
        char name[20];
        rp_region *r;
        (void)snprintf(name, sizeof name, "label%d", label);
        RP_TRY(add_region(name, head, naming, out, &r));
        RP_TRY(rp_alloc(voxels, 1, &r->mask));
        for (int64_t i = 0; i < voxels; i++) r->mask[i] = rp_volume_value(v, i) == label;
        count_voxels(voxels, r);
    }
    return RP_OK;
}

rp_status rp_regions_read(const char *path, const rp_file_head *head, const rp_grid *grid,
                          const char *frame, const rp_naming *naming, rp_regions *out)
{
    switch (head->kind) {
    case RP_FILE_STRUCTS: return read_structs(path, grid, frame, naming, out);
    case RP_FILE_SEG: return read_segments(path, head, grid, naming, out);
    case RP_FILE_MASK: return read_label_map(path, head, grid, naming, out);
    default: RP_FAIL(RP_EBUG, "'%s' is no attachment", path);
    }
}
