/* tests/test_mpi_channel.c - the sample stream: every split, every sample once, no stall. */
#include "lib/base/checksum.h"
#include "mpi/channel.h"
#include "tests/harness.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What tests/ranks/channel_ranks.c makes of samples 10 .. last: sum of the augmented payloads. */
static uint64_t digest_by_hand(int64_t last)
{
    static const int64_t size[] = {100, 4095, 0, 4097, 32768, 33000, 1, 100000, 5000};
    static unsigned char p[100000];
    uint64_t sum[100];
    for (int64_t s = 10; s <= last; s++) {
        const int64_t n = s % 7 == 3 ? 0 : size[s % 9];
        for (int64_t i = 0; i < n; i++) p[i] = (unsigned char)(s * 31 + i * 7 + 1);
        sum[s - 10] = rp_checksum((size_t)n, p) | 1;
    }
    return rp_checksum((size_t)(last - 9) * 8, sum);
}

Test(channel, carries_each_sample_once_for_every_split_window_and_end, .timeout = 110)
{
    static char out[1 << 17];
    const int rc = run_command(100, out, sizeof out, "mpirun --bind-to none -np 7 %s 1 3",
                               build_path("tests/ranks/channel_ranks"));
    cr_assert_eq(rc, 0, "exit %d: %s", rc, out);
    int lines = 0;
    for (char *line = strtok(out, "\n"); line; line = strtok(NULL, "\n")) {
        const char *at = strstr(line, "window ");
        if (!at) continue;
        const int window = atoi(at + 7), n = 24 + window;
        char want[80];
        snprintf(want, sizeof want, ": %d of %d once, %016" PRIx64, n, n, digest_by_hand(33 + window));
        cr_expect(strstr(line, want), "%s, wanted%s", line, want);
        lines++;
    }
    /* 1 + 3 + 6 + 10 + 15 splits of 3 to 7 ranks, and 1 and 2 ranks folded; 2 windows, 2 ends. */
    cr_expect_eq(lines, 4 * 37, "%d streams", lines);
}

Test(channel, runs_on_one_rank_without_mpirun, .timeout = 40)
{
    char out[4096];
    const int rc = run_command(30, out, sizeof out, "%s 1", build_path("tests/ranks/channel_ranks"));
    cr_assert_eq(rc, 0, "exit %d: %s", rc, out);
    cr_expect(strstr(out, "25 of 25 once"), "%s", out);
}

Test(channel, notices_a_payload_that_changed_on_its_way, .timeout = 40)
{
    char out[4096];
    const int rc = run_command(30, out, sizeof out, "%s damage", build_path("tests/ranks/channel_ranks"));
    cr_expect_eq(rc, 9, "exit %d: %s", rc, out);
    cr_expect(strstr(out, "input or output failed: channel load->augment: sample 19 from rank 0 arrived damaged "
                          "(checksum)"), "%s", out);
}

Test(channel, plans_its_slots)
{
    cr_expect_geq(rp_channel_bytes(4, 1000000, 3, false, true), 4000000);
    cr_expect_lt(rp_channel_bytes(4, 1000000, 3, true, false), 100000);
}

/* Any damage of one word is seen, wherever it is; lengths count; the bytes beside do not. */
Test(checksum, sees_each_flipped_bit_and_each_length)
{
    unsigned char p[104];
    for (int i = 0; i < 104; i++) p[i] = (unsigned char)(i * 37);
    for (size_t n = 0; n < 100; n++) {
        const uint64_t whole = rp_checksum(n, p);
        for (size_t bit = 0; bit < 8 * n; bit++) {
            p[bit / 8] ^= (unsigned char)(1u << bit % 8);
            cr_assert_neq(rp_checksum(n, p), whole, "length %zu bit %zu", n, bit);
            p[bit / 8] ^= (unsigned char)(1u << bit % 8);
        }
        p[n] ^= 255;
        cr_assert_eq(rp_checksum(n, p), whole);
        cr_assert_neq(rp_checksum(n + 1, p), whole);
        p[n] ^= 255;
    }
    const unsigned char zeros[64] = {0};
    for (size_t n = 0; n < 63; n++) cr_assert_neq(rp_checksum(n, zeros), rp_checksum(n + 1, zeros));
}
