/* lib/net/kernel_choice.c - the rows of the kernel table, and which of them works for a layer. */
#include "lib/net/kernels_priv.h"

#include <inttypes.h>
#include <omp.h>
#include <string.h>

const rp_kernel_row rp_kernel_rows[] = {
    {"onednn", "oneDNN in channels last; matrix products for heads and transposed convolutions",
     RP_ISA_AVX2, rp_onednn_plan, rp_onednn_version, false, true},
    {"winograd", "own Winograd kernels of 3x3x3 and 1x3x3 convolutions with stride 1", RP_ISA_PLAIN,
     rp_winograd_plan, rp_winograd_version, true, true},
#if defined(__x86_64__)
    {"winograd-avx2", "the same, held at AVX2", RP_ISA_AVX2, rp_winograd_avx2_plan,
     rp_winograd_version, true, false},
#endif
    {"winograd-plain", "the same in plain C", RP_ISA_PLAIN, rp_winograd_plain_plan,
     rp_winograd_version, true, false},
    {"direct", "own direct sums in blocks of registers; any kernel and stride", RP_ISA_PLAIN,
     rp_direct_plan, rp_direct_version, false, true},
#if defined(__x86_64__)
    {"direct-avx2", "the same, held at AVX2", RP_ISA_AVX2, rp_direct_avx2_plan, rp_direct_version,
     false, false},
#endif
    {"direct-plain", "the same in plain C", RP_ISA_PLAIN, rp_direct_plain_plan, rp_direct_version,
     false, false},
    {"blas", "matrix products of OpenBLAS over gathered voxels", RP_ISA_PLAIN, rp_blas_plan,
     rp_blas_version, false, true},
    {"reference", "plain loops in double, slow, for tests", RP_ISA_PLAIN, rp_reference_plan,
     rp_reference_version, false, false},
    {0},
};

/* The first one that matches and takes the shape wins.  Measured on Zen 4: from 16 x 32 channels on
 * Winograd takes less than oneDNN's time, from 32 x 32 on less than half of it.  Without AVX2, in
 * plain C, it takes two thirds of the time of OpenBLAS with AVX-512; where taps overlap with a
 * stride, direct sums backward take a third of it.  With AVX2 direct sums win gradients by the
 * weights of strided layers as long as the sums stay near the cores.  Forward they lose a tenth of
 * such a layer's time, and err a third as much: in training, where most rounding of a network came
 * from these layers' long sums (docs/performance.md), they run. */
static const struct choice {
    rp_op op;
    rp_isa least;
    int64_t channels_least, channels_most; /* product of both channel counts; 0: any */
    int64_t voxels_least;                  /* of the small grid */
    bool overlap;                          /* only where the taps of two small voxels meet */
    bool precise;                          /* only where rounding matters */
    const char *row;
} choices[] = {
    {RP_OP_CONV, RP_ISA_PLAIN, 512, 0, 0, false, false, "winograd"},
    {RP_OP_TRANSPOSED, RP_ISA_PLAIN, 512, 0, 0, false, false, "winograd"},
    {RP_OP_WEIGHTS, RP_ISA_PLAIN, 512, 0, 0, false, false, "winograd"},
    {RP_OP_CONV, RP_ISA_AVX2, 512, 0, 0, true, true, "direct"},
    {RP_OP_WEIGHTS, RP_ISA_AVX2, 512, 128 * 256, 4096, true, false, "direct"},
    {RP_OP_CONV, RP_ISA_AVX2, 0, 0, 0, false, false, "onednn"},
    {RP_OP_TRANSPOSED, RP_ISA_AVX2, 0, 0, 0, false, false, "onednn"},
    {RP_OP_WEIGHTS, RP_ISA_AVX2, 0, 0, 0, false, false, "onednn"},
    {RP_OP_CONV, RP_ISA_PLAIN, 0, 0, 0, false, false, "blas"},
    {RP_OP_TRANSPOSED, RP_ISA_PLAIN, 512, 0, 0, true, false, "direct"},
    {RP_OP_TRANSPOSED, RP_ISA_PLAIN, 0, 0, 0, false, false, "blas"},
    {RP_OP_WEIGHTS, RP_ISA_PLAIN, 0, 0, 0, false, false, "blas"},
};

rp_isa rp_isa_here(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
        return RP_ISA_AVX512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return RP_ISA_AVX2;
#endif
    return RP_ISA_PLAIN;
}

const char *rp_isa_name(rp_isa isa)
{
    static const char *const name[] = {"plain", "avx2", "avx512"};
    return name[isa];
}

const char *rp_op_name(rp_op op)
{
    static const char *const name[] = {"conv", "transposed", "weights"};
    return name[op];
}

const rp_kernel_row *rp_kernel_find(const char *name)
{
    for (const rp_kernel_row *r = rp_kernel_rows; r->name; r++)
        if (strcmp(r->name, name) == 0) return r;
    return NULL;
}

void rp_kernel_names(rp_text *out)
{
    for (const rp_kernel_row *r = rp_kernel_rows; r->name; r++)
        rp_text_add(out, "%s%s", r == rp_kernel_rows ? "" : ", ", r->name);
}

bool rp_kernels_are_named(const char *kernels)
{
    return strcmp(kernels, "auto") == 0 || rp_kernel_find(kernels);
}

static rp_status unknown_row(const char *kernels)
{
    RP_TEXT_AUTO known = {0};
    rp_kernel_names(&known);
    RP_FAIL(RP_EUSE, "kernels '%s' are unknown; auto, %s are possible", kernels,
            rp_text_get(&known));
}

static rp_status choose_by_table(rp_isa isa, rp_op op, const rp_conv_shape *shape, int threads,
                                 rp_kernel **out)
{
    const int64_t channels = shape->big_channels * shape->small_channels;
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
        const struct choice *c = &choices[i];
        if (c->op != op || c->least > isa || channels < c->channels_least) continue;
        if (c->channels_most > 0 && channels > c->channels_most) continue;
        if (rp_grid_size(shape->small) < c->voxels_least) continue;
        if ((c->overlap && rp_conv_is_disjoint(shape)) || (c->precise && !shape->precise)) continue;
        const rp_status st = rp_kernel_plan(rp_kernel_find(c->row), op, shape, threads, out);
        if (st != RP_EUNSUP) return st;
    }
    RP_FAIL(RP_EUNSUP, "no kernel takes %s of %" PRId64 " and %" PRId64 " channels", rp_op_name(op),
            shape->big_channels, shape->small_channels);
}

rp_status rp_kernel_choose(const char *kernels, rp_isa isa, rp_op op, const rp_conv_shape *shape,
                           int threads, rp_kernel **out)
{
    if (strcmp(kernels, "auto") == 0) return choose_by_table(isa, op, shape, threads, out);
    const rp_kernel_row *row = rp_kernel_find(kernels);
    if (!row) return unknown_row(kernels);
    RP_NEED(row->needs <= isa, RP_EUSE, "kernels '%s' need %s, this processor has %s", kernels,
            rp_isa_name(row->needs), rp_isa_name(isa));
    const rp_status st = rp_kernel_plan(row, op, shape, threads, out);
    if (st != RP_EUNSUP || !row->partial) return st;
    return choose_by_table(isa, op, shape, threads, out);
}

static rp_status check_axis(const rp_conv_shape *s, int a)
{
    const int64_t n = s->big[a], k = s->kernel[a], t = s->stride[a], p = s->pad[a];
    RP_NEED(n >= 1 && k >= 1 && t >= 1 && p >= 0 && p < k, RP_EARG,
            "convolution of %" PRId64 " voxels, kernel %" PRId64 ", stride %" PRId64
            ", padding %" PRId64 " along %c",
            n, k, t, p, "zyx"[a]);
    const int64_t last = n + 2 * p - k;
    RP_NEED(last >= 0 && s->small[a] == last / t + 1, RP_EARG,
            "convolution of %" PRId64 " voxels, kernel %" PRId64 ", stride %" PRId64
            ", padding %" PRId64 " along %c does not give %" PRId64,
            n, k, t, p, "zyx"[a], s -> small[a]);
    return RP_OK;
}

rp_status rp_kernel_plan(const rp_kernel_row *row, rp_op op, const rp_conv_shape *shape,
                         int threads, rp_kernel **out)
{
    RP_NEED(shape->big_channels >= 1 && shape->small_channels >= 1 && threads >= 1, RP_EARG,
            "convolution of %" PRId64 " and %" PRId64 " channels on %d threads",
            shape->big_channels, shape->small_channels, threads);
    for (int a = 0; a < 3; a++) RP_TRY(check_axis(shape, a));
    const int team = omp_get_max_threads();
    omp_set_num_threads(threads);
    const rp_status st = row->plan(op, shape, threads, out);
    omp_set_num_threads(team);
    return st;
}

void rp_kernel_drop(rp_kernel **k)
{
    if (*k) (*k)->drop(*k);
    *k = NULL;
}

rp_status rp_kernel_pack(const rp_kernel *k, const float w[], void *packed, void *scratch)
{
    return k->pack ? k->pack(k, w, packed, scratch) : RP_OK;
}

rp_status rp_kernel_run(const rp_kernel *k, const rp_kernel_args *args)
{
    const int team = omp_get_max_threads();
    omp_set_num_threads(args->threads);
    const rp_status st = k->run(k, args);
    omp_set_num_threads(team);
    return st;
}

int64_t rp_conv_taps(const rp_conv_shape *s) { return s->kernel[0] * s->kernel[1] * s->kernel[2]; }

int64_t rp_conv_weights(const rp_conv_shape *s)
{
    return s->small_channels * s->big_channels * rp_conv_taps(s);
}

int64_t rp_grid_size(const int64_t n[3]) { return n[0] * n[1] * n[2]; }

bool rp_conv_is_disjoint(const rp_conv_shape *s)
{
    for (int a = 0; a < 3; a++)
        if (s->kernel[a] != s->stride[a] || s->pad[a] != 0 ||
            s->small[a] * s->stride[a] != s->big[a])
            return false;
    return true;
}

bool rp_conv_is_same(const rp_conv_shape *s)
{
    for (int a = 0; a < 3; a++)
        if (s->stride[a] != 1 || s->kernel[a] % 2 == 0 || s->pad[a] != s->kernel[a] / 2)
            return false;
    return true;
}
