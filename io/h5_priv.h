/* io/h5_priv.h - what the files of the room that call HDF5 share.  All of it under the lock. */
#pragma once
#include "io/array.h"
#include "io/h5.h"
#include <hdf5.h>
#include <stdbool.h>

/* RP_H5_AUTO id = H5Dopen2(...);  closes any kind of id at the end of the scope. */
#define RP_H5_AUTO __attribute__((cleanup(rp_h5_close_at))) hid_t
void rp_h5_close_at(hid_t *id);
/* The id, handed on: the scope's end closes nothing. */
static inline hid_t rp_h5_take(hid_t *id)
{
    const hid_t taken = *id;
    *id = -1;
    return taken;
}

/* Access as all our files have it: 1.10 format, strong close, no lock.  Owned by the caller. */
RP_MUST rp_status rp_h5_access(hid_t *fapl);
/* A new file without times.  Owned by the caller. */
RP_MUST rp_status rp_h5_file_new(const char *path, hid_t fapl, hid_t *file);
/* Makes the groups above a dataset, without times.  Errors: RP_EARG if the name is no path. */
RP_MUST rp_status rp_h5_groups(hid_t file, const char *dataset);
/* The file type of an array's elements; not to be closed. */
hid_t rp_h5_array_type(rp_array_type t);
