/* lib/radiomics/features.c - the table of features, and lists of their values. */
#include "lib/radiomics/features.h"

#include <math.h>
#include <string.h>

const rp_feature rp_features[RP_FEATURE_COUNT] = {
#define RP_FEATURE(family, tag, code, standardised, unit, name)                                    \
    {RP_##family, #tag, code, standardised, unit, name},
#include "lib/radiomics/features.inc"
#undef RP_FEATURE
};

static const struct {
    const char *name, *code;
} families[RP_FAMILY_COUNT] = {{"morphology", "HCUG"},
                               {"local intensity", "9ST6"},
                               {"statistics", "UHIW"},
                               {"intensity histogram", "ZVCW"},
                               {"intensity-volume histogram", "P88C"},
                               {"GLCM", "LFYI"},
                               {"GLRLM", "TP0I"},
                               {"GLSZM", "9SAK"},
                               {"GLDZM", "VMDZ"},
                               {"NGTDM", "IPET"},
                               {"NGLDM", "REK0"}};

static const char *const aggregations[RP_AGGREGATION_COUNT] = {
    "DHQ4", "BTW3", "SUJT", "JJUI", "ZW7Z", "ITBB", "IAZD", "8QNN", "62GR", "KOBO"};

static const char *const reasons[RP_MISSING_COUNT] = {
    "",
    "empty region",
    "undefined: division by zero",
    "no pair of voxels",
    "more grey levels or voxels than the memory limit allows",
    "no discretisation is set",
    "the image is too small for the filter",
    "the region has more than one slice"};

const char *rp_family_name(rp_family f) { return families[f].name; }
const char *rp_family_code(rp_family f) { return families[f].code; }
const char *rp_aggregation_code(rp_aggregation a) { return aggregations[a]; }
const char *rp_missing_text(rp_missing m) { return reasons[m]; }

int rp_family_first(rp_family f)
{
    int i = 0;
    while (rp_features[i].family != f) i++;
    return i;
}

int rp_family_size(rp_family f)
{
    int n = 0;
    for (int i = 0; i < RP_FEATURE_COUNT; i++) n += rp_features[i].family == f;
    return n;
}

int rp_feature_find(const char *tag)
{
    for (int i = 0; i < RP_FEATURE_COUNT; i++)
        if (strcmp(rp_features[i].tag, tag) == 0) return i;
    return -1;
}

void rp_values_clear(rp_values *v)
{
    rp_free(v->item);
    *v = (rp_values){0};
}

static rp_status add(rp_values *v, rp_value_of x)
{
    RP_TRY(rp_grow(v->count + 1, sizeof *v->item, &v->capacity, &v->item));
    v->item[v->count++] = x;
    return RP_OK;
}

rp_status rp_values_add(rp_values *v, int feature, rp_aggregation a, double value)
{
    const bool is_finite = isfinite(value);
    return add(v, (rp_value_of){.feature = feature,
                                .aggregation = a,
                                .value = is_finite ? value : 0,
                                .missing = is_finite ? RP_PRESENT : RP_MISSING_UNDEFINED});
}

rp_status rp_values_add_family(rp_values *v, rp_family f, rp_aggregation a, const double x[])
{
    const int first = rp_family_first(f), n = rp_family_size(f);
    for (int i = 0; i < n; i++) RP_TRY(rp_values_add(v, first + i, a, x[i]));
    return RP_OK;
}

rp_status rp_values_add_missing(rp_values *v, rp_family f, rp_aggregation a, rp_missing why)
{
    const int first = rp_family_first(f), n = rp_family_size(f);
    for (int i = 0; i < n; i++)
        RP_TRY(add(v, (rp_value_of){.feature = first + i, .aggregation = a, .missing = why}));
    return RP_OK;
}

const rp_value_of *rp_values_find(const rp_values *v, int feature, rp_aggregation a)
{
    for (int64_t i = 0; i < v->count; i++)
        if (v->item[i].feature == feature && v->item[i].aggregation == a) return &v->item[i];
    return NULL;
}
