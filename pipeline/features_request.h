/* pipeline/features_request.h - what 'radpipe features' was asked, and the tasks that answer. */
#pragma once
#include "lib/stats/agreement.h"
#include "pipeline/features_table.h"

typedef struct rp_features_request {
    rp_feature_table *table;
    bool *is_train; /* [subjects] */
    rp_icc_form form;
    double threshold; /* of the lower end of the ICC's interval */
    double limit;     /* of a correlation's size */
    bool is_rank;
    const char *robust;  /* table that 'robust' wrote; NULL: none */
    const char *chosen;  /* table that 'robust' or 'prune' wrote */
    const char *batches; /* columns case, batch, covariates */
    const char *covariates, *reference, *model, *apply;
    bool is_mean_only, is_raw;
} rp_features_request;

typedef rp_status rp_features_task(const rp_features_request *q, rp_text *out);
rp_features_task rp_features_robust, rp_features_prune, rp_features_select, rp_features_harmonise;
