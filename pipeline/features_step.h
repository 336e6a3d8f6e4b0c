/* pipeline/features_step.h - features as a step of a job: radiomics.settings. */
#pragma once
#include "cohort/cohort.h"
#include "lib/base/pool.h"

/* Reads the settings, before anything is computed.  Local.  Errors: RP_EUSE, those of a file. */
RP_MUST rp_status rp_features_check(const char *settings);
/* Features of the cohort's regions into the run directory, unless those of the same settings and
 * cohort stand there.  settings: a preset's name or a file.  Collective.
 * Errors: RP_EUSE (settings, no region matches), those of a farm. */
RP_MUST rp_status rp_features_of_run(rp_cohort *cohort, rp_pool *pool, const char *folder,
                                     const char *settings);
