/* lib/net/engine.h - a network made ready for one patch size: forward, backward, inference.
 *
 * 1. One sample at a time (the unit of 1): its gradient does not know what ran beside it.
 * 2. One thread calls an engine; an OpenMP team of settings.threads works inside.  FTZ and DAZ are
 *    set in the caller and its team.
 * 3. All arrays are planned and taken as one block in rp_engine_new; a step allocates none (oneDNN
 *    makes small objects of its own).
 * 4. Same weights, image and target give the same bits, run to run, and with any number of threads
 *    if rp_engine_thread_invariant says so.  Different kernel rows give different bits. */
#pragma once
#include "lib/net/loss.h"
#include "lib/net/network.h"

typedef struct rp_engine rp_engine;

typedef struct rp_engine_settings {
    const rp_network *net; /* lent until the engine is dropped */
    int64_t patch[3];      /* z, y, x; a multiple of net->divisor */
    bool train;            /* false: inference only, with less memory */
    int threads;           /* >= 1 */
    /* row of the kernel table for all layers, "auto" (the table's choice), or the text of a list
     * (lib/net/kernel_list.h), which has more than one line; needed during rp_engine_new only */
    const char *kernels;
    const rp_loss *loss; /* row of rp_losses; needed if train, else not looked at */
} rp_engine_settings;

/* Owned by the caller.  Local.
 * Errors: RP_EUSE (patch with the numbers and what to change; unknown kernels, with the known ones;
 * a row that this processor cannot run; a layer that the list of kernels does not have, named),
 * RP_EUNSUP (no row takes a layer, named), RP_EDATA (a damaged list), RP_EMEM. */
RP_MUST rp_status rp_engine_new(const rp_engine_settings *settings, rp_engine **out);
void rp_engine_drop(rp_engine **engine);

/* Bytes that rp_engine_new will take for arrays: activations, packed weights, scratch.  The
 * weights, gradients and images of the caller are not in it.  Errors: as rp_engine_new. */
RP_MUST rp_status rp_engine_bytes(const rp_engine_settings *settings, size_t *bytes);
/* Bytes that this engine took: what rp_engine_bytes said. */
size_t rp_engine_taken(const rp_engine *engine);

/* Which kernel row and implementation works for each layer, the instruction set and the versions of
 * libraries: part of a run's identity.  Lines of text, lent until the engine is dropped. */
const char *rp_engine_choices(const rp_engine *engine);
/* True if every kernel in use gives the same bits with any number of threads. */
bool rp_engine_thread_invariant(const rp_engine *engine);

/* Takes the weights over (kernels keep them in layouts of their own).
 *   w [rp_network_weights(net)], needed during the call only.
 * To be called before the first step and after each update. */
RP_MUST rp_status rp_engine_weights(rp_engine *engine, const float w[]);

/* Forward, loss and backward of one sample.
 *   image    [channels][d][h][w] plain
 *   target   [d][h][w] class labels
 *   gradient [rp_network_weights(net)] out: dL/dw, overwritten
 *   loss     out: weighted over the outputs of deep supervision
 * Errors: RP_EUSE (not made for training, no weights yet), RP_EDATA (a label that is no class),
 * RP_ENUM if the loss is not finite, naming it; gradient is then undefined. */
RP_MUST rp_status rp_engine_train(rp_engine *engine, const float image[], const uint8_t target[],
                                  float gradient[], rp_loss_values *loss);

/* Logits of the finest output: logits [classes][d][h][w] plain, out.
 * Errors: RP_EUSE (no weights yet), RP_ENUM if a logit is not finite, naming class and voxel. */
RP_MUST rp_status rp_engine_infer(rp_engine *engine, const float image[], float logits[]);
/* The same as a callback of rp_window_run; engine is an rp_engine. */
RP_MUST rp_status rp_engine_predict(void *engine, const float image[], float logits[]);
