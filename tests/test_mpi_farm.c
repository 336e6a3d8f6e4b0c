/* tests/test_mpi_farm.c - tasks over ranks: the same results anywhere, nothing lost, poison named. */
#include "mpi/farm.h"
#include "tests/harness.h"

#include <stdio.h>
#include <string.h>

/* --- What journals say (no rank needed). */

#define JOURNAL(...) ((const rp_farm_record[]){__VA_ARGS__}), sizeof((rp_farm_record[]){__VA_ARGS__}) / sizeof(rp_farm_record)

static rp_farm_result *replay(const rp_farm_record *record, size_t n)
{
    rp_farm_results *r = NULL;
    cr_assert_eq(rp_farm_replay(3, (int64_t)n, record, &r), RP_OK, "%s", rp_error_message());
    return r->result;
}

static rp_status replay_status(const rp_farm_record *record, size_t n)
{
    rp_farm_results *r = NULL;
    const rp_status st = rp_farm_replay(3, (int64_t)n, record, &r);
    rp_farm_results_drop(&r);
    return st;
}

#define BEGIN(j) {.journal = j, .kind = RP_FARM_BEGIN, .task = -1}
#define START(j, t) {.journal = j, .kind = RP_FARM_START, .task = t}
#define ALONE(j, t) {.journal = j, .kind = RP_FARM_ALONE, .task = t}
#define CRASH(j) {.journal = j, .kind = RP_FARM_CRASH, .task = -1}
#define LEFT(j, t) {.journal = j, .kind = RP_FARM_LEFT, .task = t}
#define RESULT(j, t) {.journal = j, .kind = RP_FARM_RESULT, .task = t, .n = 4, .bytes = "good"}
#define REASON(j, t) {.journal = j, .kind = RP_FARM_REASON, .task = t, .n = 9, .bytes = "ENUM mean"}

Test(replay, knows_results_reasons_and_what_is_left)
{
    rp_farm_result *r = replay(JOURNAL(START(0, 1), START(1, 0), RESULT(0, 1), REASON(1, 0)));
    cr_expect_eq(r[1].state, RP_FARM_IS_DONE);
    cr_expect_str_eq(r[1].bytes, "good");
    cr_expect_eq(r[0].state, RP_FARM_IS_FAILED);
    cr_expect_eq(r[0].status, RP_ENUM);
    cr_expect_str_eq(r[0].bytes, "mean");
    cr_expect_eq(r[2].state, RP_FARM_IS_OPEN);
    cr_expect(!r[2].alone);
}

Test(replay, sends_a_task_alone_after_two_deaths_whatever_journal_tells)
{
    cr_expect(!replay(JOURNAL(START(0, 1)))[1].alone);
    cr_expect(replay(JOURNAL(START(0, 1), BEGIN(0), START(0, 1)))[1].alone);
    cr_expect(replay(JOURNAL(START(0, 1), START(4, 1)))[1].alone);
    /* A failure of the machine is no death, nor is a start that ended elsewhere. */
    cr_expect(!replay(JOURNAL(START(0, 1), START(0, 1), LEFT(0, 1)))[1].alone);
    cr_expect(!replay(JOURNAL(START(0, 1), START(1, 1), LEFT(1, 1)))[1].alone);
}

Test(replay, gives_up_after_a_crash_alone_or_three_deaths_alone)
{
    cr_expect_eq(replay(JOURNAL(START(0, 1), START(0, 1), ALONE(0, 1), ALONE(1, 1)))[1].state, RP_FARM_IS_OPEN);
    rp_farm_result *r = replay(JOURNAL(ALONE(0, 1), ALONE(1, 1), BEGIN(0), ALONE(0, 1)));
    cr_expect_eq(r[1].state, RP_FARM_IS_SKIPPED);
    cr_expect_str_eq(r[1].bytes, "given up: the program died three times while it ran alone");
    r = replay(JOURNAL(START(0, 1), START(0, 1), ALONE(0, 1), CRASH(0)));
    cr_expect_eq(r[1].state, RP_FARM_IS_SKIPPED);
    cr_expect_str_eq(r[1].bytes, "given up: the program crashed while it ran alone");
    /* The crash is another task's, or another start's, or another rank's. */
    cr_expect_eq(replay(JOURNAL(ALONE(0, 1), BEGIN(0), START(0, 2), CRASH(0)))[1].state, RP_FARM_IS_OPEN);
    cr_expect_eq(replay(JOURNAL(ALONE(0, 1), BEGIN(0), CRASH(0)))[1].state, RP_FARM_IS_OPEN);
    cr_expect_eq(replay(JOURNAL(ALONE(0, 1), CRASH(1)))[1].state, RP_FARM_IS_OPEN);
    cr_expect_eq(replay(JOURNAL(ALONE(0, 1), RESULT(0, 1), CRASH(0)))[1].state, RP_FARM_IS_DONE);
}

Test(replay, refuses_journals_that_cannot_be)
{
    cr_expect_eq(replay_status(JOURNAL(START(0, 3))), RP_EDATA);
    cr_expect_eq(replay_status(JOURNAL(START(0, -1))), RP_EDATA);
    cr_expect_eq(replay_status(JOURNAL({.kind = 99, .task = 1})), RP_EDATA);
    cr_expect_eq(replay_status(JOURNAL({.kind = RP_FARM_REASON, .task = 1, .n = 3, .bytes = "bad"})), RP_EDATA);
    cr_expect_eq(replay_status(JOURNAL(RESULT(0, 1), {.kind = RP_FARM_RESULT, .task = 1, .n = 3, .bytes = "bad"})),
                 RP_EDATA);
    cr_expect_eq(replay_status(JOURNAL(RESULT(0, 1), RESULT(2, 1))), RP_OK);
    no_leaks();
}

/* --- On ranks. */

static char out[1 << 16];

static int launch(int ranks, const char *what, const char *folder)
{
    const char *program = build_path("tests/ranks/farm_ranks");
    if (ranks == 1) return run_command(50, out, sizeof out, "exec %s %s %s", program, what, folder);
    return run_command(50, out, sizeof out, "mpirun --bind-to none -np %d %s %s %s", ranks, program, what, folder);
}

/* What tests/ranks/farm_ranks.c gives for its 20 tasks; skipped: a task that was given up, or -1. */
static const char *by_hand(int skipped)
{
    static char text[8000];
    size_t n = 0;
    for (int t = 0; t < 20; t++) {
        if (t == skipped)
            n += (size_t)snprintf(text + n, sizeof text - n,
                                  "task %d skipped alone data that are damaged or not what they say: given up: the "
                                  "program died three times while it ran alone\n", t);
        else if (t % 6 == 5)
            n += (size_t)snprintf(text + n, sizeof text - n,
                                  "task %d failed data that are damaged or not what they say: case %d is damaged\n", t, t);
        else if (t == 12)
            n += (size_t)snprintf(text + n, sizeof text - n,
                                  "task 12 failed number that is not finite: case 12 has no finite mean\n");
        else {
            n += (size_t)snprintf(text + n, sizeof text - n, "task %d done no error: ", t);
            for (int i = 0; i <= t; i++) n += (size_t)snprintf(text + n, sizeof text - n, "%d.", i * t);
            n += (size_t)snprintf(text + n, sizeof text - n, "\n");
        }
    }
    return text;
}

/* Output without the marks of tasks that ran alone: these depend on what else was open. */
static void expect_results(int skipped)
{
    char want[8000], got[1 << 16];
    size_t n = 0;
    strcpy(want, by_hand(skipped));
    for (const char *p = out; *p; p++) {
        if (strncmp(p, "done alone", 10) == 0 || strncmp(p, "failed alone", 12) == 0) {
            const size_t k = strcspn(p, " ");
            memcpy(got + n, p, k);
            n += k;
            p += k + 5;
            if (*p == 'e') continue;
        }
        got[n++] = *p;
    }
    got[n] = 0;
    cr_expect(strstr(got, want), "%s\nwanted\n%s", got, want);
}

Test(farm, gives_the_same_results_on_1_2_3_and_5_ranks, .timeout = 110)
{
    const int ranks[] = {1, 2, 3, 5};
    for (int i = 0; i < 4; i++) {
        const char *folder = scratch_folder("farm-plain");
        cr_assert_eq(launch(ranks[i], "plain", folder), 0, "%s", out);
        expect_results(-1);
        cr_expect(strstr(out, "ran 20, at once 2"), "%s", out);
        cr_expect(!strstr(out, "progress goes"), "%s", out);
    }
}

Test(farm, goes_on_where_it_was_stopped_and_runs_nothing_twice, .timeout = 110)
{
    const char *folder = scratch_folder("farm-stop");
    cr_assert_eq(launch(3, "stop", folder), 75, "%s", out);
    int done = 0;
    const char *message = strstr(out, "stopped with ");
    cr_assert(message, "%s", out);
    sscanf(message, "stopped with %d of 20 tasks done; start again to go on", &done);
    cr_expect(done >= 3 && done < 20, "%s", out);
    cr_assert_eq(launch(2, "go", folder), 0, "%s", out);
    char want[40];
    snprintf(want, sizeof want, "ran %d,", 20 - done);
    expect_results(-1);
    cr_expect(strstr(out, want), "%s, wanted %s", out, want);
    cr_assert_eq(launch(3, "go", folder), 0, "%s", out);
    expect_results(-1);
    cr_expect(strstr(out, "ran 0,"), "%s", out);
}

Test(farm, stops_everywhere_when_the_machine_fails_and_goes_on_later, .timeout = 110)
{
    const char *folder = scratch_folder("farm-full");
    const int rc = launch(3, "full", folder);
    cr_expect(rc == 73 || rc == 76, "exit %d: %s", rc, out);
    cr_expect(strstr(out, "no space left on the device: no space for task 7"), "%s", out);
    cr_expect(strstr(out, "another rank failed: rank "), "%s", out);
    cr_assert_eq(launch(3, "go", folder), 0, "%s", out);
    expect_results(-1);
}

Test(farm, names_a_task_that_kills_the_program_and_does_the_rest, .timeout = 110)
{
    const char *folder = scratch_folder("farm-die");
    cr_expect_eq(launch(2, "die", folder), 137, "%s", out);
    for (int i = 0; i < 4; i++) cr_expect_eq(launch(1, "die", folder), 137, "start %d: %s", i + 2, out);
    cr_assert_eq(launch(3, "die", folder), 0, "%s", out);
    expect_results(7);
}
