/* tests/test_io_checkpoint.c - checkpoints alone and through MPI-IO, journals. */
#include "io/atomic.h"
#include "io/checkpoint.h"
#include "io/journal.h"
#include "io/shard.h"
#include "tests/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

enum { N = 5 * RP_CHECKPOINT_BLOCK + 1234 };

/* The entries of tests/ranks/io_mpio.c. */
static rp_status write_alone(const char *path)
{
    float *x = malloc(N * sizeof *x);
    const int64_t iteration = 42;
    for (int64_t i = 0; i < N; i++) x[i] = (float)(i % 1009) / 7;
    const rp_checkpoint_entry entries[] = {{"weights", RP_ARRAY_F32, N, x},
                                           {"moments", RP_ARRAY_F32, N, x},
                                           {"iteration", RP_ARRAY_I64, 1, &iteration},
                                           {"none", RP_ARRAY_F64, 0, NULL}};
    const rp_status st = rp_checkpoint_write(path, 4, entries);
    free(x);
    return st;
}

Test(checkpoint, what_is_written_is_read_and_a_flipped_bit_is_named)
{
    const char *folder = scratch_folder("io_checkpoint");
    char path[4200];
    snprintf(path, sizeof path, "%s/a.h5", folder);
    cr_assert_eq(write_alone(path), RP_OK, "%s", rp_error_message());
    rp_checkpoint *c = NULL;
    cr_assert_eq(rp_checkpoint_read(path, &c), RP_OK, "%s", rp_error_message());
    cr_assert_eq(rp_checkpoint_entries(c), 4);
    const rp_checkpoint_entry *e;
    cr_assert_eq(rp_checkpoint_get(c, "weights", RP_ARRAY_F32, &e), RP_OK);
    cr_expect(e->count == N && ((const float *)e->data)[N - 1] == (float)((N - 1) % 1009) / 7);
    cr_assert_eq(rp_checkpoint_get(c, "iteration", RP_ARRAY_I64, &e), RP_OK);
    cr_expect_eq(*(const int64_t *)e->data, 42);
    cr_assert_eq(rp_checkpoint_get(c, "none", RP_ARRAY_F64, &e), RP_OK);
    cr_expect_eq(e->count, 0);
    cr_expect_eq(rp_checkpoint_get(c, "iteration", RP_ARRAY_F64, &e), RP_EDATA);
    cr_expect_eq(rp_checkpoint_get(c, "more", RP_ARRAY_F64, &e), RP_EDATA);
    cr_expect_str_eq(rp_checkpoint_at(c, 0)->name, "iteration");
    rp_checkpoint_drop(&c);

    size_t n;
    char *bytes = file_read(path, &n);
    int64_t named = 0, tried = 0;
    for (size_t i = 50; i < n; i += n / 60, tried++) {
        bytes[i] ^= 8;
        FILE *f = fopen(path, "wb");
        fwrite(bytes, 1, n, f);
        fclose(f);
        bytes[i] ^= 8;
        if (rp_checkpoint_read(path, &c) == RP_OK)
            rp_checkpoint_drop(&c);
        else
            named += strstr(rp_error_message(), "a.h5") != NULL;
    }
    cr_expect(named >= tried - 2, "%d of %d flipped bits noticed", (int)named, (int)tried);
    FILE *f = fopen(path, "wb");
    fwrite(bytes, 1, n / 2, f);
    fclose(f);
    cr_expect_eq(rp_checkpoint_read(path, &c), RP_EDATA);
    snprintf(path, sizeof path, "%s/none.h5", folder);
    cr_expect_eq(rp_checkpoint_read(path, &c), RP_ENONE);
    no_leaks();
}

Test(checkpoint, a_full_disk_leaves_nothing)
{
    const char *folder = scratch_folder("io_checkpoint_full");
    if (mount("tmpfs", folder, "tmpfs", 0, "size=1m") != 0)
        skip_test("a small file system cannot be mounted here");
    char path[4200];
    snprintf(path, sizeof path, "%s/a.h5", folder);
    cr_expect_eq(write_alone(path), RP_ESPACE, "%s", rp_error_message());
    cr_expect(strstr(rp_error_message(), "a.h5") && strstr(rp_error_message(), "bytes"), "%s",
              rp_error_message());
    rp_names *names = NULL;
    cr_assert_eq(rp_path_list(folder, &names), RP_OK);
    cr_expect_eq(names->count, 0);
    rp_names_drop(&names);
    cr_expect_eq(umount(folder), 0);
}

static const char *mpi_program(void)
{
    rp_path_info info;
    char *path = strdup(build_path("tests/ranks/io_mpio"));
    cr_assert_eq(rp_path_look(path, true, &info), RP_OK);
    return info.kind == RP_PATH_NONE ? NULL : path;
}

Test(checkpoint, any_number_of_ranks_writes_the_same_bytes, .timeout = 200)
{
    const char *folder = scratch_folder("io_checkpoint_mpi"), *program = mpi_program();
    char path[4200], out[4000];
    if (!program) skip_test("tests/ranks/io_mpio is not built");
    if (run_command(20, out, sizeof out, "command -v mpirun") != 0)
        skip_test("mpirun is not installed");
    snprintf(path, sizeof path, "%s/alone.h5", folder);
    cr_assert_eq(write_alone(path), RP_OK);
    size_t n, m;
    const char *alone = file_read(path, &n);
    for (int ranks = 1; ranks <= 4; ranks += ranks == 2 ? 2 : 1) {
        snprintf(path, sizeof path, "%s/%d.h5", folder, ranks);
        cr_assert_eq(run_command(60, out, sizeof out,
                                 "mpirun --mca io romio321 -np %d %s checkpoint %s", ranks, program,
                                 path),
                     0, "%s", out);
        const char *together = file_read(path, &m);
        cr_expect(n == m && memcmp(alone, together, n) == 0, "%d ranks: other bytes (%zu, %zu)",
                  ranks, n, m);
    }
    snprintf(path, sizeof path, "%s/wrong.h5", folder);
    cr_assert_eq(run_command(60, out, sizeof out, "mpirun --mca io romio321 -np 2 %s part %s",
                             program, path),
                 0, "%s", out);
    cr_expect(strstr(out, "another rank"), "%s", out);
    rp_names *names = NULL;
    cr_assert_eq(rp_path_list(folder, &names), RP_OK);
    cr_expect_eq(names->count, 4, "the failed one left something");
    rp_names_drop(&names);
}

Test(checkpoint, a_shard_reads_the_same_through_mpi_io, .timeout = 100)
{
    const char *folder = scratch_folder("io_shard_mpi"), *program = mpi_program();
    char path[4200], out[4000];
    if (!program) skip_test("tests/ranks/io_mpio is not built");
    if (run_command(20, out, sizeof out, "command -v mpirun") != 0)
        skip_test("mpirun is not installed");
    snprintf(path, sizeof path, "%s/a.h5", folder);
    rp_shard_writer *w = NULL;
    rp_packed *p = NULL;
    rp_volume *v = NULL;
    const rp_grid g = rp_grid_axial(20, 30, 40, 3, 1, 1);
    cr_assert_eq(rp_volume_new(&g, RP_I16, &v), RP_OK);
    for (int i = 0; i < 24000; i++) ((int16_t *)v->data)[i] = (int16_t)(i * i % 3001);
    cr_assert_eq(rp_chunks_pack(v, (int64_t[3]){8, 16, 16}, NULL, &p), RP_OK);
    cr_assert_eq(rp_shard_create(path, &w), RP_OK);
    cr_assert_eq(rp_shard_put(w, "/a/CT", p, &(rp_shard_about){.name = "CT"}), RP_OK);
    cr_assert_eq(rp_shard_put(w, "/b/CT", p, &(rp_shard_about){.name = "CT"}), RP_OK);
    cr_assert_eq(rp_shard_close(&w), RP_OK);
    cr_expect_eq(run_command(60, out, sizeof out, "mpirun --mca io romio321 -np 3 %s shard %s",
                             program, path),
                 0, "%s", out);
    cr_expect(strstr(out, "2 datasets, 0 differ"), "%s", out);
    rp_packed_drop(&p);
    rp_volume_drop(&v);
}

typedef struct seen {
    int64_t count, at[40];
    int64_t bytes;
} seen;

static rp_status see(void *arg, uint32_t kind, int64_t n, const void *payload, int64_t at)
{
    seen *s = arg;
    cr_expect_eq(kind, 7 + s->count);
    for (int64_t i = 0; i < n; i++) cr_expect_eq(((const char *)payload)[i], (char)(s->count + i));
    s->at[s->count++] = at;
    s->bytes += n;
    return s->count == 30 ? RP_ESTOP : RP_OK;
}

static void add(const char *path, int from, int to)
{
    rp_journal *j = NULL;
    char payload[4000];
    cr_assert_eq(rp_journal_open(path, &j), RP_OK, "%s", rp_error_message());
    for (int k = from; k < to; k++) {
        for (int i = 0; i < k * 100; i++) payload[i] = (char)(k + i);
        cr_assert_eq(rp_journal_add(j, (uint32_t)(7 + k), k * 100, payload, NULL), RP_OK);
    }
    cr_assert_eq(rp_journal_close(&j), RP_OK);
}

Test(journal, a_torn_tail_is_dropped_wherever_it_is_torn)
{
    const char *folder = scratch_folder("io_journal");
    char path[4200], torn[4200];
    snprintf(path, sizeof path, "%s/j", folder);
    snprintf(torn, sizeof torn, "%s/t", folder);
    add(path, 0, 5);
    add(path, 5, 9);
    seen all = {0};
    int64_t rest;
    cr_assert_eq(rp_journal_replay(path, see, &all, &rest), RP_OK);
    cr_expect(all.count == 9 && rest == 0);
    size_t n;
    char *bytes = file_read(path, &n);
    for (size_t cut = 0; cut < n; cut += 13) {
        FILE *f = fopen(torn, "wb");
        fwrite(bytes, 1, cut, f);
        fclose(f);
        int64_t whole = 0;
        while (whole < 9 && (size_t)(whole + 1 < 9 ? all.at[whole + 1] : (int64_t)n) <= cut)
            whole++;
        seen some = {0};
        cr_assert_eq(rp_journal_replay(torn, see, &some, &rest), RP_OK);
        cr_expect(some.count == whole && rest == (int64_t)cut - all.at[whole], "cut at %zu", cut);
        add(torn, (int)whole, 9);
        some = (seen){0};
        cr_assert_eq(rp_journal_replay(torn, see, &some, &rest), RP_OK);
        cr_expect(some.count == 9 && rest == 0, "cut at %zu", cut);
    }
    bytes[all.at[4] + 60] ^= 1; /* a flipped bit ends it too */
    FILE *f = fopen(torn, "wb");
    fwrite(bytes, 1, n, f);
    fclose(f);
    seen some = {0};
    cr_assert_eq(rp_journal_replay(torn, see, &some, &rest), RP_OK);
    cr_expect_eq(some.count, 4);
    uint32_t kind;
    rp_text text = {0};
    cr_assert_eq(rp_journal_fetch(torn, all.at[3], &kind, &text), RP_OK);
    cr_expect(kind == 10 && text.length == 300 && text.at[1] == 4);
    cr_expect_eq(rp_journal_fetch(torn, all.at[4], &kind, &text), RP_EDATA);
    cr_expect_eq(rp_journal_fetch(torn, 3, &kind, &text), RP_EDATA);
    rp_text_clear(&text);
    snprintf(path, sizeof path, "%s/none", folder);
    cr_expect_eq(rp_journal_replay(path, see, &some, &rest), RP_OK);
    cr_expect_eq(rest, 0);
    no_leaks();
}

Test(journal, a_full_disk_leaves_whole_records)
{
    const char *folder = scratch_folder("io_journal_full");
    if (mount("tmpfs", folder, "tmpfs", 0, "size=64k") != 0)
        skip_test("a small file system cannot be mounted here");
    char path[4200], *payload = calloc(1, 40000);
    snprintf(path, sizeof path, "%s/j", folder);
    rp_journal *j = NULL;
    cr_assert_eq(rp_journal_open(path, &j), RP_OK);
    cr_expect_eq(rp_journal_add(j, 7, 0, payload, NULL), RP_OK);
    cr_expect_eq(rp_journal_add(j, 8, 100000, calloc(1, 100000), NULL), RP_ESPACE);
    cr_expect_eq(rp_journal_close(&j), RP_OK);
    seen s = {0};
    int64_t torn;
    cr_expect_eq(rp_journal_replay(path, see, &s, &torn), RP_OK);
    cr_expect(s.count == 1 && torn == 0);
    cr_expect_eq(umount(folder), 0);
}
