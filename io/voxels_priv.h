/* io/voxels_priv.h - stored voxels of foreign files to ours. */
#pragma once
#include "lib/image/volume.h"

typedef enum rp_foreign {
    RP_FOREIGN_U8,
    RP_FOREIGN_I8,
    RP_FOREIGN_U16,
    RP_FOREIGN_I16,
    RP_FOREIGN_U32,
    RP_FOREIGN_I32,
    RP_FOREIGN_U64,
    RP_FOREIGN_I64,
    RP_FOREIGN_F32,
    RP_FOREIGN_F64,
} rp_foreign;
size_t rp_foreign_size(rp_foreign type);
bool rp_foreign_is_float(rp_foreign type);

/* Reverses the bytes of n things of size bytes. */
void rp_swap(int64_t n, size_t size, void *data);
/* A volume on grid with the n things in data (this machine's byte order).  int8 becomes int16; wide
 * integers become int32.  not_finite: NaN and infinities.
 * Errors: RP_EUNSUP naming name and value if a wide integer does not fit. */
RP_MUST rp_status rp_volume_from_foreign(const char *name, const rp_grid *grid, rp_foreign type,
                                         const void *data, int64_t *not_finite, rp_volume **out);
/* Spacing and directions of array axes from the columns (LPS mm a step) of axes z, y, x.
 * Errors: RP_EDATA. */
RP_MUST rp_status rp_grid_from_columns(const char *name, double column[3][3], rp_grid *grid);
