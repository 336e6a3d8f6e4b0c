/* lib/base/words.c - a hash table with open addressing; the texts lie in blocks that never move. */
#include "lib/base/words.h"

#include "lib/base/checksum.h"

#include <string.h>

enum { BLOCK = 1 << 16, FIRST_SLOTS = 256 };

typedef struct block {
    struct block *next;
    char bytes[];
} block;

struct rp_words {
    const char **slot; /* [slots], a power of two, at most half full; NULL: free */
    int64_t slots, count;
    block *blocks;
    size_t left; /* bytes free at the end of the first block */
    char *at;
};

rp_status rp_words_new(rp_words **out)
{
    RP_AUTO(rp_words) w = NULL;
    RP_TRY(rp_alloc(1, sizeof *w, &w));
    w->slots = FIRST_SLOTS;
    RP_TRY(rp_alloc(w->slots, sizeof *w->slot, &w->slot));
    *out = RP_TAKE(w);
    return RP_OK;
}

void rp_words_drop(rp_words **words)
{
    rp_words *w = *words;
    if (!w) return;
    for (block *b = w->blocks, *next; b; b = next) {
        next = b->next;
        rp_free(b);
    }
    rp_free(w->slot);
    rp_free(w);
    *words = NULL;
}

int64_t rp_words_count(const rp_words *w) { return w->count; }

/* Where text stands, or the free slot where it would. */
static int64_t find(const rp_words *w, const char *text, size_t n)
{
    const uint64_t mask = (uint64_t)w->slots - 1;
    uint64_t i = rp_checksum(n, text) & mask;
    while (w->slot[i] && strcmp(w->slot[i], text) != 0) i = (i + 1) & mask;
    return (int64_t)i;
}

static rp_status widen(rp_words *w)
{
    const char **old = w->slot;
    const int64_t n = w->slots;
    RP_TRY(rp_alloc(2 * n, sizeof *w->slot, &w->slot));
    w->slots = 2 * n;
    for (int64_t i = 0; i < n; i++)
        if (old[i]) w->slot[find(w, old[i], strlen(old[i]))] = old[i];
    rp_free(old);
    return RP_OK;
}

static rp_status copy(rp_words *w, const char *text, size_t n, const char **out)
{
    if (n + 1 > w->left) {
        const size_t room = n + 1 > BLOCK ? n + 1 : BLOCK;
        block *b;
        RP_TRY(rp_alloc_raw((int64_t)(sizeof *b + room), 1, &b));
        b->next = w->blocks;
        w->blocks = b;
        w->at = b->bytes;
        w->left = room;
    }
    memcpy(w->at, text, n + 1);
    *out = w->at;
    w->at += n + 1;
    w->left -= n + 1;
    return RP_OK;
}

rp_status rp_words_take(rp_words *w, const char *text, const char **out)
{
    const size_t n = strlen(text);
    if (2 * (w->count + 1) > w->slots) RP_TRY(widen(w));
    const int64_t i = find(w, text, n);
    if (!w->slot[i]) {
        RP_TRY(copy(w, text, n, &w->slot[i]));
        w->count++;
    }
    *out = w->slot[i];
    return RP_OK;
}
