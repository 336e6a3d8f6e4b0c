/* tests/ranks/farm_ranks.c - tasks over ranks.
 *
 * usage: farm_ranks CASE JOURNAL_FOLDER
 *   plain    20 tasks; some fail by their data, one after another way of failing
 *   stop     rank SIZE-1 is asked to stop after its third task
 *   full     task 7 finds the disk full
 *   die      task 7 kills its process
 *   go       as plain, after what the journals in the folder say
 * Journals are lines "KIND TASK TEXT" in FOLDER/NUMBER; an old start's are kept. */
#include "lib/base/clock.h"
#include "lib/base/random.h"
#include "mpi/farm.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TASKS = 20, RECORDS = 4000 };

typedef struct state {
    const char *what;
    int rank, runs, at_once, most_at_once; /* the last three under the lock of __atomic */
    FILE *journal;
    int64_t seen_done;
} state;

static rp_status run(void *arg, int64_t task, rp_text *result)
{
    state *s = arg;
    const int now = __atomic_add_fetch(&s->at_once, 1, __ATOMIC_SEQ_CST);
    rp_random r;
    rp_random_start(1, RP_RANDOM_DELAY, (uint64_t)task, &r);
    rp_clock_sleep(rp_random_range(&r, 0, 0.02));
    __atomic_add_fetch(&s->runs, 1, __ATOMIC_SEQ_CST);
    if (now > s->most_at_once) s->most_at_once = now;
    (void)__atomic_sub_fetch(&s->at_once, 1, __ATOMIC_SEQ_CST);
    if (task == 7 && strcmp(s->what, "die") == 0) (void)kill(getpid(), SIGKILL);
    RP_NEED(task != 7 || strcmp(s->what, "full") != 0, RP_ESPACE, "no space for task 7");
    RP_NEED(task % 6 != 5, RP_EDATA, "case %" PRId64 " is damaged", task);
    RP_NEED(task != 12, RP_ENUM, "case 12 has no finite mean");
    for (int64_t i = 0; i <= task; i++) rp_text_add(result, "%" PRId64 ".", i * task);
    return RP_OK;
}

static rp_status append(void *arg, rp_farm_kind kind, int64_t task, int64_t n, const char *bytes)
{
    state *s = arg;
    fprintf(s->journal, "%d %" PRId64 " %.*s\n", (int)kind, task, (int)n, bytes);
    fflush(s->journal);
    return RP_OK;
}

static bool stop(void *arg)
{
    const state *s = arg;
    return strcmp(s->what, "stop") == 0 && __atomic_load_n(&s->runs, __ATOMIC_SEQ_CST) >= 3;
}

static void progress(void *arg, int64_t done, int64_t tasks, double cost_done)
{
    state *s = arg;
    if (done != s->seen_done + 1 || done > tasks || cost_done <= 0) printf("progress goes from %d to %d\n", (int)s->seen_done, (int)done);
    s->seen_done = done;
}

static int64_t read_journals(const char *folder, rp_farm_record record[])
{
    int64_t n = 0;
    for (int k = 0; k < 16; k++) {
        char path[4096], line[2000];
        snprintf(path, sizeof path, "%s/%d", folder, k);
        FILE *f = fopen(path, "r");
        if (!f) continue;
        while (fgets(line, sizeof line, f) && n < RECORDS) {
            line[strcspn(line, "\n")] = 0;
            char *end;
            const int kind = (int)strtol(line, &end, 10);
            const int64_t task = strtoll(end, &end, 10);
            char *bytes = strdup(*end ? end + 1 : end);
            record[n++] = (rp_farm_record){k, kind, task, (int64_t)strlen(bytes), bytes};
        }
        fclose(f);
    }
    return n;
}

static void print_results(const rp_farm_results *r)
{
    static const char *const name[] = {"open", "done", "failed", "skipped"};
    for (int64_t t = 0; t < r->tasks; t++)
        printf("task %" PRId64 " %s%s %s: %s\n", t, name[r->result[t].state], r->result[t].alone ? " alone" : "",
               rp_status_text(r->result[t].status), r->result[t].bytes);
}

int main(int argc, char **argv)
{
    if (rp_world_start(&argc, &argv) != RP_OK || argc < 3) return 9;
    static rp_farm_record record[RECORDS];
    const rp_comm *world = rp_comm_world();
    state s = {.what = argv[1], .rank = rp_comm_rank(world)};
    double cost[TASKS];
    for (int t = 0; t < TASKS; t++) cost[t] = 1 + (t * 7) % 5;
    rp_farm_settings set = {.comm = world, .tasks = TASKS, .cost = cost, .run = run, .arg = &s, .append = append,
                            .append_arg = &s, .concurrency = 2, .stop = stop, .stop_arg = &s, .progress = progress,
                            .progress_arg = &s, .results_everywhere = rp_comm_size(world) % 2};
    if (strcmp(s.what, "stop") == 0 && s.rank != rp_comm_size(world) - 1) set.stop = NULL;
    if (s.rank == 0) {
        set.records = read_journals(argv[2], record);
        set.record = record;
        for (int64_t i = 0; i < set.records; i++) {
            bool again = false;
            for (int64_t k = 0; k < i; k++) again = again || (record[k].task == record[i].task && record[k].kind >= 3 && record[k].kind <= 6 && record[k].kind != 5);
            s.seen_done += !again && record[i].kind >= 3 && record[i].kind <= 6 && record[i].kind != 5;
        }
    }
    if (rp_comm_barrier(world) != RP_OK) return 9;
    char path[4096];
    snprintf(path, sizeof path, "%s/%d", argv[2], s.rank);
    s.journal = fopen(path, "a");
    rp_pool *pool = NULL;
    rp_farm_results *results = NULL;
    if (!s.journal || rp_pool_new(2, &pool) != RP_OK) return 9;
    const rp_status st = rp_farm_run(&set, pool, &results);
    if (st != RP_OK) printf("rank %d: %s: %s\n", s.rank, rp_status_text(st), rp_error_message());
    /* The last rank shows that it has them too. */
    if (results && s.rank == (set.results_everywhere ? rp_comm_size(world) - 1 : 0)) print_results(results);
    int64_t runs = s.runs;
    if (st == RP_OK && rp_comm_sum_i64(world, 1, &runs) == RP_OK && s.rank == 0)
        printf("ran %" PRId64 ", at once %s\n", runs, s.most_at_once <= 2 ? "2" : "too many");
    fflush(stdout);
    rp_farm_results_drop(&results);
    rp_pool_drop(&pool);
    fclose(s.journal);
    rp_world_end();
    return rp_status_exit(st);
}
