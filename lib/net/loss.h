/* lib/net/loss.h - losses of logits against class labels, and deep supervision.
 *
 * A loss works in two steps, so that a loss over a whole batch can add the statistics of its
 * samples between them: statistics (sums over voxels), then value and gradient from the statistics.
 * Sums run in double over chunks of RP_LOSS_CHUNK voxels, chunks added in order: no thread count
 * bears on them. */
#pragma once
#include "lib/base/mem.h"
#include <stdbool.h>

enum { RP_LOSS_CHUNK = 2048 };

typedef struct rp_loss_values {
    double total; /* what is minimised */
    double dice;  /* its Dice term, 0 if it has none */
    double ce;    /* its cross entropy term, 0 if it has none */
} rp_loss_values;

typedef struct rp_loss rp_loss;
struct rp_loss {
    const char *name, *meaning;
    /* Numbers a sample: sums over its voxels. */
    int64_t (*statistics_count)(int classes);
    /* p = softmax(logits), and the sums.
     *   logits [n][classes], target [n] below classes, prob [n][classes] out,
     *   chunk [chunks(n) * count] scratch, statistics [count] out.
     * Errors: RP_EDATA for a target that is no class, naming voxel and label. */
    rp_status (*statistics)(int64_t n, int classes, const float logits[], const uint8_t target[],
                            float prob[], double chunk[], double statistics[]);
    /* The value that statistics over voxels voxels give. */
    rp_loss_values (*value)(int64_t n, int classes, const double statistics[]);
    /* prob_gradient [n][classes]: probabilities in, weight * dL/dlogits out. */
    void (*gradient)(int64_t n, int classes, const uint8_t target[], const double statistics[],
                     double weight, float prob_gradient[]);
};

/* The table, ends with a NULL name. */
extern const rp_loss rp_losses[];
/* Row by name; NULL if there is none. */
const rp_loss *rp_loss_find(const char *name);

/* Loss and gradient of one output, for callers beside the engine and for tests.
 *   logits   [n][classes] channels last
 *   gradient [n][classes] out; NULL if not wanted
 * Local.  Errors: RP_EARG (n < 1, classes < 2), RP_EDATA (target), RP_EMEM, RP_ENUM if the value is
 * not finite (gradient is then undefined). */
RP_MUST rp_status rp_loss_run(const rp_loss *loss, int64_t n, int classes, const float logits[],
                              const uint8_t target[], float gradient[], rp_loss_values *values);

/* Weights of the outputs, finest first: 2^-i, the coarsest 0, then scaled to the sum 1.  Without
 * deep supervision, or with one output: 1, 0, 0...  Source: nnU-Net's DeepSupervisionWrapper. */
void rp_supervision_weights(int outputs, bool deep, double weight[]);

/* Labels on a coarser grid: voxel i of m takes voxel floor((i + 0.5) n / m) of n ('nearest-exact').
 *   in [n[0]][n[1]][n[2]], out [m[0]][m[1]][m[2]], 1 <= m <= n. */
void rp_target_downsample(const int64_t n[3], const uint8_t in[], const int64_t m[3],
                          uint8_t out[]);
