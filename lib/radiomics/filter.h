/* lib/radiomics/filter.h - filters of IBSI's second chapter and of PyRadiomics: an image to its
 * response map.
 *
 * Sizes in mm are divided by the spacing of their axis.  is_flat: each slice alone, in 2D.  Kernels
 * are written first along x, then y, then z.  Convolutions are true ones. Source: IBSI reference
 * manual on filters, arXiv:2006.05470; P. Whybra et al., Radiology 310 (2024) e231319,
 * DOI 10.1148/radiol.231319. */
#pragma once
#include "lib/image/volume.h"
#include "lib/radiomics/convolve.h"
#include "lib/radiomics/roi.h"

typedef enum rp_filter_kind {
    RP_FILTER_NONE,
    RP_FILTER_MEAN,       /* box of support voxels */
    RP_FILTER_LOG,        /* Laplacian of Gaussian, no normalisation over scales */
    RP_FILTER_LAWS,       /* kernels as "E5L5S5" */
    RP_FILTER_GABOR,      /* modulus */
    RP_FILTER_WAVELET,    /* separable, undecimated; wavelet and band as "LHL" */
    RP_FILTER_SIMONCELLI, /* band-pass map */
    RP_FILTER_SQUARE,     /* these four scaled so that the image's largest size stays */
    RP_FILTER_ROOT,
    RP_FILTER_LOGARITHM,
    RP_FILTER_EXPONENTIAL,
    RP_FILTER_GRADIENT, /* size of the gradient, per mm */
    RP_FILTER_LBP2D,    /* local binary patterns: 8 samples at 1 pixel, uniform */
    RP_FILTER_LBP3D,    /* 42 samples at 1 voxel; map says which of the three images */
    RP_FILTER_COUNT
} rp_filter_kind;

typedef struct rp_filter {
    rp_filter_kind kind;
    bool is_flat;
    rp_boundary boundary;
    rp_pooling pooling; /* over turns by right angles, or over Gabor's angles */
    int support;        /* mean: voxels, odd */
    double sigma, cut;  /* LoG, Gabor: mm; LoG: kernel's half width in sigma */
    char laws[8];
    int energy; /* Laws: half width of the box over which |response| is averaged; 0: none */
    double lambda, gamma; /* Gabor: wavelength mm, aspect */
    double theta, step;   /* Gabor: degrees; step > 0: all angles 0, step, ... below 360 */
    bool all_planes;      /* Gabor: mean over the three sets of planes, else slices only */
    char wavelet[8];      /* haar, db2, db3, db4, coif1 */
    char band[4];
    int level;       /* wavelet, Simoncelli: from 1 */
    int riesz[3];    /* order along x, y, z of a Riesz transform of the response; 0 0 0: none */
    int map;         /* LBP in 3D: 0 m1, 1 m2, 2 k (kurtosis) */
    bool is_integer; /* LBP in 3D: samples are rounded, as in an image of integers */
    /* The LoG is ITK's recursive one times sigma^2, responses of LoG and gradient are rounded to
     * single precision, names are PyRadiomics'. */
    bool as_pyradiomics;
    char name[40]; /* of the image; "": rp_filter_name makes one */
} rp_filter;

/* out, in: [n of grid]; must not overlap.  Errors: RP_EARG naming the parameter, RP_EUNSUP (an
 * image too small for a recursive LoG), RP_EMEM. */
RP_MUST rp_status rp_filter_apply(const rp_filter *f, const rp_grid *grid, const double in[],
                                  double out[]);
/* How far beyond a voxel the filter reads, in mm of the coarsest axis; INFINITY for those that read
 * the whole image: in Fourier space, and those whose scale is that of the brightest voxel.  (LBP in
 * 2D reads one pixel; on flat ground its bits depend on the pixel's index, so it is among them.) */
double rp_filter_reach(const rp_filter *f, const rp_grid *grid);
/* Margin in mm for rp_roi_new around mask (on grid from, of which the roi's grid to is made):
 * extra + rp_filter_reach; INFINITY, too, where a periodic boundary comes into reach. */
double rp_filter_margin(const rp_filter *f, const rp_grid *from, const uint8_t mask[],
                        const rp_grid *to, double extra);

/* "log-sigma-2mm", "wavelet-db3-LLH-1"; as PyRadiomics: "log-sigma-2-0-mm-3D", "wavelet-LLH"; the
 * filter's own name where it has one; "" for RP_FILTER_NONE.  What is not in the name stands in the
 * settings. */
void rp_filter_name(const rp_filter *f, char out[64]);
/* The filter's response to the roi's image becomes what features read.  Comes before
 * re-segmentation; the roi was made with a margin of at least rp_filter_reach. */
RP_MUST rp_status rp_roi_filter(rp_roi *roi, const rp_filter *f);

/* Kernels by name.  Errors: RP_EARG if there is none of that name. */
RP_MUST rp_status rp_kernel_laws(const char name[2], rp_kernel *out);
RP_MUST rp_status rp_kernel_wavelet(const char *name, bool is_high, int level, rp_kernel *out);
