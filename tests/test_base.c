/* tests/test_base.c - lib/base. */
#include "lib/base/digest.h"
#include "lib/base/pool.h"
#include "lib/base/random.h"
#include "lib/base/summary.h"
#include "lib/base/text.h"
#include "lib/base/tree.h"
#include "lib/base/words.h"
#include "tests/harness.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Known answers of the Random123 distribution (kat_vectors, philox4x32 10). */
Test(random, philox_gives_the_published_answers)
{
    const table *t = table_read("tests/data/philox.csv");
    for (int row = 0; row < t->rows; row++) {
        uint32_t v[10], out[4];
        static const char *const name[] = {"c0", "c1", "c2", "c3", "k0", "k1", "r0", "r1", "r2", "r3"};
        for (int i = 0; i < 10; i++) v[i] = (uint32_t)strtoul(table_text(t, row, name[i]), NULL, 16);
        rp_philox(v + 4, v, out);
        for (int i = 0; i < 4; i++) cr_expect_eq(out[i], v[6 + i], "row %d word %d", row, i);
    }
}

Test(random, sample_does_not_depend_on_what_was_drawn_before)
{
    rp_random a, b;
    rp_random_start(7, RP_RANDOM_TEST, 41, &a);
    for (int i = 0; i < 9; i++) (void)rp_random_u32(&a);
    rp_random_start(7, RP_RANDOM_TEST, 42, &a);
    rp_random_start(7, RP_RANDOM_TEST, 42, &b);
    for (int i = 0; i < 9; i++) cr_expect_eq(rp_random_u32(&a), rp_random_u32(&b));
    rp_random_start(7, RP_RANDOM_AUGMENT, 42, &a);
    rp_random_start(7, RP_RANDOM_TEST, 42, &b);
    cr_expect_neq(rp_random_u64(&a), rp_random_u64(&b));
}

Test(random, normal_has_mean_zero_and_variance_one)
{
    rp_random r;
    rp_random_start(1, RP_RANDOM_TEST, 0, &r);
    double s = 0, q = 0;
    const int n = 100000;
    for (int i = 0; i < n; i++) {
        const double x = rp_random_normal(&r);
        s += x;
        q += x * x;
    }
    cr_expect_lt(s / n * s / n, 25.0 / n); /* 5 standard errors */
    cr_expect(near(q / n, 1, 0, 5 * 1.4143 / 316.2));
}

Test(random, permutation_holds_each_index_once)
{
    rp_random r;
    int64_t order[101];
    bool seen[101] = {false};
    rp_random_start(3, RP_RANDOM_PERMUTE, 0, &r);
    rp_random_permute(&r, 101, order);
    for (int i = 0; i < 101; i++) {
        cr_expect(!seen[order[i]]);
        seen[order[i]] = true;
    }
}

Test(memory, sizes_that_overflow_are_refused)
{
    size_t bytes = 7;
    cr_expect_eq(rp_bytes(INT64_MAX, 8, &bytes), RP_EARG);
    cr_expect_eq(bytes, 7);
    cr_expect_eq(rp_bytes(-1, 8, &bytes), RP_EARG);
    void *p = NULL;
    cr_expect_eq(rp_alloc(INT64_MAX / 2, 1, &p), RP_EMEM);
    cr_expect_null(p);
}

static rp_status fails_inside(void)
{
    RP_FAIL(RP_EDATA, "slice %d", 3);
}

Test(status, message_is_kept_and_context_stands_before_it)
{
    rp_status st = fails_inside();
    cr_expect_str_eq(rp_error_message(), "slice 3");
    st = rp_error_within(st, "case '%s'", "P1");
    cr_expect_eq(st, RP_EDATA);
    cr_expect_str_eq(rp_error_message(), "case 'P1': slice 3");
    cr_expect(strstr(rp_error_trail(), "fails_inside"));
}

Test(text, numbers_are_read_whole_or_not_at_all)
{
    int64_t i = 7;
    double x = 7;
    cr_expect(rp_read_int("-12", &i) && i == -12);
    cr_expect(!rp_read_int("12a", &i) && !rp_read_int("", &i) && !rp_read_int(" 1", &i));
    cr_expect(!rp_read_int("99999999999999999999", &i));
    cr_expect(rp_read_double("1e-3", &x) && x == 1e-3);
    cr_expect(!rp_read_double("nan", &x) && !rp_read_double("0x1p3", &x) && !rp_read_double("1e999", &x));
    cr_expect_eq(x, 1e-3);
}

Test(text, patterns_match_whole_names)
{
    cr_expect(rp_text_match("GTV*", "GTV_Mass_PET"));
    cr_expect(rp_text_match("GTV*PET", "GTV_Mass_PET"));
    cr_expect(!rp_text_match("GTV", "GTV_Mass"));
    cr_expect(!rp_text_match("?TV*", "TV"));
    cr_expect(rp_text_match("*", ""));
    cr_expect_eq(rp_text_distance("bacth", "batch"), 2);
}

Test(text, names_with_numbers_stand_in_the_order_of_the_numbers)
{
    cr_expect_lt(rp_text_compare_natural("P2", "P10"), 0);
    cr_expect_gt(rp_text_compare_natural("P10a", "P10"), 0);
    cr_expect_neq(rp_text_compare_natural("P01", "P1"), 0);
    cr_expect_eq(rp_text_compare_natural("P1", "P1"), 0);
}

Test(text, json_strings_are_escaped)
{
    RP_TEXT_AUTO t = {0};
    rp_text_add_json(&t, "a\"\\\n\xC3\xA9\xFF");
    cr_expect_str_eq(rp_text_get(&t), "\"a\\\"\\\\\\u000a\xC3\xA9\\ufffd\"");
}

Test(tree, yaml_keeps_places_and_refuses_what_is_doubtful)
{
    const char *good = "task: segmentation\ntrain: {batch: 4, patch: [1, 2]}\nname: '7'\n";
    rp_tree *t = NULL;
    cr_assert_eq(rp_tree_yaml("job.yaml", (int64_t)strlen(good), good, &t), RP_OK);
    const rp_node *train = rp_node_get(rp_tree_root(t), "train");
    int64_t i;
    cr_expect(rp_node_int(rp_node_get(train, "batch"), &i) && i == 4);
    cr_expect_eq(rp_node_get(train, "patch")->count, 2);
    cr_expect_eq(rp_node_get(train, "batch")->line, 2);
    cr_expect(!rp_node_int(rp_node_get(rp_tree_root(t), "name"), &i), "a quoted number is text");
    rp_tree_drop(&t);
    static const char *const bad[] = {"a: 1\na: 2\n", "a: [1, 2\n", "a: *x\n", "a: &x 1\n", "a: !!str 7\n", "a: &x [1]\n", "a: !m {b: 1}\n", "? [1]\n: 2\n", "a: 1\n---\nb: 2\n",
                                      "a: \"\\0\"\n"};
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        cr_expect_eq(rp_tree_yaml("job.yaml", (int64_t)strlen(bad[k]), bad[k], &t), RP_EDATA, "%s", bad[k]);
        cr_expect_null(t);
        cr_expect(strncmp(rp_error_message(), "job.yaml", 8) == 0, "%s", rp_error_message());
    }
}

Test(tree, yaml_that_nests_without_end_is_refused)
{
    char deep[400];
    memset(deep, '[', sizeof deep);
    rp_tree *t = NULL;
    cr_expect_eq(rp_tree_yaml("deep.yaml", sizeof deep, deep, &t), RP_EDATA);
    cr_expect_eq(rp_tree_json("deep.json", sizeof deep, deep, &t), RP_EDATA);
}

static rp_status add_square(void *arg, int64_t block)
{
    ((int64_t *)arg)[block] = block * block;
    return RP_OK;
}

static rp_status fail_from_seven(void *arg, int64_t block)
{
    (void)arg;
    RP_NEED(block < 7, RP_EDATA, "block %d", (int)block);
    return RP_OK;
}

Test(pool, loop_runs_each_block_and_reports_the_lowest_failure)
{
    rp_pool *pool = NULL;
    int64_t square[1000] = {0};
    cr_assert_eq(rp_pool_new(3, &pool), RP_OK);
    cr_assert_eq(rp_pool_for(pool, 1000, add_square, square), RP_OK);
    for (int64_t i = 0; i < 1000; i++) cr_expect_eq(square[i], i * i);
    for (int i = 0; i < 20; i++) {
        cr_expect_eq(rp_pool_for(pool, 50, fail_from_seven, NULL), RP_EDATA);
        cr_expect_str_eq(rp_error_message(), "block 7");
    }
    rp_pool_drop(&pool);
    cr_expect_null(pool);
    no_leaks();
}

Test(digest, answers_are_those_of_the_standards)
{
    uint8_t d[RP_DIGEST_BYTES];
    char hex[RP_DIGEST_TEXT];
    rp_sha256(3, "abc", d); /* FIPS 180-4, example */
    rp_hex(32, d, hex);
    cr_expect_str_eq(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    rp_digest_bytes(NULL, 3, "abc", d); /* BLAKE2b-256, as Python's hashlib.blake2b(digest_size=32) */
    rp_hex(32, d, hex);
    cr_expect_str_eq(hex, "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
    uint8_t back[32];
    cr_expect(rp_hex_read(hex, 32, back) && memcmp(back, d, 32) == 0);
    cr_expect(!rp_hex_read("zz", 1, back));
}

Test(words, keep_each_text_once_and_for_good)
{
    enum { N = 3000 };
    RP_AUTO(rp_words) w = NULL;
    static const char *first[N];
    char text[40];
    cr_assert_eq(rp_words_new(&w), RP_OK);
    for (int i = 0; i < N; i++) {
        snprintf(text, sizeof text, "1.2.840.%d.%d", i * 7919, i);
        cr_assert_eq(rp_words_take(w, text, &first[i]), RP_OK);
    }
    for (int i = 0; i < N; i++) {
        const char *again;
        snprintf(text, sizeof text, "1.2.840.%d.%d", i * 7919, i);
        cr_assert_eq(rp_words_take(w, text, &again), RP_OK);
        cr_expect_eq(again, first[i]);
        cr_expect_str_eq(first[i], text);
    }
    const char *empty, *long_one;
    char large[100001];
    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = 0;
    cr_assert_eq(rp_words_take(w, "", &empty), RP_OK);
    cr_assert_eq(rp_words_take(w, large, &long_one), RP_OK);
    cr_expect_str_eq(empty, "");
    cr_expect_str_eq(long_one, large);
    cr_expect_eq(rp_words_count(w), N + 2);
}

/* Of 2, 4, 4, 9: mean 19/4, squares 26.75, median 4. */
Test(summary, counts_what_has_no_finite_value)
{
    double x[] = {9, NAN, 4, INFINITY, 2, 4, INFINITY}, one[] = {NAN, 3}, none[] = {INFINITY};
    const rp_summary s = rp_summary_of(7, x), t = rp_summary_of(2, one), u = rp_summary_of(1, none);
    const double want[RP_SUMMARY_ROWS] = {4, 4.75, sqrt(26.75 / 3), 4, 2, 9, 1, 2};
    for (int k = 0; k < RP_SUMMARY_ROWS; k++) cr_expect(near(rp_summary_value(&s, k), want[k], 1e-15, 0), "%s: %g", rp_summary_names[k], rp_summary_value(&s, k));
    cr_expect(t.n == 1 && t.undefined == 1 && isnan(t.sd) && t.mean == 3 && t.median == 3);
    cr_expect(u.n == 0 && u.infinite == 1 && isnan(u.mean) && isnan(u.max));
}
