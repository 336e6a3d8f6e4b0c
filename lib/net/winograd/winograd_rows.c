/* lib/net/winograd/winograd_rows.c - the row `winograd`: 3x3x3 and 1x3x3 convolutions of stride 1.
 *
 * 1. A strip of tiles is a task of one thread: its input transform, a product a point, its output
 *    transform.  Strips follow from the shape alone, and each output belongs to one strip.
 * 2. The transposed map is the same with flipped weights.
 * 3. Weight gradients: GROUPS fixed ranges of strips with sums of their own, added in order.
 * V and M belong to the thread; points are padded apart so that they do not share cache sets. */
#include "lib/net/kernels_priv.h"
#include "lib/net/winograd/winograd_priv.h"

#include <omp.h>
#include <stdio.h>
#include <string.h>

enum { GROUPS = 8, PAD = 16, WEIGHTS_MOST = 8192, CHANNELS_LEAST = 16 };

typedef struct winograd {
    rp_kernel base;
    rp_op op;
    rp_conv_shape s;
    rp_tiles tiles;
    int points;
    int64_t ci, co, panels; /* of the map as it runs: transposed is flipped */
    int64_t vw, mw;         /* widths of the points' arrays */
    int64_t count, strip, strips, groups;
    int64_t thread_floats;
} winograd;

static int64_t round_up(int64_t n, int64_t to) { return (n + to - 1) / to * to; }

static void drop(rp_kernel *k) { rp_free(k); }

/* G g of three numbers, for 32 lanes at once: from [3 * step] to [4 * step]. */
static void weights3(int steps, const float *from, float *to)
{
    for (int i = 0; i < steps * RP_WINOGRAD_COLUMNS; i++) {
        const int s = steps * RP_WINOGRAD_COLUMNS;
        const float g0 = from[i], g1 = from[s + i], g2 = from[2 * s + i], sum = 0.5f * (g0 + g2);
        to[i] = g0;
        to[s + i] = sum + 0.5f * g1;
        to[2 * s + i] = sum - 0.5f * g1;
        to[3 * s + i] = g2;
    }
}

/* Weights [z][y][x][32] of a panel and an input channel into points [z][y][x][32]. */
static void weights_to_points(bool deep, const float *g, float *u)
{
    enum { L = RP_WINOGRAD_COLUMNS };
    float a[3 * 3 * 4 * L], b[3 * 16 * L];
    const int depth = deep ? 3 : 1;
    for (int r = 0; r < depth * 3; r++) weights3(1, g + r * 3 * L, a + r * 4 * L);
    for (int z = 0; z < depth; z++) weights3(4, a + z * 12 * L, b + z * 16 * L);
    if (deep)
        weights3(16, b, u);
    else
        memcpy(u, b, 16 * L * sizeof *u);
}

/* U [point][panel][ci][32]. */
static rp_status pack(const rp_kernel *k, const float w[], void *packed, void *scratch)
{
    (void)scratch;
    enum { L = RP_WINOGRAD_COLUMNS };
    const winograd *p = (const winograd *)(const void *)k;
    const int64_t taps = rp_conv_taps(&p->s);
    const bool flip = p->op == RP_OP_TRANSPOSED;
    float *to = packed;
#pragma omp parallel for schedule(static)
    for (int64_t job = 0; job < p->panels * p->ci; job++) {
        const int64_t panel = job / p->ci, i = job % p->ci;
        float g[27 * L] = {0}, u[RP_WINOGRAD_POINTS * L];
        for (int64_t l = 0; l < L && panel * L + l < p->co; l++)
            for (int64_t t = 0; t < taps; t++) {
                const int64_t o = panel * L + l;
                g[t * L + l] =
                    flip ? w[(i * p->co + o) * taps + taps - 1 - t] : w[(o * p->ci + i) * taps + t];
            }
        weights_to_points(p->tiles.deep, g, u);
        for (int f = 0; f < p->points; f++)
            memcpy(to + ((f * p->panels + panel) * p->ci + i) * L, u + f * L, L * sizeof *to);
    }
    return RP_OK;
}

/* The arrays of a strip in a thread's scratch. */
static void arrays(const winograd *w, float *own, rp_points *v, rp_points *m)
{
    *v = (rp_points){own, w->strip * w->vw + PAD, w->vw};
    *m = (rp_points){own + w->points * v->point, w->strip * w->mw + PAD, w->mw};
}

static int64_t strip_tiles(const winograd *w, int64_t strip)
{
    const int64_t first = strip * w->strip;
    return w->count - first < w->strip ? w->count - first : w->strip;
}

static rp_status run(const rp_kernel *k, const rp_kernel_args *a)
{
    const winograd *w = (const winograd *)(const void *)k;
    const bool down = w->op == RP_OP_CONV;
    const rp_tensor *x = down ? &a->big : &a->small, *y = down ? &a->small : &a->big;
    const float *u = a->packed;
#pragma omp parallel for schedule(dynamic)
    for (int64_t s = 0; s < w->strips; s++) {
        rp_points v, m;
        arrays(w, (float *)a->scratch + omp_get_thread_num() * w->thread_floats, &v, &m);
        const int64_t first = s * w->strip, n = strip_tiles(w, s);
        rp_winograd_input_avx512(&w->tiles, first, n, w->ci, x->data, x->stride, &v);
        for (int f = 0; f < w->points; f++)
            rp_winograd_product_avx512(n, w->ci, v.data + f * v.point, v.width, w->panels,
                                       u + f * w->panels * w->ci * RP_WINOGRAD_COLUMNS,
                                       m.data + f * m.point, m.width);
        rp_winograd_output_avx512(&w->tiles, first, n, w->co, &m, a->bias, a->add, y->data,
                                  y->stride);
    }
    return RP_OK;
}

/* dg = G^T u of four numbers into three. */
static void points3(const float *u, int s, float *g, int t)
{
    const float sum = 0.5f * (u[s] + u[2 * s]);
    g[0] = u[0] + sum;
    g[t] = 0.5f * (u[s] - u[2 * s]);
    g[2 * t] = sum + u[3 * s];
}

/* The gradient of one pair of channels from its points. */
static void points_to_weights(bool deep, const float *u, float *g)
{
    float a[16 * 3] = {0}, b[4 * 9] = {0};
    const int depth = deep ? 4 : 1;
    for (int i = 0; i < depth * 4; i++) points3(u + 4 * i, 1, a + 3 * i, 1);
    for (int z = 0; z < depth; z++)
        for (int i = 0; i < 3; i++) points3(a + 12 * z + i, 3, b + 9 * z + i, 3);
    if (!deep)
        memcpy(g, b, 9 * sizeof *g);
    else
        for (int i = 0; i < 9; i++) points3(b + i, 9, g + i, 9);
}

static void finish_weights(const winograd *w, const float *sums, float *gradient)
{
    const int64_t taps = rp_conv_taps(&w->s), one = w->ci * w->mw, all = w->points * one;
#pragma omp parallel for schedule(static)
    for (int64_t o = 0; o < w->co; o++)
        for (int64_t i = 0; i < w->ci; i++) {
            float u[RP_WINOGRAD_POINTS];
            for (int f = 0; f < w->points; f++) {
                u[f] = sums[f * one + i * w->mw + o];
                for (int64_t g = 1; g < w->groups; g++)
                    u[f] += sums[g * all + f * one + i * w->mw + o];
            }
            points_to_weights(w->tiles.deep, u, gradient + (o * w->ci + i) * taps);
        }
}

static rp_status run_weights(const rp_kernel *k, const rp_kernel_args *a)
{
    const winograd *w = (const winograd *)(const void *)k;
    const int64_t one = w->ci * w->mw, all = w->points * one;
    float *sums = a->scratch, *threads = sums + w->groups * all;
#pragma omp parallel for schedule(dynamic)
    for (int64_t g = 0; g < w->groups; g++) {
        rp_points v, z;
        arrays(w, threads + omp_get_thread_num() * w->thread_floats, &v, &z);
        float *sum = sums + g * all;
        memset(sum, 0, (size_t)all * sizeof *sum);
        for (int64_t s = w->strips * g / w->groups; s < w->strips * (g + 1) / w->groups; s++) {
            const int64_t first = s * w->strip, n = strip_tiles(w, s);
            rp_winograd_input_avx512(&w->tiles, first, n, w->ci, a->big.data, a->big.stride, &v);
            rp_winograd_adjoint_avx512(&w->tiles, first, n, w->co, a->small.data, a->small.stride,
                                       &z);
            for (int f = 0; f < w->points; f++)
                rp_winograd_outer_avx512(w->ci, n, v.data + f * v.point, v.width,
                                         z.data + f * z.point, z.width, sum + f * one);
        }
    }
    finish_weights(w, sums, a->weights);
    return RP_OK;
}

/* Tiles of a strip.  64 points fill the second-level cache of 1 MiB with few tiles; where the
 * weights exceed it, more tiles share a pass over them.  Measured on Zen 4. */
static int64_t strip_of(const winograd *w)
{
    const int64_t weights = w->ci * w->co;
    const int64_t strip = !w->tiles.deep                                ? 60
                          : w->op == RP_OP_WEIGHTS && weights > 32 * 64 ? 24
                          : weights > WEIGHTS_MOST                      ? 36
                                                                        : 12;
    return strip < w->count ? strip : w->count;
}

static bool takes(rp_op op, const rp_conv_shape *s)
{
    bool good = rp_conv_is_same(s) && s->kernel[1] == 3 && s->kernel[2] == 3 &&
                (s->kernel[0] == 3 || s->kernel[0] == 1);
    good = good && s->big_channels >= CHANNELS_LEAST && s->small_channels >= CHANNELS_LEAST;
    return good && (op != RP_OP_WEIGHTS || s->big_channels * s->small_channels <= WEIGHTS_MOST);
}

rp_status rp_winograd_plan(rp_op op, const rp_conv_shape *s, int threads, rp_kernel **out)
{
    RP_NEED(takes(op, s), RP_EUNSUP,
            "row 'winograd' takes kernels of 3 with stride 1 and 16 channels or more");
    winograd *w;
    RP_TRY(rp_alloc(1, sizeof *w, &w));
    w->op = op;
    w->s = *s;
    w->tiles.deep = s->kernel[0] == 3;
    w->points = w->tiles.deep ? 64 : 16;
    w->count = 1;
    for (int a = 0; a < 3; a++) {
        w->tiles.n[a] = s->big[a];
        w->tiles.tiles[a] = a == 0 && !w->tiles.deep ? s->big[0] : (s->big[a] + 1) / 2;
        w->count *= w->tiles.tiles[a];
    }
    w->ci = op == RP_OP_TRANSPOSED ? s->small_channels : s->big_channels;
    w->co = op == RP_OP_TRANSPOSED ? s->big_channels : s->small_channels;
    w->panels = (w->co + RP_WINOGRAD_COLUMNS - 1) / RP_WINOGRAD_COLUMNS;
    w->vw = round_up(w->ci, 16);
    w->mw = w->panels * RP_WINOGRAD_COLUMNS;
    w->strip = strip_of(w);
    w->strips = (w->count + w->strip - 1) / w->strip;
    w->groups = op != RP_OP_WEIGHTS ? 0 : w->strips < GROUPS ? w->strips : GROUPS;
    w->thread_floats = round_up(w->points * (w->strip * (w->vw + w->mw) + 2 * PAD), 16);
    const int64_t floats = w->groups * w->points * w->ci * w->mw + threads * w->thread_floats;
    const bool maps = op != RP_OP_WEIGHTS;
    const int64_t packed = maps ? w->points * w->ci * w->mw : 0;
    w->base = (rp_kernel){.row = "winograd",
                          .thread_invariant = true,
                          .packed_bytes = (size_t)packed * sizeof(float),
                          .scratch_bytes = (size_t)floats * sizeof(float),
                          .pack = maps ? pack : NULL,
                          .run = maps ? run : run_weights,
                          .drop = drop};
    (void)snprintf(w->base.implementation, sizeof w->base.implementation,
                   "F(2%s), %d tiles a strip", w->tiles.deep ? ",2,2" : ",2", (int)w->strip);
    *out = &w->base;
    return RP_OK;
}

void rp_winograd_version(char out[], size_t size) { (void)snprintf(out, size, "own avx512"); }
