/* stages/augment.c - makes samples of patches.
 *
 * 1. Only the sample that stands first in the upper channel is taken; its patch is copied and
 * released at once, so that several can be worked on; none of them waits for another.
 * 2. A void passes through.
 * 3. The end that the train ranks say is passed up. */
#include "stages/run.h"

#include <string.h>

typedef struct augmenting {
    rp_run *run;
    rp_task *task;
    bool is_busy; /* from take to sent */
    rp_sample_header header;
    char *patch, *sample;
    void *scratch;
} augmenting;

typedef struct augment_state {
    rp_run *run;
    int count;
    augmenting *slot;
    bool ended;
} augment_state;

static rp_status augment_task(void *arg)
{
    augmenting *a = arg;
    const rp_run_settings *set = a->run->set;
    const rp_prepared_case *k = &set->prepared->list[a->header.case_index];
    const int channels = set->prepared->recipe.inputs;
    rp_sample_box box;
    memcpy(&box, a->header.free, sizeof box);
    const float *image = (const float *)(const void *)a->patch;
    const int64_t voxels = box.n[0] * box.n[1] * box.n[2],
                  n = set->patch[0] * set->patch[1] * set->patch[2];
    const rp_augment_source src = {.channels = channels,
                                   .low = {box.low[0], box.low[1], box.low[2]},
                                   .n = {box.n[0], box.n[1], box.n[2]},
                                   .image = image,
                                   .label = (const uint8_t *)(image + channels * voxels),
                                   .outside = k->outside};
    float *out = (float *)(void *)a->sample;
    uint8_t *label = (uint8_t *)(out + channels * n);
    rp_augment_spatial spatial;
    rp_augment_draw(&set->augment, set->seed, (uint64_t)a->header.sample, &spatial);
    rp_augment_apply_spatial(&spatial, &src, set->patch, a->header.origin, out, label);
    rp_augment_apply_values(&set->augment, set->seed, (uint64_t)a->header.sample, channels,
                            set->patch, out, label, a->scratch);
    a->header.bytes = n * (channels * (int64_t)sizeof(float) + 1);
    return RP_OK;
}

static void augment_close(void **state)
{
    augment_state *s = *state;
    for (int i = 0; s && s->slot && i < s->count; i++) {
        if (s->slot[i].task) (void)!rp_task_wait(&s->slot[i].task);
        rp_free(s->slot[i].patch);
        rp_free(s->slot[i].sample);
        rp_free(s->slot[i].scratch);
    }
    if (s) rp_free(s->slot);
    rp_free(s);
    *state = NULL;
}

static rp_status augment_open(rp_run *run, void **state)
{
    augment_state *s;
    RP_TRY(rp_alloc(1, sizeof *s, &s));
    *state = s;
    s->run = run;
    s->count = rp_pool_threads(run->workers) + 1;
    RP_TRY(rp_alloc(s->count, sizeof *s->slot, &s->slot));
    for (int i = 0; i < s->count; i++) {
        s->slot[i].run = run;
        RP_TRY(rp_alloc_raw((int64_t)run->patch_payload, 1, &s->slot[i].patch));
        RP_TRY(rp_alloc_raw((int64_t)run->sample_payload, 1, &s->slot[i].sample));
        RP_TRY(rp_alloc_raw((int64_t)rp_augment_scratch(run->set->patch), 1, &s->slot[i].scratch));
    }
    return RP_OK;
}

static rp_status begin_task(augment_state *s, augmenting *a, bool *progress)
{
    const rp_sample_header *h;
    const void *payload;
    if (!rp_channel_peek(s->run->patches, &h, &payload)) return RP_OK;
    if (!rp_channel_take(s->run->samples, h->sample)) return RP_OK;
    *progress = a->is_busy = true;
    a->header = *h;
    if (s->run->set->stop && s->run->set->stop(s->run->set->stop_arg)) {
        rp_sample_box box;
        memcpy(&box, a->header.free, sizeof box);
        box.stop = 1;
        memcpy(a->header.free, &box, sizeof box);
    }
    if (h->state == RP_SAMPLE_VOID) {
        RP_TRY(rp_channel_release(s->run->patches));
        return rp_channel_send(s->run->samples, &a->header, NULL);
    }
    memcpy(a->patch, payload, (size_t)h->bytes);
    RP_TRY(rp_channel_release(s->run->patches));
    return rp_pool_submit(s->run->workers, augment_task, a, &a->task);
}

static rp_status augment_step(void *state, rp_step *what)
{
    augment_state *s = state;
    rp_run *run = s->run;
    bool progress = false;
    int64_t last, sample;
    const void *payload;
    RP_TRY(rp_channel_step(run->patches, &progress));
    RP_TRY(rp_channel_step(run->samples, &progress));
    for (int i = 0; i < s->count; i++) {
        rp_status result;
        if (!s->slot[i].task || !rp_task_done(&s->slot[i].task, &result)) continue;
        RP_TRY(result);
        progress = true;
        RP_TRY(rp_channel_send(run->samples, &s->slot[i].header, s->slot[i].sample));
    }
    while (rp_channel_sent(run->samples, &sample, &payload))
        for (int i = 0; i < s->count; i++)
            if (s->slot[i].is_busy && s->slot[i].header.sample == sample)
                s->slot[i].is_busy = false;
    if (!s->ended && rp_channel_last(run->samples, &last)) {
        s->ended = progress = true;
        RP_TRY(rp_channel_end(run->patches, last));
    }
    for (int i = 0; i < s->count; i++)
        if (!s->slot[i].is_busy) RP_TRY(begin_task(s, &s->slot[i], &progress));
    run->done += progress;
    const bool done =
        s->ended && rp_channel_finished(run->samples) && rp_channel_finished(run->patches);
    *what = done ? RP_STEP_DONE : progress ? RP_STEP_PROGRESS : RP_STEP_IDLE;
    return RP_OK;
}

static void augment_describe(const void *state, rp_text *text)
{
    const augment_state *s = state;
    int busy = 0;
    for (int i = 0; i < s->count; i++) busy += s->slot[i].is_busy;
    rp_text_add(text, "augment: %d of %d buffers busy; ", busy, s->count);
    rp_channel_describe(s->run->patches, text);
    rp_text_add(text, "; ");
    rp_channel_describe(s->run->samples, text);
}

const rp_stage_ops rp_stage_augment = {augment_open, augment_step, augment_close, augment_describe};
