/* pipeline/radiomics_settings.h - settings of radiomics: one table of keys, presets, files. */
#pragma once
#include "lib/base/text.h"
#include "stages/radiomics.h"

/* The keys of one filter. */
typedef struct rp_filter_keys {
    int kind, boundary, pooling, map; /* choices, by place in their row's list */
    bool slices, planes;
    double support, sigma, cut, energy, lambda, gamma, theta, step, level, riesz[3], width;
    char laws[64], wavelet[64], band[64], name[64];
} rp_filter_keys;
enum { RP_FILTER_KEYS_MAX = 32 };

/* The keys as written; rp_radiomics_settings follows from them. */
typedef struct rp_radiomics_keys {
    double spacing[3];             /* mm z, y, x; 0: as it is */
    int image, mask, binning, ivh; /* choices, by place in their row's list */
    double threshold;
    bool is_integer, is_zscore;
    double range[2]; /* low > high: none */
    double outliers, bins, width, ivh_bins, ivh_width, levels;
    double distance, neighbourhood, coarseness, memory;
    bool slices, merged, volume;
    bool family[RP_FAMILY_COUNT];
    char images[64], regions[64], read[64];
    double min_voxels;
    int names; /* 0 IBSI, 1 PyRadiomics */
    double shift;
    bool is_flat;
    int norm;
    double map_radius;
    char map_features[64];
    double repetitions, rotation, translation, noise, supervoxel, seed;
    int filters; /* 0: filter is a map, of one */
    rp_filter_keys filter[RP_FILTER_KEYS_MAX];
} rp_radiomics_keys;

typedef enum rp_setting_type {
    RP_SET_NUMBER,  /* double */
    RP_SET_NUMBERS, /* double[count]; 'none' where the row allows it */
    RP_SET_SWITCH,  /* bool */
    RP_SET_CHOICE,  /* int */
    RP_SET_TEXT,    /* char[64] */
} rp_setting_type;
typedef struct rp_setting {
    const char *name; /* section.key */
    rp_setting_type type;
    size_t offset; /* in rp_radiomics_keys; section filter: in its first filter there */
    const char *standard;
    double low, high;    /* of each number */
    int count;           /* of numbers */
    const char *choices; /* "a|b|c" */
    const char *unit, *meaning;
} rp_setting;
extern const rp_setting rp_settings[];
extern const int rp_settings_count;

typedef struct rp_preset {
    const char *name, *meaning, *yaml;
} rp_preset;
extern const rp_preset rp_presets[];
extern const int rp_presets_count;

/* Settings from keys that are each in range.  name: of the file, for messages.
 * Errors: RP_EUSE naming the key. */
RP_MUST rp_status rp_radiomics_settle(const char *name, const rp_radiomics_keys *keys,
                                      rp_radiomics_settings *out);
/* A preset's name or a file of settings; a file may name a preset as its base.  resolved: every key
 * with its value, as YAML.  Errors: RP_EUSE naming file, line, column and what may stand there; the
 * nearest key where one is unknown; those of rp_file_read. */
RP_MUST rp_status rp_radiomics_settings_read(const char *name, rp_radiomics_settings *out,
                                             rp_text *resolved);
