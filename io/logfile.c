/* io/logfile.c - the events of a run as lines of a file. */
#include "io/logfile.h"
#include "io/atomic.h"
#include "lib/base/log.h"

#include <inttypes.h>

struct rp_logfile {
    rp_append *file;
    int64_t lost;
};

/* Called under the log's own lock, from any thread. */
static void write_event(void *arg, const char *line)
{
    rp_logfile *log = arg;
    if (rp_append_line(log->file, line) != RP_OK) log->lost++;
}

rp_status rp_logfile_start(const char *path, rp_logfile **out)
{
    RP_AUTOFREE rp_logfile *log = NULL;
    RP_TRY(rp_alloc(1, sizeof *log, &log));
    RP_TRY(rp_append_open(path, &log->file));
    rp_log_sink(write_event, log);
    *out = RP_TAKE(log);
    return RP_OK;
}

rp_status rp_logfile_stop(rp_logfile **log)
{
    if (!*log) return RP_OK;
    rp_log_sink(NULL, NULL);
    RP_AUTOFREE rp_logfile *mine = RP_TAKE(*log);
    const int64_t lost = mine->lost;
    RP_TRY(rp_append_close(&mine->file));
    RP_NEED(lost == 0, RP_EIO, "%" PRId64 " lines of the log could not be written", lost);
    return RP_OK;
}
