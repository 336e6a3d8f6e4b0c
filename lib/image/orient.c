/* lib/image/orient.c - array axes turned to the patient's. */
#include "lib/image/orient.h"

#include <math.h>
#include <string.h>

rp_orient rp_orient_canonical(const rp_grid *g)
{
    rp_orient o = {{0, 1, 2}, {false, false, false}};
    bool used[3] = {false, false, false}, set[3] = {false, false, false};
    for (int round = 0; round < 3; round++) {
        double best = -1;
        int to = 0, from = 0;
        for (int a = 0; a < 3; a++)
            for (int b = 0; b < 3; b++) { /* canonical axis a (z, y, x) lies along LPS 2 - a */
                const double c = fabs(g->dir[b][2 - a]);
                if (set[a] || used[b] || c <= best) continue;
                best = c;
                to = a;
                from = b;
            }
        set[to] = used[from] = true;
        o.axis[to] = from;
        o.flip[to] = g->dir[from][2 - to] < 0;
    }
    return o;
}

rp_grid rp_orient_grid(const rp_grid *g, const rp_orient *o)
{
    rp_grid r = *g;
    double corner[3];
    for (int a = 0; a < 3; a++) {
        const int b = o->axis[a];
        r.n[a] = g->n[b];
        r.spacing[a] = g->spacing[b];
        for (int k = 0; k < 3; k++) r.dir[a][k] = o->flip[a] ? -g->dir[b][k] : g->dir[b][k];
        corner[b] = o->flip[a] ? (double)(g->n[b] - 1) : 0;
    }
    rp_grid_position(g, corner, r.origin);
    return r;
}

static void turn(const rp_grid *g, const rp_orient *o, size_t size, const char *in, char *out,
                 bool undo)
{
    const rp_grid r = rp_orient_grid(g, o);
    const int64_t stride[3] = {g->n[1] * g->n[2], g->n[2], 1};
    int64_t base = 0, step[3];
    for (int a = 0; a < 3; a++) {
        const int b = o->axis[a];
        step[a] = o->flip[a] ? -stride[b] : stride[b];
        if (o->flip[a]) base += (g->n[b] - 1) * stride[b];
    }
    int64_t i = 0;
    for (int64_t z = 0; z < r.n[0]; z++)
        for (int64_t y = 0; y < r.n[1]; y++)
            for (int64_t x = 0; x < r.n[2]; x++, i++) {
                const int64_t j = base + z * step[0] + y * step[1] + x * step[2];
                if (undo)
                    memcpy(out + (size_t)j * size, in + (size_t)i * size, size);
                else
                    memcpy(out + (size_t)i * size, in + (size_t)j * size, size);
            }
}

void rp_orient_apply(const rp_grid *g, const rp_orient *o, size_t size, const void *in, void *out)
{
    turn(g, o, size, in, out, false);
}

void rp_orient_undo(const rp_grid *g, const rp_orient *o, size_t size, const void *in, void *out)
{
    turn(g, o, size, in, out, true);
}
