/* lib/stats/trial_strata.c - clusters by what they hold of each stratum.
 *
 * Rows are put in order of their cluster; each cluster's parts are looked up among those seen so
 * far, and all are put in order of their content at the end: the order of rows leaves no trace. */
#include "lib/stats/trial_priv.h"

#include <stdlib.h>
#include <string.h>

typedef struct store {
    rp_cluster_part *part;
    rp_composition *composition;
    int64_t parts, part_room, compositions, room;
    int32_t *slot; /* [slots] composition + 1, 0: free */
    int64_t slots;
} store;

static void clear(store *s)
{
    rp_free(s->part);
    rp_free(s->composition);
    rp_free(s->slot);
}

static int by_content(int64_t n, const rp_cluster_part a[], int64_t m, const rp_cluster_part b[])
{
    for (int64_t i = 0; i < n && i < m; i++) {
        const int32_t p[] = {a[i].stratum, a[i].n1, a[i].n0, a[i].x1, a[i].x0},
                      q[] = {b[i].stratum, b[i].n1, b[i].n0, b[i].x1, b[i].x0};
        for (int k = 0; k < 5; k++)
            if (p[k] != q[k]) return p[k] < q[k] ? -1 : 1;
    }
    return n < m ? -1 : n > m;
}

static int by_parts(const void *a, const void *b, void *parts)
{
    const rp_composition *p = a, *q = b;
    const rp_cluster_part *part = parts;
    return by_content(p->parts, part + p->first, q->parts, part + q->first);
}

int64_t rp_compositions_merge(int64_t count, rp_composition c[], const rp_cluster_part part[])
{
    int64_t left = 0;
    void *parts = (void *)(uintptr_t)part; /* qsort_r's argument is not const */
    if (count > 0) qsort_r(c, (size_t)count, sizeof *c, by_parts, parts);
    for (int64_t i = 0; i < count; i++)
        if (left > 0 && by_parts(&c[left - 1], &c[i], parts) == 0)
            c[left - 1].clusters += c[i].clusters;
        else
            c[left++] = c[i];
    return left;
}

static uint64_t hash(int64_t n, const rp_cluster_part own[])
{
    uint64_t h = 14695981039346656037ULL;
    for (int64_t i = 0; i < n; i++) {
        const int32_t v[] = {own[i].stratum, own[i].n1, own[i].n0, own[i].x1, own[i].x0};
        for (int k = 0; k < 5; k++) h = (h ^ (uint32_t)v[k]) * 1099511628211ULL;
    }
    return h ^ h >> 29;
}

/* Slot of the parts: where they stand, or the free one where they would. */
static int64_t find(const store *s, int64_t n, const rp_cluster_part own[])
{
    const uint64_t mask = (uint64_t)s->slots - 1;
    uint64_t at = hash(n, own) & mask;
    while (s->slot[at]) {
        const rp_composition *c = &s->composition[s->slot[at] - 1];
        if (by_content(c->parts, s->part + c->first, n, own) == 0) break;
        at = (at + 1) & mask;
    }
    return (int64_t)at;
}

static rp_status widen(store *s)
{
    rp_free(s->slot);
    s->slot = NULL;
    s->slots = s->slots ? 2 * s->slots : 1024;
    RP_TRY(rp_alloc(s->slots, sizeof *s->slot, &s->slot));
    for (int64_t k = 0; k < s->compositions; k++) {
        const rp_composition *c = &s->composition[k];
        s->slot[find(s, c->parts, s->part + c->first)] = (int32_t)k + 1;
    }
    return RP_OK;
}

static rp_status add_cluster(store *s, int64_t n, const rp_cluster_part own[])
{
    if (2 * (s->compositions + 1) > s->slots) RP_TRY(widen(s));
    const int64_t at = find(s, n, own);
    if (s->slot[at]) {
        s->composition[s->slot[at] - 1].clusters++;
        return RP_OK;
    }
    RP_TRY(rp_grow(s->parts + n, sizeof *s->part, &s->part_room, &s->part));
    RP_TRY(rp_grow(s->compositions + 1, sizeof *s->composition, &s->room, &s->composition));
    memcpy(s->part + s->parts, own, (size_t)n * sizeof *own);
    s->composition[s->compositions++] = (rp_composition){s->parts, n, 1};
    s->parts += n;
    s->slot[at] = (int32_t)s->compositions;
    return RP_OK;
}

/* Adds an outcome to the cluster's part of its stratum; parts stay in order of strata. */
static void add_outcome(rp_cluster_part own[], int64_t *n, int32_t stratum, bool is_new, int x)
{
    int64_t i = *n;
    while (i > 0 && own[i - 1].stratum > stratum) i--;
    if (i == 0 || own[i - 1].stratum != stratum) {
        memmove(own + i + 1, own + i, (size_t)(*n - i) * sizeof *own);
        own[i] = (rp_cluster_part){.stratum = stratum};
        ++*n;
        i++;
    }
    rp_cluster_part *at = &own[i - 1];
    *(is_new ? &at->x1 : &at->x0) += x;
    *(is_new ? &at->n1 : &at->n0) += 1;
}

/* Rows by cluster: those of cluster g are row[start[g]] .. row[start[g + 1] - 1]. */
static rp_status order_rows(int64_t rows, const int32_t cluster[], int64_t clusters,
                            int64_t start[], int32_t **row, int64_t *largest)
{
    RP_TRY(rp_alloc_raw(rows, sizeof **row, row));
    for (int64_t i = 0; i < rows; i++) start[cluster[i] + 1]++;
    *largest = 0;
    for (int64_t g = 0; g < clusters; g++) {
        *largest = start[g + 1] > *largest ? start[g + 1] : *largest;
        start[g + 1] += start[g];
    }
    for (int64_t i = rows - 1; i >= 0; i--) (*row)[--start[cluster[i] + 1]] = (int32_t)i;
    /* Each start now stands one cluster too early. */
    memmove(start, start + 1, (size_t)clusters * sizeof *start);
    start[clusters] = rows;
    return RP_OK;
}

static rp_status collect(const rp_exams *e, const rp_endpoint *p, rp_missing rule, const bool in[],
                         const int32_t stratum[], const int32_t cluster[], int64_t clusters,
                         store *s)
{
    RP_AUTOFREE int64_t *start = NULL;
    RP_AUTOFREE int32_t *row = NULL;
    RP_AUTOFREE rp_cluster_part *own = NULL;
    int64_t largest;
    RP_TRY(rp_alloc(clusters + 1, sizeof *start, &start));
    RP_TRY(order_rows(e->rows, cluster, clusters, start, &row, &largest));
    RP_TRY(rp_alloc(largest + 1, sizeof *own, &own));
    for (int64_t g = 0; g < clusters; g++) {
        int64_t n = 0;
        for (int64_t k = start[g]; k < start[g + 1]; k++) {
            const int64_t i = row[k];
            if (in && !in[i]) continue;
            const int x = rp_trial_settle(e, p, rule, i);
            if (x >= 0) add_outcome(own, &n, stratum[i], e->arm[i], x);
        }
        if (n > 0) RP_TRY(add_cluster(s, n, own));
    }
    return RP_OK;
}

rp_status rp_trial_compositions(const rp_exams *e, const rp_endpoint *p, rp_missing rule,
                                const bool in[], const int32_t stratum[], const int32_t cluster[],
                                int64_t clusters, rp_composition **composition,
                                int64_t *compositions, rp_cluster_part **part, int64_t *parts)
{
    store s = {0};
    const rp_status st = collect(e, p, rule, in, stratum, cluster, clusters, &s);
    if (st == RP_OK) {
        if (s.compositions > 0)
            qsort_r(s.composition, (size_t)s.compositions, sizeof *s.composition, by_parts, s.part);
        *compositions = s.compositions;
        *parts = s.parts;
        *composition = RP_TAKE(s.composition);
        *part = RP_TAKE(s.part);
    }
    clear(&s);
    return st;
}
