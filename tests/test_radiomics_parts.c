/* tests/test_radiomics_parts.c - what features are made of: distinct values, padded transforms, boxes.
 */
#include "lib/base/random.h"
#include "lib/image/fft.h"
#include "lib/image/hull.h"
#include "lib/radiomics/ellipsoid.h"
#include "lib/radiomics/order.h"
#include "tests/harness.h"

#include <math.h>
#include <string.h>

Test(radiomics_order, distinct_values_have_the_percentiles_of_the_sorted)
{
    enum { N = 999 };
    double x[N], sorted[N];
    rp_random r;
    rp_random_start(11, RP_RANDOM_TEST, 0, &r);
    for (int kind = 0; kind < 3; kind++) { /* integers; reals with ties; almost integers */
        for (int i = 0; i < N; i++) {
            x[i] = floor(50 * rp_random_normal(&r)) / (kind == 1 ? 8 : 1);
            if (kind == 2 && x[i] == 0) x[i] = 1e-200;
        }
        memcpy(sorted, x, sizeof x);
        rp_distinct *d = NULL;
        cr_assert_eq(rp_sort_doubles(N, sorted), RP_OK);
        cr_assert_eq(rp_distinct_new(N, x, &d), RP_OK);
        cr_expect_eq(d->total, N);
        cr_expect_eq(d->below[d->n], N);
        for (double q = 0; q <= 1; q += 0.03125)
            cr_expect_eq(rp_distinct_percentile(d, q), rp_quantile_sorted(N, sorted, q));
        for (int64_t i = 0; i < d->n; i++) {
            cr_expect_eq(d->value[i], sorted[d->below[i]]);
            cr_expect_eq(rp_distinct_find(d, d->value[i]), i);
        }
        if (kind == 2) cr_expect_eq(d->value[rp_distinct_find(d, 1e-300)], 1e-200);
        rp_distinct_drop(&d);
    }
    no_leaks();
}

Test(radiomics_fft, padded_transform_is_that_of_the_padded_volume)
{
    const int64_t n[3] = {3, 5, 7}, size[3] = {6, 12, 14};
    double whole[6 * 12 * 14] = {0}, want[2 * 6 * 12 * 8];
    rp_fft_padded *p = NULL;
    rp_random r;
    RP_AUTOFREE double *field = NULL, *line = NULL;
    rp_random_start(12, RP_RANDOM_TEST, 0, &r);
    cr_assert_eq(rp_fft_padded_new(n, size, &p), RP_OK, "%s", rp_error_message());
    const int64_t row = rp_fft_padded_row(p);
    cr_assert_eq(rp_alloc_raw(n[0] * size[1] * row, sizeof *field, &field), RP_OK);
    cr_assert_eq(rp_alloc_raw(size[0] * row, sizeof *line, &line), RP_OK);
    for (int64_t i = 0; i < n[0] * size[1] * row; i++) field[i] = 1e9; /* what is not read */
    for (int64_t z = 0; z < n[0]; z++)
        for (int64_t y = 0; y < n[1]; y++)
            for (int64_t x = 0; x < n[2]; x++)
                whole[(z * size[1] + y) * size[2] + x] = field[(z * size[1] + y) * row + x] =
                    rp_random_normal(&r);
    cr_assert_eq(rp_fft_real(size, whole, want), RP_OK);
    rp_fft_padded_planes(p, field);
    for (int64_t y = 0; y < size[1]; y++) {
        rp_fft_padded_line(p, field, y, line);
        for (int64_t z = 0; z < size[0]; z++)
            for (int64_t k = 0; k < 2 * 8; k++)
                cr_expect(near(line[z * row + k], want[(z * size[1] + y) * 16 + k], 0, 1e-12));
    }
    rp_fft_padded_drop(&p);
    cr_expect_eq(rp_fft_padded_new(size, n, &p), RP_EARG);
}

/* The outline of the hull holds all that the smallest box touches. */
Test(radiomics_shape, smallest_box_by_the_outline_is_that_of_all_points)
{
    enum { N = 300, MOST = 2 * N };
    int32_t half[N][3];
    static double p[N][3], normal[MOST][3];
    static int32_t corner[MOST][3];
    double outline[3], all[3];
    rp_hull *h = NULL;
    rp_random r;
    rp_random_start(13, RP_RANDOM_TEST, 0, &r);
    for (int i = 0; i < N; i++) {
        double v[3], length = 0;
        for (int a = 0; a < 3; a++) {
            v[a] = rp_random_normal(&r);
            length += v[a] * v[a];
        }
        for (int a = 0; a < 3; a++) {
            half[i][a] = (int32_t)rint(v[a] / sqrt(length) * (200 + 150 * a));
            p[i][a] = half[i][a];
        }
    }
    cr_assert_eq(rp_hull_new(N, (const int32_t(*)[3])half, &h), RP_OK);
    cr_assert_leq(h->faces, MOST);
    for (int64_t f = 0; f < h->faces; f++) {
        const double *a = p[h->face[f][0]], *b = p[h->face[f][1]], *c = p[h->face[f][2]];
        double length = 0;
        for (int i = 0; i < 3; i++) {
            const int j = (i + 1) % 3, k = (i + 2) % 3;
            normal[f][i] = (b[j] - a[j]) * (c[k] - a[k]) - (b[k] - a[k]) * (c[j] - a[j]);
            length += normal[f][i] * normal[f][i];
        }
        for (int i = 0; i < 3; i++) {
            normal[f][i] /= sqrt(length);
            corner[f][i] = (int32_t)h->face[f][i];
        }
    }
    const rp_surface s = {h->faces, corner, normal};
    const double(*points)[3] = (const double(*)[3])p, (*normals)[3] = (const double(*)[3])normal;
    cr_assert_eq(rp_enclosing_box(N, points, h->faces, normals, &s, outline), RP_OK);
    cr_assert_eq(rp_enclosing_box(N, points, h->faces, normals, NULL, all), RP_OK);
    for (int a = 0; a < 3; a++) cr_expect(near(outline[a], all[a], 1e-12, 0));
    cr_expect_lt(all[0] * all[1] * all[2], 8.0 * 201 * 351 * 501, "no more than the axes' box");
    rp_hull_drop(&h);
    no_leaks();
}
