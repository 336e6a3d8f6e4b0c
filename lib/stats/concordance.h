/* lib/stats/concordance.h - do higher risks die earlier: Harrell's and Uno's C.
 *
 * A pair is comparable when the earlier of the two times is an event, or the times are equal and one
 * is an event and the other censored; equal risks count 1/2.  O(n log n). */
#pragma once
#include "lib/stats/lives.h"

typedef struct rp_concordance {
    rp_value c, se;
    double concordant, discordant, tied_risk; /* sums of weights over comparable pairs; whole when w is 1 */
    double tied_time, tied_both;              /* pairs of events at one time: other risks, equal risks */
} rp_concordance;

/* Each event's pairs weigh weight[i] (NULL: 1; 0 leaves the event out): Harrell with 1, Uno with 1/G^2.
 *   event   0 censored, else an event
 *   risk    [n] higher dies earlier
 *   want_se infinitesimal jackknife: u_i = sum over pairs of i, on either side, of (concordant - C
 *           comparable), SE = sqrt(sum u_i^2) / comparable; the weights are held fixed
 * No comparable pair: undefined.  Source: F. E. Harrell et al., JAMA 247 (1982) 2543; H. Uno et al.,
 * Stat. Med. 30 (2011) 1105.
 * Errors: RP_EARG, RP_ENUM, RP_EMEM. */
RP_MUST rp_status rp_concordance_find(const rp_lives *lives, const double risk[], const double weight[],
                                      bool want_se, rp_concordance *out);
