/* lib/stats/cox_priv.h - what the files of Cox regression share. */
#pragma once
#include "lib/stats/cox.h"
#include "lib/stats/lives.h"

/* Subjects by stratum, then ascending time; a block is the subjects of one time in one stratum. */
struct rp_cox {
    rp_cox_data data;
    rp_cox_ties ties;
    int64_t *order;   /* [n] */
    int64_t blocks;
    int64_t *start;   /* [blocks + 1] */
    int64_t *stratum_end; /* [blocks] position where the block's stratum ends */
    double *x;        /* [n][p] centred, in order */
    double *event;    /* [n] in order */
    double mean[RP_COX_MAX];
    double information[RP_COX_MAX * RP_COX_MAX]; /* at the coefficients */
    double inverse[RP_COX_MAX * RP_COX_MAX];
    rp_cox_result result;
};

/* Sums of weights e^(b x) over a set of subjects. */
typedef struct rp_cox_sums {
    double s0, s1[RP_COX_MAX], s2[RP_COX_MAX * RP_COX_MAX];
} rp_cox_sums;
void rp_cox_sums_add(int p, double weight, const double x[], rp_cox_sums *s);

/* What one block's events add at coefficients b: log likelihood, gradient [p], information [p * p].
 * risk: sums over the block's risk set, events included. */
void rp_cox_block(const rp_cox *fit, int64_t block, const double b[], const rp_cox_sums *risk,
                  double *loglik, double gradient[], double information[]);
/* The same for the exact likelihood, which needs the whole risk set. */
RP_MUST rp_status rp_cox_block_exact(const rp_cox *fit, int64_t block, const double b[], double *loglik,
                                     double gradient[], double information[]);

/* Calls visit for each block that has events, with the sums of its risk set, from late to early. */
typedef rp_status rp_cox_visit(const rp_cox *fit, int64_t block, const rp_cox_sums *risk, void *context);
RP_MUST rp_status rp_cox_walk(const rp_cox *fit, const double b[], rp_cox_visit *visit, void *context);
double rp_cox_weight(const rp_cox *fit, int64_t position, const double b[]);
/* Sums over the events of a block; *d: their number. */
void rp_cox_block_events(const rp_cox *fit, int64_t block, const double b[], rp_cox_sums *events,
                         int64_t *d);
