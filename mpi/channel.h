/* mpi/channel.h - samples between two roles, by credits: one channel an edge of the graph.
 *
 * The receiver of a sample keeps a window of W slots.  For each of the next W samples of its own
 * subsequence it posts a receive into a slot and then sends the sample's sender a credit, which
 * names sample and slot.  The sender sends a sample only with its credit.
 *
 * 1. Memory is bounded: W slots a receiver.  No message is ever unexpected: a slot's receive is
 *    posted before its credit leaves, and a sender holds W + 2 credit receives for each receiver
 *    (W credits, the end, the close), posted before rp_channel_new returns anywhere.
 * 2. So a send that was begun always ends, whatever the receiver's stages do.
 * 3. A receiver sees its samples in order; it releases the first one only.
 * 4. Each credit is answered exactly once: by a sample, a void header or an end header.
 *
 * Why the stream cannot stall.  Let s be the smallest sample that its train rank has not released
 * (s <= last).  That rank has released all its earlier samples, so s is the first of its window
 * and, as W >= 1, has a slot and a credit; credits always arrive (1).  Its sender A owns s, so s is
 * in A's subsequence on the edge above as well; A has sent all its samples below s (they were
 * released further down), and so has released them above, if it keeps the rule: a stage in the
 * middle takes (rp_channel_take) only the sample that stands first in its upper channel, and
 * releases it there once the result is on its way.  Hence s stands first in A's window too, and by
 * induction up to the source, which makes samples without waiting for others.  Nothing that was
 * taken in the meantime holds s up: a taken sample needs no other sample, and its send ends (2).
 * A source may take any wanted sample; it takes the smallest first.
 *
 * End: receivers say the last sample (rp_channel_end, the same on all of them); senders hear it
 * with the credits, answer open credits beyond it by end headers, and pass it up their own edge.
 * A receiver that has everything says so with its counts, and the sender compares them.
 */
#pragma once
#include "lib/base/text.h"
#include "mpi/world.h"

typedef enum rp_sample_state { RP_SAMPLE_VALID, RP_SAMPLE_VOID, RP_SAMPLE_END } rp_sample_state;

/* What travels before each payload; fixed size, the same layout on every rank. */
typedef struct rp_sample_header {
    int64_t sample;
    int32_t case_index;
    int32_t state;     /* rp_sample_state; void and end have no payload */
    int64_t origin[3]; /* box of the patch in the case: first voxel d, h, w */
    double spacing[3]; /* mm, d h w */
    uint64_t checksum; /* of the payload, set by rp_channel_send */
    int64_t bytes;     /* of the payload */
    char reason[96];   /* void: why */
    uint8_t free[64];  /* for the stages */
} rp_sample_header;

typedef struct rp_channel rp_channel;

typedef struct rp_channel_settings {
    const rp_comm *comm;  /* all ranks of the layout, whether they touch the edge or not */
    const char *name;     /* "load->augment", for messages; lent until the drop */
    int window;           /* W >= 1, the same on all ranks */
    size_t payload_max;   /* bytes, <= INT_MAX, the same on all ranks */
    int64_t first_sample; /* where the stream starts, the same on all ranks */
    int64_t period;       /* a receiver without a sample among this many in a row has none at all */
    /* Ranks of comm that send and receive sample s: pure functions, the same on all ranks. */
    int (*sender_of)(void *arg, int64_t sample);
    int (*receiver_of)(void *arg, int64_t sample);
    void *arg;
    bool sends, receives; /* what this rank does on the edge; both when roles are folded */
    /* For tests; NULL in use.  True puts a credit or a send off to a later step. */
    bool (*hold)(void *arg, int64_t sample);
    void *hold_arg;
} rp_channel_settings;

/* Bytes that a channel holds on a rank that receives, sends, or both; for the plan. */
size_t rp_channel_bytes(int window, size_t payload_max, int receivers, bool sends, bool receives);

/* Owned by the caller.  Collective.
 * Errors (alike on all ranks): RP_EARG, RP_EUSE (ranks disagree), RP_EMEM. */
RP_MUST rp_status rp_channel_new(const rp_channel_settings *settings, rp_channel **out);
/* Collective.  All ends (rp_channel_finished), or the run is given up on every rank: then what is
 * still open is cancelled. */
void rp_channel_drop(rp_channel **channel);

/* Moves what can be moved; never waits.  progress is set true if something moved, else left alone.
 * Local.  Errors: RP_EIO (a payload arrived damaged; the message names sample and rank), RP_EPEER,
 * RP_EBUG (the other side breaks the protocol). */
RP_MUST rp_status rp_channel_step(rp_channel *channel, bool *progress);

/* --- Receiver.  Local. */

/* True if the next sample of this rank is there: valid or void, at most the last one.  header and
 * payload are lent until rp_channel_release. */
bool rp_channel_peek(rp_channel *channel, const rp_sample_header **header, const void **payload);
/* Gives the slot of the peeked sample back.  If the end came below it in the meantime it is no
 * longer shown, yet stays readable until the drop, and its release changes nothing.
 * Errors: RP_EBUG if none was peeked. */
RP_MUST rp_status rp_channel_release(rp_channel *channel);
/* No sample beyond last is wanted by anyone.  Every receiver says it once, with the same number
 * (also one that owns no sample); last may be known from the start, or lie below samples that have
 * already come: those are no longer shown. */
RP_MUST rp_status rp_channel_end(rp_channel *channel, int64_t last);

/* --- Sender.  Local. */

/* Smallest sample with an open credit that was not taken yet. */
bool rp_channel_wanted(const rp_channel *channel, int64_t *sample);
/* Takes the sample's credit; false if it has none that is open.  What was taken must be sent. */
bool rp_channel_take(rp_channel *channel, int64_t sample);
/* Queues the taken sample header->sample.  The header is copied (checksum is filled in; bytes is 0
 * unless the state is RP_SAMPLE_VALID); the payload is lent until rp_channel_sent gives it back.
 * Errors: RP_EARG (not taken, too many bytes). */
RP_MUST rp_status rp_channel_send(rp_channel *channel, const rp_sample_header *header,
                                  const void *payload);
/* A send that has ended since the last call, each once, voids included: its sample and payload.  A
 * stage asks at every turn: credits wait while ended sends are not fetched. */
bool rp_channel_sent(rp_channel *channel, int64_t *sample, const void **payload);
/* The last sample, once every receiver has said it. */
bool rp_channel_last(const rp_channel *channel, int64_t *last);

/* --- Both.  Local. */

/* True once this rank has nothing more to do on the edge: all samples up to the last released, all
 * credits answered, all sends ended and reported. */
bool rp_channel_finished(const rp_channel *channel);
/* One line for the watchdog: what this rank waits for and on whom. */
void rp_channel_describe(const rp_channel *channel, rp_text *text);
