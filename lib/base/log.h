/* lib/base/log.h - the only place that writes to stderr, and the events of a run.
 *
 * Levels: error never appears in a clean run; run is a few lines a job whatever the rank count;
 * step, detail and trace go to the log file only, unless asked for.  Numbers that matter go to the
 * run's tables, not here. */
#pragma once
#include "lib/base/mem.h"
#include <stdbool.h>

typedef enum rp_log_level {
    RP_LOG_NOTHING = -1, /* not even errors: another rank tells them */
    RP_LOG_ERROR,
    RP_LOG_RUN,
    RP_LOG_STEP,
    RP_LOG_DETAIL,
    RP_LOG_TRACE
} rp_log_level;

/* What is shown on stderr: up to this level (default RP_LOG_RUN); who speaks (rank, -1: alone). */
void rp_log_show(rp_log_level level, int rank);
/* Where each event goes as a line of JSON too: io/ sets it.  NULL: nowhere. */
void rp_log_sink(void (*sink)(void *arg, const char *line), void *arg);

/* One event.  stage and case may be NULL.  On stderr it is "radpipe: message"; events of level run
 * are shown by rank 0 (or alone) only.  Any thread. */
void rp_log(rp_log_level level, const char *stage, const char *case_name, const char *fmt, ...)
    RP_PRINTF(4, 5);
/* Text for a person on stderr as it stands (progress lines, help after an error). */
void rp_log_plain(const char *text);
/* True if stderr is a terminal. */
bool rp_log_is_terminal(void);
