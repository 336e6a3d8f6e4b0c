/* pipeline/features_step.c - features as a step of a job. */
#include "pipeline/features_step.h"

#include "io/atomic.h"
#include "pipeline/radiomics_run.h"

#include <string.h>

rp_status rp_features_check(const char *settings)
{
    rp_radiomics_settings s;
    RP_TEXT_AUTO resolved = {0};
    if (!settings[0]) return RP_OK;
    RP_TRY_IN(rp_radiomics_settings_read(settings, &s, &resolved), "radiomics.settings");
    return RP_OK;
}

/* RUN/features.csv stands and was made with these settings of this cohort. */
static rp_status are_there(const char *folder, const char *hex, bool *there)
{
    RP_AUTOFREE char *features = NULL, *made = NULL;
    RP_TEXT_AUTO text = {0};
    rp_path_info info;
    *there = false;
    RP_TRY(rp_path_join(folder, "features.csv", &features));
    RP_TRY(rp_path_join(folder, "features.done", &made));
    RP_TRY(rp_path_look(features, true, &info));
    if (info.kind != RP_PATH_FILE) return RP_OK;
    RP_TRY(rp_path_look(made, true, &info));
    if (info.kind != RP_PATH_FILE) return RP_OK;
    RP_TRY(rp_file_read(made, 1 << 12, &text));
    *there = strncmp(rp_text_get(&text), hex, strlen(hex)) == 0;
    return RP_OK;
}

static rp_status make_all(rp_cohort *cohort, rp_pool *pool, const char *folder, const char *hex,
                          const rp_radiomics_settings *s, const rp_text *settings)
{
    static const rp_features_names names = {"features-settings.yaml", "features-lost.csv"};
    rp_radiomics_tables t = {0};
    RP_TEXT_AUTO lost = {0}, made = {0};
    int64_t regions;
    rp_status st = rp_features_of_cohort(cohort, pool, folder, s, settings, &regions, &t, &lost);
    if (st == RP_OK && rp_comm_rank(rp_comm_world()) == 0) {
        rp_text_add(&made, "%s\n", hex);
        st = rp_features_publish(folder, &names, s, settings, &t, &lost);
        if (st == RP_OK) st = rp_atomic_publish(folder, "features.done", &made);
    }
    rp_radiomics_tables_clear(&t);
    return rp_comm_agree(rp_comm_world(), st);
}

rp_status rp_features_of_run(rp_cohort *cohort, rp_pool *pool, const char *folder,
                             const char *settings)
{
    rp_radiomics_settings s;
    RP_TEXT_AUTO resolved = {0};
    char hex[RP_DIGEST_TEXT];
    bool there = false;
    rp_status st = rp_radiomics_settings_read(settings, &s, &resolved);
    if (st == RP_OK) st = rp_features_digest(cohort, &resolved, hex);
    if (st == RP_OK && rp_comm_rank(rp_comm_world()) == 0) st = are_there(folder, hex, &there);
    RP_TRY(rp_comm_agree(rp_comm_world(), st));
    int64_t done = there;
    RP_TRY(rp_comm_max_i64(rp_comm_world(), 1, &done));
    return done ? RP_OK : make_all(cohort, pool, folder, hex, &s, &resolved);
}
