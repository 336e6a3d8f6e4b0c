/* pipeline/text_codes.c - texts as numbers, by a table with open addressing. */
#include "pipeline/text_codes.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void rp_codes_clear(rp_codes *c)
{
    rp_text_clear(&c->texts);
    rp_free(c->start);
    rp_free(c->slot);
    *c = (rp_codes){0};
}

const char *rp_codes_text(const rp_codes *c, int64_t code) { return c->texts.at + c->start[code]; }

/* FNV-1a, mixed once more: ids that count up lie apart. */
uint64_t rp_codes_hash(const char *text)
{
    uint64_t h = 14695981039346656037ULL;
    for (; *text; text++) h = (h ^ (unsigned char)*text) * 1099511628211ULL;
    h ^= h >> 32;
    return h * 0x9E3779B97F4A7C15ULL;
}

/* Place of the text: where it stands, or the free one where it would. */
static rp_code_slot *find(const rp_codes *c, const char *text, uint32_t hash)
{
    const uint64_t mask = (uint64_t)c->slots - 1;
    uint64_t at = hash & mask;
    while (c->slot[at].code &&
           (c->slot[at].hash != hash || strcmp(rp_codes_text(c, c->slot[at].code - 1), text) != 0))
        at = (at + 1) & mask;
    return &c->slot[at];
}

/* Twice the places; texts are not looked at again. */
static rp_status widen(rp_codes *c)
{
    rp_code_slot *wide = NULL;
    const int64_t slots = c->slots ? 2 * c->slots : 1024;
    const uint64_t mask = (uint64_t)slots - 1;
    RP_TRY(rp_alloc(slots, sizeof *wide, &wide));
    for (int64_t k = 0; k < c->slots; k++) {
        if (!c->slot[k].code) continue;
        uint64_t at = c->slot[k].hash & mask;
        while (wide[at].code) at = (at + 1) & mask;
        wide[at] = c->slot[k];
    }
    rp_free(c->slot);
    c->slot = wide;
    c->slots = slots;
    return RP_OK;
}

rp_status rp_codes_put(rp_codes *c, const char *text, int32_t *code)
{
    const uint32_t hash = (uint32_t)(rp_codes_hash(text) >> 32);
    if (2 * (c->count + 1) > c->slots) RP_TRY(widen(c));
    rp_code_slot *slot = find(c, text, hash);
    if (slot->code == 0) {
        RP_NEED(c->count < INT32_MAX - 1, RP_EDATA, "over %" PRId64 " different names", c->count);
        RP_TRY(rp_grow(c->count + 1, sizeof *c->start, &c->starts, &c->start));
        c->start[c->count] = c->texts.length;
        rp_text_add_bytes(&c->texts, (int64_t)strlen(text) + 1, text);
        RP_TRY(rp_text_status(&c->texts));
        *slot = (rp_code_slot){hash, (int32_t)++c->count};
    }
    *code = slot->code - 1;
    return RP_OK;
}

typedef struct named {
    const char *text;
    int32_t code;
} named;

static int natural(const void *a, const void *b)
{
    return rp_text_compare_natural(((const named *)a)->text, ((const named *)b)->text);
}

rp_status rp_codes_order(const rp_codes *c, int32_t place[])
{
    RP_AUTOFREE named *all = NULL;
    RP_TRY(rp_alloc_raw(c->count, sizeof *all, &all));
    for (int64_t k = 0; k < c->count; k++) all[k] = (named){rp_codes_text(c, k), (int32_t)k};
    if (c->count > 0) qsort(all, (size_t)c->count, sizeof *all, natural);
    for (int64_t k = 0; k < c->count; k++) place[all[k].code] = (int32_t)k;
    return RP_OK;
}
