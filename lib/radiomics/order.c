/* lib/radiomics/order.c - sorting and order statistics that the families share. */
#include "lib/radiomics/order.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* Range of x if all are integers of a range not much wider than n. */
static bool are_countable(int64_t n, const double x[], double *low, double *high)
{
    /* Adding and taking away 1.5 * 2^52 rounds to an integer, eight at a time. */
    const double magic = 6755399441055744.0;
    double least = INFINITY, most = -INFINITY, off = 0;
    for (int64_t i = 0; i < n; i++) {
        const double whole = x[i] + magic - magic, d = x[i] - whole;
        off += fabs(d);
        least = x[i] < least ? x[i] : least;
        most = x[i] > most ? x[i] : most;
    }
    *low = least;
    *high = most;
    return off == 0 && fabs(least) < 1e15 && fabs(most) < 1e15 &&
           most - least < 4.0 * (double)n + 65536;
}

/* How often each integer from low on occurs: count[range].  Two tables, so that equal neighbours do
 * not wait for each other. */
static void count_integers(int64_t n, const double x[], double low, int64_t range, int64_t count[],
                           int64_t other[])
{
    int64_t i = 0;
    for (; i + 1 < n; i += 2) {
        count[(int64_t)(x[i] - low)]++;
        other[(int64_t)(x[i + 1] - low)]++;
    }
    if (i < n) count[(int64_t)(x[i] - low)]++;
    for (int64_t v = 0; v < range; v++) count[v] += other[v];
}

/* Sorts by counting when that can be done; *done says whether it was. */
static rp_status sort_integers(int64_t n, double x[], bool *done)
{
    double low, high;
    if (n < 1 || !are_countable(n, x, &low, &high)) return RP_OK;
    RP_AUTOFREE int64_t *count = NULL, *other = NULL;
    const int64_t range = (int64_t)(high - low) + 1;
    RP_TRY(rp_alloc(range, sizeof *count, &count));
    RP_TRY(rp_alloc(range, sizeof *other, &other));
    count_integers(n, x, low, range, count, other);
    int64_t k = 0;
    for (int64_t v = 0; v < range; v++)
        for (int64_t i = 0; i < count[v]; i++) x[k++] = low + (double)v;
    *done = true;
    return RP_OK;
}

/* Bits of a double that order as unsigned integers do, and back. */
static uint64_t key_of(double x)
{
    uint64_t b;
    memcpy(&b, &x, sizeof b);
    return b >> 63 ? ~b : b | (uint64_t)1 << 63;
}

static double value_of(uint64_t b)
{
    double x;
    b = b >> 63 ? b & ~((uint64_t)1 << 63) : ~b;
    memcpy(&x, &b, sizeof x);
    return x;
}

rp_status rp_sort_doubles(int64_t n, double x[])
{
    bool done = false;
    RP_TRY(sort_integers(n, x, &done));
    if (done || n < 2) return RP_OK;
    RP_AUTOFREE uint64_t *a = NULL, *b = NULL;
    RP_TRY(rp_alloc_raw(n, sizeof *a, &a));
    RP_TRY(rp_alloc_raw(n, sizeof *b, &b));
    for (int64_t i = 0; i < n; i++) a[i] = key_of(x[i]);
    for (int shift = 0; shift < 64; shift += 8) {
        int64_t at[257] = {0};
        for (int64_t i = 0; i < n; i++) at[((a[i] >> shift) & 255) + 1]++;
        for (int v = 0; v < 256; v++) at[v + 1] += at[v];
        for (int64_t i = 0; i < n; i++) b[at[(a[i] >> shift) & 255]++] = a[i];
        uint64_t *const swap = a;
        a = b;
        b = swap;
    }
    for (int64_t i = 0; i < n; i++) x[i] = value_of(a[i]);
    return RP_OK;
}

void rp_distinct_drop(rp_distinct **d)
{
    if (!*d) return;
    rp_free((*d)->value);
    rp_free((*d)->count);
    rp_free((*d)->below);
    rp_free(*d);
    *d = NULL;
}

static rp_status make_room(rp_distinct *d, int64_t n)
{
    RP_TRY(rp_alloc_raw(n, sizeof *d->value, &d->value));
    RP_TRY(rp_alloc_raw(n, sizeof *d->count, &d->count));
    return rp_alloc_raw(n + 1, sizeof *d->below, &d->below);
}

static void add_value(rp_distinct *d, double v, int64_t count)
{
    d->value[d->n] = v;
    d->count[d->n] = count;
    d->below[d->n + 1] = d->below[d->n] + count;
    d->n++;
}

static rp_status count_values(int64_t n, const double x[], double low, double high, rp_distinct *d)
{
    RP_AUTOFREE int64_t *count = NULL, *other = NULL;
    const int64_t range = (int64_t)(high - low) + 1;
    int64_t occur = 0;
    RP_TRY(rp_alloc(range, sizeof *count, &count));
    RP_TRY(rp_alloc(range, sizeof *other, &other));
    count_integers(n, x, low, range, count, other);
    for (int64_t v = 0; v < range; v++) occur += count[v] > 0;
    RP_TRY(make_room(d, occur));
    d->below[0] = 0;
    for (int64_t v = 0; v < range; v++)
        if (count[v]) add_value(d, low + (double)v, count[v]);
    return RP_OK;
}

static rp_status sort_values(int64_t n, const double x[], rp_distinct *d)
{
    RP_AUTOFREE double *sorted = NULL;
    int64_t occur = n > 0;
    RP_TRY(rp_alloc_raw(n, sizeof *sorted, &sorted));
    memcpy(sorted, x, (size_t)n * sizeof *sorted);
    RP_TRY(rp_sort_doubles(n, sorted));
    for (int64_t i = 1; i < n; i++) occur += sorted[i] != sorted[i - 1];
    RP_TRY(make_room(d, occur));
    d->below[0] = 0;
    for (int64_t i = 0; i < n;) {
        int64_t end = i + 1;
        while (end < n && sorted[end] == sorted[i]) end++;
        add_value(d, sorted[i], end - i);
        i = end;
    }
    return RP_OK;
}

rp_status rp_distinct_new(int64_t n, const double x[], rp_distinct **out)
{
    RP_AUTO(rp_distinct) d = NULL;
    double low, high;
    RP_TRY(rp_alloc(1, sizeof *d, &d));
    d->total = n;
    if (n > 0 && are_countable(n, x, &low, &high))
        RP_TRY(count_values(n, x, low, high, d));
    else
        RP_TRY(sort_values(n, x, d));
    *out = RP_TAKE(d);
    return RP_OK;
}

/* Index of the value that stands k-th of all. */
static int64_t place_of(const rp_distinct *d, int64_t k)
{
    int64_t low = 0, high = d->n - 1;
    while (low < high) {
        const int64_t mid = (low + high) / 2;
        if (d->below[mid + 1] > k)
            high = mid;
        else
            low = mid + 1;
    }
    return low;
}

double rp_distinct_percentile(const rp_distinct *d, double q)
{
    const double p = (double)(d->total - 1) * q;
    const int64_t k = (int64_t)floor(p);
    const double t = p - (double)k, x = d->value[place_of(d, k)];
    if (k + 1 >= d->total) return d->value[d->n - 1];
    return x + t * (d->value[place_of(d, k + 1)] - x);
}

int64_t rp_distinct_find(const rp_distinct *d, double v)
{
    int64_t low = 0, high = d->n;
    while (low < high) {
        const int64_t mid = (low + high) / 2;
        if (d->value[mid] < v)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}
