/* mpi/world.h - start and end of MPI, groups of ranks, and collective calls between phases.
 *
 * 1. All calls of this room are made by one thread, the driver (MPI_THREAD_FUNNELED).
 * 2. The collectives below are for start-up and between phases: they wait, but sleeping (1 us
 *    doubling to 500 us) and not polling, and they call the idle hook, so that a heartbeat goes on.
 * 3. A collective that fails by its own memory fails on all ranks alike; RP_EPEER from MPI itself
 *    means that the world is broken: the caller ends it with rp_world_abort.
 */
#pragma once
#include "lib/base/text.h"

/* Starts MPI and the world.  Takes MPI's own words out of argc and argv.  Without mpirun it is a
 * world of one rank.  From here on RP_ASSERT ends all ranks (exit code 70).
 * Collective.  Errors: RP_EPEER if MPI does not start or gives no MPI_THREAD_FUNNELED. */
RP_MUST rp_status rp_world_start(int *argc, char ***argv);
/* Collective: every rank has ended its communication. */
void rp_world_end(void);
/* Ends all ranks at once with this exit code.  Local. */
_Noreturn void rp_world_abort(int code);
/* Called now and then while a collective waits; NULL: nothing is called.  Local. */
void rp_world_idle(void (*hook)(void *arg), void *arg);

/* A wait that sleeps: 1 us, doubling to 500 us.  Start with {0}; set it to {0} again at progress.
 */
typedef struct rp_backoff {
    double seconds;
} rp_backoff;
void rp_backoff_wait(rp_backoff *b);

/* A group of ranks that talk to each other. */
typedef struct rp_comm rp_comm;
/* All ranks; lent until rp_world_end.  NULL before rp_world_start. */
const rp_comm *rp_comm_world(void);
int rp_comm_rank(const rp_comm *comm);
int rp_comm_size(const rp_comm *comm);
/* The communicator as MPI's Fortran handle, for io/ (MPI_Comm_f2c).  Lent. */
int rp_comm_fint(const rp_comm *comm);

/* Ranks of one color form a group, ordered by (key, rank).  color < 0: in none, *out is NULL.
 * Owned by the caller.  Collective. */
RP_MUST rp_status rp_comm_split(const rp_comm *comm, int color, int key, rp_comm **out);
/* Collective on the dropped group: never by RP_AUTO. */
void rp_comm_drop(rp_comm **comm);

/* Which node (shared memory) this rank is on, of how many; numbered by their lowest rank.
 * Collective. */
RP_MUST rp_status rp_comm_node(const rp_comm *comm, int *node, int *nodes);
/* The same for all ranks: node_of_rank [size].  Collective. */
RP_MUST rp_status rp_comm_node_list(const rp_comm *comm, int node_of_rank[]);

/* One verdict for all: RP_OK if every rank gave RP_OK.  Else a rank that failed gets its own
 * failure back (its message stays), and the others RP_EPEER with "rank R: message" of the lowest
 * rank that failed.  Collective. */
RP_MUST rp_status rp_comm_agree(const rp_comm *comm, rp_status st);
/* The same with one failure for all, that of the lowest key (of equal ones the lowest rank): each
 * rank gets its code and its message as they are.  key is looked at where st is a failure, below
 * INT64_MAX.  Collective. */
RP_MUST rp_status rp_comm_first(const rp_comm *comm, rp_status st, int64_t key);
/* Collective. */
RP_MUST rp_status rp_comm_barrier(const rp_comm *comm);
/* The root's bytes to all: t is replaced on the other ranks.  Any size.  Collective.
 * Errors (alike on all ranks): the root's rp_text_status, RP_EMEM. */
RP_MUST rp_status rp_comm_share(const rp_comm *comm, int root, rp_text *t);

/* Blocks of bytes in rank order: block r is bytes[first[r]] to bytes[first[r + 1] - 1]. */
typedef struct rp_blocks {
    int count;
    int64_t *first; /* [count + 1] */
    char *bytes;
} rp_blocks;
#define RP_BLOCKS_AUTO __attribute__((cleanup(rp_blocks_clear))) rp_blocks
void rp_blocks_clear(rp_blocks *blocks);
/* Each rank's n bytes to the root; elsewhere out is left empty.  Any size.  Collective.
 * Errors (alike on all ranks): RP_EMEM. */
RP_MUST rp_status rp_comm_gather(const rp_comm *comm, int root, int64_t n, const void *bytes,
                                 rp_blocks *out);

/* Every rank's blocks to every rank: bytes[first[r]] .. bytes[first[r + 1] - 1] go to rank r, and
 * block r of out came from it.  first [size + 1] starts at 0.  Any size.  Collective.
 * Errors (alike on all ranks): RP_EMEM. */
RP_MUST rp_status rp_comm_exchange(const rp_comm *comm, const int64_t first[], const void *bytes,
                                   rp_blocks *out);

/* x [n], in place: the largest and the sum over ranks, n <= INT_MAX.  Whole numbers only: sums of
 * floats would depend on the number of ranks.  Collective. */
RP_MUST rp_status rp_comm_max_i64(const rp_comm *comm, int64_t n, int64_t x[]);
RP_MUST rp_status rp_comm_sum_i64(const rp_comm *comm, int64_t n, int64_t x[]);

/* All ranks have the same text, or RP_EUSE on all of them with one line for each other text that
 * stands against rank 0's: "ranks 0 and 3 disagree on WHAT: 'a' and 'b'" (long texts are cut to the
 * place where they part).  Collective. */
RP_MUST rp_status rp_comm_same(const rp_comm *comm, const char *what, const char *text);
