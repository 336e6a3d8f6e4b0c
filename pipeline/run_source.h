/* pipeline/run_source.h - the cases of a run directory as they were scored: image and reference on
 * the source's grid. */
#pragma once
#include "pipeline/execute.h"

typedef struct rp_run_source {
    rp_job *job;
    rp_cohort *cohort;
    rp_prepare prepare; /* how regions become labels */
} rp_run_source;

/* Reads the run's job and opens its cohort.  Owned by the caller.  Local.
 * Errors: those of rp_job_read and rp_cohort_open. */
RP_MUST rp_status rp_run_source_open(const char *run, rp_run_source *out);
void rp_run_source_clear(rp_run_source *s);
/* First input of a case as stored, and its reference as labels (0: background, i: label i of the
 * job) on the same grid; both owned by the caller.  Errors: RP_ENONE, RP_EDATA. */
RP_MUST rp_status rp_run_source_case(rp_run_source *s, const char *name, rp_volume **image,
                                     uint8_t **reference);
/* The cohort's row of a case's first input, NULL if it is not there.  Lent. */
const rp_cohort_volume *rp_run_source_volume(const rp_run_source *s, const char *name);
