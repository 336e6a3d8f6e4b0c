/* lib/image/fft.h - Fourier transforms of volumes, in double.
 *
 * Through FFTW's interface, planned without timing (FFTW_ESTIMATE), so that the same sizes give the
 * same bits.  Planning is serialised: FFTW's planner is not thread-safe.  A complex number is two
 * doubles, real part first. */
#pragma once
#include "lib/base/mem.h"

/* Smallest size >= n whose prime factors are 2, 3, 5, 7. */
int64_t rp_fft_size(int64_t n);
/* Complex numbers in the half spectrum of a real volume: n0 n1 (n2 / 2 + 1). */
int64_t rp_fft_half(const int64_t n[3]);
/* out[rp_fft_half] = sum over x of in exp(-2 pi i k x / n), not scaled.  in is kept. */
RP_MUST rp_status rp_fft_real(const int64_t n[3], double in[], double out[]);
/* Its inverse, not scaled (a factor of n0 n1 n2 remains).  in is destroyed. */
RP_MUST rp_status rp_fft_real_back(const int64_t n[3], double in[], double out[]);
/* In place: the real spectrum of an even volume of n voxels an axis, n even, of which x holds
 * voxels and then frequencies 0..n / 2: x[(n0 / 2 + 1) (n1 / 2 + 1) (n2 / 2 + 1)].  An eighth of
 * the work. */
RP_MUST rp_status rp_fft_even(const int64_t n[3], double x[]);
/* Complex to complex in place, sign -1 forward or +1 back, not scaled.  Errors: RP_EARG (sizes over
 * 2^31), RP_EMEM (no plan). */
RP_MUST rp_status rp_fft_complex(const int64_t n[3], int sign, double x[]);

/* Transform of a real volume n that is padded by zeros to size: rows and planes of zeros are never
 * transformed, and the last axis is done row by row, so that the whole spectrum is never stored.
 * A field is n0 planes of size1 rows of rp_fft_padded_row doubles. */
typedef struct rp_fft_padded rp_fft_padded;
/* size >= n, size2 even.  Owned by the caller.  Errors: RP_EARG, RP_EMEM. */
RP_MUST rp_status rp_fft_padded_new(const int64_t n[3], const int64_t size[3], rp_fft_padded **out);
void rp_fft_padded_drop(rp_fft_padded **p);
int64_t rp_fft_padded_row(const rp_fft_padded *p);
/* In place: the first n2 doubles of the first n1 rows of each plane become the plane's spectrum,
 * complex, size2 / 2 + 1 a row.  What else is in the field is ignored.  field lies on a 64-byte
 * line. */
void rp_fft_padded_planes(const rp_fft_padded *p, double field[]);
/* Row y (0..size1 - 1) of the whole spectrum: out[size0][row].  out lies on a 64-byte line. */
void rp_fft_padded_line(const rp_fft_padded *p, const double field[], int64_t y, double out[]);
