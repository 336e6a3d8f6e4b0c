/* lib/base/words.h - texts that occur many times, kept once.
 *
 * Half a million headers of a cohort name a few thousand series, patients and scanners. */
#pragma once
#include "lib/base/mem.h"

typedef struct rp_words rp_words;

/* Owned by the caller.  Errors: RP_EMEM. */
RP_MUST rp_status rp_words_new(rp_words **out);
void rp_words_drop(rp_words **words);
/* The one copy of text: equal texts give one pointer, lent until the words are dropped.  One thread
 * at a time.  Errors: RP_EMEM. */
RP_MUST rp_status rp_words_take(rp_words *words, const char *text, const char **out);
/* How many different texts there are. */
int64_t rp_words_count(const rp_words *words);
