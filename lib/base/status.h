/* lib/base/status.h - errors as values: a code for the program, a message for the person,
 * a trail for the developer.
 *
 * 1. A function that can fail returns rp_status and is marked RP_MUST.
 * 2. The message is set where the failure is first seen; nobody above overwrites it.
 * 3. Message and trail are thread-local; rp_error_take and rp_error_put carry them across threads.
 */
#pragma once
#include <stddef.h>

/* X(code, exit code of the program, text) */
#define RP_STATUS_LIST(X)                                                                          \
    X(OK, 0, "no error")                                                                           \
    X(EARG, 1, "wrong argument")                                                                   \
    X(EUSE, 2, "wrong use: command line, job file or settings")                                    \
    X(EDATA, 3, "data that are damaged or not what they say")                                      \
    X(EUNSUP, 3, "data of a kind that is not supported")                                           \
    X(ENONE, 4, "no such thing")                                                                   \
    X(ENUM, 5, "number that is not finite")                                                        \
    X(EMEM, 71, "out of memory")                                                                   \
    X(EIO, 74, "input or output failed")                                                           \
    X(ESPACE, 73, "no space left on the device")                                                   \
    X(EPEER, 76, "another rank failed")                                                            \
    X(ESTOP, 75, "stopped early; start again to go on")                                            \
    X(EHANG, 70, "no progress")                                                                    \
    X(EBUG, 70, "broken invariant")

typedef enum rp_status {
#define RP_STATUS_ROW(code, exit_code, text) RP_##code,
    RP_STATUS_LIST(RP_STATUS_ROW)
#undef RP_STATUS_ROW
        RP_STATUS_COUNT
} rp_status;

#define RP_MUST __attribute__((warn_unused_result))
#define RP_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* Text of a code; exit code of the program for it. */
const char *rp_status_text(rp_status st);
int rp_status_exit(rp_status st);

/* Message of this thread's last failure ("" if none), and the frames that it passed. */
const char *rp_error_message(void);
const char *rp_error_trail(void);

/* Starts a failure here: sets the message, starts the trail.  Returns st. */
rp_status rp_error_set(rp_status st, const char *file, int line, const char *func, const char *fmt,
                       ...) RP_PRINTF(5, 6);
/* Puts "context: " in front of this thread's message: for the caller that knows which file, case
 * or row it was.  Returns st. */
rp_status rp_error_within(rp_status st, const char *fmt, ...) RP_PRINTF(2, 3);
/* Adds a frame to the trail.  Returns st. */
rp_status rp_error_frame(rp_status st, const char *file, int line, const char *func);
/* Code for a failed system call (ENOSPC and EDQUOT: ESPACE, ENOMEM: EMEM, ENOENT: ENONE, else EIO).
 */
rp_status rp_error_errno(int err);

/* A failure as a value, to hand from one thread to another.  Holds its text; no memory behind it.
 */
typedef struct rp_error {
    rp_status status;
    char message[480];
    char trail[480];
} rp_error;
void rp_error_take(rp_status st, rp_error *out);
rp_status rp_error_put(const rp_error *err);

/* Ends the run when something that we can prove does not hold.  mpi/ sets the hook to abort all
 * ranks; without a hook abort() is called. */
extern void (*rp_abort_hook)(const char *why);
_Noreturn void rp_assert_failed(const char *expr, const char *file, int line);

#define RP_FAIL(code, ...)                                                                         \
    do {                                                                                           \
        (void)rp_error_set((code), __FILE__, __LINE__, __func__, __VA_ARGS__);                     \
        return (code);                                                                             \
    } while (0)
#define RP_NEED(cond, code, ...)                                                                   \
    do {                                                                                           \
        if (!(cond)) RP_FAIL(code, __VA_ARGS__);                                                   \
    } while (0)
#define RP_TRY(call)                                                                               \
    do {                                                                                           \
        rp_status rp_st_ = (call);                                                                 \
        if (rp_st_ != RP_OK) {                                                                     \
            (void)rp_error_frame(rp_st_, __FILE__, __LINE__, __func__);                            \
            return rp_st_;                                                                         \
        }                                                                                          \
    } while (0)
/* As RP_TRY, and puts a context in front of the message. */
#define RP_TRY_IN(call, ...)                                                                       \
    do {                                                                                           \
        rp_status rp_st_ = (call);                                                                 \
        if (rp_st_ != RP_OK) {                                                                     \
            (void)rp_error_frame(rp_st_, __FILE__, __LINE__, __func__);                            \
            (void)rp_error_within(rp_st_, __VA_ARGS__);                                            \
            return rp_st_;                                                                         \
        }                                                                                          \
    } while (0)
#define RP_ASSERT(expr) ((expr) ? (void)0 : rp_assert_failed(#expr, __FILE__, __LINE__))
