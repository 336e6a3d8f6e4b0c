/* lib/base/random.h - counter-based random numbers: Philox4x32-10, the only generator of radpipe.
 *
 * A number follows from (seed, purpose, sample, index) alone: no state, no order, no thread.
 * Source: J. K. Salmon et al., Parallel random numbers: as easy as 1, 2, 3, SC 2011,
 *         DOI 10.1145/2063384.2063405; constants of its table 2; known answers in tests/data.
 */
#pragma once
#include <stdint.h>

/* out = Philox4x32-10 of counter under key. */
void rp_philox(const uint32_t key[2], const uint32_t counter[4], uint32_t out[4]);

/* A stream of numbers for one sample and one purpose, read in order.
 * key = (low word of seed mixed with the high one, purpose); counter = (sample, block, 0). */
typedef struct rp_random {
    uint32_t key[2], counter[4], block[4];
    int used;
} rp_random;

/* Purposes: one row a use, so that no two uses share numbers. */
typedef enum rp_purpose {
    RP_RANDOM_TEST = 1,
    RP_RANDOM_PERMUTE, /* order of training cases in an epoch */
    RP_RANDOM_CENTRE,  /* centre of a patch */
    RP_RANDOM_AUGMENT, /* which transforms, with which parameters */
    RP_RANDOM_NOISE,   /* noise of a voxel */
    RP_RANDOM_INIT,    /* initial weights */
    RP_RANDOM_PHANTOM, /* synthetic cohorts */
    RP_RANDOM_SPLIT,   /* splits of a cohort */
    RP_RANDOM_SAMPLE,  /* samples of voxels, of coordinates */
    RP_RANDOM_BOOTSTRAP,
    RP_RANDOM_PERMUTATION_TEST,
    RP_RANDOM_PERTURB, /* perturbations of radiomics */
    RP_RANDOM_DELAY,   /* random delays of tests */
    RP_RANDOM_BLIND,   /* arms of a trial, changed about */
} rp_purpose;

void rp_random_start(uint64_t seed, rp_purpose purpose, uint64_t sample, rp_random *r);
uint32_t rp_random_u32(rp_random *r);
uint64_t rp_random_u64(rp_random *r);
/* Uniform in [0, 1), 53 bits. */
double rp_random_unit(rp_random *r);
/* Uniform in [low, high). */
double rp_random_range(rp_random *r, double low, double high);
/* Uniform integer in [0, n), n >= 1, without bias. */
int64_t rp_random_below(rp_random *r, int64_t n);
/* Standard normal (Box and Muller, in double; one of the pair is used). */
double rp_random_normal(rp_random *r);
/* Fisher-Yates: order[0..n) becomes a permutation of 0..n-1. */
void rp_random_permute(rp_random *r, int64_t n, int64_t order[]);
