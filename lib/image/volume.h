/* lib/image/volume.h - a volume: voxels on a grid in millimetres.
 *
 * Axes are (z, y, x), x fastest, C order, everywhere in radpipe.  Positions are LPS (x to the
 * patient's left, y to the back, z to the head), in mm, of voxel centres.  A 2D image is a volume
 * of one slice. */
#pragma once
#include "lib/base/mem.h"
#include <stdbool.h>

typedef enum rp_dtype {
    RP_U8,
    RP_I16,
    RP_U16,
    RP_I32,
    RP_F32,
    RP_F64,
    RP_F16,
    RP_DTYPE_COUNT
} rp_dtype;
size_t rp_dtype_size(rp_dtype t);
const char *rp_dtype_name(rp_dtype t); /* "uint8", "int16", ... as NumPy says */
bool rp_dtype_read(const char *name, rp_dtype *t);

/* position of voxel (z, y, x), LPS = origin + z*spacing[0]*dir[0] + y*spacing[1]*dir[1] + ... */
typedef struct rp_grid {
    int64_t n[3];      /* voxels along z, y, x */
    double spacing[3]; /* mm along z, y, x; > 0 */
    double origin[3];  /* LPS x, y, z of the centre of voxel (0, 0, 0) */
    double dir[3][3];  /* dir[axis] = unit vector (LPS x, y, z) of array axis z, y, x */
} rp_grid;

typedef struct rp_volume {
    rp_grid grid;
    rp_dtype dtype;
    double scale, offset; /* value = stored * scale + offset */
    void *data;           /* n[0]*n[1]*n[2] things of dtype */
} rp_volume;

/* Zeroed, scale 1, offset 0.  Owned by the caller.  Errors: RP_EARG (sizes < 1, overflow), RP_EMEM.
 */
RP_MUST rp_status rp_volume_new(const rp_grid *grid, rp_dtype dtype, rp_volume **out);
void rp_volume_drop(rp_volume **v);
int64_t rp_grid_voxels(const rp_grid *g);
/* Axial grid: identity directions (dir z, y, x along LPS z, y, x), origin 0. */
rp_grid rp_grid_axial(int64_t nz, int64_t ny, int64_t nx, double sz, double sy, double sx);
/* Errors: RP_EDATA naming what is wrong: sizes, spacing, directions that are not unit vectors or,
 * with allow_shear false, not at right angles within 1e-3. */
RP_MUST rp_status rp_grid_check(const rp_grid *g, bool allow_shear);
/* Largest distance (in voxels of a) between corners of the two grids; INFINITY when sizes differ.
 */
double rp_grid_difference(const rp_grid *a, const rp_grid *b);
/* LPS position of a continuous index, and back.  index is (z, y, x), lps is (x, y, z). */
void rp_grid_position(const rp_grid *g, const double index[3], double lps[3]);
/* Errors: RP_EDATA if the directions have no inverse. */
RP_MUST rp_status rp_grid_index(const rp_grid *g, const double lps[3], double index[3]);

/* One voxel's value (scale and offset applied) by its place in data; for code that need not be
 * fast. */
double rp_volume_value(const rp_volume *v, int64_t i);
/* All values as float or double, scale and offset applied (in double, then rounded once).
 * out: [voxels], the caller's. */
void rp_volume_floats(const rp_volume *v, float out[]);
void rp_volume_doubles(const rp_volume *v, double out[]);
/* float <-> IEEE half, round to nearest even. */
uint16_t rp_half_from_float(float x);
float rp_half_to_float(uint16_t h);
