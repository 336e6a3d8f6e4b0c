/* cohort/ingest_priv.h - what the parts of ingest share. */
#pragma once
#include "cohort/ingest.h"
#include "cohort/store.h"
#include "cohort/volume_read.h"
#include "io/atomic.h"

typedef struct rp_ingest_making {
    char *private_folder;
    rp_lock *lock; /* rank 0 */
    rp_naming naming;
    rp_scan *scan;
    char (*reference)[68]; /* [files] */
    rp_plan *plan;
    char digest[RP_DIGEST_TEXT];
    rp_store_result *result;
    rp_ingest_counts counts; /* rank 0 */
} rp_ingest_making;

/* One case: arg is the rp_ingest_making.  Tells lines: "V," a row of volumes.csv behind the case,
 * "R," of regions.csv, "Q," reason,detail of a region or attachment that was left out. */
rp_status rp_ingest_case(void *arg, int64_t index, rp_store_case *c, rp_text *told);
/* Rank 0: all tables and cohort.json; the private inventory and map. */
RP_MUST rp_status rp_ingest_tables(const rp_ingest *s, rp_ingest_making *m);
/* Rank 0, dry run: inventory, quarantine and flow. */
RP_MUST rp_status rp_ingest_inventory(const rp_ingest *s, rp_ingest_making *m);
