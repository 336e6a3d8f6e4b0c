/* lib/image/augment_values.c - augmentation of values: noise, blur, brightness, contrast, low
 * resolution, gamma; and the mirror.  Sums run in double in index order. */
#include "lib/image/augment.h"

#include "lib/base/random.h"

#include <math.h>
#include <string.h>

typedef struct work {
    int64_t n[3], voxels, longest;
    float *small; /* [voxels] */
    float *line;  /* [longest] */
} work;

size_t rp_augment_scratch(const int64_t patch[3])
{
    int64_t longest = 0;
    for (int a = 0; a < 3; a++)
        if (patch[a] > longest) longest = patch[a];
    return (size_t)(2 * patch[0] * patch[1] * patch[2] + 2 * longest) * sizeof(float);
}

/* nnU-Net's factor: a coin decides between below and above one. */
static double draw_factor(rp_random *r, double low, double high)
{
    const bool below = rp_random_unit(r) < 0.5;
    const double u = rp_random_unit(r);
    if (below && low < 1) return low + (fmin(high, 1) - low) * u;
    return fmax(low, 1) + (high - fmax(low, 1)) * u;
}

static void add_noise(const work *k, uint64_t seed, uint64_t sample, int channels, double sd,
                      float image[])
{
    rp_random r;
    rp_random_start(seed, RP_RANDOM_NOISE, sample, &r);
    /* both numbers of Box and Muller's pair, in single precision: a sixth of the calls' time */
    const int64_t n = channels * k->voxels;
    for (int64_t i = 0; i < n; i += 2) {
        const float u = (float)((rp_random_u32(&r) >> 8) + 1) * 0x1p-24f,
                    angle = (float)(rp_random_u32(&r) >> 8) * (6.28318531f * 0x1p-24f);
        const float radius = (float)sd * sqrtf(-2 * logf(u));
        image[i] += radius * cosf(angle);
        if (i + 1 < n) image[i + 1] += radius * sinf(angle);
    }
}

/* Mirror on whole samples, for any offset. */
static int64_t reflect(int64_t i, int64_t n)
{
    if (n == 1) return 0;
    const int64_t period = 2 * n - 2;
    i %= period;
    if (i < 0) i += period;
    return i < n ? i : period - i;
}

/* Gaussian of standard deviation sd along one axis, cut at 3, 5 or 7 samples and normalised. */
static void blur_axis(const work *k, int axis, double sd, float image[])
{
    const int half = sd < 7.0 / 12 ? 1 : sd < 11.0 / 12 ? 2 : 3; /* odd length nearest 6 sd + 0.5 */
    float weight[7] = {0};
    double w[7] = {0}, sum = 0;
    for (int j = -half; j <= half; j++) sum += w[j + half] = exp(-0.5 * (j / sd) * (j / sd));
    for (int j = 0; j <= 2 * half; j++) weight[j] = (float)(w[j] / sum);
    const int64_t n = k->n[axis];
    int64_t outer = 1, inner = 1;
    for (int a = 0; a < axis; a++) outer *= k->n[a];
    for (int a = axis + 1; a < 3; a++) inner *= k->n[a];
    for (int64_t o = 0; o < outer; o++)
        for (int64_t c = 0; c < inner; c++) {
            float *at = image + o * n * inner + c;
            for (int64_t i = 0; i < n; i++) k->line[i] = at[i * inner];
            for (int64_t i = 0; i < n; i++) {
                float s = 0;
                for (int j = -half; j <= half; j++)
                    s += weight[j + half] *
                         k->line[i + j < 0 || i + j >= n ? reflect(i + j, n) : i + j];
                at[i * inner] = s;
            }
        }
}

typedef struct moments {
    double mean, sd;
    float low, high;
} moments;

static moments measure(int64_t n, const float x[])
{
    moments m = {0, 0, x[0], x[0]};
    for (int64_t i = 0; i < n; i++) {
        m.mean += (double)x[i];
        if (x[i] < m.low) m.low = x[i];
        if (x[i] > m.high) m.high = x[i];
    }
    m.mean /= (double)n;
    for (int64_t i = 0; i < n; i++) m.sd += ((double)x[i] - m.mean) * ((double)x[i] - m.mean);
    m.sd = n > 1 ? sqrt(m.sd / (double)(n - 1)) : 0;
    return m;
}

static void contrast(int64_t n, double factor, float x[])
{
    const moments m = measure(n, x);
    for (int64_t i = 0; i < n; i++) {
        const float y = (float)(((double)x[i] - m.mean) * factor + m.mean);
        x[i] = y < m.low ? m.low : y > m.high ? m.high : y;
    }
}

static void gamma_curve(int64_t n, double exponent, bool inverted, float x[])
{
    if (inverted)
        for (int64_t i = 0; i < n; i++) x[i] = -x[i];
    const moments before = measure(n, x);
    const float range = before.high - before.low, safe = range > 1e-7f ? range : 1e-7f;
    for (int64_t i = 0; i < n; i++)
        x[i] = powf((x[i] - before.low) / safe, (float)exponent) * range + before.low;
    const moments after = measure(n, x);
    const double scale = before.sd / fmax(after.sd, 1e-7);
    for (int64_t i = 0; i < n; i++) {
        const float y = (float)(((double)x[i] - after.mean) * scale + before.mean);
        x[i] = inverted ? -y : y;
    }
}

/* Nearest down to round(n zoom), linear up again: what a scanner with larger voxels would give. */
static void low_resolution(const work *k, double zoom, bool in_plane, float x[])
{
    int64_t m[3];
    for (int a = 0; a < 3; a++) {
        m[a] = in_plane && a == 0 ? k->n[0] : (int64_t)nearbyint((double)k->n[a] * zoom);
        if (m[a] < 1) m[a] = 1;
    }
    float *small = k->small;
    for (int64_t z = 0, i = 0; z < m[0]; z++)
        for (int64_t y = 0; y < m[1]; y++)
            for (int64_t c = 0; c < m[2]; c++, i++) {
                const int64_t p[3] = {z, y, c};
                int64_t at = 0;
                for (int a = 0; a < 3; a++) /* floor((i + 1/2) n / m) in whole numbers */
                    at = at * k->n[a] + (2 * p[a] + 1) * k->n[a] / (2 * m[a]);
                small[i] = x[at];
            }
    /* Up, one axis after the other, in place from the back is not possible: line by line. */
    int64_t now[3] = {m[0], m[1], m[2]};
    float *from = small, *to = x;
    for (int a = 2; a >= 0; a--) {
        int64_t outer = 1, inner = 1;
        for (int b = 0; b < a; b++) outer *= now[b];
        for (int b = a + 1; b < 3; b++) inner *= now[b];
        const double step = (double)now[a] / (double)k->n[a];
        for (int64_t i = 0; i < k->n[a]; i++) {
            const double p = fmax(((double)i + 0.5) * step - 0.5, 0);
            const int64_t q = (int64_t)p, next = q + 1 < now[a] ? q + 1 : now[a] - 1;
            const float t = (float)(p - (double)q);
            for (int64_t o = 0; o < outer; o++)
                for (int64_t c = 0; c < inner; c++)
                    to[(o * k->n[a] + i) * inner + c] =
                        (1 - t) * from[(o * now[a] + q) * inner + c] +
                        t * from[(o * now[a] + next) * inner + c];
        }
        now[a] = k->n[a];
        float *swap = from;
        from = to;
        to = swap;
    }
    if (from != x) memcpy(x, from, (size_t)k->voxels * sizeof *x);
}

static void mirror(const int64_t n[3], int axis, size_t size, void *values)
{
    uint8_t *x = values;
    int64_t outer = 1, inner = (int64_t)size; /* bytes that move together */
    for (int a = 0; a < axis; a++) outer *= n[a];
    for (int a = axis + 1; a < 3; a++) inner *= n[a];
    for (int64_t o = 0; o < outer; o++)
        for (int64_t i = 0; i < n[axis] / 2; i++)
            for (int64_t c = 0; c < inner; c++) {
                const int64_t p = (o * n[axis] + i) * inner + c;
                const int64_t q = (o * n[axis] + n[axis] - 1 - i) * inner + c;
                const uint8_t t = x[p];
                x[p] = x[q];
                x[q] = t;
            }
}

/* Blur, brightness and contrast of every channel, in the order of the table: each transform goes
 * over all channels before the next begins. */
static void early(const rp_augment_settings *set, const work *k, rp_random *r, const bool on[],
                  int channels, float image[])
{
    for (int c = 0; c < channels; c++) {
        const bool half = rp_random_unit(r) < 0.5;
        for (int a = 0; a < 3; a++) {
            const double sd = rp_random_range(r, set->low[RP_AUG_BLUR], set->high[RP_AUG_BLUR]);
            if (on[RP_AUG_BLUR] && half && k->n[a] > 1) blur_axis(k, a, sd, image + c * k->voxels);
        }
    }
    for (int c = 0; c < channels; c++) {
        const double f = draw_factor(r, set->low[RP_AUG_BRIGHTNESS], set->high[RP_AUG_BRIGHTNESS]);
        if (on[RP_AUG_BRIGHTNESS])
            for (int64_t i = 0; i < k->voxels; i++) image[c * k->voxels + i] *= (float)f;
    }
    for (int c = 0; c < channels; c++) {
        const double f = draw_factor(r, set->low[RP_AUG_CONTRAST], set->high[RP_AUG_CONTRAST]);
        if (on[RP_AUG_CONTRAST]) contrast(k->voxels, f, image + c * k->voxels);
    }
}

static void late(const rp_augment_settings *set, const work *k, rp_random *r, const bool on[],
                 int channels, float image[])
{
    for (int c = 0; c < channels; c++) {
        const bool half = rp_random_unit(r) < 0.5;
        const double zoom = rp_random_range(r, set->low[RP_AUG_LOWRES], set->high[RP_AUG_LOWRES]);
        if (on[RP_AUG_LOWRES] && half)
            low_resolution(k, zoom, set->in_plane, image + c * k->voxels);
    }
    for (int which = RP_AUG_GAMMA_INVERTED; which <= RP_AUG_GAMMA; which++)
        for (int c = 0; c < channels; c++) {
            const double g = draw_factor(r, set->low[which], set->high[which]);
            if (on[which])
                gamma_curve(k->voxels, g, which == RP_AUG_GAMMA_INVERTED, image + c * k->voxels);
        }
}

void rp_augment_apply_values(const rp_augment_settings *set, uint64_t seed, uint64_t sample,
                             int channels, const int64_t patch[3], float image[], uint8_t label[],
                             void *scratch)
{
    work k = {.n = {patch[0], patch[1], patch[2]}, .voxels = patch[0] * patch[1] * patch[2]};
    for (int a = 0; a < 3; a++)
        if (patch[a] > k.longest) k.longest = patch[a];
    k.small = scratch;
    k.line = k.small + 2 * k.voxels;
    rp_random r;
    rp_random_start(seed, RP_RANDOM_AUGMENT, sample * 2 + 1, &r);
    bool on[RP_AUG_COUNT], flip[3];
    for (int i = 0; i < RP_AUG_COUNT; i++) on[i] = rp_random_unit(&r) < set->probability[i];
    for (int a = 0; a < 3; a++)
        flip[a] = rp_random_unit(&r) < set->probability[RP_AUG_MIRROR] && set->mirror[a];
    const double sd = rp_random_range(&r, set->low[RP_AUG_NOISE], set->high[RP_AUG_NOISE]);
    if (on[RP_AUG_NOISE]) add_noise(&k, seed, sample, channels, sd, image);
    early(set, &k, &r, on, channels, image);
    late(set, &k, &r, on, channels, image);
    for (int a = 0; a < 3; a++) {
        if (!flip[a]) continue;
        for (int c = 0; c < channels; c++) mirror(k.n, a, sizeof *image, image + c * k.voxels);
        mirror(k.n, a, sizeof *label, label);
    }
}
