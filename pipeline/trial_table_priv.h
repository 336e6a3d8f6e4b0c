/* pipeline/trial_table_priv.h - what the files that read a trial's table share. */
#pragma once
#include "pipeline/trial_table.h"

/* Numbers of the whole table, where each rank has read its part of the rows: dictionaries of all
 * ranks as one would have them, codes changed to them, and totals.
 *   st    what became of the own part; line: on which it failed
 * One failure for all, the first in the file.  Collective. */
RP_MUST rp_status rp_trial_unite(rp_status st, int64_t line, const char *path, int factors,
                                 rp_trial_factor factor[], rp_trial_table *t);
/* Rows of a cluster together on one rank, by its name's hash: rows move, in the file's order, and
 * codes of clusters are new.  clusters: names of the own codes; those of the new ones then.
 * Collective. */
RP_MUST rp_status rp_trial_regroup(int factors, rp_trial_factor factor[], rp_codes *clusters,
                                   rp_trial_table *t);
/* "FILE:LINE: column 'C' has over N different values: give it bands" */
RP_MUST rp_status rp_trial_too_many_levels(const char *path, int64_t line, const char *column);
