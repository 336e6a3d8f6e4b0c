/* mpi/channel_receive.c - the receiving side: slots, credits, the end.
 *
 * 1. Slots head .. tail - 1 hold my next samples in order; a slot is used anew once its last credit
 *    has left.
 * 2. A slot's receives are posted before its credit leaves.
 * 3. After the end no credit leaves for a sample beyond the last one; the slots that have one wait
 *    for their answer, the others are freed.
 */
#include "mpi/channel_priv.h"

#include "lib/base/checksum.h"

#include <inttypes.h>
#include <string.h>

rp_status rp_receive_side_new(rp_channel *c, int senders, const int sender[])
{
    receive_side *in = &c->in;
    in->scan = c->set.first_sample;
    in->shown = -1;
    RP_TRY(rp_alloc(c->set.window, sizeof(slot), &in->slot));
    for (int i = 0; i < c->set.window; i++) {
        slot *s = &in->slot[i];
        s->receive[0] = s->receive[1] = s->send = MPI_REQUEST_NULL;
        RP_TRY(rp_alloc_raw((int64_t)c->set.payload_max, 1, &s->payload));
    }
    RP_TRY(rp_alloc(senders, sizeof(int), &in->sender));
    RP_TRY(rp_alloc(c->comm->size, sizeof(int64_t), &in->received));
    RP_TRY(rp_alloc(senders, sizeof(credit), &in->last_message));
    RP_TRY(rp_alloc(senders, sizeof(credit), &in->close_message));
    RP_TRY(rp_alloc(senders, sizeof(MPI_Request), &in->last_send));
    RP_TRY(rp_alloc(senders, sizeof(MPI_Request), &in->close_send));
    for (int i = 0; i < senders; i++) {
        in->sender[i] = sender[i];
        in->last_send[i] = in->close_send[i] = MPI_REQUEST_NULL;
    }
    in->senders = senders;
    return RP_OK;
}

void rp_receive_side_drop(rp_channel *c)
{
    receive_side *in = &c->in;
    for (int i = 0; in->slot && i < c->set.window; i++) {
        slot *s = &in->slot[i];
        if (s->payload) { /* made whole: the requests are real */
            rp_mpi_cancel(&s->receive[0]);
            rp_mpi_cancel(&s->receive[1]);
            rp_mpi_cancel(&s->send);
        }
        rp_free(s->payload);
    }
    for (int i = 0; i < in->senders; i++) {
        rp_mpi_cancel(&in->last_send[i]);
        rp_mpi_cancel(&in->close_send[i]);
    }
    rp_free(in->slot);
    rp_free(in->sender);
    rp_free(in->received);
    rp_free(in->last_message);
    rp_free(in->close_message);
    rp_free(in->last_send);
    rp_free(in->close_send);
}

/* My next sample without a slot; false if there is none up to the last one.  Looks at one period
 * at most: who owns none among these owns none at all. */
static bool next_sample(rp_channel *c, int64_t *sample)
{
    receive_side *in = &c->in;
    for (int64_t k = 0; k < c->set.period && !in->owns_none; k++, in->scan++) {
        if (in->is_ended && in->scan > in->last) return false;
        if (c->set.receiver_of(c->set.arg, in->scan) != c->comm->rank) continue;
        *sample = in->scan;
        return true;
    }
    in->owns_none = true;
    return false;
}

static rp_status post_receives(rp_channel *c, int index, int64_t sample)
{
    slot *s = &c->in.slot[index];
    const int tag = RP_TAG_SLOT + 2 * index;
    s->sample = sample;
    s->sender = c->set.sender_of(c->set.arg, sample);
    RP_NEED(s->sender >= 0 && s->sender < c->comm->size, RP_EBUG,
            "channel %s: sample %" PRId64 " has rank %d for a sender", c->set.name, sample,
            s->sender);
    RP_MPI(MPI_Irecv(&s->header, (int)sizeof s->header, MPI_BYTE, s->sender, tag, c->comm->comm,
                     &s->receive[0]));
    RP_MPI(MPI_Irecv(s->payload, (int)c->set.payload_max, MPI_BYTE, s->sender, tag + 1,
                     c->comm->comm, &s->receive[1]));
    s->state = SLOT_HELD;
    return RP_OK;
}

static rp_status fill_window(rp_channel *c, bool *progress)
{
    receive_side *in = &c->in;
    while (in->tail - in->head < c->set.window) {
        const int index = (int)(in->tail % c->set.window);
        bool gone;
        int64_t sample;
        RP_TRY(rp_mpi_done(1, &in->slot[index].send, &gone));
        if (!gone || !next_sample(c, &sample)) return RP_OK;
        RP_TRY(post_receives(c, index, sample));
        in->scan++;
        in->tail++;
        *progress = true;
    }
    return RP_OK;
}

static rp_status send_credit(rp_channel *c, int index)
{
    slot *s = &c->in.slot[index];
    s->message = (credit){CREDIT_OPEN, s->sample, index, 0};
    RP_MPI(MPI_Isend(&s->message, (int)sizeof s->message, MPI_BYTE, s->sender, RP_TAG_CREDIT,
                     c->comm->comm, &s->send));
    s->state = SLOT_OPEN;
    return RP_OK;
}

static rp_status check_arrival(const rp_channel *c, const slot *s, int64_t bytes)
{
    const rp_sample_header *h = &s->header;
    const bool is_end = h->state == RP_SAMPLE_END;
    RP_NEED(h->sample == s->sample && h->bytes == bytes && h->state >= RP_SAMPLE_VALID &&
                h->state <= RP_SAMPLE_END && (h->state == RP_SAMPLE_VALID || bytes == 0) &&
                (!is_end || (c->in.is_ended && s->sample > c->in.last)),
            RP_EBUG,
            "channel %s: rank %d answers the credit for sample %" PRId64 " by sample %" PRId64
            ", state %d, %" PRId64 " of %" PRId64 " bytes",
            c->set.name, s->sender, s->sample, h->sample, (int)h->state, bytes, h->bytes);
    RP_NEED(rp_checksum((size_t)bytes, s->payload) == h->checksum, RP_EIO,
            "channel %s: sample %" PRId64 " from rank %d arrived damaged (checksum)", c->set.name,
            s->sample, s->sender);
    return RP_OK;
}

static rp_status take_arrival(rp_channel *c, slot *s, bool *progress)
{
    MPI_Status status[2];
    int all = 0, bytes = 0;
    RP_MPI(MPI_Testall(2, s->receive, &all, status));
    if (!all) return RP_OK;
    RP_MPI(MPI_Get_count(&status[1], MPI_BYTE, &bytes));
    RP_TRY(check_arrival(c, s, bytes));
    if (s->header.state != RP_SAMPLE_END) c->in.received[s->sender]++;
    s->state = s->header.state == RP_SAMPLE_END ? SLOT_VAIN : SLOT_HERE;
    *progress = true;
    return RP_OK;
}

/* Rule 3: what is beyond the last sample and needs no answer is in vain.  Its slot is not filled
 * again, so whoever still reads it may go on. */
static void let_go(receive_side *in, slot *s)
{
    if (!in->is_ended || s->sample <= in->last) return;
    if (s->state == SLOT_HELD) {
        rp_mpi_cancel(&s->receive[0]);
        rp_mpi_cancel(&s->receive[1]);
    }
    if (s->state == SLOT_HELD || s->state == SLOT_HERE) s->state = SLOT_VAIN;
}

static rp_status step_slots(rp_channel *c, bool *progress)
{
    receive_side *in = &c->in;
    for (int64_t k = in->head; k < in->tail; k++) {
        const int index = (int)(k % c->set.window);
        slot *s = &in->slot[index];
        let_go(in, s);
        if (s->state == SLOT_HELD && !rp_channel_holds(c, s->sample)) {
            RP_TRY(send_credit(c, index));
            *progress = true;
        }
        if (s->state == SLOT_OPEN) RP_TRY(take_arrival(c, s, progress));
        let_go(in, s);
    }
    while (in->head < in->tail && in->slot[in->head % c->set.window].state == SLOT_VAIN)
        in->slot[in->head++ % c->set.window].state = SLOT_FREE;
    return RP_OK;
}

/* The same kind of message to every sender. */
static rp_status tell_senders(rp_channel *c, credit message[], MPI_Request send[], int kind)
{
    receive_side *in = &c->in;
    for (int i = 0; i < in->senders; i++) {
        message[i] = (credit){kind, in->last, 0, in->received[in->sender[i]]};
        RP_MPI(MPI_Isend(&message[i], (int)sizeof(credit), MPI_BYTE, in->sender[i], RP_TAG_CREDIT,
                         c->comm->comm, &send[i]));
    }
    return RP_OK;
}

/* No slot in use, none to come. */
static bool has_all(rp_channel *c)
{
    int64_t sample;
    return c->in.is_ended && c->in.head == c->in.tail && !next_sample(c, &sample);
}

rp_status rp_receive_side_step(rp_channel *c, bool *progress)
{
    receive_side *in = &c->in;
    if (in->is_closed) return RP_OK;
    if (in->is_ended && !in->last_sent) {
        RP_TRY(tell_senders(c, in->last_message, in->last_send, CREDIT_LAST));
        in->last_sent = *progress = true;
    }
    RP_TRY(fill_window(c, progress));
    RP_TRY(step_slots(c, progress));
    if (has_all(c)) {
        RP_TRY(tell_senders(c, in->close_message, in->close_send, CREDIT_CLOSE));
        in->is_closed = *progress = true;
    }
    return RP_OK;
}

bool rp_receive_side_finished(const rp_channel *c)
{
    const receive_side *in = &c->in;
    int all = 0;
    if (!in->is_closed) return false;
    for (int i = 0; i < c->set.window; i++)
        if (MPI_Test(&in->slot[i].send, &all, MPI_STATUS_IGNORE) != MPI_SUCCESS || !all)
            return false;
    return MPI_Testall(in->senders, in->last_send, &all, MPI_STATUSES_IGNORE) == MPI_SUCCESS &&
           all &&
           MPI_Testall(in->senders, in->close_send, &all, MPI_STATUSES_IGNORE) == MPI_SUCCESS &&
           all;
}

bool rp_channel_peek(rp_channel *c, const rp_sample_header **header, const void **payload)
{
    receive_side *in = &c->in;
    if (!c->set.receives || in->head == in->tail) return false;
    const slot *s = &in->slot[in->head % c->set.window];
    if (s->state != SLOT_HERE || (in->is_ended && s->sample > in->last)) return false;
    in->shown = s->sample;
    *header = &s->header;
    *payload = s->payload;
    return true;
}

rp_status rp_channel_release(rp_channel *c)
{
    receive_side *in = &c->in;
    RP_NEED(c->set.receives && in->shown >= 0, RP_EBUG, "channel %s: a release of no sample",
            c->set.name);
    const bool is_beyond = in->is_ended && in->shown > in->last; /* let go, or soon to be */
    in->shown = -1;
    if (is_beyond) return RP_OK;
    in->slot[in->head++ % c->set.window].state = SLOT_FREE;
    return RP_OK;
}

rp_status rp_channel_end(rp_channel *c, int64_t last)
{
    RP_NEED(c->set.receives && !c->in.is_ended, RP_EBUG, "channel %s: an end at %" PRId64 " %s",
            c->set.name, last,
            c->set.receives ? "after another" : "by a rank that does not receive");
    c->in.is_ended = true;
    c->in.last = last;
    return RP_OK;
}

void rp_receive_side_describe(const rp_channel *c, rp_text *text)
{
    const receive_side *in = &c->in;
    int here = 0;
    for (int64_t k = in->head; k < in->tail; k++)
        here += in->slot[k % c->set.window].state == SLOT_HERE;
    if (in->is_closed)
        rp_text_add(text, " receives no more");
    else if (in->head == in->tail)
        rp_text_add(text, " has no sample to come");
    else {
        const slot *s = &in->slot[in->head % c->set.window];
        rp_text_add(text, " sample %" PRId64 " of rank %d %s, %d of %d slots filled", s->sample,
                    s->sender, s->state == SLOT_HERE ? "is here" : "is awaited", here,
                    c->set.window);
    }
    if (in->is_ended) rp_text_add(text, ", last is %" PRId64, in->last);
    rp_text_add(text, ";");
}
