/* lib/image/hull.c - convex hull of points with integer coordinates, exact.
 *
 * 1. A face keeps the points above its plane in a list; a point is in one list at most.
 * 2. Face k's neighbour j lies across the edge from its vertex j to its vertex j + 1.
 * 3. A point in a face's plane is not above it, so a new face never has its three points on a line.
 */
#include "lib/image/hull.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef struct facet {
    int64_t v[3], next[3];
    int64_t normal[3], offset;
    int64_t first; /* of the points above; -1: none */
    bool is_dead;
} facet;

typedef struct horizon {
    int64_t from, to, beyond; /* edge as the dying face has it; the face that stays */
} horizon;

typedef struct work {
    int64_t n;
    const int32_t (*point)[3];
    facet *face;
    int64_t faces, face_capacity;
    int64_t *link;  /* [n] next point of the same list */
    int64_t *start; /* [n] new face that begins at this point */
    int64_t *stack, stack_capacity;
    int64_t *dead, dead_capacity;
    horizon *edge;
    int64_t edges, edge_capacity;
} work;

static void work_clear(work *w)
{
    rp_free(w->face);
    rp_free(w->link);
    rp_free(w->start);
    rp_free(w->stack);
    rp_free(w->dead);
    rp_free(w->edge);
}

void rp_hull_drop(rp_hull **h)
{
    if (!*h) return;
    rp_free((*h)->vertex);
    rp_free((*h)->face);
    rp_free(*h);
    *h = NULL;
}

static void plane(const work *w, facet *f)
{
    const int32_t *a = w->point[f->v[0]], *b = w->point[f->v[1]], *c = w->point[f->v[2]];
    int64_t u[3], v[3];
    for (int i = 0; i < 3; i++) {
        u[i] = b[i] - a[i];
        v[i] = c[i] - a[i];
    }
    f->offset = 0;
    for (int i = 0; i < 3; i++) {
        f->normal[i] = u[(i + 1) % 3] * v[(i + 2) % 3] - u[(i + 2) % 3] * v[(i + 1) % 3];
        f->offset += f->normal[i] * a[i];
    }
}

static int64_t height(const work *w, const facet *f, int64_t p)
{
    const int32_t *x = w->point[p];
    return f->normal[0] * x[0] + f->normal[1] * x[1] + f->normal[2] * x[2] - f->offset;
}

static rp_status add_face(work *w, int64_t a, int64_t b, int64_t c, int64_t *index)
{
    RP_TRY(rp_grow(w->faces + 1, sizeof *w->face, &w->face_capacity, &w->face));
    facet *f = &w->face[w->faces];
    *f = (facet){.v = {a, b, c}, .next = {-1, -1, -1}, .first = -1};
    plane(w, f);
    *index = w->faces++;
    return RP_OK;
}

static int64_t square(const int64_t x[3]) { return x[0] * x[0] + x[1] * x[1] + x[2] * x[2]; }

/* Four points that span space, as far apart as one pass each finds them. */
static rp_status simplex(const work *w, int64_t s[4])
{
    int64_t best = 0;
    s[0] = 0;
    for (int64_t i = 0; i < w->n; i++) {
        const int64_t d[3] = {w->point[i][0] - w->point[0][0], w->point[i][1] - w->point[0][1],
                              w->point[i][2] - w->point[0][2]};
        if (square(d) > best) {
            best = square(d);
            s[1] = i;
        }
    }
    RP_NEED(best > 0, RP_EDATA, "a hull of points that are all the same");
    double widest = 0;
    for (int64_t i = 0; i < w->n; i++) {
        facet f = {.v = {s[0], s[1], i}};
        plane(w, &f);
        double area = 0;
        for (int a = 0; a < 3; a++) area += (double)f.normal[a] * (double)f.normal[a];
        if (area > widest) {
            widest = area;
            s[2] = i;
        }
    }
    RP_NEED(widest > 0, RP_EDATA, "a hull of points on one line");
    facet f = {.v = {s[0], s[1], s[2]}};
    plane(w, &f);
    best = 0;
    for (int64_t i = 0; i < w->n; i++)
        if (llabs(height(w, &f, i)) > best) {
            best = llabs(height(w, &f, i));
            s[3] = i;
        }
    RP_NEED(best > 0, RP_EDATA, "a hull of points in one plane");
    if (height(w, &f, s[3]) > 0) { /* the fourth point goes below the first face */
        const int64_t t = s[1];
        s[1] = s[2];
        s[2] = t;
    }
    return RP_OK;
}

/* Puts p into the list of the first of faces from..to that it is above. */
static void assign(work *w, int64_t from, int64_t to, int64_t p)
{
    for (int64_t k = from; k < to; k++)
        if (height(w, &w->face[k], p) > 0) {
            w->link[p] = w->face[k].first;
            w->face[k].first = p;
            return;
        }
}

static rp_status begin(work *w)
{
    int64_t s[4] = {0}, k;
    RP_TRY(simplex(w, s));
    RP_TRY(add_face(w, s[0], s[1], s[2], &k));
    RP_TRY(add_face(w, s[0], s[3], s[1], &k));
    RP_TRY(add_face(w, s[1], s[3], s[2], &k));
    RP_TRY(add_face(w, s[2], s[3], s[0], &k));
    static const int64_t next[4][3] = {{1, 2, 3}, {3, 2, 0}, {1, 3, 0}, {2, 1, 0}};
    for (int f = 0; f < 4; f++) memcpy(w->face[f].next, next[f], sizeof next[f]);
    for (int64_t i = 0; i < w->n; i++) assign(w, 0, 4, i);
    return RP_OK;
}

/* Faces that p is above, from face seed on, die; their border becomes the horizon. */
static rp_status open_up(work *w, int64_t seed, int64_t p, int64_t *deaths)
{
    int64_t top = 0, dead = 0;
    w->edges = 0;
    RP_TRY(rp_grow(1, sizeof *w->stack, &w->stack_capacity, &w->stack));
    w->stack[top++] = seed;
    w->face[seed].is_dead = true;
    while (top > 0) {
        const int64_t k = w->stack[--top];
        RP_TRY(rp_grow(dead + 1, sizeof *w->dead, &w->dead_capacity, &w->dead));
        w->dead[dead++] = k;
        for (int j = 0; j < 3; j++) {
            const int64_t m = w->face[k].next[j];
            if (w->face[m].is_dead) continue;
            if (height(w, &w->face[m], p) > 0) {
                RP_TRY(rp_grow(top + 1, sizeof *w->stack, &w->stack_capacity, &w->stack));
                w->face[m].is_dead = true;
                w->stack[top++] = m;
            } else {
                RP_TRY(rp_grow(w->edges + 1, sizeof *w->edge, &w->edge_capacity, &w->edge));
                w->edge[w->edges++] = (horizon){w->face[k].v[j], w->face[k].v[(j + 1) % 3], m};
            }
        }
    }
    *deaths = dead;
    return RP_OK;
}

/* A cone from p over the horizon; points of the dead faces go to the new ones. */
static rp_status close_up(work *w, int64_t p, int64_t deaths)
{
    const int64_t from = w->faces;
    for (int64_t e = 0; e < w->edges; e++) {
        int64_t k;
        const horizon h = w->edge[e];
        RP_TRY(add_face(w, h.from, h.to, p, &k));
        w->face[k].next[0] = h.beyond;
        w->start[h.from] = k;
        facet *beyond = &w->face[h.beyond];
        for (int j = 0; j < 3; j++)
            if (beyond->v[j] == h.to && beyond->v[(j + 1) % 3] == h.from) beyond->next[j] = k;
    }
    for (int64_t k = from; k < w->faces; k++) {
        const int64_t after = w->start[w->face[k].v[1]];
        w->face[k].next[1] = after;
        w->face[after].next[2] = k;
    }
    for (int64_t d = 0; d < deaths; d++) {
        int64_t q = w->face[w->dead[d]].first;
        while (q >= 0) {
            const int64_t next = w->link[q];
            if (q != p) assign(w, from, w->faces, q);
            q = next;
        }
    }
    return RP_OK;
}

static rp_status grow_hull(work *w)
{
    for (int64_t k = 0; k < w->faces; k++) { /* new faces come behind, so one walk sees all */
        if (w->face[k].is_dead || w->face[k].first < 0) continue;
        int64_t far = w->face[k].first, deaths;
        for (int64_t q = far; q >= 0; q = w->link[q])
            if (height(w, &w->face[k], q) > height(w, &w->face[k], far)) far = q;
        RP_TRY(open_up(w, k, far, &deaths));
        RP_TRY(close_up(w, far, deaths));
    }
    return RP_OK;
}

static rp_status gather(const work *w, rp_hull *h)
{
    for (int64_t k = 0; k < w->faces; k++) h->faces += !w->face[k].is_dead;
    RP_TRY(rp_alloc_raw(h->faces, sizeof *h->face, &h->face));
    memset(w->start, 0, (size_t)w->n * sizeof *w->start);
    int64_t f = 0;
    for (int64_t k = 0; k < w->faces; k++) {
        if (w->face[k].is_dead) continue;
        for (int j = 0; j < 3; j++) {
            h->face[f][j] = w->face[k].v[j];
            w->start[w->face[k].v[j]] = 1;
        }
        f++;
    }
    for (int64_t i = 0; i < w->n; i++) h->vertices += w->start[i];
    RP_TRY(rp_alloc_raw(h->vertices, sizeof *h->vertex, &h->vertex));
    int64_t v = 0;
    for (int64_t i = 0; i < w->n; i++)
        if (w->start[i]) h->vertex[v++] = i;
    return RP_OK;
}

rp_status rp_hull_new(int64_t n, const int32_t (*point)[3], rp_hull **out)
{
    RP_NEED(n >= 4, RP_EDATA, "a hull of %" PRId64 " points", n);
    for (int64_t i = 0; i < n; i++)
        for (int a = 0; a < 3; a++)
            RP_NEED(point[i][a] > -(1 << 19) && point[i][a] < 1 << 19, RP_EARG,
                    "coordinate %" PRId32 " of a hull", point[i][a]);
    work w = {.n = n, .point = point};
    RP_AUTO(rp_hull) h = NULL;
    rp_status st = rp_alloc(1, sizeof *h, &h);
    if (st == RP_OK) st = rp_alloc_raw(n, sizeof *w.link, &w.link);
    if (st == RP_OK) st = rp_alloc_raw(n, sizeof *w.start, &w.start);
    if (st == RP_OK) st = begin(&w);
    if (st == RP_OK) st = grow_hull(&w);
    if (st == RP_OK) st = gather(&w, h);
    work_clear(&w);
    if (st == RP_OK) *out = RP_TAKE(h);
    return st;
}
