/* lib/net/kernel_list.h - which row works for each layer, as a text: what 'radpipe plan --tune'
 * writes and 'train.kernels: FILE' reads.
 *
 *   layers:
 *   - {channels: [32, 64], big: [64, 64, 64], small: [32, 32, 32], kernel: [3, 3, 3],
 *      stride: [2, 2, 2], pad: [1, 1, 1], conv: onednn, transposed: onednn, weights: direct,
 *      seconds: [0.035, 0.034, 0.038]}
 *
 * (one line a layer).  channels of the big grid, then of the small one; grids, kernel, stride and
 * padding z, y, x; a row for each operation that the layer needs.  seconds, conv transposed
 * weights, say why; nothing reads them.  Layers of one shape share a line. */
#pragma once
#include "lib/base/text.h"
#include "lib/net/kernels.h"

typedef struct rp_kernel_layer {
    rp_conv_shape shape;                   /* view and add are not looked at */
    const rp_kernel_row *row[RP_OP_COUNT]; /* NULL: none given */
    double seconds[RP_OP_COUNT];
} rp_kernel_layer;

typedef struct rp_kernel_list {
    int64_t count, capacity;
    rp_kernel_layer *layer;
} rp_kernel_list;

/* Reads a list; name stands for it in messages.  Owned by the caller.  Local.
 * Errors: RP_EDATA naming line and column (no YAML, an unknown key, a layer twice), RP_EUSE (a row
 * that does not exist, with the known ones). */
RP_MUST rp_status rp_kernel_list_read(const char *name, const char *text, rp_kernel_list **out);
/* Reading what this writes gives the same list. */
RP_MUST rp_status rp_kernel_list_write(const rp_kernel_list *list, rp_text *out);
void rp_kernel_list_drop(rp_kernel_list **list);

/* The layer of a shape, NULL if there is none.  Lent. */
rp_kernel_layer *rp_kernel_list_find(const rp_kernel_list *list, const rp_conv_shape *shape);
/* Adds a layer without rows: *out lent until the next one is added. */
RP_MUST rp_status rp_kernel_list_add(rp_kernel_list *list, const rp_conv_shape *shape,
                                     rp_kernel_layer **out);

/* Plans op on shape with the row of the list.  Errors: RP_EUSE (a layer or operation that the list
 * does not have, a row that this instruction set does not run), RP_EUNSUP (the row does not take
 * it), as rp_kernel_plan. */
RP_MUST rp_status rp_kernel_list_choose(const rp_kernel_list *list, rp_isa isa, rp_op op,
                                        const rp_conv_shape *shape, int threads, rp_kernel **out);
