/* tests/test_net_list.c - lists of kernels: reading, choosing, timing. */
#include "tests/net_values.h"

#include "lib/net/kernel_list.h"
#include "lib/net/kernel_tune.h"

#include <stdio.h>

#define LAYER                                                                                      \
    "- {channels: [1, 8], big: [4, 5, 6], small: [4, 5, 6], kernel: [3, 3, 3], stride: [1, 1, 1]," \
    " pad: [1, 1, 1], conv: direct, weights: blas, seconds: [0.5, 0, 0.25]}\n"

static const rp_conv_shape shape = {.big_channels = 1,
                                    .small_channels = 8,
                                    .big = {4, 5, 6},
                                    .small = {4, 5, 6},
                                    .kernel = {3, 3, 3},
                                    .stride = {1, 1, 1},
                                    .pad = {1, 1, 1}};

Test(net_list, names_the_row_of_each_operation)
{
    RP_AUTO(rp_kernel_list) list = NULL;
    RP_AUTO(rp_kernel) k = NULL;
    cr_assert(rp_kernel_list_read("x", "layers:\n" LAYER, &list) == RP_OK, "%s",
              rp_error_message());
    const rp_kernel_layer *l = rp_kernel_list_find(list, &shape);
    cr_assert(l);
    cr_expect(l->seconds[RP_OP_CONV] == 0.5 && l->seconds[RP_OP_WEIGHTS] == 0.25);
    cr_assert(rp_kernel_list_choose(list, RP_ISA_PLAIN, RP_OP_CONV, &shape, 1, &k) == RP_OK);
    cr_expect(strcmp(k->row, "direct") == 0);
    rp_kernel_drop(&k);
    cr_assert(rp_kernel_list_choose(list, RP_ISA_PLAIN, RP_OP_WEIGHTS, &shape, 1, &k) == RP_OK);
    cr_expect(strcmp(k->row, "blas") == 0);
    rp_kernel_drop(&k);
    cr_expect(rp_kernel_list_choose(list, RP_ISA_PLAIN, RP_OP_TRANSPOSED, &shape, 1, &k) ==
              RP_EUSE);
    cr_expect(strstr(rp_error_message(), "'transposed' of 1 and 8 channels, 4 x 5 x 6"), "%s",
              rp_error_message());
    rp_conv_shape other = shape;
    other.pad[2] = 0;
    cr_expect(rp_kernel_list_find(list, &other) == NULL);
    no_leaks();
}

Test(net_list, reads_what_it_writes)
{
    RP_AUTO(rp_kernel_list) list = NULL;
    RP_AUTO(rp_kernel_list) again = NULL;
    RP_TEXT_AUTO one = {0}, two = {0};
    cr_assert(rp_kernel_list_read("x", "layers:\n" LAYER, &list) == RP_OK);
    cr_assert(rp_kernel_list_write(list, &one) == RP_OK);
    cr_assert(rp_kernel_list_read("y", rp_text_get(&one), &again) == RP_OK, "%s",
              rp_error_message());
    cr_assert(rp_kernel_list_write(again, &two) == RP_OK);
    cr_expect(strcmp(rp_text_get(&one), rp_text_get(&two)) == 0);
    cr_expect(strcmp(rp_text_get(&one), "layers:\n" LAYER) == 0, "%s", rp_text_get(&one));
}

Test(net_list, mistakes_are_named_with_line_and_column)
{
    static const struct {
        const char *text, *says;
        rp_status status;
    } bad[] = {
        {"layers:\n" LAYER LAYER, "k:3:3: a layer of this shape stands above already", RP_EDATA},
        {"layers:\n- {conv: direkt}\n", "k:2:10: conv: no kernel row 'direkt'; onednn, winograd",
         RP_EUSE},
        {"layers:\n- {conv: direct}\n", "k:2:3: a layer needs channels", RP_EDATA},
        {"layers:\n- {big: [1, 2]}\n", "k:2:9: big: must be 3 whole numbers", RP_EDATA},
        {"layers:\n- {big: [1, 2, x]}\n", "k:2:9: big: must be 3 whole numbers", RP_EDATA},
        {"layers:\n- {seconds: 3}\n", "k:2:13: seconds: must be 3 numbers", RP_EDATA},
        {"layers:\n- {grid: [1, 2, 3]}\n", "a layer has no key 'grid'", RP_EDATA},
        {"layers: 3\n", "one key, layers", RP_EDATA},
        {"rows:\n- {}\n", "one key, layers", RP_EDATA},
        {"- layers\n", "one key, layers", RP_EDATA},
        {"layers: [\n", "k:2:1:", RP_EDATA},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        rp_kernel_list *list = NULL;
        cr_expect(rp_kernel_list_read("k", bad[i].text, &list) == bad[i].status, "%s",
                  bad[i].text);
        cr_expect(strstr(rp_error_message(), bad[i].says), "%s", rp_error_message());
        cr_expect(list == NULL);
    }
}

static const net_case small = {"small", {.dims = 3,
                                         .channels = 1,
                                         .classes = 2,
                                         .stages = 2,
                                         .features = {8, 16},
                                         .stride = {{1, 1, 1}, {2, 2, 2}},
                                         .kernel = {{3, 3, 3}, {3, 3, 3}},
                                         .convs_encoder = 1,
                                         .convs_decoder = 1},
                               {8, 8, 8}};

/* Calls of the progress: each operation once, in order. */
static void count_calls(void *arg, int done, int all, const char *layer, rp_op op,
                        const rp_kernel_row *row, double seconds)
{
    int *calls = arg;
    *calls += 1;
    cr_expect(done == *calls && done <= all && *layer && row && seconds >= 0, "%s",
              rp_op_name(op));
}

Test(net_list, a_tuned_list_has_a_row_for_all_that_the_engine_needs)
{
    net_bench b = net_bench_make(&small, "auto", 1, true);
    const rp_engine_settings s = net_engine_settings(&small, b.net, "auto", 1, true);
    RP_AUTO(rp_kernel_list) list = NULL;
    RP_TEXT_AUTO text = {0};
    int calls = 0;
    cr_assert(rp_kernel_tune(&s, count_calls, &calls, &list) == RP_OK, "%s", rp_error_message());
    cr_expect(list->count >= 4 && calls > list->count);
    for (int64_t i = 0; i < list->count; i++)
        for (int op = 0; op < RP_OP_COUNT; op++)
            cr_expect(!list->layer[i].row[op] ||
                      (list->layer[i].row[op]->is_timed && list->layer[i].seconds[op] > 0));
    cr_assert(rp_kernel_list_write(list, &text) == RP_OK);
    net_bench tuned = net_bench_make(&small, rp_text_get(&text), 1, true);
    rp_loss_values one, two;
    cr_assert(rp_engine_train(b.engine, b.image, b.target, b.gradient, &one) == RP_OK);
    cr_assert(rp_engine_train(tuned.engine, b.image, b.target, tuned.gradient, &two) == RP_OK);
    cr_expect(near(one.total, two.total, 1e-5, 0), "%g, %g", one.total, two.total);
    net_bench_clear(&b);
    net_bench_clear(&tuned);
}

Test(net_list, a_list_that_names_one_row_gives_that_rows_bits)
{
    net_bench b = net_bench_make(&small, "direct", 2, true);
    const rp_engine_settings s = net_engine_settings(&small, b.net, "direct", 2, true);
    RP_AUTO(rp_kernel_list) list = NULL;
    RP_TEXT_AUTO text = {0};
    cr_assert(rp_kernel_tune(&s, NULL, NULL, &list) == RP_OK, "%s", rp_error_message());
    for (int64_t i = 0; i < list->count; i++)
        for (int op = 0; op < RP_OP_COUNT; op++)
            if (list->layer[i].row[op]) list->layer[i].row[op] = rp_kernel_find("direct");
    cr_assert(rp_kernel_list_write(list, &text) == RP_OK);
    net_bench l = net_bench_make(&small, rp_text_get(&text), 2, true);
    cr_expect(strcmp(rp_engine_choices(b.engine), rp_engine_choices(l.engine)) == 0);
    rp_loss_values loss;
    cr_assert(rp_engine_train(b.engine, b.image, b.target, b.gradient, &loss) == RP_OK);
    cr_assert(rp_engine_train(l.engine, b.image, b.target, l.gradient, &loss) == RP_OK);
    cr_expect(memcmp(b.gradient, l.gradient,
                     (size_t)rp_network_weights(b.net) * sizeof(float)) == 0);
    net_bench_clear(&b);
    net_bench_clear(&l);
}

Test(net_list, an_engine_names_the_layer_that_its_list_does_not_have)
{
    RP_AUTO(rp_network) net = NULL;
    cr_assert(rp_unet_build(&small.settings, &net) == RP_OK);
    rp_engine_settings s = net_engine_settings(&small, net, "layers:\n" LAYER, 1, true);
    rp_engine *e = NULL;
    cr_expect(rp_engine_new(&s, &e) == RP_EUSE);
    cr_expect(strstr(rp_error_message(), "has no row for 'conv' of 1 and 8 channels, 8 x 8 x 8"),
              "%s", rp_error_message());
    s.kernels = "layers:\n- {conv: fast}\n";
    cr_expect(rp_engine_new(&s, &e) == RP_EUSE);
    cr_expect(e == NULL);
}
