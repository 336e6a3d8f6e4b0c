/* lib/image/augment.c - which transforms, and the spatial one. */
#include "lib/image/augment.h"

#include "lib/base/random.h"

#include <math.h>
#include <string.h>

const rp_augment_row rp_augment_rows[RP_AUG_COUNT] = {
    [RP_AUG_ROTATION] = {"rotation", 0.2, -30, 30, "degrees", "turn about each axis"},
    [RP_AUG_SCALING] = {"scaling", 0.2, 0.7, 1.4, "factor", "zoom, the same for all axes"},
    [RP_AUG_NOISE] = {"noise", 0.1, 0, 0.1, "sd", "additive normal noise"},
    [RP_AUG_BLUR] = {"blur", 0.2, 0.5, 1, "voxels", "Gaussian blur, half of the channels"},
    [RP_AUG_BRIGHTNESS] = {"brightness", 0.15, 0.75, 1.25, "factor", "values times a factor"},
    [RP_AUG_CONTRAST] = {"contrast", 0.15, 0.75, 1.25, "factor", "spread about the mean"},
    [RP_AUG_LOWRES] = {"lowres", 0.25, 0.5, 1, "factor", "coarser voxels, half of the channels"},
    [RP_AUG_GAMMA_INVERTED] = {"gamma_inverted", 0.1, 0.7, 1.5, "exponent",
                               "gamma of the negative"},
    [RP_AUG_GAMMA] = {"gamma", 0.3, 0.7, 1.5, "exponent", "gamma, mean and sd kept"},
    [RP_AUG_MIRROR] = {"mirror", 0.5, 0, 0, "", "flip, each axis alone"},
};

rp_status rp_augment_preset(const char *preset, const int64_t patch[3], rp_augment_settings *out)
{
    rp_augment_settings s = {0};
    const bool all = strcmp(preset, "nnunet") == 0, mirror = strcmp(preset, "mirror") == 0;
    RP_NEED(all || mirror || strcmp(preset, "none") == 0, RP_EUSE,
            "augment.preset '%s': must be nnunet, mirror or none", preset);
    int64_t longest = patch[0], shortest = patch[0];
    for (int a = 1; a < 3; a++) {
        if (patch[a] > longest) longest = patch[a];
        if (patch[a] < shortest) shortest = patch[a];
    }
    const bool flat = patch[0] == 1;
    s.in_plane = flat || (double)longest / (double)patch[0] > 3;
    for (int i = 0; i < RP_AUG_COUNT; i++) {
        s.probability[i] = all ? rp_augment_rows[i].probability : 0;
        s.low[i] = rp_augment_rows[i].low;
        s.high[i] = rp_augment_rows[i].high;
    }
    if (s.in_plane) {
        const int64_t a = patch[1] > patch[2] ? patch[1] : patch[2];
        const int64_t b = patch[1] > patch[2] ? patch[2] : patch[1];
        const double limit = flat && (double)a / (double)b > 1.5 ? 15 : 180;
        s.low[RP_AUG_ROTATION] = -limit;
        s.high[RP_AUG_ROTATION] = limit;
    }
    if (mirror) s.probability[RP_AUG_MIRROR] = rp_augment_rows[RP_AUG_MIRROR].probability;
    for (int a = 0; a < 3; a++) s.mirror[a] = patch[a] > 1;
    *out = s;
    return RP_OK;
}

static void multiply(double a[3][3], double b[3][3], double out[3][3])
{
    double r[3][3];
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            r[i][j] = a[i][0] * b[0][j] + a[i][1] * b[1][j] + a[i][2] * b[2][j];
    memcpy(out, r, sizeof r);
}

/* Turn by angle (radians) in the plane of the two other axes. */
static void turn(int axis, double angle, double out[3][3])
{
    const int u = axis == 0 ? 1 : 0, v = axis == 2 ? 1 : 2;
    const double c = cos(angle), s = axis == 1 ? -sin(angle) : sin(angle);
    memset(out, 0, 9 * sizeof(double));
    out[axis][axis] = 1;
    out[u][u] = out[v][v] = c;
    out[u][v] = -s;
    out[v][u] = s;
}

/* The spatial draw and the value draws of a sample are two streams: the first is also made where
 * samples are loaded. */
static void stream(uint64_t seed, uint64_t sample, int part, rp_random *r)
{
    rp_random_start(seed, RP_RANDOM_AUGMENT, sample * 2 + (uint64_t)part, r);
}

void rp_augment_draw(const rp_augment_settings *set, uint64_t seed, uint64_t sample,
                     rp_augment_spatial *out)
{
    rp_random r;
    stream(seed, sample, 0, &r);
    memset(out, 0, sizeof *out);
    for (int a = 0; a < 3; a++) out->matrix[a][a] = 1;
    const bool rotate = rp_random_unit(&r) < set->probability[RP_AUG_ROTATION];
    const bool scale = rp_random_unit(&r) < set->probability[RP_AUG_SCALING];
    out->identity = !rotate && !scale;
    /* All are drawn always, so that one transform's switch does not move another's numbers. */
    double angle[3];
    for (int a = 0; a < 3; a++)
        angle[a] = rp_random_range(&r, set->low[RP_AUG_ROTATION], set->high[RP_AUG_ROTATION]);
    const double factor = rp_random_range(&r, set->low[RP_AUG_SCALING], set->high[RP_AUG_SCALING]);
    if (rotate)
        for (int a = 0; a < (set->in_plane ? 1 : 3); a++) { /* Rx*, then Ry*, then Rz* outside */
            double t[3][3];
            turn(a, angle[a] * 3.14159265358979323846 / 180, t);
            multiply(t, out->matrix, out->matrix);
        }
    if (scale)
        for (int i = 0; i < 3; i++)
            for (int j = set->in_plane ? 1 : 0; j < 3; j++) out->matrix[i][j] *= factor;
}

static void extent(const rp_augment_spatial *t, const int64_t patch[3], double half[3])
{
    for (int i = 0; i < 3; i++) {
        half[i] = 0;
        for (int j = 0; j < 3; j++) half[i] += fabs(t->matrix[i][j]) * (double)(patch[j] - 1) / 2;
    }
}

void rp_augment_box(const rp_augment_spatial *t, const int64_t patch[3], const int64_t start[3],
                    int64_t low[3], int64_t high[3])
{
    double half[3];
    extent(t, patch, half);
    for (int a = 0; a < 3; a++) {
        if (t->identity) {
            low[a] = start[a];
            high[a] = start[a] + patch[a];
            continue;
        }
        const double centre = (double)start[a] + (double)(patch[a] - 1) / 2;
        low[a] = (int64_t)floor(centre - half[a] - 1e-6);
        high[a] = (int64_t)floor(centre + half[a] + 1e-6) + 2;
    }
}

int64_t rp_augment_box_bound(const rp_augment_settings *set, const int64_t patch[3])
{
    const double scale =
        set->probability[RP_AUG_SCALING] > 0 ? fmax(1, set->high[RP_AUG_SCALING]) : 1;
    const bool turns = set->probability[RP_AUG_ROTATION] > 0;
    double diagonal = 0;
    int64_t voxels = 1;
    for (int a = set->in_plane ? 1 : 0; a < 3; a++) diagonal += (double)(patch[a] * patch[a]);
    for (int a = 0; a < 3; a++) {
        const bool fixed = set->in_plane && a == 0;
        const double side = fixed ? (double)patch[a] : turns ? sqrt(diagonal) : (double)patch[a];
        voxels *= (int64_t)ceil(side * (fixed ? 1 : scale)) + (turns || scale > 1 ? 3 : 0);
    }
    return voxels;
}

/* Copies the box of a plain crop; what lies beyond the case takes outside and label 0. */
static void crop(const rp_augment_source *src, const int64_t patch[3], const int64_t start[3],
                 float image[], uint8_t label[])
{
    const int64_t voxels = patch[0] * patch[1] * patch[2], from = src->n[0] * src->n[1] * src->n[2];
    for (int c = 0; c < src->channels; c++)
        for (int64_t i = 0; i < voxels; i++) image[c * voxels + i] = src->outside[c];
    memset(label, 0, (size_t)voxels);
    int64_t low[3], high[3];
    for (int a = 0; a < 3; a++) {
        low[a] = start[a] > src->low[a] ? start[a] : src->low[a];
        high[a] = start[a] + patch[a] < src->low[a] + src->n[a] ? start[a] + patch[a]
                                                                : src->low[a] + src->n[a];
    }
    if (high[0] <= low[0] || high[1] <= low[1] || high[2] <= low[2]) return;
    const size_t run = (size_t)(high[2] - low[2]);
    for (int64_t z = low[0]; z < high[0]; z++)
        for (int64_t y = low[1]; y < high[1]; y++) {
            const int64_t to =
                ((z - start[0]) * patch[1] + y - start[1]) * patch[2] + low[2] - start[2];
            const int64_t at = ((z - src->low[0]) * src->n[1] + y - src->low[1]) * src->n[2] +
                               low[2] - src->low[2];
            for (int c = 0; c < src->channels; c++)
                memcpy(image + c * voxels + to, src->image + c * from + at, run * sizeof(float));
            memcpy(label + to, src->label + at, run);
        }
}

/* floor of a coordinate, without the call that plain x86-64 makes of floor(). */
static int64_t floor_of(double x)
{
    const int64_t i = (int64_t)x;
    return i - ((double)i > x);
}

/* The cell of a point: places of its eight corners (-1 beyond the case) and the shares along z, y,
 * x. */
typedef struct cell {
    int64_t at[8];
    float t[3];
    bool inside;
} cell;

static void find_cell(const rp_augment_source *src, const double p[3], cell *c)
{
    int64_t k[3];
    c->inside = true;
    for (int a = 0; a < 3; a++) {
        const int64_t f = floor_of(p[a]);
        k[a] = f - src->low[a];
        c->t[a] = (float)(p[a] - (double)f);
        c->inside = c->inside && k[a] >= 0 && k[a] + 1 < src->n[a];
    }
    const int64_t row = src->n[2], plane = src->n[1] * row, base = k[0] * plane + k[1] * row + k[2];
    for (int corner = 0; corner < 8; corner++) {
        const int up[3] = {corner >> 2, corner >> 1 & 1, corner & 1};
        bool in = true;
        if (!c->inside)
            for (int a = 0; a < 3; a++) in = in && k[a] + up[a] >= 0 && k[a] + up[a] < src->n[a];
        c->at[corner] = in ? base + up[0] * plane + up[1] * row + up[2] : -1;
    }
}

static float blend(float a, float b, float t) { return a + t * (b - a); }

static float sample(const cell *c, const float image[], float outside)
{
    float v[8];
    for (int i = 0; i < 8; i++) v[i] = c->at[i] < 0 ? outside : image[c->at[i]];
    for (int i = 0; i < 4; i++) v[i] = blend(v[2 * i], v[2 * i + 1], c->t[2]);
    return blend(blend(v[0], v[1], c->t[1]), blend(v[2], v[3], c->t[1]), c->t[0]);
}

/* The label with the largest weight, ties the lowest; mostly all eight agree. */
static uint8_t vote(const rp_augment_source *src, const cell *c)
{
    uint8_t l[8];
    bool agree = true;
    for (int i = 0; i < 8; i++) {
        l[i] = c->at[i] < 0 ? 0 : src->label[c->at[i]];
        agree = agree && l[i] == l[0];
    }
    if (agree) return l[0];
    float w[8], most = -1;
    uint8_t best = 0;
    for (int i = 0; i < 8; i++)
        w[i] = (i & 4 ? c->t[0] : 1 - c->t[0]) * (i & 2 ? c->t[1] : 1 - c->t[1]) *
               (i & 1 ? c->t[2] : 1 - c->t[2]);
    for (int i = 0; i < 8; i++) {
        float sum = 0;
        for (int j = 0; j < 8; j++) sum += l[j] == l[i] ? w[j] : 0;
        if (sum > most || (sum == most && l[i] < best)) {
            most = sum;
            best = l[i];
        }
    }
    return best;
}

/* One row of the patch: source voxel = base + x step. */
static void transform_row(const rp_augment_source *src, int64_t n, const double base[3],
                          const double step[3], int64_t voxels, float image[], uint8_t label[])
{
    const int64_t from = src->n[0] * src->n[1] * src->n[2];
    for (int64_t x = 0; x < n; x++) {
        double p[3];
        cell c;
        for (int a = 0; a < 3; a++) p[a] = base[a] + (double)x * step[a];
        find_cell(src, p, &c);
        for (int k = 0; k < src->channels; k++)
            image[k * voxels + x] = sample(&c, src->image + k * from, src->outside[k]);
        label[x] = vote(src, &c);
    }
}

void rp_augment_apply_spatial(const rp_augment_spatial *t, const rp_augment_source *src,
                              const int64_t patch[3], const int64_t start[3], float out_image[],
                              uint8_t out_label[])
{
    if (t->identity) {
        crop(src, patch, start, out_image, out_label);
        return;
    }
    const int64_t voxels = patch[0] * patch[1] * patch[2];
    for (int64_t z = 0, i = 0; z < patch[0]; z++)
        for (int64_t y = 0; y < patch[1]; y++, i += patch[2]) {
            const double q[3] = {(double)z - (double)(patch[0] - 1) / 2,
                                 (double)y - (double)(patch[1] - 1) / 2,
                                 -(double)(patch[2] - 1) / 2};
            double base[3], step[3];
            for (int a = 0; a < 3; a++) {
                base[a] = (double)start[a] + (double)(patch[a] - 1) / 2 + t->matrix[a][0] * q[0] +
                          t->matrix[a][1] * q[1] + t->matrix[a][2] * q[2];
                step[a] = t->matrix[a][2];
            }
            transform_row(src, patch[2], base, step, voxels, out_image + i, out_label + i);
        }
}
