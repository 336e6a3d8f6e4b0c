/* lib/base/log.c - stderr and the events of a run. */
#include "lib/base/log.h"

#include "lib/base/clock.h"
#include "lib/base/text.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static struct {
    pthread_mutex_t lock;
    rp_log_level level;
    int rank;
    void (*sink)(void *arg, const char *line);
    void *arg;
} state = {.lock = PTHREAD_MUTEX_INITIALIZER, .level = RP_LOG_RUN, .rank = -1};

void rp_log_show(rp_log_level level, int rank)
{
    state.level = level;
    state.rank = rank;
}

void rp_log_sink(void (*sink)(void *arg, const char *line), void *arg)
{
    (void)pthread_mutex_lock(&state.lock);
    state.sink = sink;
    state.arg = arg;
    (void)pthread_mutex_unlock(&state.lock);
}

static void add_event(rp_text *t, rp_log_level level, const char *stage, const char *case_name,
                      const char *message)
{
    static const char *const name[] = {"error", "run", "step", "detail", "trace"};
    char when[24];
    rp_clock_text(rp_clock_utc(), when);
    rp_text_add(t, "{\"time\":\"%s\",\"level\":\"%s\",\"rank\":%d", when, name[level], state.rank);
    if (stage) {
        rp_text_add(t, ",\"stage\":");
        rp_text_add_json(t, stage);
    }
    if (case_name) {
        rp_text_add(t, ",\"case\":");
        rp_text_add_json(t, case_name);
    }
    rp_text_add(t, ",\"message\":");
    rp_text_add_json(t, message);
    rp_text_add(t, "}\n");
}

void rp_log(rp_log_level level, const char *stage, const char *case_name, const char *fmt, ...)
{
    char message[1024];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    (void)pthread_mutex_lock(&state.lock);
    const bool mine = level != RP_LOG_RUN || state.rank <= 0;
    if (level <= state.level && mine) (void)fprintf(stderr, "radpipe: %s\n", message);
    if (state.sink) {
        RP_TEXT_AUTO line = {0};
        add_event(&line, level, stage, case_name, message);
        if (line.status == RP_OK) state.sink(state.arg, rp_text_get(&line));
    }
    (void)pthread_mutex_unlock(&state.lock);
}

void rp_log_plain(const char *text)
{
    (void)pthread_mutex_lock(&state.lock);
    (void)fputs(text, stderr);
    (void)fflush(stderr);
    (void)pthread_mutex_unlock(&state.lock);
}

bool rp_log_is_terminal(void) { return isatty(STDERR_FILENO) == 1; }
