/* tests/test_net_topology.c - strides and kernels of a U-Net beside published plans of nnU-Net. */
#include "tests/harness.h"

#include "lib/net/topology.h"

#include <string.h>

typedef struct plan {
    const char *name;
    int64_t patch[3];
    double spacing[3];
    int stages;
    int64_t stride[7][3], kernel[7][3];
} plan;

static const plan plans[] = {
    /* MR of the whole brain at 1 mm (nnU-Net's plan of a stroke cohort, patch 112x128x160) */
    {"isotropic", {112, 128, 160}, {1, 1, 1}, 6,
     {{1, 1, 1}, {2, 2, 2}, {2, 2, 2}, {2, 2, 2}, {2, 2, 2}, {1, 2, 2}},
     {{3, 3, 3}, {3, 3, 3}, {3, 3, 3}, {3, 3, 3}, {3, 3, 3}, {3, 3, 3}}},
    /* echocardiograms with time as the third axis (patchless-nnunet's 3D plan, axes turned) */
    {"thick slices", {20, 288, 352}, {1, 0.37, 0.37}, 6,
     {{1, 1, 1}, {1, 2, 2}, {2, 2, 2}, {2, 2, 2}, {1, 2, 2}, {1, 2, 2}},
     {{1, 3, 3}, {3, 3, 3}, {3, 3, 3}, {3, 3, 3}, {3, 3, 3}, {3, 3, 3}}},
    /* from here on by hand, from the rule.  z is halved alone until its 4 mm are near 4.1. */
    {"by the rule", {64, 32, 32}, {1, 4.1, 4.1}, 5,
     {{1, 1, 1}, {2, 1, 1}, {2, 1, 1}, {2, 2, 2}, {2, 2, 2}},
     {{3, 1, 1}, {3, 1, 1}, {3, 3, 3}, {3, 3, 3}, {3, 3, 3}}},
    /* z goes on alone at the end: y and x keep their 3 */
    {"once 3, always 3", {256, 32, 32}, {1, 1, 1}, 6,
     {{1, 1, 1}, {2, 2, 2}, {2, 2, 2}, {2, 2, 2}, {2, 1, 1}, {2, 1, 1}},
     {{3, 3, 3}, {3, 3, 3}, {3, 3, 3}, {3, 3, 3}, {3, 3, 3}, {3, 3, 3}}},
    {"flat", {1, 64, 64}, {1, 2, 2}, 3,
     {{1, 1, 1}, {1, 2, 2}, {1, 2, 2}}, {{1, 3, 3}, {1, 3, 3}, {1, 3, 3}}},
    {"the last stage is wide", {32, 32, 32}, {9, 1, 1}, 2,
     {{1, 1, 1}, {1, 2, 2}}, {{1, 3, 3}, {3, 3, 3}}},
};

Test(net_topology, strides_and_kernels_are_nnunets)
{
    for (size_t i = 0; i < sizeof plans / sizeof *plans; i++) {
        const plan *p = &plans[i];
        rp_unet_settings u = {.stages = p->stages};
        cr_assert(rp_unet_topology(p->patch, p->spacing, &u) == RP_OK, "%s: %s", p->name,
                  rp_error_message());
        cr_expect_eq(u.dims, p->patch[0] == 1 ? 2 : 3);
        for (int s = 0; s < p->stages; s++)
            for (int a = 0; a < 3; a++) {
                cr_expect_eq(u.stride[s][a], p->stride[s][a], "%s: stride %d %d", p->name, s, a);
                cr_expect_eq(u.kernel[s][a], p->kernel[s][a], "%s: kernel %d %d", p->name, s, a);
            }
    }
}

Test(net_topology, what_cannot_be_halved_is_refused)
{
    rp_unet_settings u = {.stages = 3};
    cr_expect(rp_unet_topology((int64_t[]){4, 4, 10}, (double[]){1, 1, 1}, &u) == RP_EUSE,
              "one axis alone needs 12 voxels");
    cr_expect(strstr(rp_error_message(), "too small for 3 stages"), "%s", rp_error_message());
    cr_expect(rp_unet_topology((int64_t[]){32, 34, 32}, (double[]){1, 1, 1}, &u) == RP_EUSE);
    cr_expect(strstr(rp_error_message(), "take 32 or 36"), "%s", rp_error_message());
}
