/* lib/radiomics/mesh.c - volume and area of a mask's surface: marching cubes on a binary mask. */
#include "lib/radiomics/mesh.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* Corner c of a cube lies at x = c & 1, y = c >> 1 & 1, z = c >> 2.  Edge (a, b) has key 8 a + b, a
 * < b. */
enum { EDGE_KEYS = 64 };

/* What the triangles of one case add up to, at the cube's own origin, in mm. */
typedef struct cube_case {
    double area, volume; /* volume: sum of a . (b x c) / 6 */
    double lean[3];      /* sum of the triangles' area vectors / 3: volume += origin . lean */
} cube_case;

static int edge_key(int a, int b) { return a < b ? 8 * a + b : 8 * b + a; }

/* Corners of face (axis, side), counter-clockwise seen from outside. */
static void face_corners(int axis, int side, int q[4])
{
    const int u = 1 << (axis + 1) % 3, v = 1 << (axis + 2) % 3, base = side << axis;
    const int ring[4] = {base, base | u, base | u | v, base | v};
    for (int i = 0; i < 4; i++) q[i] = ring[side ? i : 3 - i];
}

/* next[e] = the crossing after e on its loop.  joins: each run of outside corners on a face is cut
 * off alone, else each run of inside corners. */
static void link_face(int inside, const int q[4], bool joins, int next[EDGE_KEYS])
{
    for (int i = 0; i < 4; i++) {
        const int before = q[(i + 3) % 4];
        if (!(inside >> q[i] & 1) || (inside >> before & 1)) continue;
        int j = i; /* the inside corner before the crossing that comes next */
        if (joins) {
            j = i + 2;
            while (!(inside >> q[j % 4] & 1)) j += 3;
        } else {
            while (inside >> q[(j + 1) % 4] & 1) j++;
        }
        next[edge_key(before, q[i])] = edge_key(q[j % 4], q[(j + 1) % 4]);
    }
}

static void edge_middle(int key, const double spacing[3], double p[3])
{
    const int a = key / 8, b = key % 8;
    for (int k = 0; k < 3; k++) p[k] = ((a >> k & 1) + (b >> k & 1)) / 2.0 * spacing[2 - k];
}

static void add_triangle(const double a[3], const double b[3], const double c[3], cube_case *to)
{
    double normal[3], length = 0;
    for (int i = 0; i < 3; i++) {
        const int j = (i + 1) % 3, k = (i + 2) % 3;
        normal[i] = (b[j] - a[j]) * (c[k] - a[k]) - (b[k] - a[k]) * (c[j] - a[j]);
        length += normal[i] * normal[i];
        to->volume += a[i] * (b[j] * c[k] - b[k] * c[j]) / 6;
    }
    to->area += sqrt(length) / 2;
    for (int i = 0; i < 3; i++) to->lean[i] += normal[i] / 6;
}

enum { MOST_CORNERS = 12 };

static double triangle_area(const double a[3], const double b[3], const double c[3])
{
    cube_case one = {0};
    add_triangle(a, b, c, &one);
    return one.area;
}

/* apex[i][j] = the corner that makes a triangle with edge i..j in the triangulation of largest area
 * in a unit cube, the first of equals.  A loop is not flat: this choice is that of the known
 * tables, and does not depend on the spacing. */
static void cut_loop(int n, const int key[], int apex[MOST_CORNERS][MOST_CORNERS])
{
    const double unit[3] = {1, 1, 1};
    double p[MOST_CORNERS][3] = {{0}}, best[MOST_CORNERS][MOST_CORNERS] = {{0}};
    for (int i = 0; i < n; i++) edge_middle(key[i], unit, p[i]);
    for (int length = 2; length < n; length++)
        for (int i = 0; i + length < n; i++) {
            const int j = i + length;
            best[i][j] = -1;
            for (int k = i + 1; k < j; k++) {
                const double area = best[i][k] + best[k][j] + triangle_area(p[i], p[k], p[j]);
                if (area <= best[i][j] + 1e-9) continue;
                best[i][j] = area;
                apex[i][j] = k;
            }
        }
}

static void measure_loop(int n, const int key[], const double spacing[3], cube_case *sum)
{
    int apex[MOST_CORNERS][MOST_CORNERS] = {{0}}, stack[MOST_CORNERS][2] = {{0, n - 1}}, top = 1;
    double p[MOST_CORNERS][3] = {{0}};
    cut_loop(n, key, apex);
    for (int i = 0; i < n; i++) edge_middle(key[i], spacing, p[i]);
    while (top > 0) {
        const int i = stack[--top][0], j = stack[top][1], k = apex[i][j];
        if (j - i < 2) continue;
        add_triangle(p[i], p[k], p[j], sum);
        const int halves[2][2] = {{i, k}, {k, j}};
        memcpy(stack[top], halves, sizeof halves);
        top += 2;
    }
}

static cube_case measure_case(int inside, bool joins, const double spacing[3])
{
    int next[EDGE_KEYS], q[4];
    cube_case sum = {0};
    memset(next, -1, sizeof next);
    for (int axis = 0; axis < 3; axis++)
        for (int side = 0; side < 2; side++) {
            face_corners(axis, side, q);
            link_face(inside, q, joins, next);
        }
    for (int e = 0; e < EDGE_KEYS; e++) {
        int key[MOST_CORNERS], n = 0, at = e;
        while (next[at] >= 0) { /* a loop is taken apart as it is walked */
            key[n++] = at;
            const int then = next[at];
            next[at] = -1;
            at = then;
        }
        if (n >= 3) measure_loop(n, key, spacing, &sum);
    }
    return sum;
}

static void measure(const int64_t n[3], const double spacing[3], const uint8_t mask[],
                    const cube_case table[256], double *volume, double *area)
{
    double v = 0, s = 0;
    for (int64_t z = -1; z < n[0]; z++)
        for (int64_t y = -1; y < n[1]; y++) {
            const uint8_t *row[4];
            for (int k = 0; k < 4; k++) {
                const int64_t oy = y + (k & 1), oz = z + (k >> 1);
                row[k] = oy < 0 || oy >= n[1] || oz < 0 || oz >= n[0]
                             ? NULL
                             : mask + (oz * n[1] + oy) * n[2];
            }
            int inside = 0;
            for (int64_t x = -1; x < n[2]; x++) {
                inside = inside >> 1 & 0x55;
                if (x + 1 < n[2])
                    for (int k = 0; k < 4; k++)
                        if (row[k] && row[k][x + 1]) inside |= 2 << 2 * k;
                if (inside == 0 || inside == 255) continue;
                const cube_case *c = &table[inside];
                s += c->area;
                v += c->volume + (double)x * spacing[2] * c->lean[0] +
                     (double)y * spacing[1] * c->lean[1] + (double)z * spacing[0] * c->lean[2];
            }
        }
    *volume = fabs(v);
    *area = s;
}

void rp_mesh_measure(const int64_t n[3], const double spacing[3], const uint8_t mask[],
                     double *volume, double *area)
{
    cube_case table[256];
    for (int i = 0; i < 256; i++) table[i] = measure_case(i, true, spacing);
    measure(n, spacing, mask, table, volume, area);
}

void rp_mesh_area_mixed(const int64_t n[3], const double spacing[3], const uint8_t mask[],
                        double *area)
{
    cube_case table[256];
    double volume;
    for (int i = 0; i < 256; i++) table[i] = measure_case(i, i >> 6 & 1, spacing);
    measure(n, spacing, mask, table, &volume, area);
}

/* Lowest and highest half-voxel x of each half row of one half plane; low > high: none. */
typedef struct half_plane {
    int64_t rows;
    int32_t *low, *high;
} half_plane;

static void widen(half_plane *p, int64_t row, int64_t low, int64_t high)
{
    if ((int32_t)low < p->low[row]) p->low[row] = (int32_t)low;
    if ((int32_t)high > p->high[row]) p->high[row] = (int32_t)high;
}

/* First and last x where a and b differ; a NULL row is empty.  False: nowhere. */
static bool differing(int64_t n, const uint8_t *a, const uint8_t *b, int64_t *first, int64_t *last)
{
    if (!a && !b) return false;
    if (a && b && memcmp(a, b, (size_t)n) == 0) return false;
    int64_t i = 0, j = n - 1;
    while (i < n && (a ? a[i] : 0) == (b ? b[i] : 0)) i++;
    if (i == n) return false;
    while ((a ? a[j] : 0) == (b ? b[j] : 0)) j--;
    *first = i;
    *last = j;
    return true;
}

/* Vertices in half plane h (h = 2 z + 1 of the array: odd h - 1 = between slices). */
static void fill_half_plane(const int64_t n[3], const uint8_t mask[], int64_t h, half_plane *p)
{
    for (int64_t r = 0; r < p->rows; r++) {
        p->low[r] = INT32_MAX;
        p->high[r] = INT32_MIN;
    }
    const int64_t z = (h - 1) >> 1;
    const bool between = (h - 1) & 1; /* between slices z and z + 1 */
    const uint8_t *here = z >= 0 ? mask + z * n[1] * n[2] : NULL;
    const uint8_t *above = z + 1 < n[0] ? mask + (z + 1) * n[1] * n[2] : NULL;
    int64_t first, last;
    for (int64_t y = -1; y < n[1]; y++) {
        const uint8_t *row = here && y >= 0 ? here + y * n[2] : NULL;
        if (between) {
            if (y >= 0 && differing(n[2], row, above ? above + y * n[2] : NULL, &first, &last))
                widen(p, 2 * y + 1, 2 * first, 2 * last);
            continue;
        }
        if (y >= 0 && differing(n[2], row, NULL, &first, &last))
            widen(p, 2 * y + 1, 2 * first - 1, 2 * last + 1);
        const uint8_t *below = y + 1 < n[1] ? here + (y + 1) * n[2] : NULL;
        if (differing(n[2], row, below, &first, &last)) widen(p, 2 * y + 2, 2 * first, 2 * last);
    }
}

/* Does the chain's last point lie on or inside the line from the one before it to (y, x)?  side: 1
 * for the chain of highest x, -1 for that of lowest. */
static bool is_inside(const int32_t (*c)[3], int64_t k, int64_t y, int64_t x, int side)
{
    const int64_t dy1 = c[k - 1][1] - c[k - 2][1], dx1 = c[k - 1][2] - c[k - 2][2];
    const int64_t dy2 = y - c[k - 2][1], dx2 = x - c[k - 2][2];
    return side * (dx1 * dy2 - dx2 * dy1) <= 0;
}

/* Appends the corners of the convex hull of a half plane. */
static rp_status add_corners(const half_plane *p, int32_t z, int64_t *count, int64_t *capacity,
                             int32_t (**point)[3])
{
    RP_TRY(rp_grow(*count + 2 * p->rows, sizeof **point, capacity, point));
    for (int side = -1; side <= 1; side += 2) {
        int32_t(*c)[3] = *point + *count;
        int64_t k = 0;
        for (int64_t r = 0; r < p->rows; r++) {
            if (p->low[r] > p->high[r]) continue;
            const int32_t x = side > 0 ? p->high[r] : p->low[r];
            while (k >= 2 && is_inside((const int32_t(*)[3])c, k, r - 1, x, side)) k--;
            memcpy(c[k++], (int32_t[3]){z, (int32_t)(r - 1), x}, sizeof *c);
        }
        *count += k;
    }
    return RP_OK;
}

rp_status rp_mesh_extremes(const int64_t n[3], const uint8_t mask[], int64_t *count,
                           int32_t (**point)[3])
{
    RP_AUTOFREE int32_t *low = NULL, *high = NULL;
    half_plane p = {.rows = 2 * n[1] + 1};
    RP_TRY(rp_alloc_raw(p.rows, sizeof *low, &low));
    RP_TRY(rp_alloc_raw(p.rows, sizeof *high, &high));
    p.low = low;
    p.high = high;
    int32_t(*at)[3] = NULL;
    int64_t k = 0, capacity = 0;
    for (int64_t h = 0; h < 2 * n[0] + 1; h++) {
        fill_half_plane(n, mask, h, &p);
        const rp_status st = add_corners(&p, (int32_t)(h - 1), &k, &capacity, &at);
        if (st != RP_OK) {
            rp_free(at);
            return st;
        }
    }
    *count = k;
    *point = at;
    return RP_OK;
}
