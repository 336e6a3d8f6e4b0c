/* lib/radiomics/families.h - the families of features of one discretised region
 * (rp_roi_discretise).
 *
 * Each function adds its family's values, in the table's order, to out; what cannot be computed is
 * added as missing with its reason, and is no failure.  Local.  Errors of all: RP_EMEM. */
#pragma once
#include "lib/radiomics/features.h"
#include "lib/radiomics/roi.h"

/* The 13 directions (dz, dy, dx), half of the 26 neighbours; the first 4 lie in a slice. */
enum { RP_DIRECTIONS = 13, RP_DIRECTIONS_2D = 4 };
extern const int rp_direction[RP_DIRECTIONS][3];

typedef struct rp_texture_settings {
    bool aggregation[RP_AGGREGATION_COUNT]; /* which are wanted */
    int distance;                           /* Chebyshev distance of GLCM pairs */
    int neighbourhood;                      /* Chebyshev distance of NGTDM and NGLDM */
    int coarseness; /* alpha of NGLDM: levels that differ by at most this are alike */
    /* NULL, or out [RP_AGGREGATION_COUNT]: mean maximal correlation coefficient of the GLCMs, a
     * feature of PyRadiomics; untouched where there is no matrix. */
    double *mcc;
    /* NULL, or [RP_DIRECTIONS]: weights of the directions where GLCMs, run lengths are
     * merged (ZW7Z, IAZD), in the order of rp_direction. */
    const double *pair_weight, *run_weight;
    int64_t memory; /* bytes that the matrices of one region may take */
} rp_texture_settings;
/* All aggregations, distances 1, alpha 0, 1 GiB. */
rp_texture_settings rp_texture_settings_default(void);

RP_MUST rp_status rp_morphology(const rp_roi *roi, rp_values *out);
RP_MUST rp_status rp_local_intensity(const rp_roi *roi, rp_values *out);
RP_MUST rp_status rp_statistics(const rp_roi *roi, rp_values *out);
RP_MUST rp_status rp_histogram(const rp_roi *roi, rp_values *out);
RP_MUST rp_status rp_ivh(const rp_roi *roi, rp_values *out);

typedef struct rp_family_choice {
    bool is_wanted[RP_FAMILY_COUNT];
} rp_family_choice;
/* Those chosen of statistics, histogram and IVH. */
RP_MUST rp_status rp_intensities(const rp_roi *roi, const rp_family_choice *choice, rp_values *out);
/* Those chosen of GLCM, GLRLM, GLSZM and GLDZM (both if one is), NGTDM, NGLDM. */
RP_MUST rp_status rp_texture(const rp_roi *roi, const rp_family_choice *choice,
                             const rp_texture_settings *s, rp_values *out);
/* All chosen families, in the table's order. */
RP_MUST rp_status rp_families(const rp_roi *roi, const rp_family_choice *choice,
                              const rp_texture_settings *s, rp_values *out);
