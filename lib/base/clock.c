/* lib/base/clock.c - time. */
#include "lib/base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static double seconds_of(clockid_t id)
{
    struct timespec t;
    if (clock_gettime(id, &t) != 0) return 0;
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double rp_clock_now(void) { return seconds_of(CLOCK_MONOTONIC); }

double rp_clock_utc(void) { return seconds_of(CLOCK_REALTIME); }

double rp_clock_cpu(void) { return seconds_of(CLOCK_PROCESS_CPUTIME_ID); }

void rp_clock_text(double utc, char out[24])
{
    const time_t t = (time_t)utc;
    struct tm parts;
    if (!gmtime_r(&t, &parts) || strftime(out, 24, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
        memcpy(out, "?", 2);
}

void rp_clock_sleep(double seconds)
{
    struct timespec t = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    (void)nanosleep(&t, NULL);
}

void rp_clock_duration(double seconds, char out[32])
{
    const long s = seconds > 0 ? (long)(seconds + 0.5) : 0;
    if (s < 60)
        (void)snprintf(out, 32, "%ld s", s);
    else if (s < 3600)
        (void)snprintf(out, 32, "%ld min %02ld s", s / 60, s % 60);
    else if (s < 86400)
        (void)snprintf(out, 32, "%ld h %02ld min", s / 3600, s % 3600 / 60);
    else
        (void)snprintf(out, 32, "%ld d %02ld h", s / 86400, s % 86400 / 3600);
}
