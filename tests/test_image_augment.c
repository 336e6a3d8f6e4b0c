/* tests/test_image_augment.c - augmentation. */
#include "lib/base/random.h"
#include "lib/image/augment.h"
#include "tests/harness.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { Z = 8, Y = 10, X = 12, N = Z * Y * X };
static const int64_t patch[3] = {Z, Y, X}, origin[3] = {0, 0, 0};

static rp_augment_settings only(int which)
{
    rp_augment_settings s;
    cr_assert_eq(rp_augment_preset("none", patch, &s), RP_OK);
    if (which >= 0) s.probability[which] = 1;
    return s;
}

static void ramp(float image[], uint8_t label[])
{
    rp_random r;
    rp_random_start(5, RP_RANDOM_TEST, 0, &r);
    for (int i = 0; i < N; i++) {
        image[i] = (float)rp_random_normal(&r);
        label[i] = (uint8_t)rp_random_below(&r, 3);
    }
}

Test(augment, preset_none_changes_nothing)
{
    float a[N], b[N];
    uint8_t l[N], m[N];
    ramp(a, l);
    memcpy(b, a, sizeof a);
    memcpy(m, l, sizeof l);
    const rp_augment_settings s = only(-1);
    void *scratch = malloc(rp_augment_scratch(patch));
    rp_augment_apply_values(&s, 1, 2, 1, patch, b, m, scratch);
    cr_expect_arr_eq(a, b, sizeof a);
    cr_expect_arr_eq(l, m, sizeof l);
    free(scratch);
}

Test(augment, crop_beyond_the_case_is_padded)
{
    float a[N], out[N];
    uint8_t l[N], m[N];
    ramp(a, l);
    const float outside = -7;
    rp_augment_source src = {1, {0, 0, 0}, {Z, Y, X}, a, l, &outside};
    rp_augment_spatial t;
    const rp_augment_settings s = only(-1);
    rp_augment_draw(&s, 1, 2, &t);
    cr_assert(t.identity);
    const int64_t start[3] = {-2, 3, 0};
    rp_augment_apply_spatial(&t, &src, patch, start, out, m);
    for (int z = 0; z < Z; z++)
        for (int y = 0; y < Y; y++)
            for (int x = 0; x < X; x++) {
                const int i = (z * Y + y) * X + x, sz = z - 2, sy = y + 3;
                const bool in = sz >= 0 && sy < Y;
                cr_expect_eq(out[i], in ? a[(sz * Y + sy) * X + x] : outside);
                cr_expect_eq(m[i], in ? l[(sz * Y + sy) * X + x] : 0);
            }
}

/* A straight line in space stays one under any affine map: value = position of the source. */
Test(augment, rotation_and_scaling_read_the_place_that_the_matrix_says)
{
    enum { S = 40 };
    rp_augment_settings s = only(RP_AUG_ROTATION);
    s.probability[RP_AUG_SCALING] = 1;
    const float outside = 0;
    for (uint64_t sample = 0; sample < 20; sample++) {
        rp_augment_spatial t;
        int64_t low[3], high[3], n[3], start[3] = {15, 14, 13};
        rp_augment_draw(&s, 9, sample, &t);
        rp_augment_box(&t, patch, start, low, high);
        int64_t voxels = 1;
        for (int a = 0; a < 3; a++) voxels *= n[a] = high[a] - low[a];
        cr_expect_leq(voxels, rp_augment_box_bound(&s, patch));
        float *image = malloc(sizeof *image * (size_t)voxels), out[N];
        uint8_t *label = calloc((size_t)voxels, 1), m[N];
        for (int64_t i = 0; i < voxels; i++)
            image[i] = (float)(2 * (low[0] + i / (n[1] * n[2])) - 3 * (low[1] + i / n[2] % n[1]) +
                               (low[2] + i % n[2]));
        rp_augment_source src = {1, {low[0], low[1], low[2]}, {n[0], n[1], n[2]}, image, label, &outside};
        rp_augment_apply_spatial(&t, &src, patch, start, out, m);
        double worst = 0;
        for (int i = 0; i < N; i++) {
            const double q[3] = {i / (Y * X) - (Z - 1) / 2.0, i / X % Y - (Y - 1) / 2.0, i % X - (X - 1) / 2.0};
            double p[3];
            for (int a = 0; a < 3; a++)
                p[a] = start[a] + (patch[a] - 1) / 2.0 + t.matrix[a][0] * q[0] + t.matrix[a][1] * q[1] +
                       t.matrix[a][2] * q[2];
            worst = fmax(worst, fabs(out[i] - (2 * p[0] - 3 * p[1] + p[2])));
        }
        cr_expect_lt(worst, 1e-4, "sample %d: off by %g", (int)sample, worst);
        free(image);
        free(label);
    }
}

Test(augment, box_of_the_draw_is_enough)
{
    rp_augment_settings s;
    cr_assert_eq(rp_augment_preset("nnunet", patch, &s), RP_OK);
    int plain = 0;
    for (uint64_t sample = 0; sample < 2000; sample++) {
        rp_augment_spatial t;
        int64_t low[3], high[3];
        rp_augment_draw(&s, 1, sample, &t);
        plain += t.identity;
        rp_augment_box(&t, patch, origin, low, high);
        for (int corner = 0; corner < 8; corner++)
            for (int a = 0; a < 3; a++) {
                double p = (patch[a] - 1) / 2.0;
                for (int b = 0; b < 3; b++)
                    p += t.matrix[a][b] * (corner >> b & 1 ? 1 : -1) * (patch[b] - 1) / 2.0;
                cr_assert(p >= low[a] - 1e-6 && p <= high[a] - 1 + 1e-6, "sample %d axis %d", (int)sample, a);
            }
    }
    cr_expect(near(plain / 2000.0, 0.64, 0, 0.04), "%d of 2000 plain crops", plain); /* 0.8 * 0.8 */
}

Test(augment, labels_are_never_blended)
{
    rp_augment_settings s = only(RP_AUG_ROTATION);
    float a[N], out[N];
    uint8_t l[N], m[N];
    ramp(a, l);
    for (int i = 0; i < N; i++) l[i] = l[i] == 1 ? 0 : l[i]; /* only 0 and 2: a 1 would be a blend */
    const float outside = 0;
    rp_augment_source src = {1, {0, 0, 0}, {Z, Y, X}, a, l, &outside};
    rp_augment_spatial t;
    rp_augment_draw(&s, 1, 3, &t);
    rp_augment_apply_spatial(&t, &src, patch, origin, out, m);
    for (int i = 0; i < N; i++) cr_expect(m[i] == 0 || m[i] == 2);
}

Test(augment, mirror_twice_is_the_identity_and_moves_labels_along)
{
    rp_augment_settings s = only(RP_AUG_MIRROR);
    float a[N], b[N];
    uint8_t l[N], m[N];
    ramp(a, l);
    for (int i = 0; i < N; i++) l[i] = a[i] > 0;
    memcpy(b, a, sizeof a);
    memcpy(m, l, sizeof l);
    void *scratch = malloc(rp_augment_scratch(patch));
    rp_augment_apply_values(&s, 1, 2, 1, patch, b, m, scratch);
    cr_expect_neq(memcmp(a, b, sizeof a), 0);
    for (int i = 0; i < N; i++) cr_expect_eq(m[i], b[i] > 0);
    rp_augment_apply_values(&s, 1, 2, 1, patch, b, m, scratch);
    cr_expect_arr_eq(a, b, sizeof a);
    free(scratch);
}

Test(augment, gamma_and_contrast_keep_what_they_promise)
{
    float a[N], b[N];
    uint8_t l[N];
    void *scratch = malloc(rp_augment_scratch(patch));
    for (int which = 0; which < 3; which++) {
        const int kind[] = {RP_AUG_GAMMA, RP_AUG_GAMMA_INVERTED, RP_AUG_CONTRAST};
        const rp_augment_settings s = only(kind[which]);
        ramp(a, l);
        memcpy(b, a, sizeof a);
        rp_augment_apply_values(&s, 1, 2, 1, patch, b, l, scratch);
        double m[2] = {0, 0}, v[2] = {0, 0};
        float high[2] = {-9, -9};
        for (int k = 0; k < 2; k++) {
            const float *x = k ? b : a;
            for (int i = 0; i < N; i++) m[k] += x[i] / N;
            for (int i = 0; i < N; i++) v[k] += (x[i] - m[k]) * (x[i] - m[k]);
            for (int i = 0; i < N; i++) high[k] = fmaxf(high[k], x[i]);
        }
        cr_expect_neq(memcmp(a, b, sizeof a), 0);
        if (which < 2) {
            cr_expect(near(m[0], m[1], 0, 1e-5), "mean %g, then %g", m[0], m[1]);
            cr_expect(near(v[0], v[1], 1e-5, 0), "variance %g, then %g", v[0], v[1]);
        } else {
            cr_expect_leq(high[1], high[0]);
        }
    }
    free(scratch);
}

Test(augment, blur_and_low_resolution_keep_a_constant)
{
    float b[N];
    uint8_t l[N] = {0};
    void *scratch = malloc(rp_augment_scratch(patch));
    for (int which = 0; which < 2; which++) {
        const rp_augment_settings s = only(which ? RP_AUG_LOWRES : RP_AUG_BLUR);
        for (uint64_t sample = 0; sample < 6; sample++) {
            for (int i = 0; i < N; i++) b[i] = 3;
            rp_augment_apply_values(&s, 1, sample, 1, patch, b, l, scratch);
            for (int i = 0; i < N; i++) cr_assert(near(b[i], 3, 1e-6, 0));
        }
    }
    free(scratch);
}

Test(augment, sample_does_not_depend_on_the_ones_before)
{
    rp_augment_settings s;
    cr_assert_eq(rp_augment_preset("nnunet", patch, &s), RP_OK);
    float a[N], b[N];
    uint8_t l[N], m[N];
    void *scratch = malloc(rp_augment_scratch(patch));
    for (uint64_t sample = 0; sample < 30; sample++) {
        ramp(a, l);
        ramp(b, m);
        rp_augment_apply_values(&s, 4, sample, 1, patch, a, l, scratch);
        memset(scratch, 0x55, rp_augment_scratch(patch));
        rp_augment_apply_values(&s, 4, sample, 1, patch, b, m, scratch);
        cr_expect_arr_eq(a, b, sizeof a);
        cr_expect_arr_eq(l, m, sizeof l);
    }
    cr_expect_eq(rp_augment_preset("nnunett", patch, &s), RP_EUSE);
    free(scratch);
}
