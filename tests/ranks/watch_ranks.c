/* tests/ranks/watch_ranks.c - the watchdog: who hangs is found, who only waits is not.
 *
 * usage: watch_ranks CASE
 *   calm     all step for 2 s, without progress but without open work, then all end
 *   stuck    work is open and nothing moves
 *   stop R   rank R stops itself (SIGSTOP) after half a second
 *   grace R  rank R says that it will be away, and is, for longer than the patience */
#include "lib/base/clock.h"
#include "mpi/watch.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void describe(void *arg, rp_text *text)
{
    rp_text_add(text, "waits for sample %d", 100 + rp_comm_rank(arg));
}

int main(int argc, char **argv)
{
    if (rp_world_start(&argc, &argv) != RP_OK || argc < 2) return 9;
    const rp_comm *world = rp_comm_world();
    const int rank = rp_comm_rank(world), chosen = argc > 2 ? atoi(argv[2]) : -1;
    const bool is_stuck = strcmp(argv[1], "stuck") == 0, is_calm = strcmp(argv[1], "calm") == 0;
    const bool is_grace = strcmp(argv[1], "grace") == 0;
    const rp_watch_settings s = {.beat = 0.1, .silent = 1.5, .stuck = is_grace ? 30 : 1.2, .unanswered = 1.8,
                                 .describe = describe, .arg = (void *)(uintptr_t)world};
    rp_watch *w;
    if (rp_watch_new(world, &s, &w) != RP_OK) return 9;
    const double start = rp_clock_now();
    rp_backoff wait = {0};
    bool away = false;
    for (int64_t turn = 0; rp_clock_now() - start < (is_grace ? 4 : is_calm ? 2 : 20); turn++) {
        const rp_status st = rp_watch_step(w, is_calm || is_stuck ? 7 : turn, !is_calm);
        if (st != RP_OK) {
            printf("alarm on rank %d after %.1f s: %s\n", rank, rp_clock_now() - start, rp_watch_report(w));
            fflush(stdout);
            rp_world_abort(70);
        }
        if (rank == chosen && !away && rp_clock_now() - start > 0.5) {
            away = true;
            if (is_grace) {
                if (rp_watch_grace(w, 5) != RP_OK) return 9;
                rp_clock_sleep(3);
            } else {
                (void)raise(SIGSTOP);
            }
        }
        rp_backoff_wait(&wait);
    }
    rp_watch_drop(&w);
    if (rank == 0) printf("ended in peace\n");
    rp_world_end();
    return 0;
}
