/* io/dicom.h - DICOM files: headers, pixels, structure sets, segmentations; writing of phantoms.
 *
 * 1. Only the attributes of io/dicom_tags.inc exist.  Texts are UTF-8 without blanks at the ends,
 *    several values joined by '\'; bytes that are no text become U+FFFD, control characters '?'.
 * 2. An absent or empty attribute is "", or a number that is not set: never a default.
 * 3. A number of groups 0020 and 0028 that cannot be read or is not finite makes the file RP_EDATA;
 *    elsewhere it counts as absent and stands in the header's warning.
 * Between rp_dicom_start and rp_dicom_end any thread may call; a file handle belongs to one thread.
 */
#pragma once
#include "lib/base/mem.h"
#include "lib/image/contour.h"

/* Decoders, silence of the library.  Once a process, before threads start.
 * Errors: RP_ENONE if the data dictionary of DCMTK is not found (DCMDICTPATH): without it files of
 * implicit VR would read as empty. */
RP_MUST rp_status rp_dicom_start(void);
void rp_dicom_end(void);

typedef struct rp_dicom_whole {
    bool is_set;
    int64_t value;
} rp_dicom_whole;
typedef struct rp_dicom_reals {
    int count; /* 0: absent */
    double value[6];
} rp_dicom_reals;

typedef struct rp_dicom_header {
#define RP_TAG_TEXT(field, group, element, size, inside, creator, keyword, reason) char field[size];
#define RP_TAG_WHOLE(field, group, element, size, inside, creator, keyword, reason)                \
    rp_dicom_whole field;
#define RP_TAG_REALS(field, group, element, size, inside, creator, keyword, reason)                \
    rp_dicom_reals field;
#include "io/dicom_tags.inc"
#undef RP_TAG_TEXT
#undef RP_TAG_WHOLE
#undef RP_TAG_REALS
    char transfer_syntax[68];
    bool has_modality_lut; /* a table replaces slope and intercept */
    bool has_frame_groups; /* enhanced multi-frame: geometry by rp_dicom_frames */
    bool is_bare;          /* no preamble: accepted */
    bool is_odd;           /* the library met an error behind the header: bytes added or missing */
    char warning[256];     /* what was odd but readable, "" if nothing */
} rp_dicom_header;

/* The white list, for the privacy test and the documents. */
typedef struct rp_dicom_tag {
    uint16_t group, element;
    uint32_t inside;
    const char *creator, *keyword, *reason;
} rp_dicom_tag;
int rp_dicom_tags(const rp_dicom_tag **out);

/* Reads the header only, not the pixels.
 * Errors: RP_EUNSUP "not DICOM" (also RP_EUNSUP: DICOMDIR); RP_EDATA naming file and what; RP_EARG
 * if it is not a regular file; RP_ENONE, RP_EIO. */
RP_MUST rp_status rp_dicom_header_read(const char *path, rp_dicom_header *out);

/* Geometry and rescale of each frame of an enhanced multi-frame object, from its functional groups
 * (per frame, else shared); unset where neither has it. */
typedef struct rp_dicom_frame {
    rp_dicom_reals position, orientation, pixel_spacing, slope, intercept, b_value;
    rp_dicom_whole temporal_position;
} rp_dicom_frame;
/* out: [*frames], owned by the caller (rp_free).  Errors: those of rp_dicom_header_read; RP_EDATA
 * if the groups are not as many as the frames. */
RP_MUST rp_status rp_dicom_frames(const char *path, int64_t *frames, rp_dicom_frame **out);

/* An open file, for its pixels frame by frame. */
typedef struct rp_dicom_file rp_dicom_file;
RP_MUST rp_status rp_dicom_open(const char *path, rp_dicom_file **out);
void rp_dicom_file_drop(rp_dicom_file **f);
const rp_dicom_header *rp_dicom_file_header(const rp_dicom_file *f);
/* Decoded stored values of one frame (from 0): shifted by HighBit, masked to BitsStored, sign
 * extended; no rescale, no inversion. n    rows * columns of the header out  [rows][columns]
 * Transfer syntaxes: implicit and explicit little endian, explicit big endian, deflated, RLE, JPEG
 * baseline, extended, lossless, JPEG-LS, JPEG 2000.
 * Errors: RP_EDATA (too few bytes, sizes of the stream that differ from the header, broken stream),
 * RP_EUNSUP (colour, palette, float, another syntax, by name), RP_EMEM. */
RP_MUST rp_status rp_dicom_file_pixels(rp_dicom_file *f, int64_t frame, int64_t n, int32_t out[]);

/* ---- RTSTRUCT ---- */
typedef struct rp_dicom_roi {
    int64_t number;
    char name[260], frame_uid[68];
    int64_t contours;
    rp_contour *contour;
    char problem[200]; /* "" or why its contours cannot be used: then contours is 0 */
} rp_dicom_roi;
typedef struct rp_dicom_structs {
    rp_dicom_header header;
    char series_uid[68]; /* the image series referred to, "" if none or several */
    int64_t rois;        /* in order of ROINumber */
    rp_dicom_roi *roi;
} rp_dicom_structs;
/* Regions joined by ROINumber.  A region without contours has contours 0.  Owned by the caller.
 * Errors: those of rp_dicom_header_read; RP_EUNSUP (not an RTSTRUCT); RP_EDATA (a number twice). */
RP_MUST rp_status rp_dicom_rtstruct(const char *path, rp_dicom_structs **out);
void rp_dicom_structs_drop(rp_dicom_structs **s);

/* ---- SEG ---- */
typedef struct rp_dicom_segment {
    int64_t number;
    char label[260];
} rp_dicom_segment;
typedef struct rp_dicom_seg {
    rp_dicom_header header;
    char series_uid[68]; /* the image series referred to, "" if none or several */
    bool is_fractional;
    int64_t most; /* value that means 1: 1 if binary, MaximumFractionalValue */
    int64_t segments;
    rp_dicom_segment *segment; /* in order of SegmentNumber */
    int64_t rows, columns, frames;
    rp_dicom_frame *frame;  /* [frames]: geometry */
    int64_t *frame_segment; /* [frames]: its SegmentNumber */
    uint8_t *pixels;        /* [frames][rows][columns]: 0..most */
} rp_dicom_seg;
/* Owned by the caller.  Errors: as for RTSTRUCT, RP_EDATA (too few bits, a frame of an unknown
 * segment). */
RP_MUST rp_status rp_dicom_segmentation(const char *path, rp_dicom_seg **out);
void rp_dicom_seg_drop(rp_dicom_seg **s);

/* ---- writing ---- */
/* Writes all that is set in the header and the pixels (the low BitsAllocated bits of each; NULL:
 * none) as explicit little endian, atomically; no times, no new identifiers: the same bytes each
 * time. pixels  [frames][rows][columns] Errors: RP_EARG (no SOP class or instance, an attribute
 * that cannot be written), RP_ESPACE, RP_EIO. */
RP_MUST rp_status rp_dicom_write_slice(const char *path, const rp_dicom_header *header,
                                       const int32_t pixels[]);
/* Writes a structure set with the header's attributes; series_uid is referred to. */
RP_MUST rp_status rp_dicom_write_rtstruct(const char *path, const rp_dicom_structs *s);
