/* pipeline/stats_pairs.h - a table of pairs of images (case, reference, prediction), and rows of
 * its cases and groups. */
#pragma once
#include "pipeline/groups.h"
#include "pipeline/stats_request.h"

typedef struct rp_stats_pairs {
    const char *by; /* column of groups, lent; NULL: none were asked for */
    bool skip_bad;
    rp_csv *csv;
    int name, reference, prediction; /* columns */
    int64_t count, room, *row;       /* [count] rows that are pairs */
    int64_t left_out;                /* malformed rows, with skip_bad */
    rp_groups groups;                /* of the pairs */
} rp_stats_pairs;
#define RP_STATS_PAIRS_AUTO __attribute__((cleanup(rp_stats_pairs_clear))) rp_stats_pairs
void rp_stats_pairs_clear(rp_stats_pairs *p);
/* Reads the request's table of pairs; a row that names no file is malformed.
 * Errors: RP_EDATA naming file, line, column; RP_EUSE for --by case. */
RP_MUST rp_status rp_stats_pairs_read(const rp_stats_request *q, rp_stats_pairs *out);
/* Lent. */
const char *rp_stats_pairs_case(const rp_stats_pairs *p, int64_t pair);
/* Volumes owned by the caller.  Errors: those of rp_nifti_read: a file that cannot be read is no
 * malformed row. */
RP_MUST rp_status rp_stats_pairs_load(const rp_stats_pairs *p, int64_t pair, rp_volume **reference,
                                      rp_volume **prediction);

/* Header, rows of a pair, rows of a group (RP_ALL_PAIRS: of all) under a name in the column of
 * cases, and the count of rows left out, where that was asked for. */
enum { RP_ALL_PAIRS = -1 };
void rp_stats_pairs_header(const rp_stats_pairs *p, rp_text *out);
void rp_stats_pairs_put(const rp_stats_pairs *p, int64_t pair, const rp_rows *rows, rp_text *out);
void rp_stats_pairs_put_group(const rp_stats_pairs *p, int32_t group, const char *name,
                              const rp_rows *rows, rp_text *out);
RP_MUST rp_status rp_stats_pairs_end(const rp_stats_pairs *p, rp_text *out);
