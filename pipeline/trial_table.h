/* pipeline/trial_table.h - the table of a trial's examinations, read a row at a time.
 *
 * A row keeps some 20 bytes, and 4 a factor and 8 a score that are asked for.
 *
 * Ranks divide the table: each parses its part of the file's bytes and keeps some of the rows, all
 * those of a cluster on one rank.  Dictionaries of levels and reasons are the same on all. */
#pragma once
#include "lib/stats/policy.h"
#include "pipeline/text_codes.h"

enum { RP_FACTORS_MAX = 16, RP_BANDS_MAX = 16, RP_LEVELS_MAX = 1000 };

/* A column as groups: its texts in natural order, or bands of its numbers. */
typedef struct rp_trial_factor {
    const char *column; /* lent by who asks */
    int cuts;           /* > 0: bands below cut[0], from cut[0] and below cut[1], ... */
    double cut[RP_BANDS_MAX];
    int levels;     /* out; an empty cell is the level "missing" */
    int32_t *code;  /* out: [rows] */
    int64_t room;   /* of code */
    rp_codes names; /* out */
    int64_t *line;  /* out: [names.count] line on which each came first */
    int64_t lines;  /* room */
    int32_t *place; /* out: [levels] names' code of each level */
} rp_trial_factor;
const char *rp_factor_level(const rp_trial_factor *f, int level);

/* Who dropped out, and why. */
typedef enum rp_population {
    RP_POPULATION_RANDOMISED,
    RP_POPULATION_MODIFIED,
    RP_POPULATION_PROTOCOL
} rp_population;

typedef struct rp_trial_ask {
    const char *arm_new, *arm_control; /* what the column arm says */
    bool one_arm; /* a cohort without arms (the replay of policies): the column may be absent */
    const char *cluster;   /* column; NULL: every examination its own */
    bool cluster_may_lack; /* no such column: every examination its own */
    double window;         /* months; an interval cancer later than that is none */
    bool skip_bad;         /* malformed rows are left out and counted, else the first stops */
    bool scores;           /* risk_score and ai_raw are kept */
    bool numbers;          /* which row of the table each is, and whose, are kept: 8 bytes each */
} rp_trial_ask;

typedef struct rp_trial_table {
    int64_t rows; /* on this rank */
    int64_t all_rows, bad_rows;
    char first_bad[240]; /* what was wrong with the first malformed row */
    uint8_t *arm, *flag[RP_EXAM_FLAGS];
    double *score[RP_SCORES];
    int32_t *cluster;
    int64_t clusters; /* different ones; equal to rows where every examination is its own */
    int64_t all_clusters;
    int64_t *row; /* [rows] which row of the table, rising; NULL: first_row, ... */
    int64_t first_row;
    uint64_t *identity;             /* [clusters] of the cluster's name; NULL: not kept */
    int32_t *exclusion, *deviation; /* [rows] code of the reason, 0: none; NULL: no such column */
    rp_codes reasons[2];
    int64_t capacity[1 + RP_EXAM_FLAGS + RP_SCORES + 3]; /* of the arrays above */
} rp_trial_table;

/* Reads the table; factor [factors]: columns and cuts are given, the rest is filled in.
 * Columns: arm, the flags of rp_exam_column, interval_months, linked, exclusion, deviation, the
 * cluster's and the factors'; all but arm may be absent.  Empty cells and NA are missing.  linked 0
 * leaves the interval cancer missing; so does an interval cancer without its months, where that
 * column is there.
 * Collective where there are ranks.
 * Errors: RP_EDATA naming file, line, column, the first in the file on all ranks; RP_EMEM. */
RP_MUST rp_status rp_trial_read(const char *path, const rp_trial_ask *ask, int factors,
                                rp_trial_factor factor[], rp_trial_table *out);
void rp_trial_table_clear(rp_trial_table *t);
void rp_trial_factors_clear(int factors, rp_trial_factor factor[]);
/* Lent view for lib/stats. */
rp_exams rp_trial_exams(const rp_trial_table *t);
