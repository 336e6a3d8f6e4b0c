/* mpi/exchange_sum.c - the exchange's steps between ranks.
 *
 * 1. Both sides walk rounds, and the spans inside a round, in the same order, so messages of one
 *    pair of ranks match by order alone: one tag.
 * 2. Which spans are absent is known everywhere from the counts that travel first: nothing is sent
 *    for them.
 * 3. At most ROUNDS_AT_ONCE rounds are under way; a place is used anew once its sends have ended.
 *    Slices that I own are never sent, so they may be added in place.
 */
#include "mpi/exchange_priv.h"

#include <inttypes.h>
#include <string.h>

static rp_status tell(rp_exchange *e)
{
    RP_NEED(e->next_unit == e->last, RP_EARG, "unit %d of [%d, %d) was not put", e->next_unit,
            e->first, e->last);
    RP_MPI(MPI_Iallgatherv(e->told, e->told_count[e->comm->rank], MPI_DOUBLE, e->told_all,
                           e->told_count, e->told_first, MPI_DOUBLE, e->comm->comm, &e->request));
    e->state = TELLING;
    return RP_OK;
}

static void take_told(rp_exchange *e)
{
    e->valid = 0;
    for (int u = 0; u < e->units; u++) {
        const double *row = e->told_all + (int64_t)u * (1 + e->values);
        e->valid += (int64_t)row[0];
        e->is_void[u] = row[0] <= 0;
        if (e->values)
            memcpy(e->unit_values + (int64_t)u * e->values, row + 1,
                   (size_t)e->values * sizeof(double));
    }
    e->next_round = e->done_rounds = 0;
    e->state = SUMMING;
}

static bool is_absent(const rp_exchange *e, const span *s)
{
    for (int u = s->a; u < s->b; u++)
        if (!e->is_void[u]) return false;
    return true;
}

/* Receives for the block that I own in this round, if there is one. */
static rp_status post_receives(rp_exchange *e, int64_t round, exchange_round *r)
{
    int64_t count;
    (void)rp_exchange_block(e, round * e->comm->size + e->comm->rank, &count);
    r->receives = 0;
    if (count == 0) return RP_OK;
    for (int i = 0; i < e->spans; i++) {
        const span *s = &e->span[i];
        if (s->rank == e->comm->rank || is_absent(e, s)) continue;
        RP_MPI(MPI_Irecv(r->scratch + (int64_t)r->receives * RP_EXCHANGE_BLOCK, (int)count,
                         MPI_FLOAT, s->rank, RP_TAG_SUM, e->comm->comm, &r->receive[r->receives]));
        r->receives++;
    }
    return RP_OK;
}

/* My partial sums of the other ranks' blocks.  The stack is in unit order, as the spans are. */
static rp_status post_sends(rp_exchange *e, int64_t round, exchange_round *r)
{
    const int ranks = e->comm->size;
    r->sends = 0;
    /* Owners in turn behind me, so that not all ranks send to the same one first. */
    for (int k = 1; k < ranks; k++) {
        const int owner = (e->comm->rank + k) % ranks;
        int64_t count;
        const int64_t first = rp_exchange_block(e, round * ranks + owner, &count);
        for (int i = 0; i < e->depth && count > 0; i++) {
            if (e->stack[i].buffer < 0) continue;
            RP_MPI(MPI_Isend(rp_exchange_slice(e, &e->stack[i], first), (int)count, MPI_FLOAT,
                             owner, RP_TAG_SUM, e->comm->comm, &r->send[r->sends++]));
        }
    }
    return RP_OK;
}

/* The block's sum in the tree's order: the numbers of the whole tree, NULL if all are absent. */
static float *fold(const rp_exchange *e, const exchange_round *r, int64_t first, int64_t count)
{
    struct {
        int a, b;
        float *at;
    } stack[RP_EXCHANGE_UNITS_MOST] = {0};
    int depth = 0, received = 0, mine = 0;
    for (int i = 0; i < e->spans; i++) {
        const span *s = &e->span[i];
        float *at = NULL;
        if (s->rank == e->comm->rank) {
            const partial *p = &e->stack[mine++];
            if (p->buffer >= 0) at = rp_exchange_slice(e, p, first);
        } else if (!is_absent(e, s)) {
            at = r->scratch + (int64_t)received++ * RP_EXCHANGE_BLOCK;
        }
        stack[depth].a = s->a;
        stack[depth].b = s->b;
        stack[depth++].at = at;
        while (depth > 1 && rp_tree_siblings(e->units, stack[depth - 2].a, stack[depth - 1].a,
                                             stack[depth - 1].b)) {
            float *x = stack[depth - 2].at;
            const float *y = stack[depth - 1].at;
            for (int64_t j = 0; x && y && j < count; j++) x[j] += y[j];
            if (!x) stack[depth - 2].at = stack[depth - 1].at;
            stack[depth - 2].b = stack[depth - 1].b;
            depth--;
        }
    }
    return stack[0].at;
}

/* Sum of squares in eight lanes (element i in lane i mod 8), added pairwise: a fixed order that
 * the compiler can keep in vector registers. */
static double squares(int64_t n, const float x[])
{
    double lane[8] = {0};
    int64_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (int k = 0; k < 8; k++) lane[k] += (double)x[i + k] * x[i + k];
    for (; i < n; i++) lane[i % 8] += (double)x[i] * x[i];
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) +
           ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

static void add_block(rp_exchange *e, int64_t round, const exchange_round *r)
{
    int64_t count;
    const int64_t first = rp_exchange_block(e, round * e->comm->size + e->comm->rank, &count);
    if (count == 0) return;
    const float *sum = fold(e, r, first, count), n = (float)e->valid;
    float *mean = e->mean + round * RP_EXCHANGE_BLOCK;
    for (int64_t i = 0; i < count; i++) mean[i] = sum ? sum[i] / n : 0;
    e->norm[round] = squares(count, mean);
}

static rp_status sum(rp_exchange *e)
{
    while (e->next_round < e->rounds && e->next_round < e->done_rounds + ROUNDS_AT_ONCE) {
        exchange_round *r = &e->round[e->next_round % ROUNDS_AT_ONCE];
        r->added = false;
        RP_TRY(post_receives(e, e->next_round, r));
        RP_TRY(post_sends(e, e->next_round, r));
        e->next_round++;
    }
    exchange_round *r = &e->round[e->done_rounds % ROUNDS_AT_ONCE];
    bool here = false, gone = false;
    if (!r->added) {
        RP_TRY(rp_mpi_done(r->receives, r->receive, &here));
        if (!here) return RP_OK;
        add_block(e, e->done_rounds, r);
        r->added = true;
    }
    RP_TRY(rp_mpi_done(r->sends, r->send, &gone));
    e->done_rounds += gone;
    return RP_OK;
}

static rp_status start_norm(rp_exchange *e)
{
    e->norm[e->owned] = e->vote;
    RP_MPI(MPI_Iallgatherv(e->norm, e->norm_count[e->comm->rank], MPI_DOUBLE, e->norm_all,
                           e->norm_count, e->norm_first, MPI_DOUBLE, e->comm->comm, &e->request));
    e->state = NORMING;
    return RP_OK;
}

static void take_norm(rp_exchange *e)
{
    const int ranks = e->comm->size;
    e->squared_norm = 0;
    e->vote_all = 0;
    for (int64_t b = 0; b < e->blocks; b++)
        e->squared_norm += e->norm_all[e->norm_first[b % ranks] + b / ranks];
    for (int t = 0; t < ranks; t++) {
        const int vote = (int)e->norm_all[e->norm_first[t] + e->norm_count[t] - 1];
        e->vote_all = vote > e->vote_all ? vote : e->vote_all;
    }
    e->has_results = true;
    e->state = AT_REST;
}

rp_status rp_exchange_reduce(rp_exchange *e, bool *done)
{
    bool here = false;
    *done = false;
    switch (e->state) {
    case AT_REST: RP_FAIL(RP_EARG, "a sum without a begin");
    case PUTTING: return tell(e);
    case TELLING:
        RP_TRY(rp_mpi_done(1, &e->request, &here));
        if (here) take_told(e);
        return RP_OK;
    case SUMMING: RP_TRY(sum(e)); return e->done_rounds == e->rounds ? start_norm(e) : RP_OK;
    case NORMING:
        RP_TRY(rp_mpi_done(1, &e->request, &here));
        if (here) take_norm(e);
        *done = here;
        return RP_OK;
    }
    RP_FAIL(RP_EBUG, "exchange in state %d", (int)e->state);
}

/* A round's blocks lie side by side in weights, in rank order: one gather in place. */
static rp_status share_round(rp_exchange *e, float *weights)
{
    const int64_t round = e->next_round;
    const int *count = round + 1 < e->rounds ? e->share_count : e->share_last;
    RP_MPI(MPI_Iallgatherv(
        MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, weights + round * e->comm->size * RP_EXCHANGE_BLOCK,
        count, e->share_first, MPI_FLOAT, e->comm->comm, &e->share[round % ROUNDS_AT_ONCE]));
    e->next_round++;
    return RP_OK;
}

rp_status rp_exchange_share(rp_exchange *e, float *weights, bool *done)
{
    RP_NEED(e->state == AT_REST && !e->is_gathering, RP_EARG, "weights travel during a sum");
    *done = false;
    if (!e->is_sharing) {
        e->is_sharing = true;
        e->next_round = e->done_rounds = 0;
    }
    while (e->next_round < e->rounds && e->next_round < e->done_rounds + ROUNDS_AT_ONCE)
        RP_TRY(share_round(e, weights));
    bool here = false;
    RP_TRY(rp_mpi_done(1, &e->share[e->done_rounds % ROUNDS_AT_ONCE], &here));
    e->done_rounds += here;
    *done = e->done_rounds == e->rounds;
    if (*done) e->is_sharing = false;
    return RP_OK;
}

rp_status rp_exchange_gather(rp_exchange *e, int per_unit, const double mine[], double all[],
                             bool *done)
{
    *done = false;
    if (!e->is_gathering) {
        RP_NEED((e->state == AT_REST || e->state == PUTTING) && !e->is_sharing && per_unit >= 1,
                RP_EARG, "a gather of %d values a unit, or one during a sum", per_unit);
        for (int t = 0; t < e->comm->size; t++) {
            const int64_t first = (int64_t)e->units * t / e->comm->size;
            const int64_t last = (int64_t)e->units * (t + 1) / e->comm->size;
            e->gather_first[t] = (int)first * per_unit;
            e->gather_count[t] = (int)(last - first) * per_unit;
        }
        RP_MPI(MPI_Iallgatherv(mine, e->gather_count[e->comm->rank], MPI_DOUBLE, all,
                               e->gather_count, e->gather_first, MPI_DOUBLE, e->comm->comm,
                               &e->request));
        e->is_gathering = true;
    }
    RP_TRY(rp_mpi_done(1, &e->request, done));
    if (*done) e->is_gathering = false;
    return RP_OK;
}
