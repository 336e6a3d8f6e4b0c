/* mpi/exchange.h - the sum of an iteration's gradients, the same bits for any number of ranks.
 *
 * A batch has U units, 1 <= U <= 64.  Train rank t of T works on units [U t / T, U (t + 1) / T).
 * Gradients are added along one binary tree over the units: node [a, b) splits at the largest power
 * of two below b - a; an absent unit (void) passes its sibling up.  Single precision, one rounding
 * an addition, nothing else.  A rank adds the whole subtrees among its units and holds at most
 * 2 log2(U) + 1 partial sums; parameters are cut into blocks of 65,536, block b belongs to rank
 * b mod T, which adds the partial sums of all ranks in the tree's order.
 *
 * An iteration, on every rank of the group alike:
 *     rp_exchange_begin;  put or put_void for each of my units, in order;  rp_exchange_vote;
 *     rp_exchange_reduce until done;  update of the owned blocks;  rp_exchange_share until done.
 * put, put_void, owned and the results call no MPI: another thread may call them while the driver
 * does not step this exchange.  Nothing is allocated between rp_exchange_new and drop.
 */
#pragma once
#include "mpi/world.h"
#include <stdbool.h>

enum { RP_EXCHANGE_BLOCK = 65536, RP_EXCHANGE_UNITS_MOST = 64 };

typedef struct rp_exchange rp_exchange;

/* Bytes that one rank holds, the largest over ranks; for the plan. */
RP_MUST rp_status rp_exchange_bytes(int64_t n_params, int units, int values_per_unit, int ranks,
                                    size_t *bytes);

/* comm: the train ranks, in the order of the layout.  n_params >= 1, values_per_unit >= 0; the
 * same on all ranks.  Owned by the caller.  Collective.
 * Errors (alike on all ranks): RP_EARG, RP_EUSE (ranks disagree), RP_EMEM. */
RP_MUST rp_status rp_exchange_new(const rp_comm *comm, int64_t n_params, int units,
                                  int values_per_unit, rp_exchange **out);
/* Collective. */
void rp_exchange_drop(rp_exchange **exchange);
/* My units [first, last).  Local. */
void rp_exchange_units(const rp_exchange *exchange, int *first, int *last);

/* Starts an iteration: results of the last one are gone.  Local. */
RP_MUST rp_status rp_exchange_begin(rp_exchange *exchange);
/* Adds a unit.
 *   gradient [n_params]       sum over the unit's samples; read during the call only
 *   values [values_per_unit]  handed to every rank as they are (losses, counts)
 *   valid                     samples that the gradient holds, >= 1
 * Local.  Errors: RP_EARG if it is not my next unit. */
RP_MUST rp_status rp_exchange_put(rp_exchange *exchange, int unit, const float gradient[],
                                  const double values[], int valid);
/* The unit is absent from the sum.  Local. */
RP_MUST rp_status rp_exchange_put_void(rp_exchange *exchange, int unit, const double values[]);
/* This rank's vote (>= 0); the largest wins.  Counts until the sums of squares leave, the last one
 * set; 0 if none was.  Local. */
void rp_exchange_vote(rp_exchange *exchange, int vote);

/* Moves the sum on; never waits; at most one block is added a call.  All my units were put.
 * Every rank calls it until done.  Errors: RP_EARG, RP_EPEER. */
RP_MUST rp_status rp_exchange_reduce(rp_exchange *exchange, bool *done);

/* Results, the same on every rank; after reduce is done, until the next begin.  Local. */
typedef struct rp_exchange_result {
    int64_t valid;        /* samples in the sum; 0: there is no mean, the blocks are zero */
    double squared_norm;  /* of the mean gradient; sums run in double, blocks in order */
    int vote;             /* the largest */
    const double *values; /* [units][values_per_unit] in unit order */
    const bool *is_void;  /* [units] */
} rp_exchange_result;
RP_MUST rp_status rp_exchange_results(const rp_exchange *exchange, rp_exchange_result *out);

/* The i-th block of this rank: parameters [first, first + count) and their mean gradient (the sum
 * divided once by valid), lent until the next begin.  False beyond the last one.  Local. */
bool rp_exchange_owned(const rp_exchange *exchange, int64_t i, int64_t *first, int64_t *count,
                       float **mean_gradient);
/* Sends my blocks of weights [n_params] to all and receives theirs; never waits.  weights is lent
 * until done.  Every rank calls it until done. */
RP_MUST rp_status rp_exchange_share(rp_exchange *exchange, float *weights, bool *done);

/* For losses that look across the batch, between forward and backward: the units' numbers to every
 * rank.  mine [my units][per_unit], all [units][per_unit] in unit order, both lent until done;
 * never waits.  Every rank calls it until done.  Errors: RP_EARG, RP_EPEER. */
RP_MUST rp_status rp_exchange_gather(rp_exchange *exchange, int per_unit, const double mine[],
                                     double all[], bool *done);
