/* io/journal.h - records that are only added: what a killed run had done.
 *
 * A record is length, kind, BLAKE2b-256 of both and the payload, payload; numbers little endian.  A
 * record that is cut or does not fit its digest ends the journal: it and what follows are dropped.
 */
#pragma once
#include "lib/base/text.h"

typedef struct rp_journal rp_journal;
/* Opens for adding (made if absent): a torn tail is cut off.  One writer.  Owned by the caller. */
RP_MUST rp_status rp_journal_open(const char *path, rp_journal **out);
/* Adds one record; flushed to the disk at least every 5 seconds of adding and at close.
 * at: out, the record's place for rp_journal_fetch; NULL if not wanted. */
RP_MUST rp_status rp_journal_add(rp_journal *j, uint32_t kind, int64_t n, const void *payload,
                                 int64_t *at);
RP_MUST rp_status rp_journal_sync(rp_journal *j);
/* Flushes and closes; *j is NULL afterwards, whatever the result. */
RP_MUST rp_status rp_journal_close(rp_journal **j);
/* As rp_journal_close for early returns; its failure is not reported. */
void rp_journal_drop(rp_journal **j);

/* A record made ready for a signal handler, which may call nothing that takes locks or memory. */
typedef struct rp_last_words {
    int fd;
    int64_t n;
    char bytes[128];
} rp_last_words;
/* Makes it ready; it is valid until the journal is closed.  Errors: RP_EARG (a payload over 64 bytes). */
RP_MUST rp_status rp_journal_last_words(const rp_journal *j, uint32_t kind, int64_t n, const void *payload,
                                        rp_last_words *out);
/* Writes it.  Async-signal-safe. */
void rp_last_words_write(const rp_last_words *w);

/* Calls fn for each whole record in order; payload is lent for the call.  A failure of fn ends the
 * replay and is passed on.  torn: out, bytes behind the last whole record; NULL if not wanted.
 * A file that is not there has no records. */
typedef rp_status rp_journal_fn(void *arg, uint32_t kind, int64_t n, const void *payload,
                                int64_t at);
RP_MUST rp_status rp_journal_replay(const char *path, rp_journal_fn *fn, void *arg, int64_t *torn);
/* Reads one record by its place, checked.  Appends its payload to out.  Errors: RP_EDATA, RP_EIO.
 */
RP_MUST rp_status rp_journal_fetch(const char *path, int64_t at, uint32_t *kind, rp_text *out);
