/* io/nrrd.h - NRRD files, reading: attached (.nrrd) and detached (.nhdr), raw, gzip and text.
 *
 * Spaces left-posterior-superior, right-anterior-superior and left-anterior-superior (names and
 * letters) are turned to LPS.  Axis 0 is our x.  A detached header names one data file beside it:
 * no absolute path, no "..", no list or pattern. Source: the NRRD file format page of teem. */
#pragma once
#include "lib/image/volume.h"

typedef struct rp_nrrd_info {
    bool was_float;
    int64_t not_finite; /* voxels that are NaN or infinite */
} rp_nrrd_info;

/* Errors: RP_EDATA (damaged, truncated, no space or directions), RP_EUNSUP (other dimensions than
 * three, bzip2, hex, other spaces, list of files), RP_ENONE, RP_EIO.  info may be NULL. */
RP_MUST rp_status rp_nrrd_read(const char *path, rp_volume **out, rp_nrrd_info *info);
