/* tests/test_net_loss.c - losses, deep supervision, optimiser. */
#include "tests/net_values.h"

#include "lib/base/random.h"
#include "lib/net/loss.h"
#include "lib/net/optimiser.h"

#include <omp.h>

/* The golden numbers of nnU-Net's losses: logits [2][3][2][2][2] = (index mod 7) / 3 - 1, targets
 * [2][2][2][2] = index mod 3; CE over both samples 1.2344435, Dice term by sample -0.3219118. */
static void golden_sample(int b, float logits[8 * 3], uint8_t target[8])
{
    for (int v = 0; v < 8; v++) {
        for (int c = 0; c < 3; c++) logits[v * 3 + c] = (float)(((b * 3 + c) * 8 + v) % 7) / 3 - 1;
        target[v] = (uint8_t)((b * 8 + v) % 3);
    }
}

Test(net_loss, dice_and_cross_entropy_are_nnunets)
{
    rp_loss_values v[2];
    for (int b = 0; b < 2; b++) {
        float logits[24];
        uint8_t target[8];
        golden_sample(b, logits, target);
        cr_assert(rp_loss_run(rp_loss_find("dice_ce"), 8, 3, logits, target, NULL, &v[b]) == RP_OK);
    }
    cr_expect(near((v[0].ce + v[1].ce) / 2, 1.2344435, 0, 1e-7));
    cr_expect(near((v[0].dice + v[1].dice) / 2, -0.3219118, 0, 1e-7));
    cr_expect(near((v[0].total + v[1].total) / 2, 0.9125317, 0, 1e-7));
}

Test(net_loss, statistics_add_up_over_a_batch)
{
    /* batch Dice is the value of the samples' statistics added: -0.3243747 for the golden pair */
    const rp_loss *l = rp_loss_find("dice_ce");
    double sum[10] = {0};
    cr_assert(l->statistics_count(3) == 10);
    for (int b = 0; b < 2; b++) {
        float logits[24], prob[24];
        uint8_t target[8];
        double s[10], chunk[10];
        golden_sample(b, logits, target);
        cr_assert(l->statistics(8, 3, logits, target, prob, chunk, s) == RP_OK);
        for (int i = 0; i < 10; i++) sum[i] += s[i];
    }
    const rp_loss_values v = l->value(16, 3, sum);
    cr_expect(near(v.dice, -0.3243747, 0, 1e-7), "%.9g", v.dice);
    cr_expect(near(v.total, 0.9100689, 0, 1e-7), "%.9g", v.total);
}

Test(net_loss, rows_are_parts_of_each_other)
{
    float logits[24];
    uint8_t target[8];
    golden_sample(0, logits, target);
    rp_loss_values both, dice, ce;
    cr_assert(rp_loss_run(rp_loss_find("dice_ce"), 8, 3, logits, target, NULL, &both) == RP_OK);
    cr_assert(rp_loss_run(rp_loss_find("dice"), 8, 3, logits, target, NULL, &dice) == RP_OK);
    cr_assert(rp_loss_run(rp_loss_find("ce"), 8, 3, logits, target, NULL, &ce) == RP_OK);
    cr_expect(near(dice.total, 1 + both.dice, 0, 1e-15));
    cr_expect(near(ce.total, both.ce, 0, 1e-15));
    cr_expect(rp_loss_find("hinge") == NULL);
}

Test(net_loss, a_certain_and_right_prediction_costs_nothing)
{
    float logits[12] = {0};
    uint8_t target[4] = {0, 1, 2, 1};
    for (int v = 0; v < 4; v++) logits[v * 3 + target[v]] = 200;
    rp_loss_values l;
    cr_assert(rp_loss_run(rp_loss_find("dice"), 4, 3, logits, target, NULL, &l) == RP_OK);
    cr_expect(near(l.total, 0, 0, 1e-12));
    /* a class that is neither drawn nor found is agreement: the smooth constants give 1 */
    for (int v = 0; v < 4; v++) target[v] = 0;
    for (int v = 0; v < 4; v++) logits[v * 3] = 300;
    cr_assert(rp_loss_run(rp_loss_find("dice_ce"), 4, 3, logits, target, NULL, &l) == RP_OK);
    cr_expect(near(l.dice, -1, 0, 1e-12) && near(l.ce, 0, 0, 1e-12));
}

static double value_at(const rp_loss *l, int64_t n, int classes, const float *x, const uint8_t *t)
{
    rp_loss_values v;
    cr_assert(rp_loss_run(l, n, classes, x, t, NULL, &v) == RP_OK);
    return v.total;
}

Test(net_loss, gradient_is_the_slope)
{
    enum { N = 50, CLASSES = 4 };
    float x[N * CLASSES], g[N * CLASSES];
    uint8_t t[N];
    rp_random r;
    rp_random_start(1, RP_RANDOM_TEST, 0, &r);
    for (int i = 0; i < N * CLASSES; i++) x[i] = (float)rp_random_range(&r, -2, 2);
    for (int i = 0; i < N; i++) t[i] = (uint8_t)rp_random_below(&r, CLASSES);
    for (const rp_loss *l = rp_losses; l->name; l++) {
        rp_loss_values v;
        cr_assert(rp_loss_run(l, N, CLASSES, x, t, g, &v) == RP_OK);
        for (int i = 0; i < N * CLASSES; i += 7) {
            const float h = 1e-2f, old = x[i];
            x[i] = old + h;
            const double up = value_at(l, N, CLASSES, x, t);
            x[i] = old - h;
            const double down = value_at(l, N, CLASSES, x, t);
            x[i] = old;
            /* probabilities are single precision: 1e-7 of a sum of 50 over a step of 0.02 */
            cr_expect(near(g[i], (up - down) / 0.02, 1e-3, 3e-6), "%s: %g against %g", l->name,
                      g[i], (up - down) / 0.02);
        }
    }
}

Test(net_loss, bits_do_not_depend_on_threads)
{
    enum { CLASSES = 3 };
    const int64_t n = 5 * RP_LOSS_CHUNK + 17;
    float *x = net_array(n * CLASSES, sizeof *x), *a = net_array(n * CLASSES, sizeof *a),
          *b = net_array(n * CLASSES, sizeof *b);
    uint8_t *t = net_array(n, 1);
    net_mixed(1, n * CLASSES, x);
    for (int64_t i = 0; i < n; i++) t[i] = (uint8_t)(i % CLASSES);
    rp_loss_values one, many;
    omp_set_num_threads(1);
    cr_assert(rp_loss_run(rp_loss_find("dice_ce"), n, CLASSES, x, t, a, &one) == RP_OK);
    for (int threads = 2; threads <= 5; threads++) {
        omp_set_num_threads(threads);
        cr_assert(rp_loss_run(rp_loss_find("dice_ce"), n, CLASSES, x, t, b, &many) == RP_OK);
        cr_expect(one.total == many.total && memcmp(a, b, (size_t)(n * CLASSES) * sizeof *a) == 0);
    }
    rp_free(x);
    rp_free(a);
    rp_free(b);
    rp_free(t);
}

Test(net_loss, refuses_bad_labels_and_numbers)
{
    float x[6] = {0};
    uint8_t t[2] = {0, 3};
    rp_loss_values v = {.total = 7};
    const rp_loss *l = rp_loss_find("dice_ce");
    cr_expect(rp_loss_run(l, 2, 3, x, t, NULL, &v) == RP_EDATA);
    cr_expect(rp_loss_run(l, 0, 3, x, t, NULL, &v) == RP_EARG);
    cr_expect(rp_loss_run(l, 2, 1, x, t, NULL, &v) == RP_EARG);
    t[1] = 2;
    for (const rp_loss *k = rp_losses; k->name; k++)
        for (int i = 0; i < 6; i++) {
            x[i] = NAN;
            cr_expect(rp_loss_run(k, 2, 3, x, t, NULL, &v) == RP_ENUM, "%s lets a NaN pass",
                      k->name);
            x[i] = INFINITY;
            cr_expect(rp_loss_run(k, 2, 3, x, t, NULL, &v) == RP_ENUM, "%s lets an infinity pass",
                      k->name);
            x[i] = 0;
        }
    cr_expect(v.total == 7);
}

Test(net_loss, supervision_weights_are_nnunets)
{
    double w[5];
    rp_supervision_weights(5, true, w);
    cr_expect(near(w[0], 8.0 / 15, 0, 1e-15) && near(w[1], 4.0 / 15, 0, 1e-15));
    cr_expect(near(w[2], 2.0 / 15, 0, 1e-15) && near(w[3], 1.0 / 15, 0, 1e-15) && w[4] == 0);
    rp_supervision_weights(3, false, w);
    cr_expect(w[0] == 1 && w[1] == 0 && w[2] == 0);
    rp_supervision_weights(1, true, w);
    cr_expect(w[0] == 1);
}

Test(net_loss, targets_shrink_by_nearest_exact)
{
    /* 10 -> 4: floor((i + 0.5) 2.5) = 1, 3, 6, 8 */
    uint8_t in[10], out[4];
    for (int i = 0; i < 10; i++) in[i] = (uint8_t)i;
    rp_target_downsample((int64_t[]){1, 1, 10}, in, (int64_t[]){1, 1, 4}, out);
    cr_expect(out[0] == 1 && out[1] == 3 && out[2] == 6 && out[3] == 8);
    rp_target_downsample((int64_t[]){10, 1, 1}, in, (int64_t[]){4, 1, 1}, out);
    cr_expect(out[0] == 1 && out[3] == 8);
}

Test(net_optimiser, sgd_is_pytorchs)
{
    const table *t = table_read("tests/data/net_sgd.csv");
    float w[3] = {1, -2, 0.5f}, v[3] = {0};
    for (int k = 0; k < t->rows; k++) {
        const float g[3] = {0.5f - (float)k, 0.25f * (float)k, -1};
        rp_sgd_update(3, w, g, v, 1, 0.1, 0.9, 0.01);
        cr_expect(near(w[0], table_number(t, k, "w0"), 1e-6, 1e-6));
        cr_expect(near(w[1], table_number(t, k, "w1"), 1e-6, 0));
        cr_expect(near(w[2], table_number(t, k, "w2"), 1e-6, 0));
    }
}

Test(net_optimiser, a_range_alone_gets_the_same_bits)
{
    enum { N = 1000 };
    float w[2][N], g[N], v[2][N] = {{0}};
    net_mixed(1, N, w[0]);
    net_mixed(2, N, g);
    memcpy(w[1], w[0], sizeof w[0]);
    const rp_optimiser *o = rp_optimiser_find("sgd");
    const rp_update u = {.scale = 0.3, .rate = 0.01, .momentum = 0.99, .decay = 3e-5};
    for (int k = 0; k < 3; k++) {
        o->update(N, w[0], g, v[0], &u);
        for (int first = 0; first < N; first += 333) {
            const int n = N - first < 333 ? N - first : 333;
            o->update(n, w[1] + first, g + first, v[1] + first, &u);
        }
    }
    cr_expect(memcmp(w[0], w[1], sizeof w[0]) == 0 && memcmp(v[0], v[1], sizeof v[0]) == 0);
    cr_expect(rp_optimiser_find("adam") == NULL && o->state == 1);
}

Test(net_optimiser, rates_and_clips)
{
    cr_expect(rp_rate_poly(0.01, 0, 1000) == 0.01);
    cr_expect(
        near(rp_rate_poly(0.01, 500, 1000), 0.01 * 0.5358867312681466, 1e-15, 0)); /* 0.5^0.9 */
    cr_expect(rp_rate_poly(0.01, 1000, 1000) == 0);
    cr_expect(rp_clip_scale(6, 12) == 1 && rp_clip_scale(100, 0) == 1);
    cr_expect(near(rp_clip_scale(24, 12), 12 / 24.000001, 1e-15, 0));
    const float g[3] = {3, 4, 12};
    cr_expect(rp_sum_squares(3, g) == 169);
}
