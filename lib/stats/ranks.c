/* lib/stats/ranks.c - radix order and midranks. */
#include "lib/stats/ranks.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { DIGIT = 11, BUCKETS = 1 << DIGIT, PASSES = 6 };

/* Unsigned integers that order as the doubles do: sign bit flipped, negatives complemented. */
uint64_t rp_key_of_double(double x)
{
    uint64_t u;
    x += 0.0; /* -0 becomes 0 */
    memcpy(&u, &x, sizeof u);
    return u >> 63 ? ~u : u | 1ULL << 63;
}

double rp_double_of_key(uint64_t key)
{
    const uint64_t u = key >> 63 ? key & ~(1ULL << 63) : ~key;
    double x;
    memcpy(&x, &u, sizeof x);
    return x;
}

typedef struct item {
    uint64_t key;
    int64_t index;
} item;

static void pass(int64_t n, const item from[], item to[], int shift, int64_t count[BUCKETS])
{
    int64_t at = 0;
    for (int b = 0; b < BUCKETS; b++) {
        const int64_t c = count[b];
        count[b] = at;
        at += c;
    }
    for (int64_t i = 0; i < n; i++) to[count[from[i].key >> shift & (BUCKETS - 1)]++] = from[i];
}

rp_status rp_rank_order(int64_t n, const double x[], int64_t order[])
{
    RP_AUTOFREE item *a = NULL, *b = NULL;
    RP_AUTOFREE int64_t *count = NULL;
    RP_TRY(rp_alloc_raw(n, sizeof *a, &a));
    RP_TRY(rp_alloc_raw(n, sizeof *b, &b));
    RP_TRY(rp_alloc(PASSES * BUCKETS, sizeof *count, &count));
    for (int64_t i = 0; i < n; i++) {
        RP_NEED(isfinite(x[i]), RP_ENUM, "value %" PRId64 " of %" PRId64 " is not finite", i + 1,
                n);
        a[i] = (item){rp_key_of_double(x[i]), i};
        for (int p = 0; p < PASSES; p++)
            count[p * BUCKETS + (int)(a[i].key >> p * DIGIT & (BUCKETS - 1))]++;
    }
    item *from = a, *to = b;
    for (int p = 0; p < PASSES; p++) {
        int64_t *c = count + p * BUCKETS;
        if (n > 0 && c[from[0].key >> p * DIGIT & (BUCKETS - 1)] == n)
            continue; /* one digit for all */
        pass(n, from, to, p * DIGIT, c);
        item *const other = from;
        from = to;
        to = other;
    }
    for (int64_t i = 0; i < n; i++) order[i] = from[i].index;
    return RP_OK;
}

rp_status rp_rank_mid(int64_t n, const double x[], double rank[])
{
    RP_AUTOFREE int64_t *order = NULL;
    RP_TRY(rp_alloc_raw(n, sizeof *order, &order));
    RP_TRY(rp_rank_order(n, x, order));
    for (int64_t i = 0, j; i < n; i = j) {
        for (j = i + 1; j < n && x[order[j]] == x[order[i]];) j++;
        for (int64_t k = i; k < j; k++) rank[order[k]] = 0.5 * (double)(i + j + 1);
    }
    return RP_OK;
}

rp_status rp_rank_dense(int64_t n, const double x[], int64_t group[], int64_t *groups)
{
    RP_AUTOFREE int64_t *order = NULL;
    RP_TRY(rp_alloc_raw(n, sizeof *order, &order));
    RP_TRY(rp_rank_order(n, x, order));
    int64_t g = -1;
    for (int64_t i = 0; i < n; i++) {
        g += i == 0 || x[order[i]] != x[order[i - 1]];
        group[order[i]] = g;
    }
    *groups = g + 1;
    return RP_OK;
}

rp_status rp_rank_sort(int64_t n, const double x[], double out[])
{
    RP_AUTOFREE int64_t *order = NULL;
    RP_TRY(rp_alloc_raw(n, sizeof *order, &order));
    RP_TRY(rp_rank_order(n, x, order));
    for (int64_t i = 0; i < n; i++) out[i] = x[order[i]];
    return RP_OK;
}

static void pass_keys(int64_t n, const uint64_t from[], uint64_t to[], int shift,
                      int64_t count[BUCKETS])
{
    int64_t at = 0;
    for (int b = 0; b < BUCKETS; b++) {
        const int64_t c = count[b];
        count[b] = at;
        at += c;
    }
    for (int64_t i = 0; i < n; i++) to[count[from[i] >> shift & (BUCKETS - 1)]++] = from[i];
}

rp_status rp_rank_sort_keys(int64_t n, uint64_t x[])
{
    RP_AUTOFREE uint64_t *scratch = NULL;
    RP_AUTOFREE int64_t *count = NULL;
    RP_TRY(rp_alloc_raw(n, sizeof *scratch, &scratch));
    RP_TRY(rp_alloc(PASSES * BUCKETS, sizeof *count, &count));
    for (int64_t i = 0; i < n; i++)
        for (int p = 0; p < PASSES; p++)
            count[p * BUCKETS + (int)(x[i] >> p * DIGIT & (BUCKETS - 1))]++;
    uint64_t *from = x, *to = scratch;
    for (int p = 0; p < PASSES; p++) {
        int64_t *c = count + p * BUCKETS;
        if (n > 0 && c[from[0] >> p * DIGIT & (BUCKETS - 1)] == n) continue; /* one digit for all */
        pass_keys(n, from, to, p * DIGIT, c);
        uint64_t *const other = from;
        from = to;
        to = other;
    }
    if (from != x && n > 0) memcpy(x, from, (size_t)n * sizeof *x);
    return RP_OK;
}
