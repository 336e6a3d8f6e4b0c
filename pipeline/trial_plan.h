/* pipeline/trial_plan.h - the statistical analysis plan of a trial: a file, fixed beforehand.
 *
 * pipeline/trial_plan.c holds the one table of its keys; 'radpipe help sap' prints it. */
#pragma once
#include "lib/stats/trial.h"
#include "pipeline/keys.h"
#include "pipeline/trial_table.h"

typedef struct rp_trial_plan {
    char title[RP_KEY_NAME], version[RP_KEY_NAME], date[RP_KEY_NAME];
    struct {
        char now[RP_KEY_NAME], control[RP_KEY_NAME]; /* what the column arm says */
    } arms;
    char population[RP_KEY_NAME], primary[RP_KEY_NAME];
    rp_key_list endpoints, order, strata, subgroups;
    double margin; /* RP_AUTO_VALUE: none */
    double alpha, sides, window;
    char scale[RP_KEY_NAME]; /* of the margin: ratio or difference */
    struct {
        char ratio[RP_KEY_NAME], difference[RP_KEY_NAME], test[RP_KEY_NAME];
    } methods;
    rp_key_map bands;
    char cluster[RP_KEY_NAME], missing[RP_KEY_NAME];
    char sha256[65]; /* of the file; "" without one */
} rp_trial_plan;

/* path NULL: the defaults.  set: 'key=value' texts; a plan that is a file takes none.
 * Errors: RP_EUSE naming file, line, column and the nearest known key; RP_ENONE, RP_EIO. */
RP_MUST rp_status rp_trial_plan_read(const char *path, int sets, const char *const set[],
                                     rp_trial_plan *out);
void rp_trial_plan_help(rp_text *out);

rp_population rp_trial_plan_population(const rp_trial_plan *p);
/* RP_EXAM rule; `stop` is told apart by *stops. */
rp_missing rp_trial_plan_missing(const rp_trial_plan *p, bool *stops);
/* Level of two-sided intervals: 1 - alpha, or 1 - 2 alpha of a one-sided plan. */
double rp_trial_plan_level(const rp_trial_plan *p);
/* The columns of strata and subgroups, each once, with their bands.  Errors: RP_EUSE (bands that
 * are no rising numbers, or of a column that the plan does not use). */
RP_MUST rp_status rp_trial_plan_factors(const rp_trial_plan *p, int *factors,
                                        rp_trial_factor factor[RP_FACTORS_MAX]);

/* One step of the order of tests: "interval-cancers noninferiority". */
typedef struct rp_trial_step {
    const rp_endpoint *endpoint;
    bool is_noninferiority;
} rp_trial_step;
enum { RP_STEPS_MAX = RP_KEY_LIST };
/* Without an order: the primary endpoint's non-inferiority (where there is a margin), then its
 * superiority. */
RP_MUST rp_status rp_trial_plan_steps(const rp_trial_plan *p, int *steps,
                                      rp_trial_step step[RP_STEPS_MAX]);
