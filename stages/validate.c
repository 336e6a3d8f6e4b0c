/* stages/validate.c - validation beside training, train rank 0's side. */
#include "stages/validate.h"

#include "io/atomic.h"
#include "lib/base/log.h"

#include <inttypes.h>
#include <string.h>

typedef struct open_set {
    int64_t iteration; /* -1: free */
    float *weights;
    double (*dice)[RP_INPUTS_MAX]; /* [validate cases] */
    bool *there;                   /* [validate cases] */
    int64_t scored;
} open_set;

struct rp_validate {
    rp_run *run;
    int64_t cases, n;
    int64_t *index;                 /* [cases] in prepared */
    open_set set[RP_VALIDATE_OPEN]; /* oldest first */
    int ranks, ended;
    bool is_ending, is_abandoned, end_posted;
    rp_append *file;
};

void rp_validate_drop(rp_validate **validate)
{
    rp_validate *v = *validate;
    if (!v) return;
    for (int i = 0; i < RP_VALIDATE_OPEN; i++) {
        rp_free(v->set[i].weights);
        rp_free(v->set[i].dice);
        rp_free(v->set[i].there);
    }
    rp_append_drop(&v->file);
    rp_free(v->index);
    rp_free(v);
    *validate = NULL;
}

static rp_status open_file(rp_validate *v, const rp_progress_state *state)
{
    RP_AUTOFREE char *path = NULL;
    RP_TRY(rp_path_join(v->run->set->folder, "validation.csv", &path));
    RP_TRY(rp_table_cut(path, state->scored, "iteration,case,label,dice"));
    return rp_append_open(path, &v->file);
}

rp_status rp_validate_new(rp_run *run, const rp_progress_state *state, rp_validate **out)
{
    const rp_prepared *p = run->set->prepared;
    rp_validate *v;
    RP_TRY(rp_alloc(1, sizeof *v, &v));
    *out = v;
    v->run = run;
    v->n = rp_network_weights(run->net);
    v->ranks = run->set->layout->count[RP_ROLE_EVALUATE];
    RP_TRY(rp_alloc(p->cases, sizeof *v->index, &v->index));
    for (int64_t i = 0; i < p->cases; i++)
        if (p->list[i].part == RP_PART_VALIDATE) v->index[v->cases++] = i;
    for (int i = 0; i < RP_VALIDATE_OPEN; i++) {
        v->set[i].iteration = -1;
        RP_TRY(rp_alloc_raw(v->n, sizeof(float), &v->set[i].weights));
        RP_TRY(rp_alloc(v->cases, sizeof *v->set[i].dice, &v->set[i].dice));
        RP_TRY(rp_alloc(v->cases, sizeof *v->set[i].there, &v->set[i].there));
    }
    return v->cases ? open_file(v, state) : RP_OK;
}

bool rp_validate_is_full(const rp_validate *v)
{
    return v->cases > 0 && v->set[RP_VALIDATE_OPEN - 1].iteration >= 0;
}

rp_status rp_validate_begin(rp_validate *v, int64_t iteration, const float weights[])
{
    if (v->cases == 0) return RP_OK;
    int i = 0;
    while (i < RP_VALIDATE_OPEN && v->set[i].iteration >= 0) i++;
    RP_NEED(i < RP_VALIDATE_OPEN, RP_EBUG, "a third set of weights to score");
    open_set *s = &v->set[i];
    s->iteration = iteration;
    s->scored = 0;
    memset(s->there, 0, (size_t)v->cases);
    memcpy(s->weights, weights, (size_t)v->n * sizeof *weights);
    for (int r = 0; r < v->ranks; r++)
        RP_TRY(rp_post_send(v->run->post, v->run->set->layout->rank[RP_ROLE_EVALUATE][r], iteration,
                            v->n * (int64_t)sizeof *weights, weights));
    return RP_OK;
}

/* The oldest set is scored: rows in case order, then the best by the mean of all Dice. */
static rp_status finish_oldest(rp_validate *v, rp_progress_state *state)
{
    open_set done = v->set[0];
    const rp_prepared *p = v->run->set->prepared;
    double sum = 0;
    int64_t count = 0;
    for (int64_t c = 0; c < v->cases; c++)
        for (int l = 0; l < p->recipe.labels; l++) {
            RP_TEXT_AUTO row = {0};
            const double d = done.dice[c][l];
            rp_text_add(&row, "%" PRId64 ",%s,%s,", done.iteration, p->list[v->index[c]].name,
                        p->recipe.label[l]);
            if (d >= 0) rp_text_add(&row, "%.17g", d);
            RP_TRY(rp_text_status(&row));
            RP_TRY(rp_append_line(v->file, rp_text_get(&row)));
            sum += d >= 0 ? d : 0;
            count += d >= 0;
        }
    const double mean = count ? sum / (double)count : 0;
    state->scored = done.iteration;
    if (mean > state->best) {
        RP_AUTOFREE char *path = NULL;
        state->best = mean;
        state->best_iteration = done.iteration;
        RP_TRY(rp_path_join(v->run->set->folder, "weights-best.safetensors", &path));
        RP_TRY(rp_weights_save(path, v->run->net, done.weights, done.iteration));
    }
    rp_log(RP_LOG_STEP, "evaluate", NULL,
           "iteration %" PRId64 ": mean Dice %.4f of %" PRId64
           " validate cases, best %.4f at %" PRId64,
           done.iteration, mean, v->cases, state->best, state->best_iteration);
    for (int i = 1; i < RP_VALIDATE_OPEN; i++) v->set[i - 1] = v->set[i];
    done.iteration = -1;
    v->set[RP_VALIDATE_OPEN - 1] = done;
    return RP_OK;
}

static rp_status take_score(rp_validate *v, int64_t n, const void *bytes)
{
    rp_validate_score score;
    RP_NEED(n == (int64_t)sizeof score, RP_EPEER, "a score of %" PRId64 " bytes", n);
    memcpy(&score, bytes, sizeof score);
    for (int i = 0; i < RP_VALIDATE_OPEN; i++) {
        open_set *s = &v->set[i];
        if (s->iteration != score.iteration || score.number < 0 || score.number >= v->cases ||
            s->there[score.number])
            continue;
        s->there[score.number] = true;
        memcpy(s->dice[score.number], score.dice, sizeof score.dice);
        s->scored++;
    }
    return RP_OK; /* a score of a set that was given up is nothing */
}

rp_status rp_validate_step(rp_validate *v, rp_progress_state *state, bool *progress)
{
    int from;
    int64_t number, n;
    const void *bytes;
    while (rp_post_peek(v->run->post, &from, &number, &n, &bytes)) {
        if (number >= 0 || number == RP_LETTER_END) break; /* for the evaluate stage of this rank */
        *progress = true;
        if (number == RP_LETTER_ENDED)
            v->ended++;
        else
            RP_TRY(take_score(v, n, bytes));
        RP_TRY(rp_post_release(v->run->post));
        RP_TRY(rp_post_step(v->run->post, progress));
    }
    while (v->cases > 0 && v->set[0].iteration >= 0 && v->set[0].scored == v->cases &&
           !v->is_abandoned) {
        *progress = true;
        RP_TRY(finish_oldest(v, state));
    }
    if (v->is_ending && !v->end_posted && (v->is_abandoned || v->set[0].iteration < 0)) {
        v->end_posted = *progress = true;
        for (int r = 0; r < v->ranks; r++)
            RP_TRY(rp_post_send(v->run->post, v->run->set->layout->rank[RP_ROLE_EVALUATE][r],
                                RP_LETTER_END, 0, NULL));
    }
    return RP_OK;
}

rp_status rp_validate_end(rp_validate *v, bool abandon)
{
    v->is_ending = true;
    v->is_abandoned = abandon;
    return RP_OK;
}

bool rp_validate_is_done(const rp_validate *v)
{
    return v->end_posted && v->ended == v->ranks && rp_post_is_idle(v->run->post);
}

rp_status rp_validate_publish(const rp_validate *v)
{
    RP_AUTOFREE char *path = NULL;
    RP_TRY(rp_path_join(v->run->set->folder, "validation.done", &path));
    return rp_atomic_write(path, 5, "done\n");
}

int rp_validate_open(const rp_validate *v, int64_t iteration[RP_VALIDATE_OPEN],
                     const float *weights[RP_VALIDATE_OPEN])
{
    int n = 0;
    for (; n < RP_VALIDATE_OPEN && v->set[n].iteration >= 0; n++) {
        iteration[n] = v->set[n].iteration;
        weights[n] = v->set[n].weights;
    }
    return n;
}
