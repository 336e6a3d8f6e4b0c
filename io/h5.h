/* io/h5.h - one door to HDF5: its lock, its silence, its words as our messages.
 *
 * 1. HDF5 is not thread-safe: every H5 call of the process stands between rp_h5_enter and
 *    rp_h5_leave.  Use RP_H5_SCOPE at the top of a function; the lock does not nest.
 * 2. Its error stack is never printed; RP_H5 turns a failing call into a status whose message ends
 * in HDF5's innermost words. */
#pragma once
#include "lib/base/status.h"

/* Takes the lock and clears errno; the first time, silences the error stack and registers the zstd
 * filter. */
void rp_h5_enter(void);
void rp_h5_leave(void);
void rp_h5_leave_at(int *scope);
#define RP_H5_SCOPE                                                                                \
    __attribute__((cleanup(rp_h5_leave_at), unused)) int rp_h5_scope_ = (rp_h5_enter(), 0)

/* Fails with code and "what: HDF5's words"; empties HDF5's error stack.  RP_EIO becomes RP_ESPACE
 * where errno says that the disk is full. */
rp_status rp_h5_failed(rp_status code, const char *file, int line, const char *func,
                       const char *fmt, ...) RP_PRINTF(5, 6);
/* RP_H5(id = H5Fopen(...), RP_EDATA, "shard '%s'", path): fails if the value is negative. */
#define RP_H5(call, code, ...)                                                                     \
    do {                                                                                           \
        if ((call) < 0) return rp_h5_failed((code), __FILE__, __LINE__, __func__, __VA_ARGS__);    \
    } while (0)
