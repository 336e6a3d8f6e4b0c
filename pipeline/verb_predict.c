/* pipeline/verb_predict.c - radpipe predict. */
#include "cohort/ingest.h"
#include "io/atomic.h"
#include "io/dicom.h"
#include "lib/base/log.h"
#include "pipeline/execute.h"
#include "pipeline/program.h"
#include "pipeline/verb.h"
#include "stages/resume.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char rp_verb_predict_usage[] =
    "usage: radpipe predict RUN --source DIR... --out DIR [--key FILE | --ids keep] [--quiet]\n"
    "       mpirun -n N radpipe predict ...\n"
    "\n"
    "Applies a trained run to other patients: reads DICOM, NIfTI or NRRD, writes one label map a "
    "case,\n"
    "OUT/CASE.nii.gz, on the grid of the source's first input.  What could not be used stands in\n"
    "OUT.cohort/quarantine.csv and OUT/lost.csv.\n"
    "\n"
    "  --source DIR    where the images lie (may stand several times)\n"
    "  --out DIR       where the predictions go\n"
    "  --key FILE      key of the pseudonyms that name the files\n"
    "  --ids keep      name the files by the patient identifiers\n"
    "\n"
    "example: radpipe predict build/run --source new-patients/ --out predictions --ids keep\n";

/* The run's job, recipe and network. */
typedef struct trained {
    rp_job *job;
    rp_recipe recipe;
    rp_network *net;
    float *weights;
    rp_text kernels;
} trained;

static void trained_clear(trained *t)
{
    rp_free(t->job);
    rp_free(t->weights);
    rp_text_clear(&t->kernels);
    rp_network_drop(&t->net);
}

static rp_status find_recipe(const char *run, rp_recipe *out)
{
    RP_AUTOFREE char *folder = NULL, *path = NULL;
    RP_TEXT_AUTO text = {0};
    RP_TRY(rp_prepared_of_run(run, &folder));
    RP_NEED(folder, RP_ENONE,
            "run '%s': the prepared cases that its provenance.json names are not there", run);
    RP_TRY(rp_path_join(folder, "recipe.json", &path));
    RP_TRY(rp_file_read(path, 1 << 20, &text));
    return rp_recipe_read(path, text.length, rp_text_get(&text), out);
}

static rp_status open_run(const char *run, trained *t)
{
    RP_AUTOFREE char *job = NULL, *last = NULL, *best = NULL, *weights = NULL;
    rp_unet_settings unet;
    rp_path_info at_end, at_best;
    RP_TRY(rp_path_join(run, "job.yaml", &job));
    RP_TRY(rp_path_join(run, "weights.safetensors", &last));
    RP_TRY(rp_path_join(run, "weights-best.safetensors", &best));
    RP_TRY(rp_path_look(last, true, &at_end));
    RP_TRY(rp_path_look(best, true, &at_best));
    RP_NEED(at_end.kind == RP_PATH_FILE, RP_ENONE,
            "run '%s' is not finished ('radpipe run' goes on with it)", run);
    RP_TRY(rp_alloc(1, sizeof *t->job, &t->job));
    RP_TRY(rp_job_read(job, 0, NULL, t->job));
    RP_TRY(rp_execute_kernels(t->job, run, &t->kernels));
    RP_TRY(find_recipe(run, &t->recipe));
    RP_TRY(rp_execute_unet(t->job, t->recipe.spacing, t->recipe.inputs, t->recipe.labels, &unet));
    RP_TRY(rp_unet_build(&unet, &t->net));
    RP_TRY(rp_alloc_raw(rp_network_weights(t->net), sizeof *t->weights, &t->weights));
    RP_TRY(
        rp_path_join(run, rp_execute_weights_name(t->job, at_best.kind == RP_PATH_FILE), &weights));
    return rp_weights_load(weights, t->net, t->weights);
}

static rp_status write_lost(const char *out, const rp_text *rows)
{
    RP_TEXT_AUTO t = {0};
    rp_text_add(&t, "case,stage,reason\n%s", rp_text_get(rows));
    return rp_atomic_publish(out, "lost.csv", &t);
}

static rp_status predict(const trained *t, const rp_ingest *in, const char *out, int threads)
{
    RP_ASSERT(t->job != NULL);
    const rp_comm *comm = rp_comm_world();
    RP_AUTO(rp_cohort) cohort = NULL;
    RP_AUTO(rp_pool) compute = NULL;
    RP_TEXT_AUTO lost = {0};
    rp_ingest_counts counts;
    int64_t predicted = 0;
    RP_TRY(rp_ingest_run(in, &counts));
    rp_status st = rp_cohort_open(in->out, &cohort);
    if (st == RP_OK) st = rp_pool_new(1, &compute);
    RP_TRY(rp_comm_agree(comm, st));
    rp_predict_run run = {.comm = comm,
                          .compute = compute,
                          .folder = out,
                          .cohort = cohort,
                          .stop = rp_signals_stop,
                          .predictor = {.net = t->net,
                                        .weights = t->weights,
                                        .recipe = &t->recipe,
                                        .threads = threads,
                                        .kernels = rp_text_get(&t->kernels),
                                        .step = t->job->predict.step,
                                        .mirror = t->job->predict.mirror,
                                        .largest = t->job->predict.largest}};
    for (int a = 0; a < 3; a++) run.predictor.patch[a] = (int64_t)t->job->train.patch.item[a];
    RP_TRY(rp_predict_cohort(&run, &predicted, &lost));
    if (rp_comm_rank(comm) == 0) {
        st = write_lost(out, &lost);
        (void)printf("predicted %" PRId64 " of %" PRId64 " cases: %s/CASE.nii.gz\n", predicted,
                     cohort->cases, out);
    }
    return rp_comm_agree(comm, st);
}

rp_status rp_verb_predict(int argc, char **argv)
{
    const char *out = NULL, *key = NULL, *ids = NULL, *source[64], *word[1];
    bool quiet = false;
    int words, sources = 0, threads, workers;
    const rp_option option[] = {
        {.name = "--out", .value = &out},
        {.name = "--key", .value = &key},
        {.name = "--ids", .value = &ids},
        {.name = "--source", .many = source, .many_max = 64, .many_count = &sources},
        {.name = "--quiet", .flag = &quiet}};
    RP_TRY(rp_options_read(argc, argv, 5, option, 1, word, &words));
    RP_NEED(words == 1 && out && sources > 0, RP_EUSE,
            "predict: a run, --source DIR and --out DIR are needed; 'radpipe help predict' shows "
            "the usage");
    RP_NEED(!ids || strcmp(ids, "keep") == 0 || strcmp(ids, "keyed") == 0, RP_EUSE,
            "--ids '%s': must be keyed or keep", ids);
    if (quiet) rp_progress_show(RP_SHOW_QUIET);
    trained t = {0};
    RP_AUTO(rp_pool) pool = NULL;
    RP_AUTOFREE char *cohort = NULL;
    rp_signals_watch();
    rp_status st = rp_dicom_start();
    if (st == RP_OK) st = open_run(word[0], &t);
    if (st == RP_OK) st = rp_format(&cohort, "%s.cohort", out);
    if (st == RP_OK) st = rp_pool_new(rp_program_cores(), &pool);
    st = rp_comm_agree(rp_comm_world(), st);
    if (st == RP_OK) st = rp_execute_threads(t.job, rp_comm_world(), &threads, &workers);
    if (st == RP_OK) {
        const rp_ingest in = {.comm = rp_comm_world(),
                              .pool = pool,
                              .sources = sources,
                              .source = source,
                              .out = cohort,
                              .key = key,
                              .keep_ids = ids && strcmp(ids, "keep") == 0,
                              .shard_bytes = 2.0 * (1 << 30),
                              .program = rp_program_version(),
                              .stop = rp_signals_stop};
        st = predict(&t, &in, out, threads);
    }
    trained_clear(&t);
    rp_pool_drop(&pool);
    rp_dicom_end();
    return st;
}
