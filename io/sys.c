/* io/sys.c - failing system calls as statuses, whole reads and writes. */
#include "io/sys_priv.h"

#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

const char *rp_errno_words(int err)
{
    const char *words = strerrordesc_np(err);
    return words ? words : "unknown error";
}

void rp_close_at(int *fd)
{
    if (*fd >= 0) (void)close(*fd);
}

rp_status rp_write_all(int fd, const char *path, int64_t n, const void *bytes)
{
    const char *at = bytes;
    for (int64_t left = n; left > 0;) {
        const size_t part = left < (1 << 30) ? (size_t)left : (size_t)1 << 30;
        const ssize_t done = write(fd, at, part);
        if (done < 0 && errno == EINTR) continue;
        RP_SYS(done > 0, "'%s': %" PRId64 " bytes cannot be written", path, n);
        at += done;
        left -= done;
    }
    return RP_OK;
}

rp_status rp_read_at(int fd, const char *path, int64_t offset, int64_t n, void *bytes, int64_t *got)
{
    int64_t have = 0;
    while (have < n) {
        const size_t part = n - have < (1 << 30) ? (size_t)(n - have) : (size_t)1 << 30;
        const ssize_t done = pread(fd, (char *)bytes + have, part, (off_t)(offset + have));
        if (done < 0 && errno == EINTR) continue;
        RP_SYS(done >= 0, "'%s' cannot be read", path);
        if (done == 0) break;
        have += done;
    }
    *got = have;
    return RP_OK;
}

rp_status rp_sync_folder_of(const char *path)
{
    RP_AUTOFREE char *folder = NULL;
    RP_TRY(rp_copy_text(path, &folder));
    char *cut = strrchr(folder, '/');
    if (cut) cut[cut == folder] = 0;
    RP_AUTOCLOSE int fd = open(cut ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    RP_SYS(fd >= 0, "folder of '%s' cannot be opened", path);
    /* Some network file systems cannot flush a folder and say EINVAL: they keep it by themselves.
     */
    RP_SYS(fsync(fd) == 0 || errno == EINVAL, "folder of '%s' cannot be flushed", path);
    return RP_OK;
}
