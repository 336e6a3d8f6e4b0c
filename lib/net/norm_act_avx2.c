/* lib/net/norm_act_avx2.c - norm and activation for processors with avx2. */
#define LOOPS rp_norm_loops_avx2
#include "lib/net/norm_act_loops.inc"
