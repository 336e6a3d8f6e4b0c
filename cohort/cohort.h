/* cohort/cohort.h - a cohort on disk: its cases, volumes and regions, and how to read them. */
#pragma once
#include "cohort/pseudonym.h"
#include "io/csv.h"
#include "io/shard.h"

typedef struct rp_cohort_volume {
    const char *name, *modality, *dataset, *unit; /* lent by the cohort */
    rp_grid grid;
} rp_cohort_volume;
typedef struct rp_cohort_region {
    const char *name, *volume, *dataset;
    int64_t voxels;
} rp_cohort_region;
typedef struct rp_cohort_case {
    const char *name, *patient;
    int64_t shard;
    int64_t first_volume, volumes, first_region, regions;
} rp_cohort_case;

typedef struct rp_cohort rp_cohort;
struct rp_cohort {
    char *path;
    int64_t cases, volumes, regions, shards;
    rp_cohort_case *list; /* in order of names */
    rp_cohort_volume *volume;
    rp_cohort_region *region;
    char digest[RP_DIGEST_TEXT]; /* of cohort.json, hence of every file */
    void *tables[3];
    rp_shard **shard; /* opened when first asked for; by rp_cohort_shard */
    void *lock;
};

/* Reads the tables.  Owned by the caller.  Local.
 * Errors: RP_ENONE (no cohort there), RP_EDATA naming the table that is damaged, or its line. */
RP_MUST rp_status rp_cohort_open(const char *path, rp_cohort **out);
void rp_cohort_drop(rp_cohort **c);
/* Index of a case, -1 if it is not there; volume and region of a case by name, NULL if not there.
 */
int64_t rp_cohort_find(const rp_cohort *c, const char *case_name);
const rp_cohort_volume *rp_cohort_find_volume(const rp_cohort *c, int64_t index, const char *name);
/* Reads a volume or a region's mask of a case.  Any thread.  Owned by the caller.
 * Errors: RP_EDATA naming shard, dataset and chunk; RP_EIO. */
RP_MUST rp_status rp_cohort_read(rp_cohort *c, int64_t index, const char *dataset, rp_volume **out);
/* Recomputes every digest; damage is called once for each finding.  Errors: RP_ENONE, RP_EDATA
 * (cohort.json cannot be read), RP_EIO. */
RP_MUST rp_status rp_cohort_verify(const char *path, rp_damage_fn *damage, void *arg,
                                   int64_t *findings);
/* The private map: columns source_patient and patient.  Owned by the caller; NULL if there is none.
 * Errors: RP_EIO, RP_EDATA. */
RP_MUST rp_status rp_cohort_private_map(const char *path, rp_csv **out);
