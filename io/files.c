/* io/files.c - reading files, looking at paths, making and listing folders. */
#include "io/atomic.h"
#include "io/sys_priv.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A pipe or device must neither block nor be read: opened without waiting, then looked at. */
static rp_status open_regular(const char *path, int *out, int64_t *bytes)
{
    RP_AUTOCLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    RP_SYS(fd >= 0, "'%s' cannot be opened", path);
    struct stat info;
    RP_SYS(fstat(fd, &info) == 0, "'%s' cannot be looked at", path);
    RP_NEED(S_ISREG(info.st_mode), RP_EARG, "'%s' is not a regular file", path);
    *bytes = info.st_size;
    *out = rp_fd_take(&fd);
    return RP_OK;
}

rp_status rp_file_read(const char *path, int64_t max_bytes, rp_text *out)
{
    RP_AUTOCLOSE int fd = -1;
    RP_AUTOFREE char *block = NULL;
    int64_t bytes = 0, got;
    RP_TRY(open_regular(path, &fd, &bytes));
    RP_NEED(bytes <= max_bytes, RP_EDATA,
            "'%s' has %" PRId64 " bytes, at most %" PRId64 " are read", path, bytes, max_bytes);
    RP_TRY(rp_alloc_raw(bytes, 1, &block));
    RP_TRY(rp_read_at(fd, path, 0, bytes, block, &got));
    RP_NEED(got == bytes, RP_EDATA, "'%s' had %" PRId64 " bytes, %" PRId64 " could be read", path,
            bytes, got);
    rp_text_add_bytes(out, bytes, block);
    return rp_text_status(out);
}

rp_status rp_file_digest(const char *path, uint8_t out[RP_DIGEST_BYTES])
{
    enum { BLOCK = 1 << 20 };
    RP_AUTOCLOSE int fd = -1;
    RP_AUTOFREE char *block = NULL;
    RP_AUTO(rp_digest) digest = NULL;
    int64_t bytes, got;
    RP_TRY(open_regular(path, &fd, &bytes));
    RP_TRY(rp_alloc_raw(BLOCK, 1, &block));
    RP_TRY(rp_digest_new(NULL, &digest));
    for (int64_t at = 0;; at += got) {
        RP_TRY(rp_read_at(fd, path, at, BLOCK, block, &got));
        if (got == 0) break;
        rp_digest_add(digest, (size_t)got, block);
    }
    rp_digest_end(digest, out);
    return RP_OK;
}

rp_status rp_file_remove(const char *path)
{
    RP_SYS(unlink(path) == 0, "'%s' cannot be removed", path);
    return RP_OK;
}

rp_status rp_path_remove_folder(const char *path)
{
    RP_SYS(rmdir(path) == 0, "folder '%s' cannot be removed", path);
    return RP_OK;
}

rp_status rp_path_look(const char *path, bool follow, rp_path_info *out)
{
    struct stat info;
    if ((follow ? stat(path, &info) : lstat(path, &info)) != 0) {
        RP_SYS(errno == ENOENT || errno == ENOTDIR || errno == ELOOP, "'%s' cannot be looked at",
               path);
        *out = (rp_path_info){.kind = RP_PATH_NONE};
        return RP_OK;
    }
    const mode_t m = info.st_mode;
    *out = (rp_path_info){.kind = S_ISREG(m)   ? RP_PATH_FILE
                                  : S_ISDIR(m) ? RP_PATH_FOLDER
                                  : S_ISLNK(m) ? RP_PATH_LINK
                                               : RP_PATH_OTHER,
                          .bytes = info.st_size,
                          .changed_ns =
                              (int64_t)info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec,
                          .device = info.st_dev,
                          .inode = info.st_ino};
    return RP_OK;
}

bool rp_path_is_readable(const char *path)
{
    return faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) == 0;
}

static rp_status make_folder(const char *path, mode_t mode)
{
    RP_AUTOFREE char *part = NULL;
    RP_NEED(*path, RP_EARG, "a folder without a name");
    RP_TRY(rp_copy_text(path, &part));
    for (char *p = part + 1;; p++) {
        if (*p && *p != '/') continue;
        const char end = *p;
        *p = 0;
        struct stat info;
        if (mkdir(part, end ? 0777 : mode) != 0) {
            const int err = errno;
            /* What is there already is fine, also on a read-only file system, if it is a folder. */
            const bool is_there = stat(part, &info) == 0 && S_ISDIR(info.st_mode);
            errno = err;
            RP_SYS(is_there, "folder '%s' cannot be made", part);
        }
        *p = end;
        if (!end) return RP_OK;
    }
}

rp_status rp_path_make_folder(const char *path) { return make_folder(path, 0777); }

rp_status rp_path_make_private(const char *path)
{
    RP_TRY(make_folder(path, 0700));
    RP_SYS(chmod(path, 0700) == 0, "folder '%s' cannot be made private", path);
    return RP_OK;
}

rp_status rp_path_join(const char *folder, const char *name, char **out)
{
    const size_t n = strlen(folder);
    if (n == 0 || name[0] == '/') return rp_copy_text(name, out);
    return rp_format(out, "%s%s%s", folder, folder[n - 1] == '/' ? "" : "/", name);
}

void rp_names_drop(rp_names **names)
{
    if (!*names) return;
    for (int64_t i = 0; i < (*names)->count; i++) rp_free((*names)->name[i]);
    rp_free((*names)->name);
    rp_free(*names);
    *names = NULL;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static rp_status read_names(DIR *dir, const char *folder, rp_names *names)
{
    for (;;) {
        errno = 0;
        /* cppcheck-suppress readdirCalled ; each stream has one reader */
        const struct dirent *entry = readdir(dir);
        RP_SYS(entry || errno == 0, "folder '%s' cannot be read", folder);
        if (!entry) return RP_OK;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        RP_TRY(rp_grow(names->count + 1, sizeof *names->name, &names->capacity, &names->name));
        RP_TRY(rp_copy_text(entry->d_name, &names->name[names->count]));
        names->count++;
    }
}

rp_status rp_path_list(const char *folder, rp_names **out)
{
    RP_AUTO(rp_names) names = NULL;
    RP_TRY(rp_alloc(1, sizeof *names, &names));
    DIR *dir = opendir(folder);
    RP_SYS(dir, "folder '%s' cannot be opened", folder);
    const rp_status st = read_names(dir, folder, names);
    (void)closedir(dir);
    RP_TRY(st);
    if (names->count) qsort(names->name, (size_t)names->count, sizeof *names->name, by_bytes);
    *out = RP_TAKE(names);
    return RP_OK;
}
