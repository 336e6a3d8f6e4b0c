/* tests/test_io_files.c - atomic writer, folders, growing files, locks, tables. */
#include "io/atomic.h"
#include "io/csv.h"
#include "io/logfile.h"
#include "lib/base/log.h"
#include "tests/harness.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Lives until the process ends. */
static const char *at(const char *folder, const char *name)
{
    static char *kept[64];
    static int n;
    cr_assert_eq(rp_path_join(folder, name, &kept[n]), RP_OK);
    return kept[n++];
}

static int64_t names_in(const char *folder)
{
    rp_names *names = NULL;
    cr_assert_eq(rp_path_list(folder, &names), RP_OK);
    const int64_t n = names->count;
    rp_names_drop(&names);
    return n;
}

Test(atomic, a_file_is_replaced_whole_and_reads_back)
{
    const char *folder = scratch_folder("io_atomic");
    const char *path = at(folder, "a.bin");
    cr_assert_eq(rp_atomic_write(path, 5, "first"), RP_OK);
    cr_assert_eq(rp_atomic_write(path, 3, "two"), RP_OK);
    rp_text text = {0};
    cr_assert_eq(rp_file_read(path, 100, &text), RP_OK);
    cr_expect_str_eq(rp_text_get(&text), "two");
    cr_expect_eq(names_in(folder), 1, "a temporary file was left");
    cr_expect_eq(rp_file_read(path, 2, &text), RP_EDATA);
    cr_expect(strstr(rp_error_message(), "3 bytes"), "%s", rp_error_message());
    rp_text_clear(&text);
    no_leaks();
}

Test(atomic, a_private_file_is_for_its_owner)
{
    const char *folder = scratch_folder("io_private");
    const char *sub = at(folder, "x/y");
    cr_assert_eq(rp_path_make_private(sub), RP_OK);
    const char *path = at(sub, "key");
    cr_assert_eq(rp_atomic_write_private(path, 3, "key"), RP_OK);
    struct stat st;
    cr_assert_eq(stat(path, &st), 0);
    cr_expect_eq(st.st_mode & 0777, 0600);
    cr_assert_eq(stat(sub, &st), 0);
    cr_expect_eq(st.st_mode & 0777, 0700);
}

Test(atomic, the_digest_of_a_file_is_blake2b_256)
{
    const char *folder = scratch_folder("io_digest");
    const char *path = at(folder, "abc");
    char hex[RP_DIGEST_TEXT], out[200];
    uint8_t digest[RP_DIGEST_BYTES];
    cr_assert_eq(rp_atomic_write(path, 3, "abc"), RP_OK);
    cr_assert_eq(rp_file_digest(path, digest), RP_OK);
    rp_hex(RP_DIGEST_BYTES, digest, hex);
    cr_assert_eq(run_command(10, out, sizeof out, "b2sum -l 256 %s", path), 0, "%s", out);
    cr_expect(strncmp(hex, out, 64) == 0, "%s\n%s", hex, out);
}

static void write_too_much(const char *folder)
{
    const char *path = at(folder, "big.bin");
    char *block = calloc(1, 1 << 20);
    cr_assert_eq(rp_atomic_write(path, 4, "keep"), RP_OK);
    cr_expect_eq(rp_atomic_write(path, 1 << 20, block), RP_ESPACE, "%s", rp_error_message());
    cr_expect(strstr(rp_error_message(), "big.bin") && strstr(rp_error_message(), "1048576 bytes"),
              "%s", rp_error_message());
    cr_expect_eq(names_in(folder), 1, "a temporary file was left");
    rp_text text = {0};
    cr_expect_eq(rp_file_read(path, 100, &text), RP_OK);
    cr_expect_str_eq(rp_text_get(&text), "keep");
    free(block);
}

Test(atomic, a_full_disk_leaves_nothing_and_says_how_much)
{
    const char *folder = scratch_folder("io_full");
    if (mount("tmpfs", folder, "tmpfs", 0, "size=128k") != 0)
        skip_test("a small file system cannot be mounted here");
    const char *sub = at(folder, "sub");
    cr_assert_eq(rp_path_make_folder(sub), RP_OK);
    write_too_much(sub);
    cr_expect_eq(umount(folder), 0);
}

Test(atomic, a_file_size_limit_leaves_nothing)
{
    const char *folder = scratch_folder("io_limit");
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit = {.rlim_cur = 1 << 16, .rlim_max = RLIM_INFINITY};
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    write_too_much(folder);
}

Test(atomic, what_killed_writers_left_is_swept)
{
    const char *folder = scratch_folder("io_sweep");
    const char *path = at(folder, "a.bin");
    char *temporary;
    cr_assert_eq(rp_atomic_name(path, &temporary), RP_OK);
    const char *names[] = {"a.tmp.b", "b.tmp.c.x1", "plain"};
    for (int i = 0; i < 3; i++) cr_assert_eq(rp_atomic_write(at(folder, names[i]), 1, "x"), RP_OK);
    cr_assert_eq(rp_atomic_write(temporary, 1, "x"), RP_OK);
    cr_assert_eq(rp_atomic_sweep(folder), RP_OK);
    cr_expect_eq(names_in(folder), 3);
    rp_path_info info;
    cr_assert_eq(rp_path_look(temporary, false, &info), RP_OK);
    cr_expect_eq(info.kind, RP_PATH_NONE);
}

Test(paths, names_come_in_byte_order_and_kinds_are_told)
{
    const char *folder = scratch_folder("io_list");
    const char *names[] = {"b", "a 1", "B", "-x", "\xC3\xA4\n"};
    for (int i = 0; i < 5; i++) cr_assert_eq(rp_atomic_write(at(folder, names[i]), 1, "x"), RP_OK);
    cr_assert_eq(mkfifo(at(folder, "pipe"), 0666), 0);
    cr_assert_eq(symlink("b", at(folder, "link")), 0);
    cr_assert_eq(symlink("loop", at(folder, "loop")), 0);
    rp_names *got = NULL;
    cr_assert_eq(rp_path_list(folder, &got), RP_OK);
    const char *want[] = {"-x", "B", "a 1", "b", "link", "loop", "pipe", "\xC3\xA4\n"};
    cr_assert_eq(got->count, 8);
    for (int i = 0; i < 8; i++) cr_expect_str_eq(got->name[i], want[i]);
    rp_path_info info;
    cr_assert_eq(rp_path_look(at(folder, "pipe"), false, &info), RP_OK);
    cr_expect_eq(info.kind, RP_PATH_OTHER);
    cr_assert_eq(rp_path_look(at(folder, "link"), false, &info), RP_OK);
    cr_expect_eq(info.kind, RP_PATH_LINK);
    cr_assert_eq(rp_path_look(at(folder, "link"), true, &info), RP_OK);
    cr_expect_eq(info.kind, RP_PATH_FILE);
    cr_assert_eq(rp_path_look(at(folder, "loop"), true, &info), RP_OK);
    cr_expect_eq(info.kind, RP_PATH_NONE);
    rp_text text = {0};
    cr_expect_eq(rp_file_read(at(folder, "pipe"), 10, &text), RP_EARG, "a pipe was waited for");
    cr_expect_eq(rp_file_read(folder, 10, &text), RP_EARG);
    cr_expect_eq(rp_file_read(at(folder, "no"), 10, &text), RP_ENONE);
    cr_expect_eq(rp_path_make_folder(at(folder, "b/c")), RP_EIO);
    rp_names_drop(&got);
}

Test(append, a_torn_line_is_cut_when_the_file_is_opened_again)
{
    const char *folder = scratch_folder("io_append");
    const char *path = at(folder, "log");
    rp_append *a = NULL;
    for (int part = 0; part < 2; part++) {
        cr_assert_eq(rp_append_open(path, &a), RP_OK);
        for (int i = 0; i < 3; i++) cr_assert_eq(rp_append_line(a, part ? "two" : "one"), RP_OK);
        cr_expect_eq(rp_append_line(a, "no\nline"), RP_EARG);
        cr_assert_eq(rp_append_close(&a), RP_OK);
        FILE *f = fopen(path, "a");
        for (int i = 0; i < 9000; i++) fputc('t', f);
        fclose(f);
    }
    cr_assert_eq(rp_append_open(path, &a), RP_OK);
    rp_append_drop(&a);
    size_t size;
    const char *text = file_read(path, &size);
    cr_expect_str_eq(text, "one\none\none\ntwo\ntwo\ntwo\n");
}

Test(logfile, each_event_is_a_line_of_json_until_it_is_stopped)
{
    const char *path = at(scratch_folder("io_log"), "0.jsonl");
    rp_logfile *log = NULL;
    cr_assert_eq(rp_logfile_start(path, &log), RP_OK, "%s", rp_error_message());
    rp_log(RP_LOG_STEP, "ingest", "P1", "read %d \"slices\"", 3);
    rp_log(RP_LOG_DETAIL, NULL, NULL, "two");
    cr_assert_eq(rp_logfile_stop(&log), RP_OK);
    rp_log(RP_LOG_STEP, NULL, NULL, "not kept");
    cr_expect_null(log);
    char out[1000];
    cr_assert_eq(run_command(20, out, sizeof out,
                             "/usr/bin/python3 -c \"import json; "
                             "print([json.loads(l)[\\\"message\\\"] for l in open(\\\"%s\\\")])\"",
                             path),
                 0, "%s", out);
    cr_expect_str_eq(out, "['read 3 \"slices\"', 'two']\n");
}

Test(lock, a_second_process_is_kept_out_until_the_first_is_killed)
{
    const char *folder = scratch_folder("io_lock");
    const char *path = at(folder, "lock");
    int ready[2];
    cr_assert_eq(pipe(ready), 0);
    const pid_t child = fork();
    if (child == 0) {
        rp_lock *lock = NULL;
        const char ok = rp_lock_take(path, false, &lock) == RP_OK ? 'y' : 'n';
        if (write(ready[1], &ok, 1) != 1) _exit(1);
        for (;;) pause();
    }
    char ok = 0;
    cr_assert_eq(read(ready[0], &ok, 1), 1);
    cr_assert_eq(ok, 'y');
    rp_lock *lock = NULL;
    char holder[40];
    snprintf(holder, sizeof holder, "process %ld", (long)child);
    cr_expect_eq(rp_lock_take(path, false, &lock), RP_EUSE);
    cr_expect(strstr(rp_error_message(), holder), "%s", rp_error_message());
    kill(child, SIGKILL);
    cr_expect_eq(rp_lock_take(path, true, &lock), RP_OK);
    rp_lock_drop(&lock);
    waitpid(child, NULL, 0);
}

static rp_csv *parse(const char *text)
{
    rp_csv *csv = NULL;
    cr_assert_eq(rp_csv_parse("t.csv", ',', (int64_t)strlen(text), text, &csv), RP_OK, "%s",
                 rp_error_message());
    return csv;
}

Test(csv, quotes_marks_and_line_ends_are_read)
{
    rp_csv *csv =
        parse("\xEF\xBB\xBF"
              "case,\"note, free\",age_y\r\nP1,\"a \"\"b\"\"\nc\",61.5\r\n\r\nP2,,007\n\"\",x, \n");
    cr_assert_eq(rp_csv_rows(csv), 3);
    cr_assert_eq(rp_csv_columns(csv), 3);
    cr_expect_str_eq(rp_csv_name(csv, 0), "case");
    cr_expect_str_eq(rp_csv_text(csv, 0, 1), "a \"b\"\nc");
    cr_expect_eq(rp_csv_line(csv, 1), 5);
    cr_expect_str_eq(rp_csv_text(csv, 1, 1), "");
    cr_expect_str_eq(rp_csv_text(csv, 1, 2), "007");
    cr_expect_str_eq(rp_csv_text(csv, 2, 0), "");
    cr_expect_str_eq(rp_csv_text(csv, 2, 2), " ");
    double age;
    int column;
    cr_assert_eq(rp_csv_column(csv, "age_y", &column), RP_OK);
    cr_assert_eq(rp_csv_double(csv, 0, column, &age), RP_OK);
    cr_expect_eq(age, 61.5);
    cr_expect_eq(rp_csv_double(csv, 2, column, &age), RP_EDATA);
    cr_expect(strstr(rp_error_message(), "t.csv:6: column 'age_y': ' '"), "%s", rp_error_message());
    cr_expect_eq(rp_csv_column(csv, "age_x", &column), RP_EDATA);
    cr_expect(strstr(rp_error_message(), "nearest is 'age_y'"), "%s", rp_error_message());
    rp_csv_drop(&csv);
    no_leaks();
}

Test(csv, what_is_no_table_is_refused_with_its_line)
{
    static const struct {
        const char *text, *message;
    } bad[] = {
        {"", "t.csv:1: no header"},
        {"a,b\n1\n", "t.csv:2: 1 cells, the header has 2"},
        {"a,b\n1,2,3\n", "t.csv:2: 3 cells"},
        {"a,b\n\n\"x", "t.csv:3: a quote without its end"},
        {"a,b\n\"x\"y,1\n", "t.csv:2: text behind the end of a quote"},
        {"a,b\nx\"y,1\n", "t.csv:2: a quote inside a cell"},
        {"a,a\n1,2\n", "two columns 'a'"},
        {"a,\n1,2\n", "column 2 has no name"},
        {"a;b\n1;2\n", "separated by something other than ','"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        rp_csv *csv = NULL;
        cr_expect_eq(rp_csv_parse("t.csv", ',', (int64_t)strlen(bad[i].text), bad[i].text, &csv),
                     RP_EDATA, "'%s'", bad[i].text);
        cr_expect(strstr(rp_error_message(), bad[i].message), "%s", rp_error_message());
    }
    rp_csv *csv = NULL;
    cr_expect_eq(rp_csv_parse("t.csv", ',', 4, "a\0b\n", &csv), RP_EDATA);
    no_leaks();
}

Test(csv, numbers_of_a_cell_are_finite_and_as_many_as_said)
{
    static const char *const bad[] = {"1 2", "1 2 3 4", "1 2 3 x", "1 nan 3", "1 inf 3", "1 0x10 3", "1 2e999 3", ""};
    double x[3];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[80];
        snprintf(text, sizeof text, "a,n\n1,%s\n", bad[i]);
        rp_csv *csv = parse(text);
        cr_expect_eq(rp_csv_numbers(csv, 0, "n", 3, x), RP_EDATA, "%s", bad[i]);
        cr_expect(strstr(rp_error_message(), "t.csv:2"), "%s", rp_error_message());
        rp_csv_drop(&csv);
    }
    rp_csv *csv = parse("n\n 1 -2.5  3e2 \n");
    cr_expect_eq(rp_csv_numbers(csv, 0, "n", 3, x), RP_OK, "%s", rp_error_message());
    cr_expect(x[0] == 1 && x[1] == -2.5 && x[2] == 300);
    rp_csv_drop(&csv);
}

Test(path, a_file_without_permission_is_not_readable)
{
    char path[] = "/tmp/rp-unreadable-XXXXXX"; /* every user may enter /tmp */
    const int fd = mkstemp(path);
    cr_assert(fd >= 0 && fchmod(fd, 0) == 0);
    const bool is_root = geteuid() == 0;
    if (is_root) cr_assert(seteuid(65534) == 0); /* root may read all */
    const bool shut = rp_path_is_readable(path);
    if (is_root) cr_assert(seteuid(0) == 0);
    cr_assert(fchmod(fd, 0644) == 0);
    cr_expect(!shut && rp_path_is_readable(path));
    close(fd);
    unlink(path);
}

Test(csv, what_is_written_is_read_back_by_us_and_by_python)
{
    const char *cells[] = {"plain", "a,b", "say \"x\"", "two\nlines", " blank ", "", "\xC3\xA9"};
    const char *folder = scratch_folder("io_csv");
    rp_text t = {0};
    for (int i = 0; i < 7; i++) {
        char name[16];
        snprintf(name, sizeof name, "c%d", i);
        rp_csv_put(&t, name);
    }
    rp_csv_end(&t);
    for (int i = 0; i < 7; i++) rp_csv_put(&t, cells[i]);
    rp_csv_end(&t);
    for (int i = 0; i < 6; i++) rp_csv_put_int(&t, -i);
    rp_csv_put_double(&t, 0.1);
    rp_csv_end(&t);
    rp_csv *csv = parse(rp_text_get(&t));
    for (int i = 0; i < 7; i++) cr_expect_str_eq(rp_csv_text(csv, 0, i), cells[i]);
    double x;
    cr_assert_eq(rp_csv_double(csv, 1, 6, &x), RP_OK);
    cr_expect_eq(x, 0.1);
    const char *path = at(folder, "t.csv");
    char out[400];
    cr_assert_eq(rp_atomic_write(path, t.length, t.at), RP_OK);
    run_command(20, out, sizeof out,
                "/usr/bin/python3 -c \"import csv; print(list(csv.reader(open(\\\"%s\\\", "
                "newline=\\\"\\\", encoding=\\\"utf-8\\\")))[1][1:6])\"",
                path);
    cr_expect_str_eq(out, "['a,b', 'say \"x\"', 'two\\nlines', ' blank ', '']\n");
    rp_text_clear(&t);
    rp_csv_put(&t, "");
    rp_csv_end(&t);
    cr_expect_str_eq(rp_text_get(&t), "\"\"\n");
    rp_csv_drop(&csv);
    rp_text_clear(&t);
}
