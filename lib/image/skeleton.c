/* lib/image/skeleton.c - thinning by Lee, Kashyap and Chu.
 *
 * Six passes a round, one a face direction.  A pass first lists the voxels that are open to that side,
 * no end of a curve, and whose removal changes neither the Euler number nor the parts of their
 * neighbourhood; then takes them away one after the other, where they still join nothing.
 * Works on a copy with an empty voxel all around. */
#include "lib/image/skeleton.h"

#include <stdbool.h>
#include <string.h>

enum { AROUND = 27, CENTRE = 13 }; /* 3 x 3 x 3, x fastest */

typedef struct work {
    int64_t m[3]; /* padded */
    uint8_t *at;
    int64_t count, capacity, *list;
} work;

static void look_around(const work *w, int64_t i, uint8_t cube[AROUND])
{
    int k = 0;
    for (int64_t z = -1; z <= 1; z++)
        for (int64_t y = -1; y <= 1; y++)
            for (int64_t x = -1; x <= 1; x++) cube[k++] = w->at[i + (z * w->m[1] + y) * w->m[2] + x];
}

static int place(int z, int y, int x)
{
    return (z * 3 + y) * 3 + x;
}

/* Cells of the centre's closed cube that no other voxel has: vertices - edges + faces - 1 is what its
 * removal takes from the Euler number. */
static bool keeps_euler_number(const uint8_t cube[AROUND])
{
    int change = 0;
    for (int dz = -1; dz <= 1; dz++)
        for (int dy = -1; dy <= 1; dy++)
            for (int dx = -1; dx <= 1; dx++) {
                /* The cell in that direction is shared by the voxels between 0 and (dz, dy, dx). */
                bool shared = false;
                for (int z = dz < 0 ? dz : 0; z <= (dz > 0 ? dz : 0); z++)
                    for (int y = dy < 0 ? dy : 0; y <= (dy > 0 ? dy : 0); y++)
                        for (int x = dx < 0 ? dx : 0; x <= (dx > 0 ? dx : 0); x++)
                            shared |= (z || y || x) && cube[place(z + 1, y + 1, x + 1)];
                if (shared) continue;
                const int dimension = (dz == 0) + (dy == 0) + (dx == 0);
                change += dimension % 2 ? -1 : 1;
            }
    return change == 0;
}

/* Are the object voxels around the centre one part, by 26 neighbours? */
static bool is_simple(const uint8_t cube[AROUND])
{
    bool seen[AROUND] = {false};
    int stack[AROUND], count = 0, parts = 0;
    for (int first = 0; first < AROUND; first++) {
        if (first == CENTRE || !cube[first] || seen[first]) continue;
        if (++parts > 1) return false;
        seen[first] = true;
        stack[count++] = first;
        while (count > 0) {
            const int k = stack[--count], z = k / 9, y = k / 3 % 3, x = k % 3;
            for (int a = z > 0 ? z - 1 : 0; a <= (z < 2 ? z + 1 : 2); a++)
                for (int b = y > 0 ? y - 1 : 0; b <= (y < 2 ? y + 1 : 2); b++)
                    for (int c = x > 0 ? x - 1 : 0; c <= (x < 2 ? x + 1 : 2); c++) {
                        const int j = place(a, b, c);
                        if (j == CENTRE || !cube[j] || seen[j]) continue;
                        seen[j] = true;
                        stack[count++] = j;
                    }
        }
    }
    return true;
}

static bool is_end(const uint8_t cube[AROUND])
{
    int neighbours = 0;
    for (int k = 0; k < AROUND; k++) neighbours += k != CENTRE && cube[k];
    return neighbours == 1;
}

static rp_status list_open(work *w, int64_t step)
{
    uint8_t cube[AROUND];
    w->count = 0;
    for (int64_t z = 1; z + 1 < w->m[0]; z++)
        for (int64_t y = 1; y + 1 < w->m[1]; y++)
            for (int64_t x = 1; x + 1 < w->m[2]; x++) {
                const int64_t i = (z * w->m[1] + y) * w->m[2] + x;
                if (!w->at[i] || w->at[i + step]) continue;
                look_around(w, i, cube);
                if (is_end(cube) || !keeps_euler_number(cube) || !is_simple(cube)) continue;
                RP_TRY(rp_grow(w->count + 1, sizeof *w->list, &w->capacity, &w->list));
                w->list[w->count++] = i;
            }
    return RP_OK;
}

static rp_status thin(work *w)
{
    /* The order of the sides: those of y, of x, of z, each from both ends. */
    const int64_t side[6] = {-w->m[2], w->m[2], 1, -1, w->m[1] * w->m[2], -w->m[1] * w->m[2]};
    uint8_t cube[AROUND];
    for (bool changed = true; changed;) {
        changed = false;
        for (int k = 0; k < 6; k++) {
            RP_TRY(list_open(w, side[k]));
            for (int64_t j = 0; j < w->count; j++) {
                look_around(w, w->list[j], cube);
                if (!is_simple(cube)) continue;
                w->at[w->list[j]] = 0;
                changed = true;
            }
        }
    }
    return RP_OK;
}

/* Box of the mask: low to high, both included; false if it is empty. */
static bool find_box(const int64_t n[3], const uint8_t mask[], int64_t low[3], int64_t high[3])
{
    for (int k = 0; k < 3; k++) {
        low[k] = n[k];
        high[k] = -1;
    }
    for (int64_t z = 0, i = 0; z < n[0]; z++)
        for (int64_t y = 0; y < n[1]; y++)
            for (int64_t x = 0; x < n[2]; x++, i++) {
                if (!mask[i]) continue;
                const int64_t at[3] = {z, y, x};
                for (int k = 0; k < 3; k++) {
                    if (at[k] < low[k]) low[k] = at[k];
                    if (at[k] > high[k]) high[k] = at[k];
                }
            }
    return high[0] >= 0;
}

rp_status rp_skeleton_find(const int64_t n[3], const uint8_t mask[], uint8_t skeleton[])
{
    int64_t low[3], high[3];
    const bool any = find_box(n, mask, low, high);
    memset(skeleton, 0, (size_t)(n[0] * n[1] * n[2]));
    if (!any) return RP_OK;
    const size_t width = (size_t)(high[2] - low[2] + 1);
    work w = {.m = {high[0] - low[0] + 3, high[1] - low[1] + 3, high[2] - low[2] + 3}};
    RP_AUTOFREE uint8_t *at = NULL;
    RP_TRY(rp_alloc(w.m[0] * w.m[1] * w.m[2], 1, &at));
    w.at = at;
    for (int64_t z = low[0]; z <= high[0]; z++)
        for (int64_t y = low[1]; y <= high[1]; y++)
            memcpy(at + ((z - low[0] + 1) * w.m[1] + y - low[1] + 1) * w.m[2] + 1,
                   mask + (z * n[1] + y) * n[2] + low[2], width);
    const rp_status st = thin(&w);
    rp_free(w.list);
    RP_TRY(st);
    for (int64_t z = low[0]; z <= high[0]; z++)
        for (int64_t y = low[1]; y <= high[1]; y++)
            memcpy(skeleton + (z * n[1] + y) * n[2] + low[2],
                   at + ((z - low[0] + 1) * w.m[1] + y - low[1] + 1) * w.m[2] + 1, width);
    return RP_OK;
}

rp_status rp_cldice(const int64_t n[3], const uint8_t reference[], const uint8_t prediction[], double *cldice)
{
    const int64_t voxels = n[0] * n[1] * n[2];
    RP_AUTOFREE uint8_t *s = NULL;
    const uint8_t *const masks[] = {reference, prediction};
    double share[2] = {0, 0};
    int64_t length[2] = {0, 0};
    RP_TRY(rp_alloc_raw(voxels, 1, &s));
    for (int k = 0; k < 2; k++) {
        int64_t inside = 0;
        RP_TRY(rp_skeleton_find(n, masks[k], s));
        for (int64_t i = 0; i < voxels; i++) {
            length[k] += s[i];
            inside += s[i] & (masks[1 - k][i] != 0);
        }
        share[k] = length[k] > 0 ? (double)inside / (double)length[k] : 0;
    }
    if (length[0] == 0 && length[1] == 0) return RP_ENONE;
    const double sum = share[0] + share[1];
    *cldice = sum > 0 ? 2 * share[0] * share[1] / sum : 0;
    return RP_OK;
}
