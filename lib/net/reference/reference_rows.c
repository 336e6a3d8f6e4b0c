/* lib/net/reference/reference_rows.c - the row `reference`: the definition, in double, one loop a
 * sum.  Tests hold every other row against it. */
#include "lib/net/kernels_priv.h"

#include <stdio.h>
#include <string.h>

typedef struct reference {
    rp_kernel base;
    rp_op op;
    rp_conv_shape s;
} reference;

/* Calls visit for every pair of a small and a big voxel that share a tap. */
typedef struct pair {
    int64_t small, big, tap;
} pair;

static bool next_pair(const rp_conv_shape *s, int64_t small, int64_t tap, pair *p)
{
    const int64_t v[3] = {small / (s->small[1] * s->small[2]), small / s->small[2] % s->small[1],
                          small % s->small[2]};
    const int64_t k[3] = {tap / (s->kernel[1] * s->kernel[2]), tap / s->kernel[2] % s->kernel[1],
                          tap % s->kernel[2]};
    int64_t at = 0;
    for (int a = 0; a < 3; a++) {
        const int64_t b = v[a] * s->stride[a] - s->pad[a] + k[a];
        if (b < 0 || b >= s->big[a]) return false;
        at = at * s->big[a] + b;
    }
    *p = (pair){small, at, tap};
    return true;
}

/* Adds the map of one pair: sum is the output in double, dense. */
static void add_pair(const reference *r, const rp_kernel_args *a, const pair *p, double sum[])
{
    const int64_t ci = r->s.big_channels, co = r->s.small_channels, taps = rp_conv_taps(&r->s);
    const float *w = a->packed, *big = a->big.data + p->big * a->big.stride;
    const float *small = a->small.data + p->small * a->small.stride;
    for (int64_t o = 0; o < co; o++)
        for (int64_t i = 0; i < ci; i++) {
            const int64_t at = (o * ci + i) * taps + p->tap;
            if (r->op == RP_OP_CONV)
                sum[p->small * co + o] += (double)w[at] * big[i];
            else if (r->op == RP_OP_TRANSPOSED)
                sum[p->big * ci + i] += (double)w[at] * small[o];
            else
                sum[at] += (double)small[o] * big[i];
        }
}

static int64_t sums(const reference *r)
{
    return r->op == RP_OP_CONV         ? rp_grid_size(r->s.small) * r->s.small_channels
           : r->op == RP_OP_TRANSPOSED ? rp_grid_size(r->s.big) * r->s.big_channels
                                       : rp_conv_weights(&r->s);
}

static rp_status run(const rp_kernel *k, const rp_kernel_args *a)
{
    const reference *r = (const reference *)(const void *)k;
    const int64_t count = sums(r), taps = rp_conv_taps(&r->s), voxels = rp_grid_size(r->s.small);
    double *sum = a->scratch;
    memset(sum, 0, (size_t)count * sizeof *sum);
    for (int64_t v = 0; v < voxels; v++)
        for (int64_t t = 0; t < taps; t++) {
            pair p;
            if (next_pair(&r->s, v, t, &p)) add_pair(r, a, &p, sum);
        }
    if (r->op == RP_OP_WEIGHTS) {
        for (int64_t i = 0; i < count; i++) a->weights[i] = (float)sum[i];
        return RP_OK;
    }
    const rp_tensor *to = r->op == RP_OP_CONV ? &a->small : &a->big;
    const int64_t c = to->shape[1];
    for (int64_t i = 0; i < count; i++) {
        float *y = to->data + i / c * to->stride + i % c;
        *y = (float)(sum[i] + (a->bias ? (double)a->bias[i % c] : 0) + (a->add ? (double)*y : 0));
    }
    return RP_OK;
}

static rp_status pack(const rp_kernel *k, const float w[], void *packed, void *scratch)
{
    (void)scratch;
    memcpy(packed, w, k->packed_bytes);
    return RP_OK;
}

static void drop(rp_kernel *k) { rp_free(k); }

rp_status rp_reference_plan(rp_op op, const rp_conv_shape *shape, int threads, rp_kernel **out)
{
    (void)threads;
    reference *r;
    RP_TRY(rp_alloc(1, sizeof *r, &r));
    r->op = op;
    r->s = *shape;
    r->base = (rp_kernel){
        .row = "reference",
        .implementation = "loops in double",
        .thread_invariant = true,
        .scratch_bytes = (size_t)sums(r) * sizeof(double),
        .packed_bytes = op == RP_OP_WEIGHTS ? 0 : (size_t)rp_conv_weights(shape) * sizeof(float),
        .pack = op == RP_OP_WEIGHTS ? NULL : pack,
        .run = run,
        .drop = drop};
    *out = &r->base;
    return RP_OK;
}

void rp_reference_version(char out[], size_t size) { (void)snprintf(out, size, "%s", ""); }
