/* cohort/phantom.h - synthetic patients as real DICOM: for the demo, for tests, for trying a
 * cluster. */
#pragma once
#include "lib/base/pool.h"
#include "lib/base/text.h"

typedef struct rp_phantom_kind {
    const char *name, *meaning;
    int patients;
    int64_t shape[3];
    double spacing[3];
} rp_phantom_kind;
/* The table; ends with a NULL name. */
extern const rp_phantom_kind rp_phantoms[];

typedef struct rp_phantom {
    const char *kind;
    const char *out;
    int patients; /* 0: the kind's */
    uint64_t seed;
} rp_phantom;

/* Writes OUT/PATIENT/CT/nnnn.dcm and OUT/PATIENT/RS.dcm, and OUT/split.csv (a fifth of the patients
 * tests, at least one, a tenth validates).  The same settings give the same bytes.  pool may be
 * NULL. Errors: RP_EUSE (unknown kind), RP_EIO, RP_ESPACE. */
RP_MUST rp_status rp_phantom_write(const rp_phantom *s, rp_pool *pool);
