/* cohort/phantom.c - synthetic head-and-neck patients as DICOM CT and RTSTRUCT.
 *
 * A patient is an ellipse of soft tissue with spine, airway, two parotids, small bright vessels and
 * a tumour of the vessels' brightness but larger: telling them apart takes size and shape. Contours
 * are those of the ellipsoids themselves.  Every number follows from (seed, patient). */
#include "cohort/phantom.h"

#include "io/atomic.h"
#include "io/dicom.h"
#include "lib/base/random.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

const rp_phantom_kind rp_phantoms[] = {
    {"head-neck",
     "CT of the neck with a primary tumour (GTVp) and parotids, 40x64x64 voxels of 3 mm",
     20,
     {40, 64, 64},
     {3, 3, 3}},
    {"head-neck-large",
     "the same in 80x160x160 voxels of 2 x 1.5 x 1.5 mm",
     20,
     {80, 160, 160},
     {2, 1.5, 1.5}},
    {0},
};

enum { ORGANS_MOST = 16, CONTOUR_POINTS = 48 };

typedef struct organ {
    const char *name;            /* NULL: not drawn as a region */
    double centre[3], radius[3]; /* mm, z y x, about the middle of the image */
    double hu;
} organ;

typedef struct patient {
    const rp_phantom_kind *kind;
    uint64_t seed;
    int number;
    organ organ[ORGANS_MOST]; /* later ones are painted over earlier ones */
    int organs;
    double noise;
    char id[24], name[40], folder[1200];
} patient;

static void add(patient *p, const char *name, double z, double y, double x, double rz, double ry,
                double rx, double hu)
{
    p->organ[p->organs++] = (organ){name, {z, y, x}, {rz, ry, rx}, hu};
}

static void draw_patient(patient *p)
{
    static const char *const given[] = {"Anna", "Bela",   "Carlos", "Dorothea",
                                        "Emil", "Fatima", "Gustav", "Helga"};
    static const char *const family[] = {"Abendroth", "Bergstrom", "Castellano", "Dimitrova",
                                         "Eriksen",   "Fontaine",  "Grabowski",  "Hollander"};
    rp_random r;
    rp_random_start(p->seed, RP_RANDOM_PHANTOM, (uint64_t)p->number, &r);
    const double size = (double)p->kind->shape[2] * p->kind->spacing[2] / 2,
                 wide = rp_random_range(&r, 0.75, 0.88) * size;
    const double deep = wide * rp_random_range(&r, 0.78, 0.9),
                 tall = (double)p->kind->shape[0] * p->kind->spacing[0];
    add(p, NULL, 0, 0, 0, 10 * tall, deep, wide, 40);
    add(p, NULL, 0, 0.62 * deep, 0, 10 * tall, 0.16 * deep, 0.14 * wide, 700);
    add(p, NULL, 0, -0.25 * deep, 0, 10 * tall, 0.14 * deep, 0.1 * wide, -1000);
    for (int side = -1; side <= 1; side += 2)
        add(p, side < 0 ? "Parotid_R" : "Parotid_L", 0.2 * tall, 0.15 * deep, side * 0.72 * wide,
            0.18 * tall, 0.2 * deep, 0.12 * wide, 0);
    for (int i = 0; i < 6; i++) {
        const double radius = rp_random_range(&r, 3, 4.5);
        add(p, NULL, rp_random_range(&r, -0.4, 0.4) * tall, rp_random_range(&r, -0.5, 0.4) * deep,
            (i % 2 ? 1 : -1) * rp_random_range(&r, 0.25, 0.6) * wide, radius, radius, radius, 110);
    }
    const double radius = rp_random_range(&r, 10, 17), side = rp_random_unit(&r) < 0.5 ? -1 : 1;
    add(p, "GTVp", rp_random_range(&r, -0.25, 0.2) * tall, rp_random_range(&r, -0.35, 0.25) * deep,
        side * rp_random_range(&r, 0.25, 0.5) * wide, radius * rp_random_range(&r, 0.8, 1.2),
        radius * rp_random_range(&r, 0.8, 1.2), radius * rp_random_range(&r, 0.8, 1.2), 110);
    p->noise = rp_random_range(&r, 12, 20);
    (void)snprintf(p->id, sizeof p->id, "RP-%" PRId64,
                   100000 + rp_random_below(&r, 900000) * 10 + p->number % 10);
    (void)snprintf(p->name, sizeof p->name, "%s^%s", family[rp_random_below(&r, 8)],
                   given[rp_random_below(&r, 8)]);
}

/* Identifiers of objects: the arc of UUIDs would need a real one; this arc is for examples (2.999).
 */
static void uid(const patient *p, const char *what, int64_t number, char out[68])
{
    (void)snprintf(out, 68, "2.999.%" PRIu64 ".%d.%s.%" PRId64, p->seed, p->number + 1, what,
                   number);
}

static void fill_header(const patient *p, const char *modality, const char *series,
                        rp_dicom_header *h)
{
    memset(h, 0, sizeof *h);
    rp_text_fit(h->patient_id, sizeof h->patient_id, p->id);
    rp_text_fit(h->patient_name, sizeof h->patient_name, p->name);
    (void)snprintf(h->birth_date, sizeof h->birth_date, "19%02d%02d%02d", 30 + p->number % 50,
                   1 + p->number % 12, 1 + p->number % 28);
    rp_text_fit(h->patient_sex, sizeof h->patient_sex, p->number % 3 ? "M" : "F");
    (void)snprintf(h->patient_age, sizeof h->patient_age, "%03dY", 90 - p->number % 50);
    rp_text_fit(h->study_date, sizeof h->study_date, "20210314");
    rp_text_fit(h->study_time, sizeof h->study_time, "101500");
    rp_text_fit(h->modality, sizeof h->modality, modality);
    rp_text_fit(h->manufacturer, sizeof h->manufacturer, "radpipe phantom");
    uid(p, "1", 0, h->study_uid);
    uid(p, series, 0, h->series_uid);
    uid(p, "9", 0, h->frame_uid);
}

static double hu_at(const patient *p, const double mm[3])
{
    double hu = -1000;
    for (int i = 0; i < p->organs; i++) {
        double d = 0;
        for (int a = 0; a < 3; a++) {
            const double u = (mm[a] - p->organ[i].centre[a]) / p->organ[i].radius[a];
            d += u * u;
        }
        if (d < 1) hu = p->organ[i].hu;
    }
    return hu;
}

static void position(const patient *p, int64_t z, double out[3])
{
    for (int a = 0; a < 3; a++) /* LPS x, y, z of the first voxel of slice z */
        out[a] = -(double)(p->kind->shape[2 - a] - 1) / 2 * p->kind->spacing[2 - a];
    out[2] += (double)z * p->kind->spacing[0];
}

static rp_status write_slice(const patient *p, int64_t z)
{
    const rp_phantom_kind *k = p->kind;
    RP_AUTOFREE rp_dicom_header *h = NULL;
    RP_AUTOFREE int32_t *pixel = NULL;
    RP_AUTOFREE char *path = NULL;
    RP_TRY(rp_alloc(1, sizeof *h, &h));
    RP_TRY(rp_alloc(k->shape[1] * k->shape[2], sizeof *pixel, &pixel));
    fill_header(p, "CT", "2", h);
    rp_text_fit(h->sop_class, sizeof h->sop_class, "1.2.840.10008.5.1.4.1.1.2");
    uid(p, "2", z + 1, h->sop_instance);
    rp_text_fit(h->image_type, sizeof h->image_type, "ORIGINAL\\PRIMARY\\AXIAL");
    rp_text_fit(h->photometric, sizeof h->photometric, "MONOCHROME2");
    const struct {
        rp_dicom_whole *to;
        int64_t value;
    } whole[] = {
        {&h->rows, k->shape[1]},       {&h->columns, k->shape[2]},   {&h->samples, 1},
        {&h->bits_allocated, 16},      {&h->bits_stored, 16},        {&h->high_bit, 15},
        {&h->pixel_representation, 1}, {&h->instance_number, z + 1}, {&h->series_number, 2}};
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        *whole[i].to = (rp_dicom_whole){true, whole[i].value};
    h->position.count = 3;
    position(p, z, h->position.value);
    h->orientation = (rp_dicom_reals){6, {1, 0, 0, 0, 1, 0}};
    h->pixel_spacing = (rp_dicom_reals){2, {k->spacing[1], k->spacing[2]}};
    h->slice_thickness = (rp_dicom_reals){1, {k->spacing[0]}};
    h->kvp = (rp_dicom_reals){1, {120}};
    h->slope = (rp_dicom_reals){1, {1}};
    h->intercept = (rp_dicom_reals){1, {-1024}};
    rp_random r;
    rp_random_start(p->seed, RP_RANDOM_PHANTOM, ((uint64_t)(p->number + 1) << 32) + (uint64_t)z,
                    &r);
    for (int64_t y = 0, i = 0; y < k->shape[1]; y++)
        for (int64_t x = 0; x < k->shape[2]; x++, i++) {
            const int64_t q[3] = {z, y, x};
            double mm[3];
            for (int a = 0; a < 3; a++)
                mm[a] = ((double)q[a] - (double)(k->shape[a] - 1) / 2) * k->spacing[a];
            pixel[i] =
                (int32_t)lround(fmax(hu_at(p, mm) + p->noise * rp_random_normal(&r), -1024)) + 1024;
        }
    RP_TRY(rp_format(&path, "%s/CT/%04" PRId64 ".dcm", p->folder, z + 1));
    return rp_dicom_write_slice(path, h, pixel);
}

/* The ellipse in which slice z cuts an organ. */
static rp_status add_contour(const patient *p, const organ *o, int64_t z, rp_dicom_roi *roi)
{
    double first[3];
    position(p, z, first);
    const double u = (first[2] - o->centre[0]) / o->radius[0];
    if (u * u >= 0.98) return RP_OK;
    const double shrink = sqrt(1 - u * u);
    rp_contour *c = &roi->contour[roi->contours];
    c->kind = RP_CONTOUR_CLOSED;
    c->points = CONTOUR_POINTS;
    RP_TRY(rp_alloc(3 * CONTOUR_POINTS, sizeof *c->lps, &c->lps));
    roi->contours++;
    for (int i = 0; i < CONTOUR_POINTS; i++) {
        const double angle = 2 * 3.14159265358979323846 * i / CONTOUR_POINTS;
        /* a hundredth of a millimetre, as planning systems write */
        c->lps[3 * i] = rint((o->centre[2] + shrink * o->radius[2] * cos(angle)) * 100) / 100;
        c->lps[3 * i + 1] = rint((o->centre[1] + shrink * o->radius[1] * sin(angle)) * 100) / 100;
        c->lps[3 * i + 2] = first[2];
    }
    return RP_OK;
}

static rp_status fill_structs(const patient *p, rp_dicom_structs *s)
{
    fill_header(p, "RTSTRUCT", "3", &s->header);
    rp_text_fit(s->header.sop_class, sizeof s->header.sop_class, "1.2.840.10008.5.1.4.1.1.481.3");
    uid(p, "3", 1, s->header.sop_instance);
    uid(p, "2", 0, s->series_uid);
    RP_TRY(rp_alloc(p->organs, sizeof *s->roi, &s->roi));
    for (int i = 0; i < p->organs; i++) {
        if (!p->organ[i].name) continue;
        rp_dicom_roi *roi = &s->roi[s->rois];
        roi->number = ++s->rois;
        rp_text_fit(roi->name, sizeof roi->name, p->organ[i].name);
        uid(p, "9", 0, roi->frame_uid);
        RP_TRY(rp_alloc(p->kind->shape[0], sizeof *roi->contour, &roi->contour));
        for (int64_t z = 0; z < p->kind->shape[0]; z++)
            RP_TRY(add_contour(p, &p->organ[i], z, roi));
    }
    return RP_OK;
}

typedef struct writing {
    const rp_phantom *s;
    const rp_phantom_kind *kind;
} writing;

static rp_status write_patient(void *arg, int64_t number)
{
    const writing *w = arg;
    RP_AUTOFREE patient *p = NULL;
    RP_AUTOFREE char *path = NULL;
    RP_AUTO(rp_dicom_structs) s = NULL;
    RP_TRY(rp_alloc(1, sizeof *p, &p));
    p->kind = w->kind;
    p->seed = w->s->seed;
    p->number = (int)number;
    draw_patient(p);
    (void)snprintf(p->folder, sizeof p->folder, "%s/%s", w->s->out, p->id);
    RP_TRY(rp_format(&path, "%s/CT", p->folder));
    RP_TRY(rp_path_make_folder(path));
    for (int64_t z = 0; z < p->kind->shape[0]; z++) RP_TRY(write_slice(p, z));
    RP_TRY(rp_alloc(1, sizeof *s, &s));
    RP_TRY(fill_structs(p, s));
    rp_free(RP_TAKE(path));
    RP_TRY(rp_format(&path, "%s/RS.dcm", p->folder));
    return rp_dicom_write_rtstruct(path, s);
}

static rp_status write_split(const writing *w, int patients)
{
    RP_TEXT_AUTO t = {0};
    RP_AUTOFREE char *path = NULL;
    const int test = patients / 5 > 0 ? patients / 5 : 1, validate = patients / 10;
    rp_text_add(&t, "patient,split\n");
    for (int i = 0; i < patients; i++) {
        patient p = {.kind = w->kind, .seed = w->s->seed, .number = i};
        draw_patient(&p);
        rp_text_add(&t, "%s,%s\n", p.id,
                    i >= patients - test              ? "test"
                    : i >= patients - test - validate ? "validate"
                                                      : "train");
    }
    RP_TRY(rp_text_status(&t));
    RP_TRY(rp_path_join(w->s->out, "split.csv", &path));
    return rp_atomic_write(path, t.length, rp_text_get(&t));
}

rp_status rp_phantom_write(const rp_phantom *s, rp_pool *pool)
{
    writing w = {s, rp_phantoms};
    while (w.kind->name && strcmp(w.kind->name, s->kind) != 0) w.kind++;
    RP_NEED(w.kind->name, RP_EUSE, "unknown phantom '%s': 'radpipe help phantom' lists them",
            s->kind);
    const int patients = s->patients > 0 ? s->patients : w.kind->patients;
    RP_TRY(rp_path_make_folder(s->out));
    RP_TRY(rp_pool_for(pool, patients, write_patient, &w));
    return write_split(&w, patients);
}
