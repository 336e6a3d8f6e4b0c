/* lib/net/network.c - the description of a network: building it, and what follows from it. */
#include "lib/net/network_priv.h"

#include "lib/base/random.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

rp_status rp_network_new(int dims, int channels, int classes, rp_network **out)
{
    RP_AUTO(rp_network) net = NULL;
    RP_TRY(rp_alloc(1, sizeof *net, &net));
    net->dims = dims;
    net->channels = channels;
    net->classes = classes;
    RP_TRY(rp_grow(1, sizeof *net->value, &net->capacity[1], &net->value));
    net->value[0] = (rp_value){.channels = channels, .scale = {1, 1, 1}};
    net->values = 1;
    *out = RP_TAKE(net);
    return RP_OK;
}

void rp_network_drop(rp_network **net)
{
    if (!*net) return;
    rp_free((*net)->layer);
    rp_free((*net)->value);
    rp_free((*net)->param);
    rp_free(*net);
    *net = NULL;
}

rp_status rp_network_add_param(rp_network *net, const char *name, const char *part, int dims,
                               const int64_t shape[], rp_param_init init, int *index)
{
    RP_TRY(rp_grow(net->params + 1, sizeof *net->param, &net->capacity[2], &net->param));
    rp_param *p = &net->param[net->params];
    *p = (rp_param){.dims = dims, .shape = {1, 1, 1, 1, 1}, .init = init};
    const int length = snprintf(p->name, sizeof p->name, "%s.%s", name, part);
    RP_NEED(length < RP_PARAM_NAME, RP_EARG, "parameter name '%s.%s' is too long", name, part);
    for (int i = 0; i < dims; i++) p->shape[i] = shape[i];
    RP_TRY(rp_product(dims, shape, &p->count));
    *index = net->params++;
    return RP_OK;
}

rp_status rp_network_add_conv_params(rp_network *net, const char *name, int64_t ci, int64_t co,
                                     const int64_t kernel[3], bool transposed, int *weight)
{
    const int64_t shape[5] = {transposed ? ci : co, transposed ? co : ci, kernel[3 - net->dims],
                              kernel[4 - net->dims], net->dims == 3 ? kernel[2] : 1};
    int bias;
    RP_TRY(
        rp_network_add_param(net, name, "weight", net->dims + 2, shape, RP_INIT_KAIMING, weight));
    return rp_network_add_param(net, name, "bias", 1, &co, RP_INIT_ZERO, &bias);
}

rp_status rp_network_add_layer(rp_network *net, const rp_layer *layer, int64_t channels, int *out)
{
    RP_TRY(rp_grow(net->layers + 1, sizeof *net->layer, &net->capacity[0], &net->layer));
    RP_TRY(rp_grow(net->values + 1, sizeof *net->value, &net->capacity[1], &net->value));
    RP_ASSERT(layer->in[0] >= 0 && layer->in[0] < net->values);
    rp_value v = {.channels = channels};
    for (int a = 0; a < 3; a++) {
        const int64_t s = net->value[layer->in[0]].scale[a];
        v.scale[a] = layer->kind == RP_LAYER_CONV ? s * layer->stride[a]
                     : layer->kind == RP_LAYER_UP ? s / layer->stride[a]
                                                  : s;
    }
    net->layer[net->layers] = *layer;
    net->layer[net->layers].out = net->values;
    net->layers++;
    net->value[net->values] = v;
    *out = net->values++;
    return RP_OK;
}

rp_status rp_network_add_output(rp_network *net, int value)
{
    RP_NEED(net->outputs < RP_OUTPUTS_MAX, RP_EARG, "network with more than %d outputs",
            RP_OUTPUTS_MAX);
    net->output[net->outputs++] = value;
    return RP_OK;
}

static bool is_output(const rp_network *net, int value)
{
    for (int i = 0; i < net->outputs; i++)
        if (net->output[i] == value) return true;
    return false;
}

/* A constant added to a channel leaves the norm behind it as it was. */
static bool bias_cancels(const rp_network *net, const rp_layer *l)
{
    int readers = 0, norms = 0;
    for (int i = 0; i < net->layers; i++)
        for (int k = 0; k < 2; k++)
            if (net->layer[i].in[k] == l->out) {
                readers++;
                norms += net->layer[i].kind == RP_LAYER_NORM_ACT;
            }
    return l->kind == RP_LAYER_CONV && readers == 1 && norms == 1 && !is_output(net, l->out);
}

void rp_network_finish(rp_network *net)
{
    for (int a = 0; a < 3; a++) net->divisor[a] = 1;
    for (int v = 0; v < net->values; v++)
        for (int a = 0; a < 3; a++)
            if (net->value[v].scale[a] > net->divisor[a]) net->divisor[a] = net->value[v].scale[a];
    for (int i = 0; i < net->params; i++) {
        net->param[i].offset = net->weights;
        net->weights += net->param[i].count;
    }
    for (int i = 0; i < net->layers; i++)
        net->layer[i].bias_cancels = bias_cancels(net, &net->layer[i]);
}

int rp_network_params(const rp_network *net) { return net->params; }

const rp_param *rp_network_param(const rp_network *net, int i)
{
    RP_ASSERT(i >= 0 && i < net->params);
    return &net->param[i];
}

int rp_network_find_param(const rp_network *net, const char *name)
{
    for (int i = 0; i < net->params; i++)
        if (strcmp(net->param[i].name, name) == 0) return i;
    return -1;
}

int64_t rp_network_weights(const rp_network *net) { return net->weights; }

static void init_kaiming(uint64_t seed, int index, const rp_param *p, float w[])
{
    const double fan_in = (double)(p->shape[1] * p->shape[2] * p->shape[3] * p->shape[4]);
    const double std = sqrt(2 / (1 + 0.01 * 0.01)) / sqrt(fan_in);
    rp_random r;
    rp_random_start(seed, RP_RANDOM_INIT, (uint64_t)index, &r);
    /* A normal number takes one whole block of the generator, so element e has block e. */
    for (int64_t e = 0; e < p->count; e++) w[e] = (float)(std * rp_random_normal(&r));
}

void rp_network_init(const rp_network *net, uint64_t seed, float weights[])
{
    for (int i = 0; i < net->params; i++) {
        const rp_param *p = &net->param[i];
        float *w = weights + p->offset;
        if (p->init == RP_INIT_KAIMING)
            init_kaiming(seed, i, p, w);
        else
            for (int64_t e = 0; e < p->count; e++) w[e] = p->init == RP_INIT_ONE ? 1.0f : 0.0f;
    }
}

rp_status rp_network_sizes(const rp_network *net, const int64_t patch[3], int64_t (*size)[3])
{
    for (int a = 0; a < 3; a++) {
        const int64_t d = net->divisor[a];
        RP_NEED(patch[a] >= 1 && patch[a] % d == 0, RP_EUSE,
                "patch %" PRId64 " x %" PRId64 " x %" PRId64 ": %" PRId64
                " along %c is not a multiple of %" PRId64
                " (strides of the network); take %" PRId64,
                patch[0], patch[1], patch[2], patch[a], "zyx"[a], d,
                patch[a] < 1 ? d : (patch[a] + d - 1) / d * d);
    }
    RP_NEED(net->dims == 3 || patch[0] == 1, RP_EUSE,
            "patch of %" PRId64 " slices for a 2D network; take 1", patch[0]);
    int64_t most;
    RP_TRY(rp_product(3, patch, &most));
    for (int v = 0; v < net->values; v++)
        for (int a = 0; a < 3; a++) size[v][a] = patch[a] / net->value[v].scale[a];
    for (int i = 0; i < net->layers; i++) {
        const int64_t *s = size[net->layer[i].out];
        RP_NEED(net->layer[i].kind != RP_LAYER_NORM_ACT || s[0] * s[1] * s[2] > 1, RP_EUSE,
                "patch %" PRId64 " x %" PRId64 " x %" PRId64
                " leaves the deepest norm a single voxel, "
                "whose variance is 0; take a larger patch or fewer stages",
                patch[0], patch[1], patch[2]);
    }
    return RP_OK;
}

static double layer_flops(const rp_network *net, const rp_layer *l, int64_t (*size)[3])
{
    if (l->kind != RP_LAYER_CONV && l->kind != RP_LAYER_UP) return 0;
    /* a transposed convolution works once an input voxel, a convolution once an output voxel */
    const int64_t *s = size[l->kind == RP_LAYER_CONV ? l->out : l->in[0]];
    return 2.0 * (double)(s[0] * s[1] * s[2]) * (double)net->param[l->weight].count;
}

rp_status rp_network_flops(const rp_network *net, const int64_t patch[3], double *forward,
                           double *train)
{
    RP_AUTOFREE int64_t(*size)[3] = NULL;
    RP_TRY(rp_alloc(net->values, sizeof *size, &size));
    RP_TRY(rp_network_sizes(net, patch, size));
    double f = 0, t = 0;
    for (int i = 0; i < net->layers; i++) {
        const double one = layer_flops(net, &net->layer[i], size);
        f += one;
        t += one * (net->layer[i].in[0] == 0 ? 2 : 3);
    }
    *forward = f;
    *train = t;
    return RP_OK;
}
