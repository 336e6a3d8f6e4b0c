/* io/h5zstd_codec.h - zstd as a filter of HDF5 (id 32015) and for chunks in memory.
 *
 * Shared with the plug-in, which is loaded beside HDF5 libraries that are not ours: C library and
 * zstd only, no HDF5 function, malloc and free for the buffers that HDF5 hands over. cd_values:
 * level, bytes of a chunk before compression (0 or absent: unknown). */
#pragma once
#include <hdf5.h>
#include <stdbool.h>
#include <stddef.h>

enum { RP_ZSTD_FILTER = 32015, RP_ZSTD_LEVEL = 3 };

extern const H5Z_class2_t rp_h5zstd_class;

/* Room that n bytes may need when compressed. */
size_t rp_zstd_bound(size_t n);
/* One frame with content size and checksum; its length, 0 on failure. */
size_t rp_zstd_compress(int level, size_t n, const void *from, size_t room, void *to);
/* What decompression needs beside its buffers, to be used again and again by one thread; NULL when
 * there is no memory. */
void *rp_zstd_reader_new(void);
void rp_zstd_reader_free(void *reader);
/* True if the n bytes are one frame of exactly want bytes whose checksum fits; *why says why not.
 * reader NULL: one is made for this call. */
bool rp_zstd_expand(void *reader, size_t n, const void *from, size_t want, void *to, const char **why);
