/* mpi/farm_priv.h - what the farm's files share. */
#pragma once
#include "mpi/comm_priv.h"
#include "mpi/farm.h"

/* From a rank to rank 0. */
typedef enum report_kind {
    REPORT_FREE = 1, /* I can run one more */
    REPORT_ENDED,    /* task ended, by result or by reason */
    REPORT_FAILED,   /* the machine failed at the task: hand nothing more out */
    REPORT_STOP,     /* I was asked to stop */
    REPORT_BYE,      /* I run nothing and ask no more: my last word */
} report_kind;
typedef struct report {
    int64_t kind, task;
} report;

/* From rank 0 to a rank that is free. */
typedef struct work_order {
    int64_t task; /* -1: no more */
    int64_t alone;
} work_order;

/* The list that rank 0 hands out: largest first, ties by index; those that run alone come last. */
typedef struct hand_out {
    int64_t tasks, next, open, alone_from, done;
    int64_t *order; /* [open] */
    int64_t in_flight;
    double cost_done;
    bool is_stopping, is_stopped;
} hand_out;

RP_MUST rp_status rp_hand_out_new(const rp_farm_settings *s, const rp_farm_results *known,
                                  hand_out *out);
void rp_hand_out_clear(hand_out *h);
/* The next task; false if none may be handed out now. */
bool rp_hand_out_next(hand_out *h, work_order *order);
/* True if none will ever be handed out again. */
bool rp_hand_out_is_over(const hand_out *h);
void rp_hand_out_ended(hand_out *h, const rp_farm_settings *s, int64_t task);

/* This rank's tasks. */
typedef struct runner runner;
RP_MUST rp_status rp_runner_new(const rp_farm_settings *s, rp_pool *pool, runner **out);
void rp_runner_drop(runner **r);
/* True if a task more fits. */
bool rp_runner_is_free(const runner *r);
bool rp_runner_is_idle(const runner *r);
/* Journals the start and submits the task. */
RP_MUST rp_status rp_runner_start(runner *r, const work_order *order);
/* Ends one task that has run, if there is one: *task, else -1.  Journals its end and keeps the
 * result.  A failure of the machine is returned, *task being the task. */
RP_MUST rp_status rp_runner_poll(runner *r, int64_t *task);
/* All kept results as bytes (rp_results_add). */
const rp_text *rp_runner_results(const runner *r);

/* One result as bytes, and back. */
void rp_results_add(rp_text *to, int64_t task, const rp_farm_result *result);
RP_MUST rp_status rp_results_read(int64_t n, const char *bytes, rp_farm_results *into);
RP_MUST rp_status rp_results_new(int64_t tasks, rp_farm_results **out);
/* Replaces result i; bytes are copied. */
RP_MUST rp_status rp_results_set(rp_farm_results *into, int64_t i, rp_farm_state state,
                                 rp_status status, int64_t n, const char *bytes);
