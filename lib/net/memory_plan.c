/* lib/net/memory_plan.c - first fit over lifetimes. */
#include "lib/net/memory_plan.h"

#include <stdlib.h>

static size_t line(size_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

static int by_size(const void *a, const void *b)
{
    const rp_lifetime *const *p = a, *const *q = b;
    if ((*p)->bytes != (*q)->bytes) return (*p)->bytes > (*q)->bytes ? -1 : 1;
    return *p < *q ? -1 : *p > *q; /* order of the list */
}

static int by_place(const void *a, const void *b)
{
    const rp_lifetime *const *p = a, *const *q = b;
    if ((*p)->offset != (*q)->offset) return (*p)->offset < (*q)->offset ? -1 : 1;
    return *p < *q ? -1 : *p > *q;
}

/* The lowest place for x among the placed ones that live with it. */
static size_t place(const rp_lifetime *x, int placed, rp_lifetime *const list[], rp_lifetime **near)
{
    int n = 0;
    for (int i = 0; i < placed; i++)
        if (list[i]->first <= x->last && x->first <= list[i]->last) near[n++] = list[i];
    qsort(near, (size_t)n, sizeof *near, by_place);
    size_t at = 0;
    for (int i = 0; i < n; i++) {
        if (at + x->bytes <= near[i]->offset) break;
        const size_t end = line(near[i]->offset + near[i]->bytes);
        if (end > at) at = end;
    }
    return at;
}

rp_status rp_memory_plan(int n, rp_lifetime item[], size_t *total)
{
    RP_AUTOFREE rp_lifetime **list = NULL;
    RP_TRY(rp_alloc(2 * (int64_t)n, sizeof *list, &list));
    rp_lifetime **near = list + n;
    int used = 0;
    for (int i = 0; i < n; i++)
        if (item[i].first <= item[i].last && item[i].bytes > 0) list[used++] = &item[i];
    qsort(list, (size_t)used, sizeof *list, by_size);
    size_t end = 0;
    for (int i = 0; i < used; i++) {
        list[i]->offset = place(list[i], i, list, near);
        const size_t stop = line(list[i]->offset + list[i]->bytes);
        if (stop > end) end = stop;
    }
    *total = end;
    return RP_OK;
}
