/* stages/radiomics.h - features of regions: of one image and mask, and of a cohort over all ranks.
 */
#pragma once
#include "cohort/cohort.h"
#include "cohort/work.h"
#include "lib/base/pool.h"
#include "lib/radiomics/families.h"
#include "lib/radiomics/filter.h"
#include "lib/radiomics/perturb.h"
#include "lib/radiomics/pyradiomics.h"

enum { RP_RADIOMICS_FILTERS_MAX = 64 };
/* An image that features are read from: the image itself (RP_FILTER_NONE) or a response to it. */
typedef struct rp_radiomics_filter {
    rp_filter filter;
    double width; /* bin width there; 0: that of the settings */
} rp_radiomics_filter;

typedef struct rp_radiomics_settings {
    rp_roi_settings roi;
    rp_texture_settings texture;
    rp_family_choice families;
    int filters; /* >= 1; a row each, columns each under PyRadiomics' names */
    rp_radiomics_filter filter[RP_RADIOMICS_FILTERS_MAX];
    char image[64];      /* pattern of volume names; regions drawn on others are passed over */
    char region[64];     /* pattern of region names */
    char read[64];       /* volume that features are read from; "": the one drawn on */
    bool is_pyradiomics; /* its features and names instead of IBSI's */
    rp_pyradiomics_settings pyradiomics;
    double min_voxels; /* regions with fewer, after re-segmentation, are marked */
    rp_perturb_settings perturb;
    int map_radius;        /* of maps, voxels; 0: none are made */
    char map_features[64]; /* pattern of their names */
} rp_radiomics_settings;

/* The columns behind case, region, image: features of the chosen families and aggregations. */
typedef struct rp_radiomics_columns {
    int64_t count;
    const rp_radiomics_settings *settings; /* lent */
    bool is_pyradiomics;                   /* feature: index for rp_pyradiomics_name */
    int *feature;
    rp_aggregation *aggregation;
    int *filter; /* under PyRadiomics' names: the image of the column; else 0 */
} rp_radiomics_columns;
RP_MUST rp_status rp_radiomics_columns_make(const rp_radiomics_settings *s,
                                            rp_radiomics_columns *out);
void rp_radiomics_columns_clear(rp_radiomics_columns *c);
/* "stat_mean", "cm_joint_max.ITBB", "original_glcm_Idmn", "wavelet-LLH_glcm_Idmn". */
void rp_radiomics_column_name(const rp_radiomics_columns *c, int64_t i, rp_text *out);

/* Tables of results; a row is added a region. */
typedef struct rp_radiomics_tables {
    rp_text features; /* case,region,image,voxels,warning, then the columns; empty where missing */
    rp_text missing;  /* case,region,image,feature,reason */
    rp_text steps;    /* case,region,image,step,... : what each step of processing left */
    /* case,region,image,perturbation,voxels,warning, then the columns; empty without perturbations
     */
    rp_text perturbed;
} rp_radiomics_tables;
void rp_radiomics_tables_clear(rp_radiomics_tables *t);
/* Headers of the tables. */
void rp_radiomics_headers(const rp_radiomics_columns *c, rp_radiomics_tables *t);
/* feature,name,code,family,family_code,aggregation,unit,standardised: a row a column. */
void rp_radiomics_dictionary(const rp_radiomics_columns *c, rp_text *out);

/* Rows of one region: one for each filter, under PyRadiomics' names one for all.
 * image: [voxels of grid]; mask 0 or 1.  Errors: RP_EDATA, RP_ENUM (an
 * intensity that is not finite), RP_EMEM. */
RP_MUST rp_status rp_radiomics_region(const rp_radiomics_settings *s, const rp_radiomics_columns *c,
                                      const char *const name[3], const rp_grid *grid,
                                      const double image[], const uint8_t mask[],
                                      rp_radiomics_tables *t);

/* Maps of one region: FOLDER/IMAGE_NAME.nii.gz, single precision, for each of the settings' images
 * and each map whose name matches, on the interpolated grid around the region.  files: how many.
 * Errors: RP_EUSE (no map of that name), RP_EDATA (no voxels or grey levels), those of
 * rp_voxel_maps and rp_nifti_write. */
RP_MUST rp_status rp_radiomics_maps(const rp_radiomics_settings *s, const rp_grid *grid,
                                    const double image[], const uint8_t mask[], rp_pool *pool,
                                    const char *folder, int64_t *files);

typedef struct rp_radiomics_run {
    const rp_comm *comm;
    rp_pool *pool;
    const char *folder; /* results and journal */
    const char *digest; /* of settings and cohort: journals of others are not used */
    rp_cohort *cohort;
    const rp_radiomics_settings *settings;
    bool (*stop)(void *arg);
    void *stop_arg;
} rp_radiomics_run;
/* Features of every region whose name and volume match.  The tables are filled on rank 0 in the
 * cohort's order, so their bytes do not depend on ranks.  lost: "case,stage,reason" rows.
 * Collective. Errors: RP_EUSE (no region matches), those of rp_work_run. */
RP_MUST rp_status rp_radiomics_cohort(const rp_radiomics_run *run, int64_t *regions,
                                      rp_radiomics_tables *t, rp_text *lost);
