/* lib/stats/family.h - the families of statistics: named columns in, named rows out.
 *
 * Row names are those of docs/stats.md.  What a column's absence switches off is left out; what is
 * undefined is a row with its reason.  Errors of all: RP_EDATA naming column and row, RP_EUSE where
 * an option is out of range, RP_EMEM. */
#pragma once
#include "lib/stats/bootstrap.h"
#include "lib/stats/columns.h"

enum { RP_FAMILY_LIST = 16 };
typedef struct rp_family_options {
    double cut;         /* classification: positive at score >= cut */
    double specificity; /* classification: where sensitivity is read */
    int thresholds;
    double threshold[RP_FAMILY_LIST]; /* classification: net benefit */
    int64_t replicates;               /* classification: bootstrap of the areas; 0: none */
    uint64_t seed;
    rp_replicates_fn *who; /* of the bootstrap; NULL: this process */
    int64_t permutations;  /* permutation: all arrangements up to that many, else that many drawn */
    double margin;         /* paired: how much lower the new share may be; 0: no test */
    int times;
    double time[RP_FAMILY_LIST]; /* survival: where curves are read; the third is the horizon of
                                    scores */
    double horizon;              /* survival: time of AUC(t), Brier(t), baseline hazard */
    double limit;                /* survival: Uno's C and the integrated Brier score end there */
    double tau;                  /* survival: of the restricted mean */
    int covariates;
    const char *covariate[RP_FAMILY_LIST]; /* survival: columns of the Cox model */
} rp_family_options;
/* What the reference values used. */
rp_family_options rp_family_defaults(void);

/* y, score1; more where there are score2, half, grade1 and grade2, cluster. */
RP_MUST rp_status rp_family_classification(const rp_columns *t, const rp_family_options *o,
                                           rp_rows *out);
/* reader, test, case, truth, rating: each reader rates each case in each test once. */
RP_MUST rp_status rp_family_mrmc(const rp_columns *t, const rp_family_options *o, rp_rows *out);
/* time, event; more where there are cause, group, site, risk, p_surv10 and covariates. */
RP_MUST rp_status rp_family_survival(const rp_columns *t, const rp_family_options *o, rp_rows *out);
/* r1, r2, ...: one column a rater. */
RP_MUST rp_status rp_family_agreement(const rp_columns *t, const rp_family_options *o,
                                      rp_rows *out);
/* value and group (two of them: mean of the first minus that of the second, groups by ascending
 * code), or value1 and value2 (pairs). */
RP_MUST rp_status rp_family_permutation(const rp_columns *t, const rp_family_options *o,
                                        rp_rows *out);
/* new and standard (0, 1); the same among cancers and among others where there is cancer; robust
 * intervals where there is cluster. */
RP_MUST rp_status rp_family_paired(const rp_columns *t, const rp_family_options *o, rp_rows *out);
/* The same of counts; what stands in front of each name. */
struct rp_pairs;
RP_MUST rp_status rp_family_pairs(const struct rp_pairs *c, const char *what, double margin,
                                  rp_rows *out);
/* One comparison, one proportion. */
RP_MUST rp_status rp_family_two_arm(int64_t x1, int64_t n1, int64_t x0, int64_t n0, rp_rows *out);
RP_MUST rp_status rp_family_one_arm(int64_t x, int64_t n, rp_rows *out);

/* Findings of scans 0..scans-1 as in froc.h; radius in mm where a size is unknown. */
struct rp_marks;
RP_MUST rp_status rp_family_detection(const struct rp_marks *marks, int64_t candidates,
                                      rp_rows *out);
