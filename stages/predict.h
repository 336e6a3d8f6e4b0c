/* stages/predict.h - predictions by sliding window, and their scores. */
#pragma once
#include "cohort/prepare.h"
#include "lib/net/engine.h"
#include "lib/net/window.h"

typedef struct rp_predictor_settings {
    const rp_network *net;   /* lent */
    const float *weights;    /* [rp_network_weights(net)], needed while rp_predictor_new runs */
    const rp_recipe *recipe; /* lent */
    int64_t patch[3];
    int threads;
    const char *kernels;
    double step;
    bool mirror;  /* average over flips */
    bool largest; /* keep the largest connected part of all labels, 26 neighbours, on the source
                     grid */
    _Atomic int64_t *patches; /* counts up by one a patch; NULL: not wanted */
} rp_predictor_settings;

/* Belongs to one thread, which brings its OpenMP team. */
typedef struct rp_predictor rp_predictor;
RP_MUST rp_status rp_predictor_new(const rp_predictor_settings *s, rp_predictor **out);
void rp_predictor_drop(rp_predictor **p);
/* Labels of a case on its source grid: out [voxels of image->from.source]. */
RP_MUST rp_status rp_predictor_case(rp_predictor *p, const rp_case_image *image, uint8_t out[]);

/* Labels of a case on its prepared grid: out [n of image->from]. */
RP_MUST rp_status rp_predictor_prepared(rp_predictor *p, const rp_case_image *image, uint8_t out[]);

/* Scores of one label of one case.  A score that has no value says why in state. */
typedef struct rp_score {
    double dice, hd95_mm, volume_reference_mm3, volume_prediction_mm3;
    bool has_dice, has_hd95;
    char state[40]; /* ok, or "both empty", "reference empty", "prediction empty" */
} rp_score;
/* reference, prediction [n] on one grid. */
RP_MUST rp_status rp_score_label(const int64_t n[3], const double spacing[3],
                                 const uint8_t reference[], const uint8_t prediction[],
                                 uint8_t label, rp_score *out);
/* Rows and summary as CSV. */
void rp_score_header(rp_text *csv);
void rp_score_row(rp_text *csv, const char *case_name, const char *label, const rp_score *s);
/* label,metric, then rp_summary_names. */
void rp_score_summary_header(rp_text *csv);
/* Summary of rows written by rp_score_row (with the header), with its header. */
RP_MUST rp_status rp_score_summary(const rp_text *rows, rp_text *csv);

/* Predicts the test cases over all ranks, scores them, writes predictions/CASE.nii.gz,
 * metrics-cases.csv and metrics.csv into the run directory. */
typedef struct rp_test_run {
    const rp_comm *comm;
    rp_pool *compute;   /* one thread */
    const char *folder; /* run directory */
    const char *digest; /* of weights and settings: journals of others are not used */
    rp_prepared *prepared;
    const rp_prepare *prepare; /* labels of the source */
    rp_predictor_settings predictor;
    bool (*stop)(void *arg);
    void *stop_arg;
} rp_test_run;
/* Collective.  summary: metrics.csv; lost: "case,stage,reason" rows, both on rank 0. */
RP_MUST rp_status rp_test_cases(const rp_test_run *t, rp_text *cases, rp_text *summary,
                                rp_text *lost);

/* Predicts all cases of a cohort that have the recipe's inputs; writes OUT/CASE.nii.gz. Collective.
 */
typedef struct rp_predict_run {
    const rp_comm *comm;
    rp_pool *compute;
    const char *folder;
    rp_cohort *cohort;
    rp_predictor_settings predictor;
    bool (*stop)(void *arg);
    void *stop_arg;
} rp_predict_run;
RP_MUST rp_status rp_predict_cohort(const rp_predict_run *t, int64_t *predicted, rp_text *lost);
