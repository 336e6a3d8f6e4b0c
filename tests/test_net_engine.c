/* tests/test_net_engine.c - whole small U-Nets: values against PyTorch in double, bits, memory. */
#include "tests/net_values.h"

#include "lib/base/digest.h"
#include "lib/net/kernels.h"
#include "lib/net/optimiser.h"
#include "lib/net/window.h"

#include <stdio.h>

static const char *const rows[] = {"auto", "onednn", "blas", "reference"};

static bool runs_here(const char *row)
{
    return strcmp(row, "auto") == 0 || rp_kernel_find(row)->needs <= rp_isa_here();
}

/* PyTorch's own single precision is off by up to 4e-6 (column f32); entries stand against 8 times
 * their mean size. */
static const double tolerance = 2e-5;

static void check_values(const net_case *n, const char *kernels)
{
    net_bench b = net_bench_make(n, kernels, 2, true);
    const table *logits = table_read("tests/data/net_logits.csv");
    const table *gradients = table_read("tests/data/net_gradients.csv");
    const int row = net_row(logits, "net", n->name, NULL, NULL);
    rp_loss_values loss;
    cr_assert(rp_engine_train(b.engine, b.image, b.target, b.gradient, &loss) == RP_OK, "%s",
              rp_error_message());
    cr_expect(near(loss.total, table_number(logits, row, "total"), 1e-6, 1e-6), "%s %s: loss %.9g",
              n->name, kernels, loss.total);
    cr_expect(near(loss.dice, table_number(logits, row, "dice"), 1e-6, 1e-6));
    cr_expect(near(loss.ce, table_number(logits, row, "ce"), 1e-6, 1e-6));
    cr_assert(rp_engine_infer(b.engine, b.image, b.logits) == RP_OK);
    const int64_t count = n->settings.classes * n->patch[0] * n->patch[1] * n->patch[2];
    cr_expect(net_error(logits, row, count, b.logits) < tolerance, "%s %s: logits off by %g",
              n->name, kernels, net_error(logits, row, count, b.logits));
    for (int i = 0; i < rp_network_params(b.net); i++) {
        const rp_param *p = rp_network_param(b.net, i);
        const double e = net_error(gradients, net_row(gradients, "net", n->name, "name", p->name),
                                   p->count, b.gradient + p->offset);
        cr_expect(e < tolerance, "%s %s: gradient of %s off by %g", n->name, kernels, p->name, e);
    }
    net_bench_clear(&b);
}

Test(net_engine, losses_logits_and_gradients_are_those_of_pytorch)
{
    for (int i = 0; i < NET_CASES; i++)
        for (int r = 0; r < 4; r++)
            if (runs_here(rows[r])) check_values(&net_cases[i], rows[r]);
}

Test(net_engine, parameters_have_nnunets_names_and_order)
{
    const table *t = table_read("tests/data/net_gradients.csv");
    for (int i = 0; i < NET_CASES; i++) {
        RP_AUTO(rp_network) net = NULL;
        cr_assert(rp_unet_build(&net_cases[i].settings, &net) == RP_OK);
        const int first = net_row(t, "net", net_cases[i].name, NULL, NULL);
        for (int k = 0; k < rp_network_params(net); k++)
            cr_expect(strcmp(rp_network_param(net, k)->name, table_text(t, first + k, "name")) == 0,
                      "%s", rp_network_param(net, k)->name);
    }
}

Test(net_engine, a_cancelled_bias_has_gradient_zero)
{
    net_bench b = net_bench_make(&net_cases[0], "auto", 1, true);
    rp_loss_values loss;
    memset(b.gradient, 0xff, (size_t)rp_network_weights(b.net) * sizeof(float));
    cr_assert(rp_engine_train(b.engine, b.image, b.target, b.gradient, &loss) == RP_OK);
    for (int i = 0; i < rp_network_params(b.net); i++) {
        const rp_param *p = rp_network_param(b.net, i);
        for (int64_t e = 0; e < p->count; e++)
            cr_assert(isfinite(b.gradient[p->offset + e]), "%s is not written", p->name);
        if (strstr(p->name, "conv.bias"))
            for (int64_t e = 0; e < p->count; e++) cr_expect(b.gradient[p->offset + e] == 0);
    }
    net_bench_clear(&b);
}

Test(net_engine, gradient_is_the_slope)
{
    /* central difference along the gradient itself, in the plain loops */
    net_bench b = net_bench_make(&net_cases[3], "reference", 1, true);
    rp_loss_values loss, up, down;
    const int64_t n = rp_network_weights(b.net);
    cr_assert(rp_engine_train(b.engine, b.image, b.target, b.gradient, &loss) == RP_OK);
    const double norm = net_l2(n, b.gradient), h = 2e-3 / norm;
    float *w = net_array(n, sizeof *w), *g = net_array(n, sizeof *g);
    for (int64_t i = 0; i < n; i++) w[i] = b.weights[i] + (float)(h * b.gradient[i]);
    cr_assert(rp_engine_weights(b.engine, w) == RP_OK);
    cr_assert(rp_engine_train(b.engine, b.image, b.target, g, &up) == RP_OK);
    for (int64_t i = 0; i < n; i++) w[i] = b.weights[i] - (float)(h * b.gradient[i]);
    cr_assert(rp_engine_weights(b.engine, w) == RP_OK);
    cr_assert(rp_engine_train(b.engine, b.image, b.target, g, &down) == RP_OK);
    const double slope = (up.total - down.total) / (2 * h);
    cr_expect(near(slope, norm * norm, 1e-3, 0), "slope %g, gradient %g", slope, norm * norm);
    rp_free(w);
    rp_free(g);
    net_bench_clear(&b);
}

Test(net_engine, sgd_steps_follow_pytorch)
{
    const net_case *n = &net_cases[0];
    net_bench b = net_bench_make(n, "auto", 1, true);
    const table *t = table_read("tests/data/net_steps.csv");
    const int64_t count = rp_network_weights(b.net);
    float *v = net_array(count, sizeof *v);
    for (int k = 0; k < t->rows; k++) {
        float *image = net_image(n, k % 2);
        uint8_t *target = net_target(n, k % 2);
        rp_loss_values loss;
        cr_assert(rp_engine_weights(b.engine, b.weights) == RP_OK);
        cr_assert(rp_engine_train(b.engine, image, target, b.gradient, &loss) == RP_OK);
        const double norm = sqrt(rp_sum_squares(count, b.gradient));
        rp_sgd_update(count, b.weights, b.gradient, v, rp_clip_scale(norm, 0.5),
                      rp_rate_poly(0.01, k, t->rows), 0.99, 3e-5);
        cr_expect(near(loss.total, table_number(t, k, "loss"), 2e-6, 0), "step %d: loss %.9g", k,
                  loss.total);
        cr_expect(near(norm, table_number(t, k, "norm"), 1e-5, 0), "step %d: norm %.9g", k, norm);
        cr_expect(net_error(t, k, count, b.weights) < 1e-6, "step %d: weights off by %g", k,
                  net_error(t, k, count, b.weights));
        rp_free(image);
        rp_free(target);
    }
    rp_free(v);
    net_bench_clear(&b);
}

Test(net_engine, bits_do_not_depend_on_threads_or_runs)
{
    for (int i = 0; i < NET_CASES; i++)
        for (int r = 0; r < 3; r++) {
            if (!runs_here(rows[r])) continue;
            net_bench one = net_bench_make(&net_cases[i], rows[r], 1, true);
            const size_t bytes = (size_t)rp_network_weights(one.net) * sizeof(float);
            rp_loss_values a, b;
            cr_assert(rp_engine_train(one.engine, one.image, one.target, one.gradient, &a) ==
                      RP_OK);
            cr_expect(rp_engine_thread_invariant(one.engine));
            for (int threads = 1; threads <= 4; threads++) {
                net_bench many = net_bench_make(&net_cases[i], rows[r], threads, true);
                for (int again = 0; again < 2; again++) {
                    cr_assert(rp_engine_train(many.engine, many.image, many.target, many.gradient,
                                              &b) == RP_OK);
                    cr_expect(memcmp(one.gradient, many.gradient, bytes) == 0 && a.total == b.total,
                              "%s %s: other bits with %d threads", net_cases[i].name, rows[r],
                              threads);
                }
                net_bench_clear(&many);
            }
            net_bench_clear(&one);
        }
}

Test(net_engine, bits_of_wide_layers_do_not_depend_on_threads)
{
    /* oneDNN sums in another order when it plans wide layers for 6 threads or more */
    const net_case wide = {"wide", rp_unet_default(3, 1, 3, 4), {32, 32, 32}};
    for (int r = 0; r < 2; r++) {
        float *first = NULL;
        for (int threads = 1; threads <= 8 && runs_here(rows[r]); threads += threads < 4 ? 1 : 2) {
            net_bench b = net_bench_make(&wide, rows[r], threads, true);
            rp_loss_values loss;
            cr_assert(rp_engine_train(b.engine, b.image, b.target, b.gradient, &loss) == RP_OK);
            const size_t bytes = (size_t)rp_network_weights(b.net) * sizeof(float);
            if (!first) {
                first = b.gradient;
                b.gradient = NULL;
            } else {
                cr_expect(memcmp(first, b.gradient, bytes) == 0, "%s: other bits with %d threads",
                          rows[r], threads);
            }
            net_bench_clear(&b);
        }
        rp_free(first);
    }
}

/* Two steps of training on two samples, whose gradients are added by index whatever order they ran
 * in; the digest of the last gradient and of the weights after it. */
static void digest_of_steps(net_bench *b, bool backwards, char digest[RP_DIGEST_TEXT])
{
    const int64_t n = rp_network_weights(b->net);
    float *g[2] = {net_array(n, sizeof(float)), net_array(n, sizeof(float))};
    float *both = net_array(2 * n, sizeof *both), *w = both + n, *v = net_array(n, sizeof *v);
    memcpy(w, b->weights, (size_t)n * sizeof *w);
    for (int k = 0; k < 2; k++) {
        cr_assert(rp_engine_weights(b->engine, w) == RP_OK);
        for (int i = 0; i < 2; i++) {
            const int sample = backwards ? 1 - i : i;
            float *image = net_image(b->n, sample);
            uint8_t *target = net_target(b->n, sample);
            rp_loss_values loss;
            cr_assert(rp_engine_train(b->engine, image, target, g[sample], &loss) == RP_OK);
            rp_free(image);
            rp_free(target);
        }
        for (int64_t i = 0; i < n; i++) both[i] = g[0][i] + g[1][i];
        rp_sgd_update(n, w, both, v, 0.5, 0.01, 0.99, 3e-5);
    }
    uint8_t bytes[RP_DIGEST_BYTES];
    rp_sha256((size_t)(2 * n) * sizeof *both, both, bytes);
    rp_hex(sizeof bytes, bytes, digest);
    rp_free(g[0]);
    rp_free(g[1]);
    rp_free(both);
    rp_free(v);
}

/* The digest on any team, run to run, and with the samples in another order. */
static void same_digest(const net_case *n, const char *row)
{
    static const int teams[] = {1, 1, 2, 3, 4, 7};
    char first[RP_DIGEST_TEXT] = "", digest[RP_DIGEST_TEXT];
    for (int i = 0; i < 6; i++) {
        net_bench b = net_bench_make(n, row, teams[i], true);
        cr_expect(rp_engine_thread_invariant(b.engine), "%s", row);
        for (int backwards = 0; backwards < 2; backwards++) {
            digest_of_steps(&b, backwards, digest);
            if (!*first) memcpy(first, digest, sizeof first);
            cr_expect(strcmp(first, digest) == 0, "%s %s: other bits on %d threads%s", n->name, row,
                      teams[i], backwards ? ", samples in another order" : "");
        }
        net_bench_clear(&b);
    }
}

Test(net_engine, steps_have_one_digest_on_any_team_and_in_any_order_of_samples)
{
    const net_case cube = {"cube", rp_unet_default(3, 1, 3, 2), {8, 10, 12}};
    const net_case flat = {"flat", rp_unet_default(2, 2, 3, 3), {1, 20, 28}};
    static const char *const row[] = {"auto", "winograd", "direct", "onednn"};
    for (int r = 0; r < 4; r++) {
        if (!runs_here(row[r])) continue;
        same_digest(&cube, row[r]);
        same_digest(&flat, row[r]);
    }
}

/* Largest difference over the largest magnitude. */
static double apart(int64_t n, const float a[], const float b[])
{
    double most = 0, scale = 0;
    for (int64_t i = 0; i < n; i++) {
        most = fmax(most, fabs((double)a[i] - (double)b[i]));
        scale = fmax(scale, fabs((double)a[i]));
    }
    return most / scale;
}

/* Their kernels need not be as exact: to rounding, through all layers. */
Test(net_engine, inference_engines_equal_training_ones_with_less_memory)
{
    for (int i = 0; i < NET_CASES; i++) {
        const net_case *n = &net_cases[i];
        net_bench a = net_bench_make(n, "auto", 1, true), b = net_bench_make(n, "auto", 2, false),
                  c = net_bench_make(n, "auto", 1, false);
        const int64_t count = n->settings.classes * n->patch[0] * n->patch[1] * n->patch[2];
        cr_assert(rp_engine_infer(a.engine, a.image, a.logits) == RP_OK);
        cr_assert(rp_engine_infer(b.engine, b.image, b.logits) == RP_OK);
        cr_assert(rp_engine_infer(c.engine, c.image, c.logits) == RP_OK);
        cr_expect(apart(count, a.logits, b.logits) < 1e-5, "%s: %g", n->name,
                  apart(count, a.logits, b.logits));
        cr_expect(memcmp(b.logits, c.logits, (size_t)count * sizeof(float)) == 0, "%s", n->name);
        const rp_engine_settings s = net_engine_settings(n, a.net, "auto", 2, true);
        size_t bytes;
        cr_assert(rp_engine_bytes(&s, &bytes) == RP_OK);
        cr_expect(rp_engine_taken(b.engine) < bytes, "%s: %zu of %zu", n->name,
                  rp_engine_taken(b.engine), bytes);
        net_bench_clear(&a);
        net_bench_clear(&b);
        net_bench_clear(&c);
    }
}

Test(net_engine, a_window_of_one_patch_is_the_patch)
{
    const net_case *n = &net_cases[1];
    net_bench b = net_bench_make(n, "auto", 2, false);
    const float padding[] = {0, 0};
    const rp_window w = {.channels = 2,
                         .classes = 2,
                         .size = {n->patch[0], n->patch[1], n->patch[2]},
                         .patch = {n->patch[0], n->patch[1], n->patch[2]},
                         .step = 0.5,
                         .padding = padding};
    const int64_t voxels = n->patch[0] * n->patch[1] * n->patch[2];
    uint8_t *labels = net_array(voxels, 1);
    cr_assert(rp_window_labels(&w, b.image, rp_engine_predict, b.engine, labels, NULL) == RP_OK);
    cr_assert(rp_engine_infer(b.engine, b.image, b.logits) == RP_OK);
    for (int64_t v = 0; v < voxels; v++)
        cr_assert(labels[v] == (b.logits[voxels + v] > b.logits[v]));
    rp_free(labels);
    net_bench_clear(&b);
}

Test(net_engine, the_plan_says_the_bytes)
{
    for (int i = 0; i < NET_CASES; i++)
        for (int train = 0; train < 2; train++) {
            net_bench b = net_bench_make(&net_cases[i], "auto", 2, train);
            const rp_engine_settings s =
                net_engine_settings(&net_cases[i], b.net, "auto", 2, train);
            size_t bytes = 0;
            cr_assert(rp_engine_bytes(&s, &bytes) == RP_OK);
            cr_expect(bytes == rp_engine_taken(b.engine));
            net_bench_clear(&b);
        }
}

Test(net_engine, memory_stays_as_small_as_it_was_made)
{
    /* packed weights depend on the instruction set: a tenth is left for that */
    static const struct {
        int dims, stages;
        int64_t patch[3];
        int mib[2]; /* inference, training */
    } net[] = {{3, 4, {64, 64, 64}, {205, 490}},
               {3, 6, {128, 128, 128}, {1325, 3425}},
               {2, 8, {1, 512, 512}, {585, 1280}}};
    for (int i = 0; i < 3; i++)
        for (int train = 0; train < 2; train++) {
            net_case n = {"", rp_unet_default(net[i].dims, 1, 3, net[i].stages), {0}};
            memcpy(n.patch, net[i].patch, sizeof n.patch);
            RP_AUTO(rp_network) net_made = NULL;
            cr_assert(rp_unet_build(&n.settings, &net_made) == RP_OK);
            const rp_engine_settings s = net_engine_settings(&n, net_made, "auto", 2, train);
            size_t bytes = 0;
            cr_assert(rp_engine_bytes(&s, &bytes) == RP_OK);
            cr_expect(bytes >> 20 <= (size_t)(net[i].mib[train] * 11 / 10), "%d: %zu MiB", i,
                      bytes >> 20);
        }
}

Test(net_engine, choices_name_every_layer)
{
    net_bench b = net_bench_make(&net_cases[0], "auto", 1, true);
    const char *text = rp_engine_choices(b.engine);
    for (int i = 0; i < rp_network_params(b.net); i++) {
        char name[RP_PARAM_NAME];
        snprintf(name, sizeof name, "%s", rp_network_param(b.net, i)->name);
        *strrchr(name, '.') = 0;
        cr_expect(strstr(text, name) || strstr(name, "seg_layers.0"), "%s is not in the choices",
                  name);
    }
    cr_expect(strstr(text, "isa:") && !strstr(text, " ref"));
    net_bench_clear(&b);
}

Test(net_engine, refuses_patches_that_do_not_fit)
{
    RP_AUTO(rp_network) net = NULL;
    cr_assert(rp_unet_build(&net_cases[0].settings, &net) == RP_OK);
    rp_engine_settings s = net_engine_settings(&net_cases[0], net, "auto", 1, true);
    rp_engine *e = NULL;
    s.patch[1] = 18;
    cr_expect(rp_engine_new(&s, &e) == RP_EUSE);
    cr_expect(strstr(rp_error_message(), "18") && strstr(rp_error_message(), "take 20"), "%s",
              rp_error_message());
    s.patch[1] = 0;
    cr_expect(rp_engine_new(&s, &e) == RP_EUSE);
    s.patch[1] = INT64_MAX / 4 * 4;
    cr_expect(rp_engine_new(&s, &e) != RP_OK);
    s.patch[0] = s.patch[1] = s.patch[2] = 4; /* one voxel at the bottom: nothing to norm */
    cr_expect(rp_engine_new(&s, &e) == RP_EUSE);
    cr_expect(e == NULL);
}

Test(net_engine, refuses_unknown_kernels_and_bad_use)
{
    RP_AUTO(rp_network) net = NULL;
    cr_assert(rp_unet_build(&net_cases[3].settings, &net) == RP_OK);
    rp_engine_settings s = net_engine_settings(&net_cases[3], net, "fast", 1, false);
    RP_AUTO(rp_engine) e = NULL;
    cr_expect(rp_engine_new(&s, &e) == RP_EUSE);
    s.kernels = "auto";
    s.threads = 0;
    cr_expect(rp_engine_new(&s, &e) == RP_EUSE);
    s.threads = 1;
    s.train = true;
    s.loss = NULL;
    cr_expect(rp_engine_new(&s, &e) == RP_EUSE);
    s.train = false;
    cr_assert(rp_engine_new(&s, &e) == RP_OK);
    float *image = net_image(&net_cases[3], 0), x[1];
    cr_expect(rp_engine_infer(e, image, x) == RP_EUSE); /* no weights */
    rp_loss_values loss;
    cr_expect(rp_engine_train(e, image, NULL, x, &loss) == RP_EUSE);
    rp_free(image);
}

Test(net_engine, names_a_loss_that_is_not_finite_and_a_label_that_is_no_class)
{
    for (int r = 0; r < 3; r++) {
        if (!runs_here(rows[r])) continue;
        net_bench b = net_bench_make(&net_cases[3], rows[r], 1, true);
        rp_loss_values loss = {.total = 7};
        b.target[100] = 2;
        cr_expect(rp_engine_train(b.engine, b.image, b.target, b.gradient, &loss) == RP_EDATA);
        cr_expect(strstr(rp_error_message(), "voxel 100 is 2"), "%s", rp_error_message());
        b.target[100] = 0;
        b.image[5] = NAN;
        cr_expect(rp_engine_train(b.engine, b.image, b.target, b.gradient, &loss) == RP_ENUM);
        cr_expect(strstr(rp_error_message(), "dice_ce"), "%s", rp_error_message());
        cr_expect(rp_engine_infer(b.engine, b.image, b.logits) == RP_ENUM);
        cr_expect(strstr(rp_error_message(), "voxel 0 is"), "%s", rp_error_message());
        b.image[5] = INFINITY;
        cr_expect(rp_engine_train(b.engine, b.image, b.target, b.gradient, &loss) == RP_ENUM);
        cr_expect(loss.total == 7);
        b.image[5] = 0; /* and the engine is as good as before */
        cr_expect(rp_engine_train(b.engine, b.image, b.target, b.gradient, &loss) == RP_OK);
        net_bench_clear(&b);
    }
}
