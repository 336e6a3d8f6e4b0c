/* tests/test_io_formats.c - safetensors, NRRD, PNG. */
#include "io/nrrd.h"
#include "io/png.h"
#include "io/safetensors.h"
#include "lib/base/digest.h"
#include "tests/harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void write_bytes(const char *path, size_t n, const void *bytes)
{
    FILE *f = fopen(path, "wb");
    fwrite(bytes, 1, n, f);
    fclose(f);
}

static const float numbers[6] = {0.5f, -1, 2, 3, 4, 5};

static void write_tensors(const char *path)
{
    const rp_safetensor t[] = {{"enc.0.weight", 2, {2, 3}, numbers},
                               {"bias \"\xC3\xA9\"", 1, {2}, numbers + 1},
                               {"none", 2, {0, 3}, numbers},
                               {"step", 0, {0}, numbers + 5}};
    const rp_safetensors_note notes[] = {{"format", "radpipe"}, {"note", "a \"b\"\nc"}};
    cr_assert_eq(rp_safetensors_write(path, 4, t, 2, notes), RP_OK, "%s", rp_error_message());
}

Test(safetensors, what_is_written_is_read_by_us_and_by_python)
{
    char path[4200], out[2000];
    snprintf(path, sizeof path, "%s/a.safetensors", scratch_folder("io_safetensors"));
    write_tensors(path);
    rp_safetensors *s = NULL;
    cr_assert_eq(rp_safetensors_read(path, &s), RP_OK, "%s", rp_error_message());
    cr_assert_eq(rp_safetensors_count(s), 4);
    const rp_safetensor *t = rp_safetensors_find(s, "enc.0.weight");
    cr_assert(t && t->rank == 2 && t->n[0] == 2 && t->n[1] == 3 &&
              memcmp(t->data, numbers, 24) == 0);
    t = rp_safetensors_find(s, "bias \"\xC3\xA9\"");
    cr_assert(t && t->data[1] == 2);
    t = rp_safetensors_find(s, "step");
    cr_assert(t && t->rank == 0 && t->data[0] == 5);
    cr_expect_str_eq(rp_safetensors_text(s, "note"), "a \"b\"\nc");
    cr_expect_null(rp_safetensors_text(s, "more"));
    rp_safetensors_drop(&s);
    cr_assert_eq(run_command(30, out, sizeof out,
                             "/usr/bin/python3 tests/formats_check.py safetensors %s", path),
                 0, "%s", out);
    cr_expect(strstr(out, "enc.0.weight F32 [2, 3] (0.5, -1.0, 2.0)") &&
                  strstr(out, "step F32 [] (5.0,)"),
              "%s", out);
    const rp_safetensor twice[] = {{"a", 1, {1}, numbers}, {"a", 1, {1}, numbers}};
    cr_expect_eq(rp_safetensors_write(path, 2, twice, 0, NULL), RP_EARG);
    no_leaks();
}

static void expect_refusal(const char *path, const char *json, size_t data, rp_status want,
                           const char *message)
{
    char file[2000] = {0};
    const uint64_t n = strlen(json);
    memcpy(file, &n, 8);
    memcpy(file + 8, json, n);
    write_bytes(path, 8 + n + data, file);
    rp_safetensors *s = NULL;
    cr_expect_eq(rp_safetensors_read(path, &s), want, "%s: %s", json, rp_error_message());
    cr_expect(strstr(rp_error_message(), message), "%s: %s", json, rp_error_message());
    rp_safetensors_drop(&s);
}

Test(safetensors, holes_overlaps_and_lies_are_refused)
{
    char path[4200];
    snprintf(path, sizeof path, "%s/a.safetensors", scratch_folder("io_safetensors_bad"));
    expect_refusal(path, "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 12,
                   RP_EDATA, "4 bytes left over");
    expect_refusal(path, "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}", 12,
                   RP_EDATA, "hole");
    expect_refusal(path,
                   "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"b\":{"
                   "\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}",
                   12, RP_EDATA, "overlaps");
    expect_refusal(path, "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", 8,
                   RP_EDATA, "does not fit");
    expect_refusal(path, "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 4,
                   RP_EDATA, "outside");
    expect_refusal(path, "{\"a\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4,
                   RP_EUNSUP, "F16");
    expect_refusal(
        path,
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,0]}}", 0,
        RP_EDATA, "does not fit");
    expect_refusal(path, "{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,0]}}", 0,
                   RP_EDATA, "shape");
    expect_refusal(path, "[1]", 0, RP_EDATA, "{");
    expect_refusal(path, "{\"a\":3}", 0, RP_EDATA, "'a'");
    write_tensors(path);
    size_t n;
    char *bytes = file_read(path, &n);
    rp_safetensors *s = NULL;
    for (size_t cut = 0; cut < n; cut += 3) {
        write_bytes(path, cut, bytes);
        cr_expect_eq(rp_safetensors_read(path, &s), RP_EDATA, "cut at %zu", cut);
    }
    for (size_t i = 0; i < n; i++) {
        bytes[i] ^= 0x10;
        write_bytes(path, n, bytes);
        bytes[i] ^= 0x10;
        if (rp_safetensors_read(path, &s) == RP_OK) rp_safetensors_drop(&s);
    }
    no_leaks();
}

static void build(const char *path, const char *space, const char *endian, const char *encoding,
                  const char *more, size_t n, const void *data)
{
    FILE *f = fopen(path, "wb");
    fprintf(f,
            "NRRD0004\n# made by hand\ntype: short\ndimension: 3\nspace: %s\nsizes: 4 3 2\n"
            "space directions: (0,1.5,0) (-0.9,0,0) (0, 0, 3)\nkinds: domain domain domain\n"
            "endian: %s\nencoding: %s\nspace origin: (10.25,-20.5,5)\nmodality:=CT\n%s\n",
            space, endian, encoding, more);
    fwrite(data, 1, n, f);
    fclose(f);
}

static void expect_volume(const char *path, double sx, double sy)
{
    rp_volume *v = NULL;
    rp_nrrd_info info;
    cr_assert_eq(rp_nrrd_read(path, &v, &info), RP_OK, "%s", rp_error_message());
    cr_expect(v->grid.n[0] == 2 && v->grid.n[1] == 3 && v->grid.n[2] == 4 && v->dtype == RP_I16 &&
              !info.was_float);
    for (int i = 0; i < 24; i++) cr_expect_eq(((int16_t *)v->data)[i], i * 100 - 700, "%s", path);
    double p[3];
    rp_grid_position(&v->grid, (double[3]){1, 1, 1}, p);
    cr_expect(fabs(p[0] - sx * (10.25 - 0.9)) < 1e-12 && fabs(p[1] - sy * (-20.5 + 1.5)) < 1e-12 &&
                  fabs(p[2] - 8) < 1e-12,
              "%s: %g %g %g", path, p[0], p[1], p[2]);
    rp_volume_drop(&v);
}

Test(nrrd, every_encoding_and_space_gives_the_same_volume)
{
    const char *folder = scratch_folder("io_nrrd");
    char path[4200], data[4300], out[400], text[400] = "";
    int16_t little[24];
    uint8_t big[48];
    for (int i = 0; i < 24; i++) {
        little[i] = (int16_t)(i * 100 - 700);
        big[2 * i] = (uint8_t)(little[i] >> 8), big[2 * i + 1] = (uint8_t)little[i];
        sprintf(text + strlen(text), "%d%s", little[i], i % 4 == 3 ? "\n" : " ");
    }
    snprintf(path, sizeof path, "%s/a.nrrd", folder);
    build(path, "left-posterior-superior", "little", "raw", "", 48, little);
    expect_volume(path, 1, 1);
    build(path, "RAS", "big", "raw", "", 48, big);
    expect_volume(path, -1, -1);
    build(path, "left-anterior-superior", "little", "ascii", "", strlen(text), text);
    expect_volume(path, 1, -1);
    build(path, "LPS", "little", "raw", "line skip: 2\nbyte skip: 0\n", 0, "");
    FILE *f = fopen(path, "ab");
    fputs("one\ntwo\n", f);
    fwrite(little, 2, 24, f);
    fclose(f);
    expect_volume(path, 1, 1);
    snprintf(data, sizeof data, "%s/a.raw", folder);
    write_bytes(data, 48, little);
    cr_assert_eq(run_command(10, out, sizeof out, "gzip -kn %s", data), 0, "%s", out);
    snprintf(path, sizeof path, "%s/a.nhdr", folder);
    build(path, "LPS", "little", "gzip", "data file: a.raw.gz\n", 0, "");
    expect_volume(path, 1, 1);
    build(path, "LPS", "little", "raw", "data file: ./a.raw\nbyte skip: -1\n", 0, "");
    expect_volume(path, 1, 1);
    no_leaks();
}

Test(nrrd, what_cannot_be_right_is_refused)
{
    const char *folder = scratch_folder("io_nrrd_bad");
    char path[4200];
    snprintf(path, sizeof path, "%s/a.nrrd", folder);
    static const struct {
        const char *space, *endian, *encoding, *more;
        size_t n;
        rp_status want;
        const char *message;
    } bad[] = {
        {"LPS", "little", "raw", "", 47, RP_EDATA, "48 bytes of voxels"},
        {"LPS", "little", "gzip", "", 48, RP_EDATA, "gzip"},
        {"LPS", "little", "bzip2", "", 48, RP_EUNSUP, "bzip2"},
        {"scanner-xyz", "little", "raw", "", 48, RP_EUNSUP, "scanner-xyz"},
        {"LPS", "middle", "raw", "", 48, RP_EDATA, "middle"},
        {"LPS", "little", "ascii", "", 48, RP_EDATA, "voxel"},
        {"LPS", "little", "raw", "data file: /etc/passwd\n", 48, RP_EDATA, "not beside it"},
        {"LPS", "little", "raw", "data file: ../x\n", 48, RP_EDATA, "not beside it"},
        {"LPS", "little", "raw", "data file: x%03d.raw 1 9 1\n", 48, RP_EUNSUP, "several files"},
        {"LPS", "little", "raw", "dimension: 4\n", 48, RP_EUNSUP, "4 dimensions"},
        {"LPS", "little", "raw", "sizes: 2000000000 2000000000 2000000000\n", 48, RP_EDATA, "announced"},
        {"LPS", "little", "raw", "sizes: 20000 20000 2\n", 48, RP_EDATA, "announced"},
        {"LPS", "little", "raw", "space directions: none (1,0,0) (0,1,0)\n", 48, RP_EDATA,
         "vector"},
        {"LPS", "little", "raw", "space directions: (0,0,0) (1,0,0) (0,1,0)\n", 48, RP_EDATA,
         "spacing"},
        {"LPS", "little", "raw", "space directions: (1,0,0) (1,0,0) (0,1,0)\n", 48, RP_EDATA,
         "plane"},
        {"LPS", "little", "raw", "type: block\n", 48, RP_EUNSUP, "block"},
        {"LPS", "little", "raw", "nonsense\n", 48, RP_EDATA, "nonsense"},
    };
    const char zeros[48] = {0};
    rp_volume *v = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        build(path, bad[i].space, bad[i].endian, bad[i].encoding, bad[i].more, bad[i].n, zeros);
        cr_expect_eq(rp_nrrd_read(path, &v, NULL), bad[i].want, "%zu: %s", i, rp_error_message());
        cr_expect(strstr(rp_error_message(), bad[i].message), "%zu: %s", i, rp_error_message());
    }
    write_bytes(path, 4, "NRRD");
    cr_expect_eq(rp_nrrd_read(path, &v, NULL), RP_EDATA);
    no_leaks();
}

Test(nrrd, a_header_cut_anywhere_is_refused)
{
    const char *header = "NRRD0004\r\ntype: uchar\r\ndimension: 3\r\nspace: LPS\r\nsizes: 1 1 1\r\n"
                         "space directions: (1,0,0) (0,1,0) (0,0,1)\r\nspace origin: (0,0,0)\r\n"
                         "encoding: raw\r\nline skip: 1\r\n\r\n";
    char path[4200];
    snprintf(path, sizeof path, "%s/cut.nrrd", scratch_folder("io_nrrd_cut"));
    rp_volume *v = NULL;
    for (size_t n = 0; n <= strlen(header); n++) {
        write_bytes(path, n, header);
        const rp_status st = rp_nrrd_read(path, &v, NULL);
        /* "encoding: ra" is a word that is not known, hence RP_EUNSUP */
        cr_expect(st == RP_EDATA || st == RP_EUNSUP, "%zu: %d %s", n, st, rp_error_message());
        cr_expect_null(v);
    }
    no_leaks();
}

Test(png, other_readers_see_the_pixels)
{
    const char *folder = scratch_folder("io_png");
    static uint8_t pixels[37 * 23 * 3];
    char path[4200], again[4200], out[400], hex[65], line[200];
    uint8_t digest[32];
    for (int i = 0; i < 37 * 23 * 3; i++) pixels[i] = (uint8_t)(i * i / 7 + (i % 37) * 3);
    for (int channels = 1; channels <= 3; channels += 2) {
        snprintf(path, sizeof path, "%s/%d.png", folder, channels);
        snprintf(again, sizeof again, "%s/again%d.png", folder, channels);
        cr_assert_eq(rp_png_write(path, 37, 23, channels, pixels), RP_OK, "%s", rp_error_message());
        cr_assert_eq(rp_png_write(again, 37, 23, channels, pixels), RP_OK);
        rp_sha256((size_t)(37 * 23 * channels), pixels, digest);
        rp_hex(32, digest, hex);
        snprintf(line, sizeof line, "37 23 8 %d %s ['IDAT', 'IEND', 'IHDR']", channels, hex);
        cr_assert_eq(run_command(30, out, sizeof out,
                                 "/usr/bin/python3 tests/formats_check.py png %s", path),
                     0, "%s", out);
        cr_expect(strstr(out, line), "%s\n%s", line, out);
        size_t n, m;
        const char *a = file_read(path, &n), *b = file_read(again, &m);
        cr_expect(n == m && memcmp(a, b, n) == 0);
    }
    cr_expect_eq(rp_png_write(path, 0, 23, 1, pixels), RP_EARG);
    cr_expect_eq(rp_png_write(path, 3, 2, 2, pixels), RP_EARG);
    no_leaks();
}
