/* pipeline/report_run.h - the report of a run directory, with pictures from the job's cohort. */
#pragma once
#include "lib/base/mem.h"

/* Makes the page and writes it atomically.  problems: out, sections and pictures that the page says
 * could not be made.  Local.
 * Errors: as rp_report_make and rp_atomic_write; a cohort that is not there is no error. */
RP_MUST rp_status rp_report_run(const char *run, const char *path, int64_t *problems);
