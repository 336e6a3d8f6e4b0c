/* tests/net_values.h - the networks, weights and samples of tests/data/make_net_values.py, for the
 * test programs of lib/net (each is linked from one file, so this is a header of functions). */
#pragma once
#include "tests/harness.h"

#include "lib/net/engine.h"
#include "lib/net/unet.h"

#include <math.h>
#include <string.h>

typedef struct net_case {
    const char *name;
    rp_unet_settings settings;
    int64_t patch[3];
} net_case;

static const net_case net_cases[] = {
    {"iso",
     {3,
      1,
      3,
      3,
      {8, 16, 32},
      {{1, 1, 1}, {2, 2, 2}, {2, 2, 2}},
      {{3, 3, 3}, {3, 3, 3}, {3, 3, 3}},
      2,
      2,
      true},
     {16, 16, 16}},
    {"thick",
     {3,
      2,
      2,
      4,
      {6, 12, 20, 33},
      {{1, 1, 1}, {1, 2, 2}, {2, 2, 2}, {1, 2, 2}},
      {{1, 3, 3}, {3, 3, 3}, {3, 3, 3}, {3, 3, 3}},
      2,
      2,
      true},
     {6, 16, 24}},
    {"flat",
     {2,
      1,
      4,
      3,
      {8, 16, 24},
      {{1, 1, 1}, {1, 2, 2}, {1, 2, 2}},
      {{1, 3, 3}, {1, 3, 3}, {1, 3, 3}},
      2,
      1,
      true},
     {1, 32, 20}},
    {"plain",
     {3, 1, 2, 2, {16, 32}, {{1, 1, 1}, {2, 2, 2}}, {{3, 3, 3}, {3, 3, 3}}, 1, 2, false},
     {8, 8, 8}},
};
enum { NET_CASES = 4 };

/* The script's `mixed`: count numbers in [-0.5, 0.5) of a tensor. */
static inline void net_mixed(int64_t tensor, int64_t count, float out[])
{
    for (int64_t e = 0; e < count; e++) {
        uint64_t h = (uint64_t)(e * 2654435761 + tensor * 40503 * 65537 + 12345) % 4294967296u;
        h = (h ^ (h >> 15)) * 739981 % 4294967296u;
        h = (h ^ (h >> 13)) * 97423 % 4294967296u;
        h ^= h >> 16;
        out[e] = (float)((double)(h >> 8) / 16777216 - 0.5);
    }
}

static inline void *net_array(int64_t count, size_t size)
{
    void *p;
    cr_assert(rp_alloc(count, size, &p) == RP_OK);
    return p;
}

static inline float *net_weights(const rp_network *net)
{
    float *w = net_array(rp_network_weights(net), sizeof *w);
    for (int i = 0; i < rp_network_params(net); i++) {
        const rp_param *p = rp_network_param(net, i);
        float *v = w + p->offset;
        net_mixed(i + 1, p->count, v);
        const double fan = (double)(p->count / p->shape[0]);
        const double scale = exp2(round(log2(12 / fan) / 2 + 0.25));
        const bool norm = strstr(p->name, "norm.weight") != NULL;
        for (int64_t e = 0; e < p->count; e++)
            v[e] = p->dims > 1 ? v[e] * (float)scale : norm ? 1 + v[e] / 2 : v[e] / 4;
    }
    return w;
}

static inline int net_label(const net_case *n, int64_t v, int index)
{
    const int64_t z = v / (n->patch[1] * n->patch[2]), y = v / n->patch[2] % n->patch[1],
                  x = v % n->patch[2];
    return (int)(((z + index) / 3 + y / 4 + x / 5) % n->settings.classes);
}

static inline float *net_image(const net_case *n, int index)
{
    const int64_t voxels = n->patch[0] * n->patch[1] * n->patch[2];
    float *x = net_array(n->settings.channels * voxels, sizeof *x);
    net_mixed(1000 + index, n->settings.channels * voxels, x);
    for (int64_t i = 0; i < n->settings.channels * voxels; i++)
        x[i] = x[i] * 4 + (float)net_label(n, i % voxels, index);
    return x;
}

static inline uint8_t *net_target(const net_case *n, int index)
{
    const int64_t voxels = n->patch[0] * n->patch[1] * n->patch[2];
    uint8_t *t = net_array(voxels, 1);
    for (int64_t i = 0; i < voxels; i++) t[i] = (uint8_t)net_label(n, i, index);
    return t;
}

static inline double net_l2(int64_t n, const float x[])
{
    double s = 0;
    for (int64_t i = 0; i < n; i++) s += (double)x[i] * x[i];
    return sqrt(s);
}

/* Row of a table whose column has the text (and second column the other text, if not NULL). */
static inline int net_row(const table *t, const char *column, const char *text, const char *column2,
                          const char *text2)
{
    for (int r = 0; r < t->rows; r++)
        if (strcmp(table_text(t, r, column), text) == 0 &&
            (!column2 || strcmp(table_text(t, r, column2), text2) == 0))
            return r;
    cr_assert_fail("no row '%s' in the table", text);
    return -1;
}

/* Norm and five entries of x against a row: each entry within tolerance times the norm, scaled to
 * an entry (norm / sqrt(n)) times 8. */
static inline double net_error(const table *t, int row, int64_t n, const float x[])
{
    const double norm = table_number(t, row, "l2"), one = norm / sqrt((double)n);
    double worst = fabs(net_l2(n, x) - norm) / (norm > 1e-12 ? norm : 1);
    for (int k = 0; k < 5; k++) {
        char i[4] = {'i', (char)('0' + k), 0}, v[4] = {'v', (char)('0' + k), 0};
        const double d =
            fabs((double)x[(int64_t)table_number(t, row, i)] - table_number(t, row, v));
        const double e = d / (one > 1e-12 ? 8 * one : 1);
        if (!(e <= worst)) worst = e;
    }
    return worst;
}

/* A network, its engine with the script's weights loaded, and a sample. */
typedef struct net_bench {
    const net_case *n;
    rp_network *net;
    rp_engine *engine;
    float *weights, *image, *gradient, *logits;
    uint8_t *target;
} net_bench;

static inline rp_engine_settings net_engine_settings(const net_case *n, const rp_network *net,
                                                     const char *kernels, int threads, bool train)
{
    return (rp_engine_settings){.net = net,
                                .patch = {n->patch[0], n->patch[1], n->patch[2]},
                                .train = train,
                                .threads = threads,
                                .kernels = kernels,
                                .loss = train ? rp_loss_find("dice_ce") : NULL};
}

static inline net_bench net_bench_make(const net_case *n, const char *kernels, int threads,
                                       bool train)
{
    net_bench b = {.n = n};
    cr_assert(rp_unet_build(&n->settings, &b.net) == RP_OK, "%s", rp_error_message());
    const rp_engine_settings s = net_engine_settings(n, b.net, kernels, threads, train);
    cr_assert(rp_engine_new(&s, &b.engine) == RP_OK, "%s", rp_error_message());
    b.weights = net_weights(b.net);
    b.image = net_image(n, 0);
    b.target = net_target(n, 0);
    b.gradient = net_array(rp_network_weights(b.net), sizeof(float));
    b.logits =
        net_array(n->settings.classes * n->patch[0] * n->patch[1] * n->patch[2], sizeof(float));
    cr_assert(rp_engine_weights(b.engine, b.weights) == RP_OK, "%s", rp_error_message());
    return b;
}

static inline void net_bench_clear(net_bench *b)
{
    rp_engine_drop(&b->engine);
    rp_network_drop(&b->net);
    rp_free(b->weights);
    rp_free(b->image);
    rp_free(b->target);
    rp_free(b->gradient);
    rp_free(b->logits);
}
