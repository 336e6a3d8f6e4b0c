/* lib/stats/ranks.h - order of numbers, with ties as data. */
#pragma once
#include "lib/base/mem.h"

/* order[0..n) = indices of x ascending; equal values in index order (stable); -0 and 0 are equal.
 * Radix sort of 11 bits a pass: 1e6 doubles in about 0.1 s.
 * Errors: RP_ENUM if an x is not finite, RP_EMEM. */
RP_MUST rp_status rp_rank_order(int64_t n, const double x[], int64_t order[]);
/* rank[i] = 1 + number of smaller + half the number of other equal values (midrank). */
RP_MUST rp_status rp_rank_mid(int64_t n, const double x[], double rank[]);
/* group[i] = 0, 1, ... by ascending distinct value; *groups = their number. */
RP_MUST rp_status rp_rank_dense(int64_t n, const double x[], int64_t group[], int64_t *groups);
/* Copies x to out, ascending; they must not overlap. */
RP_MUST rp_status rp_rank_sort(int64_t n, const double x[], double out[]);

/* Finite doubles as whole numbers of the same order; -0 is 0.  And back. */
uint64_t rp_key_of_double(double x);
double rp_double_of_key(uint64_t key);
/* Whole numbers ascending, in place, by the same radix sort.  Errors: RP_EMEM. */
RP_MUST rp_status rp_rank_sort_keys(int64_t n, uint64_t x[]);
