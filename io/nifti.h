/* io/nifti.h - NIfTI-1 and NIfTI-2 files (.nii, .nii.gz), reading and writing.
 *
 * 1. Voxel order is kept: NIfTI's i, j, k are our x, y, z.  World coordinates are turned from RAS
 * to LPS; the affine may be sheared (sform).
 * 2. sform wins over qform; a file with neither is refused: its orientation is unknown.
 * 3. scl_slope and scl_inter become the volume's scale and offset; slope 0 means none.
 * Source: nifti1.h and nifti2.h of the NIfTI working group. */
#pragma once
#include "lib/image/volume.h"

typedef struct rp_nifti_info {
    int version;        /* 1 or 2 */
    int datatype;       /* NIfTI's code */
    int intent;         /* intent_code; 1002 is a label map */
    bool was_float;     /* stored as floating point: not a label map */
    bool from_sform;    /* else from qform */
    bool is_swapped;    /* the other byte order */
    int64_t not_finite; /* voxels that are NaN or infinite */
} rp_nifti_info;

/* Reads the volume.  int8 becomes int16; uint32, int64 and uint64 become int32 where all values
 * fit. out   owned by the caller info  NULL if not wanted Errors: RP_EDATA (damaged, truncated,
 * sizes that do not fit the file, neither sform nor qform), RP_EUNSUP (more than three dimensions
 * above 1, complex or colour data, wide integers out of range), RP_ENONE, RP_EIO. */
RP_MUST rp_status rp_nifti_read(const char *path, rp_volume **out, rp_nifti_info *info);
/* Writes path atomically; compressed when it ends in ".gz".  sform is the grid's affine rounded
 * once to float, qform beside it unless the grid is sheared.  The same volume gives the same bytes.
 * NIfTI-1, NIfTI-2 when a side exceeds 32767.
 * Errors: RP_EARG (float16), RP_EDATA (a grid that is not one), those of rp_atomic_write. */
RP_MUST rp_status rp_nifti_write(const char *path, const rp_volume *v);
