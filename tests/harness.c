/* tests/harness.c - what tests share. */
#include "tests/harness.h"

#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the harness hands out lives until the process ends: reachable, so no leak to no_leaks(). */
static void *kept[1 << 16];
static int kept_count;

static void *keep(void *p)
{
    if (kept_count < 1 << 16) kept[kept_count++] = p;
    return p;
}

char *file_read(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    cr_assert(f, "%s cannot be read", path);
    size_t n = 0, room = 1 << 16;
    char *text = malloc(room);
    for (size_t got; (got = fread(text + n, 1, room - n - 1, f)) > 0;) {
        n += got;
        if (n + 1 == room) text = realloc(text, room *= 2);
    }
    fclose(f);
    text[n] = 0;
    if (size) *size = n;
    return keep(text);
}

static int count_cells(const char *line)
{
    int n = 1;
    for (; *line && *line != '\n'; line++) n += *line == ',';
    return n;
}

const table *table_read(const char *path)
{
    char *text = file_read(path, NULL);
    table *t = keep(calloc(1, sizeof *t));
    t->columns = count_cells(text);
    int room = 0;
    for (const char *p = text; *p; p++) room += *p == '\n';
    t->cell = calloc((size_t)(room + 1) * t->columns, sizeof(char *));
    t->name = calloc(t->columns, sizeof(char *));
    int line = 0;
    for (char *p = text; *p; line++) {
        char *end = p + strcspn(p, "\n"), *next = *end ? end + 1 : end;
        if (end > p && end[-1] == '\r') end[-1] = 0;
        *end = 0;
        char **to = line == 0 ? t->name : t->cell + (size_t)(line - 1) * t->columns;
        cr_assert_eq(count_cells(p), t->columns, "%s:%d: other number of cells", path, line + 1);
        for (int c = 0; c < t->columns; c++) {
            to[c] = p;
            p += strcspn(p, ",");
            if (c + 1 < t->columns) *p++ = 0;
        }
        p = next;
    }
    t->rows = line - 1;
    cr_assert(t->rows > 0, "%s has no rows", path);
    return t;
}

const char *table_text(const table *t, int row, const char *column)
{
    for (int c = 0; c < t->columns; c++)
        if (strcmp(t->name[c], column) == 0) return t->cell[(size_t)row * t->columns + c];
    cr_assert_fail("no column '%s'", column);
    return "";
}

double table_number(const table *t, int row, const char *column)
{
    const char *s = table_text(t, row, column);
    char *end;
    const double x = strtod(s, &end);
    cr_assert(*s && !*end, "'%s' in column '%s' is no number", s, column);
    return x;
}

#if defined(__SANITIZE_ADDRESS__)
/* An allocation that is too large must fail as malloc does: that is what some tests look at. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}
#endif

int run_command(int limit, char *out, size_t size, const char *fmt, ...)
{
    char command[8192], whole[9000];
    va_list args;
    va_start(args, fmt);
    vsnprintf(command, sizeof command, fmt, args);
    va_end(args);
    snprintf(whole, sizeof whole,
             "unset ${!OMPI_*} ${!PMIX_*}; export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 "
             "OMPI_MCA_rmaps_base_oversubscribe=1; " QUIET_LEAKS "timeout -k 2 %d bash -c '%s' 2>&1",
             limit, command);
    char path[] = "/tmp/rp-command-XXXXXX";
    const int fd = mkstemp(path);
    FILE *script = fdopen(fd, "w");
    fputs(whole, script);
    fclose(script);
    char start[64];
    snprintf(start, sizeof start, "bash %s </dev/null", path);
    FILE *p = popen(start, "r");
    size_t n = 0;
    char block[4096];
    for (size_t got; (got = fread(block, 1, sizeof block, p)) > 0;) {
        const size_t fit = out && n + 1 < size ? (got < size - 1 - n ? got : size - 1 - n) : 0;
        if (fit) memcpy(out + n, block, fit);
        n += fit;
    }
    if (out && size) out[n] = 0;
    const int rc = pclose(p);
    unlink(path);
    return WIFEXITED(rc) ? WEXITSTATUS(rc) : 128 + WTERMSIG(rc);
}

const char *shared_path(const char *rel)
{
    static char path[PATH_MAX];
    const char *root = getenv("RADPIPE_SHARED");
    snprintf(path, sizeof path, "%s/%s", root ? root : "../shared", rel);
    struct stat st;
    return stat(path, &st) == 0 ? keep(strdup(path)) : NULL;
}

const char *build_path(const char *rel)
{
    char self[PATH_MAX] = "", path[PATH_MAX + 300];
    if (readlink("/proc/self/exe", self, sizeof self - 1) < 0) return rel;
    char *cut = strstr(self, "/tests/");
    if (cut) *cut = 0;
    snprintf(path, sizeof path, "%s/%s", self, rel);
    return keep(strdup(path));
}

const char *scratch_folder(const char *name)
{
    char path[PATH_MAX], command[PATH_MAX * 2 + 40];
    snprintf(path, sizeof path, "%s/%s", build_path("scratch"), name);
    snprintf(command, sizeof command, "rm -rf '%s' && mkdir -p '%s'", path, path);
    cr_assert_eq(system(command), 0, "%s cannot be made", path);
    return keep(strdup(path));
}

bool near(double a, double b, double rel, double abs)
{
    const double d = fabs(a - b), m = fmax(fabs(a), fabs(b));
    return d <= abs || d <= rel * m;
}

void put_file(const char *folder, const char *name, const char *text)
{
    char path[1200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    cr_assert(f, "%s", path);
    fputs(text, f);
    fclose(f);
}
