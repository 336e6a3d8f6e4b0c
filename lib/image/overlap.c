/* lib/image/overlap.c - overlap of two masks. */
#include "lib/image/overlap.h"

rp_overlap rp_overlap_count(int64_t n, const uint8_t reference[], const uint8_t prediction[],
                            uint8_t label)
{
    rp_overlap o = {0, 0, 0};
    for (int64_t i = 0; i < n; i++) {
        const int r = reference[i] == label, p = prediction[i] == label;
        o.both += r & p;
        o.only_reference += r & !p;
        o.only_prediction += p & !r;
    }
    return o;
}

rp_status rp_overlap_dice(const rp_overlap *o, double *dice)
{
    const int64_t sum = 2 * o->both + o->only_reference + o->only_prediction;
    if (sum == 0) return RP_ENONE;
    *dice = 2.0 * (double)o->both / (double)sum;
    return RP_OK;
}
