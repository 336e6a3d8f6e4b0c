/* lib/net/loss_priv.h - the functions behind the rows of rp_losses. */
#pragma once
#include "lib/net/loss.h"

int64_t rp_loss_chunks(int64_t n);

/* Statistics of Dice and cross entropy: ce, then intersection, prediction and target sums a class.
 */
int64_t rp_dice_count(int classes);
rp_status rp_dice_statistics(int64_t n, int classes, const float logits[], const uint8_t target[],
                             float prob[], double chunk[], double statistics[]);
rp_loss_values rp_dice_ce_value(int64_t n, int classes, const double statistics[]);
rp_loss_values rp_dice_value(int64_t n, int classes, const double statistics[]);
rp_loss_values rp_ce_value(int64_t n, int classes, const double statistics[]);
void rp_dice_ce_gradient(int64_t n, int classes, const uint8_t target[], const double statistics[],
                         double weight, float prob_gradient[]);
void rp_dice_gradient(int64_t n, int classes, const uint8_t target[], const double statistics[],
                      double weight, float prob_gradient[]);
void rp_ce_gradient(int64_t n, int classes, const uint8_t target[], const double statistics[],
                    double weight, float prob_gradient[]);
