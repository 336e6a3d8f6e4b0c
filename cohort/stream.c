/* cohort/stream.c - the sample stream. */
#include "cohort/stream.h"

#include "lib/base/random.h"

#include <math.h>

rp_status rp_stream_case(const rp_stream *st, int64_t s, rp_stream_order *keep, int64_t *index)
{
    const int64_t n = st->prepared->parts[RP_PART_TRAIN], epoch = s / n;
    RP_TRY(rp_grow(n, sizeof *keep->order, &keep->capacity, &keep->order));
    if (keep->epoch != epoch) {
        rp_random r;
        rp_random_start(st->seed, RP_RANDOM_PERMUTE, (uint64_t)epoch, &r);
        rp_random_permute(&r, n, keep->order);
        keep->epoch = epoch;
    }
    *index = st->prepared->train[keep->order[s % n]];
    return RP_OK;
}

/* Lowest and highest start along an axis: where the patch is larger, it hangs over evenly. */
static void limits(int64_t n, int64_t patch, int64_t *low, int64_t *high)
{
    const int64_t missing = patch > n ? patch - n : 0;
    *low = -(missing / 2);
    *high = n + missing / 2 + missing % 2 - patch;
}

rp_status rp_stream_start(const rp_stream *st, int64_t s, int64_t index, int64_t start[3])
{
    const rp_prepared_case *k = &st->prepared->list[index];
    const int64_t place_in_batch = s % st->batch;
    const bool forced = (double)place_in_batch >= nearbyint(st->batch * (1 - st->foreground));
    rp_random r;
    rp_random_start(st->seed, RP_RANDOM_CENTRE, (uint64_t)s, &r);
    int present[RP_INPUTS_MAX], labels = 0;
    for (int i = 0; i < st->prepared->recipe.labels; i++)
        if (k->foreground[i] > 0) present[labels++] = i + 1;
    int64_t low, high, centre[3];
    if (forced && labels > 0) {
        const int label = present[rp_random_below(&r, labels)];
        const int64_t which = rp_random_below(&r, k->foreground[label - 1]);
        RP_TRY(rp_prepared_place(st->prepared, index, label, which, centre));
        for (int a = 0; a < 3; a++) {
            limits(k->from.n[a], st->patch[a], &low, &high);
            start[a] = centre[a] - st->patch[a] / 2;
            if (start[a] < low) start[a] = low; /* the upper end may hang over, as in nnU-Net */
        }
        return RP_OK;
    }
    for (int a = 0; a < 3; a++) {
        limits(k->from.n[a], st->patch[a], &low, &high);
        start[a] = low + rp_random_below(&r, high - low + 1);
    }
    return RP_OK;
}
