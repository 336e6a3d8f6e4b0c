/* io/plugin/h5zstd.c - the zstd filter as a library that any HDF5 program loads (HDF5_PLUGIN_PATH).
 */
#include "io/h5zstd_codec.h"

#include <H5PLextern.h>

H5PL_type_t H5PLget_plugin_type(void) { return H5PL_TYPE_FILTER; }

const void *H5PLget_plugin_info(void) { return &rp_h5zstd_class; }
