/* lib/net/optimiser.c - optimisers, learning rate, norms of gradients. */
#include "lib/net/optimiser.h"

#include <math.h>
#include <string.h>

void rp_sgd_update(int64_t n, float *restrict w, const float *restrict g, float *restrict v,
                   double scale, double rate, double momentum, double decay)
{
    const float s = (float)scale, r = (float)rate, m = (float)momentum, k = (float)decay;
    for (int64_t i = 0; i < n; i++) {
        const float d = s * g[i] + k * w[i];
        v[i] = m * v[i] + d;
        w[i] -= r * (d + m * v[i]);
    }
}

static void sgd(int64_t n, float w[], const float g[], float v[], const rp_update *u)
{
    rp_sgd_update(n, w, g, v, u->scale, u->rate, u->momentum, u->decay);
}

const rp_optimiser rp_optimisers[] = {
    {"sgd", "stochastic gradient descent with Nesterov momentum", 1, sgd},
    {NULL, NULL, 0, NULL},
};

const rp_optimiser *rp_optimiser_find(const char *name)
{
    for (const rp_optimiser *o = rp_optimisers; o->name; o++)
        if (strcmp(o->name, name) == 0) return o;
    return NULL;
}

double rp_clip_scale(double norm, double clip)
{
    const double s = clip / (norm + 1e-6);
    return clip > 0 && s < 1 ? s : 1;
}

double rp_sum_squares(int64_t n, const float g[])
{
    enum { CHUNK = 2048 };
    double sum = 0;
    for (int64_t first = 0; first < n; first += CHUNK) {
        double part = 0;
        for (int64_t i = first; i < n && i < first + CHUNK; i++) part += (double)g[i] * g[i];
        sum += part;
    }
    return sum;
}

double rp_rate_poly(double rate0, int64_t k, int64_t iterations)
{
    return rate0 * pow(1 - (double)k / (double)iterations, 0.9);
}
