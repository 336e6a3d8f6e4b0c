/* lib/image/augment.h - augmentation of training samples: nnU-Net's transforms, order and ranges.
 *
 * 1. Everything drawn follows from (seed, sample): no order of calls, no rank, no thread.
 * 2. The spatial transform is drawn before anything is read (rp_augment_draw), so that only its box
 *    of the case is loaded (rp_augment_box), and is applied in one trilinear pass.
 * 3. Labels are never blended: a voxel takes the label with the largest trilinear weight, ties the
 *    lowest.
 * Source: nnU-Net v2's default training transforms with batchgeneratorsv2's semantics
 *         (F. Isensee et al., Nat. Methods 18 (2021) 203). */
#pragma once
#include "lib/base/mem.h"
#include <stdbool.h>

/* One row a transform, in the order of application: probability a sample, range of its parameter.
 */
typedef enum rp_augmentation {
    RP_AUG_ROTATION, /* degrees about each axis */
    RP_AUG_SCALING,  /* factor; larger shows smaller objects */
    RP_AUG_NOISE,    /* standard deviation of additive normal noise */
    RP_AUG_BLUR,     /* standard deviation in voxels, a channel and an axis; half of the channels */
    RP_AUG_BRIGHTNESS, /* factor a channel */
    RP_AUG_CONTRAST,   /* factor about the mean a channel, kept in the range before */
    RP_AUG_LOWRES,     /* zoom a channel; half of the channels */
    RP_AUG_GAMMA_INVERTED,
    RP_AUG_GAMMA,  /* exponent a channel; mean and standard deviation are restored */
    RP_AUG_MIRROR, /* an axis */
    RP_AUG_COUNT
} rp_augmentation;

typedef struct rp_augment_row {
    const char *name;
    double probability, low, high; /* nnU-Net's for 3D */
    const char *unit, *meaning;
} rp_augment_row;
extern const rp_augment_row rp_augment_rows[RP_AUG_COUNT];

typedef struct rp_augment_settings {
    double probability[RP_AUG_COUNT], low[RP_AUG_COUNT], high[RP_AUG_COUNT];
    bool in_plane;  /* rotate and scale only in (y, x): 2D patches and very anisotropic ones */
    bool mirror[3]; /* axes that may be mirrored */
} rp_augment_settings;

/* preset: "nnunet", "mirror" (mirroring alone) or "none"; patch decides in_plane and the rotation's
 * range as nnU-Net does (max/first axis > 3: in plane, 180 degrees; 2D: 180, or 15 when the
 * sides differ by more than 1.5).  Errors: RP_EUSE (unknown preset). */
RP_MUST rp_status rp_augment_preset(const char *preset, const int64_t patch[3],
                                    rp_augment_settings *out);

/* Spatial part of sample s: source voxel = matrix * (patch voxel - patch centre) + case centre. */
typedef struct rp_augment_spatial {
    bool identity; /* neither rotation nor scaling fired: a plain crop */
    double matrix[3][3];
} rp_augment_spatial;
void rp_augment_draw(const rp_augment_settings *set, uint64_t seed, uint64_t sample,
                     rp_augment_spatial *out);
/* Box [low, high) of the case that the patch whose corner is start needs; not clipped to the case.
 */
void rp_augment_box(const rp_augment_spatial *t, const int64_t patch[3], const int64_t start[3],
                    int64_t low[3], int64_t high[3]);
/* Upper bound of that box's voxels over all samples, for memory plans. */
int64_t rp_augment_box_bound(const rp_augment_settings *set, const int64_t patch[3]);

/* What was loaded: the part of the box that lies in the case. */
typedef struct rp_augment_source {
    int channels;
    int64_t low[3], n[3]; /* in voxels of the case */
    const float *image;   /* [channels][n] */
    const uint8_t *label; /* [n] */
    const float *outside; /* [channels] value beyond the case; the label there is 0 */
} rp_augment_source;
/* out_image [channels][patch], out_label [patch]. */
void rp_augment_apply_spatial(const rp_augment_spatial *t, const rp_augment_source *src,
                              const int64_t patch[3], const int64_t start[3], float out_image[],
                              uint8_t out_label[]);
/* Noise to mirror, in place.  scratch: rp_augment_scratch(patch) bytes. */
size_t rp_augment_scratch(const int64_t patch[3]);
void rp_augment_apply_values(const rp_augment_settings *set, uint64_t seed, uint64_t sample,
                             int channels, const int64_t patch[3], float image[], uint8_t label[],
                             void *scratch);
