/* mpi/channel_send.c - the sending side: credits, orders, answers.
 *
 * 1. Credits of one receiver are taken in the order in which they were sent (a ring of posted
 *    receives, each posted anew once it is read): a receiver's last word comes after its credits.
 * 2. A credit becomes an order; an order ends when its sends have ended and were reported.  Orders
 *    are twice the credits that can be open; a credit waits in its ring while none is free.
 */
#include "mpi/channel_priv.h"

#include "lib/base/checksum.h"

#include <inttypes.h>

static rp_status post_credit(rp_channel *c, ring *r, int i)
{
    RP_MPI(MPI_Irecv(&r->message[i], (int)sizeof(credit), MPI_BYTE, r->rank, RP_TAG_CREDIT,
                     c->comm->comm, &r->receive[i]));
    return RP_OK;
}

static rp_status make_ring(rp_channel *c, ring *r, int rank)
{
    const int n = c->set.window + 2;
    r->rank = rank;
    RP_TRY(rp_alloc(n, sizeof(credit), &r->message));
    RP_TRY(rp_alloc(n, sizeof(MPI_Request), &r->receive));
    for (int i = 0; i < n; i++) r->receive[i] = MPI_REQUEST_NULL;
    for (int i = 0; i < n; i++) RP_TRY(post_credit(c, r, i));
    return RP_OK;
}

rp_status rp_send_side_new(rp_channel *c, int receivers, const int receiver[])
{
    send_side *out = &c->out;
    RP_TRY(rp_alloc(2 * (int64_t)c->set.window * receivers, sizeof(order), &out->order));
    out->orders = 2 * c->set.window * receivers;
    for (int i = 0; i < out->orders; i++)
        out->order[i].send[0] = out->order[i].send[1] = MPI_REQUEST_NULL;
    RP_TRY(rp_alloc(receivers, sizeof(ring), &out->ring));
    out->receivers = receivers;
    for (int i = 0; i < receivers; i++) RP_TRY(make_ring(c, &out->ring[i], receiver[i]));
    return RP_OK;
}

void rp_send_side_drop(rp_channel *c)
{
    send_side *out = &c->out;
    for (int i = 0; i < out->orders; i++) {
        rp_mpi_cancel(&out->order[i].send[0]);
        rp_mpi_cancel(&out->order[i].send[1]);
    }
    for (int i = 0; i < out->receivers; i++) {
        ring *r = &out->ring[i];
        for (int k = 0; r->receive && k < c->set.window + 2; k++) rp_mpi_cancel(&r->receive[k]);
        rp_free(r->message);
        rp_free(r->receive);
    }
    rp_free(out->ring);
    rp_free(out->order);
}

static order *free_order(send_side *out)
{
    for (int i = 0; i < out->orders; i++)
        if (out->order[i].state == ORDER_NONE) return &out->order[i];
    return NULL;
}

static const ring *ring_of(const send_side *out, int rank)
{
    for (int i = 0; i < out->receivers; i++)
        if (out->ring[i].rank == rank) return &out->ring[i];
    return NULL;
}

static rp_status take_credit(const rp_channel *c, const ring *r, const credit *m, order *o)
{
    RP_NEED(c->set.sender_of(c->set.arg, m->sample) == c->comm->rank &&
                c->set.receiver_of(c->set.arg, m->sample) == r->rank && m->slot >= 0 &&
                m->slot < c->set.window && !(r->is_ended && m->sample > c->out.last),
            RP_EBUG, "channel %s: rank %d asks for sample %" PRId64 " into slot %" PRId64,
            c->set.name, r->rank, m->sample, m->slot);
    o->state = ORDER_OPEN;
    o->sample = m->sample;
    o->receiver = r->rank;
    o->slot = (int)m->slot;
    o->payload = NULL;
    return RP_OK;
}

static rp_status take_last(rp_channel *c, ring *r, int64_t last)
{
    send_side *out = &c->out;
    RP_NEED(!r->is_ended && (out->ended == 0 || out->last == last), RP_EBUG,
            "channel %s: rank %d ends at sample %" PRId64 ", another at %" PRId64, c->set.name,
            r->rank, last, out->last);
    out->last = last;
    out->ended++;
    r->is_ended = true;
    return RP_OK;
}

static rp_status take_close(rp_channel *c, ring *r, int64_t count)
{
    RP_NEED(r->is_ended && r->sent == count, RP_EBUG,
            "channel %s: rank %d has %" PRId64 " samples, %" PRId64 " were sent to it", c->set.name,
            r->rank, count, r->sent);
    r->is_closed = true;
    c->out.closed++;
    return RP_OK;
}

static rp_status step_ring(rp_channel *c, ring *r, bool *progress)
{
    while (!r->is_closed) {
        bool here = false;
        credit *m = &r->message[r->at];
        RP_TRY(rp_mpi_done(1, &r->receive[r->at], &here));
        if (!here) return RP_OK;
        order *o = free_order(&c->out);
        if (m->kind == CREDIT_OPEN && !o) return RP_OK; /* rule 2 */
        if (m->kind == CREDIT_OPEN)
            RP_TRY(take_credit(c, r, m, o));
        else if (m->kind == CREDIT_LAST)
            RP_TRY(take_last(c, r, m->sample));
        else
            RP_TRY(take_close(c, r, m->count));
        *progress = true;
        if (r->is_closed) return RP_OK;
        RP_TRY(post_credit(c, r, r->at));
        r->at = (r->at + 1) % (c->set.window + 2);
    }
    return RP_OK;
}

static rp_status start_send(rp_channel *c, order *o)
{
    const int tag = RP_TAG_SLOT + 2 * o->slot;
    RP_MPI(MPI_Isend(&o->header, (int)sizeof o->header, MPI_BYTE, o->receiver, tag, c->comm->comm,
                     &o->send[0]));
    RP_MPI(MPI_Isend(o->payload, (int)o->header.bytes, MPI_BYTE, o->receiver, tag + 1,
                     c->comm->comm, &o->send[1]));
    o->state = ORDER_GOING;
    if (o->header.state == RP_SAMPLE_END) return RP_OK;
    for (int i = 0; i < c->out.receivers; i++)
        c->out.ring[i].sent += c->out.ring[i].rank == o->receiver;
    return RP_OK;
}

static rp_status step_order(rp_channel *c, order *o, bool *progress)
{
    if (o->state == ORDER_OPEN && ring_of(&c->out, o->receiver)->is_ended &&
        o->sample > c->out.last) {
        o->header = (rp_sample_header){.sample = o->sample, .state = RP_SAMPLE_END};
        o->header.checksum = rp_checksum(0, NULL);
        o->state = ORDER_QUEUED;
    }
    if (o->state == ORDER_QUEUED && !rp_channel_holds(c, o->sample)) {
        RP_TRY(start_send(c, o));
        *progress = true;
    }
    if (o->state == ORDER_GOING) {
        bool gone;
        RP_TRY(rp_mpi_done(2, o->send, &gone));
        if (!gone) return RP_OK;
        o->state = o->header.state == RP_SAMPLE_END ? ORDER_NONE : ORDER_GONE;
        *progress = true;
    }
    return RP_OK;
}

rp_status rp_send_side_step(rp_channel *c, bool *progress)
{
    for (int i = 0; i < c->out.receivers; i++) RP_TRY(step_ring(c, &c->out.ring[i], progress));
    for (int i = 0; i < c->out.orders; i++) RP_TRY(step_order(c, &c->out.order[i], progress));
    return RP_OK;
}

bool rp_send_side_finished(const rp_channel *c)
{
    if (c->out.closed < c->out.receivers) return false;
    for (int i = 0; i < c->out.orders; i++)
        if (c->out.order[i].state != ORDER_NONE) return false;
    return true;
}

static order *smallest_open(const send_side *out)
{
    order *best = NULL;
    for (int i = 0; i < out->orders; i++) {
        order *o = &out->order[i];
        if (o->state == ORDER_OPEN && (!best || o->sample < best->sample)) best = o;
    }
    /* Beyond the last sample nothing is wanted; the next step answers it. */
    return best && out->ended == out->receivers && best->sample > out->last ? NULL : best;
}

static order *order_of(const send_side *out, int64_t sample, order_state state)
{
    for (int i = 0; i < out->orders; i++)
        if (out->order[i].state == state && out->order[i].sample == sample) return &out->order[i];
    return NULL;
}

bool rp_channel_wanted(const rp_channel *c, int64_t *sample)
{
    const order *o = smallest_open(&c->out);
    if (o) *sample = o->sample;
    return o != NULL;
}

bool rp_channel_take(rp_channel *c, int64_t sample)
{
    order *o = order_of(&c->out, sample, ORDER_OPEN);
    if (o) o->state = ORDER_TAKEN;
    return o != NULL;
}

rp_status rp_channel_send(rp_channel *c, const rp_sample_header *header, const void *payload)
{
    order *o = order_of(&c->out, header->sample, ORDER_TAKEN);
    const bool is_valid = header->state == RP_SAMPLE_VALID;
    RP_NEED(o && (is_valid || header->state == RP_SAMPLE_VOID) && header->bytes >= 0 &&
                header->bytes <= (int64_t)c->set.payload_max && (is_valid || header->bytes == 0),
            RP_EARG,
            "channel %s: sample %" PRId64 " (%s), state %d, %" PRId64 " of at most %zu bytes",
            c->set.name, header->sample, o ? "taken" : "not taken", (int)header->state,
            header->bytes, c->set.payload_max);
    o->header = *header;
    o->header.checksum = rp_checksum((size_t)header->bytes, payload);
    o->payload = payload;
    o->state = ORDER_QUEUED;
    return RP_OK;
}

bool rp_channel_sent(rp_channel *c, int64_t *sample, const void **payload)
{
    for (int i = 0; i < c->out.orders; i++) {
        order *o = &c->out.order[i];
        if (o->state != ORDER_GONE) continue;
        *sample = o->sample;
        *payload = o->payload;
        o->state = ORDER_NONE;
        return true;
    }
    return false;
}

bool rp_channel_last(const rp_channel *c, int64_t *last)
{
    if (!c->set.sends || c->out.ended < c->out.receivers) return false;
    *last = c->out.last;
    return true;
}

void rp_send_side_describe(const rp_channel *c, rp_text *text)
{
    int n[ORDER_GONE + 1] = {0};
    for (int i = 0; i < c->out.orders; i++) n[c->out.order[i].state]++;
    rp_text_add(text, " %d credits open, %d taken, %d going", n[ORDER_OPEN], n[ORDER_TAKEN],
                n[ORDER_QUEUED] + n[ORDER_GOING]);
    const order *o = smallest_open(&c->out);
    if (o) rp_text_add(text, ", rank %d wants sample %" PRId64, o->receiver, o->sample);
    rp_text_add(text, ", %d of %d receivers have ended;", c->out.ended, c->out.receivers);
}
