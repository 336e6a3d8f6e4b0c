/* lib/net/norm_act_avx512.c - norm and activation for processors with avx512. */
#define LOOPS rp_norm_loops_avx512
#include "lib/net/norm_act_loops.inc"
