/* lib/net/winograd/winograd_plan.h - a planned Winograd convolution. */
#pragma once
#include "lib/net/kernels_priv.h"
#include "lib/net/winograd/winograd_priv.h"

/* Floats between points beyond their arrays; most floats of a grid that is transformed whole. */
enum { RP_WINOGRAD_PAD = 16, RP_WINOGRAD_WHOLE = 4 << 20 };

typedef struct rp_winograd {
    rp_kernel base;
    rp_op op;
    rp_conv_shape s;
    const rp_winograd_loops *loops;
    rp_tiles tiles;
    int64_t ci, co, panels; /* of the map as it runs: transposed is flipped */
    int64_t vw, zw;         /* widths of V, of Z */
    int64_t strip, strips;  /* tiles of a strip */
    int64_t chain;          /* channels that a product sums in a row */
    bool whole;             /* one strip for all threads */
    int64_t v_floats, z_floats, thread_floats;
    int64_t groups, chunk; /* WEIGHTS: partial sums; input channels at a time */
} rp_winograd;

/* Bytes of second-level cache of a core. */
int64_t rp_winograd_cache(void);
/* The rest of a plan of RP_OP_WEIGHTS. */
void rp_winograd_plan_weights(rp_winograd *w, int threads);
