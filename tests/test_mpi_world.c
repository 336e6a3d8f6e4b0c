/* tests/test_mpi_world.c - start, end, verdicts and the watchdog of a group of ranks. */
#include "lib/base/clock.h"
#include "tests/harness.h"

#include <stdio.h>
#include <string.h>

static char out[1 << 16];

static int launch(int ranks, const char *args)
{
    return run_command(50, out, sizeof out, "mpirun --bind-to none -np %d %s", ranks, build_path(args));
}

static int count(const char *what)
{
    int n = 0;
    for (const char *p = out; (p = strstr(p, what)); p++) n++;
    return n;
}

Test(world, agrees_shares_gathers_and_splits_on_5_ranks, .timeout = 60)
{
    cr_assert_eq(launch(5, "tests/ranks/agree_ranks"), 0, "%s", out);
    cr_expect_eq(count("agree: 0 then no space left on the device: file of rank 1 is gone"), 1, "%s", out);
    cr_expect_eq(count("agree: 0 then no space left on the device: file of rank 4 is gone"), 1);
    cr_expect_eq(count("agree: 0 then another rank failed: rank 1: file of rank 1 is gone"), 3);
    cr_expect_eq(count("first: 0 then data that are damaged or not what they say: file of rank 4 is gone"), 5, "%s", out);
    cr_expect_eq(count("share 1 max 4 0 sum 10 5"), 5);
    cr_expect_eq(count("exchange 1"), 5);
    cr_expect_eq(count("same: wrong use: command line, job file or settings: ranks 0 and 1 disagree on version: 'a' and 'b'\n"
                       "ranks 0 and 3 disagree on version: 'a' and 'c'"), 5);
    cr_expect_eq(count("long: ranks 0 and 1 disagree on job: '...xxxxxxxxxxxxxxxtail 1' and '...xxxxxxxxxxxxxxxtail 0'"), 5);
    cr_expect_eq(count("rank 0 split -1 of 0 sum 0 node 0 of 1"), 1);
    cr_expect_eq(count("rank 1 split 1 of 2 sum 4 node 0 of 1"), 1);
    cr_expect_eq(count("rank 3 split 0 of 2 sum 4 node 0 of 1"), 1);
    cr_expect_eq(count("rank 4 split 0 of 2 sum 6 node 0 of 1"), 1);
    cr_expect_eq(count("waited: lazy 1"), 5);
    cr_expect_geq(count("lazy 1 hook 1"), 4);
    cr_expect_eq(count("second start refused"), 1);
}

Test(world, is_one_rank_without_mpirun, .timeout = 60)
{
    cr_assert_eq(run_command(50, out, sizeof out, "%s", build_path("tests/ranks/agree_ranks")), 0, "%s", out);
    cr_expect_eq(count("rank 0 agree: 0 then no error"), 1, "%s", out);
    cr_expect_eq(count("share 1 max 0 0 sum 0 1"), 1);
    cr_expect_eq(count("exchange 1"), 1);
}

Test(world, ends_all_ranks_when_one_aborts_or_breaks_an_invariant, .timeout = 110)
{
    cr_expect_eq(launch(3, "tests/ranks/agree_ranks abort"), 42, "%s", out);
    cr_expect_eq(launch(3, "tests/ranks/agree_ranks assert"), 70, "%s", out);
    cr_expect(strstr(out, "does not hold: argc == 77"), "%s", out);
}

Test(world, ends_within_10_s_of_a_kill, .timeout = 60)
{
    const double start = rp_clock_now();
    cr_expect_eq(launch(4, "tests/ranks/agree_ranks kill"), 137, "%s", out);
    cr_expect_lt(rp_clock_now() - start, 10);
}

Test(watch, lets_ranks_wait_while_no_work_is_open, .timeout = 60)
{
    cr_expect_eq(launch(3, "tests/ranks/watch_ranks calm"), 0, "%s", out);
    cr_expect(strstr(out, "ended in peace"), "%s", out);
}

Test(watch, tells_what_all_ranks_wait_for_when_nothing_moves, .timeout = 60)
{
    cr_expect_eq(launch(3, "tests/ranks/watch_ranks stuck"), 70, "%s", out);
    cr_expect(strstr(out, "no progress on any rank for 1.2 s while work is open"), "%s", out);
    for (int r = 0; r < 3; r++) {
        char want[60];
        snprintf(want, sizeof want, "work is open: waits for sample %d", 100 + r);
        cr_expect(strstr(out, want), "%s", out);
    }
}

Test(watch, finds_a_stopped_rank, .timeout = 60)
{
    cr_expect_eq(launch(3, "tests/ranks/watch_ranks stop 2"), 70, "%s", out);
    cr_expect(strstr(out, "alarm on rank 0"), "%s", out);
    cr_expect(strstr(out, "rank 2 is silent for 1.5 s"), "%s", out);
}

Test(watch, finds_that_rank_0_has_stopped, .timeout = 60)
{
    cr_expect_eq(launch(3, "tests/ranks/watch_ranks stop 0"), 70, "%s", out);
    cr_expect(strstr(out, "rank 0 does not answer rank "), "%s", out);
}

Test(watch, is_patient_with_who_said_that_it_would_be_away, .timeout = 60)
{
    cr_expect_eq(launch(3, "tests/ranks/watch_ranks grace 1"), 0, "%s", out);
    cr_expect_eq(launch(3, "tests/ranks/watch_ranks grace 0"), 0, "%s", out);
}
