/* lib/net/loss.c - the table of losses, deep supervision, and a loss of one output. */
#include "lib/net/loss_priv.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

const rp_loss rp_losses[] = {
    {"dice_ce", "soft Dice (-mean over foreground classes) plus cross entropy, as nnU-Net",
     rp_dice_count, rp_dice_statistics, rp_dice_ce_value, rp_dice_ce_gradient},
    {"dice", "1 - soft Dice, mean over foreground classes", rp_dice_count, rp_dice_statistics,
     rp_dice_value, rp_dice_gradient},
    {"ce", "cross entropy, mean over voxels", rp_dice_count, rp_dice_statistics, rp_ce_value,
     rp_ce_gradient},
    {0},
};

const rp_loss *rp_loss_find(const char *name)
{
    for (const rp_loss *l = rp_losses; l->name; l++)
        if (strcmp(l->name, name) == 0) return l;
    return NULL;
}

int64_t rp_loss_chunks(int64_t n) { return (n + RP_LOSS_CHUNK - 1) / RP_LOSS_CHUNK; }

rp_status rp_loss_run(const rp_loss *loss, int64_t n, int classes, const float logits[],
                      const uint8_t target[], float gradient[], rp_loss_values *values)
{
    RP_NEED(n >= 1 && classes >= 2, RP_EARG, "loss over %" PRId64 " voxels of %d classes", n,
            classes);
    const int64_t count = loss->statistics_count(classes);
    RP_AUTOFREE double *work = NULL;
    RP_AUTOFREE float *own = NULL;
    RP_TRY(rp_alloc((rp_loss_chunks(n) + 1) * count, sizeof *work, &work));
    if (!gradient) RP_TRY(rp_alloc(n * classes, sizeof *own, &own));
    float *prob = gradient ? gradient : own;
    RP_TRY(loss->statistics(n, classes, logits, target, prob, work + count, work));
    const rp_loss_values v = loss->value(n, classes, work);
    RP_NEED(isfinite(v.total), RP_ENUM, "loss '%s' is %g (Dice term %g, cross entropy %g)",
            loss->name, v.total, v.dice, v.ce);
    if (gradient) loss->gradient(n, classes, target, work, 1, gradient);
    *values = v;
    return RP_OK;
}

void rp_supervision_weights(int outputs, bool deep, double weight[])
{
    double sum = 0;
    for (int i = 0; i < outputs; i++) {
        const bool used = i == 0 || (deep && i < outputs - 1);
        weight[i] = used ? ldexp(1, -i) : 0;
        sum += weight[i];
    }
    for (int i = 0; i < outputs; i++) weight[i] /= sum;
}

void rp_target_downsample(const int64_t n[3], const uint8_t in[], const int64_t m[3], uint8_t out[])
{
    for (int64_t z = 0; z < m[0]; z++)
        for (int64_t y = 0; y < m[1]; y++) {
            const int64_t iz = (2 * z + 1) * n[0] / (2 * m[0]),
                          iy = (2 * y + 1) * n[1] / (2 * m[1]);
            const uint8_t *row = in + (iz * n[1] + iy) * n[2];
            uint8_t *to = out + (z * m[1] + y) * m[2];
            for (int64_t x = 0; x < m[2]; x++) to[x] = row[(2 * x + 1) * n[2] / (2 * m[2])];
        }
}
