/* lib/radiomics/regrid.h - interpolation to another spacing, grid centres kept, as IBSI has it.
 *
 * Along an axis with n voxels of s mm the new axis has ceil(n s / s') voxels of exactly s' mm, and
 * its centre is the old centre.  The new grid may reach beyond the old one: the edge's value goes
 * on there.  Order 0 is nearest, 1 linear, 3 the interpolating cubic B-spline (no clipping).  Sums
 * run in double, axis by axis: x, y, z.
 * Source: IBSI reference manual, chapter 2 (grid alignment 3WE3). */
#pragma once
#include "lib/image/volume.h"

/* The grid after interpolation; an axis whose new spacing is 0 stays as it is. */
rp_grid rp_regrid(const rp_grid *from, const double spacing[3]);
/* A mask (0 or 1) on another grid, which may be turned: linear, a voxel at least half covered is
 * in. mask  [voxels of from]     out  [voxels of to] Errors: RP_EDATA (a voxel of the mask has its
 * centre outside to, naming by how much), RP_EMEM. */
RP_MUST rp_status rp_regrid_mask(const rp_grid *from, const uint8_t mask[], const rp_grid *to,
                                 uint8_t out[]);
/* The part of a new grid that is wanted, and the part of the old one that it needs. */
typedef struct rp_regrid_part {
    int64_t in_low[3], in_n[3];   /* voxels of the old grid along z, y, x */
    int64_t out_low[3], out_n[3]; /* voxels of the new grid */
} rp_regrid_part;
/* All of both grids. */
rp_regrid_part rp_regrid_whole(const rp_grid *from, const rp_grid *to);
/* What voxels low..high - 1 of the old grid cover on the new one and margin mm around it, at least
 * one voxel.  With order 3 sixteen more voxels of the old grid take part, beyond which the spline's
 * filter has died down to 1e-9. */
rp_regrid_part rp_regrid_around(const rp_grid *from, const rp_grid *to, const int64_t low[3],
                                const int64_t high[3], double margin, int order);
/* Values of in[in_n] at the voxels out[out_n] of grid to, which rp_regrid made of from.  *out is
 * owned by the caller.  Errors: RP_EARG (order), RP_EMEM. */
RP_MUST rp_status rp_regrid_image(const rp_grid *from, const rp_grid *to,
                                  const rp_regrid_part *part, const double in[], int order,
                                  double **out);
