/* lib/image/fft.c - Fourier transforms of volumes, in double. */
#include "lib/image/fft.h"

#include <fftw3.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>

/* Guards the planner, which FFTW shares between all callers of a process. */
static pthread_mutex_t planner = PTHREAD_MUTEX_INITIALIZER;

int64_t rp_fft_size(int64_t n)
{
    static const int64_t prime[] = {2, 3, 5, 7};
    for (;; n++) {
        int64_t rest = n < 1 ? 1 : n;
        for (int i = 0; i < 4; i++)
            while (rest % prime[i] == 0) rest /= prime[i];
        if (rest == 1) return n < 1 ? 1 : n;
    }
}

int64_t rp_fft_half(const int64_t n[3]) { return n[0] * n[1] * (n[2] / 2 + 1); }

typedef enum direction { REAL, REAL_BACK, COMPLEX, COMPLEX_BACK, EVEN } direction;

static rp_status transform(const int64_t n[3], direction d, double in[], double out[])
{
    for (int a = 0; a < 3; a++)
        RP_NEED(n[a] >= 1 && n[a] <= INT_MAX, RP_EARG, "transform of %" PRId64 " voxels", n[a]);
    const int s[3] = {(int)n[0], (int)n[1], (int)n[2]};
    (void)pthread_mutex_lock(&planner);
    fftw_plan p = NULL;
    switch (d) {
    case REAL: p = fftw_plan_dft_r2c(3, s, in, (fftw_complex *)out, FFTW_ESTIMATE); break;
    case REAL_BACK: p = fftw_plan_dft_c2r(3, s, (fftw_complex *)in, out, FFTW_ESTIMATE); break;
    case COMPLEX:
    case COMPLEX_BACK:
        p = fftw_plan_dft(3, s, (fftw_complex *)in, (fftw_complex *)out,
                          d == COMPLEX ? FFTW_FORWARD : FFTW_BACKWARD, FFTW_ESTIMATE);
        break;
    case EVEN:
        p = fftw_plan_r2r(3, s, in, out,
                          (const fftw_r2r_kind[]){FFTW_REDFT00, FFTW_REDFT00, FFTW_REDFT00},
                          FFTW_ESTIMATE);
        break;
    }
    (void)pthread_mutex_unlock(&planner);
    RP_NEED(p, RP_EMEM, "no plan for a transform of %d x %d x %d voxels", s[0], s[1], s[2]);
    fftw_execute(p);
    (void)pthread_mutex_lock(&planner);
    fftw_destroy_plan(p);
    (void)pthread_mutex_unlock(&planner);
    return RP_OK;
}

rp_status rp_fft_real(const int64_t n[3], double in[], double out[])
{
    return transform(n, REAL, in, out);
}
rp_status rp_fft_real_back(const int64_t n[3], double in[], double out[])
{
    return transform(n, REAL_BACK, in, out);
}
rp_status rp_fft_complex(const int64_t n[3], int sign, double x[])
{
    return transform(n, sign < 0 ? COMPLEX : COMPLEX_BACK, x, x);
}

rp_status rp_fft_even(const int64_t n[3], double x[])
{
    const int64_t half[3] = {n[0] / 2 + 1, n[1] / 2 + 1, n[2] / 2 + 1};
    for (int a = 0; a < 3; a++)
        RP_NEED(n[a] >= 2 && n[a] % 2 == 0, RP_EARG, "an even transform of %" PRId64 " voxels",
                n[a]);
    return transform(half, EVEN, x, x);
}
