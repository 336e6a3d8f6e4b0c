/* pipeline/execute.c - a job, walked. */
#include "pipeline/execute.h"

#include "cohort/ingest.h"
#include "io/atomic.h"
#include "io/logfile.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/net/kernels.h"
#include "pipeline/features_step.h"
#include "pipeline/program.h"
#include "stages/lost.h"
#include "stages/resume.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* What lives through a job. */
typedef struct walking {
    const rp_execute *e;
    const rp_job *job;
    const rp_comm *comm;
    int rank, threads, workers;
    rp_pool *pool, *compute;
    rp_lock *lock;
    rp_logfile *log;
    rp_cohort *cohort;
    rp_part *part;
    rp_prepared *prepared;
    rp_prepare prepare;
    rp_unet_settings unet;
    rp_augment_settings augment;
    rp_layout *layout;
    rp_network *net;
    rp_text identity, lost, kernels;
    rp_execute_cost cost;
    double started;
    int64_t iteration; /* where the run starts */
    int64_t unscored;  /* sets of weights that its checkpoint leaves to score */
} walking;

static void walking_clear(walking *w)
{
    rp_prepared_drop(&w->prepared);
    rp_cohort_drop(&w->cohort);
    rp_network_drop(&w->net);
    rp_layout_drop(&w->layout);
    rp_pool_drop(&w->pool);
    rp_pool_drop(&w->compute);
    rp_free(w->part);
    rp_text_clear(&w->identity);
    rp_text_clear(&w->kernels);
    rp_text_clear(&w->lost);
    (void)!rp_logfile_stop(&w->log); /* lost lines of the log are not the run's failure */
    rp_lock_drop(&w->lock);
}

/* Cases lost in preparation (w->lost), in training (by the file), and in more.  Rank 0. */
static rp_status write_lost(const walking *w, const rp_text *more)
{
    RP_AUTOFREE char *path = NULL;
    RP_TEXT_AUTO t = {0};
    rp_text_add(&t, "case,stage,reason\n%s", rp_text_get(&w->lost));
    RP_TRY(rp_path_join(w->e->folder, "lost.csv", &path));
    RP_TRY(rp_lost_in_training(path, &t));
    rp_text_add(&t, "%s", rp_text_get(more));
    return rp_atomic_publish(w->e->folder, "lost.csv", &t);
}

static rp_status write_job(const walking *w)
{
    RP_TEXT_AUTO t = {0};
    RP_TRY(rp_job_write(w->job, &t));
    return rp_atomic_publish(w->e->folder, "job.yaml", &t);
}

/* The run directory: made and locked by rank 0, a log file a rank. */
static rp_status open_folder(walking *w)
{
    RP_AUTOFREE char *lock = NULL, *log = NULL, *file = NULL;
    rp_status st = RP_OK;
    RP_TRY(rp_path_join(w->e->folder, "log", &log));
    RP_TRY(rp_path_join(w->e->folder, "lock", &lock));
    if (w->rank == 0) {
        st = rp_path_make_folder(log);
        if (st == RP_OK) st = rp_lock_take(lock, false, &w->lock);
        if (st == RP_OK) st = rp_atomic_sweep(w->e->folder);
        if (st == RP_OK) st = write_job(w);
    }
    RP_TRY(rp_comm_agree(w->comm, st));
    RP_TRY(rp_format(&file, "%s/%05d.jsonl", log, w->rank));
    return rp_comm_agree(w->comm, rp_logfile_start(file, &w->log));
}

/* The choice of kernels.  A file's copy stays with the run (write_plan), which goes on without it.
 */
static rp_status read_kernels(walking *w)
{
    RP_AUTOFREE char *copy = NULL;
    rp_path_info at_file, at_copy;
    const char *file = w->job->train.kernels;
    if (rp_kernels_are_named(file)) return rp_execute_kernels(w->job, NULL, &w->kernels);
    RP_TRY(rp_path_join(w->e->folder, "kernels.yaml", &copy));
    RP_TRY(rp_path_look(file, true, &at_file));
    RP_TRY(rp_path_look(copy, true, &at_copy));
    const bool kept = at_file.kind == RP_PATH_NONE && at_copy.kind == RP_PATH_FILE;
    if (kept)
        rp_log(RP_LOG_RUN, NULL, NULL,
               "'%s' is not there any more: the run's own '%s' stands for it", file, copy);
    return rp_execute_kernels(w->job, kept ? w->e->folder : NULL, &w->kernels);
}

static rp_status need_kernels(walking *w)
{
    RP_TRY(rp_comm_agree(w->comm, w->rank == 0 ? read_kernels(w) : RP_OK));
    return rp_comm_share(w->comm, 0, &w->kernels);
}

static rp_status need_cohort(walking *w)
{
    const rp_job *job = w->job;
    RP_AUTOFREE char *done = NULL;
    rp_path_info info;
    int64_t there = 0;
    RP_TRY(rp_path_join(job->cohort.path, "cohort.json", &done));
    rp_status st = RP_OK;
    if (w->rank == 0) {
        st = rp_path_look(done, true, &info);
        there = st == RP_OK && info.kind == RP_PATH_FILE;
    }
    RP_TRY(rp_comm_agree(w->comm, st));
    RP_TRY(rp_comm_max_i64(w->comm, 1, &there));
    if (!there) {
        const char *source[RP_KEY_LIST];
        RP_NEED(job->cohort.source.count > 0, RP_EUSE,
                "cohort '%s' is not there and cohort.source names nothing to make it of",
                job->cohort.path);
        for (int i = 0; i < job->cohort.source.count; i++) source[i] = job->cohort.source.item[i];
        const rp_ingest in = {.comm = w->comm,
                              .pool = w->pool,
                              .sources = job->cohort.source.count,
                              .source = source,
                              .out = job->cohort.path,
                              .key = job->cohort.key[0] ? job->cohort.key : NULL,
                              .keep_ids = strcmp(job->cohort.ids, "keep") == 0,
                              .shard_bytes = job->cohort.shard_size * (1 << 30),
                              .program = rp_program_version(),
                              .stop = rp_signals_stop};
        rp_ingest_counts c;
        RP_TRY(rp_ingest_run(&in, &c));
        if (!c.was_there)
            rp_log(RP_LOG_RUN, "ingest", NULL,
                   "cohort '%s': %" PRId64 " cases, %" PRId64 " volumes, %" PRId64
                   " regions of %" PRId64 " files; %" PRId64 " left out (quarantine.csv)",
                   job->cohort.path, c.cases, c.volumes, c.regions, c.files, c.quarantined);
    }
    return rp_comm_agree(w->comm, rp_cohort_open(job->cohort.path, &w->cohort));
}

static rp_status need_prepared(walking *w)
{
    RP_AUTOFREE char *folder = NULL;
    RP_TEXT_AUTO rows = {0};
    rp_status st = rp_alloc(w->cohort->cases, sizeof *w->part, &w->part);
    if (st == RP_OK) st = rp_split_read(w->job->split, w->cohort, w->part, &rows);
    if (st == RP_OK) st = rp_path_join(w->e->folder, "prepared", &folder);
    RP_TRY(rp_comm_agree(w->comm, st));
    rp_execute_prepare_settings(w->job, &w->prepare);
    w->prepare.comm = w->comm;
    w->prepare.pool = w->pool;
    w->prepare.cohort = w->cohort;
    w->prepare.part = w->part;
    w->prepare.folder = folder;
    w->prepare.stop = rp_signals_stop;
    RP_TRY(rp_prepare_run(&w->prepare, &w->prepared, &rows));
    w->prepare.folder = NULL;
    RP_NEED(w->prepared->parts[RP_PART_TRAIN] > 0, RP_EDATA,
            "no training case is left: see lost.csv");
    int64_t lost = 0;
    for (const char *p = rp_text_get(&rows); *p; p++) lost += *p == '\n';
    rp_text_add(&w->lost, "%s", rp_text_get(&rows));
    if (w->rank == 0) st = write_lost(w, &(rp_text){0});
    RP_TRY(rp_comm_agree(w->comm, st));
    const double limit =
        fmax(3, w->job->train.max_lost * (double)(w->prepared->parts[RP_PART_TRAIN] + lost));
    RP_NEED((double)lost <= limit, RP_EDATA,
            "%" PRId64 " cases of the split were lost before training, more than train.max_lost "
            "allows: see lost.csv",
            lost);
    if (lost && w->rank == 0)
        rp_log(RP_LOG_RUN, "prepare", NULL, "%" PRId64 " cases of the split are lost: see lost.csv",
               lost);
    return RP_OK;
}

static void run_settings(const walking *w, rp_run_settings *s)
{
    const rp_job *job = w->job;
    *s = (rp_run_settings){.folder = w->e->folder,
                           .prepared = w->prepared,
                           .layout = w->layout,
                           .unet = &w->unet,
                           .augment = w->augment,
                           .batch = (int)job->train.batch,
                           .unit = (int)job->train.unit,
                           .window = (int)job->channel.window,
                           .threads = w->threads,
                           .workers = w->workers,
                           .iterations = (int64_t)job->train.iterations,
                           .stop_after = w->e->stop_after,
                           .seed = (uint64_t)job->train.seed,
                           .foreground = job->train.foreground,
                           .rate = job->train.rate,
                           .momentum = job->train.momentum,
                           .decay = job->train.decay,
                           .clip = job->train.clip,
                           .max_lost = job->train.max_lost,
                           .checkpoint_seconds = job->train.checkpoint * 60,
                           .keep = (int)job->train.keep,
                           .kernels = rp_text_get(&w->kernels),
                           .loss = job->train.loss,
                           .optimiser = job->train.optimiser,
                           .identity = rp_text_get(&w->identity),
                           .accept_other_identity = w->e->accept_other_identity,
                           .is_mpio = strcmp(job->io, "mpio") == 0,
                           .evaluate_every = (int64_t)job->evaluate.every,
                           .step = job->predict.step,
                           .stop = rp_signals_stop};
    for (int a = 0; a < 3; a++) s->patch[a] = (int64_t)job->train.patch.item[a];
}

/* Rank 0 asks an engine what it would run: kernel rows, versions, and whether threads bear on bits.
 */
static rp_status ask_engine(void *arg)
{
    walking *w = arg;
    const rp_job *job = w->job;
    rp_engine_settings e = {.net = w->net,
                            .train = true,
                            .threads = w->threads,
                            .kernels = rp_text_get(&w->kernels),
                            .loss = rp_loss_find(job->train.loss)};
    rp_engine *engine;
    for (int a = 0; a < 3; a++) e.patch[a] = (int64_t)job->train.patch.item[a];
    RP_NEED(e.loss, RP_EUSE, "train.loss '%s': 'radpipe help loss' lists them", job->train.loss);
    RP_TRY(rp_engine_new(&e, &engine));
    rp_text_add(&w->identity, "%s", rp_engine_choices(engine));
    if (!rp_engine_thread_invariant(engine)) rp_text_add(&w->identity, "threads: %d\n", w->threads);
    rp_engine_drop(&engine);
    return rp_text_status(&w->identity);
}

static rp_status make_identity(walking *w)
{
    rp_status st = RP_OK;
    if (w->rank == 0) {
        rp_task *task;
        st = rp_job_identity(w->job, &w->identity);
        if (st == RP_OK) {
            rp_text_add(&w->identity, "prepared: %s\nprogram: %s\n", w->prepared->digest,
                        rp_program_version());
            st = rp_pool_submit(w->compute, ask_engine, w, &task);
        }
        if (st == RP_OK) st = rp_task_wait(&task);
    }
    RP_TRY(rp_comm_agree(w->comm, st));
    RP_TRY(rp_comm_share(w->comm, 0, &w->identity));
    return rp_comm_same(w->comm, "the instruction set", rp_isa_name(rp_isa_here()));
}

static rp_status make_layout(walking *w)
{
    const rp_job *job = w->job;
    RP_AUTOFREE int *node = NULL;
    rp_run_settings s;
    size_t patch, sample;
    const int wanted[RP_ROLE_COUNT] = {(int)job->ranks.load, (int)job->ranks.augment,
                                       (int)job->ranks.train, (int)job->ranks.evaluate};
    run_settings(w, &s);
    RP_TRY(rp_alloc(rp_comm_size(w->comm), sizeof *node, &node));
    RP_TRY(rp_comm_node_list(w->comm, node));
    RP_TRY(rp_run_payloads(&s, &patch, &sample));
    const rp_execute_asked asked = {.job = job,
                                    .kernels = rp_text_get(&w->kernels),
                                    .unet = &w->unet,
                                    .threads = w->threads,
                                    .ranks = rp_comm_size(w->comm),
                                    .patch_payload = patch,
                                    .sample_payload = sample,
                                    .prepared = w->prepared};
    RP_TRY(rp_execute_cost_of(&asked, &w->cost));
    /* refused before anything large is taken: ranks of this node share what it has */
    int here = 0;
    for (int i = 0; i < rp_comm_size(w->comm); i++) here += node[i] == node[w->rank];
    RP_TRY(rp_comm_agree(w->comm, rp_execute_fits(job, &w->cost, here)));
    rp_layout_settings l = {.size = rp_comm_size(w->comm),
                            .wanted = job->ranks.load == RP_AUTO_VALUE ? NULL : wanted,
                            .node_of_rank = node};
    for (int r = 0; r < RP_ROLE_COUNT; r++) l.cost[r] = w->cost.seconds[r];
    /* a rank of its own only where there is something to score beside training */
    l.cost[RP_ROLE_EVALUATE] =
        w->prepared->parts[RP_PART_VALIDATE] ? w->cost.seconds[RP_ROLE_TRAIN] / 10 : 0;
    l.most[RP_ROLE_TRAIN] = rp_layout_units(s.batch, s.unit);
    RP_TRY(rp_layout_make(&l, &w->layout));
    if (w->layout->wanted_ignored && w->rank == 0)
        rp_log(RP_LOG_RUN, NULL, NULL, "one rank runs: 'ranks' of the job is ignored");
    return RP_OK;
}

static rp_status write_plan(const walking *w)
{
    RP_TEXT_AUTO t = {0};
    if (!rp_kernels_are_named(w->job->train.kernels))
        RP_TRY(rp_atomic_publish(w->e->folder, "kernels.yaml", &w->kernels));
    rp_text_add(&t, "ranks: %d\nthreads: %d\nroles:\n", w->layout->size, w->threads);
    for (int r = 0; r < RP_ROLE_COUNT; r++) {
        rp_text_add(&t, "  %s: [", rp_role_name((rp_role)r));
        for (int i = 0; i < w->layout->count[r]; i++)
            rp_text_add(&t, "%s%d", i ? ", " : "", w->layout->rank[r][i]);
        rp_text_add(&t, "]\n");
    }
    rp_text_add(&t,
                "weights: %" PRId64
                "\ngflop_a_sample: %.1f\nmemory_mib:\n  engine: %.1f\n  weights: %.1f\n  exchange: "
                "%.1f\n  channels: %.1f\n  validate: %.1f\n  predict: %.1f\n  total: %.1f\n",
                rp_network_weights(w->net), w->cost.flops_per_sample / 1e9,
                (double)w->cost.engine / 1048576, (double)w->cost.weights / 1048576,
                (double)w->cost.exchange / 1048576, (double)w->cost.channels / 1048576,
                (double)w->cost.validate / 1048576, (double)w->cost.predict / 1048576,
                (double)w->cost.total / 1048576);
    return rp_atomic_publish(w->e->folder, "plan.yaml", &t);
}

static rp_status write_provenance(const walking *w)
{
    RP_TEXT_AUTO t = {0};
    rp_text_add(&t,
                "{\n  \"version\": 1,\n  \"program\": \"%s\",\n  \"ranks\": %d,\n  \"cohort\": "
                "\"%s\",\n  \"prepared\": \"%s\",\n  \"identity\": ",
                rp_program_version(), w->layout->size, w->cohort->digest, w->prepared->digest);
    rp_text_add_json(&t, rp_text_get(&w->identity));
    rp_text_add(&t, "\n}\n");
    return rp_atomic_publish(w->e->folder, "provenance.json", &t);
}

static void show_iteration(void *arg, int64_t iteration, double loss, double left)
{
    const walking *w = arg;
    char detail[80];
    (void)snprintf(detail, sizeof detail, "iteration %" PRId64 " of %.0f, loss %.4f", iteration,
                   w->job->train.iterations, loss);
    rp_progress_line("training", detail, (double)iteration / w->job->train.iterations, left);
}

/* Where the run stands: the newest good checkpoint. */
static rp_status find_start(walking *w)
{
    RP_AUTO(rp_checkpoint) newest = NULL;
    RP_AUTOFREE char *done = NULL;
    rp_status st = RP_OK;
    rp_path_info info;
    rp_progress_state state = {0};
    int open = 0;
    RP_TRY(rp_path_join(w->e->folder, "validation.done", &done));
    if (w->rank == 0) {
        st = rp_checkpoint_newest(w->e->folder, rp_text_get(&w->identity),
                                  w->e->accept_other_identity, &newest, &state);
        open = rp_progress_open(&state);
        if (st == RP_OK) st = rp_path_look(done, true, &info);
        if (st == RP_OK && info.kind == RP_PATH_FILE) open = 0;
    }
    w->iteration = state.iteration;
    RP_TRY(rp_comm_agree(w->comm, st));
    w->unscored = open;
    RP_TRY(rp_comm_max_i64(w->comm, 1, &w->iteration));
    RP_TRY(rp_comm_max_i64(w->comm, 1, &w->unscored));
    if (w->iteration > 0 && w->rank == 0)
        rp_log(RP_LOG_RUN, "train", NULL, "goes on after iteration %" PRId64 " of %.0f",
               w->iteration, w->job->train.iterations);
    return RP_OK;
}

static rp_status train(walking *w)
{
    rp_run_settings s;
    rp_run *run;
    run_settings(w, &s);
    s.progress = show_iteration;
    s.progress_arg = w;
    if (w->iteration >= s.iterations && w->unscored == 0) return RP_OK;
    RP_TRY(rp_run_new(&s, w->iteration, &run));
    const rp_status st = rp_run_drive(run);
    rp_run_drop(&run);
    rp_progress_end();
    return st;
}

const char *rp_execute_weights_name(const rp_job *job, bool has_validate)
{
    return has_validate && strcmp(job->predict.weights, "best") == 0 ? "weights-best.safetensors"
                                                                     : "weights.safetensors";
}

static rp_status test(walking *w, rp_text *summary)
{
    RP_AUTOFREE float *weights = NULL;
    RP_AUTOFREE char *path = NULL;
    RP_TEXT_AUTO cases = {0}, table = {0}, lost = {0}, made_with = {0};
    char digest[65];
    if (w->prepared->parts[RP_PART_TEST] == 0) return RP_OK;
    rp_status st = rp_alloc_raw(rp_network_weights(w->net), sizeof *weights, &weights);
    if (st == RP_OK)
        st = rp_path_join(w->e->folder,
                          rp_execute_weights_name(w->job, w->prepared->parts[RP_PART_VALIDATE] > 0),
                          &path);
    if (st == RP_OK) st = rp_weights_load(path, w->net, weights);
    RP_TRY(rp_comm_agree(w->comm, st));
    rp_weights_digest(w->net, weights, digest);
    /* scores of other weights or another window are not used again */
    rp_text_add(&made_with, "%s step %g mirror %d largest %d cohort %s prepared %s", digest,
                w->job->predict.step, w->job->predict.mirror, w->job->predict.largest,
                w->cohort->digest, w->prepared->digest);
    RP_TRY(rp_text_status(&made_with));
    rp_test_run t = {.comm = w->comm,
                     .compute = w->compute,
                     .folder = w->e->folder,
                     .digest = rp_text_get(&made_with),
                     .prepared = w->prepared,
                     .prepare = &w->prepare,
                     .predictor = {.net = w->net,
                                   .weights = weights,
                                   .recipe = &w->prepared->recipe,
                                   .threads = w->threads,
                                   .kernels = rp_text_get(&w->kernels),
                                   .step = w->job->predict.step,
                                   .mirror = w->job->predict.mirror,
                                   .largest = w->job->predict.largest},
                     .stop = rp_signals_stop};
    for (int a = 0; a < 3; a++) t.predictor.patch[a] = (int64_t)w->job->train.patch.item[a];
    RP_TRY(rp_test_cases(&t, &cases, &table, &lost));
    if (w->rank == 0 && lost.length) RP_TRY(write_lost(w, &lost));
    rp_text_add(summary, "%s\n%s", rp_text_get(&cases), rp_text_get(&table));
    return rp_text_status(summary);
}

static rp_status walk(walking *w, rp_text *summary)
{
    RP_TEXT_AUTO resolved = {0};
    RP_TRY(rp_comm_agree(w->comm, rp_job_write(w->job, &resolved)));
    RP_TRY(rp_comm_agree(w->comm, rp_features_check(w->job->radiomics.settings)));
    RP_TRY(rp_comm_same(w->comm, "the program", rp_program_version()));
    RP_TRY(rp_comm_same(w->comm, "the job", rp_text_get(&resolved)));
    RP_TRY(open_folder(w));
    RP_TRY(rp_execute_threads(w->job, w->comm, &w->threads, &w->workers));
    rp_status st = rp_pool_new(w->workers, &w->pool);
    if (st == RP_OK) st = rp_pool_new(1, &w->compute);
    RP_TRY(rp_comm_agree(w->comm, st));
    RP_TRY(need_kernels(w));
    RP_TRY(need_cohort(w));
    RP_TRY(need_prepared(w));
    st = rp_execute_unet(w->job, w->prepared->recipe.spacing, w->prepare.inputs, w->prepare.labels,
                         &w->unet);
    if (st == RP_OK) st = rp_execute_augment(w->job, &w->augment);
    if (st == RP_OK) st = rp_unet_build(&w->unet, &w->net);
    RP_TRY(rp_comm_agree(w->comm, st));
    RP_TRY(make_layout(w)); /* refuses what memory cannot hold before an engine is made */
    RP_TRY(make_identity(w));
    RP_TRY(find_start(w));
    if (w->rank == 0) st = write_plan(w);
    if (w->rank == 0 && st == RP_OK) st = write_provenance(w);
    RP_TRY(rp_comm_agree(w->comm, st));
    RP_TRY(train(w));
    if (w->rank == 0)
        st =
            rp_weights_publish(w->e->folder, rp_text_get(&w->identity), w->e->accept_other_identity,
                               w->net, (int64_t)w->job->train.iterations);
    RP_TRY(rp_comm_agree(w->comm, st));
    RP_TRY(test(w, summary));
    if (!w->job->radiomics.settings[0]) return RP_OK;
    return rp_features_of_run(w->cohort, w->pool, w->e->folder, w->job->radiomics.settings);
}

rp_status rp_execute_job(const rp_execute *e, rp_text *summary)
{
    walking w = {.e = e, .job = e->job, .comm = rp_comm_world(), .started = rp_clock_now()};
    w.rank = rp_comm_rank(w.comm);
    const rp_status st = walk(&w, summary);
    walking_clear(&w);
    return st;
}
