/* lib/radiomics/filter_priv.h - filters that have a file of their own. */
#pragma once
#include "lib/radiomics/filter.h"

/* Those of single voxels, and the gradient. */
RP_MUST rp_status rp_filter_square(const rp_filter *f, const rp_grid *grid, const double in[],
                                   double out[]);
RP_MUST rp_status rp_filter_root(const rp_filter *f, const rp_grid *grid, const double in[],
                                 double out[]);
RP_MUST rp_status rp_filter_logarithm(const rp_filter *f, const rp_grid *grid, const double in[],
                                      double out[]);
RP_MUST rp_status rp_filter_exponential(const rp_filter *f, const rp_grid *grid, const double in[],
                                        double out[]);
RP_MUST rp_status rp_filter_gradient(const rp_filter *f, const rp_grid *grid, const double in[],
                                     double out[]);
RP_MUST rp_status rp_filter_lbp2d(const rp_filter *f, const rp_grid *grid, const double in[],
                                  double out[]);
RP_MUST rp_status rp_filter_lbp3d(const rp_filter *f, const rp_grid *grid, const double in[],
                                  double out[]);
/* RP_EUNSUP: fewer than 4 voxels, or than sigma, along an axis. */
RP_MUST rp_status rp_filter_recursive(const rp_filter *f, const rp_grid *grid, const double in[],
                                      double out[]);
RP_MUST rp_status rp_filter_gabor(const rp_filter *f, const rp_grid *grid, const double in[],
                                  double out[]);
/* Distance in mm beyond which the kernel is left out. */
double rp_gabor_reach(const rp_filter *f);
RP_MUST rp_status rp_filter_simoncelli(const rp_filter *f, const rp_grid *grid, const double in[],
                                       double out[]);
/* In place. */
RP_MUST rp_status rp_filter_riesz(const rp_filter *f, const rp_grid *grid, double x[]);
