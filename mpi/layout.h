/* mpi/layout.h - which rank plays which role, and who owns which sample.  Pure functions, no MPI:
 * the same arguments give the same layout on every rank.  The layout decides speed only. */
#pragma once
#include "lib/base/mem.h"
#include <stdbool.h>

typedef enum rp_role {
    RP_ROLE_LOAD,
    RP_ROLE_AUGMENT,
    RP_ROLE_TRAIN,
    RP_ROLE_EVALUATE,
    RP_ROLE_COUNT
} rp_role;
const char *rp_role_name(rp_role role);

typedef struct rp_layout {
    int size;
    int count[RP_ROLE_COUNT];   /* ranks of the role, at least 1 each */
    int *rank[RP_ROLE_COUNT];   /* [count], ordered by (node, rank) */
    bool folded[RP_ROLE_COUNT]; /* shares the ranks of another role */
    bool wanted_ignored;        /* counts were given, but one rank runs alone */
    int *node;                  /* [size] node of each rank */
} rp_layout;

typedef struct rp_layout_settings {
    int size;                   /* ranks that run, >= 1 */
    const int *wanted;          /* [RP_ROLE_COUNT] counts of the job; NULL: auto */
    double cost[RP_ROLE_COUNT]; /* auto: time a sample costs in each role, >= 0, any unit */
    int most[RP_ROLE_COUNT];    /* auto: no more ranks than that; 0: no limit */
    const int *node_of_rank;    /* [size], >= 0; NULL: all on one node */
} rp_layout_settings;

/* wanted: load, augment and train at least 1, evaluate at least 0 (0: the train ranks do it), and
 * the sum is size; on one rank they are ignored.
 * auto: one rank a role, each further rank to the role with the largest cost a rank (ties to the
 * first role).  With fewer ranks than roles, or evaluate at cost 0, roles fold together: evaluate
 * into train (3 ranks), then augment into load (2), then all (1).  most bounds auto; ranks that no
 * role may take go to evaluate, or to load if evaluate is folded.
 * Roles are spread over nodes in proportion to their counts.
 * Owned by the caller.  Local.
 * Errors: RP_EUSE naming both sums, or the role that is missing; RP_EARG (size, costs). */
RP_MUST rp_status rp_layout_make(const rp_layout_settings *settings, rp_layout **out);
void rp_layout_drop(rp_layout **layout);

bool rp_layout_has(const rp_layout *layout, rp_role role, int rank);
/* Place of the rank in its role, -1 if it does not play it. */
int rp_layout_index(const rp_layout *layout, rp_role role, int rank);

/* Units of a batch: ceil(batch / unit).  Unit u holds samples u unit .. of the batch. */
int rp_layout_units(int batch, int unit);
/* Units [first, last) of train rank index t of T: [U t / T, U (t + 1) / T). */
void rp_layout_unit_range(const rp_layout *layout, int train_index, int units, int *first,
                          int *last);
/* Rank that trains on the sample (sample >= 0, batch >= 1, 1 <= unit <= batch). */
int rp_layout_train_rank(const rp_layout *layout, int64_t sample, int batch, int unit);
/* Rank that loads, augments or trains the sample: on the train rank's node if the role has ranks
 * there, else any; dealt in turn, so that shares differ by one sample at most among the ranks that
 * may be chosen. */
int rp_layout_stage_rank(const rp_layout *layout, rp_role role, int64_t sample, int batch,
                         int unit);
/* A rank that owns no sample of this many in a row owns none at all (see channel.h). */
int64_t rp_layout_period(const rp_layout *layout, rp_role role, int batch);
