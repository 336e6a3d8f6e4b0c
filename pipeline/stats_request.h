/* pipeline/stats_request.h - what 'radpipe stats' was asked, and the families that answer. */
#pragma once
#include "io/csv.h"
#include "lib/image/volume.h"
#include "lib/stats/family.h"

/* Quantities of planning: options of 'stats power'. */
typedef enum rp_plan_quantity {
    RP_PLAN_P1,
    RP_PLAN_P0,
    RP_PLAN_MARGIN,
    RP_PLAN_DISCORDANT,
    RP_PLAN_DIFFERENCE,
    RP_PLAN_HAZARD_RATIO,
    RP_PLAN_SHARE,
    RP_PLAN_HALF_WIDTH,
    RP_PLAN_LEVEL,
    RP_PLAN_AUC,
    RP_PLAN_POSITIVES,
    RP_PLAN_NEGATIVES,
    RP_PLAN_ALPHA,
    RP_PLAN_POWER,
    RP_PLAN_N,
    RP_PLAN_CLUSTER_SIZE,
    RP_PLAN_ICC,
    RP_PLAN_DROPOUT,
    RP_PLAN_COUNT
} rp_plan_quantity;
/* "--p1", "--p0", ... */
const char *rp_plan_option(rp_plan_quantity q);
/* What 'radpipe help planning' prints. */
extern const char rp_plan_help[];

typedef struct rp_stats_request {
    const char *input;                          /* table */
    const char *reference, *prediction, *pairs; /* images */
    const char *candidates, *lesions, *irrelevant, *scans;
    double radius;  /* mm, of lesions of unknown size */
    double overlap; /* IoU at which a component hits a lesion */
    bool skip_bad;  /* malformed rows are left out and counted, else the first stops */
    const char *by; /* column whose groups get rows of their own; NULL: none */
    const char *design, *plan[RP_PLAN_COUNT]; /* planning, as written; NULL: not given */
    const char *bounds, *looks, *fractions;   /* group-sequential looks */
    rp_family_options options;
} rp_stats_request;

typedef rp_status rp_stats_run(const rp_stats_request *request, rp_text *out);
rp_stats_run rp_stats_classification, rp_stats_mrmc, rp_stats_survival, rp_stats_agreement;
rp_stats_run rp_stats_trials, rp_stats_detection, rp_stats_segmentation;
rp_stats_run rp_stats_paired, rp_stats_permutation, rp_stats_multiplicity, rp_stats_power,
    rp_stats_sequential;

/* Replicates of a bootstrap shared out over the ranks: value and defined are whole on all of them,
 * with the same bits on any number.  Collective. */
rp_replicates_fn rp_stats_share_replicates;

/* Adds rows 'name,value,state' (17 digits; state ok, infinite, or undefined with its reason), each
 * behind its key cells. */
void rp_stats_put(int keys, const char *const key[], const rp_rows *rows, rp_text *out);
/* Header line: the column of groups (NULL: none), key columns ("case" or "trial,endpoint" or ""),
 * then name,value,state. */
void rp_stats_header(const char *by, const char *keys, rp_text *out);
/* Reads a table whole; where the request says so, rows of another length and with quotes out of
 * place are left out and added to *left_out.  Errors: those of rp_csv_read. */
RP_MUST rp_status rp_stats_csv(const rp_stats_request *q, const char *path, int64_t *left_out,
                               rp_csv **out);

/* Rows of one pair of masks (not 0 is inside).  Errors: RP_EDATA if the grids differ. */
RP_MUST rp_status rp_stats_segmentation_pair(const rp_volume *reference,
                                             const rp_volume *prediction, rp_rows *out);

/* Detection maps of cases, one after the other: candidates are components of the map (26
 * neighbours, confidence their maximum), lesions components of the label; each lesion gets at most
 * one candidate, for the largest sum of overlaps; who overlaps a lesion in vain is no false
 * positive. */
typedef struct rp_stats_maps rp_stats_maps;
RP_MUST rp_status rp_stats_maps_new(double overlap, rp_stats_maps **out);
void rp_stats_maps_drop(rp_stats_maps **maps);
/* Rows of the case go to out.  Errors: RP_EDATA if the grids differ, RP_ENUM. */
RP_MUST rp_status rp_stats_maps_add(rp_stats_maps *maps, const rp_volume *label,
                                    const rp_volume *map, rp_rows *out);
/* Rows over all cases.  Errors: RP_EDATA if there are none. */
RP_MUST rp_status rp_stats_maps_sum(const rp_stats_maps *maps, rp_rows *out);
/* The cases of one group; of [cases] in the order in which they were added.  Owned by the caller.
 */
RP_MUST rp_status rp_stats_maps_part(const rp_stats_maps *maps, const int32_t of[], int32_t group,
                                     rp_stats_maps **out);
