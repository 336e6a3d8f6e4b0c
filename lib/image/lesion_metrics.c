/* lib/image/lesion_metrics.c - overlap by lesion and at the rim.
 *
 * Who covers over half of a union covers over half of each part, so the only candidate for a match with
 * a lesion is the majority label among its voxels: one vote, one count, no table of pairs. */
#include "lib/image/lesion_metrics.h"

#include "lib/image/components.h"
#include "lib/image/distance.h"

#include <stdbool.h>

/* By reference lesion: its majority label, and counts. */
typedef struct vote {
    int32_t label;
    int64_t lead, size, both;
} vote;

static void cast_votes(int64_t n, const int32_t r[], const int32_t p[], vote v[])
{
    for (int64_t i = 0; i < n; i++) {
        if (!r[i]) continue;
        vote *x = &v[r[i]];
        if (x->lead == 0) x->label = p[i];
        x->lead += x->label == p[i] ? 1 : -1;
        x->size++;
    }
    for (int64_t i = 0; i < n; i++)
        if (r[i]) v[r[i]].both += v[r[i]].label == p[i];
}

static rp_status count(int64_t n, const int32_t r[], const int32_t p[], rp_lesion_counts *c)
{
    RP_AUTOFREE vote *v = NULL;
    RP_AUTOFREE int64_t *size = NULL;
    RP_AUTOFREE bool *found = NULL, *right = NULL;
    RP_TRY(rp_alloc(c->reference + 1, sizeof *v, &v));
    RP_TRY(rp_alloc(c->prediction + 1, sizeof *size, &size));
    RP_TRY(rp_alloc(c->reference + 1, 1, &found));
    RP_TRY(rp_alloc(c->prediction + 1, 1, &right));
    cast_votes(n, r, p, v);
    for (int64_t i = 0; i < n; i++) {
        size[p[i]]++;
        if (r[i] && p[i]) found[r[i]] = right[p[i]] = true;
    }
    for (int32_t k = 1; k <= c->reference; k++) {
        c->found += found[k];
        if (v[k].label == 0) continue;
        const double both = (double)v[k].both, iou = both / ((double)(v[k].size + size[v[k].label]) - both);
        if (iou <= 0.5) continue;
        c->matched++;
        c->iou_sum += iou;
    }
    for (int32_t k = 1; k <= c->prediction; k++) c->false_positives += !right[k];
    return RP_OK;
}

rp_status rp_lesions_count(const int64_t n[3], const uint8_t reference[], const uint8_t prediction[],
                           rp_lesion_counts *out)
{
    const int64_t voxels = n[0] * n[1] * n[2];
    RP_AUTOFREE int32_t *r = NULL, *p = NULL;
    rp_lesion_counts c = {0};
    RP_TRY(rp_alloc_raw(voxels, sizeof *r, &r));
    RP_TRY(rp_alloc_raw(voxels, sizeof *p, &p));
    RP_TRY(rp_components_find(n, reference, RP_NEIGHBOURS_26, r, &c.reference));
    RP_TRY(rp_components_find(n, prediction, RP_NEIGHBOURS_26, p, &c.prediction));
    RP_TRY(count(voxels, r, p, &c));
    *out = c;
    return RP_OK;
}

/* rim[i] = 1 for voxels of mask within width of its outside.  The map has one voxel more on each side. */
static rp_status find_rim(const int64_t n[3], const double spacing[3], const uint8_t mask[], double width,
                          uint8_t rim[])
{
    const int64_t m[3] = {n[0] + 2, n[1] + 2, n[2] + 2}, padded = m[0] * m[1] * m[2];
    RP_AUTOFREE uint8_t *outside = NULL;
    RP_AUTOFREE double *d2 = NULL;
    RP_TRY(rp_alloc_raw(padded, 1, &outside));
    RP_TRY(rp_alloc_raw(padded, sizeof *d2, &d2));
    for (int64_t z = 0, i = 0; z < m[0]; z++)
        for (int64_t y = 0; y < m[1]; y++)
            for (int64_t x = 0; x < m[2]; x++, i++) {
                const bool beyond = z == 0 || y == 0 || x == 0 || z > n[0] || y > n[1] || x > n[2];
                outside[i] = beyond || !mask[((z - 1) * n[1] + y - 1) * n[2] + x - 1];
            }
    RP_TRY(rp_distance_map(m, spacing, outside, d2));
    for (int64_t z = 0, i = 0; z < n[0]; z++)
        for (int64_t y = 0; y < n[1]; y++)
            for (int64_t x = 0; x < n[2]; x++, i++)
                rim[i] = mask[i] && d2[((z + 1) * m[1] + y + 1) * m[2] + x + 1] <= width * width;
    return RP_OK;
}

rp_status rp_boundary_iou(const int64_t n[3], const double spacing[3], const uint8_t reference[],
                          const uint8_t prediction[], double width, double *iou)
{
    const int64_t voxels = n[0] * n[1] * n[2];
    RP_AUTOFREE uint8_t *r = NULL, *p = NULL;
    RP_TRY(rp_alloc_raw(voxels, 1, &r));
    RP_TRY(rp_alloc_raw(voxels, 1, &p));
    RP_TRY(find_rim(n, spacing, reference, width, r));
    RP_TRY(find_rim(n, spacing, prediction, width, p));
    int64_t both = 0, either = 0;
    for (int64_t i = 0; i < voxels; i++) {
        both += r[i] & p[i];
        either += r[i] | p[i];
    }
    if (either == 0) return RP_ENONE;
    *iou = (double)both / (double)either;
    return RP_OK;
}
