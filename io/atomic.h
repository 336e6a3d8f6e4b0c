/* io/atomic.h - files and folders: written whole or not at all, grown by lines, locked, listed.
 *
 * 1. What is written once goes to a temporary name in the same folder, is flushed and renamed: a
 *    reader never sees half a file, and a failure leaves nothing behind.
 * 2. A full disk or quota is RP_ESPACE with the path and the bytes needed; other failing system
 *    calls are RP_EIO (RP_ENONE if there is no such file). */
#pragma once
#include "lib/base/digest.h"
#include "lib/base/text.h"

/* Writes n bytes as the file path, replacing what was there.  Local. */
RP_MUST rp_status rp_atomic_write(const char *path, int64_t n, const void *bytes);
/* Writes a text as FOLDER/NAME.  Errors: also what the text has kept. */
RP_MUST rp_status rp_atomic_publish(const char *folder, const char *name, const rp_text *text);
/* As rp_atomic_write, readable by its owner alone (mode 0600): keys, pseudonym maps. */
RP_MUST rp_status rp_atomic_write_private(const char *path, int64_t n, const void *bytes);
/* For writers that open the file themselves: a temporary name beside path, unique to this process
 * and host.  Owned by the caller. */
RP_MUST rp_status rp_atomic_name(const char *path, char **temporary);
/* Flushes the temporary file, renames it to path, flushes the folder.  On failure the temporary
 * file is removed. */
RP_MUST rp_status rp_atomic_finish(const char *temporary, const char *path);
/* Removes temporary files that killed writers left in a folder; the caller holds its lock. */
RP_MUST rp_status rp_atomic_sweep(const char *folder);

/* Appends the whole file to out.  Errors: RP_EDATA if it is longer than max_bytes; RP_EARG if it is
 * not a regular file. */
RP_MUST rp_status rp_file_read(const char *path, int64_t max_bytes, rp_text *out);
/* BLAKE2b-256 of the file's bytes. */
RP_MUST rp_status rp_file_digest(const char *path, uint8_t out[RP_DIGEST_BYTES]);
RP_MUST rp_status rp_file_remove(const char *path);
/* Removes an empty folder. */
RP_MUST rp_status rp_path_remove_folder(const char *path);

typedef enum rp_path_kind {
    RP_PATH_NONE, /* not there */
    RP_PATH_FILE,
    RP_PATH_FOLDER,
    RP_PATH_LINK,
    RP_PATH_OTHER, /* device, pipe, socket */
} rp_path_kind;

typedef struct rp_path_info {
    rp_path_kind kind;
    int64_t bytes, changed_ns; /* size; time of last change, for 'same as before' only */
    uint64_t device, inode;    /* what a loop of links or mounts is noticed by */
} rp_path_info;
/* What stands at path, links not followed; follow: where links lead.  A path that is not there is
 * RP_OK with RP_PATH_NONE.  Errors: RP_EIO (permission included). */
RP_MUST rp_status rp_path_look(const char *path, bool follow, rp_path_info *out);
/* May this process read it? */
bool rp_path_is_readable(const char *path);
/* Makes the folder and those above it; what is there already is fine. */
RP_MUST rp_status rp_path_make_folder(const char *path);
/* The same, the last one with mode 0700 (set even if it was there). */
RP_MUST rp_status rp_path_make_private(const char *path);
/* "a" and "b/c" give "a/b/c"; an absolute name stays as it is.  Owned by the caller. */
RP_MUST rp_status rp_path_join(const char *folder, const char *name, char **out);

typedef struct rp_names {
    int64_t count, capacity;
    char **name;
} rp_names;
void rp_names_drop(rp_names **names);
/* Names in a folder, without . and .., in byte order.  Owned by the caller. */
RP_MUST rp_status rp_path_list(const char *folder, rp_names **out);

/* A file that grows by whole lines; one writer.  A last line without its end (a kill) is cut off
 * when the file is opened. */
typedef struct rp_append rp_append;
RP_MUST rp_status rp_append_open(const char *path, rp_append **out);
/* Adds the line in one write, with a newline unless it ends in one. */
RP_MUST rp_status rp_append_line(rp_append *a, const char *line);
/* Flushes and closes; *a is NULL afterwards, whatever the result. */
RP_MUST rp_status rp_append_close(rp_append **a);
/* As rp_append_close for early returns; its failure is not reported. */
void rp_append_drop(rp_append **a);

/* A lock on a file (made if absent), freed by drop, exit or kill.
 * wait false: RP_EUSE, naming the holder, if another process has it. */
typedef struct rp_lock rp_lock;
RP_MUST rp_status rp_lock_take(const char *path, bool wait, rp_lock **out);
void rp_lock_drop(rp_lock **lock);
