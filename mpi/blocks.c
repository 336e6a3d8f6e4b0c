/* mpi/blocks.c - blocks of bytes of any size between ranks: to a root, and from each to each.
 *
 * 1. Whether memory suffices is agreed on before bytes move, so that a rank without memory does
 *    not leave the others waiting.
 * 2. Blocks travel in pieces of at most PIECE bytes.  Pieces between two ranks keep their order.
 */
#include "mpi/comm_priv.h"

#include <string.h>

void rp_blocks_clear(rp_blocks *blocks)
{
    rp_free(blocks->first);
    rp_free(blocks->bytes);
    *blocks = (rp_blocks){0};
}

/* Room for blocks of these lengths, one a rank. */
static rp_status make_room(const rp_comm *comm, const int64_t length[], rp_blocks *blocks)
{
    RP_TRY(rp_alloc(comm->size + 1, sizeof(int64_t), &blocks->first));
    blocks->count = comm->size;
    for (int r = 0; r < comm->size; r++) blocks->first[r + 1] = blocks->first[r] + length[r];
    return rp_alloc_raw(blocks->first[comm->size], 1, &blocks->bytes);
}

/* Pieces of all blocks but this rank's own. */
static int64_t pieces_of(const rp_comm *comm, const int64_t first[])
{
    int64_t pieces = 0;
    for (int r = 0; r < comm->size; r++)
        if (r != comm->rank) pieces += (first[r + 1] - first[r] + PIECE - 1) / PIECE;
    return pieces;
}

/* Starts to receive the block of rank r, or to send it, piece by piece. */
static rp_status begin(const rp_comm *comm, bool sends, int r, int64_t n, char *bytes,
                       int64_t *requests, MPI_Request request[])
{
    RP_ASSERT(request); /* all agreed that there is memory */
    for (int64_t at = 0; at < n; at += PIECE) {
        const int piece = (int)(n - at < PIECE ? n - at : PIECE);
        MPI_Request *to = &request[(*requests)++];
        *to = MPI_REQUEST_NULL;
        if (sends)
            RP_MPI(MPI_Isend(bytes + at, piece, MPI_BYTE, r, RP_TAG_GATHER, comm->comm, to));
        else
            RP_MPI(MPI_Irecv(bytes + at, piece, MPI_BYTE, r, RP_TAG_GATHER, comm->comm, to));
    }
    return RP_OK;
}

/* All blocks but this rank's own. */
static rp_status begin_all(const rp_comm *comm, bool sends, const int64_t first[], char *bytes,
                           int64_t *requests, MPI_Request request[])
{
    for (int k = 1; k < comm->size; k++) {
        const int r = (comm->rank + k) % comm->size; /* not all to one at once */
        RP_TRY(begin(comm, sends, r, first[r + 1] - first[r], bytes + first[r], requests, request));
    }
    return RP_OK;
}

static rp_status end_all(int64_t requests, MPI_Request request[])
{
    for (int64_t i = 0; i < requests; i++) RP_TRY(rp_mpi_wait(&request[i]));
    return RP_OK;
}

rp_status rp_comm_gather(const rp_comm *comm, int root, int64_t n, const void *bytes,
                         rp_blocks *out)
{
    RP_BLOCKS_AUTO blocks = {0};
    RP_AUTOFREE int64_t *length = NULL;
    RP_AUTOFREE MPI_Request *request = NULL;
    int64_t requests = 0;
    RP_TRY(rp_comm_agree(comm, rp_alloc(comm->size, sizeof *length, &length)));
    RP_TRY(rp_mpi_allgather(comm, sizeof n, &n, length));
    const bool mine = comm->rank == root;
    rp_status st = mine ? make_room(comm, length, &blocks) : RP_OK;
    const int64_t pieces = !mine         ? (n + PIECE - 1) / PIECE
                           : st == RP_OK ? pieces_of(comm, blocks.first)
                                         : 0;
    if (st == RP_OK) st = rp_alloc_raw(pieces, sizeof *request, &request);
    RP_TRY(rp_comm_agree(comm, st));
    if (!mine) {
        RP_TRY(begin(comm, true, root, n, (char *)(uintptr_t)bytes, &requests, request));
        return end_all(requests, request);
    }
    if (n > 0) memcpy(blocks.bytes + blocks.first[root], bytes, (size_t)n);
    RP_TRY(begin_all(comm, false, blocks.first, blocks.bytes, &requests, request));
    RP_TRY(end_all(requests, request));
    *out = blocks;
    blocks = (rp_blocks){0};
    return RP_OK;
}

/* Lengths of all blocks: own ones, and those that come. */
static rp_status tell_lengths(const rp_comm *comm, const int64_t first[], int64_t length[])
{
    MPI_Request wait;
    int64_t *own = length + comm->size;
    for (int r = 0; r < comm->size; r++) own[r] = first[r + 1] - first[r];
    RP_MPI(MPI_Ialltoall(own, 1, MPI_INT64_T, length, 1, MPI_INT64_T, comm->comm, &wait));
    return rp_mpi_wait(&wait);
}

rp_status rp_comm_exchange(const rp_comm *comm, const int64_t first[], const void *bytes,
                           rp_blocks *out)
{
    RP_BLOCKS_AUTO blocks = {0};
    RP_AUTOFREE int64_t *length = NULL; /* [2 size]: coming, going */
    RP_AUTOFREE MPI_Request *request = NULL;
    const int own = comm->rank;
    int64_t requests = 0;
    RP_TRY(rp_comm_agree(comm, rp_alloc(2 * (int64_t)comm->size, sizeof *length, &length)));
    RP_TRY(tell_lengths(comm, first, length));
    rp_status st = make_room(comm, length, &blocks);
    if (st == RP_OK)
        st = rp_alloc_raw(pieces_of(comm, first) + pieces_of(comm, blocks.first), sizeof *request,
                          &request);
    RP_TRY(rp_comm_agree(comm, st));
    char *going = (char *)(uintptr_t)bytes; /* MPI's receive and send share a call here */
    if (first[own + 1] > first[own])
        memcpy(blocks.bytes + blocks.first[own], going + first[own],
               (size_t)(first[own + 1] - first[own]));
    RP_TRY(begin_all(comm, false, blocks.first, blocks.bytes, &requests, request));
    RP_TRY(begin_all(comm, true, first, going, &requests, request));
    RP_TRY(end_all(requests, request));
    *out = blocks;
    blocks = (rp_blocks){0};
    return RP_OK;
}
