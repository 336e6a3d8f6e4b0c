/* lib/image/resample.h - resizing and resampling of images and masks.
 *
 * Order 0 is nearest, 1 linear, 3 the interpolating cubic B-spline.  Pixel centres are at half
 * integers of the cell: output i lies at (i + 0.5) n/m - 0.5.  Beyond the edge the edge's value
 * goes on (twelve voxels of it take part in the spline's filter, as SciPy does for mode 'nearest').
 * Sums run in double; each line of the image is done alone, so threads cannot change a bit.
 * Source: P. Thevenaz, T. Blu, M. Unser, IEEE Trans. Med. Imaging 19 (2000) 739;
 *         nnU-Net's rules as in docs/formats.md. */
#pragma once
#include "lib/image/volume.h"

/* Resizes in[n[0]*n[1]*n[2]] to out[m...] with order[a] along axis a; the result is clipped to the
 * input's range.  in and out must not overlap.  Local.  Errors: RP_EARG (order), RP_EMEM. */
RP_MUST rp_status rp_resize(const int64_t n[3], const float in[], const int64_t m[3],
                            const int order[3], float out[]);
/* Resizes a label map: each label's 0/1 image linearly along axes with order 1, nearest along axes
 * with order 0; a voxel takes the last label that reaches one half there (nnU-Net's rule), else 0.
 * labels: largest label.  Errors: RP_EMEM. */
RP_MUST rp_status rp_resize_labels(const int64_t n[3], const uint8_t in[], const int64_t m[3],
                                   const int order[3], int labels, uint8_t out[]);

/* Values of in (on grid from) at the voxel centres of grid to.  Points more than half a voxel
 * outside take the value outside.  order 0, 1 or 3.  out: [voxels of to].
 * Errors: RP_EARG (order), RP_EDATA (grid without inverse), RP_EMEM. */
RP_MUST rp_status rp_resample(const rp_grid *from, const float in[], const rp_grid *to, int order,
                              float outside, float out[]);

/* Number of voxels after a change of spacing: round half to even of n * old / new, at least 1. */
int64_t rp_resize_count(int64_t n, double old_spacing, double new_spacing);
/* nnU-Net's rule for anisotropic images: the axis to treat apart (order 0, others slice by slice),
 * or -1.  Taken when the largest spacing is over 3 times the smallest, of the current spacing, else
 * of the new one; not when two or three axes share the largest. */
int rp_resize_separate_axis(const double current[3], const double target[3]);
/* In place: samples of a line (every stride-th of n) to cubic B-spline coefficients, mirror
 * boundary.  For code that samples splines itself. */
void rp_spline_filter(int64_t n, int64_t stride, double c[]);
