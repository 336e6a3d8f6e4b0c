/* lib/net/topology.h - strides and kernels of a U-Net from its patch and spacing.
 *
 * An axis is halved from a stage to the next while it has at least 8 voxels and its spacing is
 * below twice the smallest of the axes that may still be halved; one axis alone needs 12.  Its
 * kernel is 1 until its spacing at a stage is below twice the smallest of that stage, then 3 at all
 * that follow; at the last stage every kernel is 3.  An axis of one voxel keeps stride and kernel 1.
 * Source: nnU-Net's network_topology (F. Isensee et al., Nat. Methods 18 (2021) 203). */
#pragma once
#include "lib/net/unet.h"

/* Fills dims, stride and kernel of settings for its number of stages.
 *   patch, spacing  z, y, x
 * Errors: RP_EUSE if no axis can be halved as often as stages ask, or a stride does not divide the
 * patch, with the numbers and what to change. */
RP_MUST rp_status rp_unet_topology(const int64_t patch[3], const double spacing[3],
                                   rp_unet_settings *settings);
