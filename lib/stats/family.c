/* lib/stats/family.c - defaults of the families. */
#include "lib/stats/family.h"

rp_family_options rp_family_defaults(void)
{
    return (rp_family_options){
        .cut = 0.5,
        .specificity = 0.9,
        .thresholds = 3,
        .threshold = {0.1, 0.2, 0.5},
        .replicates = 0,
        .seed = 1,
        .permutations = 100000,
        .times = 4,
        .time = {2, 5, 10, 20},
        .horizon = 10,
        .limit = 20,
        .tau = 15,
        .covariates = 3,
        .covariate = {"x1", "x2", "x3"},
    };
}
