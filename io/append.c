/* io/append.c - files that grow by whole lines. */
#include "io/atomic.h"
#include "io/sys_priv.h"

#include <fcntl.h>
#include <unistd.h>

struct rp_append {
    int fd;
    char *path;
    rp_text line;
};

/* Cuts what stands behind the last newline. */
static rp_status cut_torn_line(int fd, const char *path)
{
    char block[4096];
    const off_t size = lseek(fd, 0, SEEK_END);
    RP_SYS(size >= 0, "'%s' cannot be measured", path);
    for (int64_t end = size; end > 0;) {
        const int64_t start = end > (int64_t)sizeof block ? end - (int64_t)sizeof block : 0;
        int64_t got;
        RP_TRY(rp_read_at(fd, path, start, end - start, block, &got));
        int64_t keep = got;
        while (keep > 0 && block[keep - 1] != '\n') keep--;
        if (keep > 0 || start == 0) {
            if (start + keep == size) return RP_OK;
            RP_SYS(ftruncate(fd, (off_t)(start + keep)) == 0, "'%s' cannot be cut back", path);
            return RP_OK;
        }
        end = start;
    }
    return RP_OK;
}

rp_status rp_append_open(const char *path, rp_append **out)
{
    RP_AUTO(rp_append) a = NULL;
    RP_TRY(rp_alloc(1, sizeof *a, &a));
    a->fd = -1;
    RP_TRY(rp_copy_text(path, &a->path));
    a->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    RP_SYS(a->fd >= 0, "'%s' cannot be opened for adding", path);
    RP_TRY(cut_torn_line(a->fd, path));
    *out = RP_TAKE(a);
    return RP_OK;
}

rp_status rp_append_line(rp_append *a, const char *line)
{
    const size_t n = strcspn(line, "\n");
    RP_NEED(!line[n] || !line[n + 1], RP_EARG, "'%s': a line with a line end inside", a->path);
    a->line.length = 0;
    rp_text_add_bytes(&a->line, (int64_t)n, line);
    rp_text_add_bytes(&a->line, 1, "\n");
    RP_TRY(rp_text_status(&a->line));
    return rp_write_all(a->fd, a->path, a->line.length, a->line.at);
}

rp_status rp_append_close(rp_append **a)
{
    if (!*a) return RP_OK;
    RP_AUTO(rp_append) mine = RP_TAKE(*a);
    RP_SYS(fsync(mine->fd) == 0, "'%s' cannot be flushed", mine->path);
    const int fd = mine->fd;
    mine->fd = -1;
    RP_SYS(close(fd) == 0, "'%s' cannot be closed", mine->path);
    return RP_OK;
}

void rp_append_drop(rp_append **a)
{
    if (!*a) return;
    rp_close_at(&(*a)->fd);
    rp_text_clear(&(*a)->line);
    rp_free((*a)->path);
    rp_free(*a);
    *a = NULL;
}
