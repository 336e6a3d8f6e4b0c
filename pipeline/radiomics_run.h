/* pipeline/radiomics_run.h - features of a cohort's regions, and the files that they become. */
#pragma once
#include "lib/base/digest.h"
#include "pipeline/radiomics_settings.h"

/* Files whose names depend on what else lies in the folder. */
typedef struct rp_features_names {
    const char *settings, *lost;
} rp_features_names;
/* Writes features.csv (last), features-dictionary.csv, -missing.csv, -steps.csv, features.h5 and
 * the two named ones.  settings: as resolved.  Local. */
RP_MUST rp_status rp_features_publish(const char *folder, const rp_features_names *names,
                                      const rp_radiomics_settings *s, const rp_text *settings,
                                      const rp_radiomics_tables *t, const rp_text *lost);
/* Of everything that decides the features: program, cohort, settings. */
RP_MUST rp_status rp_features_digest(const rp_cohort *cohort, const rp_text *settings,
                                     char hex[RP_DIGEST_TEXT]);
/* Tables of all regions, on rank 0; folder: of the journal.  Collective.
 * Errors: those of rp_radiomics_cohort. */
RP_MUST rp_status rp_features_of_cohort(rp_cohort *cohort, rp_pool *pool, const char *folder,
                                        const rp_radiomics_settings *s, const rp_text *settings,
                                        int64_t *regions, rp_radiomics_tables *t, rp_text *lost);
