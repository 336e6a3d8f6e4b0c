/* pipeline/trial_rows.h - a trial's table analysed by its plan: rows of numbers as CSV. */
#pragma once
#include "pipeline/trial_plan.h"

typedef struct rp_trial_work {
    const rp_trial_plan *plan;
    rp_trial_table table;
    rp_exams exams;
    int factors;
    rp_trial_factor factor[RP_FACTORS_MAX];
    bool *in;         /* [rows] in the population */
    int32_t *stratum; /* [rows] combination of the strata, NULL without any */
    int strata;
    bool is_clustered;   /* clusters hold more than one examination */
    bool few_clusters;   /* out: fewer than 30 of them in some row */
    const char *cluster; /* column, "" without */
} rp_trial_work;
/* Reads the table as the plan asks; bad rows stop or are skipped.  blind_seed < 0: arms as they
 * are; else arms are permuted over clusters (those that lie in one arm) or examinations: the same
 * ones on any number of ranks, which do it without a list of all.
 * All functions here are collective where there are ranks, and give each the same.
 * Errors: RP_EDATA, RP_EUSE, RP_EMEM. */
RP_MUST rp_status rp_trial_work_open(const char *path, const rp_trial_plan *plan, bool skip_bad,
                                     int64_t blind_seed, rp_trial_work *out);
void rp_trial_work_clear(rp_trial_work *w);

/* "site A / age 50-<60" of a combination of the strata. */
void rp_trial_stratum_name(const rp_trial_work *w, int stratum, rp_text *out);

/* Every endpoint: all, strata, pooled strata, subgroups, interaction.
 *   clusters  rows "endpoint,part,column,level,x1,n1,x0,n0,clusters": what robust errors come from;
 *             empty where no row needs them */
RP_MUST rp_status rp_trial_rows(rp_trial_work *w, rp_text *csv, rp_text *clusters);
/* The plan's order of tests and what came of each. */
RP_MUST rp_status rp_trial_tests(rp_trial_work *w, rp_text *csv);
/* Rows "step,reason,new,control": randomised, exclusions, deviations, analysed, not linked. */
RP_MUST rp_status rp_trial_flow(const rp_trial_work *w, rp_text *csv);
