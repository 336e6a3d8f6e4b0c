/* stages/validate.h - validation beside training: who sends what to whom.
 *
 * Train rank 0 posts the weights of an iteration to the evaluate ranks; each predicts the validate
 * cases number e, e + E, ... and posts a Dice a label back.  Train rank 0 puts the scores together,
 * in order of iterations whatever the order of arrival, writes validation.csv and keeps the best
 * weights.
 *
 * 1. At most two weight sets are open; then train rank 0 begins no iteration until one is scored.
 * 2. A checkpoint holds the open sets: a resume posts them again first, and validation.csv is cut
 * to what the checkpoint counts as scored. */
#pragma once
#include "stages/resume.h"

enum { RP_VALIDATE_OPEN = 2 };
/* Numbers of letters: to evaluate ranks an iteration >= 0 with the weights, or the end; back a
 * score, or that the rank has ended. */
enum { RP_LETTER_END = -1, RP_LETTER_ENDED = -2, RP_LETTER_SCORE = -3 };

/* A score as it travels: iteration, validate case, then a Dice a label (negative: undefined). */
typedef struct rp_validate_score {
    int64_t iteration, number;
    double dice[RP_INPUTS_MAX];
} rp_validate_score;

/* Train rank 0's side. */
typedef struct rp_validate rp_validate;
RP_MUST rp_status rp_validate_new(rp_run *run, const rp_progress_state *state, rp_validate **out);
void rp_validate_drop(rp_validate **v);
/* Takes the weights of an iteration and posts them. */
RP_MUST rp_status rp_validate_begin(rp_validate *v, int64_t iteration, const float weights[]);
bool rp_validate_is_full(const rp_validate *v);
/* Takes letters; state: scored and best move on. */
RP_MUST rp_status rp_validate_step(rp_validate *v, rp_progress_state *state, bool *progress);
/* No more weights; abandon: open sets stay for the next start. */
RP_MUST rp_status rp_validate_end(rp_validate *v, bool abandon);
/* True once all is scored (or given up) and every evaluate rank has ended. */
bool rp_validate_is_done(const rp_validate *v);
/* Says in validation.done that every set was scored: a resume has nothing left to score. */
RP_MUST rp_status rp_validate_publish(const rp_validate *v);
/* The open sets, oldest first: returns their number. */
int rp_validate_open(const rp_validate *v, int64_t iteration[RP_VALIDATE_OPEN],
                     const float *weights[RP_VALIDATE_OPEN]);
