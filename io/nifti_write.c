/* io/nifti_write.c - NIfTI-1 and NIfTI-2 files, writing. */
#include "io/atomic.h"
#include "io/gzip_priv.h"
#include "io/nifti.h"

#include <math.h>
#include <string.h>

enum { START1 = 352, START2 = 544, SCANNER = 1, MILLIMETRES = 2 };

static const int codes[RP_DTYPE_COUNT] = {
    [RP_U8] = 2, [RP_I16] = 4, [RP_U16] = 512, [RP_I32] = 8, [RP_F32] = 16, [RP_F64] = 64};

/* RAS columns of i, j, k (mm a step) and the origin. */
static void affine(const rp_grid *g, double srow[3][4])
{
    for (int row = 0; row < 3; row++) {
        const double ras = row < 2 ? -1 : 1;
        for (int i = 0; i < 3; i++)
            srow[row][i] = ras * g->dir[2 - i][row] * g->spacing[2 - i] + 0.0;
        srow[row][3] = ras * g->origin[row] + 0.0;
    }
}

/* Quaternion b, c, d of a rotation matrix, and qfac (nifti1.h, nifti_mat44_to_quatern). */
static double quaternion(double r[3][3], double q[3])
{
    const double det = r[0][0] * (r[1][1] * r[2][2] - r[1][2] * r[2][1]) -
                       r[0][1] * (r[1][0] * r[2][2] - r[1][2] * r[2][0]) +
                       r[0][2] * (r[1][0] * r[2][1] - r[1][1] * r[2][0]);
    const double qfac = det > 0 ? 1 : -1;
    for (int row = 0; row < 3; row++) r[row][2] *= qfac;
    const double four[4] = {1 + r[0][0] + r[1][1] + r[2][2], 1 + r[0][0] - r[1][1] - r[2][2],
                            1 - r[0][0] + r[1][1] - r[2][2], 1 - r[0][0] - r[1][1] + r[2][2]};
    int most = 0;
    for (int i = 1; i < 4; i++)
        if (four[i] > four[most]) most = i;
    /* 4 w v for the largest of a, b, c, d is a difference or sum of two entries; so nothing
     * cancels. */
    const double big = sqrt(four[most]) / 2, s = 1 / (4 * big);
    const double minus[3] = {r[2][1] - r[1][2], r[0][2] - r[2][0], r[1][0] - r[0][1]};
    const double plus[3] = {r[1][2] + r[2][1], r[0][2] + r[2][0], r[0][1] + r[1][0]};
    double a;
    if (most == 0) {
        a = big;
        for (int i = 0; i < 3; i++) q[i] = minus[i] * s;
    } else {
        a = minus[most - 1] * s;
        for (int i = 0; i < 3; i++) q[i] = i == most - 1 ? big : plus[3 - i - (most - 1)] * s;
    }
    for (int i = 0; i < 3; i++) q[i] = (a < 0 ? -q[i] : q[i]) + 0.0;
    return qfac;
}

static void put(uint8_t *at, size_t size, const void *x) { memcpy(at, x, size); }

static void put_i16(uint8_t *at, int64_t x) { put(at, 2, &(int16_t){(int16_t)x}); }

static void put_i32(uint8_t *at, int64_t x) { put(at, 4, &(int32_t){(int32_t)x}); }

static void put_i64(uint8_t *at, int64_t x) { put(at, 8, &x); }

static void put_reals(uint8_t *at, size_t size, int n, const double x[])
{
    for (int i = 0; i < n; i++) {
        if (size == 4)
            put(at + 4 * i, 4, &(float){(float)x[i]});
        else
            put(at + 8 * i, 8, &x[i]);
    }
}

typedef struct geometry {
    int64_t dim[8];
    double pixdim[8], quatern[3], offset[3], srow[3][4];
    int qform;
} geometry;

static void describe(const rp_grid *g, geometry *out)
{
    double r[3][3];
    *out = (geometry){.dim = {3, g->n[2], g->n[1], g->n[0], 1, 1, 1, 1}};
    affine(g, out->srow);
    for (int i = 0; i < 3; i++) {
        out->pixdim[i + 1] = g->spacing[2 - i];
        out->offset[i] = out->srow[i][3];
        for (int row = 0; row < 3; row++) r[row][i] = out->srow[row][i] / g->spacing[2 - i];
    }
    out->pixdim[0] = 1;
    /* A sheared grid has no quaternion. */
    out->qform = rp_grid_check(g, false) == RP_OK ? SCANNER : 0;
    if (out->qform) out->pixdim[0] = quaternion(r, out->quatern);
}

static void header1(const rp_volume *v, const geometry *g, uint8_t h[START1])
{
    put_i32(h, 348);
    for (int i = 0; i < 8; i++) put_i16(h + 40 + 2 * i, g->dim[i]);
    put_i16(h + 70, codes[v->dtype]);
    put_i16(h + 72, (int64_t)rp_dtype_size(v->dtype) * 8);
    put_reals(h + 76, 4, 8, g->pixdim);
    put_reals(h + 108, 4, 1, &(double){START1});
    put_reals(h + 112, 4, 1, &v->scale);
    put_reals(h + 116, 4, 1, &v->offset);
    h[123] = MILLIMETRES;
    put_i16(h + 252, g->qform);
    put_i16(h + 254, SCANNER);
    put_reals(h + 256, 4, 3, g->quatern);
    put_reals(h + 268, 4, 3, g->offset);
    for (int r = 0; r < 3; r++) put_reals(h + 280 + 16 * r, 4, 4, g->srow[r]);
    h[344] = 'n', h[345] = '+', h[346] = '1';
}

static void header2(const rp_volume *v, const geometry *g, uint8_t h[START2])
{
    put_i32(h, 540);
    static const uint8_t magic[8] = {'n', '+', '2', 0, '\r', '\n', 032, '\n'};
    memcpy(h + 4, magic, sizeof magic);
    put_i16(h + 12, codes[v->dtype]);
    put_i16(h + 14, (int64_t)rp_dtype_size(v->dtype) * 8);
    for (int i = 0; i < 8; i++) put_i64(h + 16 + 8 * i, g->dim[i]);
    put_reals(h + 104, 8, 8, g->pixdim);
    put_i64(h + 168, START2);
    put_reals(h + 176, 8, 1, &v->scale);
    put_reals(h + 184, 8, 1, &v->offset);
    put_i32(h + 344, g->qform);
    put_i32(h + 348, SCANNER);
    put_reals(h + 352, 8, 3, g->quatern);
    put_reals(h + 376, 8, 3, g->offset);
    for (int r = 0; r < 3; r++) put_reals(h + 400 + 32 * r, 8, 4, g->srow[r]);
    put_i32(h + 500, MILLIMETRES);
}

static bool is_float_exact(double x) { return (double)(float)x == x; }

rp_status rp_nifti_write(const char *path, const rp_volume *v)
{
    RP_TEXT_AUTO file = {0};
    RP_TEXT_AUTO packed = {0};
    geometry g;
    uint8_t header[START2] = {0};
    RP_TRY_IN(rp_grid_check(&v->grid, true), "'%s'", path);
    RP_NEED(codes[v->dtype], RP_EARG, "'%s': NIfTI has no %s", path, rp_dtype_name(v->dtype));
    describe(&v->grid, &g);
    const bool is_large = g.dim[1] > INT16_MAX || g.dim[2] > INT16_MAX || g.dim[3] > INT16_MAX;
    /* NIfTI-1 keeps them as float: a value that it would bend is refused. */
    RP_NEED(is_large || (is_float_exact(v->scale) && is_float_exact(v->offset)), RP_EARG,
            "'%s': scale %.17g and offset %.17g are no floats", path, v->scale, v->offset);
    if (is_large)
        header2(v, &g, header);
    else
        header1(v, &g, header);
    rp_text_add_bytes(&file, is_large ? START2 : START1, header);
    rp_text_add_bytes(&file, rp_grid_voxels(&v->grid) * (int64_t)rp_dtype_size(v->dtype), v->data);
    RP_TRY(rp_text_status(&file));

    const size_t n = strlen(path);
    if (n < 3 || strcmp(path + n - 3, ".gz") != 0)
        return rp_atomic_write(path, file.length, file.at);
    RP_TRY(rp_gzip(file.length, file.at, &packed));
    return rp_atomic_write(path, packed.length, packed.at);
}
