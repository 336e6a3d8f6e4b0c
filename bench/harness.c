/* bench/harness.c - what the benchmark programs share. */
#include "bench/harness.h"

#include "bench/fma_rate.h"
#include "lib/base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

int rp_bench_fail(rp_status st)
{
    fprintf(stderr, "bench: %s\n", rp_error_message());
    return rp_status_exit(st);
}

double rp_bench_peak(void)
{
    char line[256];
    double kib = 0;
    FILE *f = fopen("/proc/self/status", "r");
    if (!f) return 0;
    while (fgets(line, sizeof line, f))
        if (strncmp(line, "VmHWM:", 6) == 0) kib = strtod(line + 6, NULL);
    (void)fclose(f);
    struct rusage children;
    if (getrusage(RUSAGE_CHILDREN, &children) == 0 && (double)children.ru_maxrss > kib)
        kib = (double)children.ru_maxrss;
    return kib / 1024;
}

int rp_bench_serve(rp_bench_step *step, void *arg)
{
    double value;
    const rp_status st = step(arg, &value);
    if (st != RP_OK) return rp_bench_fail(st);
    printf("ready %.9g\n", value);
    (void)fflush(stdout);
    char line[256];
    while (fgets(line, sizeof line, stdin)) {
        const double start = rp_clock_now();
        const rp_status now = step(arg, &value);
        const double seconds = rp_clock_now() - start;
        if (now != RP_OK) return rp_bench_fail(now);
        printf("%.9g %.1f\n", seconds, rp_bench_peak());
        (void)fflush(stdout);
    }
    return 0;
}

double rp_bench_fma_rate(void)
{
    double best = 0;
    for (int i = 0; i < 5; i++) {
        const double start = rp_clock_cpu();
        const double flops = rp_fma_work(20000000);
        const double rate = flops / (rp_clock_cpu() - start) / 1e9;
        if (rate > best) best = rate;
    }
    return best;
}
