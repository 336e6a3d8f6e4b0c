/* tests/harness.h - what tests share: reading tables of reference numbers, running programs. */
#pragma once
#include <criterion/criterion.h>
#include <stdbool.h>
#include <stdint.h>

/* A table of tests/data (CSV with a header, no quotes).  Lives until the process ends. */
typedef struct table {
    int rows, columns;
    char **name;   /* [columns] */
    char **cell;   /* [rows * columns] */
} table;
/* Fails the test if the file cannot be read. */
const table *table_read(const char *path);
const char *table_text(const table *t, int row, const char *column);
double table_number(const table *t, int row, const char *column);

/* Runs a shell command with a time limit in seconds; its output (stdout and stderr together) goes to
 * out (cut at size - 1).  Returns its exit code, 124 when the limit was reached.  MPI variables of
 * the environment are taken out first. */
int run_command(int limit, char *out, size_t size, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* Path of the folder shared/ beside the project, NULL if it is not there; rel is checked too. */
const char *shared_path(const char *rel);
/* Path of the program and of helpers: "build/radpipe" or what the test was built beside. */
const char *build_path(const char *rel);
/* A fresh folder for this test, under build/scratch. */
const char *scratch_folder(const char *name);
/* Writes a text file into a folder; fails the test if it cannot. */
void put_file(const char *folder, const char *name, const char *text);
/* Whole file; fails the test if it is not there. */
char *file_read(const char *path, size_t *size);

/* True if |a - b| <= rel * max(|a|, |b|) or <= abs; NaN equals nothing. */
bool near(double a, double b, double rel, double abs);
/* Skips the test with a reason (printed and counted by tools/run-tests). */
#define skip_test(...) cr_skip_test(__VA_ARGS__)
/* With ASAN: fails the test if it leaked.  Last statement of a test body. */
/* MPI and its components leave memory behind at exit: put before commands that start the program;
 * leaks of ours are looked for inside the tests. */
#if defined(__SANITIZE_ADDRESS__)
#define QUIET_LEAKS "export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1; "
#else
#define QUIET_LEAKS ""
#endif
#if defined(__SANITIZE_ADDRESS__)
int __lsan_do_recoverable_leak_check(void);
#define no_leaks() cr_assert(!__lsan_do_recoverable_leak_check(), "memory leaked")
#else
#define no_leaks() ((void)0)
#endif
