/* lib/net/matmul.c - convolutions as matrix products over gathered voxels.
 *
 * 1. Work is cut in chunks of voxels whose size depends on the shape alone.  A chunk is gathered
 * and multiplied by one thread, so the number of threads bears on no bit.
 * 2. CONV: rows of small voxels, the taps of the big grid side by side [voxels][taps * big
 * channels]. TRANSPOSED: rows of big voxels, gathered from the small grid; where taps do not meet
 * (kernel = stride) the product is made once a small voxel and scattered.
 * 3. WEIGHTS: a task is one tap and one of GROUPS ranges of chunks; ranges are added in order. */
#include "lib/net/kernels_priv.h"

#include <inttypes.h>
#include <omp.h>
#include <stdio.h>
#include <string.h>

enum { GROUPS = 8, CHUNK_FLOATS = 131072, CHUNK_LEAST = 32, CHUNK_MOST = 1024 };

typedef struct matmul {
    rp_kernel base;
    rp_op op;
    rp_conv_shape s;
    rp_gemm *gemm;
    bool scatter;                        /* TRANSPOSED with disjoint taps */
    int64_t taps, voxels, chunk, chunks; /* voxels: of the grid that is walked over */
    int64_t width;                       /* floats gathered a voxel */
    int64_t groups;                      /* WEIGHTS */
    int64_t thread_floats;               /* scratch of a thread */
} matmul;

static void split(int64_t v, const int64_t n[3], int64_t at[3])
{
    at[0] = v / (n[1] * n[2]);
    at[1] = v / n[2] % n[1];
    at[2] = v % n[2];
}

static void next(const int64_t n[3], int64_t at[3])
{
    if (++at[2] < n[2]) return;
    at[2] = 0;
    if (++at[1] < n[1]) return;
    at[1] = 0;
    at[0]++;
}

/* Big voxel that tap k of small voxel at meets, or -1 in the padding. */
static int64_t big_of(const rp_conv_shape *s, const int64_t at[3], const int64_t k[3])
{
    int64_t b[3];
    for (int a = 0; a < 3; a++) {
        b[a] = at[a] * s->stride[a] - s->pad[a] + k[a];
        if (b[a] < 0 || b[a] >= s->big[a]) return -1;
    }
    return (b[0] * s->big[1] + b[1]) * s->big[2] + b[2];
}

/* Small voxel whose tap k meets big voxel at, or -1 if none does. */
static int64_t small_of(const rp_conv_shape *s, const int64_t at[3], const int64_t k[3])
{
    int64_t v[3];
    for (int a = 0; a < 3; a++) {
        const int64_t t = at[a] + s->pad[a] - k[a];
        if (t < 0 || t % s->stride[a] != 0 || t / s->stride[a] >= s->small[a]) return -1;
        v[a] = t / s->stride[a];
    }
    return (v[0] * s->small[1] + v[1]) * s->small[2] + v[2];
}

typedef int64_t meet_fn(const rp_conv_shape *s, const int64_t at[3], const int64_t k[3]);

/* Rows of voxels first, first + 1, ... of grid n: the channels of from at each of the taps
 * k0..k1-1, zeros where nothing is met. */
static void gather(const rp_conv_shape *s, meet_fn *meet, const int64_t n[3], int64_t first,
                   int64_t count, int64_t k0, int64_t k1, const rp_tensor *from, float *to)
{
    const int64_t c = from->shape[1];
    int64_t at[3];
    split(first, n, at);
    for (int64_t v = 0; v < count; v++, next(n, at))
        for (int64_t t = k0; t < k1; t++, to += c) {
            int64_t k[3];
            split(t, s->kernel, k);
            const int64_t met = meet(s, at, k);
            if (met < 0)
                memset(to, 0, (size_t)c * sizeof *to);
            else
                memcpy(to, from->data + met * from->stride, (size_t)c * sizeof *to);
        }
}

/* The other way: rows [voxels of small][taps][big channels] into disjoint places of to. */
static void scatter(const rp_conv_shape *s, int64_t first, int64_t count, const float *from,
                    const float *bias, bool add, const rp_tensor *to)
{
    const int64_t c = s->big_channels, taps = rp_conv_taps(s);
    int64_t at[3];
    split(first, s->small, at);
    for (int64_t v = 0; v < count; v++, next(s->small, at))
        for (int64_t t = 0; t < taps; t++, from += c) {
            int64_t k[3];
            split(t, s->kernel, k);
            float *restrict y = to->data + big_of(s, at, k) * to->stride;
            for (int64_t i = 0; i < c; i++)
                y[i] = (add ? y[i] : 0.0f) + (from[i] + (bias ? bias[i] : 0.0f));
        }
}

static void add_bias(const float *bias, int64_t first, int64_t count, const rp_tensor *to)
{
    for (int64_t v = first; v < first + count; v++)
        for (int64_t i = 0; i < to->shape[1]; i++) to->data[v * to->stride + i] += bias[i];
}

/* One chunk of CONV or TRANSPOSED. */
static rp_status run_chunk(const matmul *m, const rp_kernel_args *a, int64_t chunk, float *buffer)
{
    const rp_conv_shape *s = &m->s;
    const int64_t first = chunk * m->chunk;
    const int64_t count = first + m->chunk < m->voxels ? m->chunk : m->voxels - first;
    const bool down = m->op == RP_OP_CONV;
    if (m->scatter) {
        const float *x = a->small.data + first * a->small.stride;
        RP_TRY(m->gemm(false, count, m->width, s->small_channels, x, a->small.stride, a->packed,
                       m->width, 0, buffer, m->width));
        scatter(s, first, count, buffer, a->bias, a->add, &a->big);
        return RP_OK;
    }
    const rp_tensor *from = down ? &a->big : &a->small, *to = down ? &a->small : &a->big;
    const float *rows = buffer;
    int64_t row = m->width;
    if (m->taps == 1 && rp_conv_is_same(s)) { /* the rows lie ready */
        rows = from->data + first * from->stride;
        row = from->stride;
    } else {
        gather(s, down ? big_of : small_of, down ? s->small : s->big, first, count, 0, m->taps,
               from, buffer);
    }
    RP_TRY(m->gemm(false, count, to->shape[1], m->width, rows, row, a->packed, to->shape[1],
                   a->add ? 1 : 0, to->data + first * to->stride, to->stride));
    if (a->bias) add_bias(a->bias, first, count, to);
    return RP_OK;
}

static rp_status run_chunks(const rp_kernel *k, const rp_kernel_args *a)
{
    const matmul *m = (const matmul *)(const void *)k;
    rp_status worst = RP_OK;
#pragma omp parallel for schedule(dynamic) num_threads(a->threads) reduction(max : worst)
    for (int64_t c = 0; c < m->chunks; c++) {
        float *buffer = (float *)a->scratch + omp_get_thread_num() * m->thread_floats;
        const rp_status st = run_chunk(m, a, c, buffer);
        if (st > worst) worst = st;
    }
    RP_NEED(worst == RP_OK, worst, "matrix product of row '%s' failed", k->row);
    return RP_OK;
}

/* One task of WEIGHTS: part [big channels][small channels] of a tap over a range of chunks. */
static rp_status run_tap(const matmul *m, const rp_kernel_args *a, int64_t tap, int64_t group,
                         float *part, float *buffer)
{
    const rp_conv_shape *s = &m->s;
    const int64_t c0 = m->chunks * group / m->groups, c1 = m->chunks * (group + 1) / m->groups;
    memset(part, 0, (size_t)(s->big_channels * s->small_channels) * sizeof *part);
    for (int64_t c = c0; c < c1; c++) {
        const int64_t first = c * m->chunk;
        const int64_t count = first + m->chunk < m->voxels ? m->chunk : m->voxels - first;
        gather(s, big_of, s->small, first, count, tap, tap + 1, &a->big, buffer);
        RP_TRY(m->gemm(true, s->big_channels, s->small_channels, count, buffer, s->big_channels,
                       a->small.data + first * a->small.stride, a->small.stride, 1, part,
                       s->small_channels));
    }
    return RP_OK;
}

static rp_status run_weights(const rp_kernel *k, const rp_kernel_args *a)
{
    const matmul *m = (const matmul *)(const void *)k;
    const int64_t ci = m->s.big_channels, co = m->s.small_channels, one = ci * co;
    float *part = a->scratch, *buffers = part + m->taps * m->groups * one;
    rp_status worst = RP_OK;
#pragma omp parallel for schedule(dynamic) num_threads(a->threads) reduction(max : worst)
    for (int64_t t = 0; t < m->taps * m->groups; t++) {
        const rp_status st = run_tap(m, a, t / m->groups, t % m->groups, part + t * one,
                                     buffers + omp_get_thread_num() * m->thread_floats);
        if (st > worst) worst = st;
    }
    RP_NEED(worst == RP_OK, worst, "matrix product of row '%s' failed", k->row);
#pragma omp parallel for schedule(static) num_threads(a->threads)
    for (int64_t o = 0; o < co; o++)
        for (int64_t i = 0; i < ci; i++)
            for (int64_t t = 0; t < m->taps; t++) {
                float sum = part[t * m->groups * one + i * co + o];
                for (int64_t g = 1; g < m->groups; g++)
                    sum += part[(t * m->groups + g) * one + i * co + o];
                a->weights[(o * ci + i) * m->taps + t] = sum;
            }
    return RP_OK;
}

/* CONV: [tap][big][small]; TRANSPOSED gathered: [tap][small][big]; scattered: [small][tap][big]. */
static rp_status pack(const rp_kernel *k, const float w[], void *packed, void *scratch)
{
    (void)scratch;
    const matmul *m = (const matmul *)(const void *)k;
    const int64_t ci = m->s.big_channels, co = m->s.small_channels, taps = m->taps;
    float *to = packed;
    for (int64_t o = 0; o < co; o++)
        for (int64_t i = 0; i < ci; i++)
            for (int64_t t = 0; t < taps; t++) {
                const int64_t at = m->op == RP_OP_CONV ? (t * ci + i) * co + o
                                   : m->scatter        ? (o * taps + t) * ci + i
                                                       : (t * co + o) * ci + i;
                to[at] = w[(o * ci + i) * taps + t];
            }
    return RP_OK;
}

static void drop(rp_kernel *k) { rp_free(k); }

static int64_t chunk_of(int64_t width)
{
    const int64_t c = CHUNK_FLOATS / width;
    return c < CHUNK_LEAST ? CHUNK_LEAST : c > CHUNK_MOST ? CHUNK_MOST : c;
}

rp_status rp_matmul_plan(const char *row, rp_gemm *gemm, rp_op op, const rp_conv_shape *s,
                         int threads, rp_kernel **out)
{
    matmul *m;
    RP_TRY(rp_alloc(1, sizeof *m, &m));
    m->op = op;
    m->s = *s;
    m->gemm = gemm;
    m->taps = rp_conv_taps(s);
    m->scatter = op == RP_OP_TRANSPOSED && rp_conv_is_disjoint(s);
    m->voxels = rp_grid_size(op == RP_OP_TRANSPOSED && !m->scatter ? s->big : s->small);
    m->width = op == RP_OP_WEIGHTS              ? s->big_channels
               : op == RP_OP_CONV || m->scatter ? m->taps * s->big_channels
                                                : m->taps * s->small_channels;
    m->chunk = chunk_of(m->width);
    m->chunks = (m->voxels + m->chunk - 1) / m->chunk;
    m->groups = op == RP_OP_WEIGHTS && m->taps == 1 ? GROUPS : 1;
    m->thread_floats = m->chunk * m->width;
    const int64_t parts = op == RP_OP_WEIGHTS ? rp_conv_weights(s) * m->groups : 0;
    m->base = (rp_kernel){
        .row = row,
        .thread_invariant = true,
        .scratch_bytes = (size_t)(parts + m->thread_floats * threads) * sizeof(float),
        .packed_bytes = op == RP_OP_WEIGHTS ? 0 : (size_t)rp_conv_weights(s) * sizeof(float),
        .pack = op == RP_OP_WEIGHTS ? NULL : pack,
        .run = op == RP_OP_WEIGHTS ? run_weights : run_chunks,
        .drop = drop};
    (void)snprintf(m->base.implementation, sizeof m->base.implementation, "matmul:%s",
                   m->scatter     ? "scatter"
                   : m->taps == 1 ? "rows"
                                  : "gather");
    *out = &m->base;
    return RP_OK;
}
