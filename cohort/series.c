/* cohort/series.c - from slices to volumes: grouping and geometry. */
#include "cohort/series_priv.h"

#include "lib/base/order.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *rp_mr_sequence(const rp_file_head *h)
{
    const double te = h->echo_time, tr = h->repetition_time, ti = h->inversion_time;
    if (strstr(h->image_type, "ADC")) return "ADC";
    if (h->b_value >= 0 || strstr(h->image_type, "DIFFUSION") || strstr(h->image_type, "TRACEW"))
        return "DWI";
    if (ti >= 1700 && ti <= 2800 && te > 70) return "FLAIR";
    if (ti >= 100 && ti <= 250) return "STIR";
    if (ti >= 600 && ti <= 1300 && te < 8) return "T1";
    if (te > 70 && tr > 2000) return "T2";
    if (te > 0 && te < 40 && tr > 2000) return "PD";
    if (te > 0 && te < 30 && tr > 0 && tr < 1300) return "T1";
    return "MR";
}

static const char *name_of(const rp_file_head *h)
{
    if (strcmp(h->modality, "MR") == 0) return rp_mr_sequence(h);
    return h->modality;
}

static void refuse_file(rp_file_head *h, const char *reason)
{
    h->kind = RP_FILE_SKIPPED;
    h->status = RP_EUNSUP;
    h->reason = reason;
}

static bool is_right_angled(const double o[6])
{
    const double r = sqrt(o[0] * o[0] + o[1] * o[1] + o[2] * o[2]);
    const double c = sqrt(o[3] * o[3] + o[4] * o[4] + o[5] * o[5]);
    const double d = o[0] * o[3] + o[1] * o[4] + o[2] * o[5];
    return fabs(r - 1) <= 1e-3 && fabs(c - 1) <= 1e-3 && fabs(d) <= 1e-3;
}

/* Reasons that a slice alone can give. */
static void judge_slice(rp_file_head *h)
{
    const bool ct = strcmp(h->modality, "CT") == 0;
    if (!ct && strcmp(h->modality, "PT") != 0 && strcmp(h->modality, "MR") != 0)
        refuse_file(h, "modality not in the rules");
    else if (strncmp(h->photometric, "MONOCHROME", 10) != 0)
        refuse_file(h, "colour");
    else if (h->is_burned)
        refuse_file(h, "text burnt into the pixels");
    else if (strstr(h->image_type, "LOCALIZER"))
        refuse_file(h, "localiser");
    else if (strstr(h->image_type, "MOSAIC"))
        refuse_file(h, "mosaic: export as enhanced MR");
    else if (h->has_lut)
        refuse_file(h, "values by a lookup table");
    else if (h->has_frame_groups)
        return;
    else if (!h->has_position || !h->has_orientation)
        refuse_file(h, "no position in space");
    else if (!h->has_spacing || !(h->spacing[0] > 0) || !(h->spacing[1] > 0))
        refuse_file(h, "no pixel spacing");
    else if (!is_right_angled(h->orientation))
        refuse_file(h, "orientation not at right angles");
    else if (ct && !h->has_slope)
        refuse_file(h, "no rescale: HU unknown");
    else if (!isfinite(h->slope) || h->slope == 0)
        refuse_file(h, "rescale slope 0");
    else if (h->frames > 1)
        refuse_file(h, "frames without geometry");
}

static int by_text(const char *a, const char *b) { return strcmp(a, b); }

/* Order in which slices of one series stand together. */
static int by_series(const void *a, const void *b, void *arg)
{
    const rp_file_head *head = arg;
    const rp_file_head *p = &head[((const rp_slice *)a)->file],
                       *q = &head[((const rp_slice *)b)->file];
    int c = by_text(p->patient, q->patient);
    if (!c) c = by_text(p->study, q->study);
    if (!c) c = by_text(p->series, q->series);
    if (!c) c = by_text(p->frame, q->frame);
    if (!c) c = (p->rows > q->rows) - (p->rows < q->rows);
    if (!c) c = (p->columns > q->columns) - (p->columns < q->columns);
    if (!c) c = by_text(p->modality, q->modality);
    if (!c)
        c = (p->has_frame_groups > q->has_frame_groups) -
            (p->has_frame_groups < q->has_frame_groups);
    if (!c && p->has_frame_groups) c = by_text(p->sop, q->sop);
    if (!c) c = (((const rp_slice *)a)->file > ((const rp_slice *)b)->file) ? 1 : -1;
    return c;
}

static bool same_series(const rp_file_head *p, const rp_file_head *q)
{
    return strcmp(p->patient, q->patient) == 0 && strcmp(p->study, q->study) == 0 &&
           strcmp(p->series, q->series) == 0 && strcmp(p->frame, q->frame) == 0 &&
           p->rows == q->rows && p->columns == q->columns &&
           strcmp(p->modality, q->modality) == 0 && !p->has_frame_groups && !q->has_frame_groups;
}

static bool same_plane(const rp_file_head *p, const rp_file_head *q)
{
    for (int i = 0; i < 2; i++)
        if (fabs(p->spacing[i] - q->spacing[i]) > 1e-4 * p->spacing[i]) return false;
    for (int i = 0; i < 6; i++)
        if (fabs(p->orientation[i] - q->orientation[i]) > 1e-3) return false;
    return true;
}

static void normal_of(const rp_file_head *h, double n[3])
{
    const double *o = h->orientation;
    n[0] = o[1] * o[5] - o[2] * o[4];
    n[1] = o[2] * o[3] - o[0] * o[5];
    n[2] = o[0] * o[4] - o[1] * o[3];
}

static int by_place(const void *a, const void *b, void *arg)
{
    const rp_slice *p = a, *q = b;
    const rp_file_head *head = arg;
    if (p->place != q->place) return p->place < q->place ? -1 : 1;
    const int c = strcmp(head[p->file].sop, head[q->file].sop);
    return c ? c : (p->file > q->file) - (p->file < q->file);
}

static bool has_duplicates(const rp_slice s[], int64_t n)
{
    for (int64_t i = 1; i < n; i++)
        if (s[i].place - s[i - 1].place < 1e-3) return true;
    return false;
}

/* What may tell slices at one position apart, in order of trust. */
static double split_key(const rp_file_head *h, int which)
{
    switch (which) {
    case 0: return h->echo_time;
    case 1: return h->b_value;
    case 2: return (double)h->temporal;
    case 3: return h->trigger_time;
    default: return (double)h->acquisition;
    }
}

typedef struct split_order {
    const rp_file_head *head;
    int which;
} split_order;

static int by_split(const void *a, const void *b, void *arg)
{
    const split_order *o = arg;
    const rp_slice *p = a, *q = b;
    const double x = split_key(&o->head[p->file], o->which),
                 y = split_key(&o->head[q->file], o->which);
    if (x != y) return x < y ? -1 : 1;
    return by_place(a, b, (void *)(uintptr_t)o->head);
}

static rp_status add_series(rp_plan *p, const rp_scan *scan, int64_t first, int64_t count)
{
    RP_TRY(rp_grow(p->series_count + 1, sizeof *p->series, &p->series_capacity, &p->series));
    rp_series *s = &p->series[p->series_count++];
    *s = (rp_series){.first = first, .count = count, .head = &scan->head[p->slice[first].file]};
    (void)snprintf(s->name, sizeof s->name, "%s", name_of(s->head));
    for (int64_t i = first; i < first + count; i++) s->bytes += scan->head[p->slice[i].file].bytes;
    s->is_enhanced = s->head->has_frame_groups;
    return RP_OK;
}

static void refuse(rp_series *s, const char *reason, const char *detail)
{
    (void)snprintf(s->reason, sizeof s->reason, "%s", reason);
    (void)snprintf(s->detail, sizeof s->detail, "%s", detail);
}

/* Fills the grid from the first and last position, or says why there is none. */
static void set_grid(rp_series *s, const rp_scan *scan, const rp_slice slice[])
{
    const rp_file_head *a = &scan->head[slice[0].file], *b = &scan->head[slice[s->count - 1].file];
    double v[3], n[3], length = 0, along = 0;
    normal_of(a, n);
    for (int k = 0; k < 3; k++) {
        v[k] = b->position[k] - a->position[k];
        length += v[k] * v[k];
        along += v[k] * n[k];
    }
    length = sqrt(length);
    const double tilt = acos(fmin(1, fabs(along) / length)) * 180 / 3.14159265358979323846;
    char detail[140];
    (void)snprintf(detail, sizeof detail, "%.2f degrees", tilt);
    if (tilt > 0.1) {
        refuse(s, "gantry tilt", detail);
        return;
    }
    rp_grid *g = &s->grid;
    g->n[0] = s->count;
    g->n[1] = a->rows;
    g->n[2] = a->columns;
    g->spacing[0] = length / (double)(s->count - 1);
    g->spacing[1] = a->spacing[0];
    g->spacing[2] = a->spacing[1];
    for (int k = 0; k < 3; k++) {
        g->origin[k] = a->position[k];
        g->dir[0][k] = v[k] / length;
        g->dir[1][k] = a->orientation[3 + k];
        g->dir[2][k] = a->orientation[k];
    }
}

/* Rule 2: even spacing, or a reason with the numbers. */
static rp_status set_geometry(rp_series *s, const rp_scan *scan, const rp_slice slice[])
{
    char detail[140];
    if (s->count < 2) {
        refuse(s, "single slice", "");
        return RP_OK;
    }
    const int64_t n = s->count - 1;
    RP_AUTOFREE double *gap = NULL;
    RP_TRY(rp_alloc(n, sizeof *gap, &gap));
    for (int64_t i = 0; i < n; i++) gap[i] = slice[i + 1].place - slice[i].place;
    qsort(gap, (size_t)n, sizeof *gap, rp_ascending);
    const double median = gap[n / 2], low = gap[0], high = gap[n - 1];
    const double error = fmax(high - median, median - low);
    (void)snprintf(detail, sizeof detail,
                   "gaps %.3f to %.3f mm; median %.3f mm; %" PRId64 " slices", low, high, median,
                   s->count);
    if (error > 0.05 * median + 0.1) {
        const double ratio = high / median;
        refuse(s,
               ratio > 1.9 && fabs(ratio - rint(ratio)) < 0.05 * ratio ? "missing slices"
                                                                       : "uneven spacing",
               detail);
        return RP_OK;
    }
    s->is_warned = error > 0.01 * median;
    set_grid(s, scan, slice);
    return RP_OK;
}

/* One cluster of slices in one plane: one series, or several told apart by a key, or a reason. */
static rp_status add_cluster(rp_plan *p, rp_scan *scan, int64_t first, int64_t count)
{
    rp_slice *s = p->slice + first;
    double n[3];
    normal_of(&scan->head[s[0].file], n);
    for (int64_t i = 0; i < count; i++) {
        const double *x = scan->head[s[i].file].position;
        s[i].place = n[0] * x[0] + n[1] * x[1] + n[2] * x[2];
    }
    qsort_r(s, (size_t)count, sizeof *s, by_place, scan->head);
    /* The same object twice is dropped once. */
    int64_t kept = 0;
    for (int64_t i = 0; i < count; i++) {
        rp_file_head *h = &scan->head[s[i].file];
        if (kept && strcmp(scan->head[s[kept - 1].file].sop, h->sop) == 0 && h->sop[0] &&
            s[i].place == s[kept - 1].place)
            refuse_file(h, "the same object twice");
        else
            s[kept++] = s[i];
    }
    count = kept;
    for (int which = 0; has_duplicates(s, count) && which < 5; which++) {
        split_order o = {scan->head, which};
        qsort_r(s, (size_t)count, sizeof *s, by_split, &o);
        bool good = true;
        int64_t groups = 0;
        for (int64_t i = 0, j; i < count && good; i = j, groups++) {
            for (j = i + 1; j < count && split_key(&scan->head[s[j].file], which) ==
                                             split_key(&scan->head[s[i].file], which);)
                j++;
            good = !has_duplicates(s + i, j - i);
        }
        if (!good || groups < 2) continue;
        for (int64_t i = 0, j; i < count; i = j) {
            for (j = i + 1; j < count && split_key(&scan->head[s[j].file], which) ==
                                             split_key(&scan->head[s[i].file], which);)
                j++;
            RP_TRY(add_series(p, scan, first + i, j - i));
            RP_TRY(set_geometry(&p->series[p->series_count - 1], scan, s + i));
        }
        return RP_OK;
    }
    RP_TRY(add_series(p, scan, first, count));
    rp_series *series = &p->series[p->series_count - 1];
    if (has_duplicates(s, count)) {
        qsort_r(s, (size_t)count, sizeof *s, by_place, scan->head);
        refuse(series, "two slices at one position", "");
        return RP_OK;
    }
    return set_geometry(series, scan, s);
}

/* Slices of one series, split by plane: members of a cluster agree with its first. */
static rp_status add_group(rp_plan *p, rp_scan *scan, int64_t first, int64_t count)
{
    while (count > 0) {
        const rp_file_head *lead = &scan->head[p->slice[first].file];
        int64_t n = 1;
        for (int64_t i = 1; i < count; i++) {
            if (!same_plane(lead, &scan->head[p->slice[first + i].file])) continue;
            const rp_slice t = p->slice[first + i];
            /* keep the order of the rest: shift it by one */
            memmove(p->slice + first + n + 1, p->slice + first + n, (size_t)(i - n) * sizeof t);
            p->slice[first + n++] = t;
        }
        RP_TRY(add_cluster(p, scan, first, n));
        first += n;
        count -= n;
    }
    return RP_OK;
}

rp_status rp_plan_series(rp_scan *scan, rp_plan *p)
{
    for (int64_t i = 0; i < scan->files; i++)
        if (scan->head[i].kind == RP_FILE_SLICE) judge_slice(&scan->head[i]);
    RP_TRY(rp_alloc(scan->files, sizeof *p->slice, &p->slice));
    for (int64_t i = 0; i < scan->files; i++)
        if (scan->head[i].kind == RP_FILE_SLICE) p->slice[p->slices++].file = i;
    qsort_r(p->slice, (size_t)p->slices, sizeof *p->slice, by_series, scan->head);
    for (int64_t i = 0, j; i < p->slices; i = j) {
        const rp_file_head *h = &scan->head[p->slice[i].file];
        for (j = i + 1; j < p->slices && same_series(h, &scan->head[p->slice[j].file]);) j++;
        if (h->has_frame_groups)
            RP_TRY(add_series(p, scan, i, 1));
        else
            RP_TRY(add_group(p, scan, i, j - i));
    }
    for (int64_t i = 0; i < scan->files; i++) {
        rp_file_head *h = &scan->head[i];
        if (h->kind != RP_FILE_VOLUME) continue;
        p->slice[p->slices].file = i;
        RP_TRY(add_series(p, scan, p->slices++, 1));
        rp_series *s = &p->series[p->series_count - 1];
        s->is_file = true;
        (void)snprintf(s->name, sizeof s->name, "%.19s", h->volume);
        s->bytes =
            h->bytes * 3; /* compressed about threefold: only borders of shards follow from it */
    }
    return RP_OK;
}
