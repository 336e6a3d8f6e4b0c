/* lib/net/memory_plan.c - first fit over lifetimes. */
#include "lib/net/memory_plan.h"

#include <stdlib.h>

static size_t line(size_t bytes) { return (bytes + 63) / 64 * 64; }

/* An item with what it is sorted by; ties go by index. */
typedef struct entry {
    size_t key;
    int index;
} entry;

static int by_key(const void *a, const void *b)
{
    const entry *p = a, *q = b;
    if (p->key != q->key) return p->key < q->key ? -1 : 1;
    return p->index < q->index ? -1 : p->index > q->index;
}

/* The lowest place for x among the placed ones that live with it. */
static size_t place(const rp_lifetime *x, int placed, const entry order[], const rp_lifetime item[],
                    entry near[])
{
    int n = 0;
    for (int i = 0; i < placed; i++) {
        const rp_lifetime *y = &item[order[i].index];
        if (y->first <= x->last && x->first <= y->last)
            near[n++] = (entry){y->offset, order[i].index};
    }
    qsort(near, (size_t)n, sizeof *near, by_key);
    size_t at = 0;
    for (int i = 0; i < n; i++) {
        if (at + x->bytes <= near[i].key) break;
        const size_t end = line(near[i].key + item[near[i].index].bytes);
        if (end > at) at = end;
    }
    return at;
}

rp_status rp_memory_plan(int n, rp_lifetime item[], size_t *total)
{
    RP_AUTOFREE entry *order = NULL;
    RP_TRY(rp_alloc(2 * (int64_t)n, sizeof *order, &order));
    int used = 0;
    for (int i = 0; i < n; i++)
        if (item[i].first <= item[i].last && item[i].bytes > 0)
            order[used++] = (entry){SIZE_MAX - item[i].bytes, i}; /* largest first */
    qsort(order, (size_t)used, sizeof *order, by_key);
    size_t end = 0;
    for (int i = 0; i < used; i++) {
        rp_lifetime *x = &item[order[i].index];
        x->offset = place(x, i, order, item, order + n);
        const size_t stop = line(x->offset + x->bytes);
        if (stop > end) end = stop;
    }
    *total = end;
    return RP_OK;
}
