/* lib/net/unet.c - the plain U-Net.
 *
 * Parameters stand in the order of PyTorch's state dict: encoder, decoder stages, transposed
 * convolutions, heads; layers in the order in which they run. */
#include "lib/net/unet.h"

#include "lib/net/network_priv.h"

#include <inttypes.h>
#include <stdio.h>

rp_unet_settings rp_unet_default(int dims, int channels, int classes, int stages)
{
    rp_unet_settings s = {.dims = dims,
                          .channels = channels,
                          .classes = classes,
                          .stages = stages,
                          .convs_encoder = 2,
                          .convs_decoder = 2,
                          .deep_supervision = true};
    const int most = dims == 3 ? 320 : 512;
    for (int i = 0; i < RP_UNET_STAGES_MAX; i++) {
        s.features[i] = (32 << i) < most ? 32 << i : most;
        for (int a = 0; a < 3; a++) {
            const bool flat = dims == 2 && a == 0;
            s.kernel[i][a] = flat ? 1 : 3;
            s.stride[i][a] = flat || i == 0 ? 1 : 2;
        }
    }
    return s;
}

static rp_status check_stage(const rp_unet_settings *s, int i)
{
    RP_NEED(s->features[i] >= 1 && s->features[i] <= 4096, RP_EUSE,
            "stage %d has %d features; 1 to 4096 are possible", i, s->features[i]);
    for (int a = 0; a < 3; a++) {
        const int64_t stride = s->stride[i][a], kernel = s->kernel[i][a];
        const bool flat = s->dims == 2 && a == 0;
        RP_NEED(stride >= 1 && stride <= (i == 0 || flat ? 1 : 4), RP_EUSE,
                "stage %d has stride %" PRId64 " along %c; %s", i, stride, "zyx"[a],
                i == 0 ? "the first stage has 1"
                : flat ? "a 2D network has 1 along z"
                       : "1 to 4 are possible");
        RP_NEED(kernel % 2 == 1 && kernel >= 1 && kernel <= (flat ? 1 : 7), RP_EUSE,
                "stage %d has kernel %" PRId64 " along %c; %s", i, kernel, "zyx"[a],
                flat ? "a 2D network has 1 along z" : "1, 3, 5 and 7 are possible");
    }
    return RP_OK;
}

static rp_status check(const rp_unet_settings *s)
{
    RP_NEED(s->dims == 2 || s->dims == 3, RP_EUSE, "network in %d dimensions; 2 or 3 are possible",
            s->dims);
    RP_NEED(s->channels >= 1 && s->channels <= 4096, RP_EUSE,
            "network for %d image channels; 1 to 4096 are possible", s->channels);
    RP_NEED(s->classes >= 2 && s->classes <= 255, RP_EUSE,
            "network for %d classes (with the background); 2 to 255 are possible", s->classes);
    RP_NEED(s->stages >= 2 && s->stages <= RP_UNET_STAGES_MAX, RP_EUSE,
            "network with %d stages; 2 to %d are possible", s->stages, RP_UNET_STAGES_MAX);
    RP_NEED(s->convs_encoder >= 1 && s->convs_encoder <= 8 && s->convs_decoder >= 1 &&
                s->convs_decoder <= 8,
            RP_EUSE, "%d and %d convolutions a stage; 1 to 8 are possible", s->convs_encoder,
            s->convs_decoder);
    for (int i = 0; i < s->stages; i++) RP_TRY(check_stage(s, i));
    return RP_OK;
}

/* Parameters of the blocks of a stage; weight[i] is the first of a block's four. */
static rp_status add_block_params(rp_network *net, const char *stage, int convs, int64_t ci,
                                  int64_t co, const int64_t kernel[3], int weight[])
{
    for (int i = 0; i < convs; i++) {
        char name[RP_PARAM_NAME];
        int norm;
        (void)snprintf(name, sizeof name, "%s.convs.%d.conv", stage, i);
        RP_TRY(
            rp_network_add_conv_params(net, name, i == 0 ? ci : co, co, kernel, false, &weight[i]));
        (void)snprintf(name, sizeof name, "%s.convs.%d.norm", stage, i);
        RP_TRY(rp_network_add_param(net, name, "weight", 1, &co, RP_INIT_ONE, &norm));
        RP_TRY(rp_network_add_param(net, name, "bias", 1, &co, RP_INIT_ZERO, &norm));
    }
    return RP_OK;
}

static const int64_t ones[3] = {1, 1, 1};

static rp_layer conv_layer(int in, const int64_t kernel[3], const int64_t stride[3], int weight)
{
    rp_layer l = {.kind = RP_LAYER_CONV, .in = {in, -1}, .weight = weight, .bias = weight + 1};
    for (int a = 0; a < 3; a++) {
        l.kernel[a] = kernel[a];
        l.stride[a] = stride[a];
    }
    return l;
}

/* The blocks of a stage as layers, from *value on; its first convolution has the stride. */
static rp_status add_blocks(rp_network *net, int convs, int64_t co, const int64_t kernel[3],
                            const int64_t stride[3], const int weight[], int *value)
{
    for (int i = 0; i < convs; i++) {
        const rp_layer conv = conv_layer(*value, kernel, i == 0 ? stride : ones, weight[i]);
        RP_TRY(rp_network_add_layer(net, &conv, co, value));
        const rp_layer norm = {.kind = RP_LAYER_NORM_ACT,
                               .in = {*value, -1},
                               .weight = weight[i] + 2,
                               .bias = weight[i] + 3,
                               .slope = 0.01,
                               .eps = 1e-5};
        RP_TRY(rp_network_add_layer(net, &norm, co, value));
    }
    return RP_OK;
}

/* Decoder stage i (0: coarsest) stands at the resolution of encoder stage s. */
static int level(const rp_unet_settings *s, int i) { return s->stages - 2 - i; }

typedef struct weights {
    int encoder[RP_UNET_STAGES_MAX][8], decoder[RP_UNET_STAGES_MAX][8];
    int up[RP_UNET_STAGES_MAX], head[RP_UNET_STAGES_MAX];
} weights;

static rp_status add_params(rp_network *net, const rp_unet_settings *s, weights *w)
{
    char name[RP_PARAM_NAME];
    for (int i = 0; i < s->stages; i++) {
        (void)snprintf(name, sizeof name, "encoder.stages.%d.0", i);
        RP_TRY(add_block_params(net, name, s->convs_encoder,
                                i == 0 ? s->channels : s->features[i - 1], s->features[i],
                                s->kernel[i], w->encoder[i]));
    }
    for (int i = 0; i < s->stages - 1; i++) {
        const int64_t f = s->features[level(s, i)];
        (void)snprintf(name, sizeof name, "decoder.stages.%d", i);
        RP_TRY(add_block_params(net, name, s->convs_decoder, 2 * f, f, s->kernel[level(s, i)],
                                w->decoder[i]));
    }
    for (int i = 0; i < s->stages - 1; i++) {
        const int up = level(s, i) + 1;
        (void)snprintf(name, sizeof name, "decoder.transpconvs.%d", i);
        RP_TRY(rp_network_add_conv_params(net, name, s->features[up], s->features[up - 1],
                                          s->stride[up], true, &w->up[i]));
    }
    for (int i = 0; i < s->stages - 1; i++) {
        (void)snprintf(name, sizeof name, "decoder.seg_layers.%d", i);
        RP_TRY(rp_network_add_conv_params(net, name, s->features[level(s, i)], s->classes, ones,
                                          false, &w->head[i]));
    }
    return RP_OK;
}

/* One decoder stage from *value on; *head is its output. */
static rp_status add_decoder(rp_network *net, const rp_unet_settings *s, const weights *w, int i,
                             int skip, int *value, int *head)
{
    const int e = level(s, i);
    rp_layer up = conv_layer(*value, s->stride[e + 1], s->stride[e + 1], w->up[i]);
    up.kind = RP_LAYER_UP;
    RP_TRY(rp_network_add_layer(net, &up, s->features[e], value));
    const rp_layer concat = {
        .kind = RP_LAYER_CONCAT, .in = {*value, skip}, .weight = -1, .bias = -1};
    RP_TRY(rp_network_add_layer(net, &concat, 2 * (int64_t)s->features[e], value));
    RP_TRY(add_blocks(net, s->convs_decoder, s->features[e], s->kernel[e], ones, w->decoder[i],
                      value));
    const rp_layer seg = conv_layer(*value, ones, ones, w->head[i]);
    return rp_network_add_layer(net, &seg, s->classes, head);
}

rp_status rp_unet_build(const rp_unet_settings *s, rp_network **out)
{
    RP_TRY(check(s));
    RP_AUTO(rp_network) net = NULL;
    RP_TRY(rp_network_new(s->dims, s->channels, s->classes, &net));
    weights w = {0};
    RP_TRY(add_params(net, s, &w));
    int value = 0, skip[RP_UNET_STAGES_MAX] = {0}, head[RP_UNET_STAGES_MAX] = {0};
    for (int i = 0; i < s->stages; i++) {
        RP_TRY(add_blocks(net, s->convs_encoder, s->features[i], s->kernel[i], s->stride[i],
                          w.encoder[i], &value));
        skip[i] = value;
    }
    for (int i = 0; i < s->stages - 1; i++)
        RP_TRY(add_decoder(net, s, &w, i, skip[level(s, i)], &value, &head[i]));
    for (int i = s->stages - 2; i >= 0; i--) RP_TRY(rp_network_add_output(net, head[i]));
    net->deep_supervision = s->deep_supervision;
    rp_network_finish(net);
    *out = RP_TAKE(net);
    return RP_OK;
}
