/* lib/stats/froc.h - detection: marks against lesions, free-response curves.
 *
 * Rule (LUNA16): a candidate hits a lesion when their centres are nearer than the lesion's radius; a
 * lesion counts with its best candidate; candidates on a lesion or an irrelevant finding are never
 * false positives.  All candidates of one score move together.
 * Source: A. A. A. Setio et al., Med. Image Anal. 42 (2017) 1; D. P. Chakraborty, Observer Performance
 * Methods for Diagnostic Imaging (2017). */
#pragma once
#include "lib/stats/value.h"

/* Things at places; scan[i] in 0..scans-1. */
typedef struct rp_findings {
    int64_t n;
    const int64_t *scan;
    const double *x, *y, *z;  /* mm */
    const double *number;     /* lesions: diameter in mm, negative when unknown; candidates: score */
} rp_findings;

/* What became of the candidates: each lesion's best score, and the false positives. */
typedef struct rp_marks {
    int64_t scans, lesions, hits, false_positives;
    int64_t *lesion_scan; /* [lesions] */
    double *best;         /* [lesions] -INFINITY when missed */
    int64_t *fp_scan;     /* [false_positives] */
    double *fp_score;
} rp_marks;

/* radius_unknown: mm, where the diameter is negative.  irrelevant may have n = 0.
 * Owned by the caller, rp_marks_drop.
 * Errors: RP_EDATA (a scan out of range), RP_ENUM (a score or place that is not finite), RP_EMEM. */
RP_MUST rp_status rp_marks_new(int64_t scans, const rp_findings *lesions, const rp_findings *irrelevant,
                               const rp_findings *candidates, double radius_unknown, rp_marks **out);
/* From matches found elsewhere (overlap of components); arrays are copied. */
RP_MUST rp_status rp_marks_of(int64_t scans, int64_t lesions, const int64_t lesion_scan[],
                              const double best[], int64_t false_positives, const int64_t fp_scan[],
                              const double fp_score[], rp_marks **out);
void rp_marks_drop(rp_marks **marks);

/* Operating points from the highest score down; point 0 is (0, 0).  Sensitivity hits / lesions against
 * false positives / scans. */
typedef struct rp_froc {
    int64_t points;
    int64_t *tp, *fp;  /* [points] */
    int64_t scans, lesions;
} rp_froc;
RP_MUST rp_status rp_froc_new(const rp_marks *marks, rp_froc **out);
void rp_froc_drop(rp_froc **froc);
/* Linear between points; where several have the same rate the highest; flat right of the last.
 * Undefined without a lesion. */
rp_value rp_froc_sensitivity(const rp_froc *froc, double fp_per_scan);
/* Mean sensitivity at 1/8, 1/4, 1/2, 1, 2, 4, 8. */
enum { RP_CPM_RATES = 7 };
extern const double rp_cpm_rates[RP_CPM_RATES];
rp_value rp_froc_cpm(const rp_froc *froc);
/* Step sum over distinct scores of (recall gained) * precision; missed lesions never gain. */
rp_value rp_froc_average_precision(const rp_froc *froc);

/* P(lesion's score > highest false positive of a scan), missed = -infinity, equal = 1/2.
 *   normals   over scans without lesion only, else over all scans (JAFROC1)
 *   weighted  lesions of a scan share a weight of 1 (wAFROC), else each lesion weighs 1
 * Undefined without a lesion or without such a scan. */
RP_MUST rp_status rp_jafroc(const rp_marks *marks, bool normals, bool weighted, rp_value *out);
