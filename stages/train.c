/* stages/train.c - trains: units, sum over ranks, update, vote.
 *
 * 1. Weights are alike on all train ranks whenever a phase is RP_TRAIN_UNIT.
 * 2. A unit's sample is copied and its slot given back before it is computed on.
 * 3. The driver steps the exchange; the compute thread puts units, updates and packs while the
 * driver leaves the exchange alone. */
#include "stages/train_priv.h"

#include "lib/base/clock.h"
#include "lib/base/log.h"

#include <math.h>
#include <string.h>

static void train_close(void **state)
{
    rp_train *t = *state;
    if (!t) return;
    if (t->task) (void)!rp_task_wait(&t->task);
    rp_engine_drop(&t->engine);
    for (int64_t b = 0; t->velocity && b < t->blocks; b++) rp_free(t->velocity[b]);
    rp_free(t->velocity);
    rp_free(t->weights);
    rp_free(t->gradient);
    rp_free(t->image);
    rp_free(t->label);
    rp_free(t->lost);
    rp_append_drop(&t->progress);
    rp_validate_drop(&t->validate);
    rp_exchange_drop(&t->exchange);
    rp_free(t);
    *state = NULL;
}

static rp_status make_engine(void *arg)
{
    rp_train *t = arg;
    const rp_run_settings *set = t->run->set;
    const rp_engine_settings e = {.net = t->run->net,
                                  .patch = {set->patch[0], set->patch[1], set->patch[2]},
                                  .train = true,
                                  .threads = set->threads,
                                  .kernels = set->kernels,
                                  .loss = rp_loss_find(set->loss)};
    RP_NEED(e.loss, RP_EUSE, "train.loss '%s': 'radpipe help loss' lists them", set->loss);
    RP_TRY(rp_engine_new(&e, &t->engine));
    return rp_engine_weights(t->engine, t->weights);
}

/* Weights and optimiser state: fresh, or of the newest checkpoint, which the caller drops. */
static rp_status load_state(rp_train *t, rp_checkpoint **checkpoint)
{
    const rp_run_settings *set = t->run->set;
    RP_AUTOFREE float *velocity = NULL;
    int64_t first, count;
    float *gradient;
    t->state.best = -1;
    t->state.open[0] = t->state.open[1] = -1;
    rp_network_init(t->run->net, set->seed, t->weights);
    if (t->run->start_iteration == 0) return RP_OK;
    RP_TRY(rp_checkpoint_newest(set->folder, set->identity, set->accept_other_identity, checkpoint,
                                &t->state));
    RP_NEED(*checkpoint && t->state.iteration == t->run->start_iteration, RP_EIO,
            "the checkpoint of iteration %lld is gone", (long long)t->run->start_iteration);
    RP_TRY(rp_alloc_raw(t->n * t->optimiser->state, sizeof *velocity, &velocity));
    RP_TRY(rp_checkpoint_load(*checkpoint, t->n, t->optimiser->state, t->weights, velocity,
                              t->cases, t->lost));
    for (int64_t b = 0; rp_exchange_owned(t->exchange, b, &first, &count, &gradient); b++)
        for (int s = 0; s < t->optimiser->state; s++)
            memcpy(t->velocity[b] + s * count, velocity + s * t->n + first,
                   (size_t)count * sizeof(float));
    return RP_OK;
}

/* Train rank 0: the table of scores, and the sets of weights that the checkpoint left open. */
static rp_status open_validation(rp_train *t, const rp_checkpoint *checkpoint)
{
    RP_TRY(rp_validate_new(t->run, &t->state, &t->validate));
    for (int i = 0; i < rp_progress_open(&t->state); i++) { /* the gradient is scratch here */
        RP_TRY(rp_checkpoint_open_set(checkpoint, i, t->n, t->gradient));
        RP_TRY(rp_validate_begin(t->validate, t->state.open[i], t->gradient));
    }
    return RP_OK;
}

static rp_status allocate(rp_train *t)
{
    const rp_run_settings *set = t->run->set;
    const int64_t voxels = set->patch[0] * set->patch[1] * set->patch[2];
    int64_t first, count;
    float *gradient;
    t->n = rp_network_weights(t->run->net);
    t->cases = set->prepared->cases;
    t->optimiser = rp_optimiser_find(set->optimiser);
    RP_NEED(t->optimiser, RP_EUSE, "train.optimiser '%s': 'radpipe help optimiser' lists them",
            set->optimiser);
    RP_TRY(rp_alloc(t->n, sizeof *t->weights, &t->weights));
    RP_TRY(rp_alloc(t->n, sizeof *t->gradient, &t->gradient));
    RP_TRY(rp_alloc_raw(voxels * set->prepared->recipe.inputs, sizeof *t->image, &t->image));
    RP_TRY(rp_alloc_raw(voxels, 1, &t->label));
    RP_TRY(rp_alloc(t->cases, 1, &t->lost));
    while (rp_exchange_owned(t->exchange, t->blocks, &first, &count, &gradient)) t->blocks++;
    RP_TRY(rp_alloc(t->blocks, sizeof *t->velocity, &t->velocity));
    for (int64_t b = 0; rp_exchange_owned(t->exchange, b, &first, &count, &gradient); b++)
        RP_TRY(rp_alloc(count * t->optimiser->state, sizeof(float), &t->velocity[b]));
    return RP_OK;
}

static rp_status begin_iteration(rp_train *t)
{
    t->unit = t->first;
    t->phase = RP_TRAIN_UNIT;
    t->iteration_started = t->wait_since = rp_clock_now();
    t->waited = 0;
    return rp_exchange_begin(t->exchange);
}

static rp_status train_open(rp_run *run, void **state)
{
    const rp_run_settings *set = run->set;
    rp_train *t;
    RP_TRY(rp_alloc(1, sizeof *t, &t));
    *state = t;
    t->run = run;
    RP_TRY(rp_exchange_new(run->train_comm, rp_network_weights(run->net),
                           rp_layout_units(set->batch, set->unit), RP_VALUES, &t->exchange));
    RP_AUTO(rp_checkpoint) checkpoint = NULL;
    rp_status st = allocate(t);
    if (st == RP_OK) st = load_state(t, &checkpoint);
    if (st == RP_OK) st = rp_pool_submit(run->compute, make_engine, t, &t->task);
    if (st == RP_OK) st = rp_task_wait(&t->task);
    if (st == RP_OK && run->train_index == 0) st = rp_train_open_progress(t);
    if (st == RP_OK && run->train_index == 0) st = open_validation(t, checkpoint);
    RP_TRY(rp_comm_agree(run->train_comm, st));
    rp_exchange_units(t->exchange, &t->first, &t->last);
    t->started = t->checkpoint_at = rp_clock_now();
    run->iteration = t->state.iteration;
    if (t->state.iteration < set->iterations) return begin_iteration(t);
    t->phase = RP_TRAIN_DRAIN; /* only scores are missing */
    if (t->validate) RP_TRY(rp_validate_end(t->validate, false));
    return rp_channel_end(run->samples, t->state.iteration * set->batch - 1);
}

/* On the compute thread: one unit. */
static rp_status compute_unit(void *arg)
{
    rp_train *t = arg;
    double values[RP_VALUES] = {0};
    t->unit_status = rp_engine_train(t->engine, t->image, t->label, t->gradient, &t->loss);
    values[RP_VALUE_LOSS] = t->loss.total;
    values[RP_VALUE_DICE] = t->loss.dice;
    values[RP_VALUE_CE] = t->loss.ce;
    values[RP_VALUE_CASE] = t->case_index;
    if (t->unit_status == RP_OK)
        return rp_exchange_put(t->exchange, t->unit, t->gradient, values, 1);
    if (t->unit_status != RP_ENUM) return t->unit_status;
    memset(values, 0, 3 * sizeof *values);
    values[RP_VALUE_STATE] = RP_UNIT_NOT_FINITE;
    return rp_exchange_put_void(t->exchange, t->unit, values);
}

static rp_status step_unit(rp_train *t, bool *progress)
{
    rp_run *run = t->run;
    const rp_sample_header *h;
    const void *payload;
    if (t->unit == t->last) {
        t->phase = RP_TRAIN_REDUCE;
        *progress = true;
        int vote = RP_VOTE_GO;
        if (t->run->train_index == 0 &&
            rp_clock_now() - t->checkpoint_at > run->set->checkpoint_seconds)
            vote = RP_VOTE_CHECKPOINT;
        if (t->ask_stop || (run->set->stop && run->set->stop(run->set->stop_arg)))
            vote = RP_VOTE_STOP;
        if (run->set->stop_after > 0 && t->state.iteration + 1 >= run->set->stop_after)
            vote = RP_VOTE_STOP;
        rp_exchange_vote(t->exchange, vote);
        return RP_OK;
    }
    if (!rp_channel_peek(run->samples, &h, &payload)) return RP_OK;
    const int64_t want = t->state.iteration * run->set->batch + (int64_t)t->unit * run->set->unit;
    RP_NEED(h->sample == want, RP_EBUG, "sample %lld came where %lld was wanted",
            (long long)h->sample, (long long)want);
    *progress = true;
    t->waited += rp_clock_now() - t->wait_since;
    t->case_index = h->case_index;
    rp_sample_box box;
    memcpy(&box, h->free, sizeof box);
    t->ask_stop = t->ask_stop || box.stop;
    if (h->state == RP_SAMPLE_VOID) {
        const double values[RP_VALUES] = {
            [RP_VALUE_CASE] = h->case_index, [RP_VALUE_STATE] = RP_UNIT_VOID};
        RP_TRY(rp_exchange_put_void(t->exchange, t->unit++, values));
        t->wait_since = rp_clock_now();
        return rp_channel_release(run->samples);
    }
    const int64_t voxels = run->set->patch[0] * run->set->patch[1] * run->set->patch[2];
    const size_t bytes = (size_t)(voxels * run->set->prepared->recipe.inputs) * sizeof(float);
    memcpy(t->image, payload, bytes);
    memcpy(t->label, (const char *)payload + bytes, (size_t)voxels);
    RP_TRY(rp_channel_release(run->samples));
    t->phase = RP_TRAIN_COMPUTE;
    return rp_pool_submit(run->compute, compute_unit, t, &t->task);
}

/* On the compute thread: the blocks of this rank. */
static rp_status update_blocks(void *arg)
{
    rp_train *t = arg;
    const rp_run_settings *set = t->run->set;
    rp_exchange_result r;
    RP_TRY(rp_exchange_results(t->exchange, &r));
    const rp_update u = {.scale = rp_clip_scale(sqrt(r.squared_norm), set->clip),
                         .rate = rp_rate_poly(set->rate, t->state.iteration, set->iterations),
                         .momentum = set->momentum,
                         .decay = set->decay};
    int64_t first, count;
    float *gradient;
    for (int64_t b = 0; rp_exchange_owned(t->exchange, b, &first, &count, &gradient); b++)
        t->optimiser->update(count, t->weights + first, gradient, t->velocity[b], &u);
    return RP_OK;
}

static rp_status pack_weights(void *arg)
{
    rp_train *t = arg;
    return rp_engine_weights(t->engine, t->weights);
}

static rp_status finish(rp_train *t)
{
    rp_run *run = t->run;
    t->phase = RP_TRAIN_DRAIN;
    run->iteration = t->state.iteration;
    RP_TRY(rp_train_checkpoint(t));
    if (t->validate) RP_TRY(rp_validate_end(t->validate, run->stopped_early));
    return rp_channel_end(run->samples, t->state.iteration * run->set->batch - 1);
}

/* The iteration is done on all ranks: report, then checkpoint, stop or go on as was voted. */
static rp_status end_iteration(rp_train *t)
{
    rp_exchange_result r;
    RP_TRY(rp_exchange_results(t->exchange, &r));
    t->state.iteration++;
    t->run->iteration = t->state.iteration;
    if (t->run->train_index == 0) RP_TRY(rp_train_report(t, &r));
    if (t->validate && t->state.iteration % t->run->set->evaluate_every == 0)
        RP_TRY(rp_validate_begin(t->validate, t->state.iteration, t->weights));
    if (t->state.iteration >= t->run->set->iterations) return finish(t);
    if (r.vote == RP_VOTE_STOP) {
        t->run->stopped_early = true;
        return finish(t);
    }
    if (r.vote == RP_VOTE_CHECKPOINT) RP_TRY(rp_train_checkpoint(t));
    if (t->validate && rp_validate_is_full(t->validate)) {
        t->phase = RP_TRAIN_SCORES;
        return RP_OK;
    }
    return begin_iteration(t);
}

static rp_status step_reduce(rp_train *t, bool *progress)
{
    bool done;
    RP_TRY(rp_exchange_reduce(t->exchange, &done));
    if (!done) return RP_OK;
    *progress = true;
    rp_exchange_result r;
    RP_TRY(rp_exchange_results(t->exchange, &r));
    RP_TRY(rp_train_judge(t, &r));
    if (!t->apply) return end_iteration(t);
    t->phase = RP_TRAIN_UPDATE;
    return rp_pool_submit(t->run->compute, update_blocks, t, &t->task);
}

/* A task on the compute thread has ended: what comes next. */
static rp_status after_task(rp_train *t)
{
    switch (t->phase) {
    case RP_TRAIN_COMPUTE:
        t->unit++;
        t->phase = RP_TRAIN_UNIT;
        t->wait_since = rp_clock_now();
        return RP_OK;
    case RP_TRAIN_UPDATE: t->phase = RP_TRAIN_SHARE; return RP_OK;
    case RP_TRAIN_PACK: return end_iteration(t);
    default: RP_FAIL(RP_EBUG, "a task ended in phase %d", (int)t->phase);
    }
}

static rp_status train_step(void *state, rp_step *what)
{
    rp_train *t = state;
    rp_run *run = t->run;
    bool progress = false, done = false;
    RP_TRY(rp_channel_step(run->samples, &progress));
    if (t->validate) {
        RP_TRY(rp_post_step(run->post, &progress));
        RP_TRY(rp_validate_step(t->validate, &t->state, &progress));
    }
    if (t->task) {
        rp_status result;
        if (rp_task_done(&t->task, &result)) {
            RP_TRY(result);
            progress = true;
            RP_TRY(after_task(t));
        }
    } else if (t->phase == RP_TRAIN_UNIT) {
        RP_TRY(step_unit(t, &progress));
    } else if (t->phase == RP_TRAIN_REDUCE) {
        RP_TRY(step_reduce(t, &progress));
    } else if (t->phase == RP_TRAIN_SHARE) {
        RP_TRY(rp_exchange_share(t->exchange, t->weights, &done));
        if (done) {
            progress = true;
            t->phase = RP_TRAIN_PACK;
            RP_TRY(rp_pool_submit(run->compute, pack_weights, t, &t->task));
        }
    } else if (t->phase == RP_TRAIN_SCORES && !rp_validate_is_full(t->validate)) {
        progress = true;
        RP_TRY(begin_iteration(t));
    } else if (t->phase == RP_TRAIN_DRAIN && rp_channel_finished(run->samples) &&
               (!t->validate || rp_validate_is_done(t->validate))) {
        t->phase = RP_TRAIN_DONE;
        progress = true;
        if (t->validate && !run->stopped_early) RP_TRY(rp_validate_publish(t->validate));
    }
    run->done += progress;
    *what = t->phase == RP_TRAIN_DONE ? RP_STEP_DONE : progress ? RP_STEP_PROGRESS : RP_STEP_IDLE;
    return RP_OK;
}

static void train_describe(const void *state, rp_text *text)
{
    static const char *const name[] = {
        "waits for a sample", "computes",         "sums",   "updates", "shares weights",
        "packs weights",      "waits for scores", "drains", "done"};
    const rp_train *t = state;
    rp_text_add(text, "train: iteration %lld, unit %d of %d to %d, %s; ",
                (long long)t->state.iteration, t->unit, t->first, t->last, name[t->phase]);
    rp_channel_describe(t->run->samples, text);
}

const rp_stage_ops rp_stage_train = {train_open, train_step, train_close, train_describe};
