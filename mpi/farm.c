/* mpi/farm.c - tasks over ranks: who gets which, and the words between rank 0 and the others.
 *
 * 1. A rank asks for one task at a time and never while its places are full; rank 0 answers when it
 *    has one, or when there will be none again.
 * 2. A rank's last word is a bye, after its last task; rank 0 leaves when all have said it.  So
 *    every message is received, whatever failed.
 * 3. A failure of the machine is kept until then and shown to all by one verdict.
 */
#include "mpi/farm_priv.h"

#include "lib/base/checksum.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/* --- The farm on one rank. */

/* Rank 0's side of a rank that asks. */
typedef struct peer {
    report report;
    work_order order;
    MPI_Request receive, send;
    bool is_free, said_bye;
} peer;

/* Said in one turn at most: stop, end of a task, ask, failed start, bye.  A turn waits for so many
 * free letters. */
enum { LETTERS_A_TURN = 5 };

/* A report on its way to rank 0. */
typedef struct letter {
    report report;
    MPI_Request send;
} letter;

typedef struct farm {
    const rp_farm_settings *set;
    rp_comm *comm;
    runner *runner;
    rp_error failure; /* the first failure of the machine here */
    bool told_stop;
    hand_out hand;  /* rank 0 */
    peer *peer;     /* rank 0: [size] */
    letter *letter; /* others: [letters] */
    int letters;
    work_order order;
    MPI_Request ask; /* receive of the answer */
    bool has_asked, is_over, said_bye;
} farm;

/* Rank 0 hears its own reports without a message. */
static void hear(farm *f, const report *r)
{
    hand_out *h = &f->hand;
    switch ((report_kind)r->kind) {
    case REPORT_ENDED: rp_hand_out_ended(h, f->set, r->task); break;
    case REPORT_FAILED:
        h->in_flight--;
        h->is_stopping = true;
        break;
    case REPORT_STOP: h->is_stopping = h->is_stopped = true; break;
    case REPORT_FREE:
    case REPORT_BYE: break;
    }
}

static letter *free_letter(farm *f, int *count)
{
    letter *found = NULL;
    *count = 0;
    for (int i = 0; i < f->letters; i++) {
        bool gone = false;
        if (rp_mpi_done(1, &f->letter[i].send, &gone) != RP_OK || !gone) continue;
        found = &f->letter[i];
        ++*count;
    }
    return found;
}

static rp_status tell(farm *f, report_kind kind, int64_t task)
{
    const report r = {kind, task};
    if (f->comm->rank == 0) {
        hear(f, &r);
        return RP_OK;
    }
    int count;
    letter *l = free_letter(f, &count);
    RP_NEED(l, RP_EBUG, "farm: no letter is free for report %d", (int)kind);
    l->report = r;
    RP_MPI(MPI_Isend(&l->report, (int)sizeof r, MPI_BYTE, 0, RP_TAG_ASK, f->comm->comm, &l->send));
    return RP_OK;
}

static rp_status fail(farm *f, rp_status st, int64_t task)
{
    if (f->failure.status == RP_OK) rp_error_take(st, &f->failure);
    return tell(f, REPORT_FAILED, task);
}

static rp_status start_task(farm *f, const work_order *order)
{
    const rp_status st = rp_runner_start(f->runner, order);
    return st == RP_OK ? RP_OK : fail(f, st, order->task);
}

static rp_status step_mine(farm *f, bool *progress)
{
    if (!f->told_stop && f->set->stop && f->set->stop(f->set->stop_arg)) {
        f->told_stop = *progress = true;
        RP_TRY(tell(f, REPORT_STOP, -1));
    }
    int64_t task;
    const rp_status st = rp_runner_poll(f->runner, &task);
    if (task < 0) return RP_OK;
    *progress = true;
    return st == RP_OK ? tell(f, REPORT_ENDED, task) : fail(f, st, task);
}

/* --- Rank 0. */

static rp_status listen(farm *f, int rank)
{
    peer *p = &f->peer[rank];
    RP_MPI(MPI_Irecv(&p->report, (int)sizeof p->report, MPI_BYTE, rank, RP_TAG_ASK, f->comm->comm,
                     &p->receive));
    return RP_OK;
}

static rp_status answer(farm *f, int rank, const work_order *order)
{
    peer *p = &f->peer[rank];
    bool gone = false;
    RP_TRY(rp_mpi_done(1, &p->send, &gone));
    RP_NEED(gone, RP_EBUG, "farm: rank %d asks before it was answered", rank);
    p->order = *order;
    p->is_free = false;
    RP_MPI(MPI_Isend(&p->order, (int)sizeof p->order, MPI_BYTE, rank, RP_TAG_ORDER, f->comm->comm,
                     &p->send));
    return RP_OK;
}

static rp_status step_peer(farm *f, int rank, bool *progress)
{
    peer *p = &f->peer[rank];
    while (!p->said_bye) {
        bool here = false;
        RP_TRY(rp_mpi_done(1, &p->receive, &here));
        if (!here) break;
        *progress = true;
        hear(f, &p->report);
        p->is_free = p->is_free || p->report.kind == REPORT_FREE;
        p->said_bye = p->report.kind == REPORT_BYE;
        if (!p->said_bye) RP_TRY(listen(f, rank));
    }
    if (!p->is_free) return RP_OK;
    work_order order = {-1, 0};
    if (!rp_hand_out_next(&f->hand, &order) && !rp_hand_out_is_over(&f->hand)) return RP_OK;
    *progress = true;
    return answer(f, rank, &order);
}

static rp_status step_root(farm *f, bool *progress, bool *done)
{
    work_order order;
    bool all_gone = true;
    RP_TRY(step_mine(f, progress));
    for (int r = 1; r < f->comm->size; r++) RP_TRY(step_peer(f, r, progress));
    if (rp_runner_is_free(f->runner) && rp_hand_out_next(&f->hand, &order)) {
        *progress = true;
        RP_TRY(start_task(f, &order));
    }
    for (int r = 1; r < f->comm->size; r++) {
        bool gone = false;
        RP_TRY(rp_mpi_done(1, &f->peer[r].send, &gone));
        all_gone = all_gone && gone && f->peer[r].said_bye;
    }
    *done = all_gone && rp_hand_out_is_over(&f->hand) && rp_runner_is_idle(f->runner);
    return RP_OK;
}

/* --- The others. */

static rp_status step_ask(farm *f, bool *progress)
{
    if (!f->has_asked && !f->is_over && rp_runner_is_free(f->runner)) {
        RP_MPI(MPI_Irecv(&f->order, (int)sizeof f->order, MPI_BYTE, 0, RP_TAG_ORDER, f->comm->comm,
                         &f->ask));
        RP_TRY(tell(f, REPORT_FREE, -1));
        f->has_asked = *progress = true;
    }
    bool here = false;
    if (f->has_asked) RP_TRY(rp_mpi_done(1, &f->ask, &here));
    if (!here) return RP_OK;
    *progress = true;
    f->has_asked = false;
    f->is_over = f->order.task < 0;
    return f->is_over ? RP_OK : start_task(f, &f->order);
}

static rp_status step_worker(farm *f, bool *progress, bool *done)
{
    int letters;
    (void)free_letter(f, &letters);
    if (!f->said_bye && letters >= LETTERS_A_TURN) {
        RP_TRY(step_mine(f, progress));
        RP_TRY(step_ask(f, progress));
        if (f->is_over && rp_runner_is_idle(f->runner)) {
            RP_TRY(tell(f, REPORT_BYE, -1));
            f->said_bye = true;
        }
    }
    bool all = true;
    for (int i = 0; i < f->letters; i++) {
        bool gone = false;
        RP_TRY(rp_mpi_done(1, &f->letter[i].send, &gone));
        all = all && gone;
    }
    *done = f->said_bye && all;
    return RP_OK;
}

static rp_status drive(farm *f)
{
    rp_backoff wait = {0};
    for (bool done = false; !done;) {
        bool progress = false;
        if (f->comm->rank == 0)
            RP_TRY(step_root(f, &progress, &done));
        else
            RP_TRY(step_worker(f, &progress, &done));
        if (!done) rp_mpi_turn(&wait, progress);
    }
    return RP_OK;
}

/* --- Start and end. */

static rp_status check(const rp_farm_settings *s)
{
    RP_NEED(s->tasks >= 0 && s->run && s->concurrency >= 1, RP_EARG,
            "a farm of %" PRId64 " tasks, %d at once", s->tasks, s->concurrency);
    for (int64_t t = 0; t < s->tasks; t++)
        RP_NEED(isfinite(s->cost[t]) && s->cost[t] >= 0, RP_EARG, "cost of task %" PRId64 " is %g",
                t, s->cost[t]);
    return RP_OK;
}

static rp_status check_same(const rp_farm_settings *s)
{
    char text[100];
    const uint64_t sum = rp_checksum((size_t)s->tasks * sizeof(double), s->cost);
    (void)snprintf(text, sizeof text, "%" PRId64 " tasks, costs %016" PRIx64 ", results to %s",
                   s->tasks, sum, s->results_everywhere ? "all" : "rank 0");
    return rp_comm_same(s->comm, "the farm", text);
}

/* Journals what the replay gave up and no record says yet. */
static rp_status journal_skips(const rp_farm_settings *s, const rp_farm_results *known)
{
    RP_AUTOFREE bool *said = NULL;
    RP_TRY(rp_alloc(s->tasks, sizeof *said, &said));
    for (int64_t i = 0; i < s->records; i++)
        if (s->record[i].kind == RP_FARM_SKIP) said[s->record[i].task] = true;
    for (int64_t t = 0; t < s->tasks; t++) {
        const rp_farm_result *r = &known->result[t];
        if (r->state == RP_FARM_IS_SKIPPED && !said[t] && s->append)
            RP_TRY(s->append(s->append_arg, RP_FARM_SKIP, t, r->n, r->bytes));
    }
    return RP_OK;
}

static rp_status start_root(farm *f, rp_farm_results **known)
{
    const rp_farm_settings *s = f->set;
    RP_TRY(rp_farm_replay(s->tasks, s->records, s->record, known));
    RP_TRY(journal_skips(s, *known));
    RP_TRY(rp_hand_out_new(s, *known, &f->hand));
    RP_TRY(rp_alloc(f->comm->size, sizeof(peer), &f->peer));
    for (int r = 0; r < f->comm->size; r++) f->peer[r].receive = f->peer[r].send = MPI_REQUEST_NULL;
    for (int r = 1; r < f->comm->size; r++) RP_TRY(listen(f, r));
    return RP_OK;
}

static rp_status start_farm(farm *f, rp_pool *pool, rp_farm_results **known)
{
    const rp_farm_settings *s = f->set;
    RP_TRY(rp_runner_new(s, pool, &f->runner));
    if (s->append) RP_TRY(s->append(s->append_arg, RP_FARM_BEGIN, -1, 0, ""));
    if (f->comm->rank == 0) return start_root(f, known);
    f->letters = 2 * LETTERS_A_TURN;
    RP_TRY(rp_alloc(f->letters, sizeof(letter), &f->letter));
    for (int i = 0; i < f->letters; i++) f->letter[i].send = MPI_REQUEST_NULL;
    return RP_OK;
}

static void clear_farm(farm *f)
{
    rp_runner_drop(&f->runner);
    for (int i = 0; f->letter && i < f->letters; i++) rp_mpi_cancel(&f->letter[i].send);
    for (int r = 0; f->peer && r < f->comm->size; r++) {
        rp_mpi_cancel(&f->peer[r].receive);
        rp_mpi_cancel(&f->peer[r].send);
    }
    rp_mpi_cancel(&f->ask);
    rp_hand_out_clear(&f->hand);
    rp_free(f->peer);
    rp_free(f->letter);
}

/* RP_ESTOP on all ranks if somebody asked for it and tasks are left. */
static rp_status check_stop(const farm *f)
{
    int64_t x[3] = {f->hand.is_stopped, f->hand.done, f->hand.tasks};
    RP_TRY(rp_comm_max_i64(f->comm, 3, x));
    RP_NEED(!x[0] || x[1] == x[2], RP_ESTOP,
            "stopped with %" PRId64 " of %" PRId64 " tasks done; start again to go on", x[1], x[2]);
    return RP_OK;
}

static rp_status read_blocks(const rp_blocks *blocks, rp_farm_results *into)
{
    for (int r = 0; r < blocks->count; r++)
        RP_TRY(rp_results_read(blocks->first[r + 1] - blocks->first[r],
                               blocks->bytes + blocks->first[r], into));
    return RP_OK;
}

static rp_status spread(const farm *f, rp_farm_results **results)
{
    const int64_t tasks = f->set->tasks;
    RP_TEXT_AUTO all = {0};
    if (f->comm->size == 1) return RP_OK;
    for (int64_t t = 0; *results && t < tasks; t++) rp_results_add(&all, t, &(*results)->result[t]);
    RP_TRY(rp_comm_share(f->comm, 0, &all));
    rp_status st = RP_OK;
    if (!*results) {
        st = rp_results_new(tasks, results);
        if (st == RP_OK) st = rp_results_read(all.length, rp_text_get(&all), *results);
    }
    return rp_comm_agree(f->comm, st);
}

static rp_status gather(const farm *f, rp_farm_results *known)
{
    RP_BLOCKS_AUTO blocks = {0};
    const rp_text *mine = rp_runner_results(f->runner);
    RP_TRY(rp_comm_gather(f->comm, 0, mine->length, mine->at, &blocks));
    return rp_comm_agree(f->comm, f->comm->rank == 0 ? read_blocks(&blocks, known) : RP_OK);
}

/* known: rank 0's, filled up; elsewhere NULL at first. */
static rp_status collect(const farm *f, rp_farm_results **known)
{
    RP_TRY(gather(f, *known));
    if (f->set->results_everywhere) return spread(f, known);
    return rp_comm_agree(f->comm, *known ? RP_OK : rp_results_new(0, known));
}

rp_status rp_farm_run(const rp_farm_settings *s, rp_pool *pool, rp_farm_results **out)
{
    RP_AUTO(rp_farm_results) known = NULL;
    farm f = {.set = s, .ask = MPI_REQUEST_NULL};
    RP_TRY(rp_comm_agree(s->comm, check(s)));
    RP_TRY(check_same(s));
    RP_TRY(rp_comm_copy(s->comm, &f.comm));
    rp_status st = rp_comm_agree(f.comm, start_farm(&f, pool, &known));
    if (st == RP_OK) {
        const rp_status broken = drive(&f);
        /* MPI itself failed: no verdict can be had, and the group cannot be dropped together. */
        if (broken != RP_OK) return broken;
        st = f.failure.status == RP_OK ? RP_OK : rp_error_put(&f.failure);
        st = rp_comm_agree(f.comm, st);
    }
    if (st == RP_OK) st = check_stop(&f);
    if (st == RP_OK) st = collect(&f, &known);
    clear_farm(&f);
    rp_comm_drop(&f.comm);
    if (st == RP_OK) *out = RP_TAKE(known);
    return st;
}
