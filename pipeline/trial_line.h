/* pipeline/trial_line.h - one line of trial.csv. */
#pragma once
#include "lib/base/text.h"
#include "lib/stats/trial.h"

/* One line of the table; what a line has not stays undefined or empty. */
typedef struct rp_trial_line {
    const rp_endpoint *e;
    const char *part, *column, *level;
    bool has_counts;
    rp_trial_cell cell;
    rp_value ratio, difference, p, chisq;
    rp_interval ratio_ci, difference_ci, share1, share0;
    const char *share_method, *ratio_method, *difference_method, *p_method;
    int df;
    int64_t clusters; /* 0: none */
    const char *note;
} rp_trial_line;

/* The header, ended by its newline. */
extern const char rp_trial_line_header[];
/* A line of that endpoint without any number. */
rp_trial_line rp_trial_line_blank(const rp_endpoint *e, const char *part, const char *column,
                                  const char *level);
void rp_trial_line_put(rp_text *t, const rp_trial_line *l);
/* A cell: times the value, inf, or empty where it is undefined. */
void rp_trial_value_put(rp_text *t, rp_value v, double times);
/* Interval of the ratio by its name: katz, koopman, mn, poisson.  Errors: RP_EUSE for another. */
RP_MUST rp_status rp_trial_ratio_interval(const char *method, const rp_counts *c, double level,
                                          rp_interval *out);
/* Clopper-Pearson intervals of both arms. */
RP_MUST rp_status rp_trial_shares(const rp_counts *c, double level, rp_interval *share1,
                                  rp_interval *share0);
