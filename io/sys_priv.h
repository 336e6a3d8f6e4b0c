/* io/sys_priv.h - failing system calls as statuses, whole reads and writes. */
#pragma once
#include "lib/base/mem.h"

#include <errno.h>
#include <string.h>

/* RP_SYS(close(fd) == 0, "'%s' cannot be closed", path): on failure the message ends in the
 * system's words and the code follows from errno. */
#define RP_SYS(ok, fmt, ...)                                                                       \
    do {                                                                                           \
        if (!(ok)) {                                                                               \
            const int rp_errno_ = errno;                                                           \
            RP_FAIL(rp_errno_status(rp_errno_), fmt ": %s", __VA_ARGS__,                           \
                    rp_errno_words(rp_errno_));                                                    \
        }                                                                                          \
    } while (0)
const char *rp_errno_words(int err);
/* Code of a failure, never RP_OK, whatever errno holds. */
static inline rp_status rp_errno_status(int err)
{
    const rp_status st = rp_error_errno(err);
    return st == RP_OK ? RP_EIO : st;
}

/* All n bytes, whatever the interrupts and short counts. */
RP_MUST rp_status rp_write_all(int fd, const char *path, int64_t n, const void *bytes);
/* Bytes read at offset into *got: fewer than n only at the end of the file. */
RP_MUST rp_status rp_read_at(int fd, const char *path, int64_t offset, int64_t n, void *bytes,
                             int64_t *got);
/* Flushes the folder that holds path, so that a rename lasts. */
RP_MUST rp_status rp_sync_folder_of(const char *path);

/* RP_AUTOCLOSE int fd = -1;  closes at the end of the scope. */
#define RP_AUTOCLOSE __attribute__((cleanup(rp_close_at)))
void rp_close_at(int *fd);
/* The descriptor, handed on: the scope's end closes nothing. */
static inline int rp_fd_take(int *fd)
{
    const int taken = *fd;
    *fd = -1;
    return taken;
}
