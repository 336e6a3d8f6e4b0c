/* lib/net/unet.h - the plain U-Net of nnU-Net, in 2D and 3D.
 *
 * Block: convolution (with bias) - instance norm (scale, shift, eps 1e-5) - leaky ReLU 0.01.
 * Encoder: stages of blocks, the first one strided.  Decoder: transposed convolution (kernel =
 * stride, with bias), concatenation (up, skip), blocks; a 1x1x1 head with bias a stage.
 * Source: F. Isensee et al., Nature Methods 18 (2021), 203; dynamic-network-architectures,
 * PlainConvUNet. */
#pragma once
#include "lib/net/network.h"

enum { RP_UNET_STAGES_MAX = 8 };

typedef struct rp_unet_settings {
    int dims;     /* 2 or 3; 2: stride and kernel along z are 1 */
    int channels; /* of the image, >= 1 */
    int classes;  /* with the background, 2..255 */
    int stages;   /* 2..8 */
    int features[RP_UNET_STAGES_MAX];
    int64_t stride[RP_UNET_STAGES_MAX][3]; /* z, y, x; stage 0: 1, 1, 1; else 1..4 */
    int64_t kernel[RP_UNET_STAGES_MAX][3]; /* odd, 1..7 */
    int convs_encoder, convs_decoder;      /* blocks a stage, 1..8; nnU-Net: 2, 2 */
    bool deep_supervision;
} rp_unet_settings;

/* Settings of nnU-Net's default for isotropic data: features 32 * 2^s up to 320 (3D) or 512 (2D),
 * kernel 3, stride 2, 2 blocks a stage, deep supervision.  Local. */
rp_unet_settings rp_unet_default(int dims, int channels, int classes, int stages);

/* Owned by the caller.  Local.  Errors: RP_EUSE naming the setting and its range. */
RP_MUST rp_status rp_unet_build(const rp_unet_settings *settings, rp_network **net);
