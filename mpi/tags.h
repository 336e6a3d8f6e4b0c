/* mpi/tags.h - every message tag of the program.
 *
 * Each user below has a communicator of its own (channels: one an edge), so a tag only tells the
 * messages of one user apart.  MPI promises tags up to 32767; the largest here is below that. */
#pragma once

enum rp_tag {
    RP_TAG_GATHER = 1,  /* world: a block of bytes on its way to the root */
    RP_TAG_SUM,         /* exchange: partial sum of a block of parameters */
    RP_TAG_BEAT,        /* watch: heartbeat to rank 0 */
    RP_TAG_ANSWER,      /* watch: rank 0's answer */
    RP_TAG_ASK,         /* farm: a rank to rank 0 */
    RP_TAG_ORDER,       /* farm: rank 0 to a rank */
    RP_TAG_CREDIT,      /* channel: up the edge */
    RP_TAG_POST,        /* post: number and length of a letter */
    RP_TAG_POST_BODY,   /* post: its bytes */
    RP_TAG_SLOT = 1000, /* channel: header of slot i is RP_TAG_SLOT + 2 i, payload one above */
};

/* Slots of a receiver, at most: RP_TAG_SLOT + 2 RP_SLOTS_MOST stays below 32767. */
enum { RP_SLOTS_MOST = 15000 };
