/* lib/net/winograd/winograd_transform.c - kernels to points and back, for some channels at once.
 *
 *   G of F(2, 3):  1 0 0 | 1/2 1/2 1/2 | 1/2 -1/2 1/2 | 0 0 1
 *   G of F(4, 3):  1/(P^2 Q^2) 0 0 | a a P a P^2 | a -a P a P^2
 *                  b b Q b Q^2 | b -b Q b Q^2 | 0 0 1
 *   with a = 1/(2 P^2 (P^2 - Q^2)), b = 1/(2 Q^2 (Q^2 - P^2)).
 */
#include "lib/net/winograd/winograd_priv.h"

#include <string.h>

enum { LANES = RP_WINOGRAD_COLUMNS, SIDE_MOST = 6 };
#define P RP_WINOGRAD_P
#define Q RP_WINOGRAD_Q
static const float zero = 1 / (P * P * Q * Q), at_p = 1 / (2 * P * P * (P * P - Q * Q)),
                   at_q = 1 / (2 * Q * Q * (Q * Q - P * P));

/* Three numbers g, s apart, into in numbers u, t apart; n lanes each. */
static void spread_axis(int in, int n, const float *restrict g, int s, float *restrict u, int t)
{
    if (in == 4) {
        for (int l = 0; l < n; l++) {
            const float a = g[l], b = g[s + l], c = g[2 * s + l];
            u[l] = a;
            u[t + l] = 0.5f * (a + c + b);
            u[2 * t + l] = 0.5f * (a + c - b);
            u[3 * t + l] = c;
        }
        return;
    }
    for (int l = 0; l < n; l++) {
        const float a = g[l], b = g[s + l], c = g[2 * s + l];
        const float even = a + P * P * c, even2 = a + Q * Q * c;
        u[l] = zero * a;
        u[t + l] = at_p * (even + P * b);
        u[2 * t + l] = at_p * (even - P * b);
        u[3 * t + l] = at_q * (even2 + Q * b);
        u[4 * t + l] = at_q * (even2 - Q * b);
        u[5 * t + l] = c;
    }
}

/* The adjoint: in numbers into three, in place.  n <= t: what is read and written is apart. */
static void gather_axis(int in, int n, float *u, int t)
{
    if (in == 4) {
#pragma GCC ivdep
        for (int l = 0; l < n; l++) {
            const float u0 = u[l], u1 = u[t + l], u2 = u[2 * t + l], u3 = u[3 * t + l];
            const float half = 0.5f * (u1 + u2);
            u[l] = u0 + half;
            u[t + l] = 0.5f * (u1 - u2);
            u[2 * t + l] = half + u3;
        }
        return;
    }
#pragma GCC ivdep
    for (int l = 0; l < n; l++) {
        const float u0 = u[l], u1 = u[t + l], u2 = u[2 * t + l], u3 = u[3 * t + l];
        const float u4 = u[4 * t + l], u5 = u[5 * t + l];
        const float sum = at_p * (u1 + u2), sum2 = at_q * (u3 + u4);
        u[l] = zero * u0 + sum + sum2;
        u[t + l] = at_p * P * (u1 - u2) + at_q * Q * (u3 - u4);
        u[2 * t + l] = P * P * sum + Q * Q * sum2 + u5;
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
