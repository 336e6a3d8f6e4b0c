/* lib/radiomics/convolve.c - convolution with separable kernels, turned by right angles. */
#include "lib/radiomics/convolve.h"

#include <string.h>

int64_t rp_boundary_index(int64_t i, int64_t n, rp_boundary b)
{
    if (i >= 0 && i < n) return i;
    if (b == RP_EDGE_ZERO || n < 1) return -1;
    if (b == RP_EDGE_NEAREST) return i < 0 ? 0 : n - 1;
    const int64_t period = b == RP_EDGE_PERIODIC ? n : b == RP_EDGE_WRAP ? n + n % 2 : 2 * n;
    int64_t r = i % period;
    if (r < 0) r += period;
    if (b == RP_EDGE_WRAP) return r < n ? r : 0;
    return r < n ? r : 2 * n - 1 - r;
}

/* y = (is_first ? 0 : y) + sum of four rows, in order. */
static void add_four(int64_t n, const double w[], const double *const row[], bool is_first,
                     double y[])
{
    const double *a = row[0], *b = row[1], *c = row[2], *d = row[3];
    const double wa = w[0], wb = w[1], wc = w[2], wd = w[3];
    if (is_first)
        for (int64_t i = 0; i < n; i++) y[i] = wa * a[i] + wb * b[i] + wc * c[i] + wd * d[i];
    else
        for (int64_t i = 0; i < n; i++) y[i] = y[i] + wa * a[i] + wb * b[i] + wc * c[i] + wd * d[i];
}

/* y = sum over k of w[k] row[k], added in order, several rows a pass: y stays in registers. */
static void add_rows(int64_t n, int count, const double w[], const double *const row[], double y[])
{
    int k = 0;
    for (; k + 4 <= count; k += 4) add_four(n, w + k, row + k, k == 0, y);
    if (k == 0)
        for (int64_t i = 0; i < n; i++) y[i] = 0;
    if (k + 2 <= count) {
        const double *a = row[k], *b = row[k + 1], wa = w[k], wb = w[k + 1];
        for (int64_t i = 0; i < n; i++) y[i] = y[i] + wa * a[i] + wb * b[i];
        k += 2;
    }
    if (k < count) {
        const double *a = row[k], wa = w[k];
        for (int64_t i = 0; i < n; i++) y[i] += wa * a[i];
    }
}

/* The taps that take part at one place: those with a weight and a sample. */
typedef struct taking {
    int count;
    double weight[RP_TAPS_MAX];
    const double *row[RP_TAPS_MAX];
} taking;

static void take(taking *t, double weight, const double *row)
{
    if (weight == 0 || !row) return;
    t->weight[t->count] = weight;
    t->row[t->count++] = row;
}

/* Cells of a row that are done together, so that rows and sums stay in the nearest cache. */
enum { CHUNK = 512 };

rp_status rp_convolve(const int64_t n[3], int axis, const rp_kernel *k, bool is_flipped,
                      rp_boundary b, const double x[], double y[])
{
    const int64_t m = n[axis], taps = k->count;
    int64_t outer = 1, inner = 1;
    for (int a = 0; a < axis; a++) outer *= n[a];
    for (int a = axis + 1; a < 3; a++) inner *= n[a];
    /* Sample i + first + j meets weight[j]: the kernel reversed, or as it is when flipped. */
    double weight[RP_TAPS_MAX];
    for (int j = 0; j < k->count; j++) weight[j] = k->tap[is_flipped ? j : k->count - 1 - j];
    const int64_t first = is_flipped ? -(taps / 2) : taps / 2 - taps + 1;
    RP_AUTOFREE int64_t *from = NULL;
    RP_AUTOFREE double *padded = NULL;
    RP_TRY(rp_alloc_raw(m + taps, sizeof *from, &from));
    RP_TRY(rp_alloc_raw(m + taps, sizeof *padded, &padded));
    for (int64_t i = 0; i < m + taps - 1; i++) from[i] = rp_boundary_index(i + first, m, b);
    for (int64_t o = 0; o < outer; o++) {
        const double *in = x + o * m * inner;
        double *out = y + o * m * inner;
        taking t = {.count = 0};
        if (inner == 1) {
            for (int64_t i = 0; i < m + taps - 1; i++) padded[i] = from[i] < 0 ? 0 : in[from[i]];
            for (int j = 0; j < k->count; j++) take(&t, weight[j], padded + j);
            add_rows(m, t.count, t.weight, t.row, out);
            continue;
        }
        for (int64_t c = 0; c < inner; c += CHUNK)
            for (int64_t i = 0; i < m; i++) {
                t.count = 0;
                for (int j = 0; j < k->count; j++)
                    take(&t, weight[j], from[i + j] < 0 ? NULL : in + from[i + j] * inner + c);
                add_rows(inner - c < CHUNK ? inner - c : CHUNK, t.count, t.weight, t.row,
                         out + i * inner + c);
            }
    }
    return RP_OK;
}

/* A turn: axis a (x, y, z) gets the kernel of axis from[a], flipped or not. */
typedef struct turn {
    int from[3];
    bool is_flipped[3];
} turn;

/* The turns whose determinant is 1; those with the same first pass (along x) stand together. */
static int turns_of(bool is_flat, turn out[24])
{
    static const int permutation[6][4] = {{0, 1, 2, 1},  {1, 2, 0, 1},  {2, 0, 1, 1},
                                          {1, 0, 2, -1}, {0, 2, 1, -1}, {2, 1, 0, -1}};
    int count = 0;
    for (int g = 0; g < 36; g++) /* first kernel, its flip, then the permutations that have it */
        for (int f = 0; f < 8; f++) {
            const int p = g % 6;
            if (permutation[p][0] != g / 12 || (f & 1) != g / 6 % 2) continue;
            const int sign =
                permutation[p][3] * (f & 1 ? -1 : 1) * (f & 2 ? -1 : 1) * (f & 4 ? -1 : 1);
            if (sign < 0 || (is_flat && (permutation[p][2] != 2 || f & 4))) continue;
            for (int a = 0; a < 3; a++) {
                out[count].from[a] = permutation[p][a];
                out[count].is_flipped[a] = f >> a & 1;
            }
            count++;
        }
    return count;
}

/* Scratch of a chain: two buffers in turns, and the first pass, kept for the next turn. */
typedef struct passes {
    double *buffer[2], *first;
    const rp_kernel *kernel; /* of the first pass that is kept; NULL: none */
    bool is_flipped;
} passes;

static rp_status run_chain(const int64_t n[3], const rp_chain *c, const turn *t, rp_boundary b,
                           const double in[], passes *w, const double **out)
{
    const rp_kernel *const kernel = c->kernel[0][t->from[0]];
    const double *now = w->first;
    int next = 0;
    if (w->kernel != kernel || w->is_flipped != t->is_flipped[0])
        RP_TRY(rp_convolve(n, 2, kernel, t->is_flipped[0], b, in, w->first));
    w->kernel = kernel;
    w->is_flipped = t->is_flipped[0];
    for (int s = 0; s < c->steps; s++)
        for (int a = s == 0 ? 1 : 0; a < (c->is_flat ? 2 : 3); a++) {
            double *to = w->buffer[next];
            RP_TRY(rp_convolve(n, 2 - a, c->kernel[s][t->from[a]], t->is_flipped[a], b, now, to));
            now = to;
            next ^= 1;
        }
    *out = now;
    return RP_OK;
}

rp_status rp_convolve_chain(const int64_t n[3], const rp_chain *c, rp_pooling pooling,
                            rp_boundary b, const double in[], double out[])
{
    const int64_t voxels = n[0] * n[1] * n[2];
    RP_AUTOFREE double *first = NULL, *second = NULL, *third = NULL;
    turn t[24];
    const int turns = pooling == RP_POOL_NONE ? 1 : turns_of(c->is_flat, t);
    if (pooling == RP_POOL_NONE) t[0] = (turn){.from = {0, 1, 2}};
    RP_TRY(rp_alloc_raw(voxels, sizeof *first, &first));
    RP_TRY(rp_alloc_raw(voxels, sizeof *second, &second));
    RP_TRY(rp_alloc_raw(voxels, sizeof *third, &third));
    passes w = {.buffer = {second, third}, .first = first};
    for (int k = 0; k < turns; k++) {
        const double *response;
        RP_TRY(run_chain(n, c, &t[k], b, in, &w, &response));
        if (k == 0)
            memcpy(out, response, (size_t)voxels * sizeof *out);
        else if (pooling == RP_POOL_MAX)
            for (int64_t i = 0; i < voxels; i++)
                out[i] = response[i] > out[i] ? response[i] : out[i];
        else
            for (int64_t i = 0; i < voxels; i++) out[i] += response[i];
    }
    if (pooling == RP_POOL_MEAN)
        for (int64_t i = 0; i < voxels; i++) out[i] /= turns;
    return RP_OK;
}
