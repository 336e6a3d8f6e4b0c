/* lib/radiomics/features.h - the table of features, and lists of their values.
 *
 * Source: IBSI reference manual, arXiv:1612.07003; A. Zwanenburg et al., Radiology 295 (2020) 328,
 *         DOI 10.1148/radiol.2020191145. */
#pragma once
#include "lib/base/mem.h"
#include <stdbool.h>

typedef enum rp_family {
    RP_MORPHOLOGY,
    RP_LOCAL,
    RP_STATISTICS,
    RP_HISTOGRAM,
    RP_IVH,
    RP_GLCM,
    RP_GLRLM,
    RP_GLSZM,
    RP_GLDZM,
    RP_NGTDM,
    RP_NGLDM,
    RP_FAMILY_COUNT
} rp_family;
/* "morphology", ...; the family's code in the manual. */
const char *rp_family_name(rp_family f);
const char *rp_family_code(rp_family f);

typedef struct rp_feature {
    rp_family family;
    const char *tag, *code;
    bool is_standardised; /* has a reference value in the IBSI standard */
    const char *unit, *name;
} rp_feature;

enum {
#define RP_FEATURE(family, tag, code, standardised, unit, name) RP_##tag,
#include "lib/radiomics/features.inc"
#undef RP_FEATURE
    RP_FEATURE_COUNT
};
extern const rp_feature rp_features[RP_FEATURE_COUNT];
/* First feature of a family and how many it has. */
int rp_family_first(rp_family f);
int rp_family_size(rp_family f);

/* How matrices over slices and directions become one value; the codes of the manual.  "Merged":
 * counts are added before the features; "averaged": features are averaged after. */
typedef enum rp_aggregation {
    RP_DHQ4, /* one value of the whole volume */
    RP_BTW3, /* 2D, averaged over slices and directions */
    RP_SUJT, /* 2D, directions merged, averaged over slices */
    RP_JJUI, /* 2.5D, slices merged, averaged over directions */
    RP_ZW7Z, /* 2.5D, all merged */
    RP_ITBB, /* 3D, averaged over directions */
    RP_IAZD, /* 3D, all merged */
    RP_8QNN, /* 2D, averaged over slices */
    RP_62GR, /* 2.5D, slices merged */
    RP_KOBO, /* 3D */
    RP_AGGREGATION_COUNT
} rp_aggregation;
/* "DHQ4", ... */
const char *rp_aggregation_code(rp_aggregation a);

/* Why a value is missing. */
typedef enum rp_missing {
    RP_PRESENT,
    RP_MISSING_EMPTY,     /* no voxel is left in the mask */
    RP_MISSING_UNDEFINED, /* the formula divides by zero here */
    RP_MISSING_NO_MATRIX, /* no pair of voxels, no matrix */
    RP_MISSING_TOO_LARGE, /* more grey levels or voxels than the memory limit allows */
    RP_MISSING_NO_LEVELS, /* the settings ask for no discretisation and the image has no levels */
    RP_MISSING_NO_IMAGE,  /* the image is too small for the filter */
    RP_MISSING_NOT_FLAT,  /* a feature of one slice, and the region has more */
    RP_MISSING_COUNT
} rp_missing;
/* "empty region", ... */
const char *rp_missing_text(rp_missing m);

typedef struct rp_value_of {
    int feature;
    rp_aggregation aggregation;
    rp_missing missing;
    double value; /* finite when missing is RP_PRESENT, else 0 */
} rp_value_of;
typedef struct rp_values {
    int64_t count, capacity;
    rp_value_of *item;
} rp_values;
void rp_values_clear(rp_values *v);
/* Adds one value; one that is not finite becomes RP_MISSING_UNDEFINED.  Errors: RP_EMEM. */
RP_MUST rp_status rp_values_add(rp_values *v, int feature, rp_aggregation a, double value);
/* Adds all features of a family: x[rp_family_size(f)] in the table's order. */
RP_MUST rp_status rp_values_add_family(rp_values *v, rp_family f, rp_aggregation a,
                                       const double x[]);
/* Adds a family's features as missing. */
RP_MUST rp_status rp_values_add_missing(rp_values *v, rp_family f, rp_aggregation a,
                                        rp_missing why);
/* NULL if it is not there. */
const rp_value_of *rp_values_find(const rp_values *v, int feature, rp_aggregation a);
/* Index of a feature by tag, -1 if there is none. */
int rp_feature_find(const char *tag);
