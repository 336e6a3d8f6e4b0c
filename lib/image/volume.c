/* lib/image/volume.c - a volume: voxels on a grid in millimetres. */
#include "lib/image/volume.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const struct {
    const char *name;
    size_t size;
} dtypes[RP_DTYPE_COUNT] = {
    [RP_U8] = {"uint8", 1},    [RP_I16] = {"int16", 2},   [RP_U16] = {"uint16", 2},
    [RP_I32] = {"int32", 4},   [RP_F32] = {"float32", 4}, [RP_F64] = {"float64", 8},
    [RP_F16] = {"float16", 2},
};

size_t rp_dtype_size(rp_dtype t) { return dtypes[t].size; }

const char *rp_dtype_name(rp_dtype t) { return dtypes[t].name; }

bool rp_dtype_read(const char *name, rp_dtype *t)
{
    for (int i = 0; i < RP_DTYPE_COUNT; i++)
        if (strcmp(dtypes[i].name, name) == 0) {
            *t = (rp_dtype)i;
            return true;
        }
    return false;
}

int64_t rp_grid_voxels(const rp_grid *g) { return g->n[0] * g->n[1] * g->n[2]; }

rp_grid rp_grid_axial(int64_t nz, int64_t ny, int64_t nx, double sz, double sy, double sx)
{
    return (rp_grid){
        .n = {nz, ny, nx}, .spacing = {sz, sy, sx}, .dir = {{0, 0, 1}, {0, 1, 0}, {1, 0, 0}}};
}

rp_status rp_volume_new(const rp_grid *grid, rp_dtype dtype, rp_volume **out)
{
    RP_AUTO(rp_volume) v = NULL;
    int64_t voxels;
    for (int a = 0; a < 3; a++)
        RP_NEED(grid->n[a] >= 1, RP_EARG, "a volume of %" PRId64 "x%" PRId64 "x%" PRId64 " voxels",
                grid->n[0], grid->n[1], grid->n[2]);
    RP_TRY(rp_product(3, grid->n, &voxels));
    RP_TRY(rp_alloc(1, sizeof *v, &v));
    RP_TRY(rp_alloc(voxels, rp_dtype_size(dtype), &v->data));
    v->grid = *grid;
    v->dtype = dtype;
    v->scale = 1;
    *out = RP_TAKE(v);
    return RP_OK;
}

void rp_volume_drop(rp_volume **v)
{
    if (!*v) return;
    rp_free((*v)->data);
    rp_free(*v);
    *v = NULL;
}

static double dot(const double a[3], const double b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

rp_status rp_grid_check(const rp_grid *g, bool allow_shear)
{
    for (int a = 0; a < 3; a++) {
        RP_NEED(g->n[a] >= 1, RP_EDATA, "%" PRId64 " voxels along axis %d", g->n[a], a);
        RP_NEED(isfinite(g->spacing[a]) && g->spacing[a] > 0, RP_EDATA,
                "spacing of %g mm along axis %d", g->spacing[a], a);
        RP_NEED(isfinite(g->origin[a]), RP_EDATA, "origin is not finite");
        const double length = sqrt(dot(g->dir[a], g->dir[a]));
        RP_NEED(fabs(length - 1) <= 1e-3, RP_EDATA, "direction of axis %d has length %g, not 1", a,
                length);
        const double cosine = dot(g->dir[a], g->dir[(a + 1) % 3]);
        RP_NEED(allow_shear || fabs(cosine) <= 1e-3, RP_EDATA,
                "directions of axes %d and %d are not at right angles (cosine %g)", a, (a + 1) % 3,
                cosine);
    }
    return RP_OK;
}

void rp_grid_position(const rp_grid *g, const double index[3], double lps[3])
{
    for (int k = 0; k < 3; k++) {
        lps[k] = g->origin[k];
        for (int a = 0; a < 3; a++) lps[k] += index[a] * g->spacing[a] * g->dir[a][k];
    }
}

static void cross(const double a[3], const double b[3], double out[3])
{
    out[0] = a[1] * b[2] - a[2] * b[1];
    out[1] = a[2] * b[0] - a[0] * b[2];
    out[2] = a[0] * b[1] - a[1] * b[0];
}

rp_status rp_grid_index(const rp_grid *g, const double lps[3], double index[3])
{
    double d[3], c[3];
    for (int k = 0; k < 3; k++) d[k] = lps[k] - g->origin[k];
    cross(g->dir[1], g->dir[2], c);
    const double volume = dot(g->dir[0], c);
    RP_NEED(fabs(volume) > 1e-6, RP_EDATA, "directions lie in one plane");
    for (int a = 0; a < 3; a++) { /* Cramer's rule */
        cross(g->dir[(a + 1) % 3], g->dir[(a + 2) % 3], c);
        index[a] = dot(d, c) / volume / g->spacing[a];
    }
    return RP_OK;
}

double rp_grid_difference(const rp_grid *a, const rp_grid *b)
{
    double worst = 0;
    if (memcmp(a->n, b->n, sizeof a->n) != 0) return INFINITY;
    for (int corner = 0; corner < 8; corner++) {
        double index[3], p[3], q[3], back[3];
        for (int k = 0; k < 3; k++) index[k] = corner >> k & 1 ? (double)(a->n[k] - 1) : 0;
        rp_grid_position(a, index, p);
        rp_grid_position(b, index, q);
        if (rp_grid_index(a, q, back) != RP_OK) return INFINITY;
        double d = 0;
        for (int k = 0; k < 3; k++) d += (back[k] - index[k]) * (back[k] - index[k]);
        if (!(sqrt(d) <= worst)) worst = sqrt(d);
        (void)p;
    }
    return worst;
}

uint16_t rp_half_from_float(float x)
{
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    const uint32_t sign = u >> 16 & 0x8000u, magnitude = u & 0x7FFFFFFFu;
    if (magnitude > 0x7F800000u) return (uint16_t)(sign | 0x7E00u);  /* NaN */
    if (magnitude >= 0x477FF000u) return (uint16_t)(sign | 0x7C00u); /* rounds to infinity */
    if (magnitude < 0x33000001u) return (uint16_t)sign;              /* rounds to zero */
    if (magnitude < 0x38800000u) {                                   /* subnormal half */
        const uint32_t shift = 126 - (magnitude >> 23), m = (magnitude & 0x7FFFFFu) | 0x800000u;
        const uint32_t kept = m >> shift, rest = m & ((1u << shift) - 1), half = 1u << (shift - 1);
        return (uint16_t)(sign | (kept + (rest > half || (rest == half && (kept & 1)))));
    }
    const uint32_t r = magnitude - 0x38000000u;
    return (uint16_t)(sign | ((r + 0xFFFu + (r >> 13 & 1)) >> 13));
}

float rp_half_to_float(uint16_t h)
{
    const uint32_t sign = (uint32_t)(h & 0x8000u) << 16, e = h >> 10 & 31, m = h & 0x3FFu;
    if (e == 0) {
        const float f = (float)m * 0x1p-24f;
        return sign ? -f : f;
    }
    const uint32_t u = sign | (e == 31 ? 0x7F800000u : (e + 112) << 23) | m << 13;
    float f;
    memcpy(&f, &u, sizeof f);
    return f;
}

static double stored(const rp_volume *v, int64_t i)
{
    switch (v->dtype) {
    case RP_U8: return ((const uint8_t *)v->data)[i];
    case RP_I16: return ((const int16_t *)v->data)[i];
    case RP_U16: return ((const uint16_t *)v->data)[i];
    case RP_I32: return ((const int32_t *)v->data)[i];
    case RP_F32: return (double)((const float *)v->data)[i];
    case RP_F64: return ((const double *)v->data)[i];
    case RP_F16: return (double)rp_half_to_float(((const uint16_t *)v->data)[i]);
    case RP_DTYPE_COUNT: break;
    }
    RP_ASSERT(!"a dtype of the list");
    return 0;
}

double rp_volume_value(const rp_volume *v, int64_t i)
{
    return stored(v, i) * v->scale + v->offset;
}

void rp_volume_floats(const rp_volume *v, float out[])
{
    const int64_t n = rp_grid_voxels(&v->grid);
    for (int64_t i = 0; i < n; i++) out[i] = (float)rp_volume_value(v, i);
}

void rp_volume_doubles(const rp_volume *v, double out[])
{
    const int64_t n = rp_grid_voxels(&v->grid);
    for (int64_t i = 0; i < n; i++) out[i] = rp_volume_value(v, i);
}
