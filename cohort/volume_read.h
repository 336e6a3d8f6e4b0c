/* cohort/volume_read.h - the voxels of a planned volume, and the regions drawn on it. */
#pragma once
#include "cohort/series.h"

typedef struct rp_read_volume {
    rp_volume *volume; /* int16, uint16, int32 or float32 with scale and offset; owned */
    const char *unit;  /* "HU", "SUVbw", "Bq/ml", "1" */
    bool is_inverted;  /* MONOCHROME1 was turned */
    int64_t padded;    /* voxels of the padding value, set to air (CT) */
} rp_read_volume;

/* Reads and scales a series: value = slope * stored + intercept with one pair for the volume where
 * all slices have the same, else in float32.
 * Errors: RP_EDATA, RP_EUNSUP (with the file), RP_EIO. */
RP_MUST rp_status rp_volume_read(const rp_scan *scan, const rp_plan *plan, const rp_series *s,
                                 rp_read_volume *out);

/* One region as a mask on a volume's grid. */
typedef struct rp_region {
    char name[RP_NAME_SIZE]; /* cleaned; identifiers taken out */
    uint8_t *mask;           /* [voxels] 0 or 1; owned */
    int64_t voxels;
    char warning[160]; /* "" if none */
    char problem[160]; /* why there is no mask: mask is then NULL */
} rp_region;
typedef struct rp_regions {
    int64_t count, capacity;
    rp_region *region;
} rp_regions;
void rp_regions_clear(rp_regions *r);

/* Appends the regions of an attachment.  grid, frame: of the volume that it goes with.
 * Errors: RP_EDATA, RP_EUNSUP, RP_EIO: the whole attachment is unusable. */
RP_MUST rp_status rp_regions_read(const char *path, const rp_file_head *head, const rp_grid *grid,
                                  const char *frame, const rp_naming *naming, rp_regions *out);
