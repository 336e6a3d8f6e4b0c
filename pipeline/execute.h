/* pipeline/execute.h - a job, walked: cohort, prepared cases, training, test cases. */
#pragma once
#include "cohort/prepare.h"
#include "mpi/layout.h"
#include "pipeline/job.h"
#include "stages/predict.h"
#include "stages/run.h"

typedef struct rp_execute {
    const rp_job *job;
    const char *folder; /* the run directory */
    int64_t stop_after; /* 0: none */
    bool accept_other_identity;
} rp_execute;

/* Settings of preparation from the job; the pointers lie in the job. */
void rp_execute_prepare_settings(const rp_job *job, rp_prepare *out);
/* Network from the job and the prepared spacing.  Errors: RP_EUSE (patch, features). */
RP_MUST rp_status rp_execute_unet(const rp_job *job, const double spacing[3], int inputs,
                                  int labels, rp_unet_settings *out);
/* What train.kernels means, for engines: the name of a row, "auto", or the text of the file that it
 * names, checked; run: a run directory whose kernels.yaml, a copy of that file, is read in its
 * place, or NULL.  Local.  Errors: RP_EUSE (neither a row nor a file), RP_EDATA (a damaged file).
 */
RP_MUST rp_status rp_execute_kernels(const rp_job *job, const char *run, rp_text *out);
RP_MUST rp_status rp_execute_augment(const rp_job *job, rp_augment_settings *out);
/* Threads that one rank computes with, and worker threads, by the cores of its node.  Collective.
 */
RP_MUST rp_status rp_execute_threads(const rp_job *job, const rp_comm *comm, int *threads,
                                     int *workers);

/* The file of a run directory whose weights predict; has_validate: there were validate cases. */
const char *rp_execute_weights_name(const rp_job *job, bool has_validate);

/* What a job needs, for 'plan' and for the refusal at the start. */
typedef struct rp_execute_asked {
    const rp_job *job;
    const char *kernels; /* of rp_execute_kernels */
    const rp_unet_settings *unet;
    int threads, ranks;
    size_t patch_payload, sample_payload;
    const rp_prepared *prepared; /* NULL: no cases yet; a case is as large as a patch then */
} rp_execute_asked;
typedef struct rp_execute_cost {
    double flops_per_sample;       /* forward and backward */
    double seconds[RP_ROLE_COUNT]; /* a sample costs about so much in each role, one thread */
    /* Bytes of a rank that holds all roles.  validate: what scores the validate cases beside
     * training; predict: the test cases after it; total: the larger of the two phases. */
    size_t engine, weights, exchange, channels, validate, predict, total;
} rp_execute_cost;
RP_MUST rp_status rp_execute_cost_of(const rp_execute_asked *asked, rp_execute_cost *out);

/* Refuses a job whose ranks on this node need more memory than the job's 'memory' allows, or, if
 * that is auto, than is free; a machine that does not say is taken to have enough.  Local.
 * Errors: RP_EUSE with the numbers and what to change. */
RP_MUST rp_status rp_execute_fits(const rp_job *job, const rp_execute_cost *cost, int ranks);

/* Everything.  Collective.  summary: rank 0, the table that a person reads.
 * Errors: RP_ESTOP (exit 75), and all that the parts say. */
RP_MUST rp_status rp_execute_job(const rp_execute *e, rp_text *summary);
