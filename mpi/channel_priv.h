/* mpi/channel_priv.h - the two sides of a channel. */
#pragma once
#include "mpi/channel.h"
#include "mpi/comm_priv.h"

/* What travels up the edge. */
enum { CREDIT_OPEN = 1, CREDIT_LAST, CREDIT_CLOSE };
typedef struct credit {
    int64_t kind;
    int64_t sample; /* open: which; last: the last one */
    int64_t slot;   /* open: where to */
    int64_t count;  /* close: samples that came from you */
} credit;

typedef enum slot_state {
    SLOT_FREE,
    SLOT_HELD, /* receive posted, credit not sent yet */
    SLOT_OPEN, /* credit sent */
    SLOT_HERE, /* sample or void came */
    SLOT_VAIN, /* end header, or a sample beyond the last one: to be freed */
} slot_state;

typedef struct slot {
    slot_state state;
    int64_t sample;
    int sender;
    rp_sample_header header;
    char *payload;          /* [payload_max] */
    MPI_Request receive[2]; /* header, payload */
    credit message;
    MPI_Request send; /* of the credit */
} slot;

typedef struct receive_side {
    slot *slot;         /* [W]; the k-th sample of mine lives in slot k mod W */
    int64_t head, tail; /* k of the first sample not released, of the first without slot */
    int64_t scan;       /* where the search for my next sample goes on */
    bool owns_none;
    int64_t shown; /* sample last peeked at and not released; -1: none */
    bool is_ended, last_sent, is_closed;
    int64_t last;
    int senders;
    int *sender;                          /* [senders] ranks */
    int64_t *received;                    /* [size] samples by rank */
    credit *last_message, *close_message; /* [senders] */
    MPI_Request *last_send, *close_send;  /* [senders] */
} receive_side;

typedef enum order_state {
    ORDER_NONE,
    ORDER_OPEN,   /* a credit came */
    ORDER_TAKEN,  /* the stage works on it */
    ORDER_QUEUED, /* to be sent */
    ORDER_GOING,  /* being sent */
    ORDER_GONE,   /* sent, not reported */
} order_state;

typedef struct order {
    order_state state;
    int64_t sample;
    int receiver, slot; /* rank, slot there */
    rp_sample_header header;
    const void *payload;
    MPI_Request send[2];
} order;

/* Credits of one receiver, taken in the order in which they were sent: a ring of posted receives.
 */
typedef struct ring {
    int rank;
    credit *message;      /* [W + 2] */
    MPI_Request *receive; /* [W + 2] */
    int at;
    bool is_ended, is_closed;
    int64_t sent;
} ring;

typedef struct send_side {
    int receivers, ended, closed;
    ring *ring; /* [receivers] */
    int64_t last;
    int orders;
    order *order; /* [orders] = 2 W receivers */
} send_side;

struct rp_channel {
    rp_channel_settings set;
    rp_comm *comm;
    receive_side in;
    send_side out;
};

/* True if the test hook puts this sample's message off. */
bool rp_channel_holds(const rp_channel *c, int64_t sample);

RP_MUST rp_status rp_receive_side_new(rp_channel *c, int senders, const int sender[]);
void rp_receive_side_drop(rp_channel *c);
RP_MUST rp_status rp_receive_side_step(rp_channel *c, bool *progress);
bool rp_receive_side_finished(const rp_channel *c);
void rp_receive_side_describe(const rp_channel *c, rp_text *text);

/* Posts the credit receives. */
RP_MUST rp_status rp_send_side_new(rp_channel *c, int receivers, const int receiver[]);
void rp_send_side_drop(rp_channel *c);
RP_MUST rp_status rp_send_side_step(rp_channel *c, bool *progress);
bool rp_send_side_finished(const rp_channel *c);
void rp_send_side_describe(const rp_channel *c, rp_text *text);
