/* lib/net/winograd/winograd_rows.c - the rows `winograd`: 3x3x3 and 1x3x3 convolutions of stride 1.
 *
 * 1. A strip of tiles is a task of one thread: its input transform; then for each panel of output
 *    channels a product a point and the output transform.  Grids of few strips are transformed
 *    whole, by all threads, and panels are the tasks.
 * 2. The transposed map is the same with flipped weights.
 * 3. An output belongs to one tile, and sums run over channels: strips and threads bear on no bit,
 *    so strips may follow the size of the cache.  A strip starts at a multiple of rows tiles, so
 * the sums for a norm, kept by rows tiles, do not depend on them either. V and M belong to the
 * thread; points are padded apart so that they do not share cache sets. */
#include "lib/net/winograd/winograd_plan.h"

#include <omp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    STRIPS_LEAST = 8,
    STRIP_MOST = 96,
    CHANNELS_LEAST = 8,
    SUM_LEAST = 32,
    CHAIN = 16,
    WIDE_LEAST = 1024,
    DEEP_LEAST = 16
};

static int64_t round_up(int64_t n, int64_t to) { return (n + to - 1) / to * to; }

static void drop(rp_kernel *k) { rp_free(k); }

/* U [panel][point][ci][columns]. */
static rp_status pack(const rp_kernel *k, const float w[], void *packed, void *scratch)
{
    (void)scratch;
    const rp_winograd *p = (const rp_winograd *)(const void *)k;
    const int64_t taps = rp_conv_taps(&p->s), co = p->co, ci = p->ci;
    const int lanes = p->loops->columns;
    const bool flip = p->op == RP_OP_TRANSPOSED;
    float *to = packed;
#pragma omp parallel for schedule(static)
    for (int64_t job = 0; job < p->panels * ci; job++) {
        const int64_t panel = job / ci, i = job % ci;
        float g[27 * RP_WINOGRAD_COLUMNS] = {0};
        float u[RP_WINOGRAD_POINTS * RP_WINOGRAD_COLUMNS];
        for (int64_t l = 0; l < lanes && panel * lanes + l < co; l++) {
            const int64_t o = panel * lanes + l;
            const float *from = w + (flip ? i * co + o : o * ci + i) * taps;
            for (int64_t t = 0; t < taps; t++) g[t * lanes + l] = from[flip ? taps - 1 - t : t];
        }
        rp_winograd_weights(&p->tiles, lanes, g, u);
        for (int f = 0; f < p->tiles.points; f++)
            memcpy(to + ((panel * p->tiles.points + f) * ci + i) * lanes, u + f * lanes,
                   (size_t)lanes * sizeof *to);
    }
    return RP_OK;
}

/* One panel of output channels of a strip: products, then the output transform. */
static void run_panel(const rp_winograd *w, const rp_kernel_args *a, const rp_points *v, float *own,
                      int64_t panel, int64_t first, int64_t count)
{
    const int columns = w->loops->columns;
    const rp_tensor *y = w->op == RP_OP_CONV ? &a->small : &a->big;
    const rp_points m = {own, w->strip * columns + RP_WINOGRAD_PAD, columns};
    const float *u = (const float *)a->packed + panel * w->tiles.points * w->ci * columns;
    for (int f = 0; f < w->tiles.points; f++)
        w->loops->product(count, w->ci, w->chain, v->data + f * v->point, v->width,
                          u + f * w->ci * columns, m.data + f * m.point, columns, false);
    const int64_t c = panel * columns, left = w->co - c;
    w->loops->output(&w->tiles, first, count, left < columns ? left : columns, &m,
                     a->bias ? a->bias + c : NULL, a->add, y->data + c, y->stride,
                     a->sums ? a->sums + c : NULL, w->co);
}

static void run_strip(const rp_winograd *w, const rp_kernel_args *a, int64_t strip, float *own)
{
    const rp_tensor *x = w->op == RP_OP_CONV ? &a->big : &a->small;
    const int64_t first = strip * w->strip, left = w->tiles.count - first;
    const int64_t count = left < w->strip ? left : w->strip;
    const rp_points v = {own, w->strip * w->vw + RP_WINOGRAD_PAD, w->vw};
    w->loops->input(&w->tiles, first, count, w->ci, x->data, x->stride, &v);
    for (int64_t p = 0; p < w->panels; p++) run_panel(w, a, &v, own + w->v_floats, p, first, count);
}

/* All tiles at once: channels are dealt to threads, then panels. */
static void run_whole(const rp_winograd *w, const rp_kernel_args *a)
{
    const rp_tensor *x = w->op == RP_OP_CONV ? &a->big : &a->small;
    float *scratch = a->scratch;
    const rp_points v = {scratch, w->strip * w->vw + RP_WINOGRAD_PAD, w->vw};
    const int64_t lanes = w->loops->lanes;
#pragma omp parallel
    {
#pragma omp for schedule(dynamic)
        for (int64_t c = 0; c < w->ci; c += lanes) {
            const rp_points part = {v.data + c, v.point, v.width};
            w->loops->input(&w->tiles, 0, w->tiles.count, w->ci - c < lanes ? w->ci - c : lanes,
                            x->data + c, x->stride, &part);
        }
#pragma omp for schedule(dynamic)
        for (int64_t p = 0; p < w->panels; p++)
            run_panel(w, a, &v, scratch + w->v_floats + omp_get_thread_num() * w->thread_floats, p,
                      0, w->tiles.count);
    }
}

static rp_status run(const rp_kernel *k, const rp_kernel_args *a)
{
    const rp_winograd *w = (const rp_winograd *)(const void *)k;
    if (w->whole) {
        run_whole(w, a);
        return RP_OK;
    }
#pragma omp parallel for schedule(dynamic)
    for (int64_t s = 0; s < w->strips; s++)
        run_strip(w, a, s, (float *)a->scratch + omp_get_thread_num() * w->thread_floats);
    return RP_OK;
}

int64_t rp_winograd_cache(void)
{
    const long bytes = sysconf(_SC_LEVEL2_CACHE_SIZE);
    return bytes > 0 ? bytes : 1 << 20;
}

/* Tiles of a strip: V and M in half of the second-level cache, but enough tiles to share a pass
 * over weights that lie beyond it, as long as there are strips for many threads. */
static int64_t strip_of(const rp_winograd *w)
{
    const int64_t rows = w->loops->rows, points = w->tiles.points;
    const int64_t tile = points * (w->vw + w->loops->columns) * (int64_t)sizeof(float);
    const int64_t weights = points * w->ci * w->loops->columns * w->panels * (int64_t)sizeof(float);
    const int64_t cache = rp_winograd_cache(), many = w->tiles.count / rows / STRIPS_LEAST;
    const int64_t most = many < 36 / rows ? many : 36 / rows;
    const int64_t least = weights > 2 * cache && most > 1 ? most : 1;
    int64_t blocks = cache / 2 / (tile * rows);
    if (blocks < least) blocks = least;
    const int64_t strip = blocks * rows < STRIP_MOST ? blocks * rows : STRIP_MOST;
    return strip < w->tiles.count ? strip : w->tiles.count;
}

/* Few strips: all tiles at once, if a panel's M lies in the cache. */
static bool is_whole(const rp_winograd *w)
{
    const int64_t points = w->tiles.points, n = w->tiles.count;
    return w->strips < STRIPS_LEAST && w->panels > 1 && n * w->vw * points <= RP_WINOGRAD_WHOLE &&
           n * points * w->loops->columns * (int64_t)sizeof(float) <= rp_winograd_cache();
}

static void plan_map(rp_winograd *w, int threads)
{
    const int64_t columns = w->loops->columns, points = w->tiles.points;
    w->strip = strip_of(w);
    w->strips = (w->tiles.count + w->strip - 1) / w->strip;
    w->whole = is_whole(w);
    if (w->whole) w->strip = w->tiles.count;
    w->v_floats = round_up(points * (w->strip * w->vw + RP_WINOGRAD_PAD), 16);
    const int64_t m_floats = round_up(points * (w->strip * columns + RP_WINOGRAD_PAD), 16);
    w->thread_floats = m_floats + (w->whole ? 0 : w->v_floats);
    const int64_t floats = threads * w->thread_floats + (w->whole ? w->v_floats : 0);
    w->base.scratch_bytes = (size_t)floats * sizeof(float);
    w->base.packed_bytes = (size_t)(w->panels * points * w->ci * columns) * sizeof(float);
    w->base.pack = pack;
    w->base.run = run;
    w->chain = w->s.precise ? CHAIN : w->ci;
    w->base.sum_parts = (w->tiles.count + w->loops->rows - 1) / w->loops->rows;
}

/* Four outputs along each axis where the grid is longer.  Two along y and z on small grids, whose
 * time is the reading of weights, and where rounding matters; two along z below 16 channels, where
 * four would err up to four times as much as direct sums. */
static void cut_tiles(const rp_conv_shape *s, rp_tiles *t)
{
    const int64_t *n = s->big;
    const bool is_long = n[2] > 4, is_flat = s->kernel[0] == 1;
    const bool is_wide = is_long && n[1] > 4 && rp_grid_size(n) >= WIDE_LEAST && !s->precise;
    const bool is_deep =
        is_wide && n[0] > 4 && s->big_channels >= DEEP_LEAST && s->small_channels >= DEEP_LEAST;
    *t = (rp_tiles){.out = {is_flat ? 1 : is_deep ? 4 : 2, is_wide ? 4 : 2, is_long ? 4 : 2}};
    t->count = t->points = 1;
    for (int a = 0; a < 3; a++) {
        t->n[a] = s->big[a];
        t->in[a] = t->out[a] == 1 ? 1 : t->out[a] + 2;
        t->tiles[a] = (s->big[a] + t->out[a] - 1) / t->out[a];
        t->count *= t->tiles[a];
        t->points *= t->in[a];
    }
}

/* The sum over a few voxels of a gradient by the weights is almost exact as it stands; transforms
 * would err up to 7 times as much. */
static bool takes(rp_op op, const rp_conv_shape *s)
{
    if (op == RP_OP_WEIGHTS && rp_grid_size(s->small) < SUM_LEAST) return false;
    return rp_conv_is_same(s) && s->kernel[1] == 3 && s->kernel[2] == 3 &&
           (s->kernel[0] == 3 || s->kernel[0] == 1) && s->big_channels >= CHANNELS_LEAST &&
           s->small_channels >= CHANNELS_LEAST;
}

static rp_status plan(const char *row, const rp_winograd_loops *loops, rp_op op,
                      const rp_conv_shape *s, int threads, rp_kernel **out)
{
    RP_NEED(takes(op, s), RP_EUNSUP,
            "row '%s' takes kernels of 3 with stride 1, %d channels or more, and gradients by the "
            "weights over %d voxels or more",
            row, CHANNELS_LEAST, SUM_LEAST);
    rp_winograd *w;
    RP_TRY(rp_alloc(1, sizeof *w, &w));
    w->base = (rp_kernel){.row = row, .thread_invariant = true, .drop = drop};
    w->op = op;
    w->s = *s;
    w->loops = loops;
    cut_tiles(s, &w->tiles);
    w->ci = op == RP_OP_TRANSPOSED ? s->small_channels : s->big_channels;
    w->co = op == RP_OP_TRANSPOSED ? s->big_channels : s->small_channels;
    w->panels = (w->co + loops->columns - 1) / loops->columns;
    w->vw = round_up(w->ci, loops->lanes);
    if (op == RP_OP_WEIGHTS)
        rp_winograd_plan_weights(w, threads);
    else
        plan_map(w, threads);
    const int *o = w->tiles.out;
    (void)snprintf(w->base.implementation, sizeof w->base.implementation, "%s F(%d,%d,%d)",
                   loops->isa, o[0], o[1], o[2]);
    *out = &w->base;
    return RP_OK;
}

const rp_winograd_loops *rp_winograd_best(void)
{
#if defined(__x86_64__)
    if (rp_isa_here() == RP_ISA_AVX512) return &rp_winograd_avx512;
    if (rp_isa_here() == RP_ISA_AVX2) return &rp_winograd_avx2;
#endif
    return &rp_winograd_plain;
}

rp_status rp_winograd_plan(rp_op op, const rp_conv_shape *s, int threads, rp_kernel **out)
{
    return plan("winograd", rp_winograd_best(), op, s, threads, out);
}

#if defined(__x86_64__)
rp_status rp_winograd_avx2_plan(rp_op op, const rp_conv_shape *s, int threads, rp_kernel **out)
{
    return plan("winograd-avx2", &rp_winograd_avx2, op, s, threads, out);
}
#endif

rp_status rp_winograd_plain_plan(rp_op op, const rp_conv_shape *s, int threads, rp_kernel **out)
{
    return plan("winograd-plain", &rp_winograd_plain, op, s, threads, out);
}

void rp_winograd_version(char out[], size_t size)
{
    (void)snprintf(out, size, "own, built for %s", rp_winograd_best()->isa);
}
