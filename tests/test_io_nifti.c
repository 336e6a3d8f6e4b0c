/* tests/test_io_nifti.c - NIfTI files against nibabel, and hostile ones. */
#include "io/atomic.h"
#include "io/nifti.h"
#include "tests/harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The affine of tests/nifti_check.py, RAS. */
static double ras[3][4] = {{0, -0.9, 0.1, 10.25}, {1.5, 0.05, 0, -20.5}, {0, 0.2, 3, 5.125}};

static bool has_python(void)
{
    char out[200];
    return run_command(30, out, sizeof out, "/usr/bin/python3 -c \"import nibabel\"") == 0;
}

static void expect_geometry(const char *path, const rp_volume *v, double want[3][4], double tol)
{
    for (int k = 0; k < 4; k++) {
        double index[3] = {k == 2, k == 1, k == 0}, p[3];
        rp_grid_position(&v->grid, index, p);
        for (int r = 0; r < 3; r++) {
            const double x = (r < 2 ? -1 : 1) * (want[r][3] + (k < 3 ? want[r][k] : 0));
            cr_expect(fabs(p[r] - x) < tol, "%s: %g is not %g", path, p[r], x);
        }
    }
}

Test(nifti, every_type_version_and_byte_order_of_nibabel_reads_alike)
{
    if (!has_python()) skip_test("nibabel is not installed");
    const char *folder = scratch_folder("io_nifti");
    char out[1000], path[4200];
    cr_assert_eq(
        run_command(60, out, sizeof out, "/usr/bin/python3 tests/nifti_check.py make %s", folder),
        0, "%s", out);
    static const char *const types[] = {"int8",   "uint8", "int16",  "uint16",  "int32",
                                        "uint32", "int64", "uint64", "float32", "float64"};
    for (int i = 0; i < 40; i++) {
        const char *type = types[i / 4], order = i & 1 ? 'b' : 'l', version = i & 2 ? '2' : '1';
        snprintf(path, sizeof path, "%s/%s_%c_%c%s", folder, type, version, order,
                 order == 'b' ? ".nii.gz" : ".nii");
        rp_volume *v = NULL;
        rp_nifti_info info;
        cr_assert_eq(rp_nifti_read(path, &v, &info), RP_OK, "%s", rp_error_message());
        cr_expect_eq(info.version, version - '0');
        cr_expect_eq(info.is_swapped, order == 'b');
        cr_expect_eq(info.was_float, type[0] == 'f');
        cr_expect(v->grid.n[0] == 4 && v->grid.n[1] == 3 && v->grid.n[2] == 2);
        for (int z = 0; z < 4; z++)
            for (int y = 0; y < 3; y++)
                for (int x = 0; x < 2; x++) {
                    int want = ((x * 3 + y) * 4 + z) * 7 - 60;
                    if (type[0] == 'u') want = (want + 1000) % 100;
                    cr_expect_eq(rp_volume_value(v, (z * 3 + y) * 2 + x), want, "%s", path);
                }
        expect_geometry(path, v, ras, 2e-6);
        rp_volume_drop(&v);
    }
    rp_volume *v = NULL;
    double a[4][4], want[3][4];
    char *at = out;
    for (int i = 0; i < 16; i++) a[i / 4][i % 4] = strtod(at, &at);
    memcpy(want, a, sizeof want);
    snprintf(path, sizeof path, "%s/qform.nii", folder);
    cr_assert_eq(rp_nifti_read(path, &v, NULL), RP_OK, "%s", rp_error_message());
    expect_geometry(path, v, want, 1e-5);
    cr_expect_eq(rp_volume_value(v, 0), -60 * 0.5 - 3);
    rp_volume_drop(&v);
    snprintf(path, sizeof path, "%s/four.nii", folder);
    cr_expect_eq(rp_nifti_read(path, &v, NULL), RP_EUNSUP);
    cr_expect(strstr(rp_error_message(), "5 volumes"), "%s", rp_error_message());
    snprintf(path, sizeof path, "%s/lost.nii", folder);
    cr_expect_eq(rp_nifti_read(path, &v, NULL), RP_EDATA);
    cr_expect(strstr(rp_error_message(), "orientation"), "%s", rp_error_message());
    no_leaks();
}

static rp_volume *sample(rp_dtype dtype)
{
    rp_grid g = rp_grid_axial(5, 4, 3, 3, 1.5, 0.75);
    g.origin[0] = -12.5, g.origin[1] = 7.25, g.origin[2] = 100.125;
    const double c = cos(0.3), s = sin(0.3);
    g.dir[1][1] = c, g.dir[1][2] = s, g.dir[0][1] = -s, g.dir[0][2] = c;
    rp_volume *v = NULL;
    cr_assert_eq(rp_volume_new(&g, dtype, &v), RP_OK);
    for (int64_t i = 0; i < rp_grid_voxels(&g); i++) {
        if (dtype == RP_U8) ((uint8_t *)v->data)[i] = (uint8_t)(i * 3);
        if (dtype == RP_I16) ((int16_t *)v->data)[i] = (int16_t)(i * 13 - 300);
        if (dtype == RP_U16) ((uint16_t *)v->data)[i] = (uint16_t)(i * 1000);
        if (dtype == RP_I32) ((int32_t *)v->data)[i] = (int32_t)(i * 70001 - 9);
        if (dtype == RP_F32) ((float *)v->data)[i] = (float)i / 3;
        if (dtype == RP_F64) ((double *)v->data)[i] = (double)i / 7;
    }
    return v;
}

Test(nifti, what_is_written_reads_back_the_same_and_the_same_bytes)
{
    const char *folder = scratch_folder("io_nifti_write");
    const bool python = has_python();
    for (int t = RP_U8; t <= RP_F64; t++)
        for (int gz = 0; gz < 2; gz++) {
            char path[4200], again[4300], out[1000];
            snprintf(path, sizeof path, "%s/%d.nii%s", folder, t, gz ? ".gz" : "");
            snprintf(again, sizeof again, "%s/b%d.nii%s", folder, t, gz ? ".gz" : "");
            rp_volume *v = sample((rp_dtype)t), *back = NULL;
            cr_assert_eq(rp_nifti_write(path, v), RP_OK, "%s", rp_error_message());
            cr_assert_eq(rp_nifti_read(path, &back, NULL), RP_OK, "%s", rp_error_message());
            cr_expect_eq(back->dtype, v->dtype);
            cr_expect_eq(memcmp(back->data, v->data, 60 * rp_dtype_size(v->dtype)), 0);
            cr_expect(rp_grid_difference(&v->grid, &back->grid) < 1e-6);
            cr_assert_eq(rp_nifti_write(again, back), RP_OK);
            size_t n, m;
            const char *a = file_read(path, &n), *b = file_read(again, &m);
            cr_expect(n == m && memcmp(a, b, n) == 0, "dtype %d: written again it differs", t);
            if (python && gz) {
                run_command(60, out, sizeof out, "/usr/bin/python3 tests/nifti_check.py check %s",
                            path);
                double sum = 0;
                for (int i = 0; i < 60; i++) sum += rp_volume_value(v, i);
                const char *last = strrchr(out, ' ');
                cr_expect(strstr(out, "(3, 4, 5)") && strstr(out, rp_dtype_name(v->dtype)), "%s",
                          out);
                cr_expect(last && near(strtod(last, NULL), sum, 1e-12, 0), "%s", out);
            }
            rp_volume_drop(&v);
            rp_volume_drop(&back);
        }
    no_leaks();
}

Test(nifti, any_rotation_or_mirror_has_a_quaternion_that_agrees_with_the_affine)
{
    if (!has_python()) skip_test("nibabel is not installed");
    const char *folder = scratch_folder("io_nifti_turn");
    char path[4200], out[4000];
    for (int i = 0; i < 48; i++) {
        static const int order[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                        {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
        rp_volume *v = sample(RP_U8);
        for (int a = 0; a < 3; a++)
            for (int k = 0; k < 3; k++)
                v->grid.dir[a][k] = order[i % 6][a] == k ? (i / 6 >> a & 1 ? -1 : 1) : 0;
        snprintf(path, sizeof path, "%s/%02d.nii", folder, i);
        cr_assert_eq(rp_nifti_write(path, v), RP_OK, "%s", rp_error_message());
        rp_volume_drop(&v);
    }
    cr_assert_eq(
        run_command(
            60, out, sizeof out,
            "/usr/bin/python3 -c \"import nibabel, glob; print(max(abs(i.get_sform() - "
            "i.get_qform()).max() for i in map(nibabel.load, glob.glob(\\\"%s/*.nii\\\"))))\"",
            folder),
        0);
    /* A half turn leaves a = sqrt(1 - sum) of floats: about sqrt(1e-7), times 4 voxels. */
    cr_expect(strtod(out, NULL) < 2e-3, "%s", out);
}

Test(nifti, damaged_files_are_refused)
{
    const char *folder = scratch_folder("io_nifti_bad");
    char path[4200], bad[4200];
    snprintf(path, sizeof path, "%s/a.nii", folder);
    snprintf(bad, sizeof bad, "%s/b.nii", folder);
    rp_volume *v = sample(RP_I16), *got = NULL;
    cr_assert_eq(rp_nifti_write(path, v), RP_OK);
    size_t n;
    char *bytes = file_read(path, &n);
    for (size_t cut = 0; cut < n; cut += 37) {
        cr_assert_eq(rp_atomic_write(bad, (int64_t)cut, bytes), RP_OK);
        cr_expect_eq(rp_nifti_read(bad, &got, NULL), RP_EDATA, "cut at %zu", cut);
    }
    static const struct {
        int at;
        uint8_t to[4];
        rp_status want;
    } edit[] = {{0, {9, 9, 9, 9}, RP_EDATA},
                {344, "xxxx", RP_EDATA},
                {344, "ni1", RP_EUNSUP},
                {40, {9, 0, 3, 0}, RP_EDATA},
                {42, {0, 0, 1, 0}, RP_EDATA},
                {42, {255, 127, 255, 127}, RP_EDATA},
                {42, {255, 255, 1, 0}, RP_EDATA},
                {70, {32, 0, 64, 0}, RP_EUNSUP},
                {70, {4, 0, 8, 0}, RP_EDATA},
                {112, {0, 0, 0x80, 0x7F}, RP_EDATA},
                {280, {0, 0, 0xC0, 0x7F}, RP_EDATA},
                {108, {0, 0, 0, 0}, RP_EDATA}};
    for (size_t i = 0; i < sizeof edit / sizeof *edit; i++) {
        char kept[4];
        memcpy(kept, bytes + edit[i].at, 4);
        memcpy(bytes + edit[i].at, edit[i].to, 4);
        cr_assert_eq(rp_atomic_write(bad, (int64_t)n, bytes), RP_OK);
        cr_expect_eq(rp_nifti_read(bad, &got, NULL), edit[i].want, "edit %zu: %s", i,
                     rp_error_message());
        memcpy(bytes + edit[i].at, kept, 4);
    }
    char gz[4200];
    snprintf(gz, sizeof gz, "%s/c.nii.gz", folder);
    cr_assert_eq(rp_nifti_write(gz, v), RP_OK);
    bytes = file_read(gz, &n);
    int64_t refused = 0;
    for (size_t i = 10; i < n; i++) {
        bytes[i] ^= 4;
        cr_assert_eq(rp_atomic_write(bad, (int64_t)n, bytes), RP_OK);
        const rp_status st = rp_nifti_read(bad, &got, NULL);
        refused += st == RP_EDATA;
        /* A bit of padding bears no data. */
        if (st == RP_OK) cr_expect_eq(memcmp(got->data, v->data, 120), 0, "byte %zu", i);
        rp_volume_drop(&got);
        bytes[i] ^= 4;
    }
    cr_expect(refused >= (int64_t)n - 20, "%d of %zu flipped bits noticed", (int)refused, n - 10);
    rp_volume_drop(&v);
    no_leaks();
}
