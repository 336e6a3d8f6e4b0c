/* cohort/prepare.h - from a cohort to prepared cases. */
#pragma once
#include "cohort/prepared.h"
#include "cohort/work.h"

typedef struct rp_prepare {
    const rp_comm *comm;
    rp_pool *pool;
    rp_cohort *cohort;
    const rp_part *part; /* [cases of the cohort] */
    const char *folder;  /* FOLDER/DIGEST/ is made */
    int inputs;
    const char *input[RP_INPUTS_MAX];
    const char *scheme[RP_INPUTS_MAX]; /* auto, ct, zscore, none */
    int labels;
    const char *label[RP_INPUTS_MAX], *pattern[RP_INPUTS_MAX];
    bool merge_union;  /* several regions that match are joined; else that is an error */
    double spacing[3]; /* 0: median of the training cases */
    bool crop_nonzero;
    rp_dtype dtype;
    uint64_t seed; /* of the samples of coordinates */
    bool (*stop)(void *arg);
    void *stop_arg;
} rp_prepare;

/* Makes the prepared cases, or finds them made, or goes on.  lost: "name,stage,reason" rows of the
 * split's cases that could not be prepared, appended.  What is fitted sees training cases only.
 * Owned by the caller.  Collective.
 * Errors: RP_EUSE (input or region that no case has), RP_EDATA (no training case left), RP_ESTOP,
 * RP_EIO, RP_ESPACE. */
RP_MUST rp_status rp_prepare_run(const rp_prepare *s, rp_prepared **out, rp_text *lost);

/* Labels of a case on its first input's turned grid: label i where a region that matches pattern i
 * was drawn; later labels win.  out: [voxels].
 * Errors: RP_EDATA: no region, or several, match a label (named). */
RP_MUST rp_status rp_prepare_labels(const rp_prepare *s, int64_t index, const rp_provenance *from,
                                    uint8_t out[]);
