/* mpi/exchange_tree.c - the fixed binary tree over the units of a batch.
 *
 * 1. Its shape follows from the number of units alone.
 * 2. Depth is at most 7 (64 units): every loop below walks down one path.
 */
#include "mpi/exchange_priv.h"

int rp_tree_split(int a, int b)
{
    int p = 1;
    while (2 * p < b - a) p *= 2;
    return a + p;
}

bool rp_tree_siblings(int units, int a, int m, int b)
{
    int lo = 0, hi = units;
    while (lo != a || hi != b) {
        if (hi - lo < 2) return false;
        const int s = rp_tree_split(lo, hi);
        if (b <= s)
            hi = s;
        else if (a >= s)
            lo = s;
        else
            return false; /* [a, b) lies across a split: it is no node */
    }
    return rp_tree_split(a, b) == m;
}

int rp_tree_largest(int units, int a, int end)
{
    int lo = 0, hi = units;
    while (lo != a || hi > end) {
        const int s = rp_tree_split(lo, hi);
        if (a < s)
            hi = s;
        else
            lo = s;
    }
    return hi;
}

int rp_tree_spans(int units, int ranks, span out[])
{
    int n = 0;
    for (int t = 0; t < ranks; t++) {
        const int last = (int)((int64_t)units * (t + 1) / ranks);
        for (int a = (int)((int64_t)units * t / ranks); a < last; a = out[n - 1].b)
            out[n++] = (span){a, rp_tree_largest(units, a, last), t};
    }
    return n;
}

int rp_tree_held(int units, int first, int last)
{
    span stack[RP_EXCHANGE_UNITS_MOST];
    int depth = 0, most = 0;
    for (int u = first; u < last; u++) {
        stack[depth++] = (span){u, u + 1, 0};
        while (depth > 1 && rp_tree_siblings(units, stack[depth - 2].a, stack[depth - 1].a,
                                             stack[depth - 1].b)) {
            stack[depth - 2].b = stack[depth - 1].b;
            depth--;
        }
        most = depth > most ? depth : most;
    }
    return most;
}
