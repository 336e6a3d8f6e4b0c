/* lib/net/memory_plan.h - places for arrays that live at different times, in one block of memory.
 */
#pragma once
#include "lib/base/mem.h"

typedef struct rp_lifetime {
    int first, last; /* steps, both included; first > last: never used, takes no room */
    size_t bytes;
    size_t offset; /* out: multiple of 64 */
} rp_lifetime;

/* Places all items so that those alive at a common step do not overlap: largest first, each at the
 * lowest place that is free.  *total: bytes of the block.  Local.  Errors: RP_EMEM, RP_EARG. */
RP_MUST rp_status rp_memory_plan(int n, rp_lifetime item[], size_t *total);
