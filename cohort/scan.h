/* cohort/scan.h - what lies in a source: every file, and what its header says.
 *
 * 1. Files are found by rank 0 in byte order of their paths; a folder that was seen before (links,
 *    mounts) is not entered again.  What is no regular file or cannot be read has a reason.
 * 2. Headers are read by the farm, in blocks; all ranks know all of them. */
#pragma once
#include "cohort/work.h"
#include "io/dicom.h"
#include "lib/base/words.h"

typedef enum rp_file_kind {
    RP_FILE_SKIPPED, /* reason says why */
    RP_FILE_SLICE,   /* DICOM image, one frame or several */
    RP_FILE_STRUCTS, /* RTSTRUCT */
    RP_FILE_SEG,     /* DICOM segmentation */
    RP_FILE_VOLUME,  /* NIfTI or NRRD image */
    RP_FILE_MASK,    /* NIfTI or NRRD label map or mask */
} rp_file_kind;

/* The part of a header that grouping needs; the whole is read again with the pixels.  A cohort has
 * hundreds of thousands, on every rank: texts are the scan's words, and none is NULL. */
typedef struct rp_file_head {
    int32_t kind, status;
    double position[3], orientation[6], spacing[2];
    double slope, intercept, slice_thickness, kvp;
    double echo_time, repetition_time, inversion_time, b_value, trigger_time;
    int64_t rows, columns, frames, bits_stored, sign, series_number, acquisition, instance,
        temporal;
    uint8_t has_position, has_orientation, has_spacing, has_slope, has_frame_groups, has_lut;
    uint8_t is_burned, is_lossy;
    double bytes; /* uncompressed pixels */
    /* texts, from here on */
    const char *reason; /* of RP_FILE_SKIPPED: a word or two of ours, no text of the file */
    const char *patient, *name, *birth, *sex, *age;
    const char *study, *series, *frame, *sop;
    const char *date, *time; /* of the study */
    const char *modality, *units, *photometric, *image_type;
    const char *volume; /* NIfTI: name of the volume or mask, of the file name */
    const char *manufacturer, *model, *kernel;
} rp_file_head;

typedef struct rp_scan {
    int64_t files;
    char **path;        /* [files] */
    rp_file_head *head; /* [files] */
    rp_text paths;      /* behind path */
    rp_words *words;    /* behind the texts of the heads */
} rp_scan;
void rp_scan_drop(rp_scan **s);

/* Looks through the sources.  folder: of the journal (NULL: none).  Owned by the caller.
 * Collective. Errors: RP_ENONE (a source is not there), RP_EUSE (nothing in it), RP_EIO, RP_ESTOP.
 */
RP_MUST rp_status rp_scan_sources(const rp_comm *comm, rp_pool *pool, int sources,
                                  const char *const source[], const char *folder,
                                  bool (*stop)(void *arg), void *stop_arg, rp_scan **out);
