/* io/journal.c - records that are only added. */
#include "io/journal.h"
#include "io/sys_priv.h"
#include "lib/base/clock.h"
#include "lib/base/digest.h"

#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

static const double seconds_between_flushes = 5;

/* What stands before a payload; numbers little endian. */
typedef struct head {
    int64_t length;
    uint32_t kind, zero;
    uint8_t digest[RP_DIGEST_BYTES]; /* of the above and the payload */
} head;

struct rp_journal {
    int fd;
    char *path;
    int64_t end;
    double flushed;
};

static rp_status digest_of(const head *h, const void *payload, uint8_t out[RP_DIGEST_BYTES])
{
    RP_AUTO(rp_digest) d = NULL;
    RP_TRY(rp_digest_new(NULL, &d));
    rp_digest_add(d, offsetof(head, digest), h);
    if (h->length) rp_digest_add(d, (size_t)h->length, payload);
    rp_digest_end(d, out);
    return RP_OK;
}

/* Reads the record at a place; *is_whole false if there is none that fits. */
static rp_status read_record(int fd, const char *path, int64_t at, int64_t size, head *h,
                             int64_t *room, uint8_t **payload, bool *is_whole)
{
    int64_t got;
    uint8_t digest[RP_DIGEST_BYTES];
    *is_whole = false;
    if (size - at < (int64_t)sizeof *h) return RP_OK;
    RP_TRY(rp_read_at(fd, path, at, sizeof *h, h, &got));
    if (got < (int64_t)sizeof *h || h->length < 0 || h->length > size - at - (int64_t)sizeof *h)
        return RP_OK;
    RP_TRY(rp_grow(h->length + 1, 1, room, payload));
    RP_TRY(rp_read_at(fd, path, at + (int64_t)sizeof *h, h->length, *payload, &got));
    if (got < h->length) return RP_OK;
    RP_TRY(digest_of(h, *payload, digest));
    *is_whole = memcmp(digest, h->digest, sizeof digest) == 0;
    return RP_OK;
}

/* Walks the whole records; end: behind the last one. */
static rp_status walk(int fd, const char *path, rp_journal_fn *fn, void *arg, int64_t *end,
                      int64_t *size)
{
    RP_AUTOFREE uint8_t *payload = NULL;
    int64_t room = 0;
    bool is_whole;
    const off_t length = lseek(fd, 0, SEEK_END);
    RP_SYS(length >= 0, "journal '%s' cannot be measured", path);
    *size = length;
    for (*end = 0;;) {
        head h;
        RP_TRY(read_record(fd, path, *end, *size, &h, &room, &payload, &is_whole));
        if (!is_whole) return RP_OK;
        if (fn) RP_TRY(fn(arg, h.kind, h.length, payload, *end));
        *end += (int64_t)sizeof h + h.length;
    }
}

rp_status rp_journal_open(const char *path, rp_journal **out)
{
    RP_AUTO(rp_journal) j = NULL;
    int64_t size;
    RP_TRY(rp_alloc(1, sizeof *j, &j));
    j->fd = -1;
    RP_TRY(rp_copy_text(path, &j->path));
    j->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    RP_SYS(j->fd >= 0, "journal '%s' cannot be opened", path);
    RP_TRY(walk(j->fd, path, NULL, NULL, &j->end, &size));
    if (size > j->end)
        RP_SYS(ftruncate(j->fd, (off_t)j->end) == 0, "journal '%s' cannot be cut back", path);
    RP_SYS(lseek(j->fd, (off_t)j->end, SEEK_SET) >= 0, "journal '%s'", path);
    j->flushed = rp_clock_now();
    *out = RP_TAKE(j);
    return RP_OK;
}

static rp_status write_record(const rp_journal *j, const head *h, const void *payload)
{
    RP_TRY(rp_write_all(j->fd, j->path, sizeof *h, h));
    return rp_write_all(j->fd, j->path, h->length, payload);
}

rp_status rp_journal_add(rp_journal *j, uint32_t kind, int64_t n, const void *payload, int64_t *at)
{
    head h = {.length = n, .kind = kind};
    RP_NEED(n >= 0, RP_EARG, "journal '%s': a record of %" PRId64 " bytes", j->path, n);
    RP_TRY(digest_of(&h, payload, h.digest));
    const rp_status st = write_record(j, &h, payload);
    if (st != RP_OK) { /* a full disk leaves the journal as it was */
        (void)!ftruncate(j->fd, (off_t)j->end);
        (void)lseek(j->fd, (off_t)j->end, SEEK_SET);
        return st;
    }
    if (at) *at = j->end;
    j->end += (int64_t)sizeof h + n;
    if (rp_clock_now() - j->flushed > seconds_between_flushes) RP_TRY(rp_journal_sync(j));
    return RP_OK;
}

rp_status rp_journal_last_words(const rp_journal *j, uint32_t kind, int64_t n, const void *payload,
                                rp_last_words *out)
{
    head h = {.length = n, .kind = kind};
    RP_NEED(n >= 0 && n <= 64, RP_EARG, "last words of %" PRId64 " bytes", n);
    RP_TRY(digest_of(&h, payload, h.digest));
    memcpy(out->bytes, &h, sizeof h);
    memcpy(out->bytes + sizeof h, payload, (size_t)n);
    out->n = (int64_t)sizeof h + n;
    out->fd = j->fd;
    return RP_OK;
}

void rp_last_words_write(const rp_last_words *w)
{
    (void)!write(w->fd, w->bytes, (size_t)w->n);
}

rp_status rp_journal_sync(rp_journal *j)
{
    RP_SYS(fdatasync(j->fd) == 0, "journal '%s' cannot be flushed", j->path);
    j->flushed = rp_clock_now();
    return RP_OK;
}

rp_status rp_journal_close(rp_journal **j)
{
    if (!*j) return RP_OK;
    RP_AUTO(rp_journal) mine = RP_TAKE(*j);
    RP_TRY(rp_journal_sync(mine));
    const int fd = mine->fd;
    mine->fd = -1;
    RP_SYS(close(fd) == 0, "journal '%s' cannot be closed", mine->path);
    return RP_OK;
}

void rp_journal_drop(rp_journal **j)
{
    if (!*j) return;
    rp_close_at(&(*j)->fd);
    rp_free((*j)->path);
    rp_free(*j);
    *j = NULL;
}

rp_status rp_journal_replay(const char *path, rp_journal_fn *fn, void *arg, int64_t *torn)
{
    int64_t end = 0, size = 0;
    RP_AUTOCLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    RP_SYS(fd >= 0 || errno == ENOENT, "journal '%s' cannot be opened", path);
    if (fd >= 0) RP_TRY(walk(fd, path, fn, arg, &end, &size));
    if (torn) *torn = size - end;
    return RP_OK;
}

rp_status rp_journal_fetch(const char *path, int64_t at, uint32_t *kind, rp_text *out)
{
    RP_AUTOFREE uint8_t *payload = NULL;
    head h = {0};
    int64_t room = 0;
    bool is_whole = false;
    RP_AUTOCLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    RP_SYS(fd >= 0, "journal '%s' cannot be opened", path);
    const off_t size = lseek(fd, 0, SEEK_END);
    RP_SYS(size >= 0, "journal '%s' cannot be measured", path);
    if (at >= 0) RP_TRY(read_record(fd, path, at, size, &h, &room, &payload, &is_whole));
    RP_NEED(is_whole, RP_EDATA, "journal '%s': no whole record at byte %" PRId64, path, at);
    *kind = h.kind;
    rp_text_add_bytes(out, h.length, payload);
    return rp_text_status(out);
}
