/* lib/stats/sample_size.h - how many are needed, and what a number of them can show.
 *
 * alpha: total error (two-sided unless it says one-sided); power in (0, 1).  Sizes are real
 * numbers: round up.  Normal approximations throughout.
 * Errors of all: RP_EARG where an argument is out of range. */
#pragma once
#include "lib/base/status.h"
#include <stdint.h>

/* Per arm, p1 against p0: (z_a/2 sqrt(2 pq) + z_b sqrt(p1 q1 + p0 q0))^2 / (p1 - p0)^2. */
RP_MUST rp_status rp_size_two_proportions(double p1, double p0, double alpha, double power,
                                          double *per_arm);
/* Its inverse: power of n per arm. */
RP_MUST rp_status rp_power_two_proportions(double p1, double p0, double alpha, double per_arm,
                                           double *power);
/* Per arm, non-inferiority of a difference p1 - p0 under margin > p1 - p0; alpha one-sided. */
RP_MUST rp_status rp_size_noninferior(double p1, double p0, double margin, double alpha,
                                      double power, double *per_arm);
/* Its inverse: power of n per arm. */
RP_MUST rp_status rp_power_noninferior(double p1, double p0, double margin, double alpha,
                                       double per_arm, double *power);
/* Pairs, McNemar: discordant share psi, difference d, 0 < |d| <= psi. */
RP_MUST rp_status rp_size_paired(double psi, double d, double alpha, double power, double *pairs);
/* Its inverse: power of n pairs. */
RP_MUST rp_status rp_power_paired(double psi, double d, double alpha, double pairs, double *power);
/* Events for a log-rank test of hazard ratio hr with share r in one arm (Schoenfeld). */
RP_MUST rp_status rp_size_events(double hr, double r, double alpha, double power, double *events);
/* Its inverse: power of that many events. */
RP_MUST rp_status rp_power_events(double hr, double r, double alpha, double events, double *power);
/* n so that a share p is known to +- half width. */
RP_MUST rp_status rp_size_precision(double p, double half_width, double level, double *n);
/* SE of an area from m positives and n negatives (Hanley and McNeil 1982). */
RP_MUST rp_status rp_auc_planned_se(double auc, double positives, double negatives, double *se);
/* Factor for clusters of m cases with intraclass correlation icc: 1 + (m - 1) icc. */
RP_MUST rp_status rp_size_cluster_factor(double m, double icc, double *factor);

/* Group-sequential bounds of |z| at looks 1..looks, two-sided alpha in all.
 *   fraction  [looks] share of the information at each look, rising by at least 0.01 to at most 1
 *             (O'Brien-Fleming and Pocock: the last is 1); NULL: k / looks
 *   spent     [looks] out: alpha spent up to and with each look; NULL if not wanted
 * O'Brien-Fleming: C / sqrt(t); Pocock: one C; Lan-DeMets: the O'Brien-Fleming-like spending
 * 2 - 2 Phi(z_(1 - alpha/2) / sqrt(t)).  By recursive integration, good to 1e-5.
 * Source: C. Jennison, B. W. Turnbull, Group Sequential Methods (2000), chapter 19. */
typedef enum rp_sequential { RP_OBRIEN_FLEMING, RP_POCOCK, RP_LAN_DEMETS } rp_sequential;
enum { RP_LOOKS_MAX = 20 };
RP_MUST rp_status rp_sequential_bounds(rp_sequential kind, int looks, const double fraction[],
                                       double alpha, double z[], double spent[]);
