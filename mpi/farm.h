/* mpi/farm.h - tasks over ranks: handed out largest first to whoever is free, results by task.
 *
 * 1. Rank 0 hands out and works too.  A task runs on a worker of the pool, once.
 * 2. A task that fails by its data (RP_EDATA, RP_EUNSUP, RP_ENUM, RP_ENONE) has a reason as its
 *    result.  Any other failure is one of the machine: nothing more is handed out, what runs ends,
 *    and the farm fails everywhere.
 * 3. Results do not depend on ranks, order or timing, if run does not.
 * 4. Each rank journals what it does through a callback; records of earlier starts make the farm go
 *    on where it was.  A start record without an end record is a task that was open at a death.
 * 5. A task that was open at two deaths runs alone: after all others, one in the whole job.  It is
 *    skipped if it was open alone at a death with a crash record, or open alone at three deaths.
 */
#pragma once
#include "lib/base/pool.h"
#include "lib/base/text.h"
#include "mpi/world.h"

/* Kinds of journal records; the numbers stand in files. */
typedef enum rp_farm_kind {
    RP_FARM_START = 1,  /* the task begins */
    RP_FARM_ALONE = 2,  /* the task begins, alone in the job */
    RP_FARM_RESULT = 3, /* it ended; bytes: the result */
    RP_FARM_REASON = 4, /* it failed by its data; bytes: status name, blank, message */
    RP_FARM_LEFT = 5,   /* it ended by a failure of the machine: as if it had not begun */
    RP_FARM_SKIP = 6,   /* given up for good; bytes: why */
    RP_FARM_BEGIN = 8,  /* a farm begins on this rank, task -1 */
    RP_FARM_CRASH = 7,  /* this rank caught a fatal signal; written by the handler, task -1 */
} rp_farm_kind;

/* One record of an earlier start, in the order of its journal. */
typedef struct rp_farm_record {
    int journal; /* which journal: any number >= 0, one a file */
    int kind;    /* rp_farm_kind */
    int64_t task;
    int64_t n;
    const char *bytes; /* [n], lent during rp_farm_run */
} rp_farm_record;

typedef struct rp_farm_settings {
    const rp_comm *comm;
    int64_t tasks;      /* the same on all ranks */
    const double *cost; /* [tasks], finite, >= 0, any unit, the same on all ranks */
    /* One task, on a worker; the result is what it adds to the text. */
    rp_status (*run)(void *arg, int64_t task, rp_text *result);
    void *arg;
    /* Appends a record to this rank's journal, on the driver; NULL: no journal. */
    rp_status (*append)(void *arg, rp_farm_kind kind, int64_t task, int64_t n, const char *bytes);
    void *append_arg;
    /* Rank 0: all records of all journals of earlier starts.  Others: none. */
    int64_t records;
    const rp_farm_record *record;
    int concurrency; /* tasks at once on this rank, >= 1 */
    /* True once a signal has asked this rank to stop; NULL: never. */
    bool (*stop)(void *arg);
    void *stop_arg;
    /* Rank 0: at each end of a task; NULL: not wanted. */
    void (*progress)(void *arg, int64_t done, int64_t tasks, double cost_done);
    void *progress_arg;
    bool results_everywhere; /* all ranks get the results, else rank 0 only; the same on all */
} rp_farm_settings;

/* True for failures by a task's data (rule 2): its result, where others end the run. */
bool rp_farm_is_reason(rp_status st);

typedef enum rp_farm_state {
    RP_FARM_IS_OPEN,    /* not run (only inside a replay) */
    RP_FARM_IS_DONE,    /* bytes: the result */
    RP_FARM_IS_FAILED,  /* status and reason: by its data */
    RP_FARM_IS_SKIPPED, /* reason: given up */
} rp_farm_state;

typedef struct rp_farm_result {
    rp_farm_state state;
    rp_status status; /* RP_OK if done */
    bool alone;       /* it was open at two deaths */
    int64_t n;
    char *bytes; /* [n + 1], ends in 0; result or reason */
} rp_farm_result;

typedef struct rp_farm_results {
    int64_t tasks;          /* 0 where the results were not asked for */
    rp_farm_result *result; /* [tasks] */
} rp_farm_results;

/* Runs what is not done yet.  Owned by the caller.  Collective.
 * Errors, on all ranks: RP_ESTOP (a rank was asked to stop and tasks are left; start again to go
 * on); a failure of the machine: the rank's own, elsewhere RP_EPEER naming it; RP_EARG; RP_EDATA
 * (records that name no task).  RP_EPEER from MPI: end the world. */
RP_MUST rp_status rp_farm_run(const rp_farm_settings *settings, rp_pool *pool,
                              rp_farm_results **out);
void rp_farm_results_drop(rp_farm_results **results);

/* What the records of earlier starts say about each task: rules 4 and 5.  A task with a result is
 * done whatever else was recorded; two results must be the same bytes.  Local.
 * Errors: RP_EDATA (no such task or kind, two results that differ). */
RP_MUST rp_status rp_farm_replay(int64_t tasks, int64_t records, const rp_farm_record record[],
                                 rp_farm_results **out);
