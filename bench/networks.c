/* bench/networks.c - the table of networks. */
#include "bench/networks.h"

#include <string.h>

/* Three classes, one image channel, deep supervision in all of them. */
static const struct row {
    const char *name, *meaning;
    int dims, stages;
    int64_t patch[3];
    int batch;
} rows[] = {
    {"unet3d", "3D U-Net 32-64-128-256 on 64x64x64, 2 samples a step", 3, 4, {64, 64, 64}, 2},
    {"nnunet3d",
     "nnU-Net's plain 3d_fullres layout on 128x128x128, 2 samples a step",
     3,
     6,
     {128, 128, 128},
     2},
    {"unet2d", "nnU-Net's plain 2D layout on 512x512, 4 samples a step", 2, 8, {1, 512, 512}, 4},
};

rp_status rp_bench_network_find(const char *name, rp_bench_network *out)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *r = &rows[i];
        if (strcmp(r->name, name) != 0) continue;
        *out = (rp_bench_network){.name = r->name,
                                  .meaning = r->meaning,
                                  .settings = rp_unet_default(r->dims, 1, 3, r->stages),
                                  .patch = {r->patch[0], r->patch[1], r->patch[2]},
                                  .batch = r->batch};
        return RP_OK;
    }
    RP_FAIL(RP_EUSE, "no network '%s'; unet3d, nnunet3d and unet2d are known", name);
}
