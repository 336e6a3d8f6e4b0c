/* lib/net/loss_dice_ce.c - soft Dice and cross entropy of a softmax over classes.
 *
 *   ce   = mean over voxels of -log p_t
 *   dice = -mean over classes 1.. of (2 I + s) / (T + P + s),  I = sum(t p), s = 1e-5
 *   dp_c = -1/(C-1) (2 t_c D - (2 I + s)) / D^2 with D = T + P + s, then through the softmax:
 *   dl_k = p_k (dp_k - sum_j p_j dp_j) + (p_k - t_k) / n
 *
 * 1. Statistics: [0] sum of -log p_t; then I, P, T of every class, background too.
 * 2. Chunks of RP_LOSS_CHUNK voxels are summed alone and added in order.
 * Source: nnU-Net v2, loss/dice.py (MemoryEfficientSoftDiceLoss) and compound_losses.py. */
#include "lib/net/loss_priv.h"

#include <inttypes.h>
#include <math.h>

static const double smooth = 1e-5;

int64_t rp_dice_count(int classes) { return 1 + 3 * (int64_t)classes; }

/* exp(x) for x <= 0 in single precision, by 2^k and a polynomial of degree 6: the same bits with
 * any C library.  Largest relative error seen 2e-7. */
static inline float exp_negative(float x)
{
    if (!(x > -87.0f)) return x != x ? x : 0.0f;
    /* adding and taking away 1.5 * 2^23 rounds to an integer */
    const float k = (x * 1.44269504f + 12582912.0f) - 12582912.0f;
    const float r = (x - k * 0.693145752f) - k * 1.42860677e-6f;
    float p = 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    union {
        uint32_t u;
        float f;
    } two = {.u = (uint32_t)((int32_t)k + 127) << 23};
    return p * two.f;
}

/* Softmax of one voxel; returns -log p_t.  A NaN or +infinity among the logits makes it not finite,
 * and the sum over voxels with it; -infinity is probability 0. */
static double softmax(int classes, const float l[], int t, float p[])
{
    float most = l[0];
    for (int c = 1; c < classes; c++) most = l[c] > most ? l[c] : most;
    p[0] = exp_negative(l[0] - most);
    float sum = p[0];
    for (int c = 1; c < classes; c++) {
        p[c] = exp_negative(l[c] - most);
        sum += p[c];
    }
    const float inverse = 1 / sum;
    for (int c = 0; c < classes; c++) p[c] *= inverse;
    return log((double)sum) - ((double)l[t] - most);
}

/* Statistics of one chunk; returns the first voxel whose target is no class, or -1. */
static int64_t chunk_statistics(int64_t first, int64_t last, int classes, const float logits[],
                                const uint8_t target[], float prob[], double s[])
{
    for (int64_t k = 0; k < rp_dice_count(classes); k++) s[k] = 0;
    double *i = s + 1, *p = i + classes, *t = p + classes;
    for (int64_t v = first; v < last; v++) {
        if (target[v] >= classes) return v;
        float *y = prob + v * classes;
        s[0] += softmax(classes, logits + v * classes, target[v], y);
        for (int c = 0; c < classes; c++) p[c] += (double)y[c];
        i[target[v]] += (double)y[target[v]];
        t[target[v]] += 1;
    }
    return -1;
}

rp_status rp_dice_statistics(int64_t n, int classes, const float logits[], const uint8_t target[],
                             float prob[], double chunk[], double statistics[])
{
    const int64_t count = rp_dice_count(classes), chunks = rp_loss_chunks(n);
    int64_t bad = n;
#pragma omp parallel for schedule(static) reduction(min : bad)
    for (int64_t k = 0; k < chunks; k++) {
        const int64_t first = k * RP_LOSS_CHUNK;
        const int64_t last = first + RP_LOSS_CHUNK < n ? first + RP_LOSS_CHUNK : n;
        const int64_t v =
            chunk_statistics(first, last, classes, logits, target, prob, chunk + k * count);
        if (v >= 0 && v < bad) bad = v;
    }
    RP_NEED(bad == n, RP_EDATA, "target of voxel %" PRId64 " is %d, but there are %d classes", bad,
            target[bad], classes);
    for (int64_t j = 0; j < count; j++) {
        double sum = 0;
        for (int64_t k = 0; k < chunks; k++) sum += chunk[k * count + j];
        statistics[j] = sum;
    }
    return RP_OK;
}

static double dice_of(int classes, const double s[], int c)
{
    const double *i = s + 1, *p = i + classes, *t = p + classes;
    return (2 * i[c] + smooth) / (t[c] + p[c] + smooth);
}

static double mean_dice(int classes, const double s[])
{
    double sum = 0;
    for (int c = 1; c < classes; c++) sum += dice_of(classes, s, c);
    return sum / (classes - 1);
}

rp_loss_values rp_dice_ce_value(int64_t n, int classes, const double s[])
{
    const double dice = -mean_dice(classes, s), ce = s[0] / (double)n;
    return (rp_loss_values){.total = dice + ce, .dice = dice, .ce = ce};
}

rp_loss_values rp_dice_value(int64_t n, int classes, const double s[])
{
    (void)n;
    /* a NaN among the logits reaches the probabilities, and so the sums */
    const double dice = 1 - mean_dice(classes, s);
    return (rp_loss_values){.total = dice, .dice = dice};
}

rp_loss_values rp_ce_value(int64_t n, int classes, const double s[])
{
    (void)classes;
    return (rp_loss_values){.total = s[0] / (double)n, .ce = s[0] / (double)n};
}

/* p becomes the gradient of one voxel.  dp_c = a[c] t_c + b[c] (0 for the background). */
static inline void voxel_gradient(int classes, int t, const float a[], const float b[],
                                  float weight_n, float p[])
{
    float inner = 0;
    for (int c = 0; c < classes; c++) inner += p[c] * (c == t ? a[c] + b[c] : b[c]);
    for (int c = 0; c < classes; c++) {
        const float dp = c == t ? a[c] + b[c] : b[c];
        p[c] = p[c] * (dp - inner) + weight_n * (c == t ? p[c] - 1 : p[c]);
    }
}

static void gradient(int64_t n, int classes, const uint8_t target[], const double s[],
                     double weight_dice, double weight_ce, float p[])
{
    float a[256] = {0}, b[256] = {0};
    const double *i = s + 1, *y = i + classes, *t = y + classes;
    for (int c = 1; c < classes; c++) {
        const double d = t[c] + y[c] + smooth, w = weight_dice / (classes - 1);
        a[c] = (float)(-2 * w / d);
        b[c] = (float)(w * (2 * i[c] + smooth) / (d * d));
    }
    const float weight_n = (float)(weight_ce / (double)n);
#pragma omp parallel for schedule(static)
    for (int64_t v = 0; v < n; v++)
        voxel_gradient(classes, target[v], a, b, weight_n, p + v * classes);
}

void rp_dice_ce_gradient(int64_t n, int classes, const uint8_t target[], const double s[],
                         double weight, float p[])
{
    gradient(n, classes, target, s, weight, weight, p);
}

void rp_dice_gradient(int64_t n, int classes, const uint8_t target[], const double s[],
                      double weight, float p[])
{
    gradient(n, classes, target, s, weight, 0, p);
}

void rp_ce_gradient(int64_t n, int classes, const uint8_t target[], const double s[], double weight,
                    float p[])
{
    gradient(n, classes, target, s, 0, weight, p);
}
