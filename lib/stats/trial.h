/* lib/stats/trial.h - a screening trial as a table of examinations: outcomes, and their counts.
 *
 * An outcome of an examination is a count (0 or 1, but for readings), or it is out of the
 * endpoint's denominator, or it is missing.  Everything is counted in whole numbers, so that no
 * order, block or rank can change a digit. */
#pragma once
#include "lib/stats/stratified.h"

/* Columns of 0 and 1, named as in the table. */
typedef enum rp_exam_flag {
    RP_EXAM_READER1,
    RP_EXAM_READER2,
    RP_EXAM_CONSENSUS,        /* discussed by two readers */
    RP_EXAM_CONSENSUS_RECALL, /* what consensus decided, or would */
    RP_EXAM_RECALL,
    RP_EXAM_CANCER,             /* there at screening, detected or not; needed where recalled */
    RP_EXAM_INTERVAL,           /* surfaced between rounds, within the window */
    RP_EXAM_INTERVAL_IF_MISSED, /* would surface if not recalled */
    RP_EXAM_INVASIVE,           /* of a cancer */
    RP_EXAM_FLAGS
} rp_exam_flag;
const char *rp_exam_column(rp_exam_flag f);
enum { RP_FLAG_MISSING = 2 };

typedef struct rp_exams {
    int64_t rows;
    const uint8_t *arm;                 /* [rows] 1: new, 0: control */
    const uint8_t *flag[RP_EXAM_FLAGS]; /* [rows] 0, 1, RP_FLAG_MISSING; NULL: no such column */
} rp_exams;

enum { RP_OUTCOME_OUT = -1, RP_OUTCOME_MISSING = -2 };
typedef struct rp_endpoint {
    const char *name, *meaning;
    unsigned needs;       /* bits of flags without which it cannot be counted */
    bool few_is_good;     /* fewer in the new arm is better */
    bool is_count;        /* may exceed 1: no proportion */
    bool needs_follow_up; /* interval cancers: women who are not linked to a register drop out */
    double per;           /* rates are printed a so many */
    int (*of)(const rp_exams *e, int64_t i);
} rp_endpoint;
/* Ends with a NULL name. */
extern const rp_endpoint rp_endpoints[];
/* NULL if there is none of that name. */
const rp_endpoint *rp_endpoint_find(const char *name);
/* Are the columns that it needs there? */
bool rp_endpoint_fits(const rp_endpoint *p, const rp_exams *e);

/* What becomes of a missing outcome.  Worst: bad in the new arm, good in control. */
typedef enum rp_missing {
    RP_MISSING_EXCLUDE,
    RP_MISSING_NONE,
    RP_MISSING_EVENT,
    RP_MISSING_WORST
} rp_missing;

typedef struct rp_trial_cell {
    rp_counts c;                /* after the rule for missing outcomes */
    int64_t missing1, missing0; /* before it */
} rp_trial_cell;

/* Counts by group.
 *   in     [rows] is the row in the population; NULL: all are
 *   group  [rows] code in 0..groups-1, below 0: none; NULL: one group
 *   cell   [groups] out
 * Local.  Allocates nothing. */
void rp_trial_count(const rp_exams *e, const rp_endpoint *p, rp_missing rule, const bool in[],
                    const int32_t group[], int groups, rp_trial_cell cell[]);

/* Clusters of one group (or of all: only < 0) by what they hold, as rp_clustered_find takes them.
 *   cluster  [rows] code in 0..clusters-1; NULL: every examination its own
 * Patterns ascend, so that sums over them have one order.  Owned by the caller.
 * Errors: RP_EMEM. */
RP_MUST rp_status rp_trial_patterns(const rp_exams *e, const rp_endpoint *p, rp_missing rule,
                                    const bool in[], const int32_t group[], int only,
                                    const int32_t cluster[], int64_t clusters,
                                    rp_cluster_pattern **out, int64_t *count);

/* Clusters by what they hold of each stratum, as rp_stratified_robust takes them: equal ones
 * together, in the order of their content.
 *   stratum  [rows] code from 0
 * Both arrays owned by the caller.  Errors: RP_EMEM. */
RP_MUST rp_status rp_trial_compositions(const rp_exams *e, const rp_endpoint *p, rp_missing rule,
                                        const bool in[], const int32_t stratum[],
                                        const int32_t cluster[], int64_t clusters,
                                        rp_composition **composition, int64_t *compositions,
                                        rp_cluster_part **part, int64_t *parts);

/* Clusters told as patterns by several, one list behind the other: equal ones together, in the
 * order in which one would have them.  In place; returns how many are left. */
int64_t rp_patterns_merge(int64_t count, rp_cluster_pattern p[]);
/* The same of compositions, whose parts stay where they are. */
int64_t rp_compositions_merge(int64_t count, rp_composition c[], const rp_cluster_part part[]);

/* rp_trial_patterns of two outcomes on one examination (a policy against another): x1, n1 of now,
 * x0, n0 of standard.
 *   now, standard  [rows] 0 or 1
 *   in             [rows] is the row looked at; NULL: all are */
RP_MUST rp_status rp_pair_patterns(int64_t rows, const uint8_t now[], const uint8_t standard[],
                                   const bool in[], const int32_t cluster[], int64_t clusters,
                                   rp_cluster_pattern **out, int64_t *count);
