/* lib/stats/trial_priv.h - what the files of a trial's counts share. */
#pragma once
#include "lib/stats/trial.h"

/* Outcome of row i after the rule for missing ones; below 0: not in the denominator. */
int rp_trial_settle(const rp_exams *e, const rp_endpoint *p, rp_missing rule, int64_t i);
