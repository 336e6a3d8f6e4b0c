/* lib/image/fft.c - Fourier transforms of volumes, in double. */
#include "lib/image/fft.h"

#include <fftw3.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>

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

struct rp_fft_padded {
    int64_t n[3], size[3], row; /* doubles in a row */
    fftw_plan along_x, along_y, along_z;
};

void rp_fft_padded_drop(rp_fft_padded **p)
{
    if (!*p) return;
    (void)pthread_mutex_lock(&planner);
    if ((*p)->along_x) fftw_destroy_plan((*p)->along_x);
    if ((*p)->along_y) fftw_destroy_plan((*p)->along_y);
    if ((*p)->along_z) fftw_destroy_plan((*p)->along_z);
    (void)pthread_mutex_unlock(&planner);
    rp_free(*p);
    *p = NULL;
}

/* One transform along an axis of complex rows, half of them side by side. */
static fftw_plan plan_columns(int64_t size, int64_t half, int64_t row, double x[])
{
    const int length = (int)size, stride = (int)(row / 2);
    fftw_complex *c = (fftw_complex *)x;
    return fftw_plan_many_dft(1, &length, (int)half, c, NULL, stride, 1, c, NULL, stride, 1,
                              FFTW_FORWARD, FFTW_ESTIMATE);
}

rp_status rp_fft_padded_new(const int64_t n[3], const int64_t size[3], rp_fft_padded **out)
{
    RP_AUTO(rp_fft_padded) p = NULL;
    RP_AUTOFREE double *x = NULL; /* planned on, never read: FFTW_ESTIMATE */
    for (int a = 0; a < 3; a++)
        RP_NEED(n[a] >= 1 && size[a] >= n[a] && size[a] <= INT_MAX / 2, RP_EARG,
                "transform of %" PRId64 " voxels in %" PRId64, n[a], size[a]);
    RP_NEED(size[2] % 2 == 0, RP_EARG, "transform of %" PRId64 " voxels a row", size[2]);
    RP_TRY(rp_alloc(1, sizeof *p, &p));
    memcpy(p->n, n, sizeof p->n);
    memcpy(p->size, size, sizeof p->size);
    /* Rows on 64-byte lines, so that one plan serves all planes. */
    const int64_t half = size[2] / 2 + 1;
    p->row = (2 * half + 7) / 8 * 8;
    const int64_t most = size[0] > size[1] ? size[0] : size[1];
    RP_TRY(rp_alloc_raw(most * p->row, sizeof *x, &x));
    const int length = (int)size[2];
    (void)pthread_mutex_lock(&planner);
    p->along_x =
        fftw_plan_many_dft_r2c(1, &length, (int)n[1], x, NULL, 1, (int)p->row, (fftw_complex *)x,
                               NULL, 1, (int)(p->row / 2), FFTW_ESTIMATE);
    p->along_y = plan_columns(size[1], half, p->row, x);
    p->along_z = plan_columns(size[0], half, p->row, x);
    (void)pthread_mutex_unlock(&planner);
    RP_NEED(p->along_x && p->along_y && p->along_z, RP_EMEM,
            "no plan for a transform of %" PRId64 " x %" PRId64 " x %" PRId64 " voxels", size[0],
            size[1], size[2]);
    *out = RP_TAKE(p);
    return RP_OK;
}

int64_t rp_fft_padded_row(const rp_fft_padded *p) { return p->row; }

void rp_fft_padded_planes(const rp_fft_padded *p, double field[])
{
    for (int64_t z = 0; z < p->n[0]; z++) {
        double *plane = field + z * p->size[1] * p->row;
        for (int64_t y = 0; y < p->n[1]; y++)
            memset(plane + y * p->row + p->n[2], 0, (size_t)(p->row - p->n[2]) * sizeof *plane);
        memset(plane + p->n[1] * p->row, 0,
               (size_t)((p->size[1] - p->n[1]) * p->row) * sizeof *plane);
        fftw_execute_dft_r2c(p->along_x, plane, (fftw_complex *)plane);
        fftw_execute_dft(p->along_y, (fftw_complex *)plane, (fftw_complex *)plane);
    }
}

void rp_fft_padded_line(const rp_fft_padded *p, const double field[], int64_t y, double out[])
{
    for (int64_t z = 0; z < p->n[0]; z++)
        memcpy(out + z * p->row, field + (z * p->size[1] + y) * p->row,
               (size_t)p->row * sizeof *out);
    memset(out + p->n[0] * p->row, 0, (size_t)((p->size[0] - p->n[0]) * p->row) * sizeof *out);
    fftw_execute_dft(p->along_z, (fftw_complex *)out, (fftw_complex *)out);
}
