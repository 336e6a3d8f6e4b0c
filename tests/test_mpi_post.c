/* tests/test_mpi_post.c - letters between ranks. */
#include "tests/harness.h"

#include <stdio.h>
#include <string.h>

static void expect_all(const char *out, int ranks, int letters)
{
    char want[96];
    for (int r = 0; r < ranks; r++) {
        snprintf(want, sizeof want, "rank %d took %d letters, 0 wrong; answers add up to %d", r, ranks * letters,
                 r ? 0 : ranks * (ranks - 1) / 2);
        cr_expect(strstr(out, want), "no '%s' in: %s", want, out);
    }
}

Test(post, brings_each_letter_whole_and_in_order, .timeout = 100)
{
    static char out[1 << 14];
    for (int ranks = 1; ranks <= 5; ranks += 2) {
        cr_assert_eq(run_command(90, out, sizeof out, "mpirun --bind-to none -np %d %s 24", ranks,
                                 build_path("tests/ranks/post_ranks")),
                     0, "%s", out);
        expect_all(out, ranks, 24);
    }
}

Test(post, works_without_mpirun, .timeout = 40)
{
    static char out[1 << 14];
    cr_assert_eq(run_command(30, out, sizeof out, "%s 8", build_path("tests/ranks/post_ranks")), 0, "%s", out);
    expect_all(out, 1, 8);
}
