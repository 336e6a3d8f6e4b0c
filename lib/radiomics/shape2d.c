/* lib/radiomics/shape2d.c - shape of a mask of one slice, as PyRadiomics' shape2D has it. */
#include "lib/radiomics/shape2d.h"

#include "lib/radiomics/roi.h"

#include <math.h>

/* The slice, and its surroundings as outside. */
typedef struct slice {
    int64_t rows, columns;
    const uint8_t *mask;
    double dy, dx;
} slice;

static int inside(const slice *s, int64_t y, int64_t x)
{
    return y >= 0 && y < s->rows && x >= 0 && x < s->columns && s->mask[y * s->columns + x];
}

/* Each square between four pixel centres by how many of them are inside. */
static void measure_outline(const slice *s, double *perimeter, double *surface)
{
    const double corner = sqrt(s->dy * s->dy + s->dx * s->dx) / 2;
    double length = 0, parts = 0; /* eighths of a square */
    for (int64_t y = -1; y < s->rows; y++)
        for (int64_t x = -1; x < s->columns; x++) {
            const int a = inside(s, y, x), b = inside(s, y, x + 1), c = inside(s, y + 1, x),
                      d = inside(s, y + 1, x + 1);
            switch (a + b + c + d) {
            case 1:
                parts += 1;
                length += corner;
                break;
            case 2:
                parts += a == d ? 2 : 4; /* across: two corners cut off */
                length += a == d ? 2 * corner : a == b ? s->dx : s->dy;
                break;
            case 3:
                parts += 7;
                length += corner;
                break;
            case 4: parts += 8; break;
            default: break;
            }
        }
    *perimeter = length;
    *surface = parts / 8 * s->dy * s->dx;
}

typedef struct point {
    double y, x;
} point;

static rp_status outline_points(const slice *s, int64_t *count, point **out)
{
    static const int step[4][2] = {{-1, 0}, {1, 0}, {0, -1}, {0, 1}};
    int64_t capacity = 0, n = 0;
    RP_AUTOFREE point *p = NULL;
    for (int64_t y = 0; y < s->rows; y++)
        for (int64_t x = 0; x < s->columns; x++) {
            if (!inside(s, y, x)) continue;
            RP_TRY(rp_grow(n + 4, sizeof *p, &capacity, &p));
            for (int k = 0; k < 4; k++)
                if (!inside(s, y + step[k][0], x + step[k][1]))
                    p[n++] = (point){((double)y + step[k][0] / 2.0) * s->dy,
                                     ((double)x + step[k][1] / 2.0) * s->dx};
        }
    *count = n;
    *out = RP_TAKE(p);
    return RP_OK;
}

static rp_status diameter_of(const slice *s, double *out)
{
    RP_AUTOFREE point *p = NULL;
    int64_t n;
    double far = 0;
    RP_TRY(outline_points(s, &n, &p));
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = i + 1; k < n; k++) {
            const double dy = p[i].y - p[k].y, dx = p[i].x - p[k].x;
            far = fmax(far, dy * dy + dx * dx);
        }
    *out = sqrt(far);
    return RP_OK;
}

/* Eigenvalues, larger first, of the covariance (over N) of pixel centres; returns N. */
static double axes_of(const slice *s, double value[2])
{
    double n = 0, my = 0, mx = 0, yy = 0, xx = 0, xy = 0;
    for (int64_t y = 0; y < s->rows; y++)
        for (int64_t x = 0; x < s->columns; x++)
            if (inside(s, y, x)) {
                n++;
                my += (double)y;
                mx += (double)x;
            }
    my /= n;
    mx /= n;
    for (int64_t y = 0; y < s->rows; y++)
        for (int64_t x = 0; x < s->columns; x++)
            if (inside(s, y, x)) {
                const double v = ((double)y - my) * s->dy, u = ((double)x - mx) * s->dx;
                yy += v * v / n;
                xx += u * u / n;
                xy += u * v / n;
            }
    const double half = (yy + xx) / 2, root = sqrt((yy - xx) * (yy - xx) / 4 + xy * xy),
                 small = half - root;
    value[0] = half + root;
    value[1] = small > 1e-12 * half ? small : 0; /* a line: what rounding leaves */
    return n;
}

rp_status rp_shape2d(const int64_t n[3], const double spacing[3], const uint8_t mask[],
                     bool *is_flat, double x[])
{
    int64_t low[3], high[3];
    double axis2[2];
    *is_flat = rp_mask_box(n, mask, low, high) && high[0] - low[0] == 1;
    if (!*is_flat) return RP_OK;
    const slice s = {n[1], n[2], mask + low[0] * n[1] * n[2], spacing[1], spacing[2]};
    double perimeter, surface, diameter;
    RP_TRY(diameter_of(&s, &diameter));
    measure_outline(&s, &perimeter, &surface);
    const double pixels = axes_of(&s, axis2);
    x[RP_SHAPE2D_ELONGATION] = sqrt(axis2[1] / axis2[0]);
    x[RP_SHAPE2D_MAJOR_AXIS_LENGTH] = 4 * sqrt(axis2[0]);
    x[RP_SHAPE2D_MAXIMUM_DIAMETER] = diameter;
    x[RP_SHAPE2D_MESH_SURFACE] = surface;
    x[RP_SHAPE2D_MINOR_AXIS_LENGTH] = 4 * sqrt(axis2[1]);
    x[RP_SHAPE2D_PERIMETER] = perimeter;
    x[RP_SHAPE2D_PERIMETER_SURFACE_RATIO] = perimeter / surface;
    x[RP_SHAPE2D_PIXEL_SURFACE] = pixels * s.dy * s.dx;
    x[RP_SHAPE2D_SPHERICITY] = 2 * sqrt(acos(-1.0) * surface) / perimeter;
    return RP_OK;
}
