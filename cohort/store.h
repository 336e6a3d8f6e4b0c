/* cohort/store.h - a folder of shards made case by case: what ingest and prepare have in common.
 *
 * 1. A case is one task of phase 'cases': what it puts is compressed and stands as one record in
 * the data journal of its rank.  A shard is one task of phase 'shards': it puts the records of its
 *    cases, in order, into one file.
 * 2. Which case is in which shard follows from the bytes announced before anything is read, failed
 *    cases included: not from what compresses how or fails where.
 * 3. So the same input gives the same bytes on any number of ranks, and a kill costs one case a
 *    worker. */
#pragma once
#include "cohort/work.h"
#include "io/shard.h"
#include "lib/base/digest.h"

/* What one case hands over, filled by its task. */
typedef struct rp_store_case rp_store_case;
/* Packs and adds a volume; the dataset is "/CASE/NAME" with NAME from the caller.  digest_hex: out,
 * BLAKE2b-256 of the stored values, NULL if not wanted. */
RP_MUST rp_status rp_store_put(rp_store_case *c, const char *name, const rp_volume *v,
                               const char *volume_name, const char *modality, const char *unit,
                               char digest_hex[RP_DIGEST_TEXT]);
RP_MUST rp_status rp_store_put_array(rp_store_case *c, const char *name, const rp_array *a);

typedef struct rp_store {
    const rp_comm *comm;
    rp_pool *pool;
    const char *folder; /* of the store: shards/ and journal/ are made in it */
    const char *title;  /* progress */
    const char *digest; /* of what determines the cases */
    int64_t cases;
    const char *const *name; /* [cases] names, in order */
    const double *bytes;     /* [cases] announced, uncompressed */
    double shard_bytes;      /* border */
    int64_t chunk[3];
    /* One case, on a worker: reads, puts, and adds what it has to tell (rows of tables) to the
     * text.  Failing by its data leaves the case out with the reason. */
    rp_status (*make)(void *arg, int64_t index, rp_store_case *c, rp_text *told);
    void *arg;
    bool (*stop)(void *arg);
    void *stop_arg;
} rp_store;

typedef struct rp_store_result {
    int64_t cases, shards;
    rp_status *status;                    /* [cases] RP_OK, or by its data */
    char **told;                          /* [cases] what make told, or the reason */
    int64_t *shard;                       /* [cases] which shard it is in */
    char (*shard_digest)[RP_DIGEST_TEXT]; /* [shards] of the file's bytes */
} rp_store_result;
void rp_store_result_drop(rp_store_result **r);

/* Makes the shards.  The journal stays until rp_store_finish.  Collective; the result is known on
 * all ranks.  Owned by the caller.  Errors: as rp_work_run. */
RP_MUST rp_status rp_store_make(const rp_store *s, rp_store_result **out);
/* Removes the journal once the tables are written.  Rank 0 works.  Collective. */
RP_MUST rp_status rp_store_finish(const rp_store *s);
/* The same for a store that is complete already: a kill between its tables and rp_store_finish
 * leaves a journal.  The caller holds the lock.  Local. */
RP_MUST rp_status rp_store_tidy(const char *folder);
/* "shards/00012.h5" */
RP_MUST rp_status rp_store_shard_name(int64_t shard, char **out);
