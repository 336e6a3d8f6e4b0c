/* lib/net/winograd/winograd_weights.c - gradients by the weights: sums over tiles of V^T Z.
 *
 * 1. Grids of many tiles are cut in GROUPS ranges of tiles with sums of their own (a thread each at
 *    a time), which are added in order.  Within a range strips follow the cache; the sum runs over
 *    tiles in order whatever the strip is.
 * 2. Grids of few tiles are transformed whole: Z for all channels, V for some at a time; a task is
 * a block of input channels by a block of output channels, whose points fit the cache and become
 *    weights at once.  A block is larger than the registers of a narrow instruction set hold: V and
 *    Z come from beyond the cache once a block.
 * Which of the two follows from the shape alone. */
#include "lib/net/winograd/winograd_plan.h"

#include <omp.h>
#include <string.h>

enum { GROUPS = 8, CHUNK = 48, STRIP_MOST = 48, BLOCK_ROWS = 12 };

static int64_t round_up(int64_t n, int64_t to) { return (n + to - 1) / to * to; }

/* Points of one input channel and a panel, [points][columns] `point` apart, become its weights. */
static void put_weights(const rp_winograd *w, int64_t i, int64_t panel, float *u, float *gradient)
{
    const int64_t taps = rp_conv_taps(&w->s), columns = w->loops->columns;
    float g[27 * RP_WINOGRAD_COLUMNS];
    rp_winograd_gradient(&w->tiles, (int)columns, u, g);
    for (int64_t l = 0; l < columns && panel * columns + l < w->co; l++) {
        float *to = gradient + ((panel * columns + l) * w->ci + i) * taps;
        for (int64_t t = 0; t < taps; t++) to[t] = g[t * columns + l];
    }
}

/* ---- many tiles: groups ---- */

/* Sums of a group: [panel][point][ci][columns]. */
static int64_t sum_floats(const rp_winograd *w)
{
    return w->panels * w->tiles.points * w->ci * w->loops->columns;
}

static void add_strip(const rp_winograd *w, const rp_kernel_args *a, int64_t first, int64_t count,
                      bool add, float *own, float *sum)
{
    const int64_t columns = w->loops->columns, points = w->tiles.points;
    const rp_points v = {own, w->strip * w->vw + RP_WINOGRAD_PAD, w->vw};
    const rp_points z = {own + w->v_floats, w->strip * w->zw + RP_WINOGRAD_PAD, w->zw};
    w->loops->input(&w->tiles, first, count, w->ci, a->big.data, a->big.stride, &v);
    w->loops->adjoint(&w->tiles, first, count, w->co, a->small.data, a->small.stride, &z);
    for (int64_t p = 0; p < w->panels; p++)
        for (int64_t f = 0; f < points; f++)
            w->loops->outer(w->ci, count, v.data + f * v.point, v.width,
                            z.data + f * z.point + p * columns, z.width,
                            sum + (p * points + f) * w->ci * columns, columns, add);
}

static void finish_groups(const rp_winograd *w, const float *sums, float *gradient)
{
    const int64_t columns = w->loops->columns, points = w->tiles.points, all = sum_floats(w);
#pragma omp parallel for schedule(static)
    for (int64_t job = 0; job < w->panels * w->ci; job++) {
        const int64_t panel = job / w->ci, i = job % w->ci;
        float u[RP_WINOGRAD_POINTS * RP_WINOGRAD_COLUMNS];
        for (int64_t f = 0; f < points; f++) {
            const float *from = sums + ((panel * points + f) * w->ci + i) * columns;
            float *to = u + f * columns;
            memcpy(to, from, (size_t)columns * sizeof *to);
            for (int64_t g = 1; g < w->groups; g++)
                for (int64_t l = 0; l < columns; l++) to[l] += from[g * all + l];
        }
        put_weights(w, i, panel, u, gradient);
    }
}

static rp_status run_groups(const rp_kernel *k, const rp_kernel_args *a)
{
    const rp_winograd *w = (const rp_winograd *)(const void *)k;
    const int64_t all = sum_floats(w), tiles = w->tiles.count;
    float *sums = a->scratch, *threads = sums + w->groups * all;
#pragma omp parallel for schedule(dynamic)
    for (int64_t g = 0; g < w->groups; g++) {
        float *own = threads + omp_get_thread_num() * w->thread_floats;
        const int64_t begin = tiles * g / w->groups, end = tiles * (g + 1) / w->groups;
        for (int64_t t = begin; t < end; t += w->strip)
            add_strip(w, a, t, end - t < w->strip ? end - t : w->strip, t > begin, own,
                      sums + g * all);
    }
    finish_groups(w, sums, a->weights);
    return RP_OK;
}

/* ---- few tiles: whole ---- */

/* Panels of a block. */
static int64_t block_panels(const rp_winograd *w)
{
    return RP_WINOGRAD_COLUMNS / w->loops->columns;
}

/* Points of a block: input channels i.. of the chunk [i0, end), panels from first on. */
static void run_block(const rp_winograd *w, const rp_points *v, const rp_points *z, int64_t i0,
                      int64_t i, int64_t end, int64_t first, float *own, float *gradient)
{
    const int64_t columns = w->loops->columns, points = w->tiles.points, row = points * columns;
    const int64_t count = end - i < BLOCK_ROWS ? end - i : BLOCK_ROWS;
    const int64_t left = w->panels - first;
    const int64_t panels = left < block_panels(w) ? left : block_panels(w);
    for (int64_t f = 0; f < points; f++)
        for (int64_t p = 0; p < panels; p++)
            w->loops->outer(count, w->tiles.count, v->data + f * v->point + i - i0, v->width,
                            z->data + f * z->point + (first + p) * columns, z->width,
                            own + p * BLOCK_ROWS * row + f * columns, row, false);
    for (int64_t p = 0; p < panels; p++)
        for (int64_t r = 0; r < count; r++)
            put_weights(w, i + r, first + p, own + (p * BLOCK_ROWS + r) * row, gradient);
}

static rp_status run_whole(const rp_kernel *k, const rp_kernel_args *a)
{
    const rp_winograd *w = (const rp_winograd *)(const void *)k;
    float *scratch = a->scratch;
    const rp_points v = {scratch, w->strip * w->vw + RP_WINOGRAD_PAD, w->vw};
    const rp_points z = {scratch + w->v_floats, w->strip * w->zw + RP_WINOGRAD_PAD, w->zw};
    float *threads = z.data + w->z_floats;
    const int64_t lanes = w->loops->lanes, n = w->tiles.count;
    const int64_t across = (w->panels + block_panels(w) - 1) / block_panels(w);
#pragma omp parallel
    {
        float *own = threads + omp_get_thread_num() * w->thread_floats;
#pragma omp for schedule(dynamic)
        for (int64_t c = 0; c < w->co; c += lanes) {
            const rp_points part = {z.data + c, z.point, z.width};
            w->loops->adjoint(&w->tiles, 0, n, w->co - c < lanes ? w->co - c : lanes,
                              a->small.data + c, a->small.stride, &part);
        }
        for (int64_t i0 = 0; i0 < w->ci; i0 += w->chunk) {
            const int64_t end = i0 + w->chunk < w->ci ? i0 + w->chunk : w->ci;
            const int64_t down = (end - i0 + BLOCK_ROWS - 1) / BLOCK_ROWS;
#pragma omp for schedule(dynamic)
            for (int64_t c = i0; c < end; c += lanes) {
                const rp_points part = {v.data + c - i0, v.point, v.width};
                w->loops->input(&w->tiles, 0, n, end - c < lanes ? end - c : lanes, a->big.data + c,
                                a->big.stride, &part);
            }
#pragma omp for schedule(dynamic)
            for (int64_t t = 0; t < down * across; t++)
                run_block(w, &v, &z, i0, i0 + t % down * BLOCK_ROWS, end,
                          t / down * block_panels(w), own, a->weights);
        }
    }
    return RP_OK;
}

void rp_winograd_plan_weights(rp_winograd *w, int threads)
{
    const int64_t columns = w->loops->columns, points = w->tiles.points, n = w->tiles.count;
    w->zw = w->panels * columns;
    w->whole = n * w->zw * points <= RP_WINOGRAD_WHOLE;
    w->chunk = w->ci < CHUNK ? w->vw : CHUNK;
    if (w->whole) {
        w->strip = n;
        w->vw = w->chunk;
        w->groups = 0;
    } else {
        const int64_t tile = points * (w->vw + w->zw) * (int64_t)sizeof(float);
        const int64_t fit = rp_winograd_cache() * 3 / 4 / tile / 8 * 8;
        w->strip = fit < 16 ? 16 : fit > STRIP_MOST ? STRIP_MOST : fit;
        w->groups = GROUPS;
    }
    w->v_floats = round_up(points * (w->strip * w->vw + RP_WINOGRAD_PAD), 16);
    w->z_floats = round_up(points * (w->strip * w->zw + RP_WINOGRAD_PAD), 16);
    w->thread_floats =
        w->whole ? points * columns * BLOCK_ROWS * block_panels(w) : w->v_floats + w->z_floats;
    const int64_t shared = w->whole ? w->v_floats + w->z_floats : w->groups * sum_floats(w);
    w->base.scratch_bytes = (size_t)(shared + threads * w->thread_floats) * sizeof(float);
    w->base.run = w->whole ? run_whole : run_groups;
}
