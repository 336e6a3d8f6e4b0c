/* mpi/exchange.c - memory of the exchange, and the sums inside one rank.
 *
 * 1. The stack holds my finished subtrees in unit order; two siblings on top become their parent
 *    at once, so that after my last unit it holds my largest whole subtrees.
 * 2. A present partial sum owns one buffer; the number planned holds for all units present, and
 *    absent ones need no more.
 */
#include "mpi/exchange_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int64_t rp_exchange_block(const rp_exchange *e, int64_t b, int64_t *count)
{
    const int64_t first = b * RP_EXCHANGE_BLOCK, left = e->n - first;
    *count = left <= 0 ? 0 : left < RP_EXCHANGE_BLOCK ? left : RP_EXCHANGE_BLOCK;
    return first;
}

float *rp_exchange_slice(const rp_exchange *e, const partial *p, int64_t first)
{
    return e->memory + (int64_t)p->buffer * e->n + first;
}

/* Blocks b of rank t: b mod T = t. */
static int64_t owned_by(int64_t blocks, int ranks, int t)
{
    return (blocks - t + ranks - 1) / ranks;
}

static int mine_among(const span spans[], int n, int rank)
{
    int mine = 0;
    for (int i = 0; i < n; i++) mine += spans[i].rank == rank;
    return mine;
}

static rp_status check(int64_t n_params, int units, int values_per_unit)
{
    RP_NEED(n_params >= 1 && units >= 1 && units <= RP_EXCHANGE_UNITS_MOST && values_per_unit >= 0,
            RP_EARG, "an exchange of %" PRId64 " parameters, %d units (at most %d), %d values",
            n_params, units, RP_EXCHANGE_UNITS_MOST, values_per_unit);
    return RP_OK;
}

rp_status rp_exchange_bytes(int64_t n_params, int units, int values_per_unit, int ranks,
                            size_t *bytes)
{
    span spans[RP_EXCHANGE_UNITS_MOST];
    size_t most = 0;
    RP_TRY(check(n_params, units, values_per_unit));
    RP_NEED(ranks >= 1, RP_EARG, "an exchange of %d ranks", ranks);
    const int n = rp_tree_spans(units, ranks, spans);
    const int64_t blocks = (n_params + RP_EXCHANGE_BLOCK - 1) / RP_EXCHANGE_BLOCK;
    for (int t = 0; t < ranks; t++) {
        const int first = (int)((int64_t)units * t / ranks);
        const int last = (int)((int64_t)units * (t + 1) / ranks);
        const int64_t others = n - mine_among(spans, n, t);
        size_t held, rest;
        RP_TRY(rp_bytes(n_params, (size_t)rp_tree_held(units, first, last) * sizeof(float), &held));
        RP_TRY(rp_bytes(owned_by(blocks, ranks, t) + ROUNDS_AT_ONCE * others,
                        RP_EXCHANGE_BLOCK * sizeof(float), &rest));
        most = held + rest > most ? held + rest : most;
    }
    *bytes =
        most + (size_t)(2 * blocks + ranks + 2 * units * (1 + values_per_unit)) * sizeof(double);
    return RP_OK;
}

static rp_status make_round(const rp_exchange *e, exchange_round *r)
{
    const int mine = mine_among(e->span, e->spans, e->comm->rank);
    const int64_t others = e->spans - mine, away = (int64_t)(e->comm->size - 1) * mine;
    RP_TRY(rp_alloc_raw(others * RP_EXCHANGE_BLOCK, sizeof(float), &r->scratch));
    RP_TRY(rp_alloc_raw(others, sizeof(MPI_Request), &r->receive));
    return rp_alloc_raw(away, sizeof(MPI_Request), &r->send);
}

static rp_status make_counts(rp_exchange *e)
{
    const int ranks = e->comm->size;
    int **const list[] = {&e->told_count,  &e->told_first,   &e->norm_count,
                          &e->norm_first,  &e->gather_count, &e->gather_first,
                          &e->share_count, &e->share_last,   &e->share_first};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        RP_TRY(rp_alloc(ranks, sizeof(int), list[i]));
    int at = 0;
    for (int t = 0; t < ranks; t++) {
        const int first = (int)((int64_t)e->units * t / ranks);
        const int last = (int)((int64_t)e->units * (t + 1) / ranks);
        int64_t count;
        e->told_count[t] = (last - first) * (1 + e->values);
        e->told_first[t] = first * (1 + e->values);
        e->norm_count[t] = (int)owned_by(e->blocks, ranks, t) + 1;
        e->norm_first[t] = at;
        at += e->norm_count[t];
        e->share_count[t] = RP_EXCHANGE_BLOCK;
        e->share_first[t] = t * RP_EXCHANGE_BLOCK;
        (void)rp_exchange_block(e, (e->rounds - 1) * ranks + t, &count);
        e->share_last[t] = (int)count;
    }
    return RP_OK;
}

static rp_status make_memory(rp_exchange *e)
{
    const int64_t row = 1 + e->values, ranks = e->comm->size;
    e->buffers = rp_tree_held(e->units, e->first, e->last);
    int64_t floats;
    RP_TRY(rp_product(2, (int64_t[]){e->buffers, e->n}, &floats));
    RP_TRY(rp_alloc(floats, sizeof(float), &e->memory));
    RP_TRY(rp_alloc((e->last - e->first) * row, sizeof(double), &e->told));
    RP_TRY(rp_alloc(e->units * row, sizeof(double), &e->told_all));
    RP_TRY(rp_alloc((int64_t)e->units * e->values, sizeof(double), &e->unit_values));
    RP_TRY(rp_alloc(e->owned * RP_EXCHANGE_BLOCK, sizeof(float), &e->mean));
    RP_TRY(rp_alloc(e->owned + 1, sizeof(double), &e->norm));
    RP_TRY(rp_alloc(e->blocks + ranks, sizeof(double), &e->norm_all));
    for (int i = 0; i < ROUNDS_AT_ONCE; i++) RP_TRY(make_round(e, &e->round[i]));
    return make_counts(e);
}

static void plan(rp_exchange *e, int64_t n_params, int units, int values_per_unit)
{
    const int64_t ranks = e->comm->size, t = e->comm->rank;
    e->n = n_params;
    e->units = units;
    e->values = values_per_unit;
    e->first = (int)(units * t / ranks);
    e->last = (int)(units * (t + 1) / ranks);
    e->blocks = (n_params + RP_EXCHANGE_BLOCK - 1) / RP_EXCHANGE_BLOCK;
    e->rounds = (e->blocks + ranks - 1) / ranks;
    e->owned = owned_by(e->blocks, (int)ranks, (int)t);
    e->spans = rp_tree_spans(units, (int)ranks, e->span);
    e->request = MPI_REQUEST_NULL;
    for (int i = 0; i < ROUNDS_AT_ONCE; i++) e->share[i] = MPI_REQUEST_NULL;
}

rp_status rp_exchange_new(const rp_comm *comm, int64_t n_params, int units, int values_per_unit,
                          rp_exchange **out)
{
    rp_exchange *e = NULL;
    char text[96];
    (void)snprintf(text, sizeof text, "%" PRId64 " parameters, %d units, %d values", n_params,
                   units, values_per_unit);
    RP_TRY(rp_comm_same(comm, "the exchange", text));
    RP_TRY(check(n_params, units, values_per_unit));
    rp_status st = rp_comm_agree(comm, rp_alloc(1, sizeof *e, &e));
    if (st == RP_OK) st = rp_comm_copy(comm, &e->comm);
    if (st == RP_OK) {
        plan(e, n_params, units, values_per_unit);
        st = rp_comm_agree(comm, make_memory(e));
    }
    if (st != RP_OK)
        rp_exchange_drop(&e);
    else
        *out = e;
    return st;
}

void rp_exchange_drop(rp_exchange **exchange)
{
    rp_exchange *e = *exchange;
    if (!e) return;
    rp_comm_drop(&e->comm);
    for (int i = 0; i < ROUNDS_AT_ONCE; i++) {
        rp_free(e->round[i].scratch);
        rp_free(e->round[i].receive);
        rp_free(e->round[i].send);
    }
    void *const list[] = {e->memory,       e->told,        e->told_all,   e->told_count,
                          e->told_first,   e->unit_values, e->mean,       e->norm,
                          e->norm_all,     e->norm_count,  e->norm_first, e->gather_count,
                          e->gather_first, e->share_count, e->share_last, e->share_first};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) rp_free(list[i]);
    rp_free(e);
    *exchange = NULL;
}

void rp_exchange_units(const rp_exchange *e, int *first, int *last)
{
    *first = e->first;
    *last = e->last;
}

rp_status rp_exchange_begin(rp_exchange *e)
{
    RP_NEED(e->state == AT_REST && !e->is_sharing && !e->is_gathering, RP_EARG,
            "an iteration begins while the last one is under way");
    e->state = PUTTING;
    e->has_results = false;
    e->vote = 0;
    e->depth = 0;
    e->next_unit = e->first;
    e->free_buffers = e->buffers;
    for (int i = 0; i < e->buffers; i++) e->free_buffer[i] = i;
    return RP_OK;
}

static void add(int64_t n, float to[], const float from[])
{
    for (int64_t i = 0; i < n; i++) to[i] += from[i];
}

/* Makes siblings on top of the stack their parent.  gradient: the top's numbers while they are not
 * copied (else NULL); cleared once they are added. */
static void merge(rp_exchange *e, const float **gradient)
{
    while (e->depth > 1) {
        partial *x = &e->stack[e->depth - 2], *y = &e->stack[e->depth - 1];
        if (!rp_tree_siblings(e->units, x->a, y->a, y->b)) return;
        const bool lent = *gradient != NULL;
        if (x->buffer >= 0 && lent) {
            add(e->n, rp_exchange_slice(e, x, 0), *gradient);
            *gradient = NULL;
        } else if (x->buffer >= 0 && y->buffer >= 0) {
            add(e->n, rp_exchange_slice(e, x, 0), rp_exchange_slice(e, y, 0));
            e->free_buffer[e->free_buffers++] = y->buffer;
        } else if (x->buffer < 0) {
            x->buffer = y->buffer;
        }
        x->b = y->b;
        e->depth--;
    }
}

static rp_status put(rp_exchange *e, int unit, const float *gradient, const double values[],
                     int valid)
{
    RP_NEED(e->state == PUTTING && unit == e->next_unit && unit < e->last, RP_EARG,
            "unit %d is put where unit %d of [%d, %d) is next", unit, e->next_unit, e->first,
            e->last);
    double *row = e->told + (int64_t)(unit - e->first) * (1 + e->values);
    row[0] = valid;
    if (e->values) memcpy(row + 1, values, (size_t)e->values * sizeof(double));
    e->next_unit++;
    e->stack[e->depth++] = (partial){unit, unit + 1, -1};
    merge(e, &gradient);
    if (!gradient) return RP_OK;
    partial *top = &e->stack[e->depth - 1];
    RP_ASSERT(e->free_buffers > 0);
    top->buffer = e->free_buffer[--e->free_buffers];
    memcpy(rp_exchange_slice(e, top, 0), gradient, (size_t)e->n * sizeof(float));
    return RP_OK;
}

rp_status rp_exchange_put(rp_exchange *e, int unit, const float gradient[], const double values[],
                          int valid)
{
    RP_NEED(valid >= 1, RP_EARG, "unit %d holds %d samples", unit, valid);
    return put(e, unit, gradient, values, valid);
}

rp_status rp_exchange_put_void(rp_exchange *e, int unit, const double values[])
{
    return put(e, unit, NULL, values, 0);
}

void rp_exchange_vote(rp_exchange *e, int vote) { e->vote = vote; }

rp_status rp_exchange_results(const rp_exchange *e, rp_exchange_result *out)
{
    RP_NEED(e->has_results, RP_EARG, "the exchange has no results yet");
    *out = (rp_exchange_result){e->valid, e->squared_norm, e->vote_all, e->unit_values, e->is_void};
    return RP_OK;
}

bool rp_exchange_owned(const rp_exchange *e, int64_t i, int64_t *first, int64_t *count,
                       float **mean_gradient)
{
    if (i < 0 || i >= e->owned) return false;
    *first = rp_exchange_block(e, i * e->comm->size + e->comm->rank, count);
    *mean_gradient = e->mean + i * RP_EXCHANGE_BLOCK;
    return true;
}
