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
static uint64_t hash(const char *text)
{
    uint64_t h = 14695981039346656037ULL;
    for (; *text; text++) h = (h ^ (unsigned char)*text) * 1099511628211ULL;
    h ^= h >> 32;
    return h * 0x9E3779B97F4A7C15ULL >> 20;
}

/* Slot of the text: where it stands, or the free one where it would. */
static int64_t find(const rp_codes *c, const char *text)
{
    const uint64_t mask = (uint64_t)c->slots - 1;
    uint64_t at = hash(text) & mask;
    while (c->slot[at] && strcmp(rp_codes_text(c, c->slot[at] - 1), text) != 0)
        at = (at + 1) & mask;
    return (int64_t)at;
}

static rp_status widen(rp_codes *c)
{
    const int64_t slots = c->slots ? 2 * c->slots : 1024;
    rp_free(c->slot);
    c->slot = NULL;
    c->slots = 0;
    RP_TRY(rp_alloc(slots, sizeof *c->slot, &c->slot));
    c->slots = slots;
    for (int64_t k = 0; k < c->count; k++) c->slot[find(c, rp_codes_text(c, k))] = (int32_t)k + 1;
    return RP_OK;
}

rp_status rp_codes_put(rp_codes *c, const char *text, int32_t *code)
{
    if (2 * (c->count + 1) > c->slots) RP_TRY(widen(c));
    const int64_t at = find(c, text);
    if (c->slot[at] == 0) {
        RP_NEED(c->count < INT32_MAX - 1, RP_EDATA, "over %" PRId64 " different names", c->count);
        RP_TRY(rp_grow(c->count + 1, sizeof *c->start, &c->starts, &c->start));
        c->start[c->count] = c->texts.length;
        rp_text_add_bytes(&c->texts, (int64_t)strlen(text) + 1, text);
        RP_TRY(rp_text_status(&c->texts));
        c->slot[at] = (int32_t)++c->count;
    }
    *code = c->slot[at] - 1;
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
