/* lib/radiomics/order.c - sorting and order statistics that the families share. */
#include "lib/radiomics/order.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* Sorts by counting when all x are integers of a small range; *done says whether it did. */
static rp_status sort_integers(int64_t n, double x[], bool *done)
{
    double low = INFINITY, high = -INFINITY;
    bool is_integer = true;
    for (int64_t i = 0; i < n; i++) {
        low = x[i] < low ? x[i] : low;
        high = x[i] > high ? x[i] : high;
        is_integer &= x[i] == rint(x[i]);
    }
    if (!is_integer || !(high - low < 4.0 * (double)n + 65536)) return RP_OK;
    RP_AUTOFREE int64_t *count = NULL;
    const int64_t range = (int64_t)(high - low) + 1;
    RP_TRY(rp_alloc(range, sizeof *count, &count));
    for (int64_t i = 0; i < n; i++) count[(int64_t)(x[i] - low)]++;
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

double rp_order_percentile(int64_t n, const double x[], double q)
{
    const double p = (double)(n - 1) * q;
    const int64_t k = (int64_t)floor(p);
    const double t = p - (double)k;
    return k + 1 < n ? x[k] + t * (x[k + 1] - x[k]) : x[n - 1];
}
