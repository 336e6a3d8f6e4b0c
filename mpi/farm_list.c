/* mpi/farm_list.c - the list of tasks that rank 0 hands out. */
#include "mpi/farm_priv.h"

#include <stdlib.h>

typedef struct sort_key {
    double cost;
    int64_t task;
    bool alone;
} sort_key;

static int compare_keys(const void *a, const void *b)
{
    const sort_key *x = a, *y = b;
    if (x->alone != y->alone) return x->alone ? 1 : -1;
    if (x->cost > y->cost || x->cost < y->cost) return x->cost > y->cost ? -1 : 1;
    return x->task < y->task ? -1 : x->task > y->task;
}

rp_status rp_hand_out_new(const rp_farm_settings *s, const rp_farm_results *known, hand_out *out)
{
    RP_AUTOFREE sort_key *key = NULL;
    RP_TRY(rp_alloc(s->tasks, sizeof *key, &key));
    RP_TRY(rp_alloc(s->tasks, sizeof(int64_t), &out->order));
    out->tasks = s->tasks;
    for (int64_t t = 0; t < s->tasks; t++) {
        if (known->result[t].state == RP_FARM_IS_OPEN)
            key[out->open++] = (sort_key){s->cost[t], t, known->result[t].alone};
        else
            out->cost_done += s->cost[t];
    }
    out->done = s->tasks - out->open;
    qsort(key, (size_t)out->open, sizeof *key, compare_keys);
    out->alone_from = out->open;
    for (int64_t i = out->open - 1; i >= 0; i--) {
        out->order[i] = key[i].task;
        if (key[i].alone) out->alone_from = i;
    }
    return RP_OK;
}

void rp_hand_out_clear(hand_out *h)
{
    rp_free(h->order);
    *h = (hand_out){0};
}

bool rp_hand_out_is_over(const hand_out *h) { return h->is_stopping || h->next == h->open; }

bool rp_hand_out_next(hand_out *h, work_order *order)
{
    const bool alone = h->next >= h->alone_from;
    if (rp_hand_out_is_over(h) || (alone && h->in_flight > 0)) return false;
    *order = (work_order){h->order[h->next++], alone};
    h->in_flight++;
    return true;
}

void rp_hand_out_ended(hand_out *h, const rp_farm_settings *s, int64_t task)
{
    h->in_flight--;
    h->done++;
    h->cost_done += s->cost[task];
    if (s->progress) s->progress(s->progress_arg, h->done, h->tasks, h->cost_done);
}
