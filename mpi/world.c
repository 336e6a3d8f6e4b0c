/* mpi/world.c - start and end of MPI, and groups of ranks.
 *
 * 1. The world is the one thing here that is set once and read everywhere: MPI itself is one a
 *    process, and the abort hook has no argument to carry it.
 * 2. MPI_ERRORS_RETURN is set on MPI_COMM_WORLD before anything is made from it: children inherit
 *    it, earlier ones would stay fatal.
 * 3. Calls that MPI has only as blocking ones (split) come behind a barrier that sleeps, so that
 *    nobody polls for long.
 */
#include "mpi/world.h"

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "mpi/comm_priv.h"

#include <string.h>

static struct {
    rp_comm *comm;
    void (*idle)(void *arg);
    void *idle_arg;
} world;

rp_status rp_mpi_failed(int code, const char *file, int line, const char *func)
{
    char text[MPI_MAX_ERROR_STRING] = "unknown error";
    int n = 0;
    (void)MPI_Error_string(code, text, &n);
    return rp_error_set(RP_EPEER, file, line, func, "MPI: %s", text);
}

static void abort_all(const char *why)
{
    rp_log(RP_LOG_ERROR, NULL, NULL, "%s", why);
    rp_world_abort(70);
}

static rp_status wrap(MPI_Comm comm, rp_comm **out)
{
    rp_comm *c;
    RP_TRY(rp_alloc(1, sizeof *c, &c));
    c->comm = comm;
    (void)MPI_Comm_rank(comm, &c->rank);
    (void)MPI_Comm_size(comm, &c->size);
    *out = c;
    return RP_OK;
}

rp_status rp_world_start(int *argc, char ***argv)
{
    int level = MPI_THREAD_SINGLE;
    MPI_Comm copy = MPI_COMM_NULL;
    RP_NEED(!world.comm, RP_EBUG, "MPI was started before");
    RP_MPI(MPI_Init_thread(argc, argv, MPI_THREAD_FUNNELED, &level));
    RP_MPI(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));
    RP_NEED(level >= MPI_THREAD_FUNNELED, RP_EPEER,
            "this MPI gives thread level %d, MPI_THREAD_FUNNELED (%d) is needed", level,
            MPI_THREAD_FUNNELED);
    RP_MPI(MPI_Comm_dup(MPI_COMM_WORLD, &copy));
    RP_TRY(wrap(copy, &world.comm));
    rp_abort_hook = abort_all;
    return RP_OK;
}

void rp_world_end(void)
{
    rp_comm_drop(&world.comm);
    rp_abort_hook = NULL;
    int started = 0, ended = 0;
    (void)MPI_Initialized(&started);
    (void)MPI_Finalized(&ended);
    if (started && !ended) (void)MPI_Finalize();
}

_Noreturn void rp_world_abort(int code)
{
    (void)MPI_Abort(MPI_COMM_WORLD, code);
    for (;;) rp_clock_sleep(1); /* MPI_Abort ends this process too; it may take a moment */
}

void rp_world_idle(void (*hook)(void *arg), void *arg)
{
    world.idle = hook;
    world.idle_arg = arg;
}

void rp_backoff_wait(rp_backoff *b)
{
    b->seconds = b->seconds <= 0 ? 1e-6 : b->seconds < 250e-6 ? b->seconds * 2 : 500e-6;
    rp_clock_sleep(b->seconds);
}

const rp_comm *rp_comm_world(void) { return world.comm; }

int rp_comm_rank(const rp_comm *comm) { return comm->rank; }

int rp_comm_size(const rp_comm *comm) { return comm->size; }

int rp_comm_fint(const rp_comm *comm) { return (int)MPI_Comm_c2f(comm->comm); }

void rp_mpi_turn(rp_backoff *backoff, bool progress)
{
    if (world.idle) world.idle(world.idle_arg);
    if (progress)
        *backoff = (rp_backoff){0};
    else
        rp_backoff_wait(backoff);
}

rp_status rp_mpi_wait(MPI_Request *request)
{
    rp_backoff backoff = {0};
    for (int done = 0;;) {
        RP_MPI(MPI_Test(request, &done, MPI_STATUS_IGNORE));
        if (done) return RP_OK;
        rp_mpi_turn(&backoff, false);
    }
}

rp_status rp_mpi_done(int n, MPI_Request request[], bool *done)
{
    int all = 0;
    RP_MPI(MPI_Testall(n, request, &all, MPI_STATUSES_IGNORE));
    *done = all;
    return RP_OK;
}

void rp_mpi_cancel(MPI_Request *request)
{
    if (*request == MPI_REQUEST_NULL) return;
    (void)MPI_Cancel(request);
    (void)MPI_Request_free(request);
}

rp_status rp_comm_split(const rp_comm *comm, int color, int key, rp_comm **out)
{
    MPI_Comm part = MPI_COMM_NULL;
    rp_comm *c = NULL;
    RP_TRY(rp_comm_barrier(comm));
    RP_MPI(MPI_Comm_split(comm->comm, color < 0 ? MPI_UNDEFINED : color, key, &part));
    RP_TRY(rp_comm_agree(comm, part == MPI_COMM_NULL ? RP_OK : wrap(part, &c)));
    *out = c;
    return RP_OK;
}

rp_status rp_comm_copy(const rp_comm *comm, rp_comm **out)
{
    return rp_comm_split(comm, 0, comm->rank, out);
}

void rp_comm_drop(rp_comm **comm)
{
    if (!*comm) return;
    (void)!rp_comm_barrier(*comm); /* a broken world shows at the next call */
    (void)MPI_Comm_free(&(*comm)->comm);
    rp_free(*comm);
    *comm = NULL;
}

rp_status rp_comm_node_list(const rp_comm *comm, int node_of_rank[])
{
    MPI_Comm near = MPI_COMM_NULL;
    RP_TRY(rp_comm_barrier(comm));
    RP_MPI(MPI_Comm_split_type(comm->comm, MPI_COMM_TYPE_SHARED, comm->rank, MPI_INFO_NULL, &near));
    /* The key orders a node's ranks as comm does: its rank 0 is its lowest one. */
    int lowest = comm->rank;
    const int rc = MPI_Bcast(&lowest, 1, MPI_INT, 0, near);
    (void)MPI_Comm_free(&near);
    RP_MPI(rc);
    RP_TRY(rp_mpi_allgather(comm, (int)sizeof lowest, &lowest, node_of_rank));
    for (int r = 0, nodes = 0; r < comm->size; r++)
        node_of_rank[r] = node_of_rank[r] == r ? nodes++ : node_of_rank[node_of_rank[r]];
    return RP_OK;
}

rp_status rp_comm_node(const rp_comm *comm, int *node, int *nodes)
{
    RP_AUTOFREE int *list = NULL;
    RP_TRY(rp_comm_agree(comm, rp_alloc(comm->size, sizeof *list, &list)));
    RP_TRY(rp_comm_node_list(comm, list));
    int most = 0;
    for (int r = 0; r < comm->size; r++) most = list[r] > most ? list[r] : most;
    *node = list[comm->rank];
    *nodes = most + 1;
    return RP_OK;
}
