/* io/array.c - small arrays as they stand in HDF5 files. */
#include "io/array.h"

static const size_t sizes[RP_ARRAY_TYPE_COUNT] = {
    [RP_ARRAY_U8] = 1, [RP_ARRAY_I64] = 8, [RP_ARRAY_F32] = 4, [RP_ARRAY_F64] = 8};

size_t rp_array_size(rp_array_type t) { return sizes[t]; }

rp_status rp_array_new(rp_array_type type, int rank, const int64_t n[], rp_array **out)
{
    RP_AUTO(rp_array) a = NULL;
    RP_NEED(rank == 1 || rank == 2, RP_EARG, "an array of %d dimensions", rank);
    RP_TRY(rp_alloc(1, sizeof *a, &a));
    a->type = type;
    a->rank = rank;
    a->n[0] = n[0];
    a->n[1] = rank == 2 ? n[1] : 1;
    int64_t count;
    RP_TRY(rp_product(2, a->n, &count));
    RP_TRY(rp_alloc(count, sizes[type], &a->data));
    *out = RP_TAKE(a);
    return RP_OK;
}

void rp_array_drop(rp_array **a)
{
    if (!*a) return;
    rp_free((*a)->data);
    rp_free(*a);
    *a = NULL;
}
