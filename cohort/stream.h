/* cohort/stream.h - the sample stream: everything about sample s follows from (job, seed, s).
 *
 * An epoch is a keyed permutation of the training cases; iteration k trains on samples k B .. k B +
 * B - 1. Sample number i of a batch is centred on a label's voxel if i >= round(B (1 - share))
 * (nnU-Net's rule, ties to even), else placed uniformly; a patch may hang over the case by half of
 * what is missing. */
#pragma once
#include "cohort/prepared.h"

typedef struct rp_stream {
    rp_prepared *prepared;
    uint64_t seed;
    int batch;
    double foreground; /* share */
    int64_t patch[3];
} rp_stream;

typedef struct rp_stream_order { /* the permutation of one epoch, kept from sample to sample */
    int64_t epoch;               /* -1: none */
    int64_t *order;
    int64_t capacity;
} rp_stream_order;

/* Which prepared case sample s is of.  keep: the caller's, starts {-1}; one a thread. */
RP_MUST rp_status rp_stream_case(const rp_stream *st, int64_t s, rp_stream_order *keep,
                                 int64_t *index);
/* Corner of its patch in the case (may be negative or hang over).  Reads one place of a label where
 * the sample is centred on one.  Errors: as rp_prepared_place (RP_EDATA: the sample is void). */
RP_MUST rp_status rp_stream_start(const rp_stream *st, int64_t s, int64_t index, int64_t start[3]);
