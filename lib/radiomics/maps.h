/* lib/radiomics/maps.h - features of each voxel's neighbourhood.
 *
 * The neighbourhood is the cube of (2 radius + 1)^3 voxels around a voxel, as far as it lies in the
 * intensity mask.  Grey levels are those of the whole region.  GLCM: each of the 13 directions'
 * symmetric matrix within the cube, features of each, their mean over those that have a pair.
 * PyRadiomics' MCC is not among them: where a direction has no pair it gives up on the whole map.
 * Source: PyRadiomics 3 (voxelBased, maskedKernel), DOI 10.1158/0008-5472.CAN-17-0339. */
#pragma once
#include "lib/base/pool.h"
#include "lib/radiomics/roi.h"

enum { RP_MAP_COUNT = 41, RP_MAP_RADIUS_MAX = 8 };
/* "firstorder_Mean", ..., "glcm_Idm", ...; PyRadiomics' names. */
const char *rp_map_name(int i);

/* Maps of a discretised region.
 *   radius  voxels, 1 to RP_MAP_RADIUS_MAX
 *   pool    NULL: on this thread; the values are the same
 *   out     [RP_MAP_COUNT][voxels of the roi's grid]; an entry NULL is not wanted.  Outside the
 *           intensity mask 0; NaN where a voxel of it has no pair (GLCM)
 * Errors: RP_EARG (radius, a region without grey levels), RP_EUNSUP (more than 1024 of them),
 * RP_EMEM. */
RP_MUST rp_status rp_voxel_maps(const rp_roi *roi, int radius, rp_pool *pool,
                                double *const out[RP_MAP_COUNT]);
