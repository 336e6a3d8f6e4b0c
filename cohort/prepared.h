/* cohort/prepared.h - prepared cases on disk: one grid, labels mapped, normalised.
 *
 * FOLDER/prepared.csv, recipe.json, prepared.json (last: then it is complete), shards/.
 * In a shard: /CASE/image0.. float, /CASE/label uint8, /CASE/foreground1.. int64 places of a sample
 * of each label's voxels. */
#pragma once
#include "cohort/recipe.h"
#include "cohort/split.h"

typedef struct rp_prepared_case {
    char name[RP_NAME_SIZE], patient[RP_NAME_SIZE];
    rp_part part;
    int64_t cohort_index, shard;
    rp_provenance from;
    float outside[RP_INPUTS_MAX];
    int64_t foreground[RP_INPUTS_MAX]; /* stored places of each label */
} rp_prepared_case;

typedef struct rp_prepared {
    char *path;
    char digest[RP_DIGEST_TEXT]; /* of prepared.json */
    rp_recipe recipe;
    int64_t cases, shards;
    rp_prepared_case *list;
    int64_t parts[4]; /* cases of each rp_part */
    int64_t *train;   /* [parts[RP_PART_TRAIN]] indices in list */
    rp_shard **shard; /* opened when first asked for */
    void *lock;
    bool is_mpio; /* opened through MPI-IO: read by the driver only */
} rp_prepared;

/* Folder of a run's prepared cases, owned by the caller: of several under RUN/prepared, the one that
 * RUN/provenance.json names.  *path NULL: there is none.  Errors: RP_EDATA, RP_EIO. */
RP_MUST rp_status rp_prepared_of_run(const char *run, char **path);
/* Errors: RP_ENONE, RP_EDATA naming file and line. */
RP_MUST rp_status rp_prepared_open(const char *path, rp_prepared **out);
/* Opens all shards through MPI-IO on the ranks of comm (a Fortran handle): rp_prepared_read then
 * uses parallel HDF5.  Collective, and so is the drop. */
RP_MUST rp_status rp_prepared_open_mpio(rp_prepared *p, int comm);
void rp_prepared_drop(rp_prepared **p);

/* Part [low, low + n) of a case, inside it: image [inputs][n], label [n].
 * Any thread (the driver's when is_mpio).  Errors: RP_EDATA: damaged bytes under the box, named;
 * RP_EIO: the file system failed. */
RP_MUST rp_status rp_prepared_read(rp_prepared *p, int64_t index, const int64_t low[3],
                                   const int64_t n[3], float image[], uint8_t label[]);
/* Place number k of a label's sample.  Errors: as rp_prepared_read. */
RP_MUST rp_status rp_prepared_place(rp_prepared *p, int64_t index, int label, int64_t k,
                                    int64_t place[3]);
/* The whole case as prediction wants it, owned by the caller; label [n of the case], NULL: not
 * wanted.  Any thread, is_mpio or not. */
RP_MUST rp_status rp_prepared_case_image(rp_prepared *p, int64_t index, rp_case_image **out,
                                         uint8_t label[]);
