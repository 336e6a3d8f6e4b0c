/* lib/stats/shared.c - order statistics of numbers that several hold. */
#include "lib/stats/shared.h"

rp_status rp_shared_sum(const rp_shared *who, int64_t n, int64_t x[])
{
    return who->sum ? who->sum(who->arg, n, x) : RP_OK;
}

rp_status rp_shared_verdict(const rp_shared *who, rp_status st)
{
    int64_t failed = st != RP_OK;
    const rp_status said = rp_shared_sum(who, 1, &failed);
    if (st != RP_OK) return st;
    RP_TRY(said);
    RP_NEED(failed == 0, RP_EPEER, "%d others failed", (int)failed);
    return RP_OK;
}

int64_t rp_count_below(int64_t n, const uint64_t x[], uint64_t key)
{
    int64_t low = 0, high = n;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (x[middle] < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

rp_status rp_shared_select(const rp_shared *who, int64_t n, const uint64_t x[], int count,
                           const int64_t want[], uint64_t key[])
{
    uint64_t low[RP_SELECT_MAX] = {0};
    RP_NEED(count >= 0 && count <= RP_SELECT_MAX, RP_EARG, "%d numbers selected", count);
    for (int k = 0; k < count; k++) key[k] = UINT64_MAX;
    for (int bit = 63; bit >= 0; bit--) {
        int64_t below[RP_SELECT_MAX];
        for (int k = 0; k < count; k++)
            below[k] = rp_count_below(n, x, low[k] + (key[k] - low[k]) / 2);
        RP_TRY(rp_shared_sum(who, count, below));
        for (int k = 0; k < count; k++) {
            const uint64_t middle = low[k] + (key[k] - low[k]) / 2;
            if (middle == key[k]) continue; /* low has met key */
            if (below[k] >= want[k])
                key[k] = middle;
            else
                low[k] = middle + 1;
        }
    }
    return RP_OK;
}
