/* lib/net/onednn/onednn_priv.h - what the files of the row `onednn` share. */
#pragma once
#include "lib/net/kernels_priv.h"

#include <dnnl.h>

/* RP_TRY for oneDNN. */
#define RP_DNNL(call)                                                                              \
    do {                                                                                           \
        const dnnl_status_t rp_dnnl_ = (call);                                                     \
        RP_NEED(rp_dnnl_ == dnnl_success, rp_onednn_status(rp_dnnl_), "oneDNN: status %d of %s",   \
                (int)rp_dnnl_, #call);                                                             \
    } while (0)
rp_status rp_onednn_status(dnnl_status_t st);

/* A convolution as oneDNN sees it: 4 axes if the grids are flat along z, else 5. */
typedef struct rp_onednn_conv {
    int axes;
    dnnl_memory_desc_t src, dst, weights_any, weights_plain;
    dnnl_dims_t strides, pad_before, pad_after;
} rp_onednn_conv;
typedef struct rp_onednn_grids {
    int64_t in[3], out[3], before[3], after[3]; /* voxels, padding */
    bool flat;                                  /* the whole layer is flat along z */
} rp_onednn_grids;
/* The grids of a whole shape: in is the big one. */
rp_onednn_grids rp_onednn_grids_of(const rp_conv_shape *s);
/* Channels last, dense. */
rp_status rp_onednn_describe(int64_t ci, int64_t co, const rp_onednn_grids *g,
                             const int64_t kernel[3], const int64_t stride[3], rp_onednn_conv *c);

/* A primitive with a scratchpad of the caller's.  Zeroed: nothing. */
typedef struct rp_onednn_primitive {
    dnnl_primitive_t primitive;
    const char *implementation; /* lives as long as the library */
    size_t scratchpad;
    dnnl_memory_desc_t weights, scratchpad_md;
} rp_onednn_primitive;

typedef enum rp_onednn_kind { RP_ONEDNN_FORWARD, RP_ONEDNN_DATA, RP_ONEDNN_WEIGHTS } rp_onednn_kind;
/* The first implementation that is not a reference one.  Errors: RP_EUNSUP if there is none. */
rp_status rp_onednn_primitive_new(dnnl_engine_t engine, rp_onednn_kind kind,
                                  const rp_onednn_conv *c, rp_onednn_primitive *p);
void rp_onednn_primitive_clear(rp_onednn_primitive *p);
/* A reorder between two layouts of the same weights. */
rp_status rp_onednn_reorder_new(dnnl_engine_t engine, const dnnl_memory_desc_t *from,
                                const dnnl_memory_desc_t *to, rp_onednn_primitive *p);
/* Runs a primitive on n arguments. */
typedef struct rp_onednn_arg {
    int arg;
    const dnnl_memory_desc_t *md;
    const void *data;
} rp_onednn_arg;
rp_status rp_onednn_run(dnnl_engine_t engine, const rp_onednn_primitive *p, int n,
                        const rp_onednn_arg arg[], void *scratchpad);

rp_status rp_onednn_conv_plan(rp_op op, const rp_conv_shape *s, int threads, rp_kernel **out);
rp_status rp_onednn_weights_plan(const rp_conv_shape *s, int threads, rp_kernel **out);

/* Rounded up to 64-byte lines. */
size_t rp_onednn_line(size_t bytes);
int64_t rp_onednn_floats(int64_t floats);

/* The tensor's data if it is dense, else a dense copy in scratch. */
const float *rp_onednn_dense(const rp_tensor *t, float *scratch);
