/* pipeline/verb_verify.c - radpipe verify. */
#include "cohort/cohort.h"
#include "io/atomic.h"
#include "io/safetensors.h"
#include "lib/base/digest.h"
#include "pipeline/verb.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char rp_verb_verify_usage[] = "usage: radpipe verify COHORT|RUN\n"
                                    "\n"
                                    "Recomputes every digest.  For a cohort: names each file, "
                                    "dataset and chunk with a flipped bit or a\n"
                                    "missing end.  For a run: checks its prepared cases and "
                                    "weights and prints 'weights-sha256 HEX', which\n"
                                    "is the same for the same job on any number of ranks.\n"
                                    "\n"
                                    "example: radpipe verify build/run\n"
                                    "exit codes: 0 all is whole, 3 damage was found\n";

static void say_damage(void *arg, const char *line)
{
    (void)arg;
    (void)printf("damaged: %s\n", line);
}

/* Tensors in the order of their data are those of the network's table: one stream of floats. */
static rp_status verify_weights(const char *path)
{
    RP_AUTO(rp_safetensors) s = NULL;
    RP_TEXT_AUTO all = {0};
    uint8_t d[RP_DIGEST_BYTES];
    char hex[RP_DIGEST_TEXT];
    RP_TRY(rp_safetensors_read(path, &s));
    for (int64_t i = 0; i < rp_safetensors_count(s); i++) {
        const rp_safetensor *t = rp_safetensors_at(s, i);
        int64_t n = 1;
        for (int a = 0; a < t->rank; a++) n *= t->n[a];
        rp_text_add_bytes(&all, n * (int64_t)sizeof(float), t->data);
    }
    RP_TRY(rp_text_status(&all));
    rp_sha256((size_t)all.length, rp_text_get(&all), d);
    rp_hex(sizeof d, d, hex);
    (void)printf("weights-sha256 %s\n", hex);
    return RP_OK;
}

static rp_status verify_prepared(const char *run, int64_t *findings)
{
    RP_AUTOFREE char *folder = NULL;
    RP_AUTO(rp_names) sets = NULL;
    rp_path_info info;
    RP_TRY(rp_path_join(run, "prepared", &folder));
    RP_TRY(rp_path_look(folder, true, &info));
    if (info.kind != RP_PATH_FOLDER) return RP_OK;
    RP_TRY(rp_path_list(folder, &sets));
    for (int64_t i = 0; i < sets->count; i++) {
        RP_AUTOFREE char *shards = NULL;
        RP_AUTO(rp_names) names = NULL;
        RP_TRY(rp_format(&shards, "%s/%s/shards", folder, sets->name[i]));
        RP_TRY(rp_path_look(shards, true, &info));
        if (info.kind != RP_PATH_FOLDER) continue;
        RP_TRY(rp_path_list(shards, &names));
        for (int64_t k = 0; k < names->count; k++) {
            RP_AUTOFREE char *path = NULL;
            int64_t n = 0;
            RP_TRY(rp_path_join(shards, names->name[k], &path));
            RP_TRY(rp_shard_verify(path, say_damage, NULL, &n));
            *findings += n;
        }
    }
    return RP_OK;
}

rp_status rp_verb_verify(int argc, char **argv)
{
    const char *word[1];
    int words;
    int64_t findings = 0;
    RP_AUTOFREE char *cohort = NULL, *weights = NULL;
    rp_path_info is_cohort, is_run;
    RP_TRY(rp_options_read(argc, argv, 0, NULL, 1, word, &words));
    RP_NEED(words == 1, RP_EUSE, "verify: a cohort or a run is needed");
    RP_TRY(rp_path_join(word[0], "cohort.json", &cohort));
    RP_TRY(rp_path_join(word[0], "weights.safetensors", &weights));
    RP_TRY(rp_path_look(cohort, true, &is_cohort));
    RP_TRY(rp_path_look(weights, true, &is_run));
    RP_NEED(is_cohort.kind == RP_PATH_FILE || is_run.kind == RP_PATH_FILE, RP_ENONE,
            "'%s' is neither a complete cohort nor a finished run", word[0]);
    if (is_cohort.kind == RP_PATH_FILE)
        RP_TRY(rp_cohort_verify(word[0], say_damage, NULL, &findings));
    else {
        RP_TRY(verify_weights(weights));
        RP_TRY(verify_prepared(word[0], &findings));
    }
    RP_NEED(findings == 0, RP_EDATA, "'%s': %" PRId64 " findings", word[0], findings);
    if (is_cohort.kind == RP_PATH_FILE)
        (void)printf("whole: every digest of '%s' holds\n", word[0]);
    return RP_OK;
}
