/* io/safetensors.h - safetensors files: named float tensors and a map of texts.
 * Source: the format's page (github.com/huggingface/safetensors). */
#pragma once
#include "lib/base/mem.h"

enum { RP_SAFETENSORS_RANK = 6 };

typedef struct rp_safetensor {
    const char *name;
    int rank;
    int64_t n[RP_SAFETENSORS_RANK]; /* outermost first */
    const float *data;              /* [product of n] */
} rp_safetensor;

typedef struct rp_safetensors_note {
    const char *key, *text;
} rp_safetensors_note;

/* Writes path atomically: F32, tensors in the order given, header padded to 8 bytes with blanks.
 * Errors: RP_EARG (rank, sizes, a name twice), those of rp_atomic_write. */
RP_MUST rp_status rp_safetensors_write(const char *path, int64_t tensors,
                                       const rp_safetensor tensor[], int64_t notes,
                                       const rp_safetensors_note note[]);

typedef struct rp_safetensors rp_safetensors;
/* Reads F32 files.  Owned by the caller.
 * Errors: RP_EDATA (header over 100 MB or not JSON, sizes that do not fit the shape, holes,
 * overlaps, bytes left over), RP_EUNSUP (another dtype, a rank above 6). */
RP_MUST rp_status rp_safetensors_read(const char *path, rp_safetensors **out);
void rp_safetensors_drop(rp_safetensors **s);
int64_t rp_safetensors_count(const rp_safetensors *s);
/* By number, in the order of the data.  Lent until s is dropped. */
const rp_safetensor *rp_safetensors_at(const rp_safetensors *s, int64_t i);
const rp_safetensor *rp_safetensors_find(const rp_safetensors *s, const char *name);
/* Text of the metadata, NULL if absent. */
const char *rp_safetensors_text(const rp_safetensors *s, const char *key);
