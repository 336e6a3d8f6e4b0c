/* pipeline/show_table.h - tables for people: aligned columns of CSV, numbers short. */
#pragma once
#include "lib/base/text.h"

/* Prints CSV (header first) as an aligned table to stdout; numbers with at most `digits` digits,
 * cells as they stand where digits < 0. */
RP_MUST rp_status rp_show_csv(int64_t n, const char *csv, int digits);
/* Scores of rp_execute_job: two tables and the line 'mean Dice 0.xxx' a label. */
RP_MUST rp_status rp_show_scores(const rp_text *summary);
