/* tests/ranks/agree_ranks.c - collectives between phases, on any number of ranks. */
#include "lib/base/clock.h"
#include "mpi/world.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void must(rp_status st, const char *what)
{
    if (st == RP_OK) return;
    printf("%s: %s: %s\n", what, rp_status_text(st), rp_error_message());
    fflush(stdout);
    rp_world_abort(9);
}

/* One line a rank, in rank order, by way of the gather. */
static void print_all(const rp_comm *comm, const char *line)
{
    rp_blocks all = {0};
    must(rp_comm_gather(comm, 0, (int64_t)strlen(line) + 1, line, &all), "gather");
    for (int r = 0; r < all.count; r++) printf("rank %d %s\n", r, all.bytes + all.first[r]);
    rp_blocks_clear(&all);
}

static rp_status fail_on(int rank, int bad, int code)
{
    RP_NEED(rank % 3 != bad, (rp_status)code, "file of rank %d is gone", rank);
    return RP_OK;
}

static void agree(const rp_comm *comm)
{
    char line[600];
    const int rank = rp_comm_rank(comm);
    const rp_status good = rp_comm_agree(comm, RP_OK);
    const rp_status st = rp_comm_agree(comm, fail_on(rank, 1, RP_ESPACE));
    snprintf(line, sizeof line, "agree: %d then %s: %s", good, rp_status_text(st),
             st == RP_OK ? "" : rp_error_message());
    print_all(comm, line);
}

/* One failure for all: of the lowest key, whichever rank has it. */
static void first(const rp_comm *comm)
{
    char line[600];
    const int rank = rp_comm_rank(comm), size = rp_comm_size(comm);
    const rp_status good = rp_comm_first(comm, RP_OK, 0);
    const rp_status st = rp_comm_first(comm, fail_on(rank, 1, rank == 1 ? RP_ESPACE : RP_EDATA), size - rank);
    snprintf(line, sizeof line, "first: %d then %s: %s", good, rp_status_text(st), st == RP_OK ? "" : rp_error_message());
    print_all(comm, line);
}

/* Rank r sends rank q (7 r + 3 q) mod 5 times 1000 bytes that tell both, and nothing to its right. */
static int64_t amount(int from, int to, int size)
{
    return to == (from + 1) % size && size > 1 ? 0 : 1000 * ((7 * from + 3 * to) % 5);
}

static void exchange(const rp_comm *comm)
{
    const int rank = rp_comm_rank(comm), size = rp_comm_size(comm);
    int64_t to[64] = {0};
    for (int r = 0; r < size; r++) to[r + 1] = to[r] + amount(rank, r, size);
    char *bytes = malloc((size_t)to[size] + 1), line[100];
    for (int r = 0; r < size; r++) memset(bytes + to[r], 16 * rank + r, (size_t)(to[r + 1] - to[r]));
    rp_blocks got = {0};
    must(rp_comm_exchange(comm, to, bytes, &got), "exchange");
    bool good = got.count == size;
    for (int r = 0; r < size; r++) {
        good = good && got.first[r + 1] - got.first[r] == amount(r, rank, size);
        for (int64_t i = got.first[r]; i < got.first[r + 1]; i++) good = good && got.bytes[i] == (char)(16 * r + rank);
    }
    rp_blocks_clear(&got);
    free(bytes);
    snprintf(line, sizeof line, "exchange %d", good);
    print_all(comm, line);
}

static void share_and_gather(const rp_comm *comm)
{
    const int rank = rp_comm_rank(comm), size = rp_comm_size(comm);
    bool good = true;
    for (int64_t n = 0; n <= 300000; n = n * 10 + 3) {
        rp_text t = {0};
        if (rank != size - 1) rp_text_add(&t, "old text");
        for (int64_t i = 0; i < n && rank == size - 1; i++) rp_text_add(&t, "%c", (char)('a' + i % 26));
        must(rp_comm_share(comm, size - 1, &t), "share");
        good = good && t.length == n && strlen(rp_text_get(&t)) == (size_t)n;
        for (int64_t i = 0; i < n; i++) good = good && t.at[i] == 'a' + i % 26;
        rp_blocks all = {0};
        /* Blocks of other lengths a rank, the last one empty. */
        must(rp_comm_gather(comm, 0, rank == size - 1 ? 0 : n - n / (rank + 2), t.at, &all), "gather");
        for (int r = 0; r < all.count; r++) {
            const int64_t m = r == size - 1 ? 0 : n - n / (r + 2);
            good = good && all.first[r + 1] - all.first[r] == m;
            good = good && (m == 0 || memcmp(all.bytes + all.first[r], t.at, (size_t)m) == 0);
        }
        rp_blocks_clear(&all);
        rp_text_clear(&t);
    }
    int64_t x[2] = {rank, -rank}, y[2] = {rank, 1};
    must(rp_comm_max_i64(comm, 2, x), "max");
    must(rp_comm_sum_i64(comm, 2, y), "sum");
    char line[100];
    snprintf(line, sizeof line, "share %d max %" PRId64 " %" PRId64 " sum %" PRId64 " %" PRId64, good,
             x[0], x[1], y[0], y[1]);
    print_all(comm, line);
}

static void same(const rp_comm *comm)
{
    char text[200], line[600];
    const int rank = rp_comm_rank(comm);
    must(rp_comm_same(comm, "version", "1.0"), "same");
    snprintf(text, sizeof text, "%s", rank == 1 ? "b" : rank == 3 ? "c" : "a");
    rp_status st = rp_comm_same(comm, "version", text);
    snprintf(line, sizeof line, "same: %s: %s", rp_status_text(st), rp_error_message());
    print_all(comm, line);
    memset(text, 'x', 150);
    snprintf(text + 150, 20, "tail %d", rank == 0);
    st = rp_comm_same(comm, "job", text);
    snprintf(line, sizeof line, "long: %s", rp_error_message());
    print_all(comm, line);
}

static void groups(const rp_comm *comm)
{
    char line[100];
    const int rank = rp_comm_rank(comm), size = rp_comm_size(comm);
    rp_comm *part = NULL;
    int node, nodes;
    must(rp_comm_split(comm, rank == 0 ? -1 : rank % 2, -rank, &part), "split");
    must(rp_comm_node(comm, &node, &nodes), "node");
    int64_t x = rank;
    if (part) must(rp_comm_sum_i64(part, 1, &x), "sum");
    snprintf(line, sizeof line, "split %d of %d sum %" PRId64 " node %d of %d", part ? rp_comm_rank(part) : -1,
             part ? rp_comm_size(part) : 0, x, node, nodes);
    rp_comm_drop(&part);
    print_all(comm, line);
    (void)size;
}

static int idle_calls;
static void idle(void *arg)
{
    *(int *)arg += 1;
}

/* Waiting burns no CPU and calls the hook. */
static void wait_for_rank_0(const rp_comm *comm)
{
    rp_world_idle(idle, &idle_calls);
    const double cpu = rp_clock_cpu();
    if (rp_comm_rank(comm) == 0) rp_clock_sleep(1);
    must(rp_comm_barrier(comm), "barrier");
    rp_world_idle(NULL, NULL);
    char line[100];
    const double used = rp_clock_cpu() - cpu;
    snprintf(line, sizeof line, "waited: lazy %d hook %d", used < 0.3, idle_calls > 100);
    print_all(comm, line);
}

int main(int argc, char **argv)
{
    must(rp_world_start(&argc, &argv), "start");
    const rp_comm *world = rp_comm_world();
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "assert") == 0) {
        if (rp_comm_rank(world) == rp_comm_size(world) - 1) RP_ASSERT(argc == 77);
        (void)!rp_comm_barrier(world);
    }
    if (strcmp(what, "abort") == 0) {
        if (rp_comm_rank(world) == 0) rp_world_abort(42);
        (void)!rp_comm_barrier(world);
    }
    if (strcmp(what, "kill") == 0) {
        if (rp_comm_rank(world) == rp_comm_size(world) - 1) (void)kill(getpid(), 9);
        for (;;) rp_clock_sleep(1);
    }
    agree(world);
    first(world);
    share_and_gather(world);
    exchange(world);
    same(world);
    groups(world);
    wait_for_rank_0(world);
    if (rp_world_start(&argc, &argv) == RP_EBUG && rp_comm_rank(world) == 0) printf("second start refused\n");
    rp_world_end();
    return 0;
}
