/* lib/radiomics/ellipsoid.c - principal axes, ellipsoids and boxes around points. */
#include "lib/radiomics/ellipsoid.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

static void rotate(double m[3][3], double v[3][3], int p, int q)
{
    if (m[p][q] == 0) return;
    const double theta = (m[q][q] - m[p][p]) / (2 * m[p][q]);
    const double t = (theta < 0 ? -1 : 1) / (fabs(theta) + sqrt(theta * theta + 1)),
                 c = 1 / sqrt(t * t + 1), s = t * c;
    for (int k = 0; k < 3; k++) {
        const double a = m[k][p], b = m[k][q];
        m[k][p] = c * a - s * b;
        m[k][q] = s * a + c * b;
    }
    for (int k = 0; k < 3; k++) {
        const double a = m[p][k], b = m[q][k], e = v[p][k], f = v[q][k];
        m[p][k] = c * a - s * b;
        m[q][k] = s * a + c * b;
        v[p][k] = c * e - s * f;
        v[q][k] = s * e + c * f;
    }
}

void rp_symmetric_eigen(const double a[3][3], double value[3], double vector[3][3])
{
    double m[3][3], v[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
    memcpy(m, a, sizeof m);
    for (int sweep = 0; sweep < 60; sweep++) {
        const double off = fabs(m[0][1]) + fabs(m[0][2]) + fabs(m[1][2]);
        if (off <= DBL_MIN || off < 1e-17 * (fabs(m[0][0]) + fabs(m[1][1]) + fabs(m[2][2]))) break;
        rotate(m, v, 0, 1);
        rotate(m, v, 0, 2);
        rotate(m, v, 1, 2);
    }
    int order[3] = {0, 1, 2};
    for (int i = 0; i < 3; i++)
        for (int j = i + 1; j < 3; j++)
            if (m[order[j]][order[j]] > m[order[i]][order[i]]) {
                const int t = order[i];
                order[i] = order[j];
                order[j] = t;
            }
    for (int i = 0; i < 3; i++) {
        value[i] = fmax(m[order[i]][order[i]], 0);
        if (vector) memcpy(vector[i], v[order[i]], sizeof vector[i]);
    }
}

double rp_ellipsoid_area(double a, double b, double c)
{
    /* With q_k = (alpha beta)^k P_k((alpha^2 + beta^2) / (2 alpha beta)) Legendre's recurrence has
     * no division by alpha beta, so that spheres and spheroids need no case of their own. */
    const double alpha2 = 1 - b * b / (a * a), beta2 = 1 - c * c / (a * a);
    const double s = (alpha2 + beta2) / 2, t2 = alpha2 * beta2;
    double before = 1, now = s, sum = 1 + s / (1 - 4);
    for (int k = 1; k < 20; k++) {
        const double next = ((2 * k + 1) * s * now - k * t2 * before) / (k + 1);
        before = now;
        now = next;
        sum += now / (1 - 4.0 * (k + 1) * (k + 1));
    }
    return 4 * acos(-1.0) * a * b * sum;
}

/* Inverse of a symmetric positive matrix of size n (at most 4), by elimination. */
static void invert(int n, double a[4][4], double out[4][4])
{
    double m[4][8] = {{0}};
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            m[i][j] = a[i][j];
            m[i][n + j] = i == j;
        }
    for (int i = 0; i < n; i++) {
        int pivot = i;
        for (int r = i + 1; r < n; r++)
            if (fabs(m[r][i]) > fabs(m[pivot][i])) pivot = r;
        for (int k = 0; k < 2 * n; k++) {
            const double t = m[i][k];
            m[i][k] = m[pivot][k];
            m[pivot][k] = t;
        }
        const double scale = 1 / m[i][i];
        for (int k = 0; k < 2 * n; k++) m[i][k] *= scale;
        for (int r = 0; r < n; r++) {
            const double f = m[r][i];
            if (r == i || f == 0) continue;
            for (int k = 0; k < 2 * n; k++) m[r][k] -= f * m[i][k];
        }
    }
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) out[i][j] = m[i][n + j];
}

/* Largest (1, p)' inverse(sum u (1, p)(1, p)') (1, p) over the points. */
static double farthest(int64_t n, const double (*p)[3], const double u[], int64_t *which)
{
    double m[4][4] = {{0}}, inverse[4][4], best = -1;
    for (int64_t i = 0; i < n; i++) {
        const double q[4] = {1, p[i][0], p[i][1], p[i][2]};
        for (int a = 0; a < 4; a++)
            for (int b = 0; b < 4; b++) m[a][b] += u[i] * q[a] * q[b];
    }
    invert(4, m, inverse);
    for (int64_t i = 0; i < n; i++) {
        const double q[4] = {1, p[i][0], p[i][1], p[i][2]};
        double x = 0;
        for (int a = 0; a < 4; a++)
            for (int b = 0; b < 4; b++) x += q[a] * inverse[a][b] * q[b];
        if (x > best) {
            best = x;
            *which = i;
        }
    }
    return best;
}

rp_status rp_enclosing_ellipsoid(int64_t n, const double (*point)[3], double axis[3])
{
    RP_AUTOFREE double *u = NULL;
    RP_AUTOFREE double(*p)[3] = NULL;
    RP_TRY(rp_alloc_raw(n, sizeof *u, &u));
    RP_TRY(rp_alloc_raw(n, sizeof *p, &p));
    double centre[3] = {0}, m[3][3] = {{0}}, value[3];
    for (int64_t i = 0; i < n; i++)
        for (int a = 0; a < 3; a++) centre[a] += point[i][a] / (double)n;
    for (int64_t i = 0; i < n; i++) {
        u[i] = 1 / (double)n;
        for (int a = 0; a < 3; a++) p[i][a] = point[i][a] - centre[a];
    }
    for (int step = 0; step < 10000; step++) {
        int64_t far = 0;
        const double x = farthest(n, (const double(*)[3])p, u, &far),
                     move = (x - 4) / (4 * (x - 1));
        if (x <= 4 * (1 + 0.001)) break;
        for (int64_t i = 0; i < n; i++) u[i] *= 1 - move;
        u[far] += move;
    }
    memset(centre, 0, sizeof centre);
    for (int64_t i = 0; i < n; i++)
        for (int a = 0; a < 3; a++) centre[a] += u[i] * p[i][a];
    for (int64_t i = 0; i < n; i++)
        for (int a = 0; a < 3; a++)
            for (int b = 0; b < 3; b++)
                m[a][b] += u[i] * (p[i][a] - centre[a]) * (p[i][b] - centre[b]);
    rp_symmetric_eigen((const double(*)[3])m, value, NULL);
    for (int a = 0; a < 3; a++) axis[a] = sqrt(3 * value[a]);
    return RP_OK;
}

/* Points on a plane, sorted by x then y, to their hull (counter-clockwise); returns its size. */
static int64_t plane_hull(int64_t n, const double (*p)[2], double (*hull)[2])
{
    int64_t k = 0;
    for (int pass = 0; pass < 2; pass++) {
        const int64_t base = k;
        for (int64_t i = 0; i < n; i++) {
            const double *q = p[pass ? n - 1 - i : i];
            while (k >= base + 2 &&
                   (hull[k - 1][0] - hull[k - 2][0]) * (q[1] - hull[k - 2][1]) -
                           (hull[k - 1][1] - hull[k - 2][1]) * (q[0] - hull[k - 2][0]) <=
                       0)
                k--;
            memcpy(hull[k++], q, sizeof *hull);
        }
        k--; /* the last point begins the other half */
    }
    return k;
}

/* Distance of point k along a direction. */
static double along(const double (*h)[2], int64_t k, const double d[2])
{
    return h[k][0] * d[0] + h[k][1] * d[1];
}

/* Walks on from k to the corner that is farthest along d; corners rise to it and fall behind it. */
static int64_t walk_on(int64_t n, const double (*h)[2], int64_t k, const double d[2])
{
    for (int64_t step = 0; step < n; step++) {
        const int64_t next = k + 1 < n ? k + 1 : 0;
        if (!(along(h, next, d) > along(h, k, d))) break;
        k = next;
    }
    return k;
}

/* Smallest rectangle around a hull (counter-clockwise): flush with one of its sides.  As the side
 * turns, the corners that touch the rectangle's other sides walk on in the same sense. */
static double smallest_rectangle(int64_t n, const double (*h)[2], double side[2])
{
    double best = INFINITY;
    int64_t corner[3] = {0, 0, 0}; /* farthest ahead, to the left, behind */
    bool is_first = true;
    for (int64_t i = 0; i < n; i++) {
        const double *a = h[i], *b = h[i + 1 < n ? i + 1 : 0], dx = b[0] - a[0], dy = b[1] - a[1],
                     length = sqrt(dx * dx + dy * dy);
        if (!(length > 0)) continue;
        const double way[3][2] = {
            {dx / length, dy / length}, {-dy / length, dx / length}, {-dx / length, -dy / length}};
        for (int c = 0; c < 3; c++) {
            for (int64_t k = 0; k < n && is_first; k++)
                if (along(h, k, way[c]) > along(h, corner[c], way[c])) corner[c] = k;
            corner[c] = walk_on(n, h, corner[c], way[c]);
        }
        is_first = false;
        const double width = along(h, corner[0], way[0]) + along(h, corner[2], way[2]),
                     height = along(h, corner[1], way[1]) - along(h, i, way[1]);
        if (width * height < best) {
            best = width * height;
            side[0] = width;
            side[1] = height;
        }
    }
    return best;
}

static void sort_points(int64_t n, double (*p)[2])
{
    for (int64_t gap = n / 2; gap > 0; gap /= 2)
        for (int64_t i = gap; i < n; i++) {
            const double x = p[i][0], y = p[i][1];
            int64_t j = i;
            for (; j >= gap && (p[j - gap][0] > x || (p[j - gap][0] == x && p[j - gap][1] > y));
                 j -= gap)
                memcpy(p[j], p[j - gap], sizeof *p);
            p[j][0] = x;
            p[j][1] = y;
        }
}

/* Marks the points of the outline seen along w (unit): those between a triangle that looks this way
 * and one that looks away.  facing: scratch [n][2], lowest and highest of their normals along w. */
static void find_outline(int64_t n, const rp_surface *s, const double w[3], double (*facing)[2])
{
    for (int64_t k = 0; k < n; k++) {
        facing[k][0] = 2;
        facing[k][1] = -2;
    }
    for (int64_t f = 0; f < s->triangles; f++) {
        const double *o = s->outward[f], d = o[0] * w[0] + o[1] * w[1] + o[2] * w[2];
        for (int c = 0; c < 3; c++) {
            double *x = facing[s->corner[f][c]];
            x[0] = d < x[0] ? d : x[0];
            x[1] = d > x[1] ? d : x[1];
        }
    }
}

/* A unit vector along w, and two across it. */
static void frame_of(const double along_[3], double w[3], double u[3], double v[3])
{
    const double length =
        sqrt(along_[0] * along_[0] + along_[1] * along_[1] + along_[2] * along_[2]);
    for (int i = 0; i < 3; i++) w[i] = along_[i] / length;
    const int least = fabs(w[0]) <= fabs(w[1]) && fabs(w[0]) <= fabs(w[2]) ? 0
                      : fabs(w[1]) <= fabs(w[2])                           ? 1
                                                                           : 2;
    const double e[3] = {least == 0, least == 1, least == 2};
    double norm = 0;
    for (int i = 0; i < 3; i++)
        u[i] = w[(i + 1) % 3] * e[(i + 2) % 3] - w[(i + 2) % 3] * e[(i + 1) % 3];
    for (int i = 0; i < 3; i++) norm += u[i] * u[i];
    for (int i = 0; i < 3; i++) u[i] /= sqrt(norm);
    for (int i = 0; i < 3; i++)
        v[i] = w[(i + 1) % 3] * u[(i + 2) % 3] - w[(i + 2) % 3] * u[(i + 1) % 3];
}

rp_status rp_enclosing_box(int64_t n, const double (*point)[3], int64_t faces,
                           const double (*normal)[3], const rp_surface *surface, double side[3])
{
    RP_AUTOFREE double(*p)[2] = NULL, (*hull)[2] = NULL, (*facing)[2] = NULL;
    RP_TRY(rp_alloc_raw(n, sizeof *p, &p));
    RP_TRY(rp_alloc_raw(n, sizeof *facing, &facing));
    RP_TRY(rp_alloc_raw(2 * n + 2, sizeof *hull, &hull));
    double best = INFINITY;
    for (int64_t f = 0; f < faces; f++) {
        double w[3], u[3], v[3], low = INFINITY, high = -INFINITY, flat[2] = {0};
        int64_t m = 0;
        frame_of(normal[f], w, u, v);
        if (surface) find_outline(n, surface, w, facing);
        for (int64_t k = 0; k < n; k++) {
            const double *q = point[k], h = q[0] * w[0] + q[1] * w[1] + q[2] * w[2];
            low = h < low ? h : low;
            high = h > high ? h : high;
            /* 1e-9: what rounding makes of a triangle that is seen edge on */
            if (surface && (facing[k][0] > 1e-9 || facing[k][1] < -1e-9)) continue;
            p[m][0] = q[0] * u[0] + q[1] * u[1] + q[2] * u[2];
            p[m++][1] = q[0] * v[0] + q[1] * v[1] + q[2] * v[2];
        }
        sort_points(m, p);
        m = plane_hull(m, (const double(*)[2])p, hull);
        const double volume = smallest_rectangle(m, (const double(*)[2])hull, flat) * (high - low);
        if (volume < best) {
            best = volume;
            memcpy(side, (double[3]){high - low, flat[0], flat[1]}, 3 * sizeof *side);
        }
    }
    return RP_OK;
}
