/* mpi/collect.c - collective calls between phases: begun, tested, slept over.
 *
 * 1. Whether memory suffices is agreed on before bytes move, so that a rank without memory does
 *    not leave the others waiting.
 * 2. Texts travel in pieces of at most PIECE bytes: MPI counts are ints.
 */
#include "mpi/comm_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

rp_status rp_mpi_allgather(const rp_comm *comm, int n, const void *mine, void *all)
{
    MPI_Request request;
    RP_MPI(MPI_Iallgather(mine, n, MPI_BYTE, all, n, MPI_BYTE, comm->comm, &request));
    return rp_mpi_wait(&request);
}

static rp_status broadcast(const rp_comm *comm, int root, int64_t n, void *bytes)
{
    char *at = bytes;
    while (n > 0) {
        const int64_t piece = n < PIECE ? n : PIECE;
        MPI_Request request;
        RP_MPI(MPI_Ibcast(at, (int)piece, MPI_BYTE, root, comm->comm, &request));
        RP_TRY(rp_mpi_wait(&request));
        at += piece;
        n -= piece;
    }
    return RP_OK;
}

static rp_status reduce(const rp_comm *comm, int64_t n, int64_t x[], MPI_Op op)
{
    RP_NEED(n >= 0 && n <= INT32_MAX, RP_EARG, "a reduction over %" PRId64 " numbers", n);
    MPI_Request request;
    RP_MPI(MPI_Iallreduce(MPI_IN_PLACE, x, (int)n, MPI_INT64_T, op, comm->comm, &request));
    return rp_mpi_wait(&request);
}

rp_status rp_comm_max_i64(const rp_comm *comm, int64_t n, int64_t x[])
{
    return reduce(comm, n, x, MPI_MAX);
}

rp_status rp_comm_sum_i64(const rp_comm *comm, int64_t n, int64_t x[])
{
    return reduce(comm, n, x, MPI_SUM);
}

rp_status rp_comm_agree(const rp_comm *comm, rp_status st)
{
    int64_t lowest = st == RP_OK ? comm->size : comm->rank;
    RP_TRY(reduce(comm, 1, &lowest, MPI_MIN));
    if (lowest == comm->size) return RP_OK;
    rp_error error = {.status = RP_OK};
    if (st != RP_OK) rp_error_take(st, &error);
    RP_TRY(broadcast(comm, (int)lowest, sizeof error.message, error.message));
    if (st != RP_OK) return st;
    RP_FAIL(RP_EPEER, "rank %" PRId64 ": %.440s", lowest, error.message);
}

rp_status rp_comm_first(const rp_comm *comm, rp_status st, int64_t key)
{
    int64_t lowest = st == RP_OK ? INT64_MAX : key;
    RP_TRY(reduce(comm, 1, &lowest, MPI_MIN));
    int64_t who = st != RP_OK && key == lowest ? comm->rank : comm->size;
    RP_TRY(reduce(comm, 1, &who, MPI_MIN));
    if (who == comm->size) return RP_OK;
    rp_error error = {.status = RP_OK};
    if (who == comm->rank) rp_error_take(st, &error);
    RP_TRY(broadcast(comm, (int)who, sizeof error, &error));
    return who == comm->rank ? st : rp_error_put(&error);
}

rp_status rp_comm_barrier(const rp_comm *comm)
{
    MPI_Request request;
    RP_MPI(MPI_Ibarrier(comm->comm, &request));
    return rp_mpi_wait(&request);
}

/* Makes t a text of n bytes that are still to be written. */
static rp_status make_room(rp_text *t, int64_t n)
{
    rp_text_clear(t);
    RP_TRY(rp_grow(n + 1, 1, &t->capacity, &t->at));
    t->length = n;
    return RP_OK;
}

rp_status rp_comm_share(const rp_comm *comm, int root, rp_text *t)
{
    const bool mine = comm->rank == root;
    int64_t n = mine ? t->length : 0;
    RP_TRY(rp_comm_agree(comm, mine ? rp_text_status(t) : RP_OK));
    RP_TRY(broadcast(comm, root, sizeof n, &n));
    RP_TRY(rp_comm_agree(comm, mine ? RP_OK : make_room(t, n)));
    return broadcast(comm, root, n, t->at);
}

/* Where two texts part, a little before it, so that the quoted piece says something. */
static int64_t parting(const char *a, const char *b)
{
    int64_t i = 0;
    while (a[i] && a[i] == b[i]) i++;
    return i > 40 ? i - 20 : 0;
}

static void add_difference(rp_text *report, int rank, const char *what, const char *a,
                           const char *b)
{
    const int64_t at = parting(a, b);
    const char *dots = at ? "..." : "";
    rp_text_add(report, "%sranks 0 and %d disagree on %s: '%s%.60s' and '%s%.60s'",
                report->length ? "\n" : "", rank, what, dots, a + at, dots, b + at);
}

/* A line for each text that is new among those of lower ranks. */
static rp_status compare(const rp_blocks *texts, const char *what, rp_text *report)
{
    for (int r = 1; r < texts->count; r++) {
        const char *mine = texts->bytes + texts->first[r];
        bool is_new = true;
        for (int q = 0; q < r && is_new; q++)
            is_new = strcmp(texts->bytes + texts->first[q], mine) != 0;
        if (is_new) add_difference(report, r, what, texts->bytes, mine);
    }
    return rp_text_status(report);
}

rp_status rp_comm_same(const rp_comm *comm, const char *what, const char *text)
{
    RP_BLOCKS_AUTO texts = {0};
    RP_TEXT_AUTO report = {0};
    RP_TRY(rp_comm_gather(comm, 0, (int64_t)strlen(text) + 1, text, &texts));
    RP_TRY(rp_comm_agree(comm, comm->rank == 0 ? compare(&texts, what, &report) : RP_OK));
    RP_TRY(rp_comm_share(comm, 0, &report));
    RP_NEED(report.length == 0, RP_EUSE, "%s", rp_text_get(&report));
    return RP_OK;
}
