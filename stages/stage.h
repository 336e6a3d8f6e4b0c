/* stages/stage.h - a stage: a state machine that never blocks its rank.
 *
 * The driver opens the stages of a rank's roles, steps them in turn until all are done, and closes
 * them.  A step moves messages and tasks and returns within a millisecond. */
#pragma once
#include "lib/base/text.h"

typedef struct rp_run rp_run; /* stages/run.h */

typedef enum rp_step { RP_STEP_IDLE, RP_STEP_PROGRESS, RP_STEP_DONE } rp_step;

typedef struct rp_stage_ops {
    /* Local.  state is owned by the stage. */
    rp_status (*open)(rp_run *run, void **state);
    rp_status (*step)(void *state, rp_step *what);
    void (*close)(void **state);
    /* One line for the watchdog: what it does and waits for. */
    void (*describe)(const void *state, rp_text *text);
} rp_stage_ops;

typedef struct rp_stage {
    const char *name, *takes, *gives;
    int role; /* rp_role */
    const rp_stage_ops *ops;
} rp_stage;
extern const rp_stage rp_stages[];
extern const int rp_stages_count;
