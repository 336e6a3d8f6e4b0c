/* stages/run.h - a training run as its stages see it: settings, layout, channels, threads.
 *
 * The program fills rp_run_settings from the job; rp_run_new makes what all stages of a rank share;
 * rp_run_drive steps them to the end. */
#pragma once
#include "cohort/stream.h"
#include "lib/image/augment.h"
#include "lib/net/engine.h"
#include "lib/net/optimiser.h"
#include "lib/net/unet.h"
#include "mpi/channel.h"
#include "mpi/layout.h"
#include "mpi/post.h"
#include "mpi/watch.h"
#include "stages/stage.h"

typedef struct rp_run_settings {
    const char *folder;           /* the run directory */
    rp_prepared *prepared;        /* lent */
    const rp_layout *layout;      /* lent */
    const rp_unet_settings *unet; /* lent */
    rp_augment_settings augment;
    int64_t patch[3];
    int batch, unit, window, threads, workers;
    int64_t iterations, stop_after; /* stop_after 0: none */
    uint64_t seed;
    double foreground, rate, momentum, decay, clip, max_lost, checkpoint_seconds;
    int keep;
    const char *kernels, *loss, *optimiser; /* lent */
    const char *identity;                   /* text; a checkpoint of another one is refused */
    bool accept_other_identity, is_mpio;
    int64_t evaluate_every;
    double step;             /* of the sliding window */
    bool (*stop)(void *arg); /* a signal or the time limit asks to stop */
    void *stop_arg;
    /* Rank with train index 0: a line of progress after each iteration; NULL: none. */
    void (*progress)(void *arg, int64_t iteration, double loss, double seconds_left);
    void *progress_arg;
    bool (*hold)(void *arg, int64_t sample); /* for tests: delays of channels */
    void *hold_arg;
} rp_run_settings;

struct rp_run {
    const rp_run_settings *set;
    const rp_comm *world;
    rp_comm *train_comm;   /* NULL elsewhere */
    int rank, train_index; /* -1: no train rank */
    rp_network *net;
    rp_stream stream;
    rp_pool *workers, *compute;
    rp_channel *patches, *samples; /* load->augment, augment->train; NULL where it has no end */
    rp_post *post;                 /* weights to evaluate ranks, scores back */
    size_t patch_payload, sample_payload;
    int64_t first_sample, last_sample;
    int64_t start_iteration;
    int64_t done; /* grows with progress */
    rp_watch *watch;
    /* Outcome, on train ranks. */
    int64_t iteration; /* updates applied */
    bool stopped_early;
    const char *stop_reason;
};

/* Collective.  start_iteration: of the checkpoint that the run goes on from (0: none). */
RP_MUST rp_status rp_run_new(const rp_run_settings *set, int64_t start_iteration, rp_run **out);
/* Opens, steps and closes the stages of this rank until all are done.  Collective.
 * Errors: RP_ESTOP (stopped early, a checkpoint stands), what a stage fails with.  A rank that
 * fails alone ends the world itself with the code of its failure: the others wait for it. */
RP_MUST rp_status rp_run_drive(rp_run *run);
/* Collective. */
void rp_run_drop(rp_run **run);

/* What stands in rp_sample_header.free: the box that was read, and whether a rank upstream was
 * asked to stop (so that a signal anywhere reaches the train ranks). */
typedef struct rp_sample_box {
    int64_t low[3], n[3];
    int64_t stop;
} rp_sample_box;

/* Bytes of a patch and of a sample as they travel, at most. */
RP_MUST rp_status rp_run_payloads(const rp_run_settings *set, size_t *patch, size_t *sample);
