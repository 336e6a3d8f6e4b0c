/* lib/net/network.h - a network: a static list of layers over values, and a table of parameters.
 *
 * 1. Layers stand in the order in which they run forward; a layer reads earlier values only.
 * 2. A network knows no patch: a value has a scale (input voxels per voxel along z, y, x), its size
 *    follows when an engine is made.
 * 3. All parameters live in one flat array of floats in PyTorch's layout and in the order of the
 *    table, so that exchange, optimiser, checkpoints and safetensors see plain floats. */
#pragma once
#include "lib/base/mem.h"
#include <stdbool.h>

enum { RP_PARAM_AXES = 5, RP_PARAM_NAME = 96, RP_OUTPUTS_MAX = 8 };

typedef enum rp_param_init { RP_INIT_KAIMING, RP_INIT_ZERO, RP_INIT_ONE } rp_param_init;

typedef struct rp_param {
    char name[RP_PARAM_NAME];     /* canonical state-dict name, as nnU-Net's PlainConvUNet has it */
    int dims;                     /* axes of shape in use */
    int64_t shape[RP_PARAM_AXES]; /* PyTorch's order; unused axes 1 */
    int64_t offset, count;        /* place in the flat array, in floats */
    rp_param_init init;
} rp_param;

/* What a layer does.  One row of rp_layer_table (lib/net/layers.h) each. */
typedef enum rp_layer_kind {
    RP_LAYER_CONV,     /* convolution, zero padding */
    RP_LAYER_UP,       /* transposed convolution with kernel = stride */
    RP_LAYER_NORM_ACT, /* instance norm with scale and shift, then leaky ReLU */
    RP_LAYER_CONCAT,   /* channels of two values side by side */
    RP_LAYER_KIND_COUNT
} rp_layer_kind;

typedef struct rp_layer {
    rp_layer_kind kind;
    int in[2], out;               /* values; in[1] -1 if it reads one */
    int64_t kernel[3], stride[3]; /* z, y, x; CONV pads (kernel - 1) / 2 on both sides */
    int weight, bias;             /* parameters; bias -1: none */
    bool bias_cancels; /* a norm follows and takes the bias out again: it is not added and
                        * its gradient is exactly 0 */
    double slope, eps; /* NORM_ACT */
} rp_layer;

typedef struct rp_value {
    int64_t channels;
    int64_t scale[3];
} rp_value;

typedef struct rp_network {
    int dims; /* 2 or 3: shapes of the parameters; a 2D network has size 1 along z */
    int channels, classes;
    int layers, values, params, outputs;
    rp_layer *layer;            /* [layers] */
    rp_value *value;            /* [values]; value 0 is the image */
    rp_param *param;            /* [params] */
    int64_t weights;            /* floats of the flat array */
    int output[RP_OUTPUTS_MAX]; /* values of the heads (logits), finest first */
    bool deep_supervision;      /* the loss looks at all outputs, not only at the finest */
    int64_t divisor[3];         /* a patch must be a multiple of it */
    int64_t capacity[3];        /* of layer, value, param */
} rp_network;

/* Owned by who built it. */
void rp_network_drop(rp_network **net);

int rp_network_params(const rp_network *net);
/* Lent until the network is dropped; 0 <= i < rp_network_params(net). */
const rp_param *rp_network_param(const rp_network *net, int i);
/* Index by canonical name, -1 if there is none. */
int rp_network_find_param(const rp_network *net, const char *name);
/* Floats of the flat array. */
int64_t rp_network_weights(const rp_network *net);

/* Initial weights: Kaiming normal (a = 0.01, fan_in = shape[1] * kernel as PyTorch counts it) for
 * convolutions and transposed convolutions, biases and shifts 0, scales 1.
 *
 *   weights [rp_network_weights(net)]  out
 *
 * Element e of parameter p follows from (seed, p, e) alone.  Local.
 * Source: nnU-Net's InitWeights_He; K. He et al., arXiv 1502.01852. */
void rp_network_init(const rp_network *net, uint64_t seed, float weights[]);

/* Floating-point operations (2 a multiply-add) of the convolutions of one sample.  Local.
 * Errors: RP_EUSE as rp_engine_new for a patch that does not fit. */
RP_MUST rp_status rp_network_flops(const rp_network *net, const int64_t patch[3], double *forward,
                                   double *train);
/* The sizes of all values for a patch; size is [values][3].  Errors: RP_EUSE, naming axis, numbers
 * and what to change, if the patch is no multiple of net->divisor, is not positive, or leaves a
 * norm a single voxel. */
RP_MUST rp_status rp_network_sizes(const rp_network *net, const int64_t patch[3],
                                   int64_t (*size)[3]);
