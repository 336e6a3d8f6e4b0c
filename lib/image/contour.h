/* lib/image/contour.h - planar contours to a mask, voxel centres by the even-odd rule. */
#pragma once
#include "lib/image/volume.h"

typedef enum rp_contour_kind {
    RP_CONTOUR_CLOSED,       /* CLOSED_PLANAR */
    RP_CONTOUR_XOR,          /* CLOSEDPLANAR_XOR */
    RP_CONTOUR_INTERPOLATED, /* INTERPOLATED_PLANAR */
    RP_CONTOUR_POINT,        /* a marker: fills nothing */
    RP_CONTOUR_OPEN,         /* OPEN_PLANAR, OPEN_NONPLANAR: fills nothing */
    RP_CONTOUR_OTHER,
} rp_contour_kind;

typedef struct rp_contour {
    rp_contour_kind kind;
    int64_t points;
    double *lps; /* [points][3], mm */
} rp_contour;

typedef struct rp_contour_report {
    int64_t contours;    /* filled */
    int64_t skipped;     /* points, open lines, fewer than 3 vertices */
    int64_t off_plane;   /* filled, though more than a tenth of a spacing from the slice */
    int64_t dropped;     /* more than half a spacing beyond the first or last slice */
    int64_t outside;     /* filled, with a vertex outside the image: clipped */
    int64_t empty;       /* filled, no voxel centre inside */
    double worst_off_mm; /* largest distance of a filled contour from its slice */
} rp_contour_report;

/* mask = 1 where a voxel's centre is inside an odd number of the slice's contours, else 0.
 *
 *   contour  [n]       closed by their last edge; any order
 *   mask     [voxels]  out: overwritten
 *   report   out: counts; NULL if not wanted
 *
 * Vertices are mapped by the inverse affine in double.  An edge counts for a voxel (y, x) when it
 * crosses the row, (ya > y) != (yb > y), right of it, x < crossing.  A contour belongs to slice
 * floor(z + 0.5), z the mean index of its vertices.  Holes, islands and keyholes follow from the
 * rule. Local. Errors: RP_EDATA (a vertex that is not finite, directions in one plane), RP_EUNSUP
 * (a contour that spans more than a spacing across slices: sagittal, coronal or tilted), RP_EMEM.
 * Source: the reference note on curation, section 4; the masks of the IBSI validation set. */
RP_MUST rp_status rp_contour_fill(const rp_grid *grid, int64_t n, const rp_contour contour[],
                                  uint8_t mask[], rp_contour_report *report);
