/* lib/image/surface_search.h - distances between surfaces by looking around each border voxel.
 *
 * The same numbers as rp_surface_distances_find, several times faster where the surfaces are near each
 * other: a border is a list of places along x for each row, and a voxel looks at rows from near to far
 * until no nearer one can come.  Where some voxel would have to look at too many rows, distance maps
 * answer instead; that depends on the masks alone. */
#pragma once
#include "lib/image/distance.h"

/* Contract of rp_surface_distances_find. */
RP_MUST rp_status rp_surface_distances_search(const int64_t n[3], const double spacing[3],
                                              const uint8_t reference[], const uint8_t prediction[],
                                              uint8_t label, rp_surface_distances *out);
