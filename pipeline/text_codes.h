/* pipeline/text_codes.h - texts as numbers: 0, 1, ... in the order in which they come. */
#pragma once
#include "lib/base/text.h"

/* A place of the table: which text, and its hash, so that most misses need no look at the text. */
typedef struct rp_code_slot {
    uint32_t hash;
    int32_t code; /* + 1; 0: free */
} rp_code_slot;

typedef struct rp_codes {
    int64_t count;          /* different texts so far */
    rp_text texts;          /* one behind the other, each ended by 0 */
    int64_t *start, starts; /* [count] in texts; room */
    rp_code_slot *slot;     /* [slots], a power of two */
    int64_t slots;
} rp_codes;
void rp_codes_clear(rp_codes *c);
/* Errors: RP_EMEM; RP_EDATA beyond 2^31 - 2 texts. */
RP_MUST rp_status rp_codes_put(rp_codes *c, const char *text, int32_t *code);
/* Of the text's bytes alone, the same on every machine: its upper half finds the place in the
 * table. */
uint64_t rp_codes_hash(const char *text);
/* Lent until the next put. */
const char *rp_codes_text(const rp_codes *c, int64_t code);
/* place[code] = its rank in natural order (rp_text_compare_natural); [count]. */
RP_MUST rp_status rp_codes_order(const rp_codes *c, int32_t place[]);
