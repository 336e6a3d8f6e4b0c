/* pipeline/program.c - signals, progress, cores. */
#include "pipeline/program.h"

#include "cohort/work.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"

#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *rp_program_version(void) { return "radpipe " RP_VERSION; }

static volatile sig_atomic_t asked;
static double deadline;

static void on_signal(int number)
{
    if (number == SIGINT && asked) _exit(130);
    asked = 1;
}

/* A crash is noted, then takes its course. */
static void on_crash(int number)
{
    rp_work_crashed();
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

void rp_signals_watch(void)
{
    struct sigaction crash = {.sa_handler = on_crash, .sa_flags = SA_NODEFER};
    (void)sigemptyset(&crash.sa_mask);
    static const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGABRT};
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++)
        (void)sigaction(fatal[i], &crash, NULL);
    struct sigaction a = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    (void)sigemptyset(&a.sa_mask);
    (void)sigaction(SIGUSR1, &a, NULL);
    (void)sigaction(SIGTERM, &a, NULL);
    (void)sigaction(SIGINT, &a, NULL);
}

void rp_signals_deadline(double seconds) { deadline = seconds > 0 ? rp_clock_now() + seconds : 0; }

bool rp_signals_stop(void *unused)
{
    (void)unused;
    return asked || (deadline > 0 && rp_clock_now() > deadline);
}

static struct {
    rp_show how;
    double last, started;
    char title[80];
    bool open;
} line;

void rp_progress_show(rp_show how) { line.how = how; }

void rp_progress_end(void)
{
    if (line.open) rp_log_plain("\n");
    line.open = false;
    line.title[0] = 0;
}

static void write_line(const char *title, const char *detail, double share, double left,
                       bool terminal)
{
    char duration[32], text[400];
    rp_clock_duration(left, duration);
    if (line.how == RP_SHOW_JSON) {
        RP_TEXT_AUTO t = {0};
        rp_text_add(&t, "{\"title\":");
        rp_text_add_json(&t, title);
        rp_text_add(&t, ",\"share\":%.4f,\"seconds_left\":%.0f,\"detail\":", share, left);
        rp_text_add_json(&t, detail);
        rp_text_add(&t, "}\n");
        rp_log_plain(rp_text_get(&t));
        return;
    }
    (void)snprintf(text, sizeof text, "%s%s: %3.0f %%%s%s, %s left%s",
                   terminal ? "\r\033[K" : "radpipe: ", title, 100 * share, detail[0] ? ", " : "",
                   detail, duration, terminal ? "" : "\n");
    rp_log_plain(text);
    line.open = terminal;
}

void rp_progress_line(const char *title, const char *detail, double share, double seconds_left)
{
    if (line.how == RP_SHOW_QUIET) return;
    const double now = rp_clock_now();
    const bool terminal = line.how == RP_SHOW_NORMAL && rp_log_is_terminal(),
               begins = strcmp(title, line.title) != 0;
    if (begins) {
        rp_progress_end();
        rp_text_fit(line.title, sizeof line.title, title);
        line.started = now;
        line.last = terminal ? 0 : now; /* a log hears of long work only */
    }
    if (now - line.last < (terminal ? 0.2 : 60) && !(terminal && share >= 1)) return;
    line.last = now;
    const double left = seconds_left >= 0 ? seconds_left
                        : share > 0       ? (now - line.started) * (1 - share) / share
                                          : 0;
    write_line(title, detail, share, left, terminal);
    if (terminal && share >= 1) rp_progress_end();
}

int rp_program_cores(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) return CPU_COUNT(&set);
    return (int)sysconf(_SC_NPROCESSORS_ONLN);
}

void rp_progress_tasks(const char *title, int64_t done, int64_t tasks, double share)
{
    char detail[60];
    (void)snprintf(detail, sizeof detail, "%" PRId64 " of %" PRId64, done, tasks);
    rp_progress_line(title, detail, share, -1);
}
