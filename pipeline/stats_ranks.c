/* pipeline/stats_ranks.c - radpipe stats on several ranks: each reads the table and computes the
 * rows, replicates of a bootstrap are shared out, rank 0 prints. */
#include "mpi/world.h"
#include "pipeline/stats_request.h"

#include <string.h>

/* Rank r has replicates first(r) .. first(r + 1) - 1. */
static int64_t first_of(int64_t count, int rank, int ranks)
{
    return count / ranks * rank + count % ranks * rank / ranks;
}

/* The root puts all ranks' parts one behind the other; all get them. */
static rp_status join(size_t size, int64_t count, int64_t own, const void *part, void *whole)
{
    const rp_comm *world = rp_comm_world();
    RP_BLOCKS_AUTO blocks = {0};
    RP_TEXT_AUTO all = {0};
    RP_TRY(rp_comm_gather(world, 0, own * (int64_t)size, part, &blocks));
    if (rp_comm_rank(world) == 0) rp_text_add_bytes(&all, blocks.first[blocks.count], blocks.bytes);
    RP_TRY(rp_comm_share(world, 0, &all));
    RP_NEED(all.length == count * (int64_t)size, RP_EBUG, "parts of a bootstrap do not add up");
    memcpy(whole, all.at, (size_t)all.length);
    return RP_OK;
}

rp_status rp_stats_share_replicates(const rp_bootstrap_plan *plan, int64_t count,
                                    rp_weighted_fn *fn, const void *context, double value[],
                                    bool defined[])
{
    const rp_comm *world = rp_comm_world();
    if (!world) return rp_bootstrap_run(plan, 0, count, fn, context, value, defined);
    const int rank = rp_comm_rank(world), ranks = rp_comm_size(world);
    const int64_t first = first_of(count, rank, ranks),
                  own = first_of(count, rank + 1, ranks) - first;
    RP_TRY(rp_comm_agree(
        world, rp_bootstrap_run(plan, first, own, fn, context, value + first, defined + first)));
    RP_TRY(join(sizeof *value, count, own, value + first, value));
    return join(sizeof *defined, count, own, defined + first, defined);
}
