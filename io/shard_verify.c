/* io/shard_verify.c - is every byte of a shard as it was written, and if not, where. */
#include "io/atomic.h"
#include "io/shard_priv.h"
#include "io/sys_priv.h"

#include <fcntl.h>
#include <inttypes.h>

typedef struct finder {
    rp_damage_fn *damage;
    void *arg;
    int64_t findings;
} finder;

static void found(finder *f, const char *line)
{
    f->findings++;
    f->damage(f->arg, line);
}

/* Digest of the first n bytes. */
static rp_status digest_front(int fd, const char *path, int64_t n, uint8_t out[RP_DIGEST_BYTES])
{
    enum { BLOCK = 1 << 20 };
    RP_AUTOFREE char *block = NULL;
    RP_AUTO(rp_digest) digest = NULL;
    RP_TRY(rp_alloc_raw(BLOCK, 1, &block));
    RP_TRY(rp_digest_new(NULL, &digest));
    for (int64_t at = 0, got; at < n; at += got) {
        RP_TRY(rp_read_at(fd, path, at, n - at < BLOCK ? n - at : BLOCK, block, &got));
        if (got == 0) break;
        rp_digest_add(digest, (size_t)got, block);
    }
    rp_digest_end(digest, out);
    return RP_OK;
}

/* Why the file is not what its trailer says; NULL if it is. */
static rp_status check_whole(const char *path, const char **why)
{
    rp_shard_trailer t = {0};
    rp_path_info info;
    uint8_t digest[RP_DIGEST_BYTES];
    int64_t got;
    RP_AUTOCLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    RP_SYS(fd >= 0, "shard '%s' cannot be opened", path);
    RP_TRY(rp_path_look(path, true, &info));
    *why = "it is too short";
    if (info.bytes < (int64_t)sizeof t) return RP_OK;
    RP_TRY(rp_read_at(fd, path, info.bytes - (int64_t)sizeof t, sizeof t, &t, &got));
    *why = "its trailer is missing or damaged, or the file was cut or grew";
    if (got < (int64_t)sizeof t || memcmp(t.magic, "RPSHARD1", 8) != 0 ||
        t.bytes != info.bytes - (int64_t)sizeof t)
        return RP_OK;
    RP_TRY(digest_front(fd, path, t.bytes, digest));
    *why = memcmp(digest, t.digest, sizeof digest) == 0 ? NULL : "its bytes do not fit its digest";
    return RP_OK;
}

static rp_status check_chunks(const rp_shard *s, int64_t i, finder *f)
{
    RP_SHARD_SCRATCH scratch = {0};
    for (int64_t k = 0; k < s->entry[i].info.chunks; k++) {
        const rp_status st = rp_shard_fetch(s, i, k, &scratch);
        if (st == RP_EDATA)
            found(f, rp_error_message());
        else
            RP_TRY(st);
    }
    return RP_OK;
}

static rp_status find_damage(const char *path, finder *f)
{
    RP_AUTO(rp_shard) s = NULL;
    const rp_status st = rp_shard_open(path, &s);
    if (st == RP_EDATA) {
        found(f, rp_error_message());
        return RP_OK;
    }
    RP_TRY(st);
    for (int64_t i = 0; i < s->count; i++) {
        const rp_shard_info *info;
        if (rp_shard_at(s, i, &info) != RP_OK)
            found(f, rp_error_message());
        else
            RP_TRY(check_chunks(s, i, f));
    }
    return RP_OK;
}

rp_status rp_shard_verify(const char *path, rp_damage_fn *damage, void *arg, int64_t *findings)
{
    finder f = {.damage = damage, .arg = arg};
    const char *why = NULL;
    RP_TRY(check_whole(path, &why));
    if (why) {
        RP_AUTOFREE char *line = NULL;
        RP_TRY(find_damage(path, &f));
        RP_TRY(rp_format(&line, "shard '%s': %s%s", path, why,
                         f.findings ? "" : ", outside of all chunks (metadata or padding)"));
        found(&f, line);
    }
    *findings = f.findings;
    return RP_OK;
}
