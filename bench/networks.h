/* bench/networks.h - the networks that are timed: fixed layouts, so that figures compare. */
#pragma once
#include "lib/net/unet.h"

typedef struct rp_bench_network {
    const char *name, *meaning;
    rp_unet_settings settings;
    int64_t patch[3];
    int batch; /* units of one sample a training step */
} rp_bench_network;

/* Fills out with the network of the name.  Errors: RP_EUSE, naming the known ones. */
RP_MUST rp_status rp_bench_network_find(const char *name, rp_bench_network *out);
