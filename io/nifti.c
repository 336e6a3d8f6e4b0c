/* io/nifti.c - NIfTI-1 and NIfTI-2 files, reading. */
#include "io/nifti.h"
#include "io/atomic.h"
#include "io/gzip_priv.h"
#include "io/voxels_priv.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { HEADER1 = 348, HEADER2 = 540 };

/* A header as both versions mean it. */
typedef struct header {
    int version, datatype, bits, units, qform, sform, intent;
    bool is_swapped;
    int64_t dim[8], start;
    double pixdim[8], slope, inter, quatern[3], offset[3], srow[3][4];
} header;

/* Reads numbers of the file's byte order. */
typedef struct source {
    const uint8_t *at;
    bool is_swapped;
} source;

static void take(const source *s, int at, size_t size, void *out)
{
    memcpy(out, s->at + at, size);
    if (s->is_swapped) rp_swap(1, size, out);
}

static int take_i16(const source *s, int at)
{
    int16_t x;
    take(s, at, sizeof x, &x);
    return x;
}

static int take_i32(const source *s, int at)
{
    int32_t x;
    take(s, at, sizeof x, &x);
    return x;
}

static int64_t take_i64(const source *s, int at)
{
    int64_t x;
    take(s, at, sizeof x, &x);
    return x;
}

/* n floats or doubles. */
static void take_reals(const source *s, int at, size_t size, int n, double out[])
{
    for (int i = 0; i < n; i++) {
        float f;
        if (size == sizeof f) {
            take(s, at + 4 * i, sizeof f, &f);
            out[i] = (double)f;
        } else {
            take(s, at + 8 * i, sizeof *out, &out[i]);
        }
    }
}

static rp_status read_header1(const char *path, const source *s, header *h)
{
    double start;
    RP_NEED(memcmp(s->at + 344, "ni1", 4) != 0, RP_EUNSUP, "'%s': a pair of .hdr and .img files",
            path);
    RP_NEED(memcmp(s->at + 344, "n+1", 4) == 0, RP_EDATA, "'%s': not NIfTI (no magic)", path);
    for (int i = 0; i < 8; i++) h->dim[i] = take_i16(s, 40 + 2 * i);
    h->intent = take_i16(s, 68);
    h->datatype = take_i16(s, 70);
    h->bits = take_i16(s, 72);
    take_reals(s, 76, 4, 8, h->pixdim);
    take_reals(s, 108, 4, 1, &start);
    take_reals(s, 112, 4, 1, &h->slope);
    take_reals(s, 116, 4, 1, &h->inter);
    h->units = s->at[123];
    h->qform = take_i16(s, 252);
    h->sform = take_i16(s, 254);
    take_reals(s, 256, 4, 3, h->quatern);
    take_reals(s, 268, 4, 3, h->offset);
    for (int r = 0; r < 3; r++) take_reals(s, 280 + 16 * r, 4, 4, h->srow[r]);
    RP_NEED(start >= HEADER1 && start <= 1e9, RP_EDATA, "'%s': voxels start at byte %g", path,
            start);
    h->start = (int64_t)start;
    return RP_OK;
}

static rp_status read_header2(const char *path, const source *s, header *h)
{
    RP_NEED(memcmp(s->at + 4, "n+2\0\r\n\032\n", 8) == 0, RP_EDATA,
            "'%s': not NIfTI-2 in one file (magic)", path);
    h->datatype = take_i16(s, 12);
    h->bits = take_i16(s, 14);
    for (int i = 0; i < 8; i++) h->dim[i] = take_i64(s, 16 + 8 * i);
    take_reals(s, 104, 8, 8, h->pixdim);
    h->start = take_i64(s, 168);
    take_reals(s, 176, 8, 1, &h->slope);
    take_reals(s, 184, 8, 1, &h->inter);
    h->qform = take_i32(s, 344);
    h->sform = take_i32(s, 348);
    take_reals(s, 352, 8, 3, h->quatern);
    take_reals(s, 376, 8, 3, h->offset);
    for (int r = 0; r < 3; r++) take_reals(s, 400 + 32 * r, 8, 4, h->srow[r]);
    h->units = take_i32(s, 500);
    h->intent = take_i32(s, 504);
    RP_NEED(h->start >= HEADER2 && h->start <= 1000000000, RP_EDATA,
            "'%s': voxels start at byte %" PRId64, path, h->start);
    return RP_OK;
}

/* The header's own size tells version and byte order. */
static rp_status read_header(const char *path, int64_t n, const uint8_t *bytes, header *h)
{
    RP_NEED(n >= HEADER1, RP_EDATA, "'%s': %" PRId64 " bytes are no NIfTI header", path, n);
    for (int swapped = 0; swapped < 2; swapped++) {
        const source s = {bytes, swapped};
        const int size = take_i32(&s, 0);
        h->is_swapped = swapped;
        if (size == HEADER1) {
            h->version = 1;
            return read_header1(path, &s, h);
        }
        if (size == HEADER2 && n >= HEADER2) {
            h->version = 2;
            return read_header2(path, &s, h);
        }
    }
    RP_FAIL(RP_EDATA, "'%s': not NIfTI (size of header)", path);
}

static const struct {
    int code;
    rp_foreign type;
} datatypes[] = {
    {2, RP_FOREIGN_U8},     {4, RP_FOREIGN_I16},    {8, RP_FOREIGN_I32},   {16, RP_FOREIGN_F32},
    {64, RP_FOREIGN_F64},   {256, RP_FOREIGN_I8},   {512, RP_FOREIGN_U16}, {768, RP_FOREIGN_U32},
    {1024, RP_FOREIGN_I64}, {1280, RP_FOREIGN_U64},
};

static rp_status find_type(const char *path, const header *h, rp_foreign *type)
{
    for (size_t i = 0; i < sizeof datatypes / sizeof *datatypes; i++)
        if (datatypes[i].code == h->datatype) {
            *type = datatypes[i].type;
            RP_NEED(h->bits == (int)rp_foreign_size(*type) * 8, RP_EDATA,
                    "'%s': datatype %d with %d bits a voxel", path, h->datatype, h->bits);
            return RP_OK;
        }
    RP_FAIL(RP_EUNSUP, "'%s': datatype %d (complex, colour or wider than 64 bits)", path,
            h->datatype);
}

static rp_status read_sizes(const char *path, const header *h, rp_grid *grid)
{
    RP_NEED(h->dim[0] >= 1 && h->dim[0] <= 7, RP_EDATA, "'%s': %" PRId64 " dimensions", path,
            h->dim[0]);
    for (int d = 1; d <= h->dim[0]; d++) {
        RP_NEED(h->dim[d] >= 1 && h->dim[d] < (int64_t)1 << 31, RP_EDATA,
                "'%s': %" PRId64 " voxels along dimension %d", path, h->dim[d], d);
        RP_NEED(d <= 3 || h->dim[d] == 1, RP_EUNSUP,
                "'%s': %" PRId64 " volumes along dimension %d: give one volume a file", path,
                h->dim[d], d);
    }
    for (int d = 1; d <= 3; d++) grid->n[3 - d] = d <= h->dim[0] ? h->dim[d] : 1;
    return RP_OK;
}

/* Columns of a rotation from a unit quaternion (nifti1.h), the third one turned by qfac. */
static rp_status rotation(const char *path, const header *h, double r[3][3])
{
    const double b = h->quatern[0], c = h->quatern[1], d = h->quatern[2];
    const double rest = 1 - (b * b + c * c + d * d), qfac = h->pixdim[0] < 0 ? -1 : 1;
    RP_NEED(rest > -1e-5, RP_EDATA, "'%s': qform is no rotation", path);
    const double a = rest > 0 ? sqrt(rest) : 0;
    const double m[3][3] = {
        {a * a + b * b - c * c - d * d, 2 * (b * c - a * d), qfac * 2 * (b * d + a * c)},
        {2 * (b * c + a * d), a * a + c * c - b * b - d * d, qfac * 2 * (c * d - a * b)},
        {2 * (b * d - a * c), 2 * (c * d + a * b), qfac * (a * a + d * d - b * b - c * c)}};
    memcpy(r, m, sizeof m);
    return RP_OK;
}

/* RAS columns of i, j, k and the origin, to LPS columns of z, y, x. */
static rp_status read_geometry(const char *path, const header *h, rp_grid *grid)
{
    const int unit = h->units & 7;
    const double mm = unit == 1 ? 1000 : unit == 3 ? 0.001 : 1;
    double r[3][3], column[3][3];
    RP_NEED(h->sform > 0 || h->qform > 0, RP_EDATA,
            "'%s': neither sform nor qform: its orientation is unknown", path);
    if (h->sform <= 0) RP_TRY(rotation(path, h, r));
    for (int row = 0; row < 3; row++) {
        const double lps = row < 2 ? -mm : mm;
        for (int i = 0; i < 3; i++)
            column[2 - i][row] =
                lps * (h->sform > 0 ? h->srow[row][i] : r[row][i] * h->pixdim[i + 1]);
        grid->origin[row] = lps * (h->sform > 0 ? h->srow[row][3] : h->offset[row]) + 0.0;
    }
    return rp_grid_from_columns(path, column, grid);
}

static rp_status read_scale(const char *path, const header *h, rp_volume *v)
{
    /* nibabel writes NaN where others write 0: no scaling. */
    if (h->slope == 0 || isnan(h->slope)) return RP_OK;
    RP_NEED(isfinite(h->slope) && isfinite(h->inter), RP_EDATA, "'%s': scl_slope %g, scl_inter %g",
            path, h->slope, h->inter);
    v->scale = h->slope;
    v->offset = h->inter;
    return RP_OK;
}

/* The voxels, inflated or lent from the file. */
static rp_status find_voxels(const char *path, const rp_text *file, bool is_gzip, const header *h,
                             int64_t bytes, char **inflated, char **voxels)
{
    int64_t got = file->length;
    if (is_gzip) {
        RP_TRY(rp_alloc_raw(h->start + bytes, 1, inflated));
        RP_TRY(rp_gunzip(path, file->length, file->at, true, h->start + bytes, *inflated, &got));
    }
    RP_NEED(got >= h->start + bytes, RP_EDATA,
            "'%s': %" PRId64 " bytes of voxels announced, %" PRId64 " read", path, bytes,
            got > h->start ? got - h->start : 0);
    *voxels = (is_gzip ? *inflated : file->at) + h->start;
    return RP_OK;
}

rp_status rp_nifti_read(const char *path, rp_volume **out, rp_nifti_info *info)
{
    RP_TEXT_AUTO file = {0};
    RP_AUTOFREE char *inflated = NULL;
    RP_AUTO(rp_volume) v = NULL;
    uint8_t first[HEADER2];
    RP_TRY(rp_file_read(path, INT64_MAX, &file));
    const bool is_gzip = file.length >= 2 && memcmp(file.at, "\x1F\x8B", 2) == 0;
    int64_t got = file.length < HEADER2 ? file.length : HEADER2;
    if (is_gzip)
        RP_TRY(rp_gunzip(path, file.length, file.at, false, HEADER2, first, &got));
    else if (got)
        memcpy(first, file.at, (size_t)got);

    header h = {0};
    rp_grid grid = {0};
    rp_foreign type;
    RP_TRY(read_header(path, got, first, &h));
    RP_TRY(find_type(path, &h, &type));
    RP_TRY(read_sizes(path, &h, &grid));
    RP_TRY(read_geometry(path, &h, &grid));

    int64_t voxels;
    size_t bytes;
    char *data;
    RP_NEED(rp_product(3, grid.n, &voxels) == RP_OK, RP_EDATA,
            "'%s': more voxels announced than can be", path);
    RP_NEED(rp_bytes(voxels, rp_foreign_size(type), &bytes) == RP_OK, RP_EDATA,
            "'%s': more voxels announced than can be", path);
    RP_NEED((int64_t)bytes / 2000 <= file.length, RP_EDATA,
            "'%s': %zu bytes of voxels announced, the file has %" PRId64, path, bytes, file.length);
    RP_TRY(find_voxels(path, &file, is_gzip, &h, (int64_t)bytes, &inflated, &data));
    if (h.is_swapped) rp_swap(voxels, rp_foreign_size(type), data);
    rp_nifti_info found = {.version = h.version,
                           .datatype = h.datatype,
                           .intent = h.intent,
                           .was_float = rp_foreign_is_float(type),
                           .from_sform = h.sform > 0,
                           .is_swapped = h.is_swapped};
    RP_TRY(rp_volume_from_foreign(path, &grid, type, data, &found.not_finite, &v));
    RP_TRY(read_scale(path, &h, v));
    if (info) *info = found;
    *out = RP_TAKE(v);
    return RP_OK;
}
