/* lib/net/norm_act_plain.c - norm and activation for any processor. */
#define LOOPS rp_norm_loops_plain
#include "lib/net/norm_act_loops.inc"
