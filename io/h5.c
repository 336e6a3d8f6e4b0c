/* io/h5.c - one door to HDF5: its lock, its silence, its words as our messages. */
#include "io/h5_priv.h"
#include "io/h5zstd_codec.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { WORDS = 160 };

/* HDF5 is one for the whole process; so is its lock. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool is_started;

void rp_h5_enter(void)
{
    (void)pthread_mutex_lock(&lock);
    errno = 0;
    if (is_started) return;
    is_started = true;
    (void)H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    (void)H5Zregister(&rp_h5zstd_class);
}

void rp_h5_leave(void) { (void)pthread_mutex_unlock(&lock); }

void rp_h5_leave_at(int *scope)
{
    (void)scope;
    rp_h5_leave();
}

/* The innermost words, without the details behind a line's end (times, names that we give). */
static herr_t first_words(unsigned n, const H5E_error2_t *error, void *out)
{
    char *words = out;
    if (n != 0 || !error->desc) return 0;
    (void)snprintf(words, WORDS, "%s", error->desc);
    words[strcspn(words, "\n")] = 0;
    char *detail = strstr(words, ": time =");
    if (detail) *detail = 0;
    return 0;
}

/* Failures that say nothing about the data. */
static bool is_machine(int err)
{
    return err == EIO || err == ESTALE || err == ETIMEDOUT || err == ENODEV || err == ENXIO ||
           err == EREMOTEIO || err == ENOMEM || err == EMFILE || err == ENFILE || err == EACCES;
}

rp_status rp_h5_failed(rp_status code, const char *file, int line, const char *func,
                       const char *fmt, ...)
{
    const int err = errno;
    const bool is_full = rp_error_errno(err) == RP_ESPACE;
    if (is_full) code = RP_ESPACE;
    if (code == RP_EDATA && is_machine(err)) code = RP_EIO;
    char what[400], words[WORDS] = "HDF5 says no more";
    va_list args;
    (void)H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, first_words, words);
    (void)H5Eclear2(H5E_DEFAULT);
    va_start(args, fmt);
    (void)vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    return rp_error_set(code, file, line, func, "%s: %s%s", what, words,
                        is_full ? " (no space left on the device)" : "");
}

void rp_h5_close_at(hid_t *id)
{
    if (*id >= 0) (void)H5Idec_ref(*id);
}

rp_status rp_h5_access(hid_t *out)
{
    RP_H5_AUTO fapl = H5Pcreate(H5P_FILE_ACCESS);
    RP_H5(fapl, RP_EIO, "properties of HDF5 access");
    RP_H5(H5Pset_libver_bounds(fapl, H5F_LIBVER_V110, H5F_LIBVER_V110), RP_EIO, "HDF5 1.10 format");
    RP_H5(H5Pset_fclose_degree(fapl, H5F_CLOSE_STRONG), RP_EIO, "HDF5 close degree");
    /* Our files are written under a temporary name and never changed: no lock, which some parallel
     * file systems lack. */
    RP_H5(H5Pset_file_locking(fapl, false, true), RP_EIO, "HDF5 file locking");
    *out = rp_h5_take(&fapl);
    return RP_OK;
}

rp_status rp_h5_file_new(const char *path, hid_t fapl, hid_t *out)
{
    RP_H5_AUTO fcpl = H5Pcreate(H5P_FILE_CREATE);
    RP_H5(fcpl, RP_EIO, "properties of an HDF5 file");
    RP_H5(H5Pset_obj_track_times(fcpl, false), RP_EIO, "HDF5 times");
    hid_t file;
    RP_H5(file = H5Fcreate(path, H5F_ACC_TRUNC, fcpl, fapl), RP_EIO, "'%s' cannot be made", path);
    *out = file;
    return RP_OK;
}

static rp_status make_group(hid_t file, const char *path)
{
    const htri_t there = H5Lexists(file, path, H5P_DEFAULT);
    RP_H5(there, RP_EIO, "group '%s'", path);
    if (there) return RP_OK;
    RP_H5_AUTO gcpl = H5Pcreate(H5P_GROUP_CREATE);
    RP_H5(gcpl, RP_EIO, "properties of a group");
    RP_H5(H5Pset_obj_track_times(gcpl, false), RP_EIO, "HDF5 times");
    RP_H5_AUTO group = H5Gcreate2(file, path, H5P_DEFAULT, gcpl, H5P_DEFAULT);
    RP_H5(group, RP_EIO, "group '%s' cannot be made", path);
    return RP_OK;
}

rp_status rp_h5_groups(hid_t file, const char *dataset)
{
    RP_AUTOFREE char *part = NULL;
    const size_t n = strlen(dataset);
    RP_NEED(dataset[0] == '/' && n > 1 && dataset[n - 1] != '/' && !strstr(dataset, "//") &&
                !strstr(dataset, "/./"),
            RP_EARG, "'%s' is no name of a dataset", dataset);
    RP_TRY(rp_copy_text(dataset, &part));
    for (char *p = strchr(part + 1, '/'); p; p = strchr(p + 1, '/')) {
        *p = 0;
        RP_TRY(make_group(file, part));
        *p = '/';
    }
    return RP_OK;
}

hid_t rp_h5_array_type(rp_array_type t)
{
    switch (t) {
    case RP_ARRAY_U8: return H5T_STD_U8LE;
    case RP_ARRAY_I64: return H5T_STD_I64LE;
    case RP_ARRAY_F32: return H5T_IEEE_F32LE;
    case RP_ARRAY_F64: return H5T_IEEE_F64LE;
    case RP_ARRAY_TYPE_COUNT: break;
    }
    return -1;
}
