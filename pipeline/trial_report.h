/* pipeline/trial_report.h - the verb trial: comparisons from counts and from a table. */
#pragma once
#include "pipeline/trial_plan.h"

typedef struct rp_trial_request {
    const char *counts, *table, *sap, *out; /* as on the command line; NULL: not given */
    int policies;
    const char *const *policy;            /* files to replay */
    const char *against, *unseen, *costs; /* of policies */
    const char *method;                   /* of counts: interval of the ratio */
    double level, margin;                 /* of counts; margin 0: none */
    int sets;
    const char *const *set; /* keys of a plan that is no file */
    bool skip_bad;
    int64_t blind_seed; /* below 0: arms as they are */
} rp_trial_request;

/* Prints; writes files into request->out where it is given. */
RP_MUST rp_status rp_trial_counts(const rp_trial_request *r);
RP_MUST rp_status rp_trial_table_report(const rp_trial_request *r);

/* R programs that recompute trial.csv: of counts, of a table (with clusters.csv beside it). */
RP_MUST rp_status rp_trial_counts_script(double level, rp_text *out);
RP_MUST rp_status rp_trial_table_script(double level, rp_text *out);

/* "0.0021", "<0.001", "-": p for people, two significant digits. */
void rp_trial_p_text(const char *cell, char out[16]);
