/* tests/test_net_window.c - sliding window: starts, weights, sums, memory. */
#include "tests/net_values.h"

#include "lib/net/window.h"

Test(net_window, starts_are_nnunets)
{
    /* steps(180, 512, 512; 64, 192, 160; 0.5) of nnU-Net */
    static const int64_t size[] = {180, 512, 512}, patch[] = {64, 192, 160};
    static const int64_t want[3][6] = {
        {0, 29, 58, 87, 116}, {0, 80, 160, 240, 320}, {0, 70, 141, 211, 282, 352}};
    static const int64_t count[] = {5, 5, 6};
    for (int a = 0; a < 3; a++) {
        int64_t got[6];
        cr_assert(rp_window_starts(size[a], patch[a], 0.5, NULL) == count[a]);
        (void)rp_window_starts(size[a], patch[a], 0.5, got);
        for (int64_t i = 0; i < count[a]; i++) cr_expect(got[i] == want[a][i]);
    }
    cr_expect(rp_window_starts(10, 64, 0.5, NULL) == 1 && rp_window_starts(64, 64, 0.5, NULL) == 1);
    cr_expect(rp_window_starts(7, 1, 0.5, NULL) == 7); /* slices of a 2D network */
}

Test(net_window, gaussian_is_nnunets)
{
    const int64_t patch[3] = {64, 192, 160};
    float *map = net_array(64 * 192 * 160, sizeof *map);
    cr_assert(rp_window_gaussian(patch, map) == RP_OK);
    double sum = 0;
    float least = 10;
    for (int64_t i = 0; i < 64 * 192 * 160; i++) {
        sum += map[i];
        least = fminf(least, map[i]);
    }
    cr_expect(map[(32 * 192 + 96) * 160 + 80] == 10);
    cr_expect(near(map[(16 * 192 + 48) * 160 + 40], 0.024788, 1e-4, 0));
    cr_expect(near(map[(0 * 192 + 96) * 160 + 80], 0.0033546, 1e-4, 0));
    cr_expect(near(sum, 604669.04, 1e-7, 0), "%.9g", sum);
    cr_expect(least > 0 && near(least, 3.8e-10, 0.02, 0));
    rp_free(map);
}

Test(net_window, cut_off_corners_get_the_smallest_weight)
{
    const int64_t patch[3] = {9, 9, 9}; /* 4 sigma = 4.5 rounds to 5: all inside; 11: 5.5 -> 6 */
    float map[9 * 9 * 9];
    cr_assert(rp_window_gaussian(patch, map) == RP_OK);
    for (int i = 0; i < 9 * 9 * 9; i++) cr_expect(map[i] > 0);
    cr_expect(map[(4 * 9 + 4) * 9 + 4] == 10 && map[0] == map[9 * 9 * 9 - 1]);
}

/* A network whose logits are the image, its negative and a constant. */
typedef struct toy {
    int64_t voxels;
    int calls;
    bool lopsided, broken;
} toy;

static rp_status predict(void *arg, const float image[], float logits[])
{
    toy *t = arg;
    t->calls++;
    for (int64_t i = 0; i < t->voxels; i++) {
        logits[i] = image[i] + (t->lopsided ? (float)i : 0);
        logits[t->voxels + i] = -image[i];
        logits[2 * t->voxels + i] = t->broken && i == 3 ? NAN : 0.25f;
    }
    return RP_OK;
}

typedef struct planes {
    int64_t next, plane;
    float *all; /* [z][3][plane] */
} planes;

static rp_status take_plane(void *arg, int64_t z, const float logits[])
{
    planes *p = arg;
    RP_NEED(z == p->next, RP_EBUG, "plane out of order");
    p->next++;
    memcpy(p->all + z * 3 * p->plane, logits, (size_t)(3 * p->plane) * sizeof *logits);
    return RP_OK;
}

static const float padding[] = {0.5f};

static rp_window window_of(int64_t z, int64_t y, int64_t x, int64_t pz, int64_t py, int64_t px)
{
    return (rp_window){.channels = 1,
                       .classes = 3,
                       .size = {z, y, x},
                       .patch = {pz, py, px},
                       .step = 0.5,
                       .padding = padding};
}

Test(net_window, a_voxelwise_network_comes_back_exact)
{
    static const int64_t shapes[][6] = {{20, 13, 17, 8, 8, 8}, {5, 30, 7, 8, 16, 8},
                                        {3, 3, 3, 8, 4, 6},    {6, 20, 20, 1, 16, 16},
                                        {8, 8, 8, 8, 8, 8},    {17, 9, 9, 2, 3, 4}};
    for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++)
        for (int mirror = 0; mirror < 2; mirror++) {
            const int64_t *s = shapes[k], n = s[0] * s[1] * s[2];
            rp_window w = window_of(s[0], s[1], s[2], s[3], s[4], s[5]);
            w.mirror[0] = w.mirror[2] = mirror;
            float *image = net_array(n, sizeof *image);
            net_mixed(3, n, image);
            toy t = {.voxels = s[3] * s[4] * s[5]};
            planes p = {.plane = s[1] * s[2], .all = net_array(3 * n, sizeof(float))};
            cr_assert(rp_window_run(&w, image, predict, &t, take_plane, &p) == RP_OK, "%s",
                      rp_error_message());
            int64_t patches;
            cr_assert(rp_window_patches(&w, &patches) == RP_OK);
            cr_expect(p.next == s[0] && t.calls == patches * (mirror ? 4 : 1));
            for (int64_t i = 0; i < n; i++) {
                const float *plane = p.all + i / p.plane * 3 * p.plane + i % p.plane;
                cr_assert(near(plane[0], image[i], 1e-6, 1e-6) &&
                          near(plane[p.plane], -image[i], 1e-6, 1e-6));
                cr_assert(near(plane[2 * p.plane], 0.25, 1e-6, 0));
            }
            rp_free(image);
            rp_free(p.all);
        }
}

Test(net_window, flips_cancel_what_is_lopsided)
{
    /* one patch; logits 0 grow with the index: their mean over all 8 flips is the middle, 31.5 */
    rp_window w = window_of(4, 4, 4, 4, 4, 4);
    float image[64] = {0};
    toy t = {.voxels = 64, .lopsided = true};
    planes p = {.plane = 16, .all = net_array(3 * 64, sizeof(float))};
    for (int a = 0; a < 3; a++) w.mirror[a] = true;
    cr_assert(rp_window_run(&w, image, predict, &t, take_plane, &p) == RP_OK);
    cr_expect(t.calls == 8);
    for (int z = 0; z < 4; z++)
        for (int i = 0; i < 16; i++) cr_expect(near(p.all[z * 48 + i], 31.5, 1e-6, 0));
    rp_free(p.all);
}

Test(net_window, overlaps_are_weighted_by_the_gaussian)
{
    /* two patches along x, logits from the index in the patch: against the sums in double */
    rp_window w = window_of(1, 1, 12, 1, 1, 8);
    float image[12] = {0}, map[8];
    toy t = {.voxels = 8, .lopsided = true};
    planes p = {.plane = 12, .all = net_array(36, sizeof(float))};
    cr_assert(rp_window_run(&w, image, predict, &t, take_plane, &p) == RP_OK);
    cr_assert(rp_window_gaussian(w.patch, map) == RP_OK);
    for (int x = 0; x < 12; x++) {
        double sum = 0, weight = 0;
        for (int s = 0; s <= 4; s += 4)
            if (x >= s && x < s + 8) {
                sum += (double)map[x - s] * (x - s);
                weight += (double)map[x - s];
            }
        cr_expect(near(p.all[x], sum / weight, 1e-6, 1e-6));
    }
    rp_free(p.all);
}

Test(net_window, labels_and_probabilities)
{
    rp_window w = window_of(1, 1, 4, 1, 1, 4);
    const float image[4] = {1, -1, 0, 0.25f}; /* a tie at the last: class 0 before class 2 */
    toy t = {.voxels = 4};
    uint8_t labels[4];
    float prob[12];
    cr_assert(rp_window_labels(&w, image, predict, &t, labels, prob) == RP_OK);
    cr_expect(labels[0] == 0 && labels[1] == 1 && labels[2] == 2 && labels[3] == 0);
    cr_expect(near(prob[0], exp(1) / (exp(1) + exp(-1) + exp(0.25)), 1e-6, 0));
    for (int i = 0; i < 4; i++) cr_expect(near(prob[i] + prob[4 + i] + prob[8 + i], 1, 1e-6, 0));
}

Test(net_window, keeps_a_ring_of_one_patch_depth)
{
    rp_window w = window_of(1000, 16, 16, 8, 8, 8);
    size_t small, large;
    cr_assert(rp_window_bytes(&w, &small) == RP_OK);
    w.size[0] = 100000;
    cr_assert(rp_window_bytes(&w, &large) == RP_OK);
    cr_expect(large - small < 8 * 100000 / 4 + 4096, "%zu bytes more",
              large - small); /* the starts */
}

Test(net_window, refuses_bad_settings_and_numbers)
{
    rp_window w = window_of(8, 8, 8, 4, 4, 4);
    float image[512] = {0};
    uint8_t labels[512];
    toy t = {.voxels = 64, .broken = true};
    cr_expect(rp_window_labels(&w, image, predict, &t, labels, NULL) == RP_ENUM);
    cr_expect(strstr(rp_error_message(), "class 2") != NULL, "%s", rp_error_message());
    w.step = 0;
    cr_expect(rp_window_labels(&w, image, predict, &t, labels, NULL) == RP_EUSE);
    w.step = NAN;
    cr_expect(rp_window_labels(&w, image, predict, &t, labels, NULL) == RP_EUSE);
    w.step = 0.5;
    w.patch[1] = 0;
    cr_expect(rp_window_labels(&w, image, predict, &t, labels, NULL) == RP_EUSE);
    w.patch[1] = 4;
    w.classes = 300;
    cr_expect(rp_window_labels(&w, image, predict, &t, labels, NULL) == RP_EUSE);
    w.classes = 3;
    w.padding = NULL;
    cr_expect(rp_window_labels(&w, image, predict, &t, labels, NULL) == RP_EUSE);
    w = window_of(INT64_MAX / 2, INT64_MAX / 2, 8, 4, 4, 4);
    size_t bytes;
    cr_expect(rp_window_bytes(&w, &bytes) != RP_OK);
}
