/* mpi/post.h - letters between ranks: a number and a block of bytes, now and then, in any
 * direction.
 *
 * For what is not a stream: weights on their way to who scores them, scores on their way back.
 * Letters of one sender to one receiver arrive in order.  A receiver takes one letter at a time:
 * memory is that of the largest letter, and of what a sender has not got rid of yet. */
#pragma once
#include "mpi/world.h"
#include <stdbool.h>

typedef struct rp_post rp_post;

/* Owned by the caller.  Collective.  Errors: RP_EMEM. */
RP_MUST rp_status rp_post_new(const rp_comm *comm, rp_post **out);
/* Collective: all letters have been taken, or the run is given up everywhere. */
void rp_post_drop(rp_post **post);

/* Queues a letter; bytes are copied.  n <= INT_MAX.  Local.  Errors: RP_EARG, RP_EMEM. */
RP_MUST rp_status rp_post_send(rp_post *post, int to, int64_t number, int64_t n, const void *bytes);
/* Moves what can be moved; never waits.  Local.  Errors: RP_EPEER, RP_EMEM. */
RP_MUST rp_status rp_post_step(rp_post *post, bool *progress);
/* True if a letter is there; lent until rp_post_release.  Local. */
bool rp_post_peek(const rp_post *post, int *from, int64_t *number, int64_t *n, const void **bytes);
RP_MUST rp_status rp_post_release(rp_post *post);
/* True if all letters that this rank sent have left.  Local. */
bool rp_post_is_idle(const rp_post *post);
