/* mpi/channel.c - making and stepping a channel; its two sides stand in files of their own. */
#include "mpi/channel_priv.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

size_t rp_channel_bytes(int window, size_t payload_max, int receivers, bool sends, bool receives)
{
    const size_t w = (size_t)window, r = (size_t)receivers;
    size_t bytes = sizeof(rp_channel);
    if (receives) bytes += w * (sizeof(slot) + payload_max);
    if (sends)
        bytes += r * (2 * w * sizeof(order) + (w + 2) * (sizeof(credit) + sizeof(MPI_Request)));
    return bytes;
}

bool rp_channel_holds(const rp_channel *c, int64_t sample)
{
    return c->set.hold && c->set.hold(c->set.hold_arg, sample);
}

static rp_status check(const rp_channel_settings *s)
{
    RP_NEED(s->window >= 1 && s->window <= RP_SLOTS_MOST && s->payload_max <= INT_MAX &&
                s->first_sample >= 0 && s->period >= 1,
            RP_EARG,
            "channel %s: window %d (1 to %d), payload %zu bytes (to %d), first sample %" PRId64
            ", period %" PRId64,
            s->name, s->window, RP_SLOTS_MOST, s->payload_max, INT_MAX, s->first_sample, s->period);
    return RP_OK;
}

/* Ranks whose flags have the bit, in order. */
static int ranks_with(int size, const unsigned char flags[], int bit, int out[])
{
    int n = 0;
    for (int r = 0; r < size; r++)
        if (flags[r] & bit) out[n++] = r;
    return n;
}

/* Both sides, once all ranks know who sends and who receives. */
static rp_status make_sides(rp_channel *c, const unsigned char flags[])
{
    RP_AUTOFREE int *ranks = NULL;
    const int size = c->comm->size;
    RP_TRY(rp_alloc(2 * (int64_t)size, sizeof(int), &ranks));
    const int senders = ranks_with(size, flags, 1, ranks);
    const int receivers = ranks_with(size, flags, 2, ranks + size);
    RP_NEED(senders && receivers, RP_EARG, "channel %s: %d senders, %d receivers", c->set.name,
            senders, receivers);
    if (c->set.receives) RP_TRY(rp_receive_side_new(c, senders, ranks));
    if (c->set.sends) RP_TRY(rp_send_side_new(c, receivers, ranks + size));
    return RP_OK;
}

static rp_status fill(rp_channel *c, const rp_channel_settings *s)
{
    RP_AUTOFREE unsigned char *flags = NULL;
    c->set = *s;
    RP_TRY(rp_comm_agree(c->comm, rp_alloc(c->comm->size, 1, &flags)));
    const unsigned char mine = (unsigned char)((s->sends ? 1 : 0) | (s->receives ? 2 : 0));
    RP_TRY(rp_mpi_allgather(c->comm, 1, &mine, flags));
    /* The verdict is a barrier as well: no credit leaves before all receives are posted. */
    return rp_comm_agree(c->comm, make_sides(c, flags));
}

rp_status rp_channel_new(const rp_channel_settings *s, rp_channel **out)
{
    rp_channel *c = NULL;
    char text[160];
    (void)snprintf(text, sizeof text, "window %d, payload %zu, first %" PRId64 ", period %" PRId64,
                   s->window, s->payload_max, s->first_sample, s->period);
    RP_TRY(rp_comm_same(s->comm, s->name, text));
    RP_TRY(check(s));
    rp_status st = rp_comm_agree(s->comm, rp_alloc(1, sizeof *c, &c));
    if (st == RP_OK) st = rp_comm_copy(s->comm, &c->comm);
    if (st == RP_OK) st = fill(c, s);
    if (st != RP_OK)
        rp_channel_drop(&c);
    else
        *out = c;
    return st;
}

void rp_channel_drop(rp_channel **channel)
{
    rp_channel *c = *channel;
    if (!c) return;
    rp_receive_side_drop(c);
    rp_send_side_drop(c);
    rp_comm_drop(&c->comm);
    rp_free(c);
    *channel = NULL;
}

rp_status rp_channel_step(rp_channel *c, bool *progress)
{
    if (c->set.receives) RP_TRY(rp_receive_side_step(c, progress));
    if (c->set.sends) RP_TRY(rp_send_side_step(c, progress));
    return RP_OK;
}

bool rp_channel_finished(const rp_channel *c)
{
    return (!c->set.receives || rp_receive_side_finished(c)) &&
           (!c->set.sends || rp_send_side_finished(c));
}

void rp_channel_describe(const rp_channel *c, rp_text *text)
{
    rp_text_add(text, "%s:", c->set.name);
    if (c->set.receives) rp_receive_side_describe(c, text);
    if (c->set.sends) rp_send_side_describe(c, text);
    if (!c->set.receives && !c->set.sends) rp_text_add(text, " no part");
}
