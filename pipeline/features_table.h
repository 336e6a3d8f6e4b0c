/* pipeline/features_table.h - tables of radiomics features: rows of cases, regions and images as
 * one array of subjects and variables. */
#pragma once
#include "io/csv.h"
#include <stdbool.h>

/* A subject is a region of a case; a variable a feature on an image; a measurement a table, or a
 * value of the column 'perturbation' where tables have one. */
typedef struct rp_feature_table {
    int64_t subjects, variables, images, columns, measurements;
    const char **case_name, **region; /* [subjects]; all names are lent from the tables */
    const char **image;               /* [images] */
    const char **feature;             /* [columns] */
    double *x;                        /* [measurements][variables][subjects], NaN where missing */
    int64_t files;
    rp_csv **file; /* [files] */
} rp_feature_table;
/* Columns case, region and image, then features; voxels and warning are passed over.  Variables run
 * over images, then columns; all tables must have the same feature columns.
 * Errors: RP_EDATA (no features, other columns, a subject's image twice, a cell that is no number),
 * RP_EUSE (more than one table, and a column 'perturbation'), those of rp_csv_read. */
RP_MUST rp_status rp_feature_table_read(int files, const char *const path[],
                                        rp_feature_table **out);
void rp_feature_table_drop(rp_feature_table **t);
/* Values of a variable over subjects. */
static inline double *rp_feature_values(const rp_feature_table *t, int64_t measurement,
                                        int64_t variable)
{
    return t->x + (measurement * t->variables + variable) * t->subjects;
}
/* Cells image and feature of a variable. */
void rp_feature_put(const rp_feature_table *t, int64_t variable, rp_text *out);
/* One row a subject: case, region, then a column IMAGE_FEATURE for each variable that is chosen
 * (NULL: all), of the first measurement. */
RP_MUST rp_status rp_feature_table_write(const rp_feature_table *t, const bool chosen[],
                                         rp_text *out);

/* The table as features.csv has it, without voxels and warning: a row for each subject and image
 * that has a value, of the first measurement. */
RP_MUST rp_status rp_feature_table_rows(const rp_feature_table *t, rp_text *out);

/* What 'radpipe features robust' says of a table with a column 'perturbation': ICC1, threshold
 * 0.75. Fewer than two subjects or repetitions: a table without a robust feature.  Errors: as
 * reading. */
RP_MUST rp_status rp_features_perturbed(const char *path, rp_text *out);

/* Which subjects a split trains on: columns case or patient, and split; a case belongs to the
 * patient whose name it has, alone or before a '_', '-' or '.'.  path NULL: all of them.
 * Errors: RP_EDATA naming a case that the split does not know, a part that is none. */
RP_MUST rp_status rp_feature_split(const rp_feature_table *t, const char *path, bool is_train[]);
/* Keeps the subjects of a variable that train: to[count]. */
int64_t rp_feature_train(const rp_feature_table *t, const double x[], const bool is_train[],
                         double to[]);
