/* mpi/farm_runner.c - one rank's tasks: journalled, run on workers, their results kept. */
#include "mpi/farm_priv.h"

#include <inttypes.h>
#include <string.h>

typedef struct place {
    const rp_farm_settings *set;
    int64_t task; /* -1: free */
    rp_task *handle;
    rp_text result;
} place;

struct runner {
    const rp_farm_settings *set;
    rp_pool *pool;
    place *place; /* [concurrency] */
    rp_text results;
};

rp_status rp_runner_new(const rp_farm_settings *s, rp_pool *pool, runner **out)
{
    RP_NEED(s->concurrency >= 1 && s->run && pool, RP_EARG, "a farm of %d tasks at once",
            s->concurrency);
    runner *r = NULL;
    RP_TRY(rp_alloc(1, sizeof *r, &r));
    r->set = s;
    r->pool = pool;
    const rp_status st = rp_alloc(s->concurrency, sizeof(place), &r->place);
    if (st != RP_OK) {
        rp_free(r);
        return st;
    }
    for (int i = 0; i < s->concurrency; i++) r->place[i] = (place){.set = s, .task = -1};
    *out = r;
    return RP_OK;
}

void rp_runner_drop(runner **runner_at)
{
    runner *r = *runner_at;
    if (!r) return;
    for (int i = 0; i < r->set->concurrency; i++) {
        /* Only after a broken world: what still runs reads the caller's data. */
        if (r->place[i].handle) (void)!rp_task_wait(&r->place[i].handle);
        rp_text_clear(&r->place[i].result);
    }
    rp_text_clear(&r->results);
    rp_free(r->place);
    rp_free(r);
    *runner_at = NULL;
}

bool rp_runner_is_free(const runner *r)
{
    for (int i = 0; i < r->set->concurrency; i++)
        if (r->place[i].task < 0) return true;
    return false;
}

bool rp_runner_is_idle(const runner *r)
{
    for (int i = 0; i < r->set->concurrency; i++)
        if (r->place[i].task >= 0) return false;
    return true;
}

static rp_status journal(const runner *r, rp_farm_kind kind, int64_t task, int64_t n,
                         const char *bytes)
{
    return r->set->append ? r->set->append(r->set->append_arg, kind, task, n, bytes) : RP_OK;
}

static rp_status run_task(void *arg)
{
    place *p = arg;
    RP_TRY(p->set->run(p->set->arg, p->task, &p->result));
    return rp_text_status(&p->result);
}

rp_status rp_runner_start(runner *r, const work_order *order)
{
    place *p = r->place;
    while (p->task >= 0) p++;
    RP_TRY(journal(r, order->alone ? RP_FARM_ALONE : RP_FARM_START, order->task, 0, ""));
    rp_text_clear(&p->result);
    p->task = order->task;
    const rp_status st = rp_pool_submit(r->pool, run_task, p, &p->handle);
    if (st == RP_OK) return RP_OK;
    p->task = -1;
    (void)!journal(r, RP_FARM_LEFT, order->task, 0, ""); /* it has not begun: the failure stays */
    return st;
}

static rp_status keep_reason(runner *r, int64_t task, rp_status st)
{
    const char *message = rp_error_message();
    static const char *const name[RP_STATUS_COUNT] = {
        [RP_EDATA] = "EDATA", [RP_EUNSUP] = "EUNSUP", [RP_ENUM] = "ENUM", [RP_ENONE] = "ENONE"};
    RP_TEXT_AUTO t = {0};
    rp_text_add(&t, "%s %s", name[st], message);
    RP_TRY(rp_text_status(&t));
    const int64_t skip = (int64_t)strlen(name[st]) + 1;
    char *bytes = t.at + skip;
    rp_results_add(
        &r->results, task,
        &(rp_farm_result){
            .state = RP_FARM_IS_FAILED, .status = st, .n = t.length - skip, .bytes = bytes});
    return journal(r, RP_FARM_REASON, task, t.length, t.at);
}

static rp_status keep_result(runner *r, int64_t task, const rp_text *t)
{
    const rp_farm_result result = {.state = RP_FARM_IS_DONE, .n = t->length, .bytes = t->at};
    rp_results_add(&r->results, task, &result);
    return journal(r, RP_FARM_RESULT, task, t->length, rp_text_get(t));
}

/* The task's own failure counts, also if the journal fails then. */
static rp_status leave(const runner *r, int64_t task, rp_status st)
{
    rp_error error;
    rp_error_take(st, &error);
    (void)!journal(r, RP_FARM_LEFT, task, 0, "");
    return rp_error_put(&error);
}

rp_status rp_runner_poll(runner *r, int64_t *task)
{
    *task = -1;
    for (int i = 0; i < r->set->concurrency; i++) {
        place *p = &r->place[i];
        rp_status st;
        if (p->task < 0 || !rp_task_done(&p->handle, &st)) continue;
        *task = p->task;
        p->task = -1;
        if (st == RP_OK)
            st = keep_result(r, *task, &p->result);
        else if (rp_farm_is_reason(st))
            st = keep_reason(r, *task, st);
        else
            st = leave(r, *task, st);
        if (st == RP_OK) st = rp_text_status(&r->results);
        return st;
    }
    return RP_OK;
}

const rp_text *rp_runner_results(const runner *r) { return &r->results; }

/* The head of a result on its way; the ranks of a job share one byte order. */
typedef struct result_head {
    int64_t task, n;
    int32_t state, status, alone, zero;
} result_head;

void rp_results_add(rp_text *to, int64_t task, const rp_farm_result *result)
{
    const result_head head = {
        task, result->n, (int32_t)result->state, (int32_t)result->status, result->alone, 0};
    rp_text_add_bytes(to, sizeof head, &head);
    rp_text_add_bytes(to, result->n, result->bytes);
}

rp_status rp_results_read(int64_t n, const char *bytes, rp_farm_results *into)
{
    for (int64_t at = 0; at < n;) {
        result_head h;
        RP_NEED(n - at >= (int64_t)sizeof h, RP_EBUG, "farm: results are cut");
        memcpy(&h, bytes + at, sizeof h);
        at += (int64_t)sizeof h;
        RP_NEED(h.task >= 0 && h.task < into->tasks && h.n >= 0 && h.n <= n - at, RP_EBUG,
                "farm: a result for task %" PRId64 " of %" PRId64 " bytes", h.task, h.n);
        RP_TRY(rp_results_set(into, h.task, (rp_farm_state)h.state, (rp_status)h.status, h.n,
                              bytes + at));
        into->result[h.task].alone = into->result[h.task].alone || h.alone;
        at += h.n;
    }
    return RP_OK;
}
