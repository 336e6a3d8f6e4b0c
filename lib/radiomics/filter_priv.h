/* lib/radiomics/filter_priv.h - filters that have a file of their own. */
#pragma once
#include "lib/radiomics/filter.h"

RP_MUST rp_status rp_filter_gabor(const rp_filter *f, const rp_grid *grid, const double in[],
                                  double out[]);
/* Distance in mm beyond which the kernel is left out. */
double rp_gabor_reach(const rp_filter *f);
RP_MUST rp_status rp_filter_simoncelli(const rp_filter *f, const rp_grid *grid, const double in[],
                                       double out[]);
/* In place. */
RP_MUST rp_status rp_filter_riesz(const rp_filter *f, const rp_grid *grid, double x[]);
