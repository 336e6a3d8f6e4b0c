/* cohort/series.h - from files to volumes and cases: grouping, geometry, default rules.
 *
 * Pure functions of the scan: every rank makes the same plan.
 * 1. Slices of one series with one size, spacing and orientation form a volume; slices at one
 *    position are told apart by echo, b-value, phase or acquisition, else the series is left out.
 * 2. Geometry comes from positions and orientation only.  Spacing must be even (1 %, or 5 % + 0.1
 * mm with a warning); a missing slice or a tilt of over 0.1 degrees leaves the series out.
 * 3. A case is a patient's study.  One volume a name: CT, PT, and MR by its sequence (T1, T2, PD,
 *    FLAIR, STIR, DWI, ADC, else MR).  The series that a region refers to wins, then more slices,
 *    then the lower series number; what is still equal is an error that leaves the volume out. */
#pragma once
#include "cohort/pseudonym.h"
#include "cohort/scan.h"

typedef struct rp_slice {
    int64_t file;
    double place; /* mm along the normal */
} rp_slice;

typedef struct rp_series {
    int64_t first, count;     /* in rp_plan.slice */
    char name[20];            /* of the volume */
    const rp_file_head *head; /* of its first slice; lent by the scan */
    rp_grid grid;             /* not yet known when is_enhanced or is_file */
    bool is_enhanced, is_file;
    bool is_referred; /* a region was drawn on it */
    bool is_warned;   /* spacing uneven within tolerance */
    char reason[60];  /* "" if usable; ours, without identifiers */
    char detail[140]; /* numbers */
    double bytes;
} rp_series;

typedef struct rp_attachment {
    int64_t file;
    char series[68]; /* that it refers to, "" if unknown */
    int64_t volume;  /* series index it goes with, -1: none */
    char reason[60];
} rp_attachment;

enum { RP_CASE_VOLUMES = 12 };
typedef struct rp_case_plan {
    char name[RP_NAME_SIZE], patient[RP_NAME_SIZE];
    const rp_file_head *head; /* any file of the patient; lent */
    int64_t days;             /* since the patient's first imaging; -1 unknown */
    int volumes;
    int64_t volume[RP_CASE_VOLUMES];       /* series indices, in order of names */
    int64_t first_attachment, attachments; /* in rp_plan.attachment, sorted by case */
    double bytes;
} rp_case_plan;

typedef struct rp_plan {
    int64_t slices, series_count, series_capacity, attachments, cases;
    rp_slice *slice;
    rp_series *series;
    rp_attachment *attachment;
    rp_case_plan *cases_list; /* in order of their names */
} rp_plan;
void rp_plan_drop(rp_plan **p);

/* Groups the scan.  reference: for each file the series that it refers to ("" if none), from
 * rp_plan_references; lent for the call.  Files that cannot be used get a reason in the scan.
 * Owned by the caller.  Local.  Errors: RP_EMEM. */
RP_MUST rp_status rp_plan_make(rp_scan *scan, const rp_naming *naming, const char (*reference)[68],
                               rp_plan **out);
/* Name of the volume of an MR slice by its timing.  Source: reference/curation.md, section 5. */
const char *rp_mr_sequence(const rp_file_head *h);
