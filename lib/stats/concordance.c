/* lib/stats/concordance.c - counting pairs with Fenwick trees over ranks of risk. */
#include "lib/stats/concordance.h"

#include "lib/stats/ranks.h"
#include "lib/stats/sums.h"

#include <math.h>
#include <string.h>

/* Sums over ranks 0..size-1; at[0] is unused. */
typedef struct tree {
    int64_t size;
    double *at; /* [size + 1] */
    double total;
} tree;

static void tree_add(tree *t, int64_t rank, double x)
{
    t->total += x;
    for (int64_t i = rank + 1; i <= t->size; i += i & -i) t->at[i] += x;
}

/* Sum over ranks under rank. */
static double tree_under(const tree *t, int64_t rank)
{
    double s = 0;
    for (int64_t i = rank; i > 0; i -= i & -i) s += t->at[i];
    return s;
}

typedef struct pairs {
    const rp_lives *lives;
    const int64_t *rank;
    const double *weight;
    tree tree;
    double *excess,
        *comparable; /* [n] per subject: concordant + tied/2, and all; NULL without SE */
} pairs;

static double weight_of(const pairs *p, int64_t subject)
{
    return p->weight ? p->weight[subject] : 1;
}

static void clear(pairs *p)
{
    p->tree.total = 0;
    memset(p->tree.at, 0, (size_t)(p->tree.size + 1) * sizeof *p->tree.at);
}

/* Events against all who live longer: from late to early, the censored of a time first. */
static void count_as_earlier(pairs *p, rp_concordance *c)
{
    const rp_lives *l = p->lives;
    clear(p);
    for (int64_t g = l->groups - 1; g >= 0; g--) {
        for (int64_t k = l->start[g]; k < l->start[g + 1]; k++)
            if (l->event[l->order[k]] == 0) tree_add(&p->tree, p->rank[l->order[k]], 1);
        for (int64_t k = l->start[g]; k < l->start[g + 1]; k++) {
            const int64_t i = l->order[k];
            const double w = weight_of(p, i);
            if (l->event[i] == 0 || w == 0) continue;
            const double lower = tree_under(&p->tree, p->rank[i]);
            const double equal = tree_under(&p->tree, p->rank[i] + 1) - lower;
            c->concordant += w * lower;
            c->tied_risk += w * equal;
            c->discordant += w * (p->tree.total - lower - equal);
            if (!p->excess) continue;
            p->excess[i] += w * (lower + 0.5 * equal);
            p->comparable[i] += w * p->tree.total;
        }
        for (int64_t k = l->start[g]; k < l->start[g + 1]; k++)
            if (l->event[l->order[k]] != 0) tree_add(&p->tree, p->rank[l->order[k]], 1);
    }
}

/* Everybody against the events before: the other side of the same pairs. */
static void count_as_later(pairs *p)
{
    const rp_lives *l = p->lives;
    clear(p);
    for (int64_t g = 0; g < l->groups; g++)
        for (int pass = 0; pass < 3; pass++) /* events look, events enter, censored look */
            for (int64_t k = l->start[g]; k < l->start[g + 1]; k++) {
                const int64_t i = l->order[k];
                if ((l->event[i] == 0) != (pass == 2)) continue;
                if (pass == 1) {
                    if (weight_of(p, i) != 0) tree_add(&p->tree, p->rank[i], weight_of(p, i));
                    continue;
                }
                const double not_above = tree_under(&p->tree, p->rank[i] + 1);
                const double equal = not_above - tree_under(&p->tree, p->rank[i]);
                p->excess[i] += p->tree.total - not_above + 0.5 * equal;
                p->comparable[i] += p->tree.total;
            }
}

/* Pairs of events at one time. */
static rp_status count_tied_times(const rp_lives *l, const double risk[], rp_concordance *c)
{
    RP_AUTOFREE double *r = NULL;
    RP_TRY(rp_alloc_raw(l->n, sizeof *r, &r));
    for (int64_t g = 0; g < l->groups; g++) {
        int64_t d = 0;
        for (int64_t k = l->start[g]; k < l->start[g + 1]; k++)
            if (l->event[l->order[k]] != 0) r[d++] = risk[l->order[k]];
        if (d < 2) continue;
        RP_AUTOFREE double *sorted = NULL;
        RP_TRY(rp_alloc_raw(d, sizeof *sorted, &sorted));
        RP_TRY(rp_rank_sort(d, r, sorted));
        double both = 0;
        for (int64_t i = 0, j; i < d; i = j) {
            for (j = i; j < d && sorted[j] == sorted[i];) j++;
            both += 0.5 * (double)(j - i) * (double)(j - i - 1);
        }
        c->tied_both += both;
        c->tied_time += 0.5 * (double)d * (double)(d - 1) - both;
    }
    return RP_OK;
}

static rp_value standard_error(const pairs *p, double c, double all)
{
    double *u = p->excess;
    for (int64_t i = 0; i < p->lives->n; i++) u[i] -= c * p->comparable[i];
    return rp_value_of(sqrt(rp_sum_product(p->lives->n, u, u)) / all);
}

rp_status rp_concordance_find(const rp_lives *lives, const double risk[], const double weight[],
                              bool want_se, rp_concordance *out)
{
    RP_AUTOFREE int64_t *rank = NULL;
    RP_AUTOFREE double *at = NULL, *excess = NULL, *comparable = NULL;
    pairs p = {.lives = lives, .weight = weight};
    RP_TRY(rp_alloc_raw(lives->n, sizeof *rank, &rank));
    RP_TRY(rp_rank_dense(lives->n, risk, rank, &p.tree.size));
    RP_TRY(rp_alloc_raw(p.tree.size + 1, sizeof *at, &at));
    p.rank = rank;
    p.tree.at = at;
    if (want_se) {
        RP_TRY(rp_alloc(lives->n, sizeof *excess, &excess));
        RP_TRY(rp_alloc(lives->n, sizeof *comparable, &comparable));
        p.excess = excess;
        p.comparable = comparable;
    }
    rp_concordance c = {0};
    count_as_earlier(&p, &c);
    RP_TRY(count_tied_times(lives, risk, &c));
    const double all = c.concordant + c.discordant + c.tied_risk;
    c.c = rp_value_ratio(c.concordant + 0.5 * c.tied_risk, all, "no comparable pair");
    c.se = rp_value_undefined(all > 0 ? "not asked for" : "no comparable pair");
    if (want_se && all > 0) {
        count_as_later(&p);
        c.se = standard_error(&p, c.c.x, all);
    }
    *out = c;
    return RP_OK;
}
