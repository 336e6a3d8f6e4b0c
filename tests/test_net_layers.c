/* tests/test_net_layers.c - single layers against PyTorch, tensors, memory plan, network tables. */
#include "tests/net_values.h"

#include "lib/base/random.h"
#include "lib/net/kernels.h"
#include "lib/net/memory_plan.h"
#include "lib/net/norm_act.h"
#include "lib/net/norm_act_loops.h"

#include <omp.h>

/* Single precision over at most 90 terms; entries stand against 8 times their mean size. */
static const double tolerance = 1e-6;

static void expect_values(const char *layer, const char *part, const char *row, int64_t n,
                          const float x[])
{
    const table *t = table_read("tests/data/net_layers.csv");
    const double e = net_error(t, net_row(t, "layer", layer, "part", part), n, x);
    cr_expect(e < tolerance, "%s %s by %s: off by %g", layer, part, row, e);
}

/* The script's tensors: input times 4, weights, bias, gradient of the output. */
static float *mixed_plain(int tensor, int64_t n, float scale)
{
    float *x = net_array(n, sizeof *x);
    net_mixed(tensor, n, x);
    for (int64_t i = 0; i < n; i++) x[i] *= scale;
    return x;
}

static rp_tensor tensor_from(int64_t channels, const int64_t size[3], const float plain[])
{
    const rp_tensor t = rp_tensor_make(
        net_array(channels * size[0] * size[1] * size[2], sizeof(float)), channels, size);
    if (plain) cr_assert(rp_tensor_write(&t, plain) == RP_OK);
    return t;
}

static void expect_tensor(const char *layer, const char *part, const char *row, const rp_tensor *t)
{
    float *plain = net_array(rp_tensor_count(t), sizeof *plain);
    cr_assert(rp_tensor_read(t, plain) == RP_OK);
    expect_values(layer, part, row, rp_tensor_count(t), plain);
    rp_free(plain);
}

static void run_kernel(const char *row, rp_op op, const rp_conv_shape *s, const float *w,
                       rp_kernel_args a)
{
    RP_AUTO(rp_kernel) k = NULL;
    cr_assert(rp_kernel_plan(rp_kernel_find(row), op, s, 2, &k) == RP_OK, "%s", rp_error_message());
    RP_AUTOFREE char *packed = net_array((int64_t)k->packed_bytes, 1);
    RP_AUTOFREE char *scratch = net_array((int64_t)k->scratch_bytes, 1);
    cr_assert(rp_kernel_pack(k, w, packed, scratch) == RP_OK);
    a.packed = packed;
    a.scratch = scratch;
    a.threads = 2;
    cr_assert(rp_kernel_run(k, &a) == RP_OK, "%s", rp_error_message());
}

/* up: the layer's input is the small grid. */
static void check_conv(const char *layer, const char *row, const rp_conv_shape *s, bool up)
{
    const int64_t big = s->big[0] * s->big[1] * s->big[2] * s->big_channels;
    const int64_t small = s->small[0] * s->small[1] * s->small[2] * s->small_channels;
    const int64_t nw =
        s->big_channels * s->small_channels * s->kernel[0] * s->kernel[1] * s->kernel[2];
    const int64_t co = up ? s->big_channels : s->small_channels;
    float *x = mixed_plain(50, up ? small : big, 4), *w = mixed_plain(51, nw, 1),
          *b = mixed_plain(52, co, 1);
    float *dy = mixed_plain(60, up ? big : small, 1), *dw = net_array(nw, sizeof *dw),
          *db = net_array(co, sizeof *db);
    rp_tensor tb = tensor_from(s->big_channels, s->big, up ? NULL : x);
    rp_tensor ts = tensor_from(s->small_channels, s->small, up ? x : NULL);
    const rp_tensor *out = up ? &tb : &ts, *in = up ? &ts : &tb;
    const rp_kernel_args a = {.big = tb, .small = ts, .bias = b};
    run_kernel(row, up ? RP_OP_TRANSPOSED : RP_OP_CONV, s, w, a);
    expect_tensor(layer, "y", row, out);
    cr_assert(rp_tensor_write(out, dy) == RP_OK);
    run_kernel(row, RP_OP_WEIGHTS, s, w, (rp_kernel_args){.big = tb, .small = ts, .weights = dw});
    expect_values(layer, "dw", row, nw, dw);
    double scratch[4 * 16];
    rp_channel_sums(out, scratch, db);
    expect_values(layer, "db", row, co, db);
    run_kernel(row, up ? RP_OP_CONV : RP_OP_TRANSPOSED, s, w,
               (rp_kernel_args){.big = tb, .small = ts});
    expect_tensor(layer, "dx", row, in);
    float *all[] = {x, w, b, dy, dw, db, tb.data, ts.data};
    for (int i = 0; i < 8; i++) rp_free(all[i]);
}

Test(net_layers, convolutions_are_pytorchs)
{
    const rp_conv_shape conv = {.big_channels = 3,
                                .small_channels = 4,
                                .big = {5, 6, 7},
                                .small = {5, 3, 4},
                                .kernel = {3, 3, 1},
                                .stride = {1, 2, 2},
                                .pad = {1, 1, 0}};
    const rp_conv_shape up = {.big_channels = 5,
                              .small_channels = 3,
                              .big = {3, 8, 10},
                              .small = {3, 4, 5},
                              .kernel = {1, 2, 2},
                              .stride = {1, 2, 2}};
    for (const rp_kernel_row *r = rp_kernel_rows; r->name; r++) {
        /* winograd rows take wider layers only; test_net_kernels holds them against the definition */
        if (r->needs > rp_isa_here() || strncmp(r->name, "winograd", 8) == 0) continue;
        check_conv("conv", r->name, &conv, false);
        check_conv("up", r->name, &up, true);
    }
}

enum { NC = 19, NV = 4 * 5 * 6 };

Test(net_layers, norm_and_activation_are_pytorchs)
{
    const int64_t size[3] = {4, 5, 6};
    float *x = mixed_plain(50, NC * NV, 4), *gamma = mixed_plain(51, NC, 1),
          *beta = mixed_plain(52, NC, 1);
    float *dy = mixed_plain(60, NC * NV, 1), stat[3 * NC], dgamma[NC], dbeta[NC];
    const rp_tensor tx = tensor_from(NC, size, x), ty = tensor_from(NC, size, NULL),
                    tdy = tensor_from(NC, size, dy);
    rp_tensor none = ty;
    none.data = NULL;
    char *scratch = net_array((int64_t)rp_norm_act_scratch(NV, NC), 1);
    const rp_norm_act n = {gamma, beta, 0.01, 1e-5, stat, 0, NULL, scratch};
    rp_norm_act_forward(&n, &tx, &ty, &none);
    expect_tensor("norm_act", "y", "own", &ty);
    /* the same from sums of 50 voxels that came with x */
    double sums[3 * 2 * NC] = {0};
    for (int64_t v = 0; v < NV; v++)
        for (int c = 0; c < NC; c++) {
            const double d = (double)tx.data[v * NC + c];
            sums[v / 50 * 2 * NC + c] += d;
            sums[v / 50 * 2 * NC + NC + c] += d * d;
        }
    const rp_norm_act parts = {gamma, beta, 0.01, 1e-5, stat, 3, sums, scratch};
    rp_norm_act_forward(&parts, &tx, &ty, &none);
    expect_tensor("norm_act", "y", "parts", &ty);
    rp_norm_act_forward(&n, &tx, &ty, &none);
    const rp_tensor made = tensor_from(NC, size, NULL), kept = tensor_from(NC, size, NULL);
    rp_norm_act_again(&n, &tx, &made);
    cr_expect(memcmp(made.data, ty.data, NC * NV * sizeof(float)) == 0);
    rp_tensor_copy(&tx, &kept);
    rp_norm_act_forward(&n, &kept, &kept, &none); /* in place */
    cr_expect(memcmp(kept.data, ty.data, NC * NV * sizeof(float)) == 0);
    rp_tensor_copy(&tdy, &kept);
    rp_norm_act_backward(&n, &tx, &kept, &kept, dgamma, dbeta);
    rp_norm_act_backward(&n, &tx, &tdy, &ty, dgamma, dbeta);
    expect_tensor("norm_act", "dx", "own", &ty);
    cr_expect(memcmp(kept.data, ty.data, NC * NV * sizeof(float)) == 0);
    expect_values("norm_act", "dw", "own", NC, dgamma);
    expect_values("norm_act", "db", "own", NC, dbeta);
    float *all[] = {x, gamma, beta, dy, tx.data, ty.data, tdy.data};
    for (int i = 0; i < 7; i++) rp_free(all[i]);
    rp_free(made.data);
    rp_free(kept.data);
    rp_free(scratch);
}

Test(net_layers, norm_writes_views_and_ignores_threads)
{
    const int64_t size[3] = {9, 20, 30}, voxels = 9 * 20 * 30, wide = 40;
    float *x = mixed_plain(1, voxels * 16, 1), *gamma = mixed_plain(2, 16, 1), stat[48];
    char *scratch = net_array((int64_t)rp_norm_act_scratch(voxels, 16), 1);
    const rp_norm_act n = {gamma, gamma, 0.01, 1e-5, stat, 0, NULL, scratch};
    const rp_tensor tx = tensor_from(16, size, x), a = tensor_from(16, size, NULL),
                    b = tensor_from(16, size, NULL);
    const rp_tensor whole = tensor_from(wide, size, NULL), view = rp_tensor_slice(&whole, 8, 16);
    omp_set_num_threads(1);
    rp_norm_act_forward(&n, &tx, &a, &view);
    omp_set_num_threads(3);
    rp_norm_act_forward(&n, &tx, &b, &view);
    cr_expect(memcmp(a.data, b.data, (size_t)rp_tensor_count(&a) * sizeof(float)) == 0);
    for (int64_t v = 0; v < voxels; v++) {
        cr_assert(memcmp(whole.data + v * wide + 8, a.data + v * 16, 16 * sizeof(float)) == 0);
        cr_assert(whole.data[v * wide + 7] == 0 && whole.data[v * wide + 24] == 0);
    }
    float *all[] = {x, gamma, tx.data, a.data, b.data, whole.data};
    for (int i = 0; i < 6; i++) rp_free(all[i]);
    rp_free(scratch);
}

Test(net_layers, instruction_sets_agree_in_every_bit)
{
    enum { N = 100, C = 35 };
    float x[N * C], d[N * C], mean[C], a[C], beta[C], y[2][N * C];
    double s[2][2 * C];
    net_mixed(1, N * C, x);
    net_mixed(2, N * C, d);
    net_mixed(3, C, mean);
    net_mixed(4, C, a);
    net_mixed(5, C, beta);
    const rp_norm_loops *best = rp_isa_here() == RP_ISA_AVX512 ? &rp_norm_loops_avx512
                                : rp_isa_here() == RP_ISA_AVX2 ? &rp_norm_loops_avx2
                                                               : &rp_norm_loops_plain;
    const rp_norm_loops *set[2] = {&rp_norm_loops_plain, best};
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < 2; i++) {
            if (round == 0) set[i]->sums(N, C, x, C, s[i]);
            if (round == 1) set[i]->apply(N, C, x, C, mean, a, beta, 0.01f, y[i], C, NULL, 0);
            if (round == 2) set[i]->back_sums(N, C, x, C, d, C, mean, a, beta, 0.01f, s[i]);
            if (round == 3)
                set[i]->back_apply(N, C, x, C, d, C, mean, a, beta, 0.01f, beta, a, y[i], C);
        }
        cr_expect(memcmp(s[0], s[1], sizeof s[0]) == 0 || round % 2 == 1, "round %d", round);
        cr_expect(memcmp(y[0], y[1], sizeof y[0]) == 0 || round % 2 == 0, "round %d", round);
    }
}

Test(net_layers, tensors_turn_channels_last_and_back)
{
    const int64_t size[3] = {3, 7, 19};
    float *x = mixed_plain(1, 5 * 3 * 7 * 19, 1), *y = net_array(5 * 3 * 7 * 19, sizeof *y);
    const rp_tensor whole = tensor_from(8, size, NULL), t = rp_tensor_slice(&whole, 2, 5);
    cr_assert(rp_tensor_write(&t, x) == RP_OK && rp_tensor_read(&t, y) == RP_OK);
    cr_expect(memcmp(x, y, 5 * 3 * 7 * 19 * sizeof *x) == 0);
    cr_expect(whole.data[10 * 8 + 2 + 3] == x[3 * 399 + 10] && whole.data[10 * 8 + 1] == 0);
    rp_tensor far = t;
    far.space = (rp_space)7;
    cr_expect(rp_tensor_read(&far, y) == RP_EUNSUP && rp_tensor_write(&far, y) == RP_EUNSUP);
    rp_free(x);
    rp_free(y);
    rp_free(whole.data);
}

Test(net_memory_plan, what_lives_together_lies_apart)
{
    enum { N = 60 };
    for (uint64_t seed = 0; seed < 20; seed++) {
        rp_lifetime item[N];
        rp_random r;
        rp_random_start(seed, RP_RANDOM_TEST, 0, &r);
        size_t sum = 0, total, floor = 0;
        for (int i = 0; i < N; i++) {
            item[i] = (rp_lifetime){.first = (int)rp_random_below(&r, 40),
                                    .bytes = (size_t)rp_random_below(&r, 5000)};
            item[i].last =
                item[i].first + (int)rp_random_below(&r, 10) - 1; /* some are never used */
            sum += (item[i].bytes + 63) / 64 * 64;
        }
        cr_assert(rp_memory_plan(N, item, &total) == RP_OK);
        for (int t = 0; t < 60; t++) {
            size_t alive = 0;
            for (int i = 0; i < N; i++)
                alive += item[i].first <= t && t <= item[i].last ? item[i].bytes : 0;
            floor = alive > floor ? alive : floor;
        }
        cr_expect(total >= floor && total < sum);
        for (int i = 0; i < N; i++)
            for (int j = 0; j < i; j++) {
                const bool together =
                    item[i].first <= item[j].last && item[j].first <= item[i].last &&
                    item[i].first <= item[i].last && item[j].first <= item[j].last;
                const bool apart = item[i].offset + item[i].bytes <= item[j].offset ||
                                   item[j].offset + item[j].bytes <= item[i].offset;
                cr_expect(!together || apart || item[i].bytes == 0 || item[j].bytes == 0);
            }
    }
}

Test(net_network, the_default_of_six_stages_has_nnunets_size)
{
    /* PlainConvUNet of 6 stages 32..320, 1 channel, 2 classes: 31 195 594 parameters in 108 tensors
     */
    const rp_unet_settings s = rp_unet_default(3, 1, 2, 6);
    RP_AUTO(rp_network) net = NULL;
    cr_assert(rp_unet_build(&s, &net) == RP_OK);
    cr_expect(rp_network_weights(net) == 31195594 && rp_network_params(net) == 108);
    int64_t next = 0;
    for (int i = 0; i < 108; i++) {
        cr_expect(rp_network_param(net, i)->offset == next);
        next += rp_network_param(net, i)->count;
    }
    cr_expect(next == 31195594);
    const int at = rp_network_find_param(net, "decoder.transpconvs.0.weight");
    cr_assert(at >= 0);
    cr_expect(rp_network_param(net, at)->shape[0] == 320 &&
              rp_network_param(net, at)->shape[2] == 2);
    cr_expect(rp_network_find_param(net, "decoder.transpconvs.9.weight") == -1);
}

Test(net_network, network_a_of_64_cubed_has_671_gflop_for_two_samples)
{
    const rp_unet_settings s = rp_unet_default(3, 1, 3, 4);
    RP_AUTO(rp_network) net = NULL;
    double forward, train;
    cr_assert(rp_unet_build(&s, &net) == RP_OK);
    cr_assert(rp_network_flops(net, (int64_t[]){64, 64, 64}, &forward, &train) == RP_OK);
    cr_expect(near(2 * train, 671e9, 2e-3, 0), "%g", 2 * train);
    cr_expect(rp_network_flops(net, (int64_t[]){64, 63, 64}, &forward, &train) == RP_EUSE);
}

Test(net_network, initial_weights_are_kaiming_and_depend_on_place_alone)
{
    rp_unet_settings s = rp_unet_default(3, 1, 2, 3);
    RP_AUTO(rp_network) net = NULL;
    cr_assert(rp_unet_build(&s, &net) == RP_OK);
    float *a = net_array(rp_network_weights(net), sizeof *a),
          *b = net_array(rp_network_weights(net), sizeof *b);
    rp_network_init(net, 7, a);
    rp_network_init(net, 7, b);
    cr_expect(memcmp(a, b, (size_t)rp_network_weights(net) * sizeof *a) == 0);
    for (int i = 0; i < rp_network_params(net); i++) {
        const rp_param *p = rp_network_param(net, i);
        const float *w = a + p->offset;
        if (p->dims == 1) {
            const float want = strstr(p->name, "norm.weight") ? 1 : 0;
            for (int64_t e = 0; e < p->count; e++) cr_assert(w[e] == want);
            continue;
        }
        const double fan = (double)(p->count / p->shape[0]), std = sqrt(2 / 1.0001 / fan);
        const double n = (double)p->count, seen = net_l2(p->count, w) / sqrt(n);
        /* the deviation of n normal numbers scatters by 1 / sqrt(2 n); 5 of it */
        cr_expect(near(seen, std, 5 / sqrt(2 * n), 0), "%s: %g, wanted %g", p->name, seen, std);
    }
    rp_network_init(net, 8, b);
    cr_expect(a[0] != b[0]);
    s.classes = 3; /* another head: all other parameters stay as they were */
    RP_AUTO(rp_network) other = NULL;
    cr_assert(rp_unet_build(&s, &other) == RP_OK);
    float *c = net_array(rp_network_weights(other), sizeof *c);
    rp_network_init(other, 7, c);
    cr_expect(memcmp(a, c, (size_t)rp_network_param(net, 0)->count * sizeof *a) == 0);
    rp_free(a);
    rp_free(b);
    rp_free(c);
}

Test(net_network, refuses_settings_out_of_range)
{
    const rp_unet_settings good = rp_unet_default(3, 1, 2, 3);
    rp_network *net = NULL;
    rp_unet_settings bad[9];
    for (int i = 0; i < 9; i++) bad[i] = good;
    bad[0].dims = 4;
    bad[1].channels = 0;
    bad[2].classes = 1;
    bad[3].stages = 9;
    bad[4].features[2] = 0;
    bad[5].stride[0][1] = 2;
    bad[6].stride[1][1] = 5;
    bad[7].kernel[1][0] = 2;
    bad[8].convs_decoder = 0;
    for (int i = 0; i < 9; i++)
        cr_expect(rp_unet_build(&bad[i], &net) == RP_EUSE, "settings %d", i);
    rp_unet_settings flat = rp_unet_default(2, 1, 2, 3);
    flat.kernel[1][0] = 3;
    cr_expect(rp_unet_build(&flat, &net) == RP_EUSE);
    cr_expect(strstr(rp_error_message(), "2D") != NULL, "%s", rp_error_message());
    cr_expect(net == NULL);
}
