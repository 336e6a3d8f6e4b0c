/* cohort/ingest.h - from an export to a cohort: DICOM, NIfTI and NRRD to shards and tables. */
#pragma once
#include "cohort/pseudonym.h"
#include "cohort/work.h"

typedef struct rp_ingest {
    const rp_comm *comm;
    rp_pool *pool;
    int sources;
    const char *const *source;
    const char *out; /* COHORT; COHORT.private is made beside it */
    const char *key; /* file, or NULL: COHORT.private/key */
    bool keep_ids;
    bool dry_run;        /* inventory, quarantine and flow only */
    double shard_bytes;  /* uncompressed */
    const char *program; /* name and version, for cohort.json */
    bool (*stop)(void *arg);
    void *stop_arg;
} rp_ingest;

typedef struct rp_ingest_counts {
    int64_t files, slices, series, cases, volumes, regions, quarantined, lost;
    bool was_there; /* the cohort was complete already; nothing was done */
} rp_ingest_counts;

/* Makes the cohort, or goes on with one that was cut off.  A complete cohort of the same sources
 * and settings is left as it is; of others it is an error.  Collective; counts are known on all
 * ranks. Errors: RP_EUSE, RP_ENONE (source), RP_EDATA (nothing usable), RP_ESTOP, RP_EIO,
 * RP_ESPACE. */
RP_MUST rp_status rp_ingest_run(const rp_ingest *settings, rp_ingest_counts *counts);
