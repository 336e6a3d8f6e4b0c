/* io/dicom_priv.h - what the files that know DICOM share. */
#pragma once
#include "io/dicom.h"
#include "io/dicom_shim.h"

#define RP_TAG(group, element) ((uint32_t)(group) << 16 | (element))

/* Cleaned text of an attribute into out[size]; "" if absent; false if it had to be cut. */
bool rp_dicom_get_text(rp_shim_item *item, uint32_t tag, size_t size, char out[]);
/* Numbers of an attribute, text or binary.  *count is 0 if absent.
 * Errors: RP_EDATA naming the text that is no finite number, or more than max of them. */
RP_MUST rp_status rp_dicom_get_numbers(rp_shim_item *item, uint32_t tag, int max, double out[],
                                       int *count);
/* The same, all of size numbers or none, and a whole number. */
RP_MUST rp_status rp_dicom_get_reals(rp_shim_item *item, uint32_t tag, int size,
                                     rp_dicom_reals *out);
RP_MUST rp_status rp_dicom_get_whole(rp_shim_item *item, uint32_t tag, rp_dicom_whole *out);
/* Any count of numbers of a text value (contours).  Owned by the caller. */
RP_MUST rp_status rp_dicom_get_many(rp_shim_item *item, uint32_t tag, int64_t *count, double **out);

/* Bytes that are UTF-8 without control characters; the blanks at the ends are gone.  False if cut.
 */
bool rp_dicom_clean(size_t n, const char bytes[], size_t size, char out[]);

/* Opens a file after a look at its first bytes, and fills the header. */
RP_MUST rp_status rp_dicom_load(const char *path, rp_shim_depth depth, rp_shim **file,
                                rp_dicom_header *out);
void rp_shim_drop(rp_shim **f);
/* Refuses what the library could not survive: sequences nested too deep, elements without number,
 * bytes without end when inflated.  Errors: RP_EDATA. */
RP_MUST rp_status rp_dicom_scan(const char *path, bool is_bare);
/* Functional groups of each frame. */
RP_MUST rp_status rp_dicom_groups(const char *path, rp_shim_item *top, int64_t frames,
                                  rp_dicom_frame out[]);
/* The one image series referred to, "" if none or several. */
void rp_dicom_add_series(const char *found, bool *several, char series[68]);

/* Decoders of one frame's stream; errors start with path. */
typedef struct rp_jpeg_size {
    int64_t rows, columns;
    int precision, components;
} rp_jpeg_size;
/* Reads the frame header of a JPEG or JPEG-LS stream, and that the stream has an end. */
RP_MUST rp_status rp_jpeg_look(const char *path, int64_t n, const uint8_t bytes[],
                               rp_jpeg_size *out);
/* RLE segments of one frame into little-endian words of size bytes. */
RP_MUST rp_status rp_rle_decode(const char *path, int64_t n, const uint8_t bytes[], int64_t pixels,
                                int size, uint8_t out[]);
/* One component JPEG 2000 codestream. */
RP_MUST rp_status rp_j2k_decode(const char *path, int64_t n, const uint8_t bytes[], int64_t rows,
                                int64_t columns, int32_t out[]);
