/* bench/fma_rate.h - the most multiply-adds that one thread can do: independent sums in registers.
 */
#pragma once
#include <stdint.h>

/* Runs steps rounds in the widest vectors of this processor; returns the floating-point operations
 * done (2 a multiply-add). */
double rp_fma_work(int64_t steps);
double rp_fma_work_plain(int64_t steps);
double rp_fma_work_avx2(int64_t steps);
double rp_fma_work_avx512(int64_t steps);
