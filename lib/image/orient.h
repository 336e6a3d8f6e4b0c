/* lib/image/orient.h - array axes turned to the patient's: z to the head, y to the back, x to the
 * left. */
#pragma once
#include "lib/image/volume.h"

/* How to get the canonical array from a stored one: axis a of the result is axis[a] of the source,
 * backwards if flip[a].  Oblique grids take the nearest axes; the directions stay exact. */
typedef struct rp_orient {
    int axis[3];
    bool flip[3];
} rp_orient;

/* The turn that brings g's axes nearest to LPS z, y, x: largest cosine first, ties to the lower
 * axis.  A pure function of the directions. */
rp_orient rp_orient_canonical(const rp_grid *g);
/* g after the turn. */
rp_grid rp_orient_grid(const rp_grid *g, const rp_orient *o);
/* Turns an array of things of size bytes: in [n of g], out [n of rp_orient_grid(g)]. */
void rp_orient_apply(const rp_grid *g, const rp_orient *o, size_t size, const void *in, void *out);
/* The inverse: in [n of rp_orient_grid(g)], out [n of g]. */
void rp_orient_undo(const rp_grid *g, const rp_orient *o, size_t size, const void *in, void *out);
