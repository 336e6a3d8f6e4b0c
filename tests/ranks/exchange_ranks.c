/* tests/ranks/exchange_ranks.c - the invariant sum on 1 to N ranks of one launch.
 *
 * Prints a line for each (units, pattern, ranks): hash of the mean as every rank has it after the
 * weights were shared, norm, valid samples, vote, and whether values came through.  Then the same
 * sum as most programs do it, by MPI_Allreduce, to show that the hash can differ. */
#include "lib/base/clock.h"
#include "mpi/exchange.h"
#include "mpi/world.h"
#include "tests/ranks/gradient.h"

#include <inttypes.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

static float gradient[PARAMS], weights[PARAMS];

static void must(rp_status st, const char *what)
{
    if (st == RP_OK) return;
    printf("%s: %s: %s (%s)\n", what, rp_status_text(st), rp_error_message(), rp_error_trail());
    rp_world_abort(9);
}

static void until_reduced(rp_exchange *e)
{
    rp_backoff wait = {0};
    for (bool done = false; !done; rp_backoff_wait(&wait)) must(rp_exchange_reduce(e, &done), "reduce");
}

static void until_shared(rp_exchange *e)
{
    rp_backoff wait = {0};
    for (bool done = false; !done; rp_backoff_wait(&wait))
        must(rp_exchange_share(e, weights, &done), "share");
}

/* Unit numbers of all ranks, gathered between forward and backward. */
static bool gather_works(rp_exchange *e, int units, int first, int last)
{
    double mine[2 * 64], all[2 * 64];
    for (int u = first; u < last; u++) {
        mine[2 * (u - first)] = u;
        mine[2 * (u - first) + 1] = 0.5 * u;
    }
    rp_backoff wait = {0};
    for (bool done = false; !done; rp_backoff_wait(&wait))
        must(rp_exchange_gather(e, 2, mine, all, &done), "gather");
    bool good = true;
    for (int u = 0; u < units; u++) good = good && all[2 * u] == u && all[2 * u + 1] == 0.5 * u;
    return good;
}

static bool values_came(const rp_exchange_result *r, int units, int pattern)
{
    bool good = true;
    for (int u = 0; u < units; u++)
        good = good && r->values[2 * u] == u * 1.25 && r->values[2 * u + 1] == -u &&
               r->is_void[u] == unit_is_void(pattern, u, units);
    return good;
}

static void iterate(rp_exchange *e, const rp_comm *comm, int units, int pattern)
{
    int first, last;
    rp_exchange_result r;
    char hash[17], line[200];
    rp_exchange_units(e, &first, &last);
    must(rp_exchange_begin(e), "begin");
    const bool gathered = gather_works(e, units, first, last);
    for (int u = first; u < last; u++) {
        const double values[2] = {u * 1.25, -u};
        if (unit_is_void(pattern, u, units)) {
            must(rp_exchange_put_void(e, u, values), "put_void");
            continue;
        }
        make_gradient(u, gradient);
        must(rp_exchange_put(e, u, gradient, values, unit_valid(u)), "put");
    }
    memset(gradient, 0x55, sizeof gradient); /* put has no use for it any more */
    rp_exchange_vote(e, rp_comm_rank(comm) == rp_comm_size(comm) - 1 ? 3 : 1);
    until_reduced(e);
    must(rp_exchange_results(e, &r), "results");
    int64_t at, n;
    float *mean;
    for (int64_t i = 0; rp_exchange_owned(e, i, &at, &n, &mean); i++)
        memcpy(weights + at, mean, (size_t)n * sizeof(float));
    until_shared(e);
    hash_floats(weights, hash);
    snprintf(line, sizeof line, "%s norm %a valid %" PRId64 " vote %d values %d gather %d", hash,
             r.squared_norm, r.valid, r.vote, values_came(&r, units, pattern), gathered);
    must(rp_comm_same(comm, "the sum", line), "same");
    if (rp_comm_rank(comm) == 0)
        printf("tree units %d pattern %d ranks %d: %s\n", units, pattern, rp_comm_size(comm), line);
}

static void naive(const rp_comm *comm, int units)
{
    static float sum[PARAMS];
    const int ranks = rp_comm_size(comm), rank = rp_comm_rank(comm);
    char hash[17];
    memset(sum, 0, sizeof sum);
    int valid = 0;
    for (int u = 0; u < units; u++) valid += unit_valid(u);
    for (int u = units * rank / ranks; u < units * (rank + 1) / ranks; u++) {
        make_gradient(u, gradient);
        for (int i = 0; i < PARAMS; i++) sum[i] += gradient[i];
    }
    MPI_Allreduce(sum, weights, PARAMS, MPI_FLOAT, MPI_SUM, MPI_Comm_f2c(rp_comm_fint(comm)));
    for (int i = 0; i < PARAMS; i++) weights[i] /= (float)valid;
    hash_floats(weights, hash);
    if (rank == 0) printf("naive units %d ranks %d: %s\n", units, ranks, hash);
}

static void refusals(const rp_comm *comm)
{
    rp_exchange *e = NULL;
    bool done;
    int first, last;
    rp_exchange_result r;
    const int other = rp_exchange_new(comm, 100 + rp_comm_rank(comm), 4, 0, &e);
    printf("other sizes: %s\n", other == RP_EUSE ? rp_error_message() : "taken");
    if (rp_exchange_new(comm, 100, 65, 0, &e) == RP_EARG) printf("65 units: refused\n");
    must(rp_exchange_new(comm, 100, 4, 0, &e), "new");
    rp_exchange_units(e, &first, &last);
    const bool early = rp_exchange_reduce(e, &done) == RP_EARG && rp_exchange_results(e, &r) == RP_EARG;
    must(rp_exchange_begin(e), "begin");
    const bool unput = rp_exchange_reduce(e, &done) == RP_EARG;
    const bool wrong = rp_exchange_put(e, first + 1, gradient, NULL, 1) == RP_EARG;
    const bool empty = rp_exchange_put(e, first, gradient, NULL, 0) == RP_EARG;
    const bool twice = rp_exchange_begin(e) == RP_EARG;
    printf("misuse refused: %d%d%d%d%d\n", early, unput, wrong, empty, twice);
    rp_exchange_drop(&e);
}

int main(int argc, char **argv)
{
    must(rp_world_start(&argc, &argv), "start");
    const rp_comm *world = rp_comm_world();
    const double start = rp_clock_now();
    for (int ranks = 1; ranks <= rp_comm_size(world); ranks++) {
        rp_comm *part;
        must(rp_comm_split(world, rp_comm_rank(world) < ranks ? 0 : -1, 0, &part), "split");
        for (int i = 1; part && i < argc; i++) {
            const int units = atoi(argv[i]);
            rp_exchange *e;
            must(rp_exchange_new(part, PARAMS, units, 2, &e), "new");
            for (int pattern = 0; pattern < PATTERNS; pattern++) iterate(e, part, units, pattern);
            rp_exchange_drop(&e);
            naive(part, units);
        }
        if (part && ranks == 2) refusals(part);
        rp_comm_drop(&part);
        fflush(stdout);
        must(rp_comm_barrier(world), "barrier");
    }
    if (rp_comm_rank(world) == 0) fprintf(stderr, "seconds %.2f\n", rp_clock_now() - start);
    rp_world_end();
    return 0;
}
