/* mpi/exchange_priv.h - the tree over units, and the state of an exchange. */
#pragma once
#include "mpi/comm_priv.h"
#include "mpi/exchange.h"

/* --- The tree (exchange_tree.c): pure functions. */

/* A node [a, b) of the tree over units, held by one rank. */
typedef struct span {
    int a, b, rank;
} span;

/* Node [a, b), b - a >= 2, splits here. */
int rp_tree_split(int a, int b);
/* True if [a, m) and [m, b) are the two children of a node of the tree over [0, units). */
bool rp_tree_siblings(int units, int a, int m, int b);
/* The largest node that starts at a and does not reach beyond end; returns its end. */
int rp_tree_largest(int units, int a, int end);
/* All ranks' largest whole subtrees in unit order: span [units]; returns their number.  Rank t has
 * units [units t / ranks, units (t + 1) / ranks). */
int rp_tree_spans(int units, int ranks, span out[]);
/* Partial sums that a rank with units [first, last) holds at once, at most. */
int rp_tree_held(int units, int first, int last);

/* --- The exchange. */

enum { ROUNDS_AT_ONCE = 4 };

/* A partial sum over units [a, b).  buffer < 0: absent, all of them void. */
typedef struct partial {
    int a, b, buffer;
} partial;

typedef enum exchange_state {
    AT_REST, /* nothing begun, or results are there and weights may travel */
    PUTTING, /* units come */
    TELLING, /* counts and values of all units travel */
    SUMMING, /* partial sums travel */
    NORMING, /* sums of squares and votes travel */
} exchange_state;

/* A round: T blocks, one an owner.  Round r lives in place r mod ROUNDS_AT_ONCE. */
typedef struct exchange_round {
    float *scratch;       /* [spans of others][RP_EXCHANGE_BLOCK] */
    MPI_Request *receive; /* [spans of others] */
    MPI_Request *send;    /* [(T - 1) * my spans] */
    int receives, sends;
    bool added;
} exchange_round;

struct rp_exchange {
    rp_comm *comm;
    int64_t n, blocks, owned, rounds;
    int units, values, first, last;
    span span[RP_EXCHANGE_UNITS_MOST];
    int spans;
    exchange_state state;
    bool has_results;
    int vote;

    /* Mine: partial sums as a stack, in unit order; free buffers. */
    float *memory; /* [buffers][n] */
    int free_buffer[RP_EXCHANGE_UNITS_MOST], free_buffers, buffers;
    partial stack[RP_EXCHANGE_UNITS_MOST];
    int depth, next_unit;
    double *told; /* [my units][1 + values]: valid, values */

    /* Of all. */
    double *told_all;             /* [units][1 + values] */
    int *told_count, *told_first; /* [T] for MPI */
    double *unit_values;          /* [units][values] */
    bool is_void[RP_EXCHANGE_UNITS_MOST];
    int64_t valid;

    float *mean; /* [owned][RP_EXCHANGE_BLOCK] */
    exchange_round round[ROUNDS_AT_ONCE];
    int64_t next_round, done_rounds;
    double *norm, *norm_all; /* [owned + 1], [blocks + T]: squares by block, then the vote */
    int *norm_count, *norm_first;
    double squared_norm;
    int vote_all;
    MPI_Request request; /* of telling, norming and gathering */
    bool is_gathering;
    int *gather_count, *gather_first;

    bool is_sharing;
    int *share_count, *share_last, *share_first; /* [T]: of a round, of the last one */
    MPI_Request share[ROUNDS_AT_ONCE];
};

/* First parameter and number of parameters of block b. */
int64_t rp_exchange_block(const rp_exchange *e, int64_t b, int64_t *count);
/* The slice of partial sum p that begins at parameter first. */
float *rp_exchange_slice(const rp_exchange *e, const partial *p, int64_t first);
