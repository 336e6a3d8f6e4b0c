/* io/atomic.c - files written whole or not at all. */
#include "io/atomic.h"
#include "io/sys_priv.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define MARK ".tmp."

rp_status rp_atomic_name(const char *path, char **temporary)
{
    char host[65] = "";
    RP_SYS(gethostname(host, sizeof host - 1) == 0, "name of this host, for '%s'", path);
    for (char *c = host; *c; c++)
        if (*c == '/' || *c == '.') *c = '-';
    return rp_format(temporary, "%s" MARK "%s.%ld", path, host, (long)getpid());
}

rp_status rp_atomic_finish(const char *temporary, const char *path)
{
    RP_AUTOCLOSE int fd = open(temporary, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0 || rename(temporary, path) != 0) {
        const int err = errno;
        struct stat info = {0};
        if (fd >= 0) (void)fstat(fd, &info);
        (void)unlink(temporary);
        return rp_error_set(rp_errno_status(err), __FILE__, __LINE__, __func__,
                            "'%s': %jd bytes cannot be finished: %s", path, (intmax_t)info.st_size,
                            rp_errno_words(err));
    }
    /* cppcheck-suppress resourceLeak ; closed by its cleanup */
    return rp_sync_folder_of(path);
}

static rp_status fill(const char *temporary, const char *path, mode_t mode, int64_t n,
                      const void *bytes)
{
    RP_AUTOCLOSE int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    RP_SYS(fd >= 0, "'%s' cannot be made", path);
    RP_TRY(rp_write_all(fd, path, n, bytes));
    /* A full disk or quota may be told at close only. */
    RP_SYS(close(rp_fd_take(&fd)) == 0, "'%s': %" PRId64 " bytes cannot be written", path, n);
    return RP_OK;
}

static rp_status write_whole(const char *path, mode_t mode, int64_t n, const void *bytes)
{
    RP_AUTOFREE char *temporary = NULL;
    RP_TRY(rp_atomic_name(path, &temporary));
    const rp_status st = fill(temporary, path, mode, n, bytes);
    if (st != RP_OK) {
        (void)unlink(temporary);
        return st;
    }
    RP_TRY(rp_atomic_finish(temporary, path));
    return RP_OK;
}

rp_status rp_atomic_write(const char *path, int64_t n, const void *bytes)
{
    return write_whole(path, 0666, n, bytes);
}

rp_status rp_atomic_write_private(const char *path, int64_t n, const void *bytes)
{
    return write_whole(path, 0600, n, bytes);
}

rp_status rp_atomic_publish(const char *folder, const char *name, const rp_text *text)
{
    RP_AUTOFREE char *path = NULL;
    RP_TRY(rp_text_status(text));
    RP_TRY(rp_path_join(folder, name, &path));
    return rp_atomic_write(path, text->length, rp_text_get(text));
}

/* Ours end in the mark, a host without dots, a dot and digits. */
static bool is_temporary(const char *name)
{
    const char *mark = NULL;
    for (const char *p = name; (p = strstr(p, MARK)); p++) mark = p;
    if (!mark || mark == name) return false;
    const char *dot = strchr(mark + strlen(MARK), '.');
    return dot && dot[1] && strspn(dot + 1, "0123456789") == strlen(dot + 1);
}

rp_status rp_atomic_sweep(const char *folder)
{
    RP_AUTO(rp_names) names = NULL;
    RP_TRY(rp_path_list(folder, &names));
    for (int64_t i = 0; i < names->count; i++) {
        if (!is_temporary(names->name[i])) continue;
        RP_AUTOFREE char *path = NULL;
        RP_TRY(rp_path_join(folder, names->name[i], &path));
        RP_TRY(rp_file_remove(path));
    }
    return RP_OK;
}
