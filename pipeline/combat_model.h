/* pipeline/combat_model.h - a fitted ComBat with the names of its batches, covariates and features,
 * and its file (JSON). */
#pragma once
#include "lib/base/text.h"
#include "lib/radiomics/combat.h"

enum { RP_COMBAT_NAMES_MAX = 64 };
/* A covariate: a number, or categories of which the first has no column. */
typedef struct rp_combat_covariate {
    char *name;
    int levels; /* 0: a number */
    char *level[RP_COMBAT_NAMES_MAX];
} rp_combat_covariate;

typedef struct rp_combat_model {
    int batches, covariates;
    char *batch[RP_COMBAT_NAMES_MAX];
    rp_combat_covariate covariate[RP_COMBAT_NAMES_MAX];
    int64_t features;
    char **image, **feature; /* [features] */
    rp_combat *combat;       /* its covariates are columns: one a number, levels - 1 a category */
} rp_combat_model;
void rp_combat_model_drop(rp_combat_model **m);
/* Columns of all covariates. */
int rp_combat_columns(const rp_combat_model *m);

/* {"radpipe_combat": 1, "batches": [...], "reference": null, "covariates": [...], "features":
 * [{image, feature, used, alpha, sigma, beta, gamma, delta}, ...]}; numbers with 17 digits. */
void rp_combat_model_write(const rp_combat_model *m, rp_text *out);
/* Errors: RP_EDATA naming what is missing or of another kind, those of rp_file_read. */
RP_MUST rp_status rp_combat_model_read(const char *path, rp_combat_model **out);
