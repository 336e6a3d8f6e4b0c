/* bench/harness.h - programs that tools/bench runs beside their peers: servers of one step a line.
 *
 * A server makes itself ready, runs once, and prints "ready VALUE": VALUE is what a peer on the
 * same data must find too.  Then, for each line on standard input, it runs a step and prints
 * "SECONDS PEAK_MIB".  At the end of the input it ends.  So a program and its peers take turns step
 * by step, and each has a peak of its own. */
#pragma once
#include "lib/base/mem.h"

/* One step.  value: what the step found. */
typedef rp_status rp_bench_step(void *arg, double *value);
/* Serves until the end of the input.  Returns an exit code; failures go to standard error. */
int rp_bench_serve(rp_bench_step *step, void *arg);
/* Prints a failure and returns its exit code. */
int rp_bench_fail(rp_status st);

/* Median of n numbers, n >= 1; sorts them. */
/* Largest resident size of this process, or of a child that has ended, so far, MiB. */
double rp_bench_peak(void);
/* Multiply-adds of one thread in this processor's widest vectors, in GFLOP/s (2 a multiply-add);
 * by CPU time, best of several short runs. */
double rp_bench_fma_rate(void);
