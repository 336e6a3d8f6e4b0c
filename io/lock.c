/* io/lock.c - a lock on a file that a kill frees (flock). */
#include "io/atomic.h"
#include "io/sys_priv.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

struct rp_lock {
    int fd;
};

/* What the holder wrote about itself; for the message only. */
static void read_holder(int fd, size_t size, char out[])
{
    const ssize_t n = pread(fd, out, size - 1, 0);
    out[n > 0 ? n : 0] = 0;
    out[strcspn(out, "\n")] = 0;
    if (!*out) (void)snprintf(out, size, "another process");
}

static rp_status write_holder(int fd, const char *path)
{
    char host[65] = "", line[128];
    RP_SYS(gethostname(host, sizeof host - 1) == 0, "name of this host, for '%s'", path);
    const int n = snprintf(line, sizeof line, "process %ld on %s\n", (long)getpid(), host);
    RP_SYS(ftruncate(fd, 0) == 0, "lock '%s' cannot be written", path);
    return rp_write_all(fd, path, n, line);
}

rp_status rp_lock_take(const char *path, bool wait, rp_lock **out)
{
    RP_AUTO(rp_lock) lock = NULL;
    RP_TRY(rp_alloc(1, sizeof *lock, &lock));
    lock->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    RP_SYS(lock->fd >= 0, "lock '%s' cannot be opened", path);
    int rc;
    do rc = flock(lock->fd, LOCK_EX | (wait ? 0 : LOCK_NB));
    while (rc != 0 && errno == EINTR);
    if (rc != 0 && errno == EWOULDBLOCK) {
        char holder[128];
        read_holder(lock->fd, sizeof holder, holder);
        RP_FAIL(RP_EUSE, "'%s' is held by %s", path, holder);
    }
    RP_SYS(rc == 0, "lock '%s' cannot be taken", path);
    RP_TRY(write_holder(lock->fd, path));
    *out = RP_TAKE(lock);
    return RP_OK;
}

void rp_lock_drop(rp_lock **lock)
{
    if (!*lock) return;
    rp_close_at(&(*lock)->fd);
    rp_free(*lock);
    *lock = NULL;
}
