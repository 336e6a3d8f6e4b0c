/* lib/net/winograd/winograd_transform.c - kernels to points and back, for some channels at once.
 *
 *   G of F(2, 3):  1 0 0 | 1/2 1/2 1/2 | 1/2 -1/2 1/2 | 0 0 1
 *   G of F(4, 3):  1/4 0 0 | -1/6 -1/6 -1/6 | -1/6 1/6 -1/6
 *                  1/24 1/12 1/6 | 1/24 -1/12 1/6 | 0 0 1 */
#include "lib/net/winograd/winograd_priv.h"

#include <string.h>

enum { LANES = RP_WINOGRAD_COLUMNS, SIDE_MOST = 6 };

/* Three numbers g, s apart, into in numbers u, t apart; n lanes each. */
static void spread_axis(int in, int n, const float *g, int s, float *u, int t)
{
    for (int l = 0; l < n; l++) {
        const float a = g[l], b = g[s + l], c = g[2 * s + l], both = a + c;
        if (in == 4) {
            u[l] = a;
            u[t + l] = 0.5f * (both + b);
            u[2 * t + l] = 0.5f * (both - b);
            u[3 * t + l] = c;
        } else {
            const float even = (1.0f / 24) * a + (1.0f / 6) * c, odd = (1.0f / 12) * b;
            u[l] = 0.25f * a;
            u[t + l] = (-1.0f / 6) * (both + b);
            u[2 * t + l] = (-1.0f / 6) * (both - b);
            u[3 * t + l] = even + odd;
            u[4 * t + l] = even - odd;
            u[5 * t + l] = c;
        }
    }
}

/* The adjoint: in numbers into three, in place. */
static void gather_axis(int in, int n, float *u, int t)
{
    for (int l = 0; l < n; l++) {
        const float u0 = u[l], u1 = u[t + l], u2 = u[2 * t + l], u3 = u[3 * t + l];
        if (in == 4) {
            const float half = 0.5f * (u1 + u2);
            u[l] = u0 + half;
            u[t + l] = 0.5f * (u1 - u2);
            u[2 * t + l] = half + u3;
        } else {
            const float u4 = u[4 * t + l], u5 = u[5 * t + l];
            const float sixth = (-1.0f / 6) * (u1 + u2), sum = u3 + u4;
            u[l] = 0.25f * u0 + sixth + (1.0f / 24) * sum;
            u[t + l] = (-1.0f / 6) * (u1 - u2) + (1.0f / 12) * (u3 - u4);
            u[2 * t + l] = sixth + (1.0f / 6) * sum + u5;
        }
    }
}

void rp_winograd_weights(const rp_tiles *g, int lanes, const float *w, float *u)
{
    float a[9 * SIDE_MOST * LANES], b[3 * SIDE_MOST * SIDE_MOST * LANES];
    const int iz = g->in[0], iy = g->in[1], ix = g->in[2], kz = iz > 1 ? 3 : 1;
    for (int r = 0; r < kz * 3; r++)
        spread_axis(ix, lanes, w + r * 3 * lanes, lanes, a + r * ix * lanes, lanes);
    for (int z = 0; z < kz; z++)
        spread_axis(iy, ix * lanes, a + z * 3 * ix * lanes, ix * lanes, b + z * iy * ix * lanes,
                    ix * lanes);
    if (iz > 1)
        spread_axis(iz, iy * ix * lanes, b, iy * ix * lanes, u, iy * ix * lanes);
    else
        memcpy(u, b, (size_t)(iy * ix * lanes) * sizeof *u);
}

void rp_winograd_gradient(const rp_tiles *g, int lanes, float *u, float *w)
{
    const int iz = g->in[0], iy = g->in[1], ix = g->in[2], kz = iz > 1 ? 3 : 1;
    const int plane = iy * ix * lanes, row = ix * lanes;
    if (iz > 1) gather_axis(iz, plane, u, plane);
    for (int z = 0; z < kz; z++) gather_axis(iy, row, u + z * plane, row);
    for (int z = 0; z < kz; z++)
        for (int y = 0; y < 3; y++) {
            float *from = u + z * plane + y * row;
            gather_axis(ix, lanes, from, lanes);
            memcpy(w + (z * 3 + y) * 3 * lanes, from, (size_t)(3 * lanes) * sizeof *w);
        }
}
