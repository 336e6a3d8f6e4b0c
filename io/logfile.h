/* io/logfile.h - the events of a run as lines of a file. */
#pragma once
#include "lib/base/status.h"

typedef struct rp_logfile rp_logfile;
/* From now on each event of lib/base/log.h is a line of path, which grows.  One at a time in a
 * process. A line that cannot be written (full disk) is lost and counted: the log must not stop the
 * run. */
RP_MUST rp_status rp_logfile_start(const char *path, rp_logfile **out);
/* Ends it and flushes; *log is NULL afterwards.  Errors: RP_EIO naming how many lines were lost. */
RP_MUST rp_status rp_logfile_stop(rp_logfile **log);
