/* lib/net/kernels.h - the kernel table: rows of implementations, and the choice of a row a layer.
 *
 * All convolutions, plain and transposed, are one linear map between a big grid and a small one:
 *   small[s] = sum over taps k of W[k] big[s * stride - pad + k]
 * A convolution layer runs it forward (RP_OP_CONV) and its gradient by the input is the transposed
 * map; a transposed convolution layer has the two the other way round; the gradient by the weights
 * is the same for both.  PyTorch stores both as [small channels][big channels][taps].
 *
 * 1. A row plans an operation on a shape once; running it allocates nothing.
 * 2. A row that cannot take a shape says so at the plan, never by a slow way that nobody asked for.
 * 3. Tensors may be views (voxel stride above the channels) if the shape says so; a row that needs
 *    them dense copies in its scratch. */
#pragma once
#include "lib/base/text.h"
#include "lib/net/tensor.h"

/* What the processor can do, as far as rows ask.  Bits depend on it. */
typedef enum rp_isa { RP_ISA_PLAIN, RP_ISA_AVX2, RP_ISA_AVX512 } rp_isa;
rp_isa rp_isa_here(void);
const char *rp_isa_name(rp_isa isa);

typedef struct rp_conv_shape {
    int64_t big_channels, small_channels;
    int64_t big[3], small[3]; /* grids, z y x */
    int64_t kernel[3], stride[3], pad[3];
    bool view, add; /* run may be given a view, may be told to add: rows plan scratch for it */
    bool precise;   /* forward in training, where rounding turns signs of activations: gradients
                       see that a thousandfold.  Rows give it short sums. */
} rp_conv_shape;

typedef enum rp_op {
    RP_OP_CONV,       /* small = W big + bias */
    RP_OP_TRANSPOSED, /* big = W^T small + bias */
    RP_OP_WEIGHTS,    /* dW = sum over voxels small x big */
    RP_OP_COUNT
} rp_op;
const char *rp_op_name(rp_op op);

typedef struct rp_kernel rp_kernel;

typedef struct rp_kernel_args {
    rp_tensor big, small; /* in or out as the operation has it; shapes as planned */
    const void *packed;   /* CONV, TRANSPOSED: weights as rp_kernel_pack left them */
    const float *bias;    /* CONV, TRANSPOSED: [channels of the output], NULL for none */
    bool add;             /* CONV, TRANSPOSED: add to the output instead of overwriting it */
    double *sums;         /* out: [sum_parts][2][channels of the output], sums of the output and of
                             its squares by parts of the grid; NULL: not wanted; not with add */
    float *weights;       /* WEIGHTS: out, plain [small channels][big channels][taps] */
    void *scratch;        /* scratch_bytes of the kernel, on a 64-byte line */
    int threads;          /* as planned */
} rp_kernel_args;

typedef struct rp_kernel_row {
    const char *name, *meaning;
    rp_isa needs;
    /* Plans op on shape for a team of threads.  Errors: RP_EUNSUP if the row does not take it. */
    rp_status (*plan)(rp_op op, const rp_conv_shape *shape, int threads, rp_kernel **out);
    /* Library versions and settings that bits depend on; "" if there is no library behind the row.
     */
    void (*version)(char out[], size_t size);
    /* Takes layers of one kind: where it is chosen by name, the others go by the table of choices.
     */
    bool partial;
    bool is_timed; /* a candidate of rp_kernel_tune: not one held back or slow, for tests */
} rp_kernel_row;

/* A planned operation.  Rows embed it at the start of their own struct. */
struct rp_kernel {
    const char *row;
    char implementation[64]; /* what the row or its library chose */
    bool thread_invariant;   /* same bits with any number of threads */
    size_t packed_bytes, scratch_bytes;
    int64_t sum_parts; /* that run can sum its output by, as the shape alone has it; 0: it cannot */
    rp_status (*pack)(const rp_kernel *k, const float w[], void *packed, void *scratch);
    rp_status (*run)(const rp_kernel *k, const rp_kernel_args *args);
    void (*drop)(rp_kernel *k);
};

/* The table, ends with a NULL name. */
extern const rp_kernel_row rp_kernel_rows[];
/* Row by name; NULL if there is none. */
const rp_kernel_row *rp_kernel_find(const char *name);
/* Adds the names of all rows, "a, b, c", for messages. */
void rp_kernel_names(rp_text *out);
/* A row or "auto", rather than the text of a list (lib/net/kernel_list.h) or a file of one. */
bool rp_kernels_are_named(const char *kernels);

/* Plans op on shape with the row of the name (see partial) or, for "auto", with the first row of
 * the table of choices that takes it: a function of op, shape, instruction set and library
 * versions, never of a timing.  Owned by the caller. Errors: RP_EUSE (no such row, with the known
 * ones; a row that this instruction set does not run), RP_EUNSUP (no row takes it), as
 * rp_kernel_plan. */
RP_MUST rp_status rp_kernel_choose(const char *kernels, rp_isa isa, rp_op op,
                                   const rp_conv_shape *shape, int threads, rp_kernel **out);

/* Checks the shape and plans with one row.  Owned by the caller.
 * Errors: RP_EARG (shape that does not fit itself), RP_EUNSUP, RP_EMEM. */
RP_MUST rp_status rp_kernel_plan(const rp_kernel_row *row, rp_op op, const rp_conv_shape *shape,
                                 int threads, rp_kernel **out);
void rp_kernel_drop(rp_kernel **k);
/* w plain [small channels][big channels][taps] -> packed [packed_bytes].  Nothing for WEIGHTS. */
RP_MUST rp_status rp_kernel_pack(const rp_kernel *k, const float w[], void *packed, void *scratch);
RP_MUST rp_status rp_kernel_run(const rp_kernel *k, const rp_kernel_args *args);
