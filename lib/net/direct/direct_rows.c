/* lib/net/direct/direct_rows.c - the rows `direct`: the sums of a convolution as they stand, any
 * kernel, stride and number of channels.
 *
 * big = small stride - pad + tap along each axis.  For one tap, the voxels of a line along x that
 * meet it lie evenly apart on both grids, so a tap of a line is a matrix product of the loops that
 * Winograd's rows use: 12 voxels x 32 channels of sums in registers (AVX-512), bound by
 * multiply-adds from 16 channels on; below, by reloading the sums at each tap.
 * 1. A task is a few lines of the output: one panel of channels after the other, its taps in order.
 *    Sums run over taps, then channels, so neither tasks nor threads bear on any bit.
 * 2. WEIGHTS: GROUPS fixed ranges of lines have sums of their own, added in order. */
#include "lib/net/kernels_priv.h"
#include "lib/net/winograd/winograd_priv.h"

#include <omp.h>
#include <stdio.h>
#include <string.h>

enum { GROUPS = 8, VOXELS_LEAST = 36 };

typedef struct direct {
    rp_kernel base;
    rp_op op;
    rp_conv_shape s;
    const rp_winograd_loops *loops;
    int64_t ci, co, panels, taps;
    const int64_t *in, *out;     /* grids as the map runs */
    int64_t lines, tasks;        /* of a task; in all */
    int64_t thread_floats, sums; /* scratch of a thread; WEIGHTS: floats of a group */
} direct;

static void drop(rp_kernel *k) { rp_free(k); }

static void split(const rp_conv_shape *s, int64_t tap, int64_t k[3])
{
    k[0] = tap / (s->kernel[1] * s->kernel[2]);
    k[1] = tap / s->kernel[2] % s->kernel[1];
    k[2] = tap % s->kernel[2];
}

/* Small voxels lo..hi of an axis whose tap k lies in the big grid; none if hi < lo. */
static void range(const rp_conv_shape *s, int a, int64_t k, int64_t *lo, int64_t *hi)
{
    const int64_t before = s->pad[a] - k, stride = s->stride[a];
    const int64_t last = s->big[a] - 1 + before;
    *lo = before > 0 ? (before + stride - 1) / stride : 0;
    *hi = last < 0 ? -1 : last / stride < s->small[a] ? last / stride : s->small[a] - 1;
}

/* The input's coordinate that meets output p at tap k along an axis, or -1. */
static int64_t meets(const direct *d, int a, int64_t p, int64_t k)
{
    const rp_conv_shape *s = &d->s;
    if (d->op != RP_OP_TRANSPOSED) {
        const int64_t b = p * s->stride[a] - s->pad[a] + k;
        return b < s->big[a] ? b : -1;
    }
    const int64_t t = p + s->pad[a] - k;
    return t >= 0 && t % s->stride[a] == 0 && t / s->stride[a] < s->small[a] ? t / s->stride[a]
                                                                             : -1;
}

/* Adds tap k of one output line (z, y) into m [voxels][columns]. */
static void add_tap(const direct *d, int64_t line, const int64_t k[3], const rp_tensor *x,
                    const float *u, float *m)
{
    const rp_conv_shape *s = &d->s;
    const int64_t columns = d->loops->columns, stride = s->stride[2];
    const int64_t z = meets(d, 0, line / d->out[1], k[0]), y = meets(d, 1, line % d->out[1], k[1]);
    int64_t lo, hi;
    range(s, 2, k[2], &lo, &hi);
    if (z < 0 || y < 0 || hi < lo) return;
    const int64_t big = lo * stride - s->pad[2] + k[2];
    const bool down = d->op == RP_OP_CONV;
    const int64_t from = (z * d->in[1] + y) * d->in[2] + (down ? big : lo);
    d->loops->product(hi - lo + 1, d->ci, d->ci, x->data + from * x->stride,
                      down ? stride * x->stride : x->stride, u, m + (down ? lo : big) * columns,
                      down ? columns : stride * columns, true);
}

static void put_line(const direct *d, int64_t line, int64_t panel, const float *m,
                     const rp_kernel_args *a, const rp_tensor *y)
{
    const int64_t columns = d->loops->columns, c = panel * columns;
    const int64_t n = d->co - c < columns ? d->co - c : columns;
    for (int64_t v = 0; v < d->out[2]; v++, m += columns) {
        float *to = y->data + (line * d->out[2] + v) * y->stride + c;
        for (int64_t i = 0; i < n; i++) {
            const float r = m[i] + (a->bias ? a->bias[c + i] : 0.0f);
            to[i] = a->add ? to[i] + r : r;
        }
    }
}

static rp_status run(const rp_kernel *k, const rp_kernel_args *a)
{
    const direct *d = (const direct *)(const void *)k;
    const bool down = d->op == RP_OP_CONV;
    const rp_tensor *x = down ? &a->big : &a->small, *y = down ? &a->small : &a->big;
    const int64_t columns = d->loops->columns, line_floats = d->out[2] * columns;
    const int64_t all = d->out[0] * d->out[1];
#pragma omp parallel for schedule(dynamic)
    for (int64_t t = 0; t < d->tasks; t++) {
        float *own = (float *)a->scratch + omp_get_thread_num() * d->thread_floats;
        const int64_t first = t * d->lines;
        const int64_t count = all - first < d->lines ? all - first : d->lines;
        for (int64_t p = 0; p < d->panels; p++) {
            const float *u = (const float *)a->packed + p * d->taps * d->ci * columns;
            memset(own, 0, (size_t)(count * line_floats) * sizeof *own);
            for (int64_t tap = 0; tap < d->taps; tap++, u += d->ci * columns) {
                int64_t at[3];
                split(&d->s, tap, at);
                for (int64_t l = 0; l < count; l++)
                    add_tap(d, first + l, at, x, u, own + l * line_floats);
            }
            for (int64_t l = 0; l < count; l++)
                put_line(d, first + l, p, own + l * line_floats, a, y);
        }
    }
    return RP_OK;
}

/* U [panel][tap][ci][columns]. */
static rp_status pack(const rp_kernel *k, const float w[], void *packed, void *scratch)
{
    (void)scratch;
    const direct *d = (const direct *)(const void *)k;
    const int64_t columns = d->loops->columns, taps = d->taps;
    const bool down = d->op == RP_OP_CONV;
#pragma omp parallel for schedule(static)
    for (int64_t job = 0; job < d->panels * taps; job++) {
        const int64_t panel = job / taps, tap = job % taps;
        float *to = (float *)packed + job * d->ci * columns;
        for (int64_t i = 0; i < d->ci; i++)
            for (int64_t l = 0; l < columns; l++) {
                const int64_t o = panel * columns + l;
                const int64_t at = (down ? o * d->ci + i : i * d->co + o) * taps + tap;
                to[i * columns + l] = o < d->co ? w[at] : 0;
            }
    }
    return RP_OK;
}

/* One line of the small grid into a group's sums [panel][tap][ci][columns]; own holds the line with
 * its channels padded. */
static void add_line(const direct *d, const rp_kernel_args *a, int64_t line, float *own, float *sum)
{
    const rp_conv_shape *s = &d->s;
    const int64_t columns = d->loops->columns, zw = d->panels * columns, stride = s->stride[2];
    for (int64_t v = 0; v < s->small[2]; v++)
        memcpy(own + v * zw, a->small.data + (line * s->small[2] + v) * a->small.stride,
               (size_t)d->co * sizeof *own);
    for (int64_t tap = 0; tap < d->taps; tap++) {
        int64_t k[3], lo, hi;
        split(s, tap, k);
        range(s, 2, k[2], &lo, &hi);
        const int64_t z = meets(d, 0, line / s->small[1], k[0]);
        const int64_t y = meets(d, 1, line % s->small[1], k[1]);
        if (z < 0 || y < 0 || hi < lo) continue;
        const int64_t big = (z * s->big[1] + y) * s->big[2] + lo * stride - s->pad[2] + k[2];
        for (int64_t p = 0; p < d->panels; p++)
            d->loops->outer(d->ci, hi - lo + 1, a->big.data + big * a->big.stride,
                            stride * a->big.stride, own + lo * zw + p * columns, zw,
                            sum + (p * d->taps + tap) * d->ci * columns, columns, true);
    }
}

static void finish(const direct *d, const float *sums, float *gradient)
{
    const int64_t columns = d->loops->columns, ci = d->ci, taps = d->taps;
#pragma omp parallel for schedule(static)
    for (int64_t o = 0; o < d->co; o++)
        for (int64_t t = 0; t < taps; t++)
            for (int64_t i = 0; i < ci; i++) {
                const float *from =
                    sums + ((o / columns * taps + t) * ci + i) * columns + o % columns;
                float sum = from[0];
                for (int64_t g = 1; g < GROUPS; g++) sum += from[g * d->sums];
                gradient[(o * ci + i) * taps + t] = sum;
            }
}

static rp_status run_weights(const rp_kernel *k, const rp_kernel_args *a)
{
    const direct *d = (const direct *)(const void *)k;
    const int64_t lines = d->s.small[0] * d->s.small[1];
    float *sums = a->scratch, *threads = sums + GROUPS * d->sums;
#pragma omp parallel
    {
        float *own = threads + omp_get_thread_num() * d->thread_floats;
        memset(own, 0, (size_t)d->thread_floats * sizeof *own);
#pragma omp for schedule(dynamic)
        for (int64_t g = 0; g < GROUPS; g++) {
            memset(sums + g * d->sums, 0, (size_t)d->sums * sizeof *sums);
            for (int64_t l = lines * g / GROUPS; l < lines * (g + 1) / GROUPS; l++)
                add_line(d, a, l, own, sums + g * d->sums);
        }
    }
    finish(d, sums, a->weights);
    return RP_OK;
}

static rp_status plan(const char *row, const rp_winograd_loops *loops, rp_op op,
                      const rp_conv_shape *s, int threads, rp_kernel **out)
{
    direct *d;
    RP_TRY(rp_alloc(1, sizeof *d, &d));
    d->op = op;
    d->s = *s;
    d->loops = loops;
    d->taps = rp_conv_taps(s);
    d->ci = op == RP_OP_TRANSPOSED ? s->small_channels : s->big_channels;
    d->co = op == RP_OP_TRANSPOSED ? s->big_channels : s->small_channels;
    d->in = op == RP_OP_TRANSPOSED ? d->s.small : d->s.big;
    d->out = op == RP_OP_TRANSPOSED ? d->s.big : d->s.small;
    const int64_t columns = loops->columns;
    d->panels = (d->co + columns - 1) / columns;
    d->lines = (VOXELS_LEAST + d->out[2] - 1) / d->out[2];
    d->tasks = (d->out[0] * d->out[1] + d->lines - 1) / d->lines;
    const bool maps = op != RP_OP_WEIGHTS;
    const int64_t weights = d->panels * d->taps * d->ci * columns;
    d->sums = maps ? 0 : weights;
    d->thread_floats = d->out[2] * columns * (maps ? d->lines : d->panels);
    d->base = (rp_kernel){.row = row,
                          .thread_invariant = true,
                          .packed_bytes = maps ? (size_t)weights * sizeof(float) : 0,
                          .scratch_bytes = (size_t)(GROUPS * d->sums + threads * d->thread_floats) *
                                           sizeof(float),
                          .pack = maps ? pack : NULL,
                          .run = maps ? run : run_weights,
                          .drop = drop};
    (void)snprintf(d->base.implementation, sizeof d->base.implementation, "%s %dx%d", loops->isa,
                   loops->rows, loops->columns);
    *out = &d->base;
    return RP_OK;
}

rp_status rp_direct_plan(rp_op op, const rp_conv_shape *s, int threads, rp_kernel **out)
{
    return plan("direct", rp_winograd_best(), op, s, threads, out);
}

#if defined(__x86_64__)
rp_status rp_direct_avx2_plan(rp_op op, const rp_conv_shape *s, int threads, rp_kernel **out)
{
    return plan("direct-avx2", &rp_winograd_avx2, op, s, threads, out);
}
#endif

rp_status rp_direct_plain_plan(rp_op op, const rp_conv_shape *s, int threads, rp_kernel **out)
{
    return plan("direct-plain", &rp_winograd_plain, op, s, threads, out);
}

void rp_direct_version(char out[], size_t size)
{
    (void)snprintf(out, size, "own, built for %s", rp_winograd_best()->isa);
}
