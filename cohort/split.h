/* cohort/split.h - which cases train, validate and test. */
#pragma once
#include "cohort/cohort.h"

typedef enum rp_part { RP_PART_NONE, RP_PART_TRAIN, RP_PART_VALIDATE, RP_PART_TEST } rp_part;
const char *rp_part_name(rp_part p);

/* Reads a split file: columns case or patient, and split (train, validate, test).  Names are those
 * of the cohort, or of the source (looked up beside the cohort).
 *   part  [cases of the cohort] out
 *   lost  out: rows "name,ingest,reason" of the split's cases that ingest lost, appended
 * Errors: RP_EDATA naming file and line: a name nobody knows, one twice, a patient in two parts, an
 * unknown part. */
RP_MUST rp_status rp_split_read(const char *path, const rp_cohort *c, rp_part part[],
                                rp_text *lost);

typedef struct rp_split_settings {
    double test, validate; /* shares of patients, >= 0, sum below 1 */
    int folds, fold; /* folds > 0: fold `fold` of them is the test part, shares are not used */
    uint64_t seed;
} rp_split_settings;
/* A split grouped by patient: a permutation of the patients by the seed, cut by the shares. */
RP_MUST rp_status rp_split_make(const rp_cohort *c, const rp_split_settings *s, rp_text *csv);
