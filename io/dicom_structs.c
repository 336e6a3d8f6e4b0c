/* io/dicom_structs.c - RTSTRUCT: regions and their contours, joined by ROINumber. */
#include "io/dicom.h"
#include "io/dicom_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RT_STRUCT_ROIS = 100000 };

#define STRUCTURE_SET_ROI RP_TAG(0x3006, 0x0020)
#define ROI_NUMBER RP_TAG(0x3006, 0x0022)
#define ROI_FRAME RP_TAG(0x3006, 0x0024)
#define ROI_NAME RP_TAG(0x3006, 0x0026)
#define ROI_CONTOUR RP_TAG(0x3006, 0x0039)
#define REFERENCED_ROI RP_TAG(0x3006, 0x0084)
#define CONTOUR RP_TAG(0x3006, 0x0040)
#define CONTOUR_TYPE RP_TAG(0x3006, 0x0042)
#define CONTOUR_POINTS RP_TAG(0x3006, 0x0046)
#define CONTOUR_DATA RP_TAG(0x3006, 0x0050)
#define REFERENCED_FRAME RP_TAG(0x3006, 0x0010)
#define RT_STUDY RP_TAG(0x3006, 0x0012)
#define RT_SERIES RP_TAG(0x3006, 0x0014)
#define SERIES_UID RP_TAG(0x0020, 0x000E)

static const struct {
    const char *name;
    rp_contour_kind kind;
} kinds[] = {
    {"CLOSED_PLANAR", RP_CONTOUR_CLOSED},
    {"CLOSEDPLANAR", RP_CONTOUR_CLOSED},
    {"CLOSEDPLANAR_XOR", RP_CONTOUR_XOR},
    {"CLOSED_PLANAR_XOR", RP_CONTOUR_XOR},
    {"INTERPOLATED_PLANAR", RP_CONTOUR_INTERPOLATED},
    {"POINT", RP_CONTOUR_POINT},
    {"OPEN_PLANAR", RP_CONTOUR_OPEN},
    {"OPEN_NONPLANAR", RP_CONTOUR_OPEN},
};

static void roi_clear(rp_dicom_roi *r)
{
    for (int64_t i = 0; i < r->contours; i++) rp_free(r->contour[i].lps);
    rp_free(r->contour);
    r->contour = NULL;
    r->contours = 0;
}

void rp_dicom_structs_drop(rp_dicom_structs **s)
{
    if (!*s) return;
    for (int64_t i = 0; i < (*s)->rois; i++) roi_clear(&(*s)->roi[i]);
    rp_free((*s)->roi);
    rp_free(*s);
    *s = NULL;
}

static rp_status read_contour(rp_shim_item *item, rp_contour *out)
{
    char type[40];
    rp_dicom_whole points = {0};
    int64_t count;
    (void)rp_dicom_get_text(item, CONTOUR_TYPE, sizeof type, type);
    out->kind = RP_CONTOUR_OTHER;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(type, kinds[i].name) == 0) out->kind = kinds[i].kind;
    RP_NEED(out->kind != RP_CONTOUR_OTHER, RP_EDATA, "type '%s'", type);
    RP_TRY(rp_dicom_get_many(item, CONTOUR_DATA, &count, &out->lps));
    RP_TRY(rp_dicom_get_whole(item, CONTOUR_POINTS, &points));
    RP_NEED(count > 0 && count % 3 == 0, RP_EDATA, "%" PRId64 " coordinates", count);
    RP_NEED(!points.is_set || points.value == count / 3, RP_EDATA,
            "%" PRId64 " points announced, %" PRId64 " coordinates", points.value, count);
    out->points = count / 3;
    return RP_OK;
}

static rp_status read_contours(rp_shim_item *item, rp_dicom_roi *r)
{
    const long n = rp_shim_items(item, CONTOUR);
    if (n <= 0) return RP_OK;
    RP_NEED(!r->contour, RP_EDATA, "contours in two places");
    RP_TRY(rp_alloc(n, sizeof *r->contour, &r->contour));
    for (long i = 0; i < n; i++) {
        r->contours++;
        RP_TRY_IN(read_contour(rp_shim_item_at(item, CONTOUR, i), &r->contour[i]), "contour %ld",
                  i);
    }
    return RP_OK;
}

/* A region whose contours are damaged is kept without them, with the reason. */
static rp_status join_contours(rp_shim_item *item, rp_dicom_roi *r)
{
    const rp_status st = read_contours(item, r);
    if (st != RP_EDATA) return st;
    roi_clear(r);
    (void)snprintf(r->problem, sizeof r->problem, "%s", rp_error_message());
    return RP_OK;
}

static int by_number(const void *a, const void *b)
{
    const int64_t x = ((const rp_dicom_roi *)a)->number, y = ((const rp_dicom_roi *)b)->number;
    return (x > y) - (x < y);
}

static rp_status read_rois(rp_shim_item *top, rp_dicom_structs *s)
{
    const long n = rp_shim_items(top, STRUCTURE_SET_ROI);
    RP_NEED(n <= RT_STRUCT_ROIS, RP_EDATA, "%ld regions", n);
    if (n <= 0) return RP_OK;
    RP_TRY(rp_alloc(n, sizeof *s->roi, &s->roi));
    for (long i = 0; i < n; i++) {
        rp_shim_item *item = rp_shim_item_at(top, STRUCTURE_SET_ROI, i);
        rp_dicom_whole number = {0};
        rp_dicom_roi *r = &s->roi[i];
        RP_TRY(rp_dicom_get_whole(item, ROI_NUMBER, &number));
        RP_NEED(number.is_set, RP_EDATA, "region %ld has no number", i);
        r->number = number.value;
        (void)rp_dicom_get_text(item, ROI_NAME, sizeof r->name, r->name);
        (void)rp_dicom_get_text(item, ROI_FRAME, sizeof r->frame_uid, r->frame_uid);
        s->rois++;
    }
    qsort(s->roi, (size_t)s->rois, sizeof *s->roi, by_number);
    for (int64_t i = 1; i < s->rois; i++)
        RP_NEED(s->roi[i].number != s->roi[i - 1].number, RP_EDATA,
                "two regions of number %" PRId64, s->roi[i].number);
    return RP_OK;
}

static rp_status read_all_contours(rp_shim_item *top, rp_dicom_structs *s)
{
    const long n = rp_shim_items(top, ROI_CONTOUR);
    for (long i = 0; i < n; i++) {
        rp_shim_item *item = rp_shim_item_at(top, ROI_CONTOUR, i);
        rp_dicom_whole number = {0};
        RP_TRY(rp_dicom_get_whole(item, REFERENCED_ROI, &number));
        RP_NEED(number.is_set, RP_EDATA, "contours of no region");
        const rp_dicom_roi key = {.number = number.value};
        rp_dicom_roi *r =
            s->rois ? bsearch(&key, s->roi, (size_t)s->rois, sizeof *s->roi, by_number) : NULL;
        RP_NEED(r, RP_EDATA, "contours of region number %" PRId64 ", which is not there",
                number.value);
        RP_TRY(join_contours(item, r));
    }
    return RP_OK;
}

static void read_series(rp_shim_item *top, char series[68])
{
    bool several = false;
    char uid[68];
    for (long i = 0; i < rp_shim_items(top, REFERENCED_FRAME); i++) {
        rp_shim_item *frame = rp_shim_item_at(top, REFERENCED_FRAME, i);
        for (long j = 0; j < rp_shim_items(frame, RT_STUDY); j++) {
            rp_shim_item *study = rp_shim_item_at(frame, RT_STUDY, j);
            for (long k = 0; k < rp_shim_items(study, RT_SERIES); k++) {
                (void)rp_dicom_get_text(rp_shim_item_at(study, RT_SERIES, k), SERIES_UID,
                                        sizeof uid, uid);
                rp_dicom_add_series(uid, &several, series);
            }
        }
    }
}

rp_status rp_dicom_rtstruct(const char *path, rp_dicom_structs **out)
{
    RP_AUTO(rp_shim) f = NULL;
    RP_AUTO(rp_dicom_structs) s = NULL;
    RP_TRY(rp_alloc(1, sizeof *s, &s));
    RP_TRY(rp_dicom_load(path, RP_SHIM_WHOLE, &f, &s->header));
    RP_NEED(!s->header.is_odd, RP_EDATA, "'%s': damaged: %s", path, s->header.warning);
    RP_NEED(strcmp(s->header.sop_class, "1.2.840.10008.5.1.4.1.1.481.3") == 0, RP_EUNSUP,
            "'%s': not an RTSTRUCT", path);
    RP_TRY_IN(read_rois(rp_shim_top(f), s), "'%s'", path);
    RP_TRY_IN(read_all_contours(rp_shim_top(f), s), "'%s'", path);
    read_series(rp_shim_top(f), s->series_uid);
    *out = RP_TAKE(s);
    return RP_OK;
}
