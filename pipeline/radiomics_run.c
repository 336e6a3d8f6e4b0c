/* pipeline/radiomics_run.c - features of a cohort, and the files that they become. */
#include "pipeline/radiomics_run.h"

#include "io/atomic.h"
#include "io/csv.h"
#include "io/table_h5.h"
#include "lib/base/digest.h"
#include "pipeline/features_table.h"
#include "pipeline/program.h"

#include <string.h>

/* The rows of perturbed regions, and which features stay the same over them. */
static rp_status write_perturbed(const char *folder, const rp_text *perturbed)
{
    RP_AUTOFREE char *path = NULL;
    RP_TEXT_AUTO robust = {0};
    RP_TRY(rp_atomic_publish(folder, "features-perturbed.csv", perturbed));
    RP_TRY(rp_path_join(folder, "features-perturbed.csv", &path));
    RP_TRY(rp_features_perturbed(path, &robust));
    return rp_atomic_publish(folder, "features-robust.csv", &robust);
}

/* All tables in one file, for programs. */
static rp_status write_h5(const char *folder, const rp_text *settings, const rp_text *dictionary,
                          const rp_radiomics_tables *t)
{
    static const char keys[] = "case,region,image,warning";
    const struct {
        const char *group, *texts;
        const rp_text *text;
    } all[] = {{"features", keys, &t->features},
               {"dictionary", NULL, dictionary},
               {"missing", NULL, &t->missing},
               {"steps", "case,region,image,step,mask", &t->steps},
               {"perturbed", keys, &t->perturbed}};
    enum { TABLES = sizeof all / sizeof *all };
    rp_csv *csv[TABLES] = {NULL};
    rp_h5_table table[TABLES];
    RP_AUTOFREE char *path = NULL;
    const int tables = t->perturbed.length > 0 ? TABLES : TABLES - 1;
    rp_status st = rp_path_join(folder, "features.h5", &path);
    for (int i = 0; i < tables && st == RP_OK; i++) {
        st =
            rp_csv_parse(all[i].group, ',', all[i].text->length, rp_text_get(all[i].text), &csv[i]);
        table[i] = (rp_h5_table){all[i].group, csv[i], all[i].texts};
    }
    const char *const attribute[][2] = {{"format", "radpipe features 1"},
                                        {"program", rp_program_version()},
                                        {"settings", rp_text_get(settings)}};
    if (st == RP_OK) st = rp_h5_tables_write(path, tables, table, 3, attribute);
    for (int i = 0; i < tables; i++) rp_csv_drop(&csv[i]);
    return st;
}

rp_status rp_features_publish(const char *folder, const rp_features_names *names,
                              const rp_radiomics_settings *s, const rp_text *settings,
                              const rp_radiomics_tables *t, const rp_text *lost)
{
    RP_TEXT_AUTO dictionary = {0}, all = {0}, missing = {0};
    rp_radiomics_columns c = {0};
    RP_TRY(rp_radiomics_columns_make(s, &c));
    rp_radiomics_dictionary(&c, &dictionary);
    rp_radiomics_columns_clear(&c);
    rp_text_add(&all, "# %s\n%s", rp_program_version(), rp_text_get(settings));
    rp_text_add(&missing, "case,stage,reason\n%s", rp_text_get(lost));
    RP_TRY(rp_path_make_folder(folder));
    RP_TRY(rp_atomic_publish(folder, names->settings, &all));
    RP_TRY(rp_atomic_publish(folder, "features-dictionary.csv", &dictionary));
    RP_TRY(rp_atomic_publish(folder, "features-missing.csv", &t->missing));
    RP_TRY(rp_atomic_publish(folder, "features-steps.csv", &t->steps));
    RP_TRY(rp_atomic_publish(folder, names->lost, &missing));
    if (t->perturbed.length > 0) RP_TRY(write_perturbed(folder, &t->perturbed));
    RP_TRY(write_h5(folder, settings, &dictionary, t));
    return rp_atomic_publish(folder, "features.csv", &t->features);
}

rp_status rp_features_digest(const rp_cohort *cohort, const rp_text *settings,
                             char hex[RP_DIGEST_TEXT])
{
    RP_TEXT_AUTO what = {0};
    uint8_t digest[RP_DIGEST_BYTES];
    rp_text_add(&what, "%s\n%s\n%s", rp_program_version(), cohort->digest, rp_text_get(settings));
    RP_TRY(rp_text_status(&what));
    rp_digest_bytes(NULL, (size_t)what.length, rp_text_get(&what), digest);
    rp_hex(RP_DIGEST_BYTES, digest, hex);
    return RP_OK;
}

rp_status rp_features_of_cohort(rp_cohort *cohort, rp_pool *pool, const char *folder,
                                const rp_radiomics_settings *s, const rp_text *settings,
                                int64_t *regions, rp_radiomics_tables *t, rp_text *lost)
{
    char hex[RP_DIGEST_TEXT];
    RP_TRY(rp_features_digest(cohort, settings, hex));
    const rp_radiomics_run run = {.comm = rp_comm_world(),
                                  .pool = pool,
                                  .folder = folder,
                                  .digest = hex,
                                  .cohort = cohort,
                                  .settings = s,
                                  .stop = rp_signals_stop};
    return rp_radiomics_cohort(&run, regions, t, lost);
}
