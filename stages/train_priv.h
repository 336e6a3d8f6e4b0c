/* stages/train_priv.h - the train stage's state, shared by its files. */
#pragma once
#include "io/atomic.h"
#include "stages/validate.h"

typedef enum rp_train_phase {
    RP_TRAIN_UNIT,    /* waits for the next unit's sample */
    RP_TRAIN_COMPUTE, /* forward and backward, on the compute thread */
    RP_TRAIN_REDUCE,  /* sum of gradients and vote */
    RP_TRAIN_UPDATE,  /* owned blocks, on the compute thread */
    RP_TRAIN_SHARE,   /* new weights to all */
    RP_TRAIN_PACK,    /* kernels take the weights, on the compute thread */
    RP_TRAIN_SCORES,  /* two sets of weights wait for their scores: the next iteration waits too */
    RP_TRAIN_DRAIN,   /* the end is said; waits for the channel */
    RP_TRAIN_DONE
} rp_train_phase;

/* The largest vote wins. */
enum { RP_VOTE_GO, RP_VOTE_CHECKPOINT, RP_VOTE_STOP, RP_VOTE_ERROR };

/* What a unit tells every rank. */
enum { RP_VALUE_LOSS, RP_VALUE_DICE, RP_VALUE_CE, RP_VALUE_CASE, RP_VALUE_STATE, RP_VALUES };
enum { RP_UNIT_VALID, RP_UNIT_VOID, RP_UNIT_NOT_FINITE };

typedef struct rp_train {
    rp_run *run;
    rp_engine *engine;
    rp_exchange *exchange;
    const rp_optimiser *optimiser;
    float *weights, *gradient, *image; /* [n], [n], [channels][patch] */
    uint8_t *label;                    /* [patch] */
    float **velocity;                  /* [owned blocks] */
    int64_t n, blocks, cases;
    uint8_t *lost; /* [training cases] */
    rp_progress_state state;
    rp_train_phase phase;
    int unit, first, last;
    rp_task *task;
    rp_loss_values loss;
    rp_status unit_status;
    int32_t case_index;
    bool ask_stop;         /* a signal was seen here or upstream */
    bool apply;            /* this iteration's step */
    rp_append *progress;   /* train rank 0 */
    rp_validate *validate; /* train rank 0 */
    double started, iteration_started, waited, wait_since, checkpoint_at;
} rp_train;

/* After the sum: voids, lost cases, what is not finite; decides whether the step is applied.
 * Errors: too many lost cases, three steps in a row that are not finite. */
RP_MUST rp_status rp_train_judge(rp_train *t, const rp_exchange_result *r);
/* A line of progress.csv and of the terminal. */
RP_MUST rp_status rp_train_report(rp_train *t, const rp_exchange_result *r);
/* Opens progress.csv, cut back to the checkpoint. */
RP_MUST rp_status rp_train_open_progress(rp_train *t);
RP_MUST rp_status rp_train_checkpoint(rp_train *t);
