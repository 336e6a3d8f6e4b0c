/* bench/fma_rate.c - multiply-adds in the widest vectors that there are. */
#include "bench/fma_rate.h"

double rp_fma_work(int64_t steps)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) return rp_fma_work_avx512(steps);
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return rp_fma_work_avx2(steps);
#endif
    return rp_fma_work_plain(steps);
}

double rp_fma_work_plain(int64_t steps)
{
    volatile float keep;
    float a[8] = {0};
    for (int64_t i = 0; i < steps; i++)
        for (int k = 0; k < 8; k++) a[k] = a[k] * 0.5f + 1.0f;
    for (int k = 0; k < 8; k++) keep = a[k];
    (void)keep;
    return 16.0 * (double)steps;
}
