/* stages/resume.h - checkpoints of a run: what stands in one, the newest good one, writing. */
#pragma once
#include "io/checkpoint.h"
#include "mpi/exchange.h"
#include "stages/run.h"

/* What a run needs to go on, beside weights and the optimiser's state. */
typedef struct rp_progress_state {
    int64_t iteration;      /* updates counted, voids and steps that were not applied included */
    int64_t not_finite;     /* steps that were not applied, in all */
    int64_t not_finite_row; /* the last ones in a row */
    int64_t only_void;      /* iterations of only voids */
    int64_t void_samples;
    int64_t scored; /* validations that stand in validation.csv */
    double best;    /* their best score; -1: none */
    int64_t best_iteration;
    int64_t open[2]; /* iterations whose weights wait to be scored, oldest first; -1: none */
} rp_progress_state;

/* The newest checkpoint of the run that verifies, read whole, and where the run stood; *out NULL if
 * there is none.  Damaged ones are logged and passed over.  Owned by the caller.  Local.
 * Errors: RP_EIO; RP_EUSE if its identity is not the run's (with the lines that differ), unless
 * accept. */
RP_MUST rp_status rp_checkpoint_newest(const char *folder, const char *identity, bool accept,
                                       rp_checkpoint **out, rp_progress_state *state);
/* How many sets of weights wait to be scored. */
int rp_progress_open(const rp_progress_state *state);
/* Takes what training needs out of a checkpoint.
 *   weights [n] out; velocity [state * n] out, whole; lost [cases] out
 * Errors: RP_EDATA. */
RP_MUST rp_status rp_checkpoint_load(const rp_checkpoint *c, int64_t n, int states, float weights[],
                                     float velocity[], int64_t cases, uint8_t lost[]);
/* Weights of open set number i (0 or 1): [n] out.  Errors: RP_EDATA. */
RP_MUST rp_status rp_checkpoint_open_set(const rp_checkpoint *c, int i, int64_t n, float weights[]);

/* What the train ranks write together. */
typedef struct rp_checkpoint_content {
    const char *folder, *identity;
    int64_t n;
    int states;             /* floats of optimiser state a parameter */
    const float *weights;   /* [n], alike on all ranks */
    rp_exchange *exchange;  /* tells the owned blocks */
    float *const *velocity; /* [owned blocks] -> [states][count] of each */
    int64_t cases;
    const uint8_t *lost;     /* [cases] */
    rp_progress_state state; /* open: rank 0's counts */
    const float *open[2];    /* rank 0: weights of the open sets */
    int keep;
} rp_checkpoint_content;
/* Writes checkpoints/kNNNNNNNNN.h5 and removes those beyond the last keep.  Blocks; collective over
 * comm.  Errors: RP_ESPACE, RP_EIO: the checkpoints before stand. */
RP_MUST rp_status rp_checkpoint_save(const rp_checkpoint_content *c, const rp_comm *comm);

/* Cuts a table that grows back to rows whose first column is at most iteration, and gives it its
 * header. */
RP_MUST rp_status rp_table_cut(const char *path, int64_t iteration, const char *header);

/* weights.safetensors with the names of the network's parameters; notes: more metadata. */
RP_MUST rp_status rp_weights_save(const char *path, const rp_network *net, const float weights[],
                                  int64_t iteration);
/* Errors: RP_EDATA naming the tensor that is missing or of another shape. */
RP_MUST rp_status rp_weights_load(const char *path, const rp_network *net, float weights[]);
/* The same of the newest checkpoint, which must be that of iteration: a kill between the last
 * checkpoint and this file costs nothing. */
RP_MUST rp_status rp_weights_publish(const char *folder, const char *identity, bool accept,
                                     const rp_network *net, int64_t iteration);
/* SHA-256 of the weights, parameters in the order of the table, as little-endian floats. */
void rp_weights_digest(const rp_network *net, const float weights[], char hex[65]);
