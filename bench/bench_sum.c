/* bench/bench_sum.c - the sum of gradients over ranks: ours, the same bits for any number of ranks,
 * beside MPI_Allreduce, which is not.  A server for tools/bench on rank 0.
 *
 * usage: mpirun -n N bench_sum exchange|allreduce
 *
 * A step sums one gradient of PARAMETERS floats a rank and leaves the result on every rank. */
#include "bench/harness.h"
#include "lib/base/random.h"
#include "mpi/exchange.h"

#include <mpi.h>
#include <stdio.h>
#include <string.h>

enum { PARAMETERS = 5600000 };

typedef struct summing {
    rp_exchange *exchange; /* NULL: MPI_Allreduce */
    float *gradient, *weights;
    int rank, size;
} summing;

static rp_status sum_exchange(summing *s)
{
    bool done = false;
    int first, last;
    int64_t begin, count;
    float *mean;
    RP_TRY(rp_exchange_begin(s->exchange));
    rp_exchange_units(s->exchange, &first, &last);
    for (int u = first; u < last; u++)
        RP_TRY(rp_exchange_put(s->exchange, u, s->gradient, NULL, 1));
    while (!done) RP_TRY(rp_exchange_reduce(s->exchange, &done));
    for (int64_t b = 0; rp_exchange_owned(s->exchange, b, &begin, &count, &mean); b++)
        memcpy(s->weights + begin, mean, (size_t)count * sizeof *mean);
    for (done = false; !done;) RP_TRY(rp_exchange_share(s->exchange, s->weights, &done));
    return RP_OK;
}

static rp_status sum_allreduce(summing *s)
{
    RP_NEED(MPI_Allreduce(s->gradient, s->weights, PARAMETERS, MPI_FLOAT, MPI_SUM,
                          MPI_COMM_WORLD) == MPI_SUCCESS,
            RP_EPEER, "MPI_Allreduce");
    for (int64_t i = 0; i < PARAMETERS; i++)
        s->weights[i] /= (float)s->size; /* the mean, as ours */
    return RP_OK;
}

/* Rank 0 tells the others that a step begins (1) or that all is done (0). */
static rp_status step(void *arg, double *value)
{
    summing *s = arg;
    int go = 1;
    if (s->rank == 0) (void)MPI_Bcast(&go, 1, MPI_INT, 0, MPI_COMM_WORLD);
    RP_TRY(s->exchange ? sum_exchange(s) : sum_allreduce(s));
    double sum = 0;
    for (int64_t i = 0; i < PARAMETERS; i++) sum += (double)s->weights[i];
    *value = sum;
    return RP_OK;
}

static int follow(summing *s)
{
    for (int go = 1;;) {
        double value;
        (void)MPI_Bcast(&go, 1, MPI_INT, 0, MPI_COMM_WORLD);
        if (!go) return 0;
        const rp_status st = step(s, &value);
        if (st != RP_OK) return rp_bench_fail(st);
    }
}

static rp_status start(summing *s, const char *way)
{
    rp_random r;
    s->rank = rp_comm_rank(rp_comm_world());
    s->size = rp_comm_size(rp_comm_world());
    RP_TRY(rp_alloc(PARAMETERS, sizeof(float), &s->gradient));
    RP_TRY(rp_alloc(PARAMETERS, sizeof(float), &s->weights));
    rp_random_start(1, RP_RANDOM_TEST, (uint64_t)s->rank, &r);
    for (int64_t i = 0; i < PARAMETERS; i++) s->gradient[i] = 1 + (float)rp_random_unit(&r);
    return strcmp(way, "exchange") == 0
               ? rp_exchange_new(rp_comm_world(), PARAMETERS, s->size, 0, &s->exchange)
               : RP_OK;
}

int main(int argc, char **argv)
{
    summing s = {0};
    rp_status st = rp_world_start(&argc, &argv);
    if (st == RP_OK && argc != 2) st = RP_EUSE;
    if (st == RP_OK) st = start(&s, argv[1]);
    if (st != RP_OK) return rp_bench_fail(st);
    int code = 0, go = 0;
    if (s.rank == 0) {
        code = rp_bench_serve(step, &s);
        (void)MPI_Bcast(&go, 1, MPI_INT, 0, MPI_COMM_WORLD);
    } else
        code = follow(&s);
    rp_exchange_drop(&s.exchange);
    rp_free(s.gradient);
    rp_free(s.weights);
    rp_world_end();
    return code;
}
