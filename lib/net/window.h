/* lib/net/window.h - prediction of a volume by overlapping patches.
 *
 * Logits of the patches are added with Gaussian weights in single precision, in the order of the
 * patches (z, then y, then x), and divided by the sum of weights.  A plane is final when no further
 * patch reaches it: only a ring of one patch depth is kept.
 * Source: nnU-Net v2, predict_from_raw_data.py and sliding_window_prediction.py. */
#pragma once
#include "lib/base/mem.h"
#include <stdbool.h>

/* Starts of patches along an axis: ceil((size - patch) / (patch step)) + 1 of them, evenly spread,
 * rounded to even; 0 if size <= patch; each index if patch is 1.
 *   step    in (0, 1], part of a patch
 *   starts  [rp_window_starts(..., NULL)] out, NULL to count only
 * Returns their number. */
int64_t rp_window_starts(int64_t size, int64_t patch, double step, int64_t starts[]);

/* Gaussian importance of a patch's voxels: a unit impulse at patch / 2 blurred with sigma = patch /
 * 8 (cut at 4 sigma), scaled to a maximum of 10, zeros replaced by the smallest positive value.
 *   map [patch[0]][patch[1]][patch[2]] out
 * Errors: RP_EMEM. */
RP_MUST rp_status rp_window_gaussian(const int64_t patch[3], float map[]);

typedef struct rp_window {
    int channels, classes;
    int64_t size[3]; /* of the volume, z y x */
    int64_t patch[3];
    double step;          /* 0.5 as nnU-Net */
    bool mirror[3];       /* average over flips of these axes too (up to 8 predictions a patch) */
    const float *padding; /* [channels] value outside the volume, where it is smaller than a patch
                           * or does not fill one; the volume stands in the middle.  Lent. */
} rp_window;

/* One patch: image [channels][patch] -> logits [classes][patch].  Lent during the call. */
typedef rp_status rp_window_predict(void *arg, const float image[], float logits[]);
/* One final plane z: logits [classes][size[1]][size[2]], lent during the call; planes come in
 * order. */
typedef rp_status rp_window_plane(void *arg, int64_t z, const float logits[]);

/* Bytes that rp_window_run allocates.  Errors: RP_EUSE (a setting out of range, named). */
RP_MUST rp_status rp_window_bytes(const rp_window *w, size_t *bytes);
/* Number of patches, for progress and cost. */
RP_MUST rp_status rp_window_patches(const rp_window *w, int64_t *count);

/* Predicts image [channels][size] and hands over its planes.  Local.
 * Errors: RP_EUSE (settings), RP_EMEM, RP_ENUM (a logit that is not finite, with patch and class),
 * what predict and plane return. */
RP_MUST rp_status rp_window_run(const rp_window *w, const float image[], rp_window_predict *predict,
                                void *predict_arg, rp_window_plane *plane, void *plane_arg);

/* As rp_window_run; labels [size] out: class of the largest logit, the lowest class on a tie;
 * prob [classes][size] out: softmax of the logits, NULL if not wanted. */
RP_MUST rp_status rp_window_labels(const rp_window *w, const float image[],
                                   rp_window_predict *predict, void *predict_arg, uint8_t labels[],
                                   float prob[]);
