/* mpi/watch.h - heartbeats, and the watchdog that ends a job that hangs.
 *
 * Each rank sends rank 0 a heartbeat: its progress count, whether work is open, and the description
 * of its stages.  Rank 0 answers each.  An alarm is:
 *   silent      rank 0 has not heard a rank for that long;
 *   stuck       no rank's progress has moved for that long while work is open somewhere (rank 0);
 *   unanswered  a heartbeat has no answer for that long (every other rank).
 * Time in which this rank itself did not step (it was stopped, as a whole job may be) counts
 * against nobody.
 */
#pragma once
#include "mpi/world.h"
#include <stdbool.h>

typedef struct rp_watch_settings {
    double beat, silent, stuck, unanswered; /* seconds, > 0; the defaults: 5, 60, 300, 90 */
    /* Adds what this rank's stages do and wait for (cut at 1000 bytes); NULL: nothing. */
    void (*describe)(void *arg, rp_text *text);
    void *arg;
} rp_watch_settings;

typedef struct rp_watch rp_watch;

/* Owned by the caller.  Collective.  Errors: RP_EARG, RP_EMEM. */
RP_MUST rp_status rp_watch_new(const rp_comm *comm, const rp_watch_settings *settings,
                               rp_watch **out);
/* Collective.  The idle hook (world.h) must not step it any more. */
void rp_watch_drop(rp_watch **watch);
/* Called by the driver at every turn: sends, answers, looks at the clock; never waits.  progress:
 * any number that grows when something was done; open: there is work that should go on.  Local.
 * Errors: RP_EHANG: the job hangs; rp_watch_report says all that is known.  The caller logs it and
 * calls rp_world_abort(70). */
RP_MUST rp_status rp_watch_step(rp_watch *watch, int64_t progress, bool open);
/* This rank will not step for up to so many seconds (it writes a checkpoint): told to the others,
 * who add it to their patience once.  Local. */
RP_MUST rp_status rp_watch_grace(rp_watch *watch, double seconds);
/* After RP_EHANG: one line for the alarm, then one a rank; "" before.  Lent. */
const char *rp_watch_report(const rp_watch *watch);
