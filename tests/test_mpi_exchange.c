/* tests/test_mpi_exchange.c - the sum of an iteration has the same bits for any number of ranks. */
#include "mpi/exchange.h"
#include "tests/harness.h"
#include "tests/ranks/gradient.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The sum as the header words it, by plain recursion: NULL if all units of [a, b) are void. */
static float *plain_sum(int pattern, int units, int a, int b)
{
    if (b - a == 1) {
        if (unit_is_void(pattern, a, units)) return NULL;
        float *g = malloc(PARAMS * sizeof(float));
        make_gradient(a, g);
        return g;
    }
    int p = 1;
    while (2 * p < b - a) p *= 2;
    float *x = plain_sum(pattern, units, a, a + p), *y = plain_sum(pattern, units, a + p, b);
    for (int i = 0; x && y && i < PARAMS; i++) x[i] += y[i];
    if (x && y) free(y);
    return x ? x : y;
}

static void plain_hash(int pattern, int units, char hash[17], int *valid)
{
    float *g = plain_sum(pattern, units, 0, units);
    *valid = 0;
    for (int u = 0; u < units; u++) *valid += unit_is_void(pattern, u, units) ? 0 : unit_valid(u);
    if (!g) g = calloc(PARAMS, sizeof(float));
    else
        for (int i = 0; i < PARAMS; i++) g[i] /= (float)*valid;
    hash_floats(g, hash);
    free(g);
}

static const char *launch(int ranks, const char *units)
{
    static char out[1 << 18];
    const int rc = run_command(100, out, sizeof out, "mpirun --bind-to none -np %d %s %s", ranks,
                               build_path("tests/ranks/exchange_ranks"), units);
    cr_assert_eq(rc, 0, "exit %d: %s", rc, out);
    return out;
}

static void expect_tree(const char *out, int units, int pattern, int ranks)
{
    char hash[17], head[80], want[200];
    int valid;
    plain_hash(pattern, units, hash, &valid);
    for (int t = 1; t <= ranks; t++) {
        snprintf(head, sizeof head, "tree units %d pattern %d ranks %d: ", units, pattern, t);
        const char *line = strstr(out, head);
        cr_assert(line, "no line '%s' in %s", head, out);
        cr_expect(strncmp(line + strlen(head), hash, 16) == 0, "%s%.16s, by hand %s", head,
                  line + strlen(head), hash);
        snprintf(want, sizeof want, " valid %d vote %d values 1 gather 1", valid, 3);
        const char *end = strchr(line, '\n');
        cr_expect(end - line > (long)strlen(want) &&
                      strncmp(end - strlen(want), want, strlen(want)) == 0,
                  "%.*s, wanted%s", (int)(end - line), line, want);
    }
}

static int naive_hashes(const char *out, int units)
{
    char seen[8][17], head[60];
    int n = 0;
    snprintf(head, sizeof head, "naive units %d ", units);
    for (const char *p = strstr(out, head); p; p = strstr(p + 1, head)) {
        char hash[17] = "";
        sscanf(strchr(p, ':') + 1, "%16s", hash);
        bool is_new = true;
        for (int i = 0; i < n; i++) is_new = is_new && strcmp(seen[i], hash) != 0;
        if (is_new) strcpy(seen[n++], hash);
    }
    return n;
}

Test(exchange, has_one_sum_for_1_to_7_ranks_with_voids_anywhere, .timeout = 110)
{
    const char *out = launch(7, "1 5 6 18");
    const int units[] = {1, 5, 6, 18};
    for (int i = 0; i < 4; i++)
        for (int pattern = 0; pattern < PATTERNS; pattern++)
            expect_tree(out, units[i], pattern, 7);
    /* The check can fail: sums by rank and MPI_Allreduce give other bits with other rank counts. */
    cr_expect_geq(naive_hashes(out, 18), 3, "%d naive hashes", naive_hashes(out, 18));
    cr_expect(strstr(out, "ranks 0 and 1 disagree on the exchange: '100 parameters, 4 units, 0 values' "
                          "and '101 parameters, 4 units, 0 values'"), "%s", out);
    cr_expect(strstr(out, "65 units: refused"));
    cr_expect(strstr(out, "misuse refused: 11111"));
}

Test(exchange, has_one_sum_for_all_small_batches_and_64_units, .timeout = 110)
{
    const char *out = launch(4, "2 3 4 7 8 13 64");
    const int units[] = {2, 3, 4, 7, 8, 13, 64};
    for (int i = 0; i < 7; i++)
        for (int pattern = 0; pattern < PATTERNS; pattern++)
            expect_tree(out, units[i], pattern, 4);
}

Test(exchange, plans_less_memory_with_more_ranks)
{
    size_t one, four, none;
    cr_assert_eq(rp_exchange_bytes(10000000, 16, 3, 1, &one), RP_OK);
    cr_assert_eq(rp_exchange_bytes(10000000, 16, 3, 4, &four), RP_OK);
    cr_expect_gt(one, four);
    /* One rank with 16 units: 4 partial sums while they come, and the mean. */
    cr_expect(near((double)one, 5.0 * 4 * 10000000, 0.05, 0), "%zu bytes", one);
    cr_expect_eq(rp_exchange_bytes(10000000, 0, 3, 1, &none), RP_EARG);
    cr_expect_eq(rp_exchange_bytes(0, 1, 0, 1, &none), RP_EARG);
    cr_expect_eq(rp_exchange_bytes(10, 1, 0, 0, &none), RP_EARG);
}
