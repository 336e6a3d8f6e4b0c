/* io/array.h - small arrays and attributes as they stand in HDF5 files. */
#pragma once
#include "lib/base/mem.h"

typedef enum rp_array_type {
    RP_ARRAY_U8,
    RP_ARRAY_I64,
    RP_ARRAY_F32,
    RP_ARRAY_F64,
    RP_ARRAY_TYPE_COUNT
} rp_array_type;
size_t rp_array_size(rp_array_type t);

/* One or two dimensions, C order.  Data behind a pointer that rp_array_new made are freed with it.
 */
typedef struct rp_array {
    rp_array_type type;
    int rank;     /* 1 or 2 */
    int64_t n[2]; /* n[1] is 1 when rank is 1 */
    void *data;
} rp_array;
/* Zeroed.  Owned by the caller. */
RP_MUST rp_status rp_array_new(rp_array_type type, int rank, const int64_t n[], rp_array **out);
void rp_array_drop(rp_array **a);

/* A named attribute: numbers (value, count >= 1) or a text (count 0). */
typedef struct rp_attribute {
    const char *name;
    int count;
    const double *value;
    const char *text;
} rp_attribute;
