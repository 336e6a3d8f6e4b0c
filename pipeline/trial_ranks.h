/* pipeline/trial_ranks.h - verbs over ranks: who speaks, agreement, and sums of a trial whose rows are
 * divided.
 *
 * 1. What is counted are whole numbers: they add, whichever rank has which row.  So every rank has
 *    the same sums and computes the same results from them.
 * 2. Each function is collective where there are ranks, and takes what its caller's own part came
 *    to: a rank that failed alone leaves nobody waiting.  Without ranks it hands that back. */
#pragma once
#include "lib/stats/shared.h"
#include "lib/stats/trial.h"
#include <stdbool.h>

/* Rank 0, or alone: who prints and writes. */
bool rp_ranks_speak(void);
/* For lib/stats. */
rp_shared rp_ranks_shared(void);
/* RP_OK if all have it; else the own failure, or RP_EPEER. */
RP_MUST rp_status rp_ranks_agree(rp_status st);
/* One failure for all, that of the lowest key: see rp_comm_first. */
RP_MUST rp_status rp_ranks_first(rp_status st, int64_t key);
/* x [n], in place. */
RP_MUST rp_status rp_ranks_sum(rp_status st, int64_t n, int64_t x[]);
/* Lists of all ranks as one would have them (rp_patterns_merge), in place of the own one. */
RP_MUST rp_status rp_ranks_patterns(rp_status st, rp_cluster_pattern **p, int64_t *count);
RP_MUST rp_status rp_ranks_compositions(rp_status st, rp_composition **c, int64_t *compositions,
                                        rp_cluster_part **part, int64_t *parts);
