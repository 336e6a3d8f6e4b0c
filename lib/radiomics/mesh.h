/* lib/radiomics/mesh.h - volume and area of a mask's surface: marching cubes on a binary mask.
 *
 * 1. A cube has a voxel centre at each corner; vertices lie at the middle of edges between a voxel
 * of the mask and one outside.  Outside of the array is outside of the mask.
 * 2. A face with two voxels of the mask across its diagonal joins them; both cubes at the face
 * decide alike, so the surface is closed.  (Kept apart, 7 of IBSI's values of compactness and
 * sphericity are missed.)
 * 3. The surface is never stored: a cube has 256 cases, each with its area and its share of the
 *    volume.
 * Source: W. E. Lorensen, H. E. Cline, SIGGRAPH 21 (1987) 163; the table of triangles is computed.
 */
#pragma once
#include "lib/base/mem.h"

/* mask: [n[0] n[1] n[2]] 0 or 1; spacing in mm along z, y, x.  volume mm3, area mm2.  Local.
 * Allocates nothing. */
void rp_mesh_measure(const int64_t n[3], const double spacing[3], const uint8_t mask[],
                     double *volume, double *area);

/* The area where a cube joins voxels across a diagonal only if its corner at x 0, y 1, z 1 is in
 * the mask, and keeps them apart if not: what PyRadiomics' table does.  Neighbouring cubes may
 * disagree, so that surface has holes, and its volume no meaning; the area differs by up to 0.4 %
 * on small regions. */
void rp_mesh_area_mixed(const int64_t n[3], const double spacing[3], const uint8_t mask[],
                        double *area);

/* Corners of the mesh's convex hull lie among these points: coordinates z, y, x in half voxels
 * (voxel centres are even), at most four for each half row.  Owned by the caller.  Errors: RP_EMEM.
 */
RP_MUST rp_status rp_mesh_extremes(const int64_t n[3], const uint8_t mask[], int64_t *count,
                                   int32_t (**point)[3]);
