/* lib/net/window.c - sliding window with a ring of planes.
 *
 * 1. The padded volume (every axis at least a patch) is what patches walk over; the volume stands
 * in its middle, and only planes and voxels of the volume are handed over.
 * 2. Patches run z, y, x.  Before a patch that starts at z1 all planes below z1 are final; the ring
 *    has patch[0] planes, plane z in slot z % patch[0].
 * 3. The sums of a voxel arrive in the order of the patches, whatever the ring's size. */
#include "lib/net/window.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

int64_t rp_window_starts(int64_t size, int64_t patch, double step, int64_t starts[])
{
    const int64_t last = size - patch;
    int64_t count = 1;
    if (last > 0)
        count = patch == 1 ? size : (int64_t)ceil((double)last / ((double)patch * step)) + 1;
    if (!starts) return count;
    const double actual = count > 1 ? (double)last / (double)(count - 1) : 0;
    for (int64_t i = 0; i < count; i++) starts[i] = (int64_t)rint(actual * (double)i);
    return count;
}

/* One axis of the map: the blurred impulse.  Positions farther than the cut stay 0. */
static void gaussian_axis(int64_t patch, double g[])
{
    const double sigma = (double)patch / 8;
    const int64_t radius = (int64_t)(4 * sigma + 0.5);
    double sum = 0;
    for (int64_t i = -radius; i <= radius; i++)
        sum += exp(-0.5 * (double)(i * i) / (sigma * sigma));
    for (int64_t i = 0; i < patch; i++) {
        const int64_t d = i - patch / 2;
        const bool inside = d >= -radius && d <= radius;
        g[i] = inside ? exp(-0.5 * (double)(d * d) / (sigma * sigma)) / sum : 0;
    }
}

rp_status rp_window_gaussian(const int64_t patch[3], float map[])
{
    RP_AUTOFREE double *g = NULL;
    RP_TRY(rp_alloc(patch[0] + patch[1] + patch[2], sizeof *g, &g));
    double *gz = g, *gy = gz + patch[0], *gx = gy + patch[1];
    gaussian_axis(patch[0], gz);
    gaussian_axis(patch[1], gy);
    gaussian_axis(patch[2], gx);
    const double most = gz[patch[0] / 2] * gy[patch[1] / 2] * gx[patch[2] / 2];
    float least = 10;
    int64_t i = 0;
    for (int64_t z = 0; z < patch[0]; z++)
        for (int64_t y = 0; y < patch[1]; y++)
            for (int64_t x = 0; x < patch[2]; x++, i++) {
                map[i] = (float)(gz[z] * gy[y] * gx[x] / most * 10);
                if (map[i] > 0 && map[i] < least) least = map[i];
            }
    for (int64_t k = 0; k < i; k++)
        if (map[k] <= 0) map[k] = least;
    return RP_OK;
}

typedef struct window {
    const rp_window *w;
    int64_t padded[3], before[3]; /* size walked over; planes, rows, columns before the volume */
    int64_t patch_voxels, plane;  /* voxels of a patch, of a padded plane */
    int64_t count[3], *start[3];
    float *map, *image, *logits, *flipped; /* of one patch */
    float *sum, *weight, *out; /* ring [patch z][classes][plane], [patch z][plane]; a plane */
    int64_t next;              /* padded plane that is handed over next */
} window;

static rp_status check(const rp_window *w)
{
    RP_NEED(w->channels >= 1 && w->classes >= 1, RP_EUSE, "window over %d channels and %d classes",
            w->channels, w->classes);
    RP_NEED(w->step > 0 && w->step <= 1, RP_EUSE, "window step %g; above 0 and up to 1 is possible",
            w->step);
    RP_NEED(w->padding, RP_EUSE, "window without padding values");
    for (int a = 0; a < 3; a++)
        RP_NEED(w->size[a] >= 1 && w->patch[a] >= 1, RP_EUSE,
                "window of %" PRId64 " over %" PRId64 " voxels along %c", w->patch[a], w->size[a],
                "zyx"[a]);
    return RP_OK;
}

static rp_status measure(const rp_window *w, window *s)
{
    RP_TRY(check(w));
    *s = (window){.w = w};
    for (int a = 0; a < 3; a++) {
        s->padded[a] = w->size[a] > w->patch[a] ? w->size[a] : w->patch[a];
        s->before[a] = (s->padded[a] - w->size[a]) / 2;
        s->count[a] = rp_window_starts(s->padded[a], w->patch[a], w->step, NULL);
    }
    RP_TRY(rp_product(3, w->patch, &s->patch_voxels));
    RP_TRY(rp_product(2, s->padded + 1, &s->plane));
    return RP_OK;
}

/* Every array with its count, once to add up and once to allocate. */
static rp_status arrays(window *s, size_t *bytes, bool allocate)
{
    const rp_window *w = s->w;
    const struct {
        void *at;
        int64_t many, count;
        size_t size;
    } need[] = {
        {&s->start[0], 1, s->count[0], sizeof(int64_t)},
        {&s->start[1], 1, s->count[1], sizeof(int64_t)},
        {&s->start[2], 1, s->count[2], sizeof(int64_t)},
        {&s->map, 1, s->patch_voxels, sizeof(float)},
        {&s->image, w->channels, s->patch_voxels, sizeof(float)},
        {&s->logits, w->classes, s->patch_voxels, sizeof(float)},
        {&s->flipped, w->classes, s->patch_voxels, sizeof(float)},
        {&s->sum, w->classes * w->patch[0], s->plane, sizeof(float)},
        {&s->weight, w->patch[0], s->plane, sizeof(float)},
        {&s->out, w->classes, w->size[1] * w->size[2], sizeof(float)},
    };
    *bytes = 0;
    for (size_t i = 0; i < sizeof need / sizeof *need; i++) {
        int64_t count;
        size_t one;
        RP_TRY(rp_product(2, (int64_t[]){need[i].many, need[i].count}, &count));
        RP_TRY(rp_bytes(count, need[i].size, &one));
        RP_NEED(!__builtin_add_overflow(*bytes, one, bytes), RP_EARG, "window of too many bytes");
        if (allocate) RP_TRY(rp_alloc(count, need[i].size, need[i].at));
    }
    return RP_OK;
}

static void clear(window *s)
{
    for (int a = 0; a < 3; a++) rp_free(s->start[a]);
    rp_free(s->map);
    rp_free(s->image);
    rp_free(s->logits);
    rp_free(s->flipped);
    rp_free(s->sum);
    rp_free(s->weight);
    rp_free(s->out);
}

rp_status rp_window_bytes(const rp_window *w, size_t *bytes)
{
    window s;
    RP_TRY(measure(w, &s));
    return arrays(&s, bytes, false);
}

rp_status rp_window_patches(const rp_window *w, int64_t *count)
{
    window s;
    RP_TRY(measure(w, &s));
    return rp_product(3, s.count, count);
}

/* Where voxel i of a patch's axis lies when the axis is flipped or not. */
static inline int64_t flip(bool yes, int64_t n, int64_t i) { return yes ? n - 1 - i : i; }

/* The patch at start, flipped, out of the volume or its padding. */
static void cut(const window *s, const float image[], const int64_t start[3], const bool mirror[3])
{
    const rp_window *w = s->w;
    const int64_t *p = w->patch, *n = w->size;
    float *to = s->image;
    for (int c = 0; c < w->channels; c++) {
        const float *from = image + c * n[0] * n[1] * n[2];
        for (int64_t z = 0; z < p[0]; z++)
            for (int64_t y = 0; y < p[1]; y++) {
                const int64_t iz = start[0] + flip(mirror[0], p[0], z) - s->before[0];
                const int64_t iy = start[1] + flip(mirror[1], p[1], y) - s->before[1];
                const bool row = iz >= 0 && iz < n[0] && iy >= 0 && iy < n[1];
                for (int64_t x = 0; x < p[2]; x++) {
                    const int64_t ix = start[2] + flip(mirror[2], p[2], x) - s->before[2];
                    *to++ = row && ix >= 0 && ix < n[2] ? from[(iz * n[1] + iy) * n[2] + ix]
                                                        : w->padding[c];
                }
            }
    }
}

/* sum += flipped back */
static void add_flipped(const window *s, const bool mirror[3], float sum[])
{
    const int64_t *p = s->w->patch;
    for (int c = 0; c < s->w->classes; c++)
        for (int64_t z = 0; z < p[0]; z++)
            for (int64_t y = 0; y < p[1]; y++) {
                const int64_t fz = flip(mirror[0], p[0], z), fy = flip(mirror[1], p[1], y);
                const float *from = s->flipped + c * s->patch_voxels + (fz * p[1] + fy) * p[2];
                float *to = sum + c * s->patch_voxels + (z * p[1] + y) * p[2];
                for (int64_t x = 0; x < p[2]; x++) to[x] += from[flip(mirror[2], p[2], x)];
            }
}

/* Mean of the predictions over all flips of the mirrored axes, in a fixed order. */
static rp_status predict_patch(const window *s, const float image[], const int64_t start[3],
                               rp_window_predict *predict, void *arg)
{
    const rp_window *w = s->w;
    const int64_t count = w->classes * s->patch_voxels;
    int flips = 0;
    for (int m = 0; m < 8; m++) {
        const bool mirror[3] = {m & 1, m & 2, m & 4};
        bool wanted = true;
        for (int a = 0; a < 3; a++) wanted = wanted && (!mirror[a] || w->mirror[a]);
        if (!wanted) continue;
        cut(s, image, start, mirror);
        RP_TRY(predict(arg, s->image, m == 0 ? s->logits : s->flipped));
        if (m != 0) add_flipped(s, mirror, s->logits);
        flips++;
    }
    if (flips > 1) /* 2, 4 or 8: exact */
        for (int64_t i = 0; i < count; i++) s->logits[i] /= (float)flips;
    return RP_OK;
}

/* Adds the patch's weighted logits to the ring. */
static rp_status add_patch(window *s, const int64_t start[3])
{
    const rp_window *w = s->w;
    const int64_t *p = w->patch;
    for (int64_t z = 0; z < p[0]; z++) {
        const int64_t slot = (start[0] + z) % p[0];
        for (int64_t y = 0; y < p[1]; y++) {
            const int64_t at = (start[1] + y) * s->padded[2] + start[2];
            const float *m = s->map + (z * p[1] + y) * p[2];
            float *weight = s->weight + slot * s->plane + at;
            for (int64_t x = 0; x < p[2]; x++) weight[x] += m[x];
            for (int c = 0; c < w->classes; c++) {
                const float *l = s->logits + c * s->patch_voxels + (z * p[1] + y) * p[2];
                float *sum = s->sum + (slot * w->classes + c) * s->plane + at;
                float seen = 0; /* 0 unless a logit is not finite */
                for (int64_t x = 0; x < p[2]; x++) {
                    sum[x] += m[x] * l[x];
                    seen += l[x] * 0.0f;
                }
                RP_NEED(seen == 0, RP_ENUM,
                        "class %d of the patch at %" PRId64 ", %" PRId64 ", %" PRId64
                        " has a logit that is not finite",
                        c, start[0], start[1], start[2]);
            }
        }
    }
    return RP_OK;
}

/* Hands over padded plane s->next if it belongs to the volume, and empties its slot. */
static rp_status hand_over(window *s, rp_window_plane *plane, void *arg)
{
    const rp_window *w = s->w;
    const int64_t slot = s->next % w->patch[0], z = s->next - s->before[0];
    float *sum = s->sum + slot * w->classes * s->plane, *weight = s->weight + slot * s->plane;
    if (z >= 0 && z < w->size[0]) {
        for (int c = 0; c < w->classes; c++)
            for (int64_t y = 0; y < w->size[1]; y++) {
                const int64_t at = (y + s->before[1]) * s->padded[2] + s->before[2];
                float *to = s->out + (c * w->size[1] + y) * w->size[2];
                for (int64_t x = 0; x < w->size[2]; x++)
                    to[x] = sum[c * s->plane + at + x] / weight[at + x];
            }
        RP_TRY(plane(arg, z, s->out));
    }
    memset(sum, 0, (size_t)(w->classes * s->plane) * sizeof *sum);
    memset(weight, 0, (size_t)s->plane * sizeof *weight);
    s->next++;
    return RP_OK;
}

static rp_status run(window *s, const float image[], rp_window_predict *predict, void *predict_arg,
                     rp_window_plane *plane, void *plane_arg)
{
    RP_TRY(rp_window_gaussian(s->w->patch, s->map));
    for (int a = 0; a < 3; a++)
        (void)rp_window_starts(s->padded[a], s->w->patch[a], s->w->step, s->start[a]);
    const int64_t patches = s->count[0] * s->count[1] * s->count[2];
    for (int64_t i = 0; i < patches; i++) {
        const int64_t start[3] = {s->start[0][i / (s->count[1] * s->count[2])],
                                  s->start[1][i / s->count[2] % s->count[1]],
                                  s->start[2][i % s->count[2]]};
        while (s->next < start[0]) RP_TRY(hand_over(s, plane, plane_arg));
        RP_TRY(predict_patch(s, image, start, predict, predict_arg));
        RP_TRY(add_patch(s, start));
    }
    while (s->next < s->padded[0]) RP_TRY(hand_over(s, plane, plane_arg));
    return RP_OK;
}

rp_status rp_window_run(const rp_window *w, const float image[], rp_window_predict *predict,
                        void *predict_arg, rp_window_plane *plane, void *plane_arg)
{
    window s;
    size_t bytes;
    RP_TRY(measure(w, &s));
    rp_status st = arrays(&s, &bytes, true);
    if (st == RP_OK) st = run(&s, image, predict, predict_arg, plane, plane_arg);
    clear(&s);
    if (st != RP_OK) (void)rp_error_frame(st, __FILE__, __LINE__, __func__);
    return st;
}

typedef struct labelled {
    const rp_window *w;
    uint8_t *labels;
    float *prob;
} labelled;

static rp_status label_plane(void *arg, int64_t z, const float logits[])
{
    const labelled *l = arg;
    const int64_t n = l->w->size[1] * l->w->size[2], all = l->w->size[0] * n;
    const int classes = l->w->classes;
    for (int64_t i = 0; i < n; i++) {
        int best = 0;
        for (int c = 1; c < classes; c++)
            if (logits[c * n + i] > logits[best * n + i]) best = c;
        l->labels[z * n + i] = (uint8_t)best;
        if (!l->prob) continue;
        double sum = 0;
        for (int c = 0; c < classes; c++)
            sum += exp((double)logits[c * n + i] - (double)logits[best * n + i]);
        for (int c = 0; c < classes; c++)
            l->prob[c * all + z * n + i] =
                (float)(exp((double)logits[c * n + i] - (double)logits[best * n + i]) / sum);
    }
    return RP_OK;
}

rp_status rp_window_labels(const rp_window *w, const float image[], rp_window_predict *predict,
                           void *predict_arg, uint8_t labels[], float prob[])
{
    RP_NEED(w->classes <= 256, RP_EUSE, "%d classes do not fit labels of 8 bits", w->classes);
    labelled l = {.w = w, .labels = labels, .prob = prob};
    return rp_window_run(w, image, predict, predict_arg, label_plane, &l);
}
