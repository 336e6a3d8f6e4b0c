/* stages/evaluate.c - scores the validate cases beside training: predicts this rank's share of them
 * with each set of weights, and posts a Dice a label to train rank 0. */
#include "lib/image/overlap.h"
#include "stages/predict.h"
#include "stages/validate.h"

#include <stdatomic.h>
#include <string.h>

typedef struct evaluate_state {
    rp_run *run;
    int64_t cases, next;       /* of all validate cases; the next one of this rank */
    int64_t *index;            /* [cases] in prepared */
    int place, ranks, boss;    /* this rank among the evaluate ranks; world rank of train rank 0 */
    int64_t iteration, queued; /* being scored; the set that comes next; -1: none.  Two are open
                                * at most (stages/validate.h). */
    float *weights, *queued_weights;
    int64_t seen; /* patches that the watch was told of */
    _Atomic int64_t patches;
    bool fresh; /* the predictor has other weights */
    rp_predictor *predictor;
    rp_task *task;
    rp_validate_score score;
    bool is_ending, is_done;
} evaluate_state;

static void evaluate_close(void **state)
{
    evaluate_state *s = *state;
    if (!s) return;
    if (s->task) (void)!rp_task_wait(&s->task);
    rp_predictor_drop(&s->predictor);
    rp_free(s->index);
    rp_free(s->weights);
    rp_free(s->queued_weights);
    rp_free(s);
    *state = NULL;
}

static rp_status evaluate_open(rp_run *run, void **state)
{
    const rp_prepared *p = run->set->prepared;
    const rp_layout *l = run->set->layout;
    evaluate_state *s;
    RP_TRY(rp_alloc(1, sizeof *s, &s));
    *state = s;
    s->run = run;
    s->iteration = s->queued = -1;
    s->place = rp_layout_index(l, RP_ROLE_EVALUATE, run->rank);
    s->ranks = l->count[RP_ROLE_EVALUATE];
    s->boss = l->rank[RP_ROLE_TRAIN][0];
    RP_TRY(rp_alloc(p->cases, sizeof *s->index, &s->index));
    for (int64_t i = 0; i < p->cases; i++)
        if (p->list[i].part == RP_PART_VALIDATE) s->index[s->cases++] = i;
    RP_TRY(rp_alloc_raw(rp_network_weights(run->net), sizeof *s->weights, &s->weights));
    return rp_alloc_raw(rp_network_weights(run->net), sizeof *s->weights, &s->queued_weights);
}

/* On the compute thread: one case. */
static rp_status score_case(void *arg)
{
    evaluate_state *s = arg;
    const rp_run_settings *set = s->run->set;
    const int64_t index = s->index[s->next];
    const int64_t *n = set->prepared->list[index].from.n, voxels = n[0] * n[1] * n[2];
    if (s->fresh) {
        rp_predictor_drop(&s->predictor);
        const rp_predictor_settings p = {.net = s->run->net,
                                         .weights = s->weights,
                                         .recipe = &set->prepared->recipe,
                                         .patch = {set->patch[0], set->patch[1], set->patch[2]},
                                         .threads = set->threads,
                                         .kernels = set->kernels,
                                         .step = set->step,
                                         .patches = &s->patches};
        RP_TRY(rp_predictor_new(&p, &s->predictor));
        s->fresh = false;
    }
    RP_AUTO(rp_case_image) image = NULL;
    RP_AUTOFREE uint8_t *label = NULL, *prediction = NULL;
    RP_TRY(rp_alloc_raw(voxels, 1, &label));
    RP_TRY(rp_alloc_raw(voxels, 1, &prediction));
    RP_TRY(rp_prepared_case_image(set->prepared, index, &image, label));
    RP_TRY(rp_predictor_prepared(s->predictor, image, prediction));
    s->score = (rp_validate_score){.iteration = s->iteration, .number = s->next};
    for (int l = 0; l < set->prepared->recipe.labels; l++) {
        const rp_overlap o = rp_overlap_count(voxels, label, prediction, (uint8_t)(l + 1));
        if (rp_overlap_dice(&o, &s->score.dice[l]) != RP_OK) s->score.dice[l] = -1;
    }
    return RP_OK;
}

/* A case whose bytes are damaged has no Dice; training goes on. */
static rp_status score_task(void *arg)
{
    evaluate_state *s = arg;
    const rp_status st = score_case(s);
    if (st != RP_EDATA && st != RP_ENUM) return st;
    s->score = (rp_validate_score){.iteration = s->iteration, .number = s->next};
    for (int l = 0; l < RP_INPUTS_MAX; l++) s->score.dice[l] = -1;
    return RP_OK;
}

/* Letters are taken as they come: one that waited would hide the end behind it. */
static rp_status take_letter(evaluate_state *s, bool *progress)
{
    int from;
    int64_t number, n;
    const void *bytes;
    if (!rp_post_peek(s->run->post, &from, &number, &n, &bytes)) return RP_OK;
    if (number < 0 && number != RP_LETTER_END) return RP_OK; /* for the train stage of this rank */
    *progress = true;
    if (number == RP_LETTER_END)
        s->is_ending = true;
    else {
        RP_NEED(n == rp_network_weights(s->run->net) * (int64_t)sizeof(float), RP_EPEER,
                "weights of another network");
        RP_NEED(s->queued < 0, RP_EBUG, "more than two sets of weights are open");
        memcpy(s->queued_weights, bytes, (size_t)n);
        s->queued = number;
    }
    return rp_post_release(s->run->post);
}

/* The next set, once the one before has been scored; an end gives up both. */
static void next_set(evaluate_state *s, bool *progress)
{
    if (s->task) return;
    if (s->iteration >= 0 && (s->next >= s->cases || s->is_ending)) {
        s->iteration = -1;
        *progress = true;
    }
    if (s->is_ending || s->iteration >= 0 || s->queued < 0) return;
    float *const other = s->weights;
    s->weights = s->queued_weights;
    s->queued_weights = other;
    s->iteration = s->queued;
    s->queued = -1;
    s->next = s->place;
    s->fresh = *progress = true;
}

static rp_status evaluate_step(void *state, rp_step *what)
{
    evaluate_state *s = state;
    bool progress = false;
    rp_status result;
    RP_TRY(rp_post_step(s->run->post, &progress));
    if (s->task && rp_task_done(&s->task, &result)) {
        RP_TRY(result);
        progress = true;
        RP_TRY(rp_post_send(s->run->post, s->boss, RP_LETTER_SCORE, sizeof s->score, &s->score));
        s->next += s->ranks;
    }
    if (!s->is_ending) RP_TRY(take_letter(s, &progress));
    next_set(s, &progress);
    if (!s->task && s->iteration >= 0 && s->next < s->cases) {
        progress = true;
        RP_TRY(rp_pool_submit(s->run->compute, score_task, s, &s->task));
    }
    /* A large case takes minutes: the watch hears of its patches. */
    const int64_t patches = atomic_load(&s->patches);
    progress = progress || patches != s->seen;
    s->seen = patches;
    if (s->is_ending && !s->task && s->iteration < 0 && !s->is_done) {
        s->is_done = progress = true;
        RP_TRY(rp_post_send(s->run->post, s->boss, RP_LETTER_ENDED, 0, NULL));
    }
    s->run->done += progress;
    *what = s->is_done && rp_post_is_idle(s->run->post) ? RP_STEP_DONE
            : progress                                  ? RP_STEP_PROGRESS
                                                        : RP_STEP_IDLE;
    return RP_OK;
}

static void evaluate_describe(const void *state, rp_text *text)
{
    const evaluate_state *s = state;
    if (s->iteration < 0)
        rp_text_add(text, "evaluate: waits for weights");
    else
        rp_text_add(text, "evaluate: iteration %lld, case %lld of %lld", (long long)s->iteration,
                    (long long)s->next + 1, (long long)s->cases);
}

const rp_stage_ops rp_stage_evaluate = {evaluate_open, evaluate_step, evaluate_close,
                                        evaluate_describe};
