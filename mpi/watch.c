/* mpi/watch.c - heartbeats and alarms.
 *
 * 1. A rank has one heartbeat under way at most: the next leaves when it is answered and a beat is
 *    over, so that an answer always means the last one.
 * 2. All waiting is measured on this rank's own clock, and the clock stands still over a gap
 *    between two steps that is longer than a beat: then it was this rank that did not run.
 * 3. A grace travels with a heartbeat or an answer and is patience added to what is left.
 */
#include "mpi/watch.h"

#include "lib/base/clock.h"
#include "mpi/comm_priv.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { DESCRIBE_MOST = 1000 };

/* From a rank to rank 0. */
typedef struct beat {
    int64_t progress;
    double grace;
    int32_t open, zero;
    char text[DESCRIBE_MOST];
} beat;

/* From rank 0. */
typedef struct reply {
    double grace;
    int64_t answers; /* 1: this is an answer; 0: an announcement */
} reply;

/* What rank 0 knows of a rank. */
typedef struct patient {
    beat incoming, known;
    reply reply;
    MPI_Request receive, send;
    double heard, grace;
    bool owes_answer; /* to be sent when the last reply has left */
    double announce;  /* grace to be told; < 0: none */
} patient;

struct rp_watch {
    rp_comm *comm;
    rp_watch_settings set;
    double now, clock; /* rule 2; last reading of the real clock */
    rp_text report;
    int64_t own_progress;
    bool own_open;
    /* Rank 0. */
    patient *patient;   /* [size], 0 unused */
    double moved;       /* when progress was last seen anywhere */
    double stuck_grace; /* patience on top, until things move */
    /* The others. */
    beat beat;
    reply incoming;
    MPI_Request send, receive;
    double sent, grace; /* of the last heartbeat; patience with rank 0 */
    double announce;    /* own grace to be told; < 0: none */
    bool is_waiting;    /* for an answer */
};

static rp_status check(const rp_watch_settings *s)
{
    const double t[] = {s->beat, s->silent, s->stuck, s->unanswered};
    for (int i = 0; i < 4; i++)
        RP_NEED(isfinite(t[i]) && t[i] > 0, RP_EARG, "the watchdog's times are %g, %g, %g, %g s",
                t[0], t[1], t[2], t[3]);
    return RP_OK;
}

static rp_status listen_to(rp_watch *w, int rank)
{
    patient *p = &w->patient[rank];
    RP_MPI(MPI_Irecv(&p->incoming, (int)sizeof p->incoming, MPI_BYTE, rank, RP_TAG_BEAT,
                     w->comm->comm, &p->receive));
    return RP_OK;
}

static rp_status listen_to_root(rp_watch *w)
{
    RP_MPI(MPI_Irecv(&w->incoming, (int)sizeof w->incoming, MPI_BYTE, 0, RP_TAG_ANSWER,
                     w->comm->comm, &w->receive));
    return RP_OK;
}

static rp_status start(rp_watch *w)
{
    w->clock = rp_clock_now();
    w->send = w->receive = MPI_REQUEST_NULL;
    w->sent = -w->set.beat; /* the first heartbeat is due */
    w->announce = -1;
    if (w->comm->rank > 0) return listen_to_root(w);
    RP_TRY(rp_alloc(w->comm->size, sizeof(patient), &w->patient));
    for (int r = 0; r < w->comm->size; r++) {
        w->patient[r].receive = w->patient[r].send = MPI_REQUEST_NULL;
        w->patient[r].announce = -1;
    }
    for (int r = 1; r < w->comm->size; r++) RP_TRY(listen_to(w, r));
    return RP_OK;
}

rp_status rp_watch_new(const rp_comm *comm, const rp_watch_settings *settings, rp_watch **out)
{
    rp_watch *w = NULL;
    RP_TRY(rp_comm_agree(comm, check(settings)));
    rp_status st = rp_comm_agree(comm, rp_alloc(1, sizeof *w, &w));
    if (st == RP_OK) {
        w->set = *settings;
        st = rp_comm_copy(comm, &w->comm);
    }
    if (st == RP_OK) st = rp_comm_agree(w->comm, start(w));
    if (st != RP_OK)
        rp_watch_drop(&w);
    else
        *out = w;
    return st;
}

/* Rule 2. */
static void tick(rp_watch *w)
{
    const double clock = rp_clock_now(), gap = clock - w->clock;
    w->now += gap < w->set.beat ? gap : w->set.beat;
    w->clock = clock;
}

static void describe(const rp_watch *w, char text[DESCRIBE_MOST])
{
    RP_TEXT_AUTO t = {0};
    if (w->set.describe) w->set.describe(w->set.arg, &t);
    memset(text, 0, DESCRIBE_MOST); /* it travels whole */
    (void)snprintf(text, DESCRIBE_MOST, "%s", rp_text_get(&t));
}

const char *rp_watch_report(const rp_watch *w) { return rp_text_get(&w->report); }

/* --- Rank 0. */

static void moved(rp_watch *w)
{
    w->moved = w->now;
    w->stuck_grace = 0; /* what was granted is used up once things move again */
}

static void hear(rp_watch *w, patient *p)
{
    if (p->incoming.progress != p->known.progress) moved(w);
    p->known = p->incoming;
    p->known.text[DESCRIBE_MOST - 1] = 0;
    p->heard = w->now;
    p->grace = p->known.grace;
    p->owes_answer = true;
    w->stuck_grace = fmax(w->stuck_grace, p->grace);
}

/* An answer and an announcement that are both due travel as one. */
static rp_status send_reply(rp_watch *w, int rank)
{
    patient *p = &w->patient[rank];
    bool gone = false;
    RP_TRY(rp_mpi_done(1, &p->send, &gone));
    if (!gone || (!p->owes_answer && p->announce < 0)) return RP_OK;
    p->reply = (reply){fmax(p->announce, 0), p->owes_answer};
    p->owes_answer = false;
    p->announce = -1;
    RP_MPI(MPI_Isend(&p->reply, (int)sizeof p->reply, MPI_BYTE, rank, RP_TAG_ANSWER, w->comm->comm,
                     &p->send));
    return RP_OK;
}

static rp_status step_patient(rp_watch *w, int rank)
{
    patient *p = &w->patient[rank];
    bool here = false;
    RP_TRY(rp_mpi_done(1, &p->receive, &here));
    if (here) {
        hear(w, p);
        RP_TRY(listen_to(w, rank));
    }
    return send_reply(w, rank);
}

/* A line a rank. */
static void report_all(rp_watch *w)
{
    char text[DESCRIBE_MOST];
    describe(w, text);
    rp_text_add(&w->report, "\nrank 0: progress %" PRId64 ", %s: %s", w->own_progress,
                w->own_open ? "work is open" : "no work is open", text);
    for (int r = 1; r < w->comm->size; r++) {
        const patient *p = &w->patient[r];
        rp_text_add(&w->report, "\nrank %d: heard %.1f s ago, progress %" PRId64 ", %s: %s", r,
                    w->now - p->heard, p->known.progress,
                    p->known.open ? "work is open" : "no work is open", p->known.text);
    }
}

static rp_status raise_alarm(rp_watch *w)
{
    if (w->comm->rank == 0) report_all(w);
    const char *text = rp_text_get(&w->report);
    RP_FAIL(RP_EHANG, "%.*s", (int)strcspn(text, "\n"), text);
}

static rp_status look(rp_watch *w)
{
    bool open = w->own_open;
    for (int r = 1; r < w->comm->size; r++) {
        const patient *p = &w->patient[r];
        open = open || p->known.open;
        if (w->now - p->heard <= w->set.silent + p->grace) continue;
        rp_text_add(&w->report, "rank %d is silent for %.1f s", r, w->now - p->heard);
        return raise_alarm(w);
    }
    if (!open) w->moved = w->now;
    if (w->now - w->moved <= w->set.stuck + w->stuck_grace) return RP_OK;
    rp_text_add(&w->report, "no progress on any rank for %.1f s while work is open",
                w->now - w->moved);
    return raise_alarm(w);
}

static rp_status step_root(rp_watch *w)
{
    for (int r = 1; r < w->comm->size; r++) RP_TRY(step_patient(w, r));
    return look(w);
}

/* --- The others. */

static rp_status send_beat(rp_watch *w)
{
    w->beat.progress = w->own_progress;
    w->beat.open = w->own_open;
    w->beat.grace = fmax(w->announce, 0);
    w->announce = -1;
    describe(w, w->beat.text);
    RP_MPI(MPI_Isend(&w->beat, (int)sizeof w->beat, MPI_BYTE, 0, RP_TAG_BEAT, w->comm->comm,
                     &w->send));
    w->sent = w->now;
    w->is_waiting = true;
    return RP_OK;
}

static rp_status take_reply(rp_watch *w)
{
    bool here = false;
    RP_TRY(rp_mpi_done(1, &w->receive, &here));
    if (!here) return RP_OK;
    w->grace = w->incoming.grace;
    if (w->incoming.answers) w->is_waiting = false;
    return listen_to_root(w);
}

static rp_status step_rank(rp_watch *w)
{
    bool gone = false;
    RP_TRY(take_reply(w));
    RP_TRY(rp_mpi_done(1, &w->send, &gone));
    const bool is_due = !w->is_waiting && w->now - w->sent >= w->set.beat;
    if (gone && (is_due || w->announce >= 0)) return send_beat(w);
    if (!w->is_waiting || w->now - w->sent <= w->set.unanswered + w->grace) return RP_OK;
    char text[DESCRIBE_MOST];
    describe(w, text);
    rp_text_add(&w->report, "rank 0 does not answer rank %d for %.1f s\nrank %d: %s", w->comm->rank,
                w->now - w->sent, w->comm->rank, text);
    return raise_alarm(w);
}

rp_status rp_watch_step(rp_watch *w, int64_t progress, bool open)
{
    tick(w);
    rp_text_clear(&w->report);
    if (progress != w->own_progress) moved(w);
    w->own_progress = progress;
    w->own_open = open;
    return w->comm->rank == 0 ? step_root(w) : step_rank(w);
}

rp_status rp_watch_grace(rp_watch *w, double seconds)
{
    RP_NEED(isfinite(seconds) && seconds >= 0, RP_EARG, "a grace of %g s", seconds);
    tick(w);
    w->announce = seconds;
    if (w->comm->rank > 0) return step_rank(w);
    w->stuck_grace = fmax(w->stuck_grace, seconds);
    for (int r = 1; r < w->comm->size; r++) {
        w->patient[r].announce = seconds;
        RP_TRY(send_reply(w, r));
    }
    return RP_OK;
}

/* No heartbeat is under way any more: the others wait for their answers, then for all; rank 0 goes
 * on answering until all have done so. */
static rp_status fall_silent(rp_watch *w)
{
    MPI_Request all = MPI_REQUEST_NULL;
    rp_backoff wait = {0};
    bool done = false;
    for (; w->is_waiting; rp_backoff_wait(&wait)) RP_TRY(take_reply(w));
    RP_MPI(MPI_Ibarrier(w->comm->comm, &all));
    for (; !done; rp_backoff_wait(&wait)) {
        for (int r = 1; w->patient && r < w->comm->size; r++) RP_TRY(step_patient(w, r));
        RP_TRY(rp_mpi_done(1, &all, &done));
    }
    return RP_OK;
}

static void cancel_all(rp_watch *w)
{
    for (int r = 1; w->patient && r < w->comm->size; r++) {
        rp_mpi_cancel(&w->patient[r].receive);
        rp_mpi_cancel(&w->patient[r].send);
    }
    if (w->comm->rank == 0) return;
    rp_mpi_cancel(&w->send);
    rp_mpi_cancel(&w->receive);
}

void rp_watch_drop(rp_watch **watch)
{
    rp_watch *w = *watch;
    if (!w) return;
    if (w->comm) {
        (void)!fall_silent(w); /* a broken world shows at the next call */
        cancel_all(w);
    }
    rp_comm_drop(&w->comm);
    rp_text_clear(&w->report);
    rp_free(w->patient);
    rp_free(w);
    *watch = NULL;
}
