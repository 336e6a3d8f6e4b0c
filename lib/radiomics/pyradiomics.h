/* lib/radiomics/pyradiomics.h - the features of PyRadiomics 3 on one image, by its names.
 *
 * Most are IBSI's on grey levels that are counted otherwise (RP_BIN_FBS_ZERO).  Else: kurtosis is
 * not in excess of 3; energies and root mean square read intensities plus a shift; axes are of the
 * covariance over N; three diameters lie in planes; MCC is the maximal correlation coefficient.
 * Source: J. J. M. van Griethuysen et al., Cancer Res. 77 (2017) e104,
 *         DOI 10.1158/0008-5472.CAN-17-0339. */
#pragma once
#include "lib/radiomics/families.h"

enum { RP_PYRADIOMICS_COUNT = 116 };
/* "glcm_Idmn"; index in 0..RP_PYRADIOMICS_COUNT - 1. */
const char *rp_pyradiomics_name(int i);
/* Of the mask alone: there is one value for all images. */
bool rp_pyradiomics_is_shape(int i);
/* Of a mask of one slice alone (shape2D). */
bool rp_pyradiomics_is_shape2d(int i);

/* How directions are joined (weightingNorm).  None: features of each, then their mean.  Others:
 * matrices are added first, each with a weight that follows from its step's length in mm: for pairs
 * exp(-length^2), for runs the length; none of these for no_weighting. */
typedef enum rp_norm {
    RP_NORM_NONE,
    RP_NORM_PLAIN, /* no_weighting */
    RP_NORM_MANHATTAN,
    RP_NORM_EUCLIDEAN,
    RP_NORM_INFINITY
} rp_norm;

typedef struct rp_pyradiomics_settings {
    double shift;     /* added to intensities for Energy, TotalEnergy and RootMeanSquared */
    bool is_flat;     /* force2D: matrices of slices, merged over them; shape2D */
    bool is_response; /* of a filter: shape is left out (NaN) */
    rp_norm norm;
    int64_t memory; /* as in rp_texture_settings */
} rp_pyradiomics_settings;

/* x[RP_PYRADIOMICS_COUNT]: the values of a discretised region, NaN where there is none; shape2D is
 * NaN without is_flat or where the mask has more than one slice.
 * Errors: RP_EMEM. */
RP_MUST rp_status rp_pyradiomics(const rp_roi *roi, const rp_pyradiomics_settings *s, double x[]);
