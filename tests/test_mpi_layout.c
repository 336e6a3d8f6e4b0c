/* tests/test_mpi_layout.c - roles over ranks, samples over roles. */
#include "mpi/layout.h"
#include "tests/harness.h"

#include <stdio.h>
#include <string.h>

static rp_layout *make(int size, const int *wanted, const int *node)
{
    rp_layout_settings s = {.size = size, .wanted = wanted, .cost = {1, 2, 10, 3}, .node_of_rank = node};
    rp_layout *l = NULL;
    cr_assert_eq(rp_layout_make(&s, &l), RP_OK, "%s", rp_error_message());
    return l;
}

Test(layout, names_both_sums_when_they_differ)
{
    rp_layout *l = NULL;
    rp_layout_settings s = {.size = 4, .wanted = (int[]){1, 1, 2, 1}};
    cr_expect_eq(rp_layout_make(&s, &l), RP_EUSE);
    cr_expect_str_eq(rp_error_message(), "ranks: 1+1+2+1 = 5, but N = 4 are running");
    s.wanted = (int[]){0, 1, 2, 1};
    cr_expect_eq(rp_layout_make(&s, &l), RP_EUSE);
    s.wanted = (int[]){-1, 1, 3, 1};
    cr_expect_eq(rp_layout_make(&s, &l), RP_EUSE);
    s = (rp_layout_settings){.size = 0};
    cr_expect_eq(rp_layout_make(&s, &l), RP_EARG);
    s = (rp_layout_settings){.size = 2, .cost = {1, -1, 1, 1}};
    cr_expect_eq(rp_layout_make(&s, &l), RP_EARG);
    s = (rp_layout_settings){.size = 2, .node_of_rank = (int[]){0, 2}};
    cr_expect_eq(rp_layout_make(&s, &l), RP_EARG);
    cr_expect_null(l);
}

Test(layout, folds_evaluate_then_augment_then_all)
{
    const bool folded[5][RP_ROLE_COUNT] = {
        {0}, {0, 1, 1, 1}, {0, 1, 0, 1}, {0, 0, 0, 1}, {0, 0, 0, 0}};
    for (int n = 1; n <= 4; n++) {
        rp_layout *l = make(n, NULL, NULL);
        for (int r = 0; r < RP_ROLE_COUNT; r++) cr_expect_eq(l->folded[r], folded[n][r], "N %d role %d", n, r);
        cr_expect(!l->wanted_ignored);
        rp_layout_drop(&l);
    }
    rp_layout *l = make(1, (int[]){1, 1, 2, 1}, NULL);
    cr_expect(l->wanted_ignored);
    for (int r = 0; r < RP_ROLE_COUNT; r++) cr_expect(rp_layout_has(l, (rp_role)r, 0));
    rp_layout_drop(&l);
    l = make(3, (int[]){1, 1, 1, 0}, NULL);
    cr_expect_eq(l->rank[RP_ROLE_EVALUATE][0], l->rank[RP_ROLE_TRAIN][0]);
    rp_layout_drop(&l);
}

Test(layout, gives_ranks_by_cost_within_bounds)
{
    rp_layout_settings s = {.size = 16, .cost = {1, 2, 10, 3}};
    rp_layout *l;
    cr_assert_eq(rp_layout_make(&s, &l), RP_OK);
    cr_expect_eq(l->count[RP_ROLE_LOAD], 1);
    cr_expect_eq(l->count[RP_ROLE_AUGMENT], 2);
    cr_expect_eq(l->count[RP_ROLE_TRAIN], 10);
    cr_expect_eq(l->count[RP_ROLE_EVALUATE], 3);
    rp_layout_drop(&l);
    s.most[RP_ROLE_TRAIN] = 2;
    cr_assert_eq(rp_layout_make(&s, &l), RP_OK);
    cr_expect_eq(l->count[RP_ROLE_TRAIN], 2);
    rp_layout_drop(&l);
}

/* Two nodes of 8 ranks, whether mpirun fills nodes or deals ranks in turn. */
Test(layout, spreads_each_role_over_the_nodes_in_proportion)
{
    for (int in_turn = 0; in_turn < 2; in_turn++) {
        int node[16], on_first[RP_ROLE_COUNT] = {0};
        for (int r = 0; r < 16; r++) node[r] = in_turn ? r % 2 : r / 8;
        rp_layout *l = make(16, (int[]){2, 4, 8, 2}, node);
        bool used[16] = {false};
        for (int role = 0; role < RP_ROLE_COUNT; role++)
            for (int i = 0; i < l->count[role]; i++) {
                const int r = l->rank[role][i];
                cr_expect(!used[r]);
                used[r] = true;
                on_first[role] += node[r] == 0;
                cr_expect_eq(rp_layout_index(l, (rp_role)role, r), i);
            }
        for (int role = 0; role < RP_ROLE_COUNT; role++) cr_expect_eq(2 * on_first[role], l->count[role]);
        rp_layout_drop(&l);
    }
}

static void expect_owners(const rp_layout *l, rp_role role, int batch, int unit)
{
    int samples[32] = {0}, least = 1 << 30, most = 0;
    const int64_t period = rp_layout_period(l, role, batch), n = 20 * period;
    int64_t last_of[32];
    for (int r = 0; r < 32; r++) last_of[r] = -1;
    for (int64_t s = 0; s < n; s++) {
        const int r = rp_layout_stage_rank(l, role, s, batch, unit);
        cr_assert(rp_layout_has(l, role, r));
        if (last_of[r] >= 0) cr_assert_leq(s - last_of[r], period);
        last_of[r] = s;
        samples[r]++;
        const int node = l->node[rp_layout_train_rank(l, s, batch, unit)];
        bool has_near = false;
        for (int i = 0; i < l->count[role]; i++) has_near = has_near || l->node[l->rank[role][i]] == node;
        cr_assert(!has_near || l->node[r] == node, "sample %d goes to node %d, not %d", (int)s, l->node[r], node);
    }
    for (int i = 0; i < l->count[role]; i++) {
        const int k = samples[l->rank[role][i]];
        cr_expect(k == 0 || last_of[l->rank[role][i]] >= n - period);
        least = k < least ? k : least;
        most = k > most ? k : most;
    }
    if (l->node[l->size - 1] == 0 && role != RP_ROLE_TRAIN)
        cr_expect_leq(most - least, 1, "%d to %d samples a rank", least, most);
}

Test(layout, owners_are_near_in_turn_and_within_the_period)
{
    const int batches[] = {1, 2, 5, 18}, units[] = {1, 2};
    for (int nodes = 1; nodes <= 3; nodes++) {
        int node[12];
        for (int r = 0; r < 12; r++) node[r] = r * nodes / 12;
        rp_layout *l = make(12, (int[]){2, 3, 5, 2}, node);
        for (int b = 0; b < 4; b++)
            for (int u = 0; u < 2; u++) {
                if (units[u] > batches[b]) continue;
                expect_owners(l, RP_ROLE_LOAD, batches[b], units[u]);
                expect_owners(l, RP_ROLE_AUGMENT, batches[b], units[u]);
            }
        rp_layout_drop(&l);
    }
}

Test(layout, units_lie_in_the_range_of_their_train_rank)
{
    for (int t = 1; t <= 7; t++) {
        rp_layout *l = make(t + 2, (int[]){1, 1, t, 0}, NULL);
        for (int batch = 1; batch <= 19; batch++)
            for (int unit = 1; unit <= 3 && unit <= batch; unit++) {
                const int units = rp_layout_units(batch, unit);
                for (int64_t s = 3 * batch; s < 4 * batch; s++) {
                    int first, last;
                    const int r = rp_layout_train_rank(l, s, batch, unit);
                    rp_layout_unit_range(l, rp_layout_index(l, RP_ROLE_TRAIN, r), units, &first, &last);
                    const int u = (int)(s % batch) / unit;
                    cr_assert(first <= u && u < last, "T %d B %d unit %d: %d not in [%d, %d)", t, batch, u, u, first, last);
                }
            }
        rp_layout_drop(&l);
    }
    no_leaks();
}
