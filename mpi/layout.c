/* mpi/layout.c - which rank plays which role, and who owns which sample.
 *
 * 1. Each role that is not folded has ranks of its own; a folded one shares another's list.
 * 2. Member i of a role with c ranks stands at place (2 i + 1) / (2 c) of the ranks in node order:
 *    each run of ranks, so each node, then holds every role in proportion.
 */
#include "mpi/layout.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

const char *rp_role_name(rp_role role)
{
    static const char *const name[] = {"load", "augment", "train", "evaluate"};
    return name[role];
}

void rp_layout_drop(rp_layout **layout)
{
    rp_layout *l = *layout;
    if (!l) return;
    for (int r = 0; r < RP_ROLE_COUNT; r++) rp_free(l->rank[r]);
    rp_free(l->node);
    rp_free(l);
    *layout = NULL;
}

/* Which role's ranks a role uses: home[r] == r if it has its own. */
static void fold(const rp_layout_settings *s, int home[])
{
    for (int r = 0; r < RP_ROLE_COUNT; r++) home[r] = r;
    const bool no_evaluate =
        s->wanted ? s->wanted[RP_ROLE_EVALUATE] == 0 : s->cost[RP_ROLE_EVALUATE] <= 0;
    if (no_evaluate || s->size < 4) home[RP_ROLE_EVALUATE] = RP_ROLE_TRAIN;
    if (s->size < 3) home[RP_ROLE_AUGMENT] = RP_ROLE_LOAD;
    if (s->size < 2)
        for (int r = 0; r < RP_ROLE_COUNT; r++) home[r] = RP_ROLE_LOAD;
}

static rp_status take_wanted(const rp_layout_settings *s, int count[])
{
    int64_t sum = 0;
    const int *w = s->wanted;
    for (int r = 0; r < RP_ROLE_COUNT; r++) {
        RP_NEED(w[r] >= (r == RP_ROLE_EVALUATE ? 0 : 1), RP_EUSE, "ranks: %s has %d",
                rp_role_name((rp_role)r), w[r]);
        sum += w[r];
        count[r] = w[r];
    }
    RP_NEED(sum == s->size, RP_EUSE, "ranks: %d+%d+%d+%d = %" PRId64 ", but N = %d are running",
            w[0], w[1], w[2], w[3], sum, s->size);
    return RP_OK;
}

/* The role that gains most by one rank more; -1 if none may have one. */
static int neediest(const rp_layout_settings *s, const int home[], const int count[])
{
    int best = -1;
    double best_load = -1;
    for (int r = 0; r < RP_ROLE_COUNT; r++) {
        if (home[r] != r || (s->most[r] > 0 && count[r] >= s->most[r])) continue;
        double cost = 0;
        for (int q = 0; q < RP_ROLE_COUNT; q++) cost += home[q] == r ? s->cost[q] : 0;
        if (cost / count[r] > best_load) {
            best_load = cost / count[r];
            best = r;
        }
    }
    return best;
}

static void share_out(const rp_layout_settings *s, const int home[], int count[])
{
    int used = 0;
    for (int r = 0; r < RP_ROLE_COUNT; r++) used += count[r] = home[r] == r;
    for (; used < s->size; used++) {
        const int r = neediest(s, home, count);
        const int spare =
            home[RP_ROLE_EVALUATE] == RP_ROLE_EVALUATE ? RP_ROLE_EVALUATE : RP_ROLE_LOAD;
        count[r >= 0 ? r : spare]++;
    }
}

static rp_status check(const rp_layout_settings *s)
{
    RP_NEED(s->size >= 1, RP_EARG, "a layout of %d ranks", s->size);
    for (int r = 0; r < RP_ROLE_COUNT; r++)
        RP_NEED(isfinite(s->cost[r]) && s->cost[r] >= 0, RP_EARG, "cost of %s is %g",
                rp_role_name((rp_role)r), s->cost[r]);
    return RP_OK;
}

/* Ranks by (node, rank): a counting pass a node number. */
static rp_status order_ranks(const rp_layout *l, int order[])
{
    int n = 0, most = 0;
    for (int r = 0; r < l->size; r++) {
        RP_NEED(l->node[r] >= 0 && l->node[r] < l->size, RP_EARG, "rank %d is on node %d", r,
                l->node[r]);
        most = l->node[r] > most ? l->node[r] : most;
    }
    for (int k = 0; k <= most; k++)
        for (int r = 0; r < l->size; r++)
            if (l->node[r] == k) order[n++] = r;
    return RP_OK;
}

/* Deals the ranks in node order to the members of the roles by their places (rule 2). */
static void deal(rp_layout *l, const int home[], const int order[])
{
    int next[RP_ROLE_COUNT] = {0};
    for (int k = 0; k < l->size; k++) {
        int best = -1;
        for (int r = 0; r < RP_ROLE_COUNT; r++) {
            if (home[r] != r || next[r] == l->count[r]) continue;
            if (best < 0 || (int64_t)(2 * next[r] + 1) * l->count[best] <
                                (int64_t)(2 * next[best] + 1) * l->count[r])
                best = r;
        }
        l->rank[best][next[best]++] = order[k];
    }
}

rp_status rp_layout_make(const rp_layout_settings *s, rp_layout **out)
{
    RP_AUTO(rp_layout) l = NULL;
    RP_AUTOFREE int *order = NULL;
    int home[RP_ROLE_COUNT];
    rp_layout_settings asked = *s;
    RP_TRY(check(s));
    RP_TRY(rp_alloc(1, sizeof *l, &l));
    l->size = s->size;
    l->wanted_ignored = s->size == 1 && s->wanted;
    if (l->wanted_ignored) asked.wanted = NULL;
    if (asked.wanted) RP_TRY(take_wanted(&asked, l->count));
    fold(&asked, home);
    if (!asked.wanted) share_out(&asked, home, l->count);

    RP_TRY(rp_alloc(s->size, sizeof(int), &l->node));
    if (s->node_of_rank) memcpy(l->node, s->node_of_rank, (size_t)s->size * sizeof(int));
    RP_TRY(rp_alloc(s->size, sizeof(int), &order));
    RP_TRY(order_ranks(l, order));
    for (int r = 0; r < RP_ROLE_COUNT; r++) {
        l->folded[r] = home[r] != r;
        l->count[r] = l->count[home[r]];
        RP_TRY(rp_alloc(l->count[r], sizeof(int), &l->rank[r]));
    }
    deal(l, home, order);
    for (int r = 0; r < RP_ROLE_COUNT; r++)
        if (home[r] != r) memcpy(l->rank[r], l->rank[home[r]], (size_t)l->count[r] * sizeof(int));
    *out = RP_TAKE(l);
    return RP_OK;
}

int rp_layout_index(const rp_layout *l, rp_role role, int rank)
{
    for (int i = 0; i < l->count[role]; i++)
        if (l->rank[role][i] == rank) return i;
    return -1;
}

bool rp_layout_has(const rp_layout *l, rp_role role, int rank)
{
    return rp_layout_index(l, role, rank) >= 0;
}

int rp_layout_units(int batch, int unit) { return batch / unit + (batch % unit != 0); }

void rp_layout_unit_range(const rp_layout *l, int train_index, int units, int *first, int *last)
{
    const int64_t t = train_index, ranks = l->count[RP_ROLE_TRAIN];
    *first = (int)(units * t / ranks);
    *last = (int)(units * (t + 1) / ranks);
}

/* Place of the batch's sample among the train ranks: the largest t with [U t / T] <= u. */
static int train_rank_of(const rp_layout *l, int position, int batch, int unit)
{
    const int64_t units = rp_layout_units(batch, unit), u = position / unit;
    return l->rank[RP_ROLE_TRAIN][((u + 1) * l->count[RP_ROLE_TRAIN] - 1) / units];
}

int rp_layout_train_rank(const rp_layout *l, int64_t sample, int batch, int unit)
{
    return train_rank_of(l, (int)(sample % batch), batch, unit);
}

/* Ranks of the role on the node; node < 0: all. */
static int ranks_on(const rp_layout *l, rp_role role, int node)
{
    int n = 0;
    for (int i = 0; i < l->count[role]; i++) n += node < 0 || l->node[l->rank[role][i]] == node;
    return n;
}

static int rank_on(const rp_layout *l, rp_role role, int node, int64_t which)
{
    for (int i = 0; i < l->count[role]; i++) {
        const int r = l->rank[role][i];
        if ((node < 0 || l->node[r] == node) && which-- == 0) return r;
    }
    return -1;
}

int rp_layout_stage_rank(const rp_layout *l, rp_role role, int64_t sample, int batch, int unit)
{
    const int position = (int)(sample % batch);
    const int node = l->node[train_rank_of(l, position, batch, unit)];
    if (role == RP_ROLE_TRAIN || l->count[role] == 1)
        return role == RP_ROLE_TRAIN ? train_rank_of(l, position, batch, unit) : l->rank[role][0];
    const int near = ranks_on(l, role, node);
    /* Samples with the same choice of ranks: those of my node, or of all nodes without such ranks.
     */
    int64_t before = 0, each = 0;
    for (int p = 0; p < batch; p++) {
        const int other = l->node[train_rank_of(l, p, batch, unit)];
        if (near ? other != node : ranks_on(l, role, other) > 0) continue;
        before += p < position;
        each++;
    }
    const int choices = near ? near : l->count[role];
    return rank_on(l, role, near ? node : -1, (sample / batch * each + before) % choices);
}

int64_t rp_layout_period(const rp_layout *l, rp_role role, int batch)
{
    return role == RP_ROLE_TRAIN ? batch : (int64_t)batch * l->count[role];
}
