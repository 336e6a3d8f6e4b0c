/* lib/net/topology.c - strides and kernels of a U-Net. */
#include "lib/net/topology.h"

#include <inttypes.h>
#include <math.h>

/* Halves the axes whose turn it is; false if there is none. */
static bool halve(int64_t size[3], double mm[3], int64_t stride[3])
{
    double least = INFINITY;
    int many = 0, last = 0;
    for (int a = 0; a < 3; a++)
        if (size[a] >= 8) least = fmin(least, mm[a]);
    for (int a = 0; a < 3; a++) {
        stride[a] = size[a] >= 8 && mm[a] < 2 * least ? 2 : 1;
        if (stride[a] == 1) continue;
        many++;
        last = a;
    }
    if (many == 1 && size[last] < 12) return false;
    for (int a = 0; a < 3; a++) {
        size[a] /= stride[a];
        mm[a] *= (double)stride[a];
    }
    return many > 0;
}

rp_status rp_unet_topology(const int64_t patch[3], const double spacing[3],
                           rp_unet_settings *settings)
{
    int64_t size[3], product[3] = {1, 1, 1};
    double mm[3];
    for (int a = 0; a < 3; a++) {
        RP_NEED(patch[a] >= 1 && spacing[a] > 0, RP_EUSE,
                "patch of %" PRId64 " voxels of %g mm along axis %d", patch[a], spacing[a], a);
        size[a] = patch[a];
        mm[a] = spacing[a];
    }
    settings->dims = patch[0] == 1 ? 2 : 3;
    for (int s = 0; s < settings->stages; s++) {
        const bool halved = s > 0 && halve(size, mm, settings->stride[s]);
        RP_NEED(s == 0 || halved, RP_EUSE,
                "patch %" PRId64 "x%" PRId64 "x%" PRId64
                " is too small for %d stages: take fewer model.features or a larger train.patch",
                patch[0], patch[1], patch[2], settings->stages);
        double finest = INFINITY;
        for (int a = 0; a < 3; a++) {
            if (s == 0) settings->stride[s][a] = 1;
            product[a] *= settings->stride[s][a];
            if (patch[a] > 1) finest = fmin(finest, mm[a]);
        }
        for (int a = 0; a < 3; a++) {
            const bool wide = mm[a] < 2 * finest || s == settings->stages - 1 ||
                              (s > 0 && settings->kernel[s - 1][a] == 3);
            settings->kernel[s][a] = patch[a] > 1 && wide ? 3 : 1;
        }
    }
    for (int a = 0; a < 3; a++)
        RP_NEED(patch[a] % product[a] == 0, RP_EUSE,
                "train.patch: %" PRId64 " voxels along axis %d are no multiple of %" PRId64
                ", the product of the network's strides; take %" PRId64 " or %" PRId64,
                patch[a], a, product[a], patch[a] / product[a] * product[a],
                (patch[a] / product[a] + 1) * product[a]);
    return RP_OK;
}
