/* lib/stats/ipcw.h - scores at a horizon, weighted by the inverse probability of censoring.
 *
 * G is the Kaplan-Meier curve of the censorings, events of the same time out of the risk set before.
 * Two conventions of the weight of an event at T: G(T-), that of theory, of R's packages, our default;
 * and G(T), that of scikit-survival.  Whoever lives on at t weighs 1/G(t) in both.
 * Where a weight would divide by 0 the score is undefined. */
#pragma once
#include "lib/stats/km.h"
#include <stdbool.h>

typedef enum rp_ipcw_rule { RP_IPCW_BEFORE, RP_IPCW_AT } rp_ipcw_rule;

/* weight[i] = 1/G^2 for events with time <= limit (rule before) or < limit (rule at), else 0; limit
 * INFINITY: all events.  For Uno's C.  Errors: RP_ENUM where G is 0 at an event. */
RP_MUST rp_status rp_ipcw_uno_weights(const rp_lives *lives, const rp_km *g, rp_ipcw_rule rule,
                                      double limit, double weight[]);

typedef struct rp_ipcw_score {
    rp_value value, se; /* se: by the influence function, that of G included; rule before only */
} rp_ipcw_score;
/* Brier score at t of predicted survival s[n] (s NULL: every subject has same).
 * Source: E. Graf et al., Stat. Med. 18 (1999) 2529. */
RP_MUST rp_status rp_ipcw_brier(const rp_lives *lives, const rp_km *g, rp_ipcw_rule rule, double t,
                                const double s[], double same, bool want_se, rp_ipcw_score *out);
/* Cumulative/dynamic area at t of marker [n], higher dies earlier. */
RP_MUST rp_status rp_ipcw_auc(const rp_lives *lives, const rp_km *g, rp_ipcw_rule rule, double t,
                              const double marker[], rp_ipcw_score *out);
