/* cohort/series_priv.h - the two halves of the plan: series, then cases. */
#pragma once
#include "cohort/series.h"

/* Fills slice and series of a new plan. */
RP_MUST rp_status rp_plan_series(rp_scan *scan, rp_plan *p);
