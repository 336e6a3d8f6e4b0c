/* bench/bench_layers.c - each convolution of a network alone, by every row of the kernel table.
 *
 * usage: bench_layers [NETWORK] [ROW...]      (default: unet3d, auto and all rows but reference)
 *
 * One thread.  Seconds are the least CPU time of several runs: what the kernel costs when others
 * leave it its caches.  Rates count the operations of the direct sum, so Winograd may exceed 100 %
 * of the FMA rate, which is measured in the same run. */
#include "bench/harness.h"
#include "bench/networks.h"

#include "lib/base/clock.h"
#include "lib/base/random.h"
#include "lib/net/kernels.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { RUNS_LEAST = 3, RUNS_MOST = 12, SHAPES_MOST = 64, ROWS_MOST = 16 };
static const double run_seconds = 0.3;

typedef struct arrays {
    int64_t count;
    float *big, *small, *weights;
} arrays;

static void arrays_clear(arrays *a)
{
    rp_free(a->big);
    rp_free(a->small);
    rp_free(a->weights);
}

static int64_t product3(const int64_t n[3]) { return n[0] * n[1] * n[2]; }

static rp_status noise(int64_t n, float **out)
{
    RP_TRY(rp_alloc(n, sizeof **out, out));
    rp_random r;
    rp_random_start(3, RP_RANDOM_TEST, 0, &r);
    for (int64_t i = 0; i < n; i++) (*out)[i] = (float)rp_random_range(&r, -1, 1);
    return RP_OK;
}

static rp_status arrays_new(const rp_conv_shape *s, arrays *a)
{
    RP_TRY(noise(product3(s->big) * s->big_channels, &a->big));
    RP_TRY(noise(product3(s->small) * s->small_channels, &a->small));
    return noise(product3(s->kernel) * s->big_channels * s->small_channels, &a->weights);
}

/* Least seconds of a planned operation; implementation gets what the row chose. */
static rp_status time_op(const char *row, rp_op op, const rp_conv_shape *s, const arrays *data,
                         double *seconds, char implementation[64])
{
    RP_AUTO(rp_kernel) k = NULL;
    /* A row's name means that row alone: choosing would hand what it does not take to another. */
    const rp_kernel_row *named = rp_kernel_find(row);
    if (named)
        RP_TRY(rp_kernel_plan(named, op, s, 1, &k));
    else
        RP_TRY(rp_kernel_choose(row, rp_isa_here(), op, s, 1, &k));
    RP_AUTOFREE char *packed = NULL, *scratch = NULL;
    RP_TRY(rp_alloc((int64_t)k->packed_bytes, 1, &packed));
    RP_TRY(rp_alloc((int64_t)k->scratch_bytes, 1, &scratch));
    RP_TRY(rp_kernel_pack(k, data->weights, packed, scratch));
    rp_kernel_args a = {.big = rp_tensor_make(data->big, s->big_channels, s->big),
                        .small = rp_tensor_make(data->small, s->small_channels, s->small),
                        .packed = packed,
                        .weights = data->weights,
                        .scratch = scratch,
                        .threads = 1};
    RP_TRY(rp_kernel_run(k, &a));
    const double start = rp_clock_cpu();
    *seconds = 1e30;
    for (int i = 0; i < RUNS_MOST; i++) {
        const double now = rp_clock_cpu();
        if (i >= RUNS_LEAST && now - start > run_seconds) break;
        RP_TRY(rp_kernel_run(k, &a));
        const double took = rp_clock_cpu() - now;
        if (took < *seconds) *seconds = took;
    }
    (void)snprintf(implementation, 64, "%s %.40s", k->row, k->implementation);
    return RP_OK;
}

static rp_status time_shape(const rp_conv_shape *s, int rows, char *row[], double peak)
{
    arrays data = {0};
    RP_TRY(arrays_new(s, &data));
    const double flops =
        2.0 *
        (double)(product3(s->small) * s->big_channels * s->small_channels * product3(s->kernel)) /
        1e9;
    for (int op = 0; op < RP_OP_COUNT; op++)
        for (int r = 0; r < rows; r++) {
            double seconds;
            char how[64];
            const rp_status st = time_op(row[r], (rp_op)op, s, &data, &seconds, how);
            if (st == RP_EUNSUP) continue;
            if (st != RP_OK) {
                arrays_clear(&data);
                return st;
            }
            printf("%4" PRId64 " to %4" PRId64 "  %4" PRId64 "%4" PRId64 "%4" PRId64
                   "  k%d%d%d s%d  %-10s %9.5f %8.1f %5.0f %%  %s: %s\n",
                   s->big_channels, s->small_channels, s->big[0], s->big[1], s->big[2],
                   (int)s->kernel[0], (int)s->kernel[1], (int)s->kernel[2], (int)s->stride[2],
                   rp_op_name((rp_op)op), seconds, flops / seconds, 100 * flops / seconds / peak,
                   row[r], how);
            (void)fflush(stdout);
        }
    arrays_clear(&data);
    return RP_OK;
}

static rp_conv_shape shape_of(const rp_network *net, const int64_t (*size)[3], const rp_layer *l)
{
    const int big = l->kind == RP_LAYER_CONV ? l->in[0] : l->out;
    const int small = l->kind == RP_LAYER_CONV ? l->out : l->in[0];
    rp_conv_shape s = {.big_channels = net->value[big].channels,
                       .small_channels = net->value[small].channels};
    for (int a = 0; a < 3; a++) {
        s.big[a] = size[big][a];
        s.small[a] = size[small][a];
        s.kernel[a] = l->kernel[a];
        s.stride[a] = l->stride[a];
        s.pad[a] = l->kind == RP_LAYER_CONV ? (l->kernel[a] - 1) / 2 : 0;
    }
    return s;
}

static rp_status run(const char *name, int rows, char *row[])
{
    rp_bench_network about;
    RP_TRY(rp_bench_network_find(name, &about));
    RP_AUTO(rp_network) net = NULL;
    RP_TRY(rp_unet_build(&about.settings, &net));
    RP_AUTOFREE int64_t(*size)[3] = NULL;
    RP_TRY(rp_alloc(net->values, sizeof *size, &size));
    RP_TRY(rp_network_sizes(net, about.patch, size));
    rp_conv_shape seen[SHAPES_MOST];
    int shapes = 0;
    const double peak = rp_bench_fma_rate();
    printf("%s: %s; FMA rate of one thread %.0f GFLOP/s\n", name, about.meaning, peak);
    printf("channels      grid              operation    seconds  GFLOP/s  of it  row: what ran\n");
    for (int i = 0; i < net->layers && shapes < SHAPES_MOST; i++) {
        const rp_layer *l = &net->layer[i];
        if (l->kind != RP_LAYER_CONV && l->kind != RP_LAYER_UP) continue;
        const rp_conv_shape s = shape_of(net, (const int64_t(*)[3])size, l);
        bool known = false;
        for (int k = 0; k < shapes; k++) known = known || memcmp(&seen[k], &s, sizeof s) == 0;
        if (known) continue;
        seen[shapes++] = s;
        RP_TRY(time_shape(&s, rows, row, peak));
    }
    return RP_OK;
}

int main(int argc, char **argv)
{
    char names[ROWS_MOST][16] = {"auto"}, *row[ROWS_MOST] = {names[0]};
    int rows = argc <= 2;
    for (int i = 2; i < argc; i++) {
        if (rows == ROWS_MOST) return rp_bench_fail(RP_EUSE);
        row[rows++] = argv[i];
    }
    for (const rp_kernel_row *r = rp_kernel_rows; argc <= 2 && r->name; r++) {
        if (r->needs > rp_isa_here() || strcmp(r->name, "reference") == 0) continue;
        if (rows == ROWS_MOST) return rp_bench_fail(RP_EBUG);
        (void)snprintf(names[rows], sizeof names[rows], "%s", r->name);
        row[rows] = names[rows];
        rows++;
    }
    const rp_status st = run(argc > 1 ? argv[1] : "unet3d", rows, row);
    return st == RP_OK ? 0 : rp_bench_fail(st);
}
