/* bench/bench_unet.c - a U-Net's training step or inference, one a line.
 *
 * usage: bench_unet NETWORK train|infer|exact THREADS KERNELS FILE
 *
 * exact times nothing: it writes the first step's gradient, summed over the samples, to
 * FILE.gradient and prints the losses of 24 steps, for bench/peers/exact_torch.py.
 *
 * Writes initial weights, images and targets to FILE for the peers: a line of text "WEIGHTS IMAGE
 * TARGET" with counts, then floats, floats, bytes.  VALUE is the mean loss before the first update,
 * or the mean magnitude of the logits.
 * A step as the peers do it: all samples, gradients added, SGD with momentum 0.99, weights taken
 * over; or one forward pass a sample. */
#include "bench/harness.h"
#include "bench/networks.h"

#include "lib/base/random.h"
#include "lib/net/engine.h"
#include "lib/net/optimiser.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct state {
    rp_bench_network about;
    rp_network *net;
    rp_engine *engine;
    bool train;
    int64_t weights, voxels;
    float *w, *sum, *gradient, *velocity, *image, *logits;
    uint8_t *target;
} state;

static void state_clear(state *s)
{
    rp_engine_drop(&s->engine);
    rp_network_drop(&s->net);
    float *arrays[] = {s->w, s->sum, s->gradient, s->velocity, s->image, s->logits};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) rp_free(arrays[i]);
    rp_free(s->target);
}

/* Images of noise; targets are balls and boxes, so that the loss has structure to look at. */
static void fill(state *s)
{
    const int64_t *n = s->about.patch;
    rp_random r;
    rp_random_start(7, RP_RANDOM_TEST, 0, &r);
    for (int64_t i = 0; i < s->about.batch * s->voxels; i++)
        s->image[i] = (float)rp_random_range(&r, -1, 1);
    for (int64_t b = 0; b < s->about.batch; b++)
        for (int64_t i = 0; i < s->voxels; i++) {
            const int64_t y = i / n[2] % n[1], x = i % n[2];
            const int64_t dy = y - n[1] / 2, dx = x - n[2] / 2 + b;
            const bool ball = dy * dy + dx * dx < n[1] * n[1] / 16, box = y < n[1] / 4;
            s->target[b * s->voxels + i] = ball ? 1 : box ? 2 : 0;
        }
}

static rp_status allocate(state *s)
{
    RP_TRY(rp_alloc(s->weights, sizeof(float), &s->w));
    RP_TRY(rp_alloc(s->about.batch * s->voxels, sizeof(float), &s->image));
    RP_TRY(rp_alloc(s->about.batch * s->voxels, 1, &s->target));
    if (!s->train)
        return rp_alloc(s->about.settings.classes * s->voxels, sizeof(float), &s->logits);
    RP_TRY(rp_alloc(s->weights, sizeof(float), &s->sum));
    RP_TRY(rp_alloc(s->weights, sizeof(float), &s->gradient));
    return rp_alloc(s->weights, sizeof(float), &s->velocity);
}

static rp_status start(const char *name, bool train, int threads, const char *kernels, state *s)
{
    RP_TRY(rp_bench_network_find(name, &s->about));
    const int64_t *n = s->about.patch;
    s->train = train;
    s->voxels = n[0] * n[1] * n[2];
    RP_TRY(rp_unet_build(&s->about.settings, &s->net));
    s->weights = rp_network_weights(s->net);
    RP_TRY(allocate(s));
    fill(s);
    rp_network_init(s->net, 1, s->w);
    const rp_engine_settings e = {.net = s->net,
                                  .patch = {n[0], n[1], n[2]},
                                  .train = train,
                                  .threads = threads,
                                  .kernels = kernels,
                                  .loss = rp_loss_find("dice_ce")};
    RP_TRY(rp_engine_new(&e, &s->engine));
    return rp_engine_weights(s->engine, s->w);
}

static rp_status save(const state *s, const char *path)
{
    FILE *f = fopen(path, "wb");
    RP_NEED(f, RP_EIO, "'%s' cannot be written", path);
    const size_t w = (size_t)s->weights, n = (size_t)(s->about.batch * s->voxels);
    const bool good = fprintf(f, "%zu %zu %zu\n", w, n, n) > 0 &&
                      fwrite(s->w, sizeof(float), w, f) == w &&
                      fwrite(s->image, sizeof(float), n, f) == n && fwrite(s->target, 1, n, f) == n;
    RP_NEED(fclose(f) == 0 && good, RP_EIO, "'%s' cannot be written", path);
    return RP_OK;
}

static rp_status train_step(void *arg, double *value)
{
    state *s = arg;
    *value = 0;
    for (int b = 0; b < s->about.batch; b++) {
        rp_loss_values loss;
        float *g = b == 0 ? s->sum : s->gradient;
        RP_TRY(rp_engine_train(s->engine, s->image + b * s->voxels, s->target + b * s->voxels, g,
                               &loss));
        *value += loss.total / s->about.batch;
        for (int64_t i = 0; b > 0 && i < s->weights; i++) s->sum[i] += g[i];
    }
    rp_sgd_update(s->weights, s->w, s->sum, s->velocity, 1.0 / s->about.batch, 1e-3, 0.99, 3e-5);
    return rp_engine_weights(s->engine, s->w);
}

static rp_status infer_step(void *arg, double *value)
{
    state *s = arg;
    const int64_t logits = s->about.settings.classes * s->voxels;
    double sum = 0;
    for (int b = 0; b < s->about.batch; b++) {
        RP_TRY(rp_engine_infer(s->engine, s->image + b * s->voxels, s->logits));
        for (int64_t i = 0; i < logits; i++) sum += fabs((double)s->logits[i]);
    }
    *value = sum / (double)(logits * s->about.batch);
    return RP_OK;
}

static rp_status save_gradient(const state *s, const char *path)
{
    char name[1000];
    (void)snprintf(name, sizeof name, "%s.gradient", path);
    FILE *f = fopen(name, "wb");
    RP_NEED(f, RP_EIO, "'%s' cannot be written", name);
    const bool good = fwrite(s->sum, sizeof(float), (size_t)s->weights, f) == (size_t)s->weights;
    RP_NEED(fclose(f) == 0 && good, RP_EIO, "'%s' cannot be written", name);
    return RP_OK;
}

static rp_status print_steps(state *s, const char *path)
{
    enum { STEPS = 24 };
    for (int k = 0; k < STEPS; k++) {
        double loss;
        RP_TRY(train_step(s, &loss));
        if (k == 0) RP_TRY(save_gradient(s, path)); /* the update reads the sum only */
        printf("%.9g\n", loss);
        (void)fflush(stdout);
    }
    return RP_OK;
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        fprintf(stderr, "usage: bench_unet NETWORK train|infer|exact THREADS KERNELS FILE\n");
        return 2;
    }
    state s = {0};
    const bool exact = strcmp(argv[2], "exact") == 0,
               train = exact || strcmp(argv[2], "train") == 0;
    rp_status st = start(argv[1], train, (int)strtol(argv[3], NULL, 10), argv[4], &s);
    if (st == RP_OK) st = save(&s, argv[5]);
    if (st == RP_OK && exact) st = print_steps(&s, argv[5]);
    const int rc = st != RP_OK ? rp_bench_fail(st)
                   : exact     ? 0
                               : rp_bench_serve(train ? train_step : infer_step, &s);
    state_clear(&s);
    return rc;
}
