/* cohort/work.h - a farm with its journal on disk: work over ranks that a kill does not undo.
 *
 * Each rank of each start has a journal of its own, FOLDER/PHASE-START-RANK.journal.  A new start
 * reads all of a phase's journals on rank 0 and goes on. */
#pragma once
#include "lib/base/pool.h"
#include "mpi/farm.h"

typedef struct rp_work {
    const rp_comm *comm;
    rp_pool *pool;
    const char *folder; /* of the journals; made if absent; NULL: no journal */
    const char *phase;  /* a word: "headers", "cases" */
    const char *title;  /* for progress: "reading headers"; NULL: none is shown */
    const char *digest; /* of what determines the tasks: journals of other work are not used */
    int64_t tasks;
    const double *cost;
    rp_status (*run)(void *arg, int64_t task, rp_text *result);
    void *arg;
    bool (*stop)(void *arg);
    void *stop_arg;
    bool results_everywhere;
} rp_work;

/* Runs what is not done.  Owned by the caller.  Collective.  Errors: as rp_farm_run, RP_EIO. */
RP_MUST rp_status rp_work_run(const rp_work *work, rp_farm_results **out);

/* For the program's handler of fatal signals (SEGV, BUS, FPE, ABRT): notes in the open journal that
 * this rank crashed, so that a task that does it alone is known.  Async-signal-safe. */
void rp_work_crashed(void);

/* Set once by the program: how progress of long work is shown (rank 0); NULL shows nothing. */
typedef void rp_work_progress(const char *title, int64_t done, int64_t tasks, double share);
void rp_work_show(rp_work_progress *show);
