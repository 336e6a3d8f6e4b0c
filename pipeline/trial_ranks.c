/* pipeline/trial_ranks.c - sums and lists of clusters over ranks. */
#include "pipeline/trial_ranks.h"

#include "mpi/world.h"

#include <string.h>

bool rp_ranks_speak(void) { return !rp_comm_world() || rp_comm_rank(rp_comm_world()) == 0; }

static rp_status add(void *unused, int64_t n, int64_t x[])
{
    (void)unused;
    return rp_comm_sum_i64(rp_comm_world(), n, x);
}

rp_shared rp_ranks_shared(void) { return (rp_shared){rp_comm_world() ? add : NULL, NULL}; }

rp_status rp_ranks_agree(rp_status st)
{
    return rp_comm_world() ? rp_comm_agree(rp_comm_world(), st) : st;
}

rp_status rp_ranks_first(rp_status st, int64_t key)
{
    return rp_comm_world() ? rp_comm_first(rp_comm_world(), st, key) : st;
}

rp_status rp_ranks_sum(rp_status st, int64_t n, int64_t x[])
{
    RP_TRY(rp_ranks_agree(st));
    return rp_comm_world() ? rp_comm_sum_i64(rp_comm_world(), n, x) : RP_OK;
}

/* The root's n things of that size to all, in place of what *list was. */
static rp_status share(int64_t n, size_t size, const void *things, void *list, int64_t *count)
{
    RP_TEXT_AUTO t = {0};
    void **to = list;
    void *copy = NULL;
    if (rp_ranks_speak()) rp_text_add_bytes(&t, n * (int64_t)size, things);
    RP_TRY(rp_comm_share(rp_comm_world(), 0, &t));
    RP_TRY(rp_ranks_agree(rp_alloc_raw(t.length, 1, &copy)));
    if (t.length > 0) memcpy(copy, t.at, (size_t)t.length);
    rp_free(*to);
    *to = copy;
    *count = t.length / (int64_t)size;
    return RP_OK;
}

rp_status rp_ranks_patterns(rp_status st, rp_cluster_pattern **p, int64_t *count)
{
    const rp_comm *world = rp_comm_world();
    RP_BLOCKS_AUTO all = {0};
    int64_t n = 0;
    if (!world) return st;
    RP_TRY(rp_comm_agree(world, st));
    RP_TRY(rp_comm_gather(world, 0, *count * (int64_t)sizeof **p, *p, &all));
    rp_cluster_pattern *list = (void *)all.bytes;
    if (list) n = rp_patterns_merge(all.first[all.count] / (int64_t)sizeof *list, list);
    return share(n, sizeof **p, list, p, count);
}

/* Root: compositions of all ranks as one list, over the parts of all ranks. */
static int64_t merge_compositions(const rp_blocks *c, const rp_blocks *part)
{
    const int64_t size = sizeof(rp_composition), of_part = sizeof(rp_cluster_part);
    rp_composition *list = (void *)c->bytes;
    for (int r = 0; r < c->count; r++)
        for (int64_t k = c->first[r] / size; k < c->first[r + 1] / size; k++)
            list[k].first += part->first[r] / of_part;
    return rp_compositions_merge(c->first[c->count] / size, list, (void *)part->bytes);
}

rp_status rp_ranks_compositions(rp_status st, rp_composition **c, int64_t *compositions,
                                rp_cluster_part **part, int64_t *parts)
{
    const rp_comm *world = rp_comm_world();
    RP_BLOCKS_AUTO all = {0};
    RP_BLOCKS_AUTO all_parts = {0};
    int64_t n = 0;
    if (!world) return st;
    RP_TRY(rp_comm_agree(world, st));
    RP_TRY(rp_comm_gather(world, 0, *compositions * (int64_t)sizeof **c, *c, &all));
    RP_TRY(rp_comm_gather(world, 0, *parts * (int64_t)sizeof **part, *part, &all_parts));
    if (all.bytes) n = merge_compositions(&all, &all_parts);
    RP_TRY(share(n, sizeof **c, all.bytes, c, compositions));
    n = all.bytes ? all_parts.first[all_parts.count] / (int64_t)sizeof **part : 0;
    return share(n, sizeof **part, all_parts.bytes, part, parts);
}
