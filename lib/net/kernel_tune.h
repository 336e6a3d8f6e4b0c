/* lib/net/kernel_tune.h - timing the rows of the kernel table on the layers of a network. */
#pragma once
#include "lib/net/engine.h"
#include "lib/net/kernel_list.h"

/* Called when a layer's operation is decided: where it stands (1..all) and the layer so far. */
typedef void rp_kernel_tuned(void *arg, int done, int all, const char *layer, rp_op op,
                             const rp_kernel_row *row, double seconds);

/* The fastest row for each operation of each layer of an engine with these settings (kernels are
 * not looked at), on this machine: rows marked `timed` that this processor runs and that take the
 * layer, run in turns on random numbers, the least time of at least three rounds; equal times go to
 * the earlier row.  Seconds are CPU time for one thread, else of the clock.  Takes as much memory
 * as a layer's tensors twice over, with the scratch of its rows.
 *
 *   tuned  progress, may be NULL
 *   out    owned by the caller
 *
 * Another run may choose otherwise: the list is a result to keep, not to compute again.  Local.
 * Errors: as rp_engine_new. */
RP_MUST rp_status rp_kernel_tune(const rp_engine_settings *settings, rp_kernel_tuned *tuned,
                                 void *arg, rp_kernel_list **out);
