/* stages/load.c - reads the part of a case that a sample needs, for whoever augments it.
 *
 * 1. A wanted sample is taken, smallest first, and becomes one task on a worker: draw, place, read.
 * 2. A damaged byte under the box makes the sample void; a failing file system stops the run.
 * 3. Buffers are this stage's; one is busy from the task's start until its send has ended. */
#include "lib/base/log.h"
#include "stages/run.h"

#include <string.h>

typedef struct loading {
    rp_run *run;
    int64_t sample;
    rp_task *task; /* running */
    bool is_busy;  /* from take to sent */
    rp_sample_header header;
    rp_stream_order order;
    char *payload;
} loading;

typedef struct load_state {
    rp_run *run;
    int count;
    loading *slot;
} load_state;

/* The part of the box that lies in the case; false if there is none. */
static bool clip(const int64_t n[3], int64_t low[3], int64_t high[3])
{
    for (int a = 0; a < 3; a++) {
        if (low[a] < 0) low[a] = 0;
        if (high[a] > n[a]) high[a] = n[a];
        if (high[a] <= low[a]) return false;
    }
    return true;
}

static rp_status read_sample(loading *l)
{
    rp_run *run = l->run;
    const rp_run_settings *set = run->set;
    rp_augment_spatial spatial;
    int64_t index, start[3], low[3], high[3];
    RP_TRY(rp_stream_case(&run->stream, l->sample, &l->order, &index));
    l->header.case_index = (int32_t)index;
    RP_TRY(rp_stream_start(&run->stream, l->sample, index, start));
    rp_augment_draw(&set->augment, set->seed, (uint64_t)l->sample, &spatial);
    rp_augment_box(&spatial, set->patch, start, low, high);
    rp_sample_box box = {.stop = set->stop && set->stop(set->stop_arg)};
    int64_t voxels = 0;
    const rp_recipe *r = &set->prepared->recipe;
    if (clip(set->prepared->list[index].from.n, low, high)) {
        voxels = 1;
        for (int a = 0; a < 3; a++) voxels *= box.n[a] = high[a] - low[a];
        memcpy(box.low, low, sizeof low);
        float *image = (float *)(void *)l->payload;
        RP_TRY(rp_prepared_read(set->prepared, index, low, box.n, image,
                                (uint8_t *)(image + r->inputs * voxels)));
    }
    memcpy(l->header.origin, start, sizeof start);
    memcpy(l->header.spacing, r->spacing, sizeof r->spacing);
    memcpy(l->header.free, &box, sizeof box);
    l->header.state = RP_SAMPLE_VALID;
    l->header.bytes = voxels * (r->inputs * (int64_t)sizeof(float) + 1);
    return RP_OK;
}

static rp_status load_task(void *arg)
{
    loading *l = arg;
    const rp_status st = read_sample(l);
    if (st != RP_EDATA && st != RP_ENONE) return st;
    /* ENONE: the dataset's own metadata are gone; a missing shard is found when it is opened */
    l->header.state = RP_SAMPLE_VOID;
    l->header.bytes = 0;
    rp_text_fit(l->header.reason, sizeof l->header.reason, rp_error_message());
    rp_log(RP_LOG_STEP, "load", l->run->set->prepared->list[l->header.case_index].name,
           "void sample %lld: %s", (long long)l->sample, rp_error_message());
    return RP_OK;
}

static void load_close(void **state)
{
    load_state *s = *state;
    for (int i = 0; s && s->slot && i < s->count; i++) {
        if (s->slot[i].task) (void)!rp_task_wait(&s->slot[i].task);
        rp_free(s->slot[i].payload);
        rp_free(s->slot[i].order.order);
    }
    if (s) rp_free(s->slot);
    rp_free(s);
    *state = NULL;
}

static rp_status load_open(rp_run *run, void **state)
{
    load_state *s;
    RP_TRY(rp_alloc(1, sizeof *s, &s));
    s->run = run;
    s->count = rp_pool_threads(run->workers) + run->set->window;
    rp_status st = rp_alloc(s->count, sizeof *s->slot, &s->slot);
    for (int i = 0; i < s->count && st == RP_OK; i++) {
        s->slot[i].run = run;
        s->slot[i].order.epoch = -1;
        st = rp_alloc_raw((int64_t)run->patch_payload, 1, &s->slot[i].payload);
    }
    *state = s;
    return st;
}

/* Begins what is wanted while a buffer is free. */
static rp_status begin_tasks(load_state *s, bool *progress)
{
    int64_t sample;
    for (int i = 0; i < s->count; i++) {
        loading *l = &s->slot[i];
        if (l->is_busy) continue;
        if (!rp_channel_wanted(s->run->patches, &sample)) return RP_OK;
        if (!rp_channel_take(s->run->patches, sample)) return RP_OK;
        l->is_busy = *progress = true;
        l->sample = sample;
        memset(&l->header, 0, sizeof l->header);
        l->header.sample = sample;
        /* parallel HDF5 calls MPI: on the driver */
        if (s->run->set->is_mpio) {
            RP_TRY(load_task(l));
            RP_TRY(rp_channel_send(s->run->patches, &l->header, l->payload));
        } else
            RP_TRY(rp_pool_submit(s->run->workers, load_task, l, &l->task));
    }
    return RP_OK;
}

static rp_status load_step(void *state, rp_step *what)
{
    load_state *s = state;
    bool progress = false;
    RP_TRY(rp_channel_step(s->run->patches, &progress));
    for (int i = 0; i < s->count; i++) {
        rp_status result;
        if (!s->slot[i].task || !rp_task_done(&s->slot[i].task, &result)) continue;
        RP_TRY(result);
        progress = true;
        RP_TRY(rp_channel_send(s->run->patches, &s->slot[i].header, s->slot[i].payload));
    }
    int64_t sample;
    const void *payload;
    while (rp_channel_sent(s->run->patches, &sample, &payload))
        for (int i = 0; i < s->count; i++)
            if (s->slot[i].is_busy && s->slot[i].sample == sample) s->slot[i].is_busy = false;
    RP_TRY(begin_tasks(s, &progress));
    s->run->done += progress;
    *what = rp_channel_finished(s->run->patches) ? RP_STEP_DONE
            : progress                           ? RP_STEP_PROGRESS
                                                 : RP_STEP_IDLE;
    return RP_OK;
}

static void load_describe(const void *state, rp_text *text)
{
    const load_state *s = state;
    int busy = 0, reading = 0;
    for (int i = 0; i < s->count; i++) {
        busy += s->slot[i].is_busy;
        reading += s->slot[i].task != NULL;
    }
    rp_text_add(text, "load: %d of %d buffers busy, %d reading; ", busy, s->count, reading);
    rp_channel_describe(s->run->patches, text);
}

const rp_stage_ops rp_stage_load = {load_open, load_step, load_close, load_describe};
