/* lib/stats/assign.h - one-to-one assignment of largest total gain. */
#pragma once
#include "lib/base/mem.h"

/* to[r] = the column given to row r, or -1 where that gains nothing.
 *   gain  [rows * columns] row by row, >= 0 and finite
 * Maximises the sum of gains; O(rows^2 columns), by shortest augmenting paths.
 * Source: R. Jonker, A. Volgenant, Computing 38 (1987) 325.
 * Errors: RP_EARG, RP_ENUM, RP_EMEM. */
RP_MUST rp_status rp_assign(int64_t rows, int64_t columns, const double gain[], int64_t to[]);
