/* pipeline/trial_policy.h - reading policies as files, and their replay over a table.
 *
 * pipeline/trial_policy_file.c holds the keys of a policy and of costs; 'radpipe help policy'
 * prints them.  jobs/policies has those that trials used. */
#pragma once
#include "lib/stats/policy.h"
#include "pipeline/trial_report.h"

typedef struct rp_policy_file {
    char name[RP_KEY_NAME];
    rp_policy policy;
} rp_policy_file;
/* Errors: RP_EUSE naming file, line, column; RP_ENONE, RP_EIO. */
RP_MUST rp_status rp_policy_file_read(const char *path, rp_policy_file *out);

/* What a unit costs, in the user's currency, and how long it takes a person. */
typedef struct rp_policy_costs {
    double reading, consensus, recall, ai;
    double minutes_reading, minutes_consensus;
} rp_policy_costs;
RP_MUST rp_status rp_policy_costs_read(const char *path, rp_policy_costs *out);
void rp_policy_help(rp_text *out);

enum { RP_POLICIES_MAX = 64 };
/* Replays, prints, and writes policies.csv and comparison.csv where request->out is given. */
RP_MUST rp_status rp_trial_policies(const rp_trial_request *r);
