/* lib/stats/assign.c - assignment by shortest augmenting paths. */
#include "lib/stats/assign.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>

/* Square problem of size n; rows and columns from 1, 0 is the free one. */
typedef struct problem {
    int64_t n, rows, columns;
    const double *gain;
    double *u, *v, *shortest; /* potentials; length of the path to a column */
    int64_t *row_of, *before; /* column -> row, column -> column before it on the path */
    bool *done;
} problem;

static double cost(const problem *p, int64_t r, int64_t c)
{
    return r <= p->rows && c <= p->columns ? -p->gain[(r - 1) * p->columns + c - 1] : 0;
}

static void place(problem *p, int64_t row)
{
    for (int64_t c = 0; c <= p->n; c++) {
        p->shortest[c] = INFINITY;
        p->done[c] = false;
    }
    p->row_of[0] = row;
    int64_t c = 0;
    do {
        p->done[c] = true;
        const int64_t r = p->row_of[c];
        int64_t next = 0;
        double least = INFINITY;
        for (int64_t k = 1; k <= p->n; k++) {
            if (p->done[k]) continue;
            const double reduced = cost(p, r, k) - p->u[r] - p->v[k];
            if (reduced < p->shortest[k]) {
                p->shortest[k] = reduced;
                p->before[k] = c;
            }
            if (p->shortest[k] < least) {
                least = p->shortest[k];
                next = k;
            }
        }
        for (int64_t k = 0; k <= p->n; k++) {
            if (p->done[k]) {
                p->u[p->row_of[k]] += least;
                p->v[k] -= least;
            } else {
                p->shortest[k] -= least;
            }
        }
        c = next;
    } while (p->row_of[c] != 0);
    for (; c != 0; c = p->before[c]) p->row_of[c] = p->row_of[p->before[c]];
}

rp_status rp_assign(int64_t rows, int64_t columns, const double gain[], int64_t to[])
{
    RP_NEED(rows >= 0 && columns >= 0, RP_EARG, "assignment of %" PRId64 " to %" PRId64, rows,
            columns);
    for (int64_t i = 0; i < rows * columns; i++)
        RP_NEED(isfinite(gain[i]) && gain[i] >= 0, RP_ENUM, "gain %g in an assignment", gain[i]);
    const int64_t n = rows > columns ? rows : columns;
    RP_AUTOFREE double *numbers = NULL;
    RP_AUTOFREE int64_t *places = NULL;
    RP_AUTOFREE bool *done = NULL;
    RP_TRY(rp_alloc(3 * (n + 1), sizeof *numbers, &numbers));
    RP_TRY(rp_alloc(2 * (n + 1), sizeof *places, &places));
    RP_TRY(rp_alloc(n + 1, sizeof *done, &done));
    problem p = {
        n,      rows,           columns, gain, numbers, numbers + n + 1, numbers + 2 * (n + 1),
        places, places + n + 1, done};
    for (int64_t r = 1; r <= n; r++) place(&p, r);
    for (int64_t r = 0; r < rows; r++) to[r] = -1;
    for (int64_t c = 1; c <= columns; c++) {
        const int64_t r = p.row_of[c];
        if (r <= rows && gain[(r - 1) * columns + c - 1] > 0) to[r - 1] = c - 1;
    }
    return RP_OK;
}
