/* tests/test_io_csv_stream.c - tables read a row at a time. */
#include "io/csv.h"
#include "io/csv_stream.h"
#include "tests/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *file_with(const char *name, size_t n, const char *bytes)
{
    static char path[600];
    snprintf(path, sizeof path, "%s/t.csv", scratch_folder(name));
    FILE *f = fopen(path, "w");
    cr_assert(f && fwrite(bytes, 1, n, f) == n);
    fclose(f);
    return path;
}

/* The whole table by io/csv.h and row by row: the same cells, the same lines. */
static void expect_same(const char *path)
{
    RP_AUTO(rp_csv) whole = NULL;
    RP_AUTO(rp_csv_stream) s = NULL;
    bool more = true;
    int64_t r = 0;
    cr_assert_eq(rp_csv_read(path, ',', &whole), RP_OK, "%s", rp_error_message());
    cr_assert_eq(rp_csv_stream_open(path, ',', &s), RP_OK, "%s", rp_error_message());
    cr_assert_eq(rp_csv_stream_columns(s), rp_csv_columns(whole));
    for (int c = 0; c < rp_csv_columns(whole); c++) cr_expect_str_eq(rp_csv_stream_name(s, c), rp_csv_name(whole, c));
    for (;; r++) {
        cr_assert_eq(rp_csv_stream_next(s, &more), RP_OK, "%s", rp_error_message());
        if (!more) break;
        cr_assert_lt(r, rp_csv_rows(whole));
        cr_assert_eq(rp_csv_stream_line(s), rp_csv_line(whole, r));
        for (int c = 0; c < rp_csv_columns(whole); c++) cr_assert_str_eq(rp_csv_stream_cell(s, c), rp_csv_text(whole, r, c));
    }
    cr_expect_eq(r, rp_csv_rows(whole));
    no_leaks();
}

Test(csv_stream, quotes_line_ends_and_empty_lines_are_those_of_the_whole_table)
{
    const char text[] = "\xEF\xBB\xBFid,\"the, name\",x\r\n1,\"a \"\"b\"\"\",\"\"\r\n\r\n2,,3\n\"4\",\"two\nlines\",5\n\n6,7,8";
    expect_same(file_with("dialect", sizeof text - 1, text));
    expect_same(file_with("header", 4, "a,b\n"));
}

/* Rows of every length from 10 to 40,000 bytes: some lie across the ends of blocks of a mebibyte. */
Test(csv_stream, rows_across_blocks_are_whole)
{
    char *text = malloc(8 << 20), *at = text;
    at += sprintf(at, "id,text,last\n");
    for (int i = 0; at - text < (6 << 20); i++) {
        const int n = (i * 7919) % 40000;
        at += sprintf(at, i % 3 ? "%d," : "%d,\"", i);
        memset(at, 'a' + i % 26, (size_t)n);
        at += n;
        at += sprintf(at, i % 3 ? ",%d\n" : "\"\"\",%d\n", 2 * i);
    }
    expect_same(file_with("blocks", (size_t)(at - text), text));
    free(text);
}

Test(csv_stream, a_malformed_row_is_named_and_the_next_one_read)
{
    static const char text[] = "a,b\n1,2\n3\n4,x\"y\n\"5\"z,6\n7,8,9\n10,11\n";
    static const struct {
        rp_status st;
        int64_t line;
    } want[] = {{RP_OK, 2}, {RP_EDATA, 3}, {RP_EDATA, 4}, {RP_EDATA, 5}, {RP_EDATA, 6}, {RP_OK, 7}};
    RP_AUTO(rp_csv_stream) s = NULL;
    bool more;
    cr_assert_eq(rp_csv_stream_open(file_with("malformed", sizeof text - 1, text), ',', &s), RP_OK);
    for (size_t k = 0; k < 6; k++) {
        const rp_status st = rp_csv_stream_next(s, &more);
        cr_expect(st == want[k].st && rp_csv_stream_line(s) == want[k].line, "row %zu: %d on line %ld", k, st, (long)rp_csv_stream_line(s));
        if (st != RP_OK) cr_expect(strstr(rp_error_message(), "t.csv:"), "%s", rp_error_message());
    }
    cr_expect_str_eq(rp_csv_stream_cell(s, 1), "11");
    cr_assert_eq(rp_csv_stream_next(s, &more), RP_OK);
    cr_expect(!more);
}

Test(csv_stream, a_whole_table_may_leave_malformed_rows_out)
{
    static const char text[] = "a,\"b,\"\n1,\"2\n2\"\n3\n4,x\"y\n\n\"5\"z,6\n7,8,9\n10,\n", open[] = "a,b\n1\n1,\"2\n";
    RP_AUTO(rp_csv) csv = NULL;
    int64_t left_out = 77;
    cr_expect_eq(rp_csv_read_fit(file_with("fit-open", sizeof open - 1, open), ',', &left_out, &csv), RP_EDATA, "nothing can be read behind an open quote");
    cr_expect(left_out == 77 && !csv);
    cr_assert_eq(rp_csv_read_fit(file_with("fit", sizeof text - 1, text), ',', &left_out, &csv), RP_OK, "%s", rp_error_message());
    cr_expect_eq(left_out, 4);
    cr_assert(rp_csv_rows(csv) == 2 && rp_csv_columns(csv) == 2);
    cr_expect_str_eq(rp_csv_name(csv, 1), "b,");
    cr_expect_str_eq(rp_csv_text(csv, 0, 1), "2\n2");
    cr_expect_str_eq(rp_csv_text(csv, 1, 0), "10");
    cr_expect_str_eq(rp_csv_text(csv, 1, 1), "");
    cr_expect(rp_csv_line(csv, 0) == 2 && rp_csv_line(csv, 1) == 9);
    double x;
    cr_expect_eq(rp_csv_double(csv, 1, 1, &x), RP_EDATA);
    cr_expect(strstr(rp_error_message(), "t.csv:9: column 'b,'"), "%s", rp_error_message());
}

/* Rows by one and by parts: the same cells on the same lines, failures too; where one stops for good, so do
 * the parts together. */
static void expect_parts(const char *path, int parts)
{
    RP_AUTO(rp_csv_stream) whole = NULL;
    rp_csv_survey survey[64];
    bool more = true, more_whole = true;
    cr_assert_eq(rp_csv_stream_open(path, ',', &whole), RP_OK);
    for (int k = 0; k < parts; k++) {
        RP_AUTO(rp_csv_stream) s = NULL;
        cr_assert_eq(rp_csv_stream_open(path, ',', &s), RP_OK);
        cr_assert_eq(rp_csv_stream_survey(s, k, parts, &survey[k]), RP_OK);
    }
    for (int k = 0; k < parts && rp_csv_stream_is_whole(whole); k++) {
        RP_AUTO(rp_csv_stream) s = NULL;
        cr_assert_eq(rp_csv_stream_open(path, ',', &s), RP_OK);
        cr_assert_eq(rp_csv_stream_take(s, k, parts, survey), RP_OK);
        for (;;) {
            char said[500];
            const rp_status st = rp_csv_stream_next(s, &more);
            if (st == RP_OK && !more) break;
            snprintf(said, sizeof said, "%s", st == RP_OK ? "" : rp_error_message());
            cr_assert_eq(rp_csv_stream_next(whole, &more_whole), st, "part %d of %d: %s", k, parts, rp_error_message());
            cr_assert(st != RP_OK || more_whole, "part %d of %d has a row too many", k, parts);
            cr_assert_eq(rp_csv_stream_line(s), rp_csv_stream_line(whole), "part %d of %d: line %ld, not %ld", k, parts, (long)rp_csv_stream_line(s), (long)rp_csv_stream_line(whole));
            if (st != RP_OK) cr_assert_str_eq(said, rp_error_message());
            if (!rp_csv_stream_is_whole(s)) break;
            for (int c = 0; st == RP_OK && c < rp_csv_stream_columns(s); c++) cr_assert_str_eq(rp_csv_stream_cell(s, c), rp_csv_stream_cell(whole, c));
        }
        cr_assert_eq(rp_csv_stream_is_whole(s), rp_csv_stream_is_whole(whole));
    }
    if (!rp_csv_stream_is_whole(whole)) return;
    cr_assert_eq(rp_csv_stream_next(whole, &more_whole), RP_OK, "%d parts lack: %s", parts, rp_error_message());
    cr_expect(!more_whole, "%d parts lack line %ld", parts, (long)rp_csv_stream_line(whole));
}

/* Parts end within quotes, line ends, doubled quotes; some have no row at all. */
Test(csv_stream, parts_are_the_whole_whatever_their_ends_cut)
{
    static const char *const text[] = {
        "\xEF\xBB\xBFid,\"the\nname\",x\r\n1,\"a \"\"b\"\"\",\"\"\r\n\r\n2,,3\n\"4\",\"two\n\n1,2,3\nlines\",5\n\n6,7,8",
        "a,b\n1,2\n3\n4,x\"y\n\"5\"z,6\n7,8,9\n10,\"\"\"\n\"\"\",\n\"\"\n11,\"x\ny\"\"\"\n12,13\n",
        "a,b\n1,\"2\n\n3,\"\"4\n5,6\n\"\",7\n8,9\n",
        "a,b\n1,2\n3,\"4\n5,6\n7,8\n",
        "a,b\n", "a,b", "a,b\n\n\n\n1,2"};
    for (size_t k = 0; k < sizeof text / sizeof *text; k++) {
        const char *path = file_with("parts", strlen(text[k]), text[k]);
        for (int parts = 1; parts <= 64; parts++) expect_parts(path, parts);
    }
    no_leaks();
}

/* Random bytes of the dialect's own letters: every kind of malformed row, open quotes to the end. */
Test(csv_stream, parts_of_random_tables_are_the_whole, .timeout = 60)
{
    char text[400] = "a,b,c\n";
    unsigned x = 1;
    for (int k = 0; k < 400; k++) {
        for (int i = 6; i < 300; i++) {
            x = x * 1664525 + 1013904223;
            text[i] = "1,\n\n2\"\"\r,3,\"\n,,"[(x >> 16) % (k % 2 ? 15 : 5)];
        }
        const char *path = file_with("random", 300, text);
        for (int parts = 2; parts <= 8; parts += 3) expect_parts(path, parts);
    }
}

Test(csv_stream, parts_of_rows_across_blocks_are_the_whole, .timeout = 60)
{
    char *text = malloc(8 << 20), *at = text;
    at += sprintf(at, "id,text\n");
    for (int i = 0; at - text < (5 << 20); i++) at += sprintf(at, i % 1000 ? "%d,%d\n" : "%d,\"%d\n\"\"\n1,2\n\"\n", i, i % 77);
    const char *path = file_with("part_blocks", (size_t)(at - text), text);
    for (int parts = 2; parts < 8; parts++) expect_parts(path, parts);
    free(text);
}

Test(csv_stream, a_file_that_grew_between_surveys_is_refused)
{
    RP_AUTO(rp_csv_stream) s = NULL;
    const char *path = file_with("grown", 8, "a,b\n1,2\n");
    rp_csv_survey all[2];
    cr_assert_eq(rp_csv_stream_open(path, ',', &s), RP_OK);
    cr_assert_eq(rp_csv_stream_survey(s, 0, 2, &all[0]), RP_OK);
    FILE *f = fopen(path, "a");
    cr_assert(f && fputs("3,4\n", f) >= 0 && fclose(f) == 0);
    cr_assert_eq(rp_csv_stream_survey(s, 1, 2, &all[1]), RP_OK);
    cr_expect_eq(rp_csv_stream_take(s, 0, 2, all), RP_EDATA);
    cr_expect(strstr(rp_error_message(), "changed while it was read"), "%s", rp_error_message());
}

Test(csv_stream, what_is_no_table_is_refused)
{
    static const struct {
        const char *text, *says;
        size_t n;
    } bad[] = {{"", "no header", 0}, {"a,,b\n", "column 2 has no name", 5}, {"a,a\n", "two columns 'a'", 4}, {"a;b\n", "separated by something other", 4}};
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        RP_AUTO(rp_csv_stream) s = NULL;
        cr_expect_eq(rp_csv_stream_open(file_with("bad", bad[k].n, bad[k].text), ',', &s), RP_EDATA);
        cr_expect(strstr(rp_error_message(), bad[k].says), "%s", rp_error_message());
    }
    RP_AUTO(rp_csv_stream) s = NULL;
    bool more = true;
    cr_expect_eq(rp_csv_stream_open("build/no-such.csv", ',', &s), RP_ENONE);
    cr_assert_eq(rp_csv_stream_open(file_with("open", 14, "a,b\n1,\"2\n3,4\n5"), ',', &s), RP_OK);
    cr_expect_eq(rp_csv_stream_next(s, &more), RP_EDATA);
    cr_expect(strstr(rp_error_message(), "t.csv:2: a quote without its end"), "%s", rp_error_message());
    cr_expect(!rp_csv_stream_is_whole(s) && rp_csv_stream_next(s, &more) == RP_EDATA);
    rp_csv_stream_drop(&s);
    cr_assert_eq(rp_csv_stream_open(file_with("zero", 8, "a,b\n1,\0\n"), ',', &s), RP_OK);
    cr_expect_eq(rp_csv_stream_next(s, &more), RP_EDATA);
    cr_expect(strstr(rp_error_message(), "zero byte"), "%s", rp_error_message());
}
