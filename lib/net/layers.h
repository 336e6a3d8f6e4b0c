/* lib/net/layers.h - the table of layer kinds: how a layer is planned and run in an engine. */
#pragma once
#include "lib/net/engine.h"
#include "lib/net/kernels.h"
#include "lib/net/memory_plan.h"

/* When a layer works: forward; backward by its parameters; by its input. */
typedef enum rp_pass { RP_PASS_FORWARD, RP_PASS_BACK, RP_PASS_BACK_INPUT, RP_PASS_COUNT } rp_pass;

/* One layer of an engine. */
typedef struct rp_step {
    const rp_layer *layer;
    char name[RP_PARAM_NAME];       /* its parameters' name without '.weight' */
    bool infers, learns;            /* the finest output, the loss depends on it */
    bool adds;                      /* its gradient by the input comes on top of another layer's */
    rp_kernel *kernel[RP_OP_COUNT]; /* convolutions; NULL: not needed */
    rp_conv_shape shape[RP_OP_COUNT]; /* that they are planned for */
    void *packed[RP_OP_COUNT];
    size_t packed_at[RP_OP_COUNT];
    int64_t sum_parts; /* that come with a convolution's output for the norm behind it; 0: none */
    float *stat;       /* norms: 3 floats a channel */
    size_t stat_at;
    rp_lifetime scratch[RP_PASS_COUNT];
} rp_step;

typedef struct rp_layer_ops {
    const char *name, *meaning;
    /* Chooses kernels; sets the bytes of scratch that each pass needs. */
    rp_status (*plan)(rp_engine *e, rp_step *s);
    /* Takes the flat array w over; may be NULL. */
    rp_status (*weights)(rp_engine *e, rp_step *s, const float w[]);
    rp_status (*forward)(rp_engine *e, rp_step *s);
    /* gradient: the flat array; the layer writes all of its own parameters. */
    rp_status (*backward)(rp_engine *e, rp_step *s, float gradient[]);
    /* Its output anew, bit by bit, from what lives on; NULL where outputs are kept. */
    void (*again)(rp_engine *e, rp_step *s, const rp_tensor *out);
} rp_layer_ops;

/* By rp_layer_kind. */
extern const rp_layer_ops *const rp_layer_table[RP_LAYER_KIND_COUNT];
