/* stages/run.c - what the stages of a rank share, and the driver that steps them. */
#include "stages/run.h"

#include "io/atomic.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>

rp_status rp_run_payloads(const rp_run_settings *set, size_t *patch, size_t *sample)
{
    const int64_t channels = set->prepared->recipe.inputs,
                  n = set->patch[0] * set->patch[1] * set->patch[2];
    int64_t box = rp_augment_box_bound(&set->augment, set->patch), largest = 1;
    for (int64_t i = 0; i < set->prepared->cases; i++) {
        const int64_t *m = set->prepared->list[i].from.n;
        if (m[0] * m[1] * m[2] > largest) largest = m[0] * m[1] * m[2];
    }
    if (box > largest) box = largest; /* only what lies in the case is read */
    const int64_t voxel = channels * 4 + 1, most = (box > n ? box : n) * voxel;
    RP_NEED(most < INT_MAX, RP_EUSE,
            "train.patch: a sample of %" PRId64
            " bytes is too large for one message (2 GiB): take a smaller patch",
            most);
    *patch = (size_t)(box * voxel);
    *sample = (size_t)(n * voxel);
    return RP_OK;
}

static int load_rank(void *arg, int64_t s)
{
    const rp_run *r = arg;
    return rp_layout_stage_rank(r->set->layout, RP_ROLE_LOAD, s, r->set->batch, r->set->unit);
}

static int augment_rank(void *arg, int64_t s)
{
    const rp_run *r = arg;
    return rp_layout_stage_rank(r->set->layout, RP_ROLE_AUGMENT, s, r->set->batch, r->set->unit);
}

static int train_rank(void *arg, int64_t s)
{
    const rp_run *r = arg;
    return rp_layout_train_rank(r->set->layout, s, r->set->batch, r->set->unit);
}

static rp_status open_channels(rp_run *r)
{
    const rp_run_settings *set = r->set;
    const rp_layout *l = set->layout;
    const bool loads = rp_layout_has(l, RP_ROLE_LOAD, r->rank),
               augments = rp_layout_has(l, RP_ROLE_AUGMENT, r->rank);
    const bool trains = rp_layout_has(l, RP_ROLE_TRAIN, r->rank);
    rp_channel_settings c = {.comm = r->world,
                             .name = "load->augment",
                             .window = set->window,
                             .payload_max = r->patch_payload,
                             .first_sample = r->first_sample,
                             .period = rp_layout_period(l, RP_ROLE_AUGMENT, set->batch),
                             .sender_of = load_rank,
                             .receiver_of = augment_rank,
                             .arg = r,
                             .sends = loads,
                             .receives = augments,
                             .hold = set->hold,
                             .hold_arg = set->hold_arg};
    RP_TRY(rp_channel_new(&c, &r->patches));
    c.name = "augment->train";
    c.payload_max = r->sample_payload;
    c.period = rp_layout_period(l, RP_ROLE_TRAIN, set->batch);
    c.sender_of = augment_rank;
    c.receiver_of = train_rank;
    c.sends = augments;
    c.receives = trains;
    RP_TRY(rp_channel_new(&c, &r->samples));
    return rp_post_new(r->world, &r->post);
}

static rp_status make(rp_run *r)
{
    const rp_run_settings *set = r->set;
    r->stream = (rp_stream){.prepared = set->prepared,
                            .seed = set->seed,
                            .batch = set->batch,
                            .foreground = set->foreground,
                            .patch = {set->patch[0], set->patch[1], set->patch[2]}};
    rp_status st = rp_unet_build(set->unet, &r->net);
    if (st == RP_OK) st = rp_run_payloads(set, &r->patch_payload, &r->sample_payload);
    if (st == RP_OK) st = rp_pool_new(set->workers, &r->workers);
    if (st == RP_OK) st = rp_pool_new(1, &r->compute);
    RP_TRY(rp_comm_agree(r->world, st));
    r->train_index = rp_layout_index(set->layout, RP_ROLE_TRAIN, r->rank);
    RP_TRY(rp_comm_split(r->world, r->train_index >= 0 ? 0 : -1, r->train_index, &r->train_comm));
    if (set->is_mpio)
        RP_TRY(
            rp_comm_agree(r->world, rp_prepared_open_mpio(set->prepared, rp_comm_fint(r->world))));
    return open_channels(r);
}

rp_status rp_run_new(const rp_run_settings *set, int64_t start_iteration, rp_run **out)
{
    rp_run *r;
    RP_TRY(rp_alloc(1, sizeof *r, &r));
    r->set = set;
    r->world = rp_comm_world();
    r->rank = rp_comm_rank(r->world);
    r->start_iteration = r->iteration = start_iteration;
    r->first_sample = start_iteration * set->batch;
    r->last_sample = set->iterations * set->batch - 1;
    const rp_status st = make(r);
    if (st != RP_OK) {
        rp_run_drop(&r);
        return st;
    }
    *out = r;
    return RP_OK;
}

void rp_run_drop(rp_run **run)
{
    rp_run *r = *run;
    if (!r) return;
    rp_channel_drop(&r->patches);
    rp_channel_drop(&r->samples);
    rp_post_drop(&r->post);
    rp_comm_drop(&r->train_comm);
    rp_pool_drop(&r->workers);
    rp_pool_drop(&r->compute);
    rp_network_drop(&r->net);
    rp_free(r);
    *run = NULL;
}

/* The open stages of this rank. */
typedef struct driving {
    rp_run *run;
    int count;
    struct {
        const rp_stage *stage;
        void *state;
        bool done;
    } open[8];
} driving;

static void describe(void *arg, rp_text *text)
{
    const driving *d = arg;
    for (int i = 0; i < d->count; i++) {
        if (d->open[i].done)
            rp_text_add(text, "%s: done; ", d->open[i].stage->name);
        else {
            d->open[i].stage->ops->describe(d->open[i].state, text);
            rp_text_add(text, "; ");
        }
    }
}

/* A file system that fails once may be well at the next start: exit 75, start me again.  The same
 * failure at the same iteration of the next start is an error.  RUN/failure holds the last one. */
static int code_of_failure(const rp_run *r, rp_status st)
{
    if (st != RP_EIO) return rp_status_exit(st);
    RP_AUTOFREE char *path = NULL, *now = NULL;
    RP_TEXT_AUTO before = {0};
    if (rp_path_join(r->set->folder, "failure", &path) != RP_OK) return rp_status_exit(st);
    if (rp_format(&now, "iteration %" PRId64 ": %s\n", r->start_iteration, rp_error_message()) !=
        RP_OK)
        return rp_status_exit(st);
    const bool again =
        rp_file_read(path, 1 << 16, &before) == RP_OK && strcmp(rp_text_get(&before), now) == 0;
    if (again || rp_atomic_write(path, (int64_t)strlen(now), now) != RP_OK)
        return rp_status_exit(st);
    return rp_status_exit(RP_ESTOP);
}

/* This rank cannot go on and the others wait for it: say why, end all. */
static _Noreturn void fail_all(const rp_run *r, const char *stage, rp_status st)
{
    rp_log(RP_LOG_ERROR, stage, NULL, "%s", rp_error_message());
    rp_log(RP_LOG_STEP, stage, NULL, "trail: %s", rp_error_trail());
    rp_world_abort(code_of_failure(r, st));
}

static void beat(rp_run *r, bool open)
{
    if (rp_watch_step(r->watch, r->done, open) == RP_OK) return;
    rp_log(RP_LOG_ERROR, NULL, NULL, "%s", rp_watch_report(r->watch));
    rp_world_abort(rp_status_exit(RP_EHANG));
}

static void beat_idle(void *arg) { beat(arg, false); }

static rp_status open_stages(driving *d)
{
    rp_run *r = d->run;
    rp_status st = RP_OK;
    for (int i = 0; i < rp_stages_count && st == RP_OK; i++) {
        if (!rp_layout_has(r->set->layout, (rp_role)rp_stages[i].role, r->rank)) continue;
        d->open[d->count].stage = &rp_stages[i];
        st = rp_stages[i].ops->open(r, &d->open[d->count].state);
        d->count++;
    }
    return rp_comm_agree(r->world, st);
}

static void step_all(driving *d)
{
    rp_backoff idle = {0};
    for (int left = d->count; left > 0;) {
        bool progress = false;
        for (int i = 0; i < d->count; i++) {
            rp_step what = RP_STEP_IDLE;
            if (d->open[i].done) continue;
            const rp_status st = d->open[i].stage->ops->step(d->open[i].state, &what);
            if (st != RP_OK) fail_all(d->run, d->open[i].stage->name, st);
            progress = progress || what != RP_STEP_IDLE;
            if (what != RP_STEP_DONE) continue;
            d->open[i].done = true;
            left--;
        }
        beat(d->run, true);
        if (progress)
            idle = (rp_backoff){0};
        else
            rp_backoff_wait(&idle);
    }
}

rp_status rp_run_drive(rp_run *run)
{
    driving d = {.run = run};
    const rp_watch_settings w = {
        .beat = 5, .silent = 60, .stuck = 300, .unanswered = 90, .describe = describe, .arg = &d};
    RP_TRY(rp_watch_new(run->world, &w, &run->watch));
    rp_status st = open_stages(&d);
    if (st == RP_OK) step_all(&d);
    rp_world_idle(beat_idle, run);
    st = rp_comm_agree(run->world, st);
    rp_world_idle(NULL, NULL);
    for (int i = d.count - 1; i >= 0; i--)
        if (d.open[i].state) d.open[i].stage->ops->close(&d.open[i].state);
    rp_watch_drop(&run->watch);
    RP_TRY(st);
    int64_t outcome[2] = {run->stopped_early, run->iteration};
    RP_TRY(rp_comm_max_i64(run->world, 2, outcome));
    run->stopped_early = outcome[0] != 0;
    run->iteration = outcome[1];
    RP_NEED(!run->stopped_early, RP_ESTOP,
            "stopped after iteration %" PRId64 " of %" PRId64 "; start again to go on",
            run->iteration, run->set->iterations);
    return RP_OK;
}
