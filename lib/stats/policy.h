/* lib/stats/policy.h - a reading policy replayed over examinations that were read without it.
 *
 * A policy tells from the scores of an examination how many readers see it, what the computer's
 * positive counts for, and what goes to consensus whatever the readers say.  Replay keeps each
 * reader's decision as it was: how readers change who see a computer's marks it cannot show. */
#pragma once
#include "lib/stats/shared.h"
#include "lib/stats/trial.h"

enum { RP_POLICY_BANDS = 16 };

typedef enum rp_policy_ai {
    RP_AI_NONE,
    RP_AI_SECOND_READER, /* a positive counts as a second reader's flag */
    RP_AI_AGREE          /* reader and computer positive: recalled; one of them: consensus */
} rp_policy_ai;

typedef enum rp_policy_score { RP_SCORE_RISK, RP_SCORE_RAW, RP_SCORES } rp_policy_score;
/* "risk_score", "ai_raw" */
const char *rp_policy_score_name(rp_policy_score s);

typedef struct rp_policy {
    rp_policy_score band_score;
    bool by_share; /* cuts are shares of the examinations with lower scores, not scores */
    int cuts;      /* bands: below cut[0], from cut[0] and below cut[1], ... */
    double cut[RP_POLICY_BANDS];      /* ascending */
    int readers[RP_POLICY_BANDS + 1]; /* 0, 1 or 2 a band */
    rp_policy_ai ai;
    rp_policy_score ai_score;
    double ai_threshold; /* positive at score >= threshold */
    double safety_share; /* the floor(share n) highest go to consensus; 0: none */
    rp_policy_score safety_score;
} rp_policy;

/* What consensus decides where no reader flagged, so that nobody asked it. */
typedef enum rp_unseen {
    RP_UNSEEN_OBSERVED,   /* the column consensus_recall, which the table must have there */
    RP_UNSEEN_NEVER,      /* recalls none of them */
    RP_UNSEEN_ALWAYS,     /* recalls all */
    RP_UNSEEN_PROBABILITY /* each with that chance: counts are expectations */
} rp_unseen;

typedef struct rp_replay_input {
    rp_exams exams;                 /* reader1, reader2, consensus_recall, cancer are needed */
    const double *score[RP_SCORES]; /* [rows]; NULL: no such column */
    rp_unseen unseen;
    double probability;
    const int64_t *row; /* [rows] which row of the whole table each is, rising; NULL: 0, 1, ... */
    rp_shared who;      /* who else holds rows of it */
} rp_replay_input;

/* What becomes of one examination. */
typedef struct rp_replayed {
    uint8_t readings;
    bool consensus;
    double recall; /* 0, 1, or the probability where consensus was never asked */
} rp_replayed;

/* Shares are taken over all rows, whoever holds them; ties of a safety net go to the lower row.
 *   out     [rows]
 *   failed  out, where a cell that the policy needs is missing: its row, from 0; else -1
 * Errors: RP_EDATA where a column or cell that the policy needs is missing (row named, from 1; the
 * lowest of the own rows); RP_EARG, RP_EMEM, RP_EPEER. */
RP_MUST rp_status rp_policy_replay(const rp_policy *p, const rp_replay_input *in, rp_replayed out[],
                                   int64_t *failed);

/* Sums over the rows of one arm (1, 0) or of all (-1), whoever holds them; expectations where
 * recall is a chance: whole numbers of certain recalls and of chances are added, then weighed. */
typedef struct rp_policy_counts {
    int64_t examinations, readings, consensus;
    double recalls, cancers_detected, false_positives, invasive_detected;
    double cancers_missed, interval_cancers; /* among those not recalled; need complete follow-up */
    double unverified;                       /* recalls of examinations whose cancer is not known */
    int64_t unseen;   /* consensus on examinations that no reader had flagged */
    bool is_complete; /* cancer is known of every examination */
} rp_policy_counts;
RP_MUST rp_status rp_policy_count(const rp_replay_input *in, const rp_replayed r[], int arm,
                                  rp_policy_counts *out);
