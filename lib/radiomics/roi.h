/* lib/radiomics/roi.h - an image and its masks on the way to features: the processing steps of
 * IBSI.
 *
 * 1. Order: round, interpolate, round, threshold the mask, [filter], re-segment, discretise.
 * 2. The morphological mask is never re-segmented; the intensity mask is.
 * 3. Re-segmentation looks at the interpolated image, not at a filter's response; features read the
 *    response where there is one.
 * 4. All arithmetic is in double: thresholds and bin borders decide voxels.
 * Source: IBSI reference manual, chapter 2. */
#pragma once
#include "lib/image/volume.h"

typedef enum rp_binning {
    RP_BIN_NONE,     /* intensities are levels already: integers >= 1 */
    RP_BIN_FBN,      /* a fixed number of bins over the region's range */
    RP_BIN_FBS,      /* a fixed bin size from the range's lower bound, else the region's minimum */
    RP_BIN_FBS_ZERO, /* edges are multiples of the size; the bin of the region\'s minimum is 1
                        (PyRadiomics) */
} rp_binning;
typedef enum rp_ivh_mode {
    RP_IVH_NONE, /* intensities as they are, steps of ivh_width over the re-segmentation or own
                    range */
    RP_IVH_FBN,
    RP_IVH_FBS, /* bins are replaced by their centres */
} rp_ivh_mode;

typedef struct rp_roi_settings {
    bool is_integer;       /* image holds integers (CT): rounded before and after interpolation */
    double spacing[3];     /* mm along z, y, x; 0: as it is */
    int image_order;       /* 0, 1, 3 */
    int mask_order;        /* 0, 1 */
    double mask_threshold; /* part of a voxel that makes it one of the mask; in (0, 1] */
    bool has_range;
    double low, high; /* re-segmentation, both inside */
    double outliers;  /* standard deviations (population) around the mean that stay; 0: all */
    bool has_zscore;  /* intensities become (x - mean) / sd of the morphological mask */
    rp_binning binning;
    int bins;
    double width;
    rp_ivh_mode ivh;
    int ivh_bins;
    double ivh_width;
    int64_t max_levels; /* more grey levels than this are refused */
} rp_roi_settings;

/* Nothing interpolated, nothing re-segmented, FBN of 32 bins. */
rp_roi_settings rp_roi_settings_default(void);

typedef struct rp_roi {
    rp_grid grid;
    double *image;    /* [voxels] intensities, interpolated; what re-segmentation looks at */
    double *response; /* [voxels] of a filter; NULL: the image itself is read */
    uint8_t *morph;   /* [voxels] */
    uint8_t *mask;    /* [voxels] intensity mask */
    /* After rp_roi_discretise: the voxels of the intensity mask in raster order. */
    int64_t count;
    double *value;   /* [count] intensities (of the response where there is one) */
    uint16_t *level; /* [count] grey levels from 1; NULL where levels is 0 */
    int levels;  /* highest grey level that the binning gives here; 0: could not be discretised */
    double *ivh; /* [count] intensities as the IVH sees them; NULL: as they are */
    double ivh_low, ivh_high, ivh_step; /* its axis */
} rp_roi;
void rp_roi_drop(rp_roi **roi);

/* Steps up to the mask's threshold.  image, mask: [voxels of grid]; mask 0 or 1.  Both masks are
 * the same then.  Only the mask's box and margin mm around it are kept (and read); margin < 0 keeps
 * the whole image.  The grid's phase is that of the whole image either way.  Owned by the caller.
 * Errors: RP_EARG (settings), RP_ENUM (an intensity read that is not finite), RP_EMEM. */
RP_MUST rp_status rp_roi_new(const rp_grid *grid, const double image[], const uint8_t mask[],
                             const rp_roi_settings *s, double margin, rp_roi **out);
/* A roi of an image and mask that are on its grid already: the steps behind interpolation.  image
 * and mask are taken.  Errors: RP_EMEM. */
RP_MUST rp_status rp_roi_take(const rp_grid *grid, double **image, uint8_t **mask,
                              const rp_roi_settings *s, rp_roi **out);
/* Takes back filter, re-segmentation and discretisation: the roi is as rp_roi_new left it. */
void rp_roi_renew(rp_roi *roi);
/* Takes voxels out of the intensity mask.  An empty one is no failure. */
void rp_roi_resegment(rp_roi *roi, const rp_roi_settings *s);
/* Collects values, grey levels and the IVH's axis.  A mask without voxels leaves count 0.
 * A region of one value is level 1 under RP_BIN_FBN.  More levels than max_levels leave levels 0.
 * Errors: RP_EARG (bins, width), RP_ENUM, RP_EMEM. */
RP_MUST rp_status rp_roi_discretise(rp_roi *roi, const rp_roi_settings *s);
/* What a processing step left, for the record. */
typedef struct rp_roi_facts {
    int64_t count, size[3]; /* voxels; of the bounding box along z, y, x; 0 when empty */
    double mean, low, high; /* of the image in the mask; 0 when empty */
} rp_roi_facts;
rp_roi_facts rp_mask_facts(const int64_t n[3], const double image[], const uint8_t mask[]);
/* Bounding box of mask != 0: [low, high) along z, y, x.  False when empty. */
bool rp_mask_box(const int64_t n[3], const uint8_t mask[], int64_t low[3], int64_t high[3]);
