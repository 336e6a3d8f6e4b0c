/* lib/net/network_priv.h - building a network, for the files of this room that define one.
 * Indices of values and parameters are never negative; a failure leaves the network droppable. */
#pragma once
#include "lib/net/network.h"

RP_MUST rp_status rp_network_new(int dims, int channels, int classes, rp_network **out);
/* Adds a parameter of shape [dims]; "name.part" is its name.  *index out. */
RP_MUST rp_status rp_network_add_param(rp_network *net, const char *name, const char *part,
                                       int dims, const int64_t shape[], rp_param_init init,
                                       int *index);
/* The same for the weight and bias of a convolution from ci to co (transposed: PyTorch's (in, out)
 * order) with this kernel. */
RP_MUST rp_status rp_network_add_conv_params(rp_network *net, const char *name, int64_t ci,
                                             int64_t co, const int64_t kernel[3], bool transposed,
                                             int *weight);
/* Adds a layer that reads in[0] (and in[1]); makes its value: *out its index. */
RP_MUST rp_status rp_network_add_layer(rp_network *net, const rp_layer *layer, int64_t channels,
                                       int *out);
/* The value is a head; finest first. */
RP_MUST rp_status rp_network_add_output(rp_network *net, int value);
/* Divisor of the patch, places of the parameters, biases that a norm cancels.  Ends the building.
 */
void rp_network_finish(rp_network *net);
