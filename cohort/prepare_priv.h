/* cohort/prepare_priv.h - what the parts of preparation share. */
#pragma once
#include "cohort/prepare.h"
#include "cohort/store.h"
#include "io/atomic.h"

typedef struct rp_prepare_making {
    const rp_prepare *s;
    int64_t cases;
    int64_t *index; /* [cases] in the cohort */
    rp_recipe recipe;
    char digest[RP_DIGEST_TEXT];
    char *folder;
    rp_lock *lock; /* rank 0 */
    rp_store_result *result;
} rp_prepare_making;

/* Fits what the recipe needs on training cases: CT's percentiles, mean and sd.  Collective. */
RP_MUST rp_status rp_prepare_fit(rp_prepare_making *m);
/* One case; tells the columns of prepared.csv behind shard. */
rp_status rp_prepare_case(void *arg, int64_t i, rp_store_case *c, rp_text *told);
/* Rank 0: tables, recipe, prepared.json. */
RP_MUST rp_status rp_prepare_publish(rp_prepare_making *m);
