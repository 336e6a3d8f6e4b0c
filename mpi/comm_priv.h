/* mpi/comm_priv.h - what the files of mpi/ share: the communicator, failures of MPI, waiting. */
#pragma once
#include "mpi/tags.h"
#include "mpi/world.h"
#include <mpi.h>
#include <stdbool.h>

/* Bytes of one message: MPI counts are ints. */
#define PIECE ((int64_t)1 << 30)

struct rp_comm {
    MPI_Comm comm;
    int rank, size;
};

/* Turns MPI's code into RP_EPEER with MPI's own words. */
rp_status rp_mpi_failed(int code, const char *file, int line, const char *func);
#define RP_MPI(call)                                                                               \
    do {                                                                                           \
        const int rp_mpi_ = (call);                                                                \
        if (rp_mpi_ != MPI_SUCCESS) return rp_mpi_failed(rp_mpi_, __FILE__, __LINE__, __func__);   \
    } while (0)

/* Between two turns of any loop of mpi/: the idle hook, then a sleep if nothing moved. */
void rp_mpi_turn(rp_backoff *backoff, bool progress);
/* Waits for a request, sleeping, with the idle hook. */
RP_MUST rp_status rp_mpi_wait(MPI_Request *request);
/* True once all n requests have ended (they are MPI_REQUEST_NULL then). */
RP_MUST rp_status rp_mpi_done(int n, MPI_Request request[], bool *done);
/* Ends a request that may never be matched: cancelled, then freed. */
void rp_mpi_cancel(MPI_Request *request);
/* n bytes of each rank to all, in rank order.  Collective. */
RP_MUST rp_status rp_mpi_allgather(const rp_comm *comm, int n, const void *mine, void *all);
/* The same group with messages of its own.  Collective. */
RP_MUST rp_status rp_comm_copy(const rp_comm *comm, rp_comm **out);
