/* pipeline/trial_policy_priv.h - what the replay of policies and its printing share. */
#pragma once
#include "pipeline/trial_policy.h"

typedef struct rp_policy_work {
    const rp_trial_request *r;
    rp_trial_plan *plan;
    rp_trial_table table;
    rp_replay_input in;
    bool is_clustered, has_arms, has_costs;
    bool is_complete; /* cancer is known of every examination */
    rp_policy_costs costs;
    rp_policy_file standard;
    rp_replayed *base; /* [rows] of the standard */
    rp_text counts, compared;
} rp_policy_work;

typedef enum rp_policy_measure {
    RP_MEASURE_RECALLS,
    RP_MEASURE_CANCERS,
    RP_MEASURE_FALSE_POSITIVES,
    RP_MEASURES
} rp_policy_measure;
extern const char *const rp_policy_measure_names[RP_MEASURES];

/* What people read of the counts and comparisons. */
RP_MUST rp_status rp_policy_show(const rp_policy_work *w);
