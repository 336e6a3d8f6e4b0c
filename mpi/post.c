/* mpi/post.c - letters between ranks.
 *
 * A letter is a header, then its bytes.  The receive of one header from anyone is always posted,
 * but while a letter is being received or waits to be taken; its bytes are received from that
 * sender. */
#include "mpi/post.h"

#include "mpi/comm_priv.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>

typedef struct letter {
    struct letter *next;
    int to;
    int64_t head[2]; /* number, bytes */
    char *bytes;
    MPI_Request request[2];
} letter;

struct rp_post {
    rp_comm *comm;
    letter *first; /* on their way */
    int64_t head[2];
    MPI_Request head_request, body_request;
    int from;
    enum { POST_LISTENS, POST_RECEIVES, POST_HOLDS } state;
    char *bytes;
    int64_t capacity;
};

static rp_status listen(rp_post *p)
{
    p->state = POST_LISTENS;
    RP_MPI(MPI_Irecv(p->head, 2, MPI_INT64_T, MPI_ANY_SOURCE, RP_TAG_POST, p->comm->comm,
                     &p->head_request));
    return RP_OK;
}

rp_status rp_post_new(const rp_comm *comm, rp_post **out)
{
    rp_post *p = NULL;
    rp_status st = rp_alloc(1, sizeof *p, &p);
    RP_TRY(rp_comm_agree(comm, st));
    p->head_request = p->body_request = MPI_REQUEST_NULL;
    st = rp_comm_copy(comm, &p->comm);
    if (st == RP_OK) st = listen(p);
    if (st != RP_OK) {
        rp_free(p);
        return st;
    }
    *out = p;
    return RP_OK;
}

void rp_post_drop(rp_post **post)
{
    rp_post *p = *post;
    if (!p) return;
    rp_mpi_cancel(&p->head_request);
    rp_mpi_cancel(&p->body_request);
    for (letter *l = p->first, *next; l; l = next) {
        next = l->next;
        rp_mpi_cancel(&l->request[0]);
        rp_mpi_cancel(&l->request[1]);
        rp_free(l->bytes);
        rp_free(l);
    }
    rp_comm_drop(&p->comm);
    rp_free(p->bytes);
    rp_free(p);
    *post = NULL;
}

rp_status rp_post_send(rp_post *p, int to, int64_t number, int64_t n, const void *bytes)
{
    RP_NEED(n >= 0 && n <= INT_MAX && to >= 0 && to < p->comm->size, RP_EARG,
            "a letter of %" PRId64 " bytes to rank %d", n, to);
    letter *l;
    RP_TRY(rp_alloc(1, sizeof *l, &l));
    const rp_status st = rp_alloc_raw(n, 1, &l->bytes);
    if (st != RP_OK) {
        rp_free(l);
        return st;
    }
    if (n) memcpy(l->bytes, bytes, (size_t)n);
    l->to = to;
    l->head[0] = number;
    l->head[1] = n;
    l->request[0] = l->request[1] = MPI_REQUEST_NULL;
    letter **end = &p->first;
    while (*end) end = &(*end)->next;
    *end = l;
    RP_MPI(MPI_Isend(l->head, 2, MPI_INT64_T, to, RP_TAG_POST, p->comm->comm, &l->request[0]));
    if (n)
        RP_MPI(MPI_Isend(l->bytes, (int)n, MPI_BYTE, to, RP_TAG_POST_BODY, p->comm->comm,
                         &l->request[1]));
    return RP_OK;
}

static rp_status step_sends(rp_post *p, bool *progress)
{
    for (letter **at = &p->first; *at;) {
        letter *l = *at;
        bool done;
        RP_TRY(rp_mpi_done(2, l->request, &done));
        if (!done) {
            at = &l->next;
            continue;
        }
        *progress = true;
        *at = l->next;
        rp_free(l->bytes);
        rp_free(l);
    }
    return RP_OK;
}

rp_status rp_post_step(rp_post *p, bool *progress)
{
    RP_TRY(step_sends(p, progress));
    int flag = 0;
    if (p->state == POST_LISTENS) {
        MPI_Status status;
        RP_MPI(MPI_Test(&p->head_request, &flag, &status));
        if (!flag) return RP_OK;
        *progress = true;
        p->from = status.MPI_SOURCE;
        RP_NEED(p->head[1] >= 0 && p->head[1] <= INT_MAX, RP_EPEER,
                "rank %d announces a letter of %" PRId64 " bytes", p->from, p->head[1]);
        if (p->head[1] == 0) {
            p->state = POST_HOLDS;
            return RP_OK;
        }
        RP_TRY(rp_grow(p->head[1], 1, &p->capacity, &p->bytes));
        RP_MPI(MPI_Irecv(p->bytes, (int)p->head[1], MPI_BYTE, p->from, RP_TAG_POST_BODY,
                         p->comm->comm, &p->body_request));
        p->state = POST_RECEIVES;
    }
    if (p->state == POST_RECEIVES) {
        RP_MPI(MPI_Test(&p->body_request, &flag, MPI_STATUS_IGNORE));
        if (!flag) return RP_OK;
        *progress = true;
        p->state = POST_HOLDS;
    }
    return RP_OK;
}

bool rp_post_peek(const rp_post *p, int *from, int64_t *number, int64_t *n, const void **bytes)
{
    if (p->state != POST_HOLDS) return false;
    *from = p->from;
    *number = p->head[0];
    *n = p->head[1];
    *bytes = p->bytes;
    return true;
}

rp_status rp_post_release(rp_post *p)
{
    RP_NEED(p->state == POST_HOLDS, RP_EBUG, "no letter to release");
    return listen(p);
}

bool rp_post_is_idle(const rp_post *p) { return !p->first; }
