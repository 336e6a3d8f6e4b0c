/* pipeline/program.h - what the verbs share: signals, progress, thread counts, the version. */
#pragma once
#include "lib/base/text.h"

/* "radpipe 0.1.0" */
const char *rp_program_version(void);

/* SIGUSR1, SIGTERM and SIGINT ask to stop; a second SIGINT ends at once.  SEGV, BUS, FPE and ABRT
 * are noted in the journal of the work that runs. */
void rp_signals_watch(void);
/* True once a signal has come or the deadline is near. */
bool rp_signals_stop(void *unused);
/* Own deadline: asks to stop when this many seconds have passed (0: none). */
void rp_signals_deadline(double seconds);

/* Progress on stderr: a line that renews itself on a terminal, one line a minute in a log. */
typedef enum rp_show { RP_SHOW_NORMAL, RP_SHOW_QUIET, RP_SHOW_JSON } rp_show;
void rp_progress_show(rp_show how);
/* share in [0, 1]; detail may be ""; left < 0: from the share. */
void rp_progress_line(const char *title, const char *detail, double share, double seconds_left);
/* The same for work that is counted in tasks: what rp_work_show takes. */
void rp_progress_tasks(const char *title, int64_t done, int64_t tasks, double share);
/* Ends a line that stands open. */
void rp_progress_end(void);

/* Cores that this process may use. */
int rp_program_cores(void);
