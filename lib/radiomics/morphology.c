/* lib/radiomics/morphology.c - shape of the morphological mask, and how intensities lie in it. */
#include "lib/image/hull.h"
#include "lib/radiomics/autocorrelation.h"
#include "lib/radiomics/ellipsoid.h"
#include "lib/radiomics/families.h"
#include "lib/radiomics/mesh.h"

#include <math.h>
#include <string.h>

typedef struct body {
    double mesh_volume, area, voxel_volume;
    double centre[3]; /* mm along z, y, x */
    double axis2[3];  /* eigenvalues of the covariance (over N - 1) of voxel centres, mm2 */
    double box[3];    /* sides of the box around the mesh */
    double diameter, hull_volume, hull_area;
    double ombb[3], mvee[3];
} body;

static void find_axes(const rp_roi *roi, body *b)
{
    const int64_t *n = roi->grid.n;
    double sum[3] = {0}, product[3][3] = {{0}}, count = 0, cov[3][3];
    /* Moments row by row: along x a row needs only its count, sum and sum of squares of indices. */
    for (int64_t z = 0; z < n[0]; z++)
        for (int64_t y = 0; y < n[1]; y++) {
            const uint8_t *row = roi->morph + (z * n[1] + y) * n[2];
            int64_t c = 0, s = 0, q = 0;
            for (int64_t x = 0; x < n[2]; x++) {
                c += row[x];
                s += row[x] * x;
                q += row[x] * x * x;
            }
            const double w = (double)c, p[3] = {(double)z, (double)y, 0}, sx = (double)s;
            count += w;
            for (int a = 0; a < 2; a++) {
                sum[a] += w * p[a];
                product[a][2] += sx * p[a];
                for (int k = a; k < 2; k++) product[a][k] += w * p[a] * p[k];
            }
            sum[2] += sx;
            product[2][2] += (double)q;
        }
    for (int a = 0; a < 3; a++) b->centre[a] = sum[a] / count * roi->grid.spacing[a];
    for (int a = 0; a < 3; a++)
        for (int k = a; k < 3; k++)
            cov[a][k] = cov[k][a] = (product[a][k] - sum[a] * (sum[k] / count)) / (count - 1) *
                                    roi->grid.spacing[a] * roi->grid.spacing[k];
    rp_symmetric_eigen((const double(*)[3])cov, b->axis2, NULL);
    b->voxel_volume = count * roi->grid.spacing[0] * roi->grid.spacing[1] * roi->grid.spacing[2];
}

static void measure_hull(const rp_hull *h, const double (*p)[3], double (*normal)[3], body *b)
{
    for (int64_t f = 0; f < h->faces; f++) {
        const double *a = p[h->face[f][0]], *c = p[h->face[f][1]], *d = p[h->face[f][2]];
        double length = 0;
        for (int i = 0; i < 3; i++) {
            const int j = (i + 1) % 3, k = (i + 2) % 3;
            normal[f][i] = (c[j] - a[j]) * (d[k] - a[k]) - (c[k] - a[k]) * (d[j] - a[j]);
            length += normal[f][i] * normal[f][i];
            b->hull_volume += (a[i] - b->centre[i]) * normal[f][i] / 6;
        }
        b->hull_area += sqrt(length) / 2;
    }
    double far = 0;
    for (int64_t i = 0; i < h->vertices; i++)
        for (int64_t k = i + 1; k < h->vertices; k++) {
            const double *x = p[h->vertex[i]], *y = p[h->vertex[k]];
            const double d2 = (x[0] - y[0]) * (x[0] - y[0]) + (x[1] - y[1]) * (x[1] - y[1]) +
                              (x[2] - y[2]) * (x[2] - y[2]);
            if (d2 > far) far = d2;
        }
    b->diameter = sqrt(far);
}

/* One normal for each plane: coplanar faces follow from the same integer normal, up to length. */
static int64_t distinct_normals(int64_t faces, double (*normal)[3])
{
    int64_t kept = 0;
    for (int64_t f = 0; f < faces; f++) {
        double length = 0, unit[3];
        for (int i = 0; i < 3; i++) length += normal[f][i] * normal[f][i];
        bool is_new = true;
        for (int i = 0; i < 3; i++) unit[i] = normal[f][i] / sqrt(length);
        for (int64_t k = 0; k < kept && is_new; k++)
            is_new = fabs(unit[0] * normal[k][0] + unit[1] * normal[k][1] +
                          unit[2] * normal[k][2]) < 1 - 1e-12;
        if (is_new) memcpy(normal[kept++], unit, sizeof unit);
    }
    return kept;
}

/* The hull's triangles by their corners' places in h->vertex, and their unit normals. */
static rp_status surface_of(int64_t points, const rp_hull *h, const double (*normal)[3],
                            rp_surface *s)
{
    RP_AUTOFREE int32_t *place = NULL;
    RP_TRY(rp_alloc(points, sizeof *place, &place));
    RP_TRY(rp_alloc_raw(h->faces, sizeof *s->corner, &s->corner));
    RP_TRY(rp_alloc_raw(h->faces, sizeof *s->outward, &s->outward));
    s->triangles = h->faces;
    for (int64_t i = 0; i < h->vertices; i++) place[h->vertex[i]] = (int32_t)i;
    for (int64_t f = 0; f < h->faces; f++) {
        double length = 0;
        for (int i = 0; i < 3; i++) length += normal[f][i] * normal[f][i];
        for (int i = 0; i < 3; i++) {
            s->corner[f][i] = place[h->face[f][i]];
            s->outward[f][i] = normal[f][i] / sqrt(length);
        }
    }
    return RP_OK;
}

/* Smallest box and ellipsoid around the hull.  normal: [faces], used up. */
static rp_status enclose(int64_t points, const rp_hull *h, const double (*p)[3],
                         double (*normal)[3], body *b)
{
    RP_AUTOFREE double(*corner)[3] = NULL;
    rp_surface s = {0};
    RP_TRY(rp_alloc_raw(h->vertices, sizeof *corner, &corner));
    for (int64_t i = 0; i < h->vertices; i++) memcpy(corner[i], p[h->vertex[i]], sizeof *corner);
    rp_status st = surface_of(points, h, (const double(*)[3])normal, &s);
    const int64_t planes = distinct_normals(h->faces, normal);
    if (st == RP_OK)
        st = rp_enclosing_box(h->vertices, (const double(*)[3])corner, planes,
                              (const double(*)[3])normal, &s, b->ombb);
    rp_free(s.corner);
    rp_free(s.outward);
    return st == RP_OK ? rp_enclosing_ellipsoid(h->vertices, (const double(*)[3])corner, b->mvee)
                       : st;
}

static rp_status find_hull(const rp_roi *roi, body *b)
{
    RP_AUTOFREE int32_t(*half)[3] = NULL;
    RP_AUTOFREE double(*p)[3] = NULL, (*normal)[3] = NULL;
    RP_AUTO(rp_hull) h = NULL;
    int64_t n;
    RP_TRY(rp_mesh_extremes(roi->grid.n, roi->morph, &n, &half));
    RP_TRY(rp_hull_new(n, (const int32_t(*)[3])half, &h));
    RP_TRY(rp_alloc_raw(n, sizeof *p, &p));
    RP_TRY(rp_alloc_raw(h->faces, sizeof *normal, &normal));
    double low[3] = {INFINITY, INFINITY, INFINITY}, high[3] = {-INFINITY, -INFINITY, -INFINITY};
    for (int64_t i = 0; i < n; i++)
        for (int a = 0; a < 3; a++) {
            p[i][a] = half[i][a] / 2.0 * roi->grid.spacing[a];
            low[a] = fmin(low[a], p[i][a]);
            high[a] = fmax(high[a], p[i][a]);
        }
    for (int a = 0; a < 3; a++) b->box[a] = high[a] - low[a];
    measure_hull(h, (const double(*)[3])p, normal, b);
    return enclose(n, h, (const double(*)[3])p, normal, b);
}

/* Distance between the mask's centre and that of the intensities; NaN when they sum to nothing. */
static double centre_shift(const rp_roi *roi, const double image[], const body *b)
{
    const int64_t *n = roi->grid.n;
    double sum = 0, moment[3] = {0}, d2 = 0;
    for (int64_t z = 0, i = 0; z < n[0]; z++)
        for (int64_t y = 0; y < n[1]; y++)
            for (int64_t x = 0; x < n[2]; x++, i++) {
                if (!roi->mask[i]) continue;
                sum += image[i];
                moment[0] += image[i] * (double)z;
                moment[1] += image[i] * (double)y;
                moment[2] += image[i] * (double)x;
            }
    for (int a = 0; a < 3; a++) {
        const double d = moment[a] / sum * roi->grid.spacing[a] - b->centre[a];
        d2 += d * d;
    }
    return sqrt(d2);
}

static double box_area(const double s[3]) { return 2 * (s[0] * s[1] + s[0] * s[2] + s[1] * s[2]); }
static double ellipsoid_volume(const double s[3])
{
    return 4 * acos(-1.0) / 3 * s[0] * s[1] * s[2];
}

static void densities(const body *b, const double semi[3], double x[])
{
    const double v = b->mesh_volume, a = b->area;
    const double pairs[] = {v / (b->box[0] * b->box[1] * b->box[2]),
                            a / box_area(b->box),
                            v / (b->ombb[0] * b->ombb[1] * b->ombb[2]),
                            a / box_area(b->ombb),
                            v / ellipsoid_volume(semi),
                            a / rp_ellipsoid_area(semi[0], semi[1], semi[2]),
                            v / ellipsoid_volume(b->mvee),
                            a / rp_ellipsoid_area(b->mvee[0], b->mvee[1], b->mvee[2]),
                            v / b->hull_volume,
                            a / b->hull_area};
    memcpy(x, pairs, sizeof pairs);
}

rp_status rp_morphology(const rp_roi *roi, rp_values *out)
{
    const int64_t *n = roi->grid.n;
    const double *image = roi->response ? roi->response : roi->image, pi = acos(-1.0);
    int64_t low[3], high[3];
    if (!rp_mask_box(n, roi->morph, low, high))
        return rp_values_add_missing(out, RP_MORPHOLOGY, RP_DHQ4, RP_MISSING_EMPTY);
    body b = {0};
    rp_mesh_measure(n, roi->grid.spacing, roi->morph, &b.mesh_volume, &b.area);
    find_axes(roi, &b);
    RP_TRY(find_hull(roi, &b));
    double moran = NAN, geary = NAN, mean = 0;
    if (roi->count > 0)
        RP_TRY(rp_autocorrelation(n, roi->grid.spacing, image, roi->mask, &moran, &geary));
    for (int64_t i = 0; i < roi->count; i++) mean += roi->value[i];
    mean = roi->count > 0 ? mean / (double)roi->count : NAN;
    const double v = b.mesh_volume, a = b.area, sphere = cbrt(36 * pi * v * v),
                 semi[3] = {2 * sqrt(b.axis2[0]), 2 * sqrt(b.axis2[1]), 2 * sqrt(b.axis2[2])};
    double x[29] = {v,
                    b.voxel_volume,
                    a,
                    a / v,
                    v / (sqrt(pi) * a * sqrt(a)),
                    36 * pi * v * v / (a * a * a),
                    a / sphere,
                    sphere / a,
                    cbrt(a * a * a / (36 * pi * v * v)) - 1,
                    centre_shift(roi, image, &b),
                    b.diameter,
                    2 * semi[0],
                    2 * semi[1],
                    2 * semi[2],
                    sqrt(b.axis2[1] / b.axis2[0]),
                    sqrt(b.axis2[2] / b.axis2[0])};
    densities(&b, semi, x + 16);
    x[26] = v * mean;
    x[27] = moran;
    x[28] = geary;
    return rp_values_add_family(out, RP_MORPHOLOGY, RP_DHQ4, x);
}
