/* lib/radiomics/perturb.h - an image and its mask as another scan or observer might give them.
 *
 * 1. Noise: normal numbers, a multiple of the image's own noise, on the voxels of the source.
 * 2. Rotation about the grid's z axis through the middle of the mask's box, and a translation in
 *    parts of a voxel, inside the one interpolation.
 * 3. Contour: along supervoxels of the interpolated image.
 * Random numbers follow from the seed, the repetition and the voxel's place in the whole image: not
 * from the margin that a filter asks for, nor from threads or ranks.
 * Source: A. Zwanenburg et al., Sci. Rep. 9 (2019) 614, DOI 10.1038/s41598-018-36938-4. */
#pragma once
#include "lib/radiomics/roi.h"

typedef struct rp_perturb_settings {
    int repetitions;    /* 0: none */
    double rotation;    /* degrees; angles are drawn from -rotation to rotation */
    double translation; /* voxels of the new grid; drawn from -translation to translation */
    double noise;       /* times the image's own standard deviation of noise; 0: none */
    double supervoxel;  /* mm3; contours are drawn anew along supervoxels of that size; 0: not */
    uint64_t seed;
} rp_perturb_settings;

/* One repetition. */
typedef struct rp_perturbation {
    double angle;    /* degrees, from x to y */
    double shift[3]; /* voxels of the new grid along z, y, x */
    double noise, supervoxel;
    uint64_t seed, repetition;
} rp_perturbation;
/* region: a number that tells the region from others (rp_perturb_key). */
rp_perturbation rp_perturbation_draw(const rp_perturb_settings *s, uint64_t region, int repetition);
/* From the names of case and region. */
uint64_t rp_perturb_key(const char *case_name, const char *region);

/* rp_roi_new on the perturbed image and mask.  Beyond the image lies the lowest value around the
 * region.  Sums and thresholds are those of rp_roi_new, but the image is resampled in single
 * precision.  Errors: those of rp_roi_new. */
RP_MUST rp_status rp_roi_perturbed(const rp_grid *grid, const double image[], const uint8_t mask[],
                                   const rp_roi_settings *s, const rp_perturbation *p,
                                   double margin, rp_roi **out);

/* Standard deviation of an image's noise: the median of |d|/0.6745 over the diagonal details d of a
 * coiflet wavelet (coif1) in each slice, which noise passes with its size and smooth parts do not.
 * 0 for fewer than 8 pixels along x or y.
 * Source: D. L. Donoho, I. M. Johnstone, Biometrika 81 (1994) 425.  Errors: RP_EMEM. */
RP_MUST rp_status rp_noise_level(const int64_t n[3], const double image[], double *sd);
