/* cohort/recipe.h - how a case becomes what a network sees, and how its answer returns.
 *
 * Order: inputs on the first one's grid, axes turned to the patient's, crop, normalise, resample.
 * A recipe is fitted on training cases and travels with the weights: prediction applies it as it
 * is. */
#pragma once
#include "cohort/cohort.h"
#include "lib/image/orient.h"

enum { RP_INPUTS_MAX = 16 };

typedef enum rp_scheme {
    RP_SCHEME_NONE,
    RP_SCHEME_CT,
    RP_SCHEME_ZSCORE,
    RP_SCHEME_COUNT
} rp_scheme;
const char *rp_scheme_name(rp_scheme s);

typedef struct rp_recipe {
    int inputs;
    struct {
        char name[RP_NAME_SIZE];
        rp_scheme scheme;
        double low, high, mean, sd; /* RP_SCHEME_CT: clip, then (x - mean) / sd */
    } input[RP_INPUTS_MAX];
    int labels;
    char label[RP_INPUTS_MAX][RP_NAME_SIZE];
    double spacing[3]; /* target, mm, z y x */
    bool crop_nonzero;
    rp_dtype dtype; /* precision that images are rounded to */
} rp_recipe;

/* JSON and back; numbers keep all their digits.  Errors: RP_EDATA naming the key. */
void rp_recipe_write(const rp_recipe *r, rp_text *json);
RP_MUST rp_status rp_recipe_read(const char *name, int64_t n, const char *json, rp_recipe *out);

/* Where a prepared case comes from: all that is needed to go back. */
typedef struct rp_provenance {
    rp_grid source; /* of the first input as stored */
    rp_orient orient;
    int64_t low[3], size[3]; /* crop, in turned voxels */
    int64_t n[3];            /* prepared */
} rp_provenance;

typedef struct rp_case_image {
    rp_provenance from;
    int inputs;
    float *image;                 /* [inputs][n] normalised, rounded to the recipe's dtype */
    float outside[RP_INPUTS_MAX]; /* value beyond the case */
} rp_case_image;
void rp_case_image_drop(rp_case_image **c);

/* Inputs of a case as they stand, on the first one's grid, turned.  values: [inputs][voxels].
 * Owned by the caller.  Errors: RP_EDATA (an input is missing, named), those of rp_cohort_read. */
RP_MUST rp_status rp_recipe_inputs(const rp_recipe *r, rp_cohort *c, int64_t index,
                                   rp_provenance *from, float **values);
/* The whole way.  Owned by the caller. */
RP_MUST rp_status rp_recipe_apply(const rp_recipe *r, rp_cohort *c, int64_t index,
                                  rp_case_image **out);
/* The same from inputs that were read (values is used up). */
RP_MUST rp_status rp_recipe_finish(const rp_recipe *r, const rp_provenance *from, float **values,
                                   rp_case_image **out);

/* Labels on the source grid (turned, uncropped or not) to the prepared grid.
 *   in [voxels of the turned source grid], out [n] */
RP_MUST rp_status rp_recipe_labels(const rp_recipe *r, const rp_provenance *from,
                                   const uint8_t in[], uint8_t out[]);
/* Logits [classes][n] to labels on the source grid as stored: linear, then the largest (ties: the
 * lowest class); 0 outside of the crop.  out: [voxels of from->source]. */
RP_MUST rp_status rp_recipe_restore(const rp_recipe *r, const rp_provenance *from, int classes,
                                    const float logits[], uint8_t out[]);
