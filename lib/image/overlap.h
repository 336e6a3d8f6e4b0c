/* lib/image/overlap.h - overlap of two masks. */
#pragma once
#include "lib/base/status.h"
#include <stdint.h>

typedef struct rp_overlap {
    int64_t both, only_reference, only_prediction; /* TP, FN, FP in voxels */
} rp_overlap;

/* Counts voxels where reference and prediction equal label.  Arrays [n].  Local; exact. */
rp_overlap rp_overlap_count(int64_t n, const uint8_t reference[], const uint8_t prediction[],
                            uint8_t label);
/* 2 TP / (2 TP + FP + FN).  Both empty: *dice is not touched and RP_ENONE is returned without a
 * message (undefined is a state, not an error).  Source: L. R. Dice, Ecology 26 (1945) 297. */
RP_MUST rp_status rp_overlap_dice(const rp_overlap *o, double *dice);
