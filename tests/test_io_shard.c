/* tests/test_io_shard.c - shards: reading past HDF5 against HDF5, h5py and h5dump; damage. */
#include "io/atomic.h"
#include "io/shard.h"
#include "tests/harness.h"

#include "lib/base/random.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

/* Smooth with noise, so that chunks compress as images do. */
static rp_volume *image(rp_dtype dtype, int64_t nz, int64_t ny, int64_t nx, uint64_t seed)
{
    rp_grid g = rp_grid_axial(nz, ny, nx, 3, 1.25, 0.75);
    g.origin[0] = -100.5, g.origin[1] = 20.25, g.origin[2] = 7;
    rp_volume *v = NULL;
    rp_random r;
    cr_assert_eq(rp_volume_new(&g, dtype, &v), RP_OK);
    rp_random_start(seed, RP_RANDOM_TEST, 0, &r);
    for (int64_t i = 0; i < nz * ny * nx; i++) {
        const double x = floor(100 * sin((double)(i % nx) / 9) + 20 * rp_random_unit(&r));
        switch (dtype) {
        case RP_U8: ((uint8_t *)v->data)[i] = x > 50; break;
        case RP_I16: ((int16_t *)v->data)[i] = (int16_t)x; break;
        case RP_U16: ((uint16_t *)v->data)[i] = (uint16_t)(x + 1000); break;
        case RP_I32: ((int32_t *)v->data)[i] = (int32_t)x * 65537; break;
        case RP_F32: ((float *)v->data)[i] = (float)x / 7; break;
        case RP_F64: ((double *)v->data)[i] = x / 7; break;
        case RP_F16: ((uint16_t *)v->data)[i] = rp_half_from_float((float)x / 8); break;
        default: break;
        }
    }
    return v;
}

static void put(rp_shard_writer *w, const char *name, rp_volume *v, int64_t cz, int64_t cy,
                int64_t cx)
{
    rp_packed *p = NULL;
    const double crop[3] = {1, 2, 3};
    const rp_attribute more[] = {{.name = "crop", .count = 3, .value = crop},
                                 {.name = "note", .text = ""}};
    const rp_shard_about about = {
        .name = "CT", .modality = "CT", .unit = "HU", .attributes = 2, .attribute = more};
    cr_assert_eq(rp_chunks_pack(v, (int64_t[3]){cz, cy, cx}, NULL, &p), RP_OK, "%s",
                 rp_error_message());
    cr_assert_eq(rp_shard_put(w, name, p, &about), RP_OK, "%s", rp_error_message());
    rp_packed_drop(&p);
}

static void make(const char *path)
{
    rp_shard_writer *w = NULL;
    cr_assert_eq(rp_shard_create(path, &w), RP_OK, "%s", rp_error_message());
    for (int t = 0; t < RP_DTYPE_COUNT; t++) {
        char name[40];
        rp_volume *v = image((rp_dtype)t, 9, 20, 31, (uint64_t)t);
        v->scale = t == RP_I16 ? 0.5 : 1;
        v->offset = t == RP_I16 ? -1024 : 0;
        snprintf(name, sizeof name, "/P%d/%s", t, rp_dtype_name((rp_dtype)t));
        put(w, name, v, 4, 8, 16);
        if (t == RP_U8) put(w, "/P0/regions/GTV", v, 100, 100, 100);
        rp_volume_drop(&v);
    }
    int64_t places[6] = {1, 2, 3, -4, 5, 6};
    float reals[3] = {0.5f, -1, 2};
    const rp_array a = {.type = RP_ARRAY_I64, .rank = 2, .n = {2, 3}, .data = places};
    const rp_array b = {.type = RP_ARRAY_F32, .rank = 1, .n = {3, 1}, .data = reals};
    const rp_array none = {.type = RP_ARRAY_I64, .rank = 2, .n = {0, 3}};
    const rp_attribute note = {.name = "label", .text = "tumour"};
    cr_assert_eq(rp_shard_put_array(w, "/P0/foreground", &a, 1, &note), RP_OK, "%s",
                 rp_error_message());
    cr_assert_eq(rp_shard_put_array(w, "/P0/reals", &b, 0, NULL), RP_OK, "%s", rp_error_message());
    cr_assert_eq(rp_shard_put_array(w, "/P0/none", &none, 0, NULL), RP_OK, "%s",
                 rp_error_message());
    cr_expect_eq(rp_shard_put_array(w, "/P0/reals", &b, 0, NULL), RP_EARG);
    cr_expect_eq(rp_shard_put_array(w, "P0", &b, 0, NULL), RP_EARG);
    cr_assert_eq(rp_shard_close(&w), RP_OK, "%s", rp_error_message());
}

Test(packed, chunks_do_not_depend_on_the_pool_and_go_through_a_record)
{
    rp_pool *pool = NULL;
    cr_assert_eq(rp_pool_new(3, &pool), RP_OK);
    rp_volume *v = image(RP_I16, 40, 50, 60, 1), *back = NULL;
    rp_packed *a = NULL, *b = NULL, *c = NULL;
    const int64_t chunk[3] = {7, 16, 16};
    cr_assert_eq(rp_chunks_pack(v, chunk, NULL, &a), RP_OK);
    cr_assert_eq(rp_chunks_pack(v, chunk, pool, &b), RP_OK);
    cr_expect(a->chunks == 6 * 4 * 4 && a->start[a->chunks] == b->start[b->chunks]);
    cr_expect_eq(memcmp(a->bytes, b->bytes, (size_t)a->start[a->chunks]), 0);
    rp_text record = {0};
    rp_packed_save(a, &record);
    rp_packed_save(b, &record);
    int64_t used;
    cr_assert_eq(rp_packed_load(record.length, record.at, &used, &c), RP_OK);
    cr_expect_eq(used, record.length / 2);
    cr_assert_eq(rp_packed_unpack(c, &back), RP_OK);
    cr_expect_eq(memcmp(v->data, back->data, 40 * 50 * 60 * 2), 0);
    rp_packed_drop(&c);
    for (int64_t cut = 0; cut < used; cut += 211)
        cr_expect_eq(rp_packed_load(cut, record.at, &used, &c), RP_EDATA);
    a->bytes[a->start[5] + 30] ^= 1;
    rp_volume_drop(&back);
    cr_expect_eq(rp_packed_unpack(a, &back), RP_EDATA);
    cr_expect(strstr(rp_error_message(), "chunk 5"), "%s", rp_error_message());
    rp_packed_drop(&a);
    rp_packed_drop(&b);
    rp_volume_drop(&v);
    rp_text_clear(&record);
    rp_pool_drop(&pool);
    no_leaks();
}

Test(shard, boxes_equal_what_hdf5_reads_bit_for_bit)
{
    const char *folder = scratch_folder("io_shard_box");
    char path[4200];
    snprintf(path, sizeof path, "%s/0.h5", folder);
    make(path);
    rp_shard *s = NULL;
    cr_assert_eq(rp_shard_open(path, &s), RP_OK, "%s", rp_error_message());
    cr_expect_eq(rp_shard_datasets(s), RP_DTYPE_COUNT + 4);
    rp_random r;
    rp_random_start(3, RP_RANDOM_TEST, 0, &r);
    for (int64_t i = 0; i < rp_shard_datasets(s); i++) {
        const rp_shard_info *info;
        cr_assert_eq(rp_shard_at(s, i, &info), RP_OK);
        int64_t j;
        cr_assert_eq(rp_shard_dataset(s, info->dataset, &j), RP_OK);
        cr_expect_eq(i, j);
        if (!info->is_volume) continue;
        cr_expect_str_eq(info->unit, "HU");
        rp_volume *want = image(info->dtype, 9, 20, 31, info->dtype), *all = NULL;
        cr_assert_eq(rp_shard_read_volume(s, i, &all), RP_OK, "%s", rp_error_message());
        cr_expect_eq(memcmp(all->data, want->data, 9 * 20 * 31 * rp_dtype_size(info->dtype)), 0,
                     "%s", info->dataset);
        cr_expect_eq(memcmp(&all->grid, &want->grid, sizeof all->grid), 0);
        cr_expect_eq(all->scale, info->dtype == RP_I16 ? 0.5 : 1);
        for (int k = 0; k < 40; k++) {
            int64_t at[3], size[3];
            for (int a = 0; a < 3; a++) {
                at[a] = rp_random_below(&r, info->grid.n[a]);
                size[a] = 1 + rp_random_below(&r, info->grid.n[a] - at[a]);
            }
            char *ours = calloc(9 * 20 * 31, 8), *theirs = calloc(9 * 20 * 31, 8);
            cr_assert_eq(rp_shard_read_box(s, i, at, size, ours), RP_OK, "%s", rp_error_message());
            cr_assert_eq(rp_shard_read_hdf5(s, i, at, size, theirs), RP_OK, "%s",
                         rp_error_message());
            cr_expect_eq(memcmp(ours, theirs, 9 * 20 * 31 * 8), 0, "%s", info->dataset);
            free(ours);
            free(theirs);
        }
        char one[8];
        cr_expect_eq(rp_shard_read_box(s, i, (int64_t[3]){9, 0, 0}, (int64_t[3]){1, 1, 1}, one),
                     RP_EARG);
        cr_expect_eq(rp_shard_read_box(s, i, (int64_t[3]){0, 0, 30}, (int64_t[3]){1, 1, 2}, one),
                     RP_EARG);
        rp_volume_drop(&want);
        rp_volume_drop(&all);
    }
    int64_t i;
    rp_array *a = NULL;
    const char *text;
    double crop[3];
    cr_assert_eq(rp_shard_dataset(s, "/P0/foreground", &i), RP_OK);
    cr_assert_eq(rp_shard_read_array(s, i, &a), RP_OK, "%s", rp_error_message());
    cr_expect(a->rank == 2 && a->n[0] == 2 && a->n[1] == 3 && ((int64_t *)a->data)[3] == -4);
    rp_array_drop(&a);
    cr_assert_eq(rp_shard_text(s, i, "label", &text), RP_OK);
    cr_expect_str_eq(text, "tumour");
    cr_expect_eq(rp_shard_text(s, i, "colour", &text), RP_ENONE);
    cr_assert_eq(rp_shard_dataset(s, "/P0/none", &i), RP_OK);
    cr_assert_eq(rp_shard_read_array(s, i, &a), RP_OK, "%s", rp_error_message());
    cr_expect(a->n[0] == 0 && a->n[1] == 3);
    rp_array_drop(&a);
    cr_assert_eq(rp_shard_dataset(s, "/P0/regions/GTV", &i), RP_OK);
    cr_assert_eq(rp_shard_numbers(s, i, "crop", 3, crop), RP_OK);
    cr_expect_eq(crop[2], 3);
    cr_expect_eq(rp_shard_dataset(s, "/P0/regions/GTVn", &i), RP_ENONE);
    rp_shard_drop(&s);
    no_leaks();
}

Test(shard, the_same_calls_give_the_same_bytes)
{
    const char *folder = scratch_folder("io_shard_same");
    char path[2][4200], out[300];
    for (int k = 0; k < 2; k++) {
        snprintf(path[k], sizeof path[k], "%s/%d.h5", folder, k);
        make(path[k]);
        if (k == 0)
            run_command(5, out, sizeof out, "sleep 1.1"); /* a second apart: no times inside */
    }
    size_t n, m;
    const char *a = file_read(path[0], &n), *b = file_read(path[1], &m);
    cr_expect(n == m && memcmp(a, b, n) == 0);
    rp_names *names = NULL;
    cr_assert_eq(rp_path_list(folder, &names), RP_OK);
    cr_expect_eq(names->count, 2, "a temporary file was left");
    rp_names_drop(&names);
}

Test(shard, h5py_and_h5dump_read_it_through_the_plug_in)
{
    const char *folder = scratch_folder("io_shard_python");
    char path[4200], out[4000];
    snprintf(path, sizeof path, "%s/0.h5", folder);
    make(path);
    if (run_command(30, out, sizeof out, "/usr/bin/python3 -c \"import h5py\"") != 0)
        skip_test("h5py is not installed");
    rp_path_info info;
    cr_assert_eq(rp_path_look(build_path("plugin/libh5zstd.so"), true, &info), RP_OK);
    if (info.kind == RP_PATH_NONE) skip_test("the plug-in is not built");
    const int rc = run_command(
        60, out, sizeof out,
        "export HDF5_PLUGIN_PATH=%s; /usr/bin/python3 -c \"\nimport h5py, hashlib\nf = "
        "h5py.File(\\\"%s\\\")\n"
        "for n in range(7):\n  g = f[\\\"P%%d\\\" %% n]\n  d = [g[k] for k in g if "
        "k[-1].isdigit()][0]\n"
        "  print(d.dtype.name, d.shape, d.chunks, hashlib.sha256(d[()].tobytes()).hexdigest())\n"
        "print(f[\\\"P0/foreground\\\"][()].tolist(), f[\\\"P0/none\\\"].shape, "
        "f[\\\"P0/foreground\\\"].attrs[\\\"label\\\"].decode(), "
        "f[\\\"P1/int16\\\"].attrs[\\\"spacing_mm\\\"], "
        "f[\\\"P1/int16\\\"].attrs[\\\"offset\\\"])\n"
        "\" && h5dump -d /P1/int16 -s \"0,0,0\" -c \"1,1,3\" %s",
        build_path("plugin"), path, path);
    cr_assert_eq(rc, 0, "%s", out);
    for (int t = 0; t < RP_DTYPE_COUNT; t++) {
        rp_volume *v = image((rp_dtype)t, 9, 20, 31, (uint64_t)t);
        uint8_t digest[32];
        char hex[65], line[200];
        rp_sha256(9 * 20 * 31 * rp_dtype_size((rp_dtype)t), v->data, digest);
        rp_hex(32, digest, hex);
        snprintf(line, sizeof line, "%s (9, 20, 31) (4, 8, 16) %s", rp_dtype_name((rp_dtype)t),
                 hex);
        cr_expect(strstr(out, line), "%s\nis not in\n%s", line, out);
        rp_volume_drop(&v);
    }
    cr_expect(strstr(out, "[[1, 2, 3], [-4, 5, 6]] (0, 3) tumour [3.   1.25 0.75] -1024.0"), "%s",
              out);
    cr_expect(strstr(out, "(0,0,0): "), "%s", out);
}

static void keep_line(void *arg, const char *line) { snprintf(arg, 600, "%s", line); }

Test(shard, any_flipped_bit_and_any_cut_is_named)
{
    const char *folder = scratch_folder("io_shard_flip");
    char path[4200], bad[4200], line[600];
    snprintf(path, sizeof path, "%s/0.h5", folder);
    snprintf(bad, sizeof bad, "%s/bad.h5", folder);
    make(path);
    int64_t findings;
    cr_assert_eq(rp_shard_verify(path, keep_line, line, &findings), RP_OK, "%s",
                 rp_error_message());
    cr_expect_eq(findings, 0);
    rp_shard *s = NULL;
    size_t n;
    char *bytes = file_read(path, &n);
    int64_t in_chunks = 0, tried = 0;
    for (size_t i = 0; i < n; i += i + 997 < n ? 997 : 1) {
        bytes[i] ^= (char)(1 << i % 8);
        FILE *f = fopen(bad, "wb");
        fwrite(bytes, 1, n, f);
        fclose(f);
        bytes[i] ^= (char)(1 << i % 8);
        if (++tried > 260) break;
        *line = 0;
        cr_assert_eq(rp_shard_verify(bad, keep_line, line, &findings), RP_OK, "byte %zu: %s", i,
                     rp_error_message());
        cr_expect(findings > 0 && strstr(line, "bad.h5"), "byte %zu: %s", i, line);
        in_chunks += findings == 2;
        /* What can still be read is either right or refused. */
        if (rp_shard_open(bad, &s) != RP_OK) continue;
        for (int64_t k = 0; k < rp_shard_datasets(s); k++) {
            const rp_shard_info *info;
            rp_volume *v = NULL;
            if (rp_shard_at(s, k, &info) != RP_OK || !info->is_volume || info->dtype != RP_I16)
                continue;
            if (rp_shard_read_volume(s, k, &v) != RP_OK) continue;
            rp_volume *want = image(RP_I16, 9, 20, 31, RP_I16);
            cr_expect_eq(memcmp(v->data, want->data, 9 * 20 * 31 * 2), 0,
                         "byte %zu: silently different", i);
            rp_volume_drop(&v);
            rp_volume_drop(&want);
        }
        rp_shard_drop(&s);
    }
    cr_expect(in_chunks > 20, "%d", (int)in_chunks);
    for (size_t cut = 0; cut < n; cut += 7919) {
        FILE *f = fopen(bad, "wb");
        fwrite(bytes, 1, cut, f);
        fclose(f);
        cr_assert_eq(rp_shard_verify(bad, keep_line, line, &findings), RP_OK);
        cr_expect(findings > 0, "cut at %zu", cut);
    }
    /* No check for leaks: HDF5 1.10.8 loses memory on metadata whose checksum fails. */
}

Test(shard, a_damaged_chunk_is_named_and_the_others_are_read)
{
    const char *folder = scratch_folder("io_shard_chunk");
    char path[4200];
    snprintf(path, sizeof path, "%s/0.h5", folder);
    make(path);
    rp_shard *s = NULL;
    cr_assert_eq(rp_shard_open(path, &s), RP_OK);
    size_t n;
    char *bytes = file_read(path, &n);
    rp_packed *p = NULL;
    rp_volume *v = image(RP_F32, 9, 20, 31, RP_F32);
    cr_assert_eq(rp_chunks_pack(v, (int64_t[3]){4, 8, 16}, NULL, &p), RP_OK);
    char *at = memmem(bytes, n, p->bytes + p->start[2], (size_t)(p->start[3] - p->start[2]));
    cr_assert_not_null(at);
    FILE *f = fopen(path, "r+b");
    fseek(f, at - bytes + 40, SEEK_SET);
    fputc(at[40] ^ 16, f);
    fclose(f);
    int64_t i;
    float out[9 * 20 * 31];
    cr_assert_eq(rp_shard_dataset(s, "/P4/float32", &i), RP_OK);
    cr_expect_eq(rp_shard_read_box(s, i, (int64_t[3]){0, 0, 0}, (int64_t[3]){4, 8, 31}, out),
                 RP_OK);
    cr_expect_eq(rp_shard_read_box(s, i, (int64_t[3]){0, 7, 3}, (int64_t[3]){1, 2, 3}, out),
                 RP_EDATA);
    cr_expect(strstr(rp_error_message(), "0.h5': dataset '/P4/float32': chunk 2 is damaged"), "%s",
              rp_error_message());
    f = fopen(path, "r+b");
    cr_assert_eq(ftruncate(fileno(f), at - bytes + 10), 0);
    fclose(f);
    cr_expect_eq(rp_shard_read_box(s, i, (int64_t[3]){0, 8, 0}, (int64_t[3]){1, 1, 1}, out),
                 RP_EDATA);
    cr_expect(strstr(rp_error_message(), "beyond the end"), "%s", rp_error_message());
    rp_shard_drop(&s);
    cr_expect_eq(rp_shard_open(path, &s), RP_EDATA);
    rp_packed_drop(&p);
    rp_volume_drop(&v);
    no_leaks();
}

Test(shard, a_full_disk_leaves_nothing_wherever_it_comes)
{
    const char *folder = scratch_folder("io_shard_full");
    if (mount("tmpfs", folder, "tmpfs", 0, "size=2m") != 0)
        skip_test("a small file system cannot be mounted here");
    char path[4200], ballast[4200], *block = calloc(1, 1 << 21);
    snprintf(path, sizeof path, "%s/a.h5", folder);
    snprintf(ballast, sizeof ballast, "%s/ballast", folder);
    rp_volume *v = image(RP_F64, 20, 40, 60, 9);
    rp_packed *p = NULL;
    cr_assert_eq(rp_chunks_pack(v, (int64_t[3]){4, 8, 16}, NULL, &p), RP_OK);
    int64_t whole = 0, failed = 0;
    for (size_t left = 0; left < 600000; left += 30000) {
        FILE *f = fopen(ballast, "wb");
        fwrite(block, 1, (1 << 21) - left, f);
        fclose(f);
        rp_shard_writer *w = NULL;
        rp_status st = rp_shard_create(path, &w);
        for (int k = 0; st == RP_OK && k < 2; k++)
            st = rp_shard_put(w, k ? "/b/CT" : "/a/CT", p, &(rp_shard_about){.name = "CT"});
        if (st == RP_OK)
            st = rp_shard_close(&w);
        else
            rp_shard_writer_drop(&w);
        rp_names *names = NULL;
        cr_assert_eq(rp_path_list(folder, &names), RP_OK);
        cr_expect_eq(names->count, st == RP_OK ? 2 : 1, "%zu bytes left: something was left behind",
                     left);
        rp_names_drop(&names);
        cr_expect(st == RP_OK || st == RP_ESPACE, "%zu bytes left: %s", left, rp_error_message());
        if (st != RP_OK) cr_expect(strstr(rp_error_message(), "a.h5"), "%s", rp_error_message());
        *(st == RP_OK ? &whole : &failed) += 1;
        (void)unlink(path);
        (void)unlink(ballast);
    }
    cr_expect(whole > 0 && failed > 3, "%d whole, %d failed", (int)whole, (int)failed);
    cr_expect_eq(umount(folder), 0, "the failed file is still open");
    rp_packed_drop(&p);
    rp_volume_drop(&v);
    free(block);
}
