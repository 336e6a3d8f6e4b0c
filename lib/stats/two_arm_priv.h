/* lib/stats/two_arm_priv.h - what the files of two-arm comparisons share. */
#pragma once
#include "lib/stats/two_arm.h"

RP_MUST rp_status rp_counts_check(const rp_counts *c);
