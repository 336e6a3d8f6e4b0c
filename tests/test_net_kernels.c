/* tests/test_net_kernels.c - every kernel row against plain loops in double. */
#include "tests/harness.h"

#include "lib/base/random.h"
#include "lib/net/kernels.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A shape of tests/data/net_shapes.csv. */
static rp_conv_shape shape_of(const table *t, int row)
{
    rp_conv_shape s = {.big_channels = (int64_t)table_number(t, row, "big_channels"),
                       .small_channels = (int64_t)table_number(t, row, "small_channels")};
    for (int a = 0; a < 3; a++) {
        char name[16];
        snprintf(name, sizeof name, "n%c", "zyx"[a]);
        s.big[a] = (int64_t)table_number(t, row, name);
        snprintf(name, sizeof name, "k%c", "zyx"[a]);
        s.kernel[a] = (int64_t)table_number(t, row, name);
        snprintf(name, sizeof name, "s%c", "zyx"[a]);
        s.stride[a] = (int64_t)table_number(t, row, name);
        s.pad[a] = s.kernel[a] == s.stride[a] ? 0 : (s.kernel[a] - 1) / 2;
        s.small[a] = (s.big[a] + 2 * s.pad[a] - s.kernel[a]) / s.stride[a] + 1;
    }
    return s;
}

static float *numbers(int64_t n, uint64_t seed)
{
    float *x;
    cr_assert(rp_alloc(n, sizeof *x, &x) == RP_OK);
    rp_random r;
    rp_random_start(seed, RP_RANDOM_TEST, 0, &r);
    for (int64_t i = 0; i < n; i++) x[i] = (float)rp_random_range(&r, -1, 1);
    return x;
}

typedef struct data {
    float *big, *small, *weights, *bias;
    int64_t big_count, small_count, weight_count, big_stride, small_stride;
} data;

static int64_t volume(const int64_t n[3]) { return n[0] * n[1] * n[2]; }

static data data_of(const rp_conv_shape *s, int64_t extra)
{
    data d = {.big_stride = s->big_channels + extra, .small_stride = s->small_channels + extra};
    d.big_count = volume(s->big) * d.big_stride;
    d.small_count = volume(s->small) * d.small_stride;
    d.weight_count = s->big_channels * s->small_channels * volume(s->kernel);
    d.big = numbers(d.big_count, 1);
    d.small = numbers(d.small_count, 2);
    d.weights = numbers(d.weight_count, 3);
    d.bias = numbers(s->big_channels > s->small_channels ? s->big_channels : s->small_channels, 4);
    return d;
}

static void data_clear(data *d)
{
    rp_free(d->big);
    rp_free(d->small);
    rp_free(d->weights);
    rp_free(d->bias);
}

/* As run_row; sums, if wanted: what came with the output by parts, and how many parts. */
static rp_status run_sums(const char *row, rp_op op, const rp_conv_shape *s, int threads, bool bias,
                          data *d, bool *invariant, double **sums, int64_t *parts)
{
    RP_AUTO(rp_kernel) k = NULL;
    RP_TRY(rp_kernel_plan(rp_kernel_find(row), op, s, threads, &k));
    RP_AUTOFREE char *packed = NULL, *scratch = NULL;
    if (sums) {
        *parts = k->sum_parts;
        RP_TRY(rp_alloc(2 * k->sum_parts * s->small_channels, sizeof **sums, sums));
    }
    RP_TRY(rp_alloc((int64_t)k->packed_bytes, 1, &packed));
    RP_TRY(rp_alloc((int64_t)k->scratch_bytes, 1, &scratch));
    RP_TRY(rp_kernel_pack(k, d->weights, packed, scratch));
    rp_kernel_args a = {.big = rp_tensor_make(d->big, s->big_channels, s->big),
                        .small = rp_tensor_make(d->small, s->small_channels, s->small),
                        .packed = packed,
                        .bias = bias ? d->bias : NULL,
                        .add = s->add,
                        .sums = sums && k->sum_parts > 0 ? *sums : NULL,
                        .weights = d->weights,
                        .scratch = scratch,
                        .threads = threads};
    a.big.stride = d->big_stride;
    a.small.stride = d->small_stride;
    *invariant = k->thread_invariant;
    return rp_kernel_run(k, &a);
}

static rp_status run_row(const char *row, rp_op op, const rp_conv_shape *s, int threads, bool bias,
                         data *d, bool *invariant)
{
    return run_sums(row, op, s, threads, bias, d, invariant, NULL, NULL);
}

static const float *output(const data *d, rp_op op, int64_t *count)
{
    *count = op == RP_OP_CONV         ? d->small_count
             : op == RP_OP_TRANSPOSED ? d->big_count
                                      : d->weight_count;
    return op == RP_OP_CONV ? d->small : op == RP_OP_TRANSPOSED ? d->big : d->weights;
}

/* Largest difference over the largest value. */
static double distance(int64_t n, const float a[], const float b[])
{
    double most = 0, worst = 0;
    for (int64_t i = 0; i < n; i++) {
        most = fmax(most, fabs((double)a[i]));
        if (!(fabs((double)a[i] - b[i]) <= worst)) worst = fabs((double)a[i] - b[i]);
    }
    return worst / (most > 0 ? most : 1);
}

/* Sums in single precision over n terms of random sign: rounding grows like sqrt(n). */
static double tolerance(rp_op op, const rp_conv_shape *s)
{
    const double terms = op == RP_OP_WEIGHTS ? (double)volume(s->small)
                                             : (double)(s->big_channels + s->small_channels) *
                                                   (double)volume(s->kernel);
    return 2e-7 * (4 + sqrt(terms));
}

/* The definition in single precision: one sum after the other, each product and sum rounded. */
static void plain_loops(rp_op op, const rp_conv_shape *s, data *d)
{
    const int64_t ci = s->big_channels, co = s->small_channels, taps = volume(s->kernel);
    if (op == RP_OP_CONV) memset(d->small, 0, (size_t)d->small_count * sizeof *d->small);
    if (op == RP_OP_TRANSPOSED) memset(d->big, 0, (size_t)d->big_count * sizeof *d->big);
    if (op == RP_OP_WEIGHTS) memset(d->weights, 0, (size_t)d->weight_count * sizeof *d->weights);
    for (int64_t v = 0; v < volume(s->small); v++)
        for (int64_t t = 0; t < taps; t++) {
            const int64_t at[] = {v / (s->small[1] * s->small[2]), v / s->small[2] % s->small[1],
                                  v % s->small[2]};
            const int64_t k[] = {t / (s->kernel[1] * s->kernel[2]), t / s->kernel[2] % s->kernel[1],
                                 t % s->kernel[2]};
            int64_t b = 0;
            bool in = true;
            for (int a = 0; a < 3; a++) {
                const int64_t p = at[a] * s->stride[a] - s->pad[a] + k[a];
                in = in && p >= 0 && p < s->big[a];
                b = b * s->big[a] + p;
            }
            if (!in) continue;
            float *big = d->big + b * d->big_stride, *small = d->small + v * d->small_stride;
            for (int64_t o = 0; o < co; o++)
                for (int64_t i = 0; i < ci; i++) {
                    float *w = d->weights + (o * ci + i) * taps + t;
                    if (op == RP_OP_CONV) small[o] += *w * big[i];
                    if (op == RP_OP_TRANSPOSED) big[i] += *w * small[o];
                    if (op == RP_OP_WEIGHTS) *w += big[i] * small[o];
                }
        }
}

/* Root mean square of the differences over that of the values. */
static double relative(const float want[], const float got[], int64_t n)
{
    double sum = 0, all = 0;
    for (int64_t i = 0; i < n; i++) {
        sum += ((double)got[i] - want[i]) * ((double)got[i] - want[i]);
        all += (double)want[i] * want[i];
    }
    return sqrt(sum / (all > 0 ? all : 1));
}

/* Errors of the rows that this processor runs against sums in double, one operation on one shape,
 * beside the error of plain loops: at most four times as much. */
static void compare_errors_of(rp_op op, const rp_conv_shape *s, int shape)
{
    data want = data_of(s, 0), loops = data_of(s, 0);
    bool invariant;
    int64_t n;
    cr_assert(run_row("reference", op, s, 1, false, &want, &invariant) == RP_OK);
    plain_loops(op, s, &loops);
    const float *sums = output(&want, op, &n);
    const double plain = relative(sums, output(&loops, op, &n), n);
    for (const rp_kernel_row *row = rp_kernel_rows; row->name; row++) {
        if (row->needs > rp_isa_here()) continue;
        data got = data_of(s, 0);
        const rp_status st = run_row(row->name, op, s, 1, false, &got, &invariant);
        cr_expect(st == RP_OK || st == RP_EUNSUP, "%s: %s", row->name, rp_error_message());
        const double own = relative(sums, output(&got, op, &n), n);
        cr_expect(st != RP_OK || own <= 4 * plain, "%s %s, shape %d: error %g, of plain loops %g",
                  row->name, rp_op_name(op), shape, own, plain);
        data_clear(&got);
    }
    data_clear(&want);
    data_clear(&loops);
}

static void compare_errors(rp_op op)
{
    const table *t = table_read("tests/data/net_shapes.csv");
    cr_expect(t->rows >= 60, "%d shapes", t->rows);
    for (int r = 0; r < t->rows; r++) {
        rp_conv_shape s = shape_of(t, r);
        compare_errors_of(op, &s, r);
        s.precise = true;
        if (op == RP_OP_CONV) compare_errors_of(op, &s, r);
    }
}

/* Error of Winograd's row forward, against sums in double. */
static double winograd_error(const rp_conv_shape *s)
{
    data want = data_of(s, 0), got = data_of(s, 0);
    bool invariant;
    int64_t n;
    cr_assert(run_row("reference", RP_OP_CONV, s, 1, false, &want, &invariant) == RP_OK);
    cr_assert(run_row("winograd", RP_OP_CONV, s, 1, false, &got, &invariant) == RP_OK);
    const float *sums = output(&want, RP_OP_CONV, &n);
    const double error = relative(sums, output(&got, RP_OP_CONV, &n), n);
    data_clear(&want);
    data_clear(&got);
    return error;
}

/* Shorter tiles and sums: gradients see the rounding of activations a thousandfold. */
Test(net_kernels, forward_in_training_errs_less_than_in_inference)
{
    const table *t = table_read("tests/data/net_shapes.csv");
    int shapes = 0;
    for (int r = 0; r < t->rows; r++) {
        rp_conv_shape s = shape_of(t, r);
        if (volume(s.big) < 1024 || table_number(t, r, "winograd") != 1) continue;
        const double quick = winograd_error(&s);
        s.precise = true;
        const double precise = winograd_error(&s);
        cr_expect(precise < 0.8 * quick, "shape %d: %g, in inference %g", r, precise, quick);
        shapes++;
    }
    cr_expect(shapes >= 8, "%d shapes", shapes);
}

/* needed: the row must take the shape; others it may refuse, by name. */
static void compare(const char *row, rp_op op, const rp_conv_shape *s, int64_t extra, bool bias,
                    bool needed)
{
    data want = data_of(s, extra), got = data_of(s, extra);
    bool invariant;
    cr_assert(run_row("reference", op, s, 1, bias, &want, &invariant) == RP_OK);
    const rp_status st = run_row(row, op, s, 2, bias, &got, &invariant);
    int64_t n;
    const float *a = output(&want, op, &n), *b = output(&got, op, &n);
    cr_expect(st == RP_OK || (st == RP_EUNSUP && !needed), "%s %s: %s", row, rp_op_name(op),
              rp_error_message());
    cr_expect(st != RP_OK || distance(n, a, b) <= tolerance(op, s),
              "%s %s of %d and %d channels, %dx%dx%d, kernel %d%d%d stride %d%d%d: off by %g", row,
              rp_op_name(op), (int)s->big_channels, (int)s->small_channels, (int)s->big[0],
              (int)s->big[1], (int)s->big[2], (int)s->kernel[0], (int)s->kernel[1],
              (int)s->kernel[2], (int)s->stride[0], (int)s->stride[1], (int)s->stride[2],
              distance(n, a, b));
    data_clear(&want);
    data_clear(&got);
}

/* Whether a row promises to take an operation on a shape of the table. */
static bool takes(const char *row, rp_op op, const table *t, int r)
{
    if (strcmp(row, "onednn") == 0) return table_number(t, r, "unet") == 1;
    if (strncmp(row, "winograd", 8) != 0) return true;
    const rp_conv_shape s = shape_of(t, r);
    return table_number(t, r, "winograd") == 1 && (op != RP_OP_WEIGHTS || volume(s.small) >= 32);
}

static void compare_all(const char *row)
{
    if (rp_kernel_find(row)->needs > rp_isa_here()) skip_test("%s needs another processor", row);
    const table *t = table_read("tests/data/net_shapes.csv");
    for (int r = 0; r < t->rows; r++)
        for (int op = 0; op < RP_OP_COUNT; op++) {
            const bool needed = takes(row, (rp_op)op, t, r);
            rp_conv_shape s = shape_of(t, r);
            compare(row, (rp_op)op, &s, 0, op != RP_OP_WEIGHTS, needed);
            s.view = s.add = true; /* the same through views, added to what is there */
            compare(row, (rp_op)op, &s, 3, false, needed);
        }
}

Test(net_kernels, onednn_equals_the_definition) { compare_all("onednn"); }

Test(net_kernels, winograd_equals_the_definition) { compare_all("winograd"); }

Test(net_kernels, winograd_for_avx2_equals_the_definition) { compare_all("winograd-avx2"); }

Test(net_kernels, winograd_in_plain_c_equals_the_definition) { compare_all("winograd-plain"); }

Test(net_kernels, direct_equals_the_definition) { compare_all("direct"); }

Test(net_kernels, direct_for_avx2_equals_the_definition) { compare_all("direct-avx2"); }

Test(net_kernels, direct_in_plain_c_equals_the_definition) { compare_all("direct-plain"); }

Test(net_kernels, blas_equals_the_definition) { compare_all("blas"); }

Test(net_kernels, forward_errs_little_more_than_plain_loops) { compare_errors(RP_OP_CONV); }

Test(net_kernels, backward_errs_little_more_than_plain_loops) { compare_errors(RP_OP_TRANSPOSED); }

Test(net_kernels, weights_err_little_more_than_plain_loops) { compare_errors(RP_OP_WEIGHTS); }

Test(net_kernels, every_row_is_tested_above)
{
    int rows = 0;
    for (const rp_kernel_row *r = rp_kernel_rows; r->name; r++) rows++;
    cr_expect(rows == 9, "%d rows, but the tests know 9", rows);
}

Test(net_kernels, bits_do_not_depend_on_threads)
{
    const table *t = table_read("tests/data/net_shapes.csv");
    for (const rp_kernel_row *row = rp_kernel_rows; row->name; row++) {
        if (row->needs > rp_isa_here() || strcmp(row->name, "reference") == 0) continue;
        for (int r = 0; r < t->rows; r++)
            for (int op = 0; op < RP_OP_COUNT; op++) {
                const rp_conv_shape s = shape_of(t, r);
                data one = data_of(&s, 0);
                bool invariant;
                const rp_status st = run_row(row->name, (rp_op)op, &s, 1, false, &one, &invariant);
                cr_assert(st == RP_OK || st == RP_EUNSUP);
                static const int teams[] = {2, 3, 4, 7};
                for (int i = 0; i < 4 && invariant && st == RP_OK; i++) {
                    const int threads = teams[i];
                    data many = data_of(&s, 0);
                    cr_assert(run_row(row->name, (rp_op)op, &s, threads, false, &many,
                                      &invariant) == RP_OK);
                    int64_t n;
                    const float *a = output(&one, (rp_op)op, &n), *b = output(&many, (rp_op)op, &n);
                    cr_expect(memcmp(a, b, (size_t)n * sizeof *a) == 0,
                              "%s %s, shape %d: other bits with %d threads", row->name,
                              rp_op_name((rp_op)op), r, threads);
                    data_clear(&many);
                }
                data_clear(&one);
            }
    }
}

/* The sums that a row gives with its output are those of the output, on any team; the output has
 * the bits that it has without them. */
static void check_sums(const char *row, const rp_conv_shape *s)
{
    const int64_t c = s->small_channels;
    data alone = data_of(s, 0), one = data_of(s, 0), many = data_of(s, 0);
    RP_AUTOFREE double *sums = NULL, *again = NULL;
    int64_t parts, same;
    bool invariant;
    cr_assert(run_row(row, RP_OP_CONV, s, 1, true, &alone, &invariant) == RP_OK);
    cr_assert(run_sums(row, RP_OP_CONV, s, 1, true, &one, &invariant, &sums, &parts) == RP_OK);
    cr_assert(run_sums(row, RP_OP_CONV, s, 3, true, &many, &invariant, &again, &same) == RP_OK);
    cr_assert(parts > 0 && parts == same);
    cr_expect(memcmp(alone.small, one.small, (size_t)one.small_count * sizeof(float)) == 0);
    cr_expect(memcmp(sums, again, (size_t)(parts * 2 * c) * sizeof *sums) == 0, "%s", row);
    for (int64_t i = 0; i < c; i++) {
        double want[2] = {0}, got[2] = {0}, all = 0;
        for (int64_t v = 0; v < volume(s->small); v++) {
            const double y = (double)one.small[v * c + i];
            want[0] += y;
            want[1] += y * y;
            all += fabs(y);
        }
        for (int64_t p = 0; p < parts; p++)
            for (int k = 0; k < 2; k++) got[k] += sums[(p * 2 + k) * c + i];
        cr_expect(fabs(got[0] - want[0]) <= 1e-13 * all && near(got[1], want[1], 1e-13, 0),
                  "%s: sums %.17g %.17g of %.17g %.17g", row, got[0], got[1], want[0], want[1]);
    }
    data_clear(&alone);
    data_clear(&one);
    data_clear(&many);
}

Test(net_kernels, sums_that_come_with_an_output_are_its_own)
{
    static const char *const rows[] = {"winograd", "winograd-avx2", "winograd-plain"};
    const table *t = table_read("tests/data/net_shapes.csv");
    for (int k = 0; k < 3; k++)
        for (int r = 0; r < t->rows; r++) {
            const rp_conv_shape s = shape_of(t, r);
            const bool runs = rp_kernel_find(rows[k]) &&
                              rp_kernel_find(rows[k])->needs <= rp_isa_here() &&
                              takes(rows[k], RP_OP_CONV, t, r);
            if (runs) check_sums(rows[k], &s);
        }
}

Test(net_kernels, one_convolution_by_hand)
{
    /* 1D along x: big 1 2 3, kernel 10 20 30, padding 1: 20+60, 10+40+90, 20+60 */
    rp_conv_shape s = {.big_channels = 1,
                       .small_channels = 1,
                       .big = {1, 1, 3},
                       .small = {1, 1, 3},
                       .kernel = {1, 1, 3},
                       .stride = {1, 1, 1},
                       .pad = {0, 0, 1}};
    float big[] = {1, 2, 3}, small[3], w[] = {10, 20, 30};
    data d = {.big = big, .small = small, .weights = w, .big_stride = 1, .small_stride = 1};
    bool invariant;
    cr_assert(run_row("reference", RP_OP_CONV, &s, 1, false, &d, &invariant) == RP_OK);
    cr_expect(small[0] == 80 && small[1] == 140 && small[2] == 80);
    float one[] = {0, 1, 0};
    d.small = one;
    cr_assert(run_row("reference", RP_OP_TRANSPOSED, &s, 1, false, &d, &invariant) == RP_OK);
    cr_expect(big[0] == 10 && big[1] == 20 && big[2] == 30);
}

Test(net_kernels, refuses_shapes_that_do_not_fit_themselves)
{
    const rp_conv_shape good = {.big_channels = 2,
                                .small_channels = 2,
                                .big = {4, 4, 4},
                                .small = {4, 4, 4},
                                .kernel = {3, 3, 3},
                                .stride = {1, 1, 1},
                                .pad = {1, 1, 1}};
    rp_kernel *k = NULL;
    rp_conv_shape s = good;
    s.small[1] = 5;
    cr_expect(rp_kernel_plan(rp_kernel_find("reference"), RP_OP_CONV, &s, 1, &k) == RP_EARG);
    s = good;
    s.big_channels = 0;
    cr_expect(rp_kernel_plan(rp_kernel_find("blas"), RP_OP_CONV, &s, 1, &k) == RP_EARG);
    s = good;
    s.pad[0] = 3;
    cr_expect(rp_kernel_plan(rp_kernel_find("blas"), RP_OP_CONV, &s, 1, &k) == RP_EARG);
    cr_expect(rp_kernel_choose("onednm", RP_ISA_AVX512, RP_OP_CONV, &good, 1, &k) == RP_EUSE);
    cr_expect(strstr(rp_error_message(), "onednn") != NULL, "%s", rp_error_message());
    cr_expect(rp_kernel_choose("onednn", RP_ISA_PLAIN, RP_OP_CONV, &good, 1, &k) == RP_EUSE);
    cr_expect(k == NULL);
    /* winograd takes 8 channels or more; what is left goes by the table */
    cr_expect(rp_kernel_choose("winograd", RP_ISA_PLAIN, RP_OP_CONV, &good, 1, &k) == RP_OK);
    cr_expect(strcmp(k->row, "blas") == 0);
    rp_kernel_drop(&k);
    cr_expect(rp_kernel_choose("auto", RP_ISA_PLAIN, RP_OP_CONV, &good, 1, &k) == RP_OK);
    cr_expect(strcmp(k->row, "blas") == 0);
    rp_kernel_drop(&k);
}

/* Row that the table picks for an operation on so many voxels a side. */
static const char *picked_on(int side, bool precise, rp_isa isa, rp_op op, int64_t big,
                             int64_t small, int stride, int kernel)
{
    rp_conv_shape s = {.big_channels = big, .small_channels = small, .precise = precise};
    for (int a = 0; a < 3; a++) {
        s.big[a] = side;
        s.stride[a] = stride;
        s.kernel[a] = kernel;
        s.pad[a] = kernel == stride ? 0 : kernel / 2;
        s.small[a] = (side + 2 * s.pad[a] - kernel) / stride + 1;
    }
    rp_kernel *k = NULL;
    cr_assert(rp_kernel_choose("auto", isa, op, &s, 1, &k) == RP_OK, "%s", rp_error_message());
    const char *row = k->row;
    rp_kernel_drop(&k);
    return rp_kernel_find(row)->name;
}

static const char *picked(rp_isa isa, rp_op op, int64_t big, int64_t small, int stride, int kernel)
{
    return picked_on(16, false, isa, op, big, small, stride, kernel);
}

Test(net_kernels, the_table_picks_what_was_measured)
{
    for (int op = 0; op < RP_OP_COUNT; op++)
        cr_expect(strcmp(picked(RP_ISA_PLAIN, (rp_op)op, 32, 32, 1, 3), "winograd") == 0);
    cr_expect(strcmp(picked(RP_ISA_PLAIN, RP_OP_CONV, 32, 64, 2, 3), "blas") == 0);
    cr_expect(strcmp(picked(RP_ISA_PLAIN, RP_OP_TRANSPOSED, 32, 64, 2, 3), "direct") == 0);
    cr_expect(strcmp(picked(RP_ISA_PLAIN, RP_OP_TRANSPOSED, 32, 64, 2, 2), "blas") == 0);
    cr_expect(strcmp(picked(RP_ISA_PLAIN, RP_OP_CONV, 1, 32, 1, 3), "blas") == 0);
    if (rp_isa_here() < RP_ISA_AVX2) skip_test("what a table picks with AVX2 needs AVX2");
    for (int op = 0; op < RP_OP_COUNT; op++) {
        cr_expect(strcmp(picked(RP_ISA_AVX2, (rp_op)op, 32, 32, 1, 3), "winograd") == 0);
        cr_expect(strcmp(picked(RP_ISA_AVX2, (rp_op)op, 32, 64, 2, 3), "onednn") == 0);
    }
    const rp_isa avx2 = RP_ISA_AVX2;
    cr_expect(strcmp(picked_on(16, true, avx2, RP_OP_CONV, 32, 64, 2, 3), "direct") == 0);
    cr_expect(strcmp(picked_on(32, false, avx2, RP_OP_WEIGHTS, 64, 128, 2, 3), "direct") == 0);
    cr_expect(strcmp(picked_on(32, false, avx2, RP_OP_WEIGHTS, 256, 256, 2, 3), "onednn") == 0);
}
