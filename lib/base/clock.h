/* lib/base/clock.h - time, for progress, logs and deadlines only: no result may depend on it. */
#pragma once
#include "lib/base/mem.h"
#include <stdint.h>

/* Seconds of a clock that never goes back. */
double rp_clock_now(void);
/* Seconds since 1970, UTC. */
double rp_clock_utc(void);
/* "2026-01-31T23:59:59Z" */
void rp_clock_text(double utc, char out[24]);
/* Seconds of CPU time of this process. */
double rp_clock_cpu(void);
void rp_clock_sleep(double seconds);
/* "4 s", "12 min 3 s", "5 h 7 min": how people read a duration. */
void rp_clock_duration(double seconds, char out[32]);
